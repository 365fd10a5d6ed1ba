// The backend: pages, sessions for the modal, and a call of the service. Only this file knows the secret key.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const { CONNECT_URL: latchkey = "http://localhost:8080", CONNECT_KEY: key, CONNECT_PROJECT: project, PORT = "3000" } = process.env;
if (!key || !project) {
  console.error("Set CONNECT_KEY and CONNECT_PROJECT: examples/README.md says how.");
  process.exit(1);
}

// Who is signed in comes from your own session cookie, never from the request's body.
const identityOf = (request) => "u-42";

const file = (name) => readFile(new URL(name, import.meta.url), "utf8");
const page = (await file("index.html")).replaceAll("%LATCHKEY%", latchkey).replaceAll("%PROJECT%", project);
const script = await file("page.js");
const policy = `default-src 'none'; script-src 'self' ${latchkey}; frame-src ${latchkey}; connect-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'`;

async function ask(path, options = {}) {
  const response = await fetch(latchkey + path, { ...options, headers: { "X-One-Secret": key, ...options.headers } });
  return { status: response.status, body: await response.json() };
}

/** A session for the modal: Latchkey's answer is passed on as it is, a refusal too. */
function token(identity) {
  return ask("/v1/authkit/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ identity, identityType: "user" }),
  });
}

/** The person's newest connection at the sandbox is looked up here: the page does not choose whose account is called. */
async function whoAmI(identity) {
  const query = new URLSearchParams({ identity, identityType: "user", platform: "sandbox" });
  const { status, body } = await ask(`/v1/vault/connections?${query}`);
  if (status !== 200) return { status, body };
  const [connection] = body.rows;
  if (!connection) return { status: 404, body: { message: "Nothing is connected yet." } };
  return ask("/v1/passthrough/me", { headers: { "X-One-Connection-Key": connection.key } });
}

const answers = { "/latchkey-token": token, "/who-am-i": whoAmI };

createServer(async (request, response) => {
  const send = (status, type, text) => response.writeHead(status, { "Content-Type": type, "Content-Security-Policy": policy }).end(text);
  const { pathname } = new URL(request.url, "http://localhost");
  try {
    const answer = request.method === "POST" && answers[pathname];
    if (answer) {
      const { status, body } = await answer(identityOf(request));
      return send(status, "application/json", JSON.stringify(body));
    }
    if (pathname === "/") return send(200, "text/html; charset=utf-8", page);
    if (pathname === "/page.js") return send(200, "text/javascript; charset=utf-8", script);
    return send(404, "text/plain", "Not found");
  } catch (error) {
    console.error(error);
    return send(502, "application/json", JSON.stringify({ message: "Latchkey cannot be reached. Try again in a minute." }));
  }
}).listen(Number(PORT), () => console.log(`http://localhost:${PORT}`));
