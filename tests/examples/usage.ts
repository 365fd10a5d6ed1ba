// Read by TypeScript alone (types.test.mjs): what is right compiles, and each mistake is one.

import { type Connection, LatchkeyError, open, resume } from "@latchkey/embed";
import { useLatchkey } from "@latchkey/embed/react";

export async function right(): Promise<string> {
  const connection: Connection | null = await open({ tokenUrl: "/token", integration: "gmail", theme: "dark", locale: "de", mode: "redirect" });
  open({ token: "abc" });
  open({ token: async () => ({ requestId: "abc", rows: [] }) })
    .on("success", ({ key, platform }) => console.log(key.length, platform.length))
    .on("error", (error) => console.log(error.code, error.message, error instanceof LatchkeyError))
    .on("ready", () => {})
    .on("close", () => {})
    .close();
  resume()?.on("success", () => {});
  const { open: show, error } = useLatchkey({ tokenUrl: "/token", onSuccess: ({ key }) => console.log(key) });
  await show("gmail");
  return connection?.key ?? error?.code ?? "";
}

export function wrong(): void {
  // @ts-expect-error neither a token nor an address
  open({ integration: "gmail" });
  // @ts-expect-error both
  open({ token: "abc", tokenUrl: "/token" });
  // @ts-expect-error no such mode
  open({ tokenUrl: "/token", mode: "window" });
  // @ts-expect-error no such event
  open({ tokenUrl: "/token" }).on("done", () => {});
  // @ts-expect-error the connection may be null
  void open({ tokenUrl: "/token" }).then((connection) => connection.key);
}
