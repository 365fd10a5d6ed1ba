// Latchkey's embed script: opens the modal in a frame and hands it a token by message, so that nothing secret is ever
// part of an address. An ES module without dependencies; it also sets the global `Latchkey`.

/** A frame of ours answers the greeting within this time, in milliseconds. */
const silenceTime = 10000;
const frameId = "latchkey-connect";
const pendingKey = "latchkey.pending";
// As long as a sign-in may take.
const pendingTime = 10 * 60 * 1000;
const ownOrigin = new URL(import.meta.url).origin;

/**
 * Prepares the modal. Gives `{ open, close }`.
 *
 * @param {object} options
 * @param {string} [options.project] Publishable id of the project (`pub_…`). Recommended; without it the server's default project answers.
 * @param {() => Promise<object>} [options.getToken] Asks your backend for a session and gives its answer (`{ requestId, rows }`).
 * @param {{ url: string, headers?: object }} [options.token] Instead of `getToken`: the address of your token endpoint.
 * @param {string} [options.baseUrl] Address of Latchkey. Default: where this script came from.
 * @param {string} [options.selectedConnection] Opens this service at once, by title or id.
 * @param {boolean} [options.showNameInput] Lets people name the connection.
 * @param {"light"|"dark"} [options.appTheme] Default: what the browser prefers.
 * @param {string} [options.locale] Language of the texts, as `de` or `pt-BR`. Default: what the browser prefers.
 * @param {string} [options.title] Heading of the list.
 * @param {string} [options.imageUrl] Your logo.
 * @param {string} [options.companyName] Your name in the texts.
 * @param {"popup"|"redirect"} [options.authWindow] Where services open: a window of their own (default), or this tab.
 * @param {(connection: object) => void} [options.onSuccess]
 * @param {(message: string) => void} [options.onError]
 * @param {() => void} [options.onClose]
 */
export function create(options = {}) {
  const modal = new Modal(options);
  modal.resume();
  return { open: () => modal.open(), close: () => modal.close() };
}

class Modal {
  #options;
  #base;
  #frame = null;
  #port = null;
  #checkState = null;
  #focusBefore = null;
  #overflowBefore = "";
  #silence = 0;

  constructor(options) {
    this.#options = options;
    this.#base = new URL(options.baseUrl ?? ownOrigin);
  }

  open() {
    this.#remove();
    const frame = document.createElement("iframe");
    frame.id = frameId;
    frame.title = "Connect";
    frame.allow = "clipboard-write";
    Object.assign(frame.style, {
      position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", zIndex: "2147483000", background: "transparent",
      // A frame with another colour scheme than its page is painted opaque by browsers.
      colorScheme: "light",
    });
    frame.addEventListener("load", () => this.#greet());
    frame.src = this.#address();
    this.#frame = frame;
    this.#focusBefore = document.activeElement;
    this.#overflowBefore = document.documentElement.style.overflow;
    document.documentElement.style.overflow = "hidden";
    document.body.append(frame);
    frame.focus();
  }

  close() {
    if (this.#frame === null) return;
    this.#remove();
    this.#options.onClose?.();
  }

  /** After a sign-in in this tab: the frame opens again and tells what became of it. */
  resume() {
    const state = takePending(this.#options.project);
    if (state === null) return;
    this.#checkState = state;
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.open(), { once: true });
    else this.open();
  }

  #address() {
    const path = this.#base.pathname.replace(/\/$/, "");
    const { project, locale } = this.#options;
    const query = locale ? `?locale=${encodeURIComponent(locale)}` : "";
    return `${this.#base.origin}${path}${project ? `/embed/${encodeURIComponent(project)}` : "/"}${query}`;
  }

  // On every load, as a navigation inside the frame makes a new document. The message holds no secret.
  #greet() {
    this.#port?.close();
    const channel = new MessageChannel();
    this.#port = channel.port1;
    this.#port.onmessage = (event) => this.#receive(event.data);
    const greeting = { lk: 1, type: "hello", appTheme: this.#options.appTheme };
    this.#frame.contentWindow.postMessage(greeting, this.#base.origin, [channel.port2]);
    // A frame that the browser refused to show says nothing and covers the page: it is taken away with the reason.
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#giveUp(), silenceTime);
  }

  #giveUp() {
    this.#remove();
    this.#options.onError?.(
      `The window of ${this.#base.host} did not open here. Whoever runs it allows this page with: latchkey projects origins add ${location.origin}`,
    );
    this.#options.onClose?.();
  }

  #receive(message) {
    switch (message?.type) {
      case "ready":
      case "need_token":
        clearTimeout(this.#silence);
        return this.#sendToken();
      case "success":
        return this.#options.onSuccess?.(message.connection);
      case "error":
        return this.#options.onError?.(String(message.message));
      case "exit":
        return this.close();
      case "redirect":
        return this.#leave(message);
      default:
        return undefined;
    }
  }

  async #sendToken() {
    const port = this.#port;
    if (this.#checkState !== null) {
      port.postMessage({ type: "token", requestId: null, rows: null, options: this.#settings() });
      this.#checkState = null;
      return;
    }
    try {
      const answer = await this.#askBackend();
      const requestId = answer?.requestId ?? answer?.request_id;
      if (requestId === undefined || requestId === null) throw new Error(errorText(answer) ?? "The token endpoint gave no session.");
      // One page of several would hide services: then the session alone says which there are.
      const rows = Array.isArray(answer.rows) && !(answer.pages > 1) ? answer.rows : null;
      port.postMessage({ type: "token", requestId: String(requestId), rows, options: this.#settings() });
    } catch (error) {
      port.postMessage({ type: "token_error", message: error instanceof Error ? error.message : String(error), options: this.#settings() });
    }
  }

  #askBackend() {
    const { getToken, token } = this.#options;
    if (getToken) return getToken();
    if (!token?.url) throw new Error("Neither `getToken` nor `token.url` is set.");
    return fetchToken(token);
  }

  /** What the modal may know of the options: plain values only. */
  #settings() {
    const { title, selectedConnection, showNameInput, appTheme, imageUrl, companyName, authWindow } = this.#options;
    const settings = { title, selectedConnection, showNameInput, appTheme, imageUrl, companyName };
    settings.capabilities = { oauthRedirect: authWindow === "redirect" };
    if (this.#checkState !== null) settings.checkState = this.#checkState;
    return settings;
  }

  /** Goes to the service in this tab. The return address travels in the state; the outcome is read after the return. */
  #leave({ url, state }) {
    if (typeof url !== "string" || typeof state !== "string") return;
    const address = new URL(url);
    if (address.origin !== this.#base.origin) return;
    address.searchParams.set("state", `${state}~${base64url(location.href)}~v3`);
    keepPending(this.#options.project, state);
    // Back from the browser's page cache this frame is out of its time: take it away.
    addEventListener("pageshow", (event) => event.persisted && this.close(), { once: true });
    location.assign(address);
  }

  #remove() {
    clearTimeout(this.#silence);
    this.#port?.close();
    this.#port = null;
    if (this.#frame === null) return;
    this.#frame.remove();
    this.#frame = null;
    document.documentElement.style.overflow = this.#overflowBefore;
    this.#focusBefore?.focus?.({ preventScroll: true });
  }
}

async function fetchToken({ url, headers = {} }) {
  const address = new URL(url, document.baseURI);
  if (!address.searchParams.has("limit")) address.searchParams.set("limit", "100");
  const response = await fetch(address, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: "{}" });
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    throw new Error(`The token endpoint answered ${response.status} with something that is not JSON.`);
  }
  if (!response.ok) throw new Error(errorText(answer) ?? `The token endpoint answered ${response.status}.`);
  return answer;
}

function errorText(answer) {
  const text = answer?.message?.message ?? answer?.message ?? answer?.error;
  return typeof text === "string" && text !== "" ? text : null;
}

function base64url(text) {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function keepPending(project, state) {
  try {
    sessionStorage.setItem(pendingKey, JSON.stringify({ project: project ?? null, state, at: Date.now() }));
  } catch {
    // Without storage the connection is made all the same; only the callback after the return is missing.
  }
}

function takePending(project) {
  try {
    const pending = JSON.parse(sessionStorage.getItem(pendingKey) ?? "null");
    if (pending === null || pending.project !== (project ?? null)) return null;
    sessionStorage.removeItem(pendingKey);
    return Date.now() - pending.at < pendingTime && typeof pending.state === "string" ? pending.state : null;
  } catch {
    return null;
  }
}

globalThis.Latchkey = { create };
