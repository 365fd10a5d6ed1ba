// The demo product: a connect button, what was connected, and a call of the service's API through Latchkey.

const { baseUrl, project } = document.body.dataset;
const storageKey = "acme.connections";
const firstPaths = { github: "/user", oidc: "/userinfo", stripe: "/v1/balance", openai: "/v1/models", slack: "/auth.test", gmail: "/gmail/v1/users/me/profile" };

const byId = (id) => document.getElementById(id);
const connectButton = byId("connect");
const problem = byId("problem");
const path = byId("path");
const callButton = byId("call");
let connections = load();
let chosen = connections.at(-1)?.key ?? null;

const { open, resume } = globalThis.Latchkey;

function follow(modal) {
  modal
    ?.on("success", (connection) => {
      problem.hidden = true;
      connections = connections.filter(({ key }) => key !== connection.key).concat({ key: connection.key, platform: connection.platform });
      choose(connection.key);
      save();
    })
    .on("error", ({ message }) => {
      problem.textContent = message;
      problem.hidden = false;
    });
}

restoreChoice("window");
restoreChoice("theme");
draw();
follow(resume());

connectButton.addEventListener("click", () => {
  problem.hidden = true;
  follow(
    open({
      project,
      baseUrl,
      token: async () => (await post("/demo/token", {})).answer,
      mode: byId("window").value,
      theme: byId("theme").value || undefined,
    }),
  );
});

for (const id of ["window", "theme"]) {
  byId(id).addEventListener("change", (event) => {
    sessionStorage.setItem(`acme.${id}`, event.target.value);
    document.documentElement.dataset.theme = byId("theme").value;
  });
}

byId("call-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  callButton.disabled = true;
  const since = performance.now();
  try {
    const { status, answer } = await post("/demo/call", { connection_key: chosen, path: path.value });
    show(status, answer, performance.now() - since);
  } catch (error) {
    show(0, String(error), performance.now() - since);
  } finally {
    callButton.disabled = false;
  }
});

function show(status, answer, took) {
  // The demo's backend may wrap the service's own status.
  const wrapped = Number.isInteger(answer?.status) && "body" in answer;
  const shown = wrapped ? answer.status : status;
  byId("status").textContent = shown === 0 ? "No answer" : String(shown);
  byId("status").className = `status ${shown >= 200 && shown < 300 ? "status-good" : "status-bad"}`;
  byId("took").textContent = `${Math.round(took)} ms`;
  const body = wrapped ? answer.body : answer;
  byId("body").textContent = typeof body === "string" ? body : JSON.stringify(body, null, 2);
  byId("answer").hidden = false;
}

function choose(key) {
  chosen = key;
  const platform = connections.find((connection) => connection.key === key)?.platform;
  path.value = firstPaths[platform] ?? "/me";
  byId("answer").hidden = true;
  draw();
}

function draw() {
  byId("none").hidden = connections.length > 0;
  byId("call-box").hidden = chosen === null;
  byId("key-in-code").textContent = chosen === null ? "test::sandbox::default::…" : chosen;
  byId("connections").replaceChildren(
    ...connections.map(({ key, platform }) => {
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "connection", checked: key === chosen });
      input.addEventListener("change", () => choose(key));
      const label = document.createElement("label");
      const name = Object.assign(document.createElement("span"), { className: "platform", textContent: platform });
      const code = Object.assign(document.createElement("code"), { textContent: key, title: key });
      label.append(input, name, code);
      const item = document.createElement("li");
      item.append(label);
      return item;
    }),
  );
  connectButton.textContent = connections.length > 0 ? "Connect another" : "Connect";
}

async function post(address, body) {
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const text = await response.text();
  let answer = text;
  try {
    answer = JSON.parse(text);
  } catch {
    // Shown as it is.
  }
  return { status: response.status, answer };
}

function load() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function save() {
  sessionStorage.setItem(storageKey, JSON.stringify(connections));
}

function restoreChoice(id) {
  const kept = sessionStorage.getItem(`acme.${id}`);
  if (kept !== null) byId(id).value = kept;
  if (id === "theme" && kept) document.documentElement.dataset.theme = kept;
}
