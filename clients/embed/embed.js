// Latchkey in your page: opens the modal in a frame and hands it a session by message, so that nothing secret is ever
// part of an address. No dependencies, and nothing happens on import. Served by Latchkey as /embed/v1.mjs and /embed/v1.js,
// where `home` is filled in (crates/server/src/assets.rs); the options are described in embed.d.ts.

const frameId = "latchkey-connect";
const pendingKey = "latchkey.pending";
// Milliseconds: until the frame has loaded, until it speaks after that, as long as a sign-in may take, and what a frame
// that was told to close needs to end what it had under way.
const loadTime = 30_000;
const silenceTime = 10_000;
const pendingTime = 600_000;
const partingTime = 1_000;

/** Address of the script, when Latchkey served it. */
let home = null;
/** The modal that is open: there is one at a time. */
let current = null;

/** `code` is for programs, `message` a sentence for people. */
class LatchkeyError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "LatchkeyError";
    this.code = code;
  }
}

/** Opens the modal, or comes back to the one that is open. */
function open(options) {
  if (current) current.focus();
  return (current ?? new Modal(options ?? {})).handle;
}

/** After a sign-in in this tab: opens the modal again, which tells what became of it. Null when there was none. */
function resume(options) {
  const pending = takePending();
  if (pending === null) return null;
  return new Modal({ ...pending.options, ...options }, pending.state).handle;
}

class Modal {
  #options;
  #address;
  #dialog = null;
  #frame;
  #port = null;
  #silence;
  #overflow;
  #spent = false;
  #failure = null;
  #settle;
  #listeners = { ready: [], success: [], error: [], close: [] };

  constructor(options, state = null) {
    this.state = state;
    this.#options = options;
    this.#address = addressOf(options);
    const { token, tokenUrl, mode = "popup" } = options;
    if (state === null && !token === !tokenUrl) throw new LatchkeyError("invalid_options", "Pass either `token` or `tokenUrl` to Latchkey's `open`.");
    if (mode !== "popup" && mode !== "redirect") throw new LatchkeyError("invalid_options", "Latchkey's `mode` is \"popup\" or \"redirect\".");
    const result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever listens to events alone has nothing to catch.
    result.catch(() => {});
    this.handle = Object.assign(result, {
      on: (type, listener) => {
        if (!this.#listeners[type]) throw new LatchkeyError("invalid_options", `Latchkey has no event \`${type}\`: ready, success, error, close.`);
        this.#listeners[type].push(listener);
        return this.handle;
      },
      close: () => this.#close(),
    });
    current = this;
    if (document.body) this.#show();
    else document.addEventListener("DOMContentLoaded", () => current === this && this.#show(), { once: true });
  }

  focus() {
    this.#frame?.focus();
  }

  // A modal dialog: above everything, the page behind it inert, and the focus goes back where it was at the end.
  #show() {
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    const plain = { position: "fixed", inset: 0, width: "100%", height: "100%", border: 0, background: "transparent" };
    Object.assign(dialog.style, plain, { maxWidth: "none", maxHeight: "none", margin: 0, padding: 0, overflow: "hidden" });
    // A frame with another colour scheme than its page is painted opaque by browsers.
    Object.assign(frame.style, plain, { colorScheme: "light" });
    frame.id = frameId;
    frame.title = "Connect";
    frame.allow = "clipboard-write";
    frame.addEventListener("load", () => this.#greet());
    frame.src = this.#address.href;
    dialog.addEventListener("close", () => this.#close());
    dialog.append(frame);
    document.body.append(dialog);
    const { style } = document.documentElement;
    this.#overflow = style.overflow;
    style.overflow = "hidden";
    this.#dialog = dialog;
    this.#frame = frame;
    dialog.showModal();
    frame.focus();
    this.#expect(loadTime);
  }

  /** A frame that the browser refused to show says nothing and covers the page: it is taken away with the reason. */
  #expect(time) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const { host } = this.#address;
      this.#fail(
        "frame_blocked",
        `The window of ${host} did not open here. Either it cannot be reached, or whoever runs it has to allow this page: latchkey projects origins add ${location.origin}`,
      );
      this.#close();
    }, time);
  }

  // On every load, as a navigation inside the frame makes a new document. The message holds no secret, and only
  // Latchkey's own origin gets the port.
  #greet() {
    if (current !== this) return;
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#receive(port1, data);
    const greeting = { lk: 1, type: "hello", appTheme: this.#options.theme };
    this.#frame.contentWindow?.postMessage(greeting, this.#address.origin, [port2]);
    this.#expect(silenceTime);
  }

  #receive(port, message) {
    switch (message?.type) {
      case "ready":
        clearTimeout(this.#silence);
        this.#emit("ready");
        return this.#sendToken(port);
      case "need_token":
        return this.#sendToken(port);
      case "success":
        this.#settle.resolve(message.connection);
        return this.#emit("success", message.connection);
      case "error":
        return this.#fail(message.code ?? "failed", String(message.message));
      case "exit":
        return this.#close();
      case "redirect":
        return this.#leave(message);
      default:
        return undefined;
    }
  }

  async #sendToken(port) {
    const { state } = this;
    let answer;
    if (state === null) {
      try {
        answer = { type: "token", ...(await this.#session()) };
      } catch (error) {
        answer = { type: "token_error", message: error?.message ?? String(error), code: error?.code };
      }
    } else {
      // The outcome is read with the state; there is no session any more.
      answer = { type: "token", requestId: null, rows: null };
    }
    port.postMessage({ ...answer, options: this.#settings() });
  }

  async #session() {
    const { token, tokenUrl } = this.#options;
    let answer = token;
    if (tokenUrl) answer = await fetchToken(tokenUrl);
    else if (typeof token === "function") answer = await token();
    else if (this.#spent) throw new LatchkeyError("token_spent", "This token is used up. For more than one connection, pass `tokenUrl`, or `token` as a function.");
    this.#spent = true;
    const requestId = typeof answer === "string" ? answer : (answer?.requestId ?? answer?.request_id);
    if (!requestId) throw new LatchkeyError("token_failed", errorText(answer) ?? "The token endpoint gave no session.");
    // One page of several would hide services: then the session alone says which there are.
    const rows = Array.isArray(answer.rows) && !(answer.pages > 1) ? answer.rows : null;
    return { requestId: String(requestId), rows };
  }

  /** What the modal may know of the options: plain values only. */
  #settings() {
    const { integration, theme, mode, title, companyName, imageUrl, showNameInput } = this.#options;
    const settings = { selectedConnection: integration, appTheme: theme, title, companyName, imageUrl, showNameInput };
    settings.capabilities = { oauthRedirect: mode === "redirect" };
    if (this.state !== null) settings.checkState = this.state;
    return settings;
  }

  /** Goes to the service in this tab. The return address travels in the state; the outcome is read after the return. */
  #leave({ url, state }) {
    const address = new URL(url);
    if (address.origin !== this.#address.origin || typeof state !== "string") return;
    address.searchParams.set("state", `${state}~${base64url(location.href)}~v3`);
    keepPending(state, this.#options);
    // Back from the browser's page cache this frame is out of its time: take it away.
    addEventListener("pageshow", (event) => event.persisted && takePending() && this.#close(), { once: true });
    location.assign(address);
  }

  #fail(code, message) {
    this.#failure = new LatchkeyError(code, message);
    this.#emit("error", this.#failure);
  }

  #close() {
    if (current !== this) return;
    current = null;
    clearTimeout(this.#silence);
    const dialog = this.#dialog;
    if (dialog) {
      document.documentElement.style.overflow = this.#overflow;
      // What is under way ends in the frame: a closed modal connects nothing.
      if (this.#port) {
        this.#port.onmessage = null;
        this.#port.postMessage({ type: "close" });
      }
      this.#frame.id = "";
      dialog.close();
      setTimeout(() => dialog.remove(), partingTime);
    }
    if (this.#failure) this.#settle.reject(this.#failure);
    else this.#settle.resolve(null);
    this.#emit("close");
  }

  #emit(type, value) {
    for (const listener of this.#listeners[type]) {
      try {
        listener(value);
      } catch (error) {
        // A fault in the page's own code is reported as such, and stops nothing here.
        reportError(error);
      }
    }
  }
}

/** The modal's page. `baseUrl` may be what published SDKs are given: with `/embed/pub_…` and then without `project`. */
function addressOf({ baseUrl, project, locale }) {
  let address = null;
  try {
    address = new URL(baseUrl ?? new URL("../", home));
  } catch {
    // Said below.
  }
  if (!/^https?:$/.test(address?.protocol)) throw new LatchkeyError("invalid_options", "Latchkey needs `baseUrl`: its address, beginning with https://.");
  address.hash = "";
  // The one thing in the address: the server writes the page in this language.
  address.search = locale ? `locale=${encodeURIComponent(locale)}` : "";
  if (project) address.pathname = `${address.pathname.replace(/\/$/, "")}/embed/${encodeURIComponent(project)}`;
  return address;
}

async function fetchToken(tokenUrl) {
  const address = new URL(tokenUrl, document.baseURI);
  if (!address.searchParams.has("limit")) address.searchParams.set("limit", "100");
  const fault = (text) => new LatchkeyError("token_failed", text);
  let response;
  try {
    response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  } catch {
    throw fault(`The token endpoint at ${address.host} cannot be reached, or does not allow this page (CORS).`);
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer;
  throw fault(errorText(answer) ?? `The token endpoint at ${address.host} answered ${response.status}${answer === undefined ? " with something that is not JSON" : ""}.`);
}

function errorText(answer) {
  const text = answer?.message?.message ?? answer?.message ?? answer?.error;
  return typeof text === "string" && text !== "" ? text : null;
}

function base64url(text) {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Without storage the connection is made all the same; only what `resume` would tell is missing. */
function keepPending(state, { token, tokenUrl, ...options }) {
  try {
    options.baseUrl ??= new URL("../", home).href;
    sessionStorage.setItem(pendingKey, JSON.stringify({ state, options, at: Date.now() }));
  } catch {
    // Said above.
  }
}

function takePending() {
  try {
    const pending = JSON.parse(sessionStorage.getItem(pendingKey));
    sessionStorage.removeItem(pendingKey);
    return typeof pending?.state === "string" && Date.now() - pending.at < pendingTime ? pending : null;
  } catch {
    return null;
  }
}

export { LatchkeyError, open, resume };
