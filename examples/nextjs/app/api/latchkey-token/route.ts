import { ask, passOn, signedIn } from "../../../lib/latchkey";

/** A session for the modal. */
export async function POST(): Promise<Response> {
  const identity = await signedIn();
  const answer = await ask("/v1/authkit/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ identity, identityType: "user" }),
  });
  return passOn(answer);
}
