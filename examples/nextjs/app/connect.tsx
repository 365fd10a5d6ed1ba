"use client";

import { useLatchkey } from "@latchkey/embed/react";
import { useState } from "react";

export function Connect({ baseUrl, project }: { baseUrl: string; project?: string }) {
  const [mode, setMode] = useState<"popup" | "redirect">("popup");
  const [answer, setAnswer] = useState("");
  const [wasOpen, setWasOpen] = useState(false);
  const { open, connection, error } = useLatchkey({
    baseUrl,
    project,
    tokenUrl: "/api/latchkey-token",
    mode,
    onClose: () => setWasOpen(true),
  });

  async function call() {
    const response = await fetch("/api/who-am-i", { method: "POST" });
    setAnswer(JSON.stringify(await response.json(), null, 2));
  }

  let state = wasOpen ? "Closed without connecting." : "Nothing is connected yet.";
  if (error) state = `${error.code}: ${error.message}`;
  else if (connection) state = `Connected: ${connection.key}`;

  return (
    <>
      <p>
        <button onClick={open}>Connect</button>{" "}
        <label>
          Sign in{" "}
          <select value={mode} onChange={(event) => setMode(event.target.value as typeof mode)}>
            <option value="popup">in a window</option>
            <option value="redirect">in this tab</option>
          </select>
        </label>
      </p>
      <p role="status" id="state">
        {state}
      </p>
      <p>
        <button onClick={call}>Who am I</button>
      </p>
      <pre id="answer">{answer}</pre>
    </>
  );
}
