import { ask, passOn, signedIn } from "../../../lib/latchkey";

/** Calls the sandbox. The connection is looked up here: the page does not choose whose account is called. */
export async function POST(): Promise<Response> {
  const identity = await signedIn();
  const query = new URLSearchParams({ identity, identityType: "user", platform: "sandbox" });
  const found = await ask(`/v1/vault/connections?${query}`);
  if (!found.ok) return passOn(found);
  const [connection] = (await found.json()).rows;
  if (!connection) return Response.json({ message: "Nothing is connected yet." }, { status: 404 });
  return passOn(await ask("/v1/passthrough/me", { headers: { "X-One-Connection-Key": connection.key } }));
}
