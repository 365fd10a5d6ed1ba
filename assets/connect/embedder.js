// The page around us: who it is, and what it is told. Nothing is ever posted to an origin that was not learnt from the
// parent's own message, and each result is posted once.

import { looksLikePayload, readOptions, readPayload, isObject } from "./payload.js";

const meetingTime = 3000;
// The published SDKs show the frame, and listen, 100 ms after its load.
const quietTime = 250;
const tokenTime = 20_000;

/** Why the embedder is not known. `reason`: `silent`, `refused`. */
export class EmbedderError extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class Embedder {
  #inbox;
  #origins;
  #origin = null;
  #port = null;
  #posted = new Set();
  #ready;
  #meet;
  #refuse;
  #tokenWaiters = [];
  /** The page around us closes. */
  onClose = () => {};

  /** `inbox` is what `early.js` collects. `origins`: the project's list when the page carries one, else empty. */
  constructor(inbox, origins) {
    this.#inbox = inbox;
    this.#origins = origins;
    this.#ready = afterLoad(quietTime);
    /** Resolves to the payload (an SDK), or to null with a port (our own script, which sends a token). */
    this.met = new Promise((resolve, reject) => {
      this.#meet = resolve;
      this.#refuse = reject;
    });
    this.met.catch(() => {});
    inbox.deliver = (message) => this.#receive(message);
    for (const message of inbox.messages.splice(0)) this.#receive(message);
    setTimeout(() => this.#refuse(new EmbedderError("silent")), meetingTime);
  }

  get origin() {
    return this.#origin;
  }

  /** Does our own embed script speak, so that tokens come by message? */
  get hasPort() {
    return this.#port !== null;
  }

  #receive({ origin, data, ports }) {
    const hello = isObject(data) && data.lk === 1 && data.type === "hello" && ports.length === 1;
    if (!hello && !looksLikePayload(data)) return;
    // Fixed by the first message. A repeated payload says nothing new, another origin has no say.
    if (this.#origin !== null) return;
    if (origin === "null" || !agreesWithAncestors(origin) || (hello && !this.#listed(origin))) {
      this.#refuse(new EmbedderError("refused"));
      return;
    }
    this.#origin = origin;
    if (!hello) {
      this.#meet(readPayload(data));
      return;
    }
    this.#port = ports[0];
    this.#port.onmessage = (event) => this.#receiveToken(event.data);
    this.#meet({ linkTokenEndpoint: null, linkHeaders: {}, ...readOptions({ appTheme: data.appTheme }) });
    this.#port.postMessage({ type: "ready" });
  }

  #listed(origin) {
    return this.#origins.length === 0 || this.#origins.some((entry) => matchesOrigin(entry, origin));
  }

  #receiveToken(message) {
    if (!isObject(message)) return;
    if (message.type === "close") this.onClose();
    if (message.type !== "token" && message.type !== "token_error") return;
    for (const resolve of this.#tokenWaiters.splice(0)) resolve(message);
  }

  /** The next `token` or `token_error` of our own script. The first one comes by itself after `ready`; later ones are asked for. */
  nextToken(ask) {
    return new Promise((resolve, reject) => {
      this.#tokenWaiters.push(resolve);
      setTimeout(() => reject(new EmbedderError("silent")), tokenTime);
      if (ask) this.#port.postMessage({ type: "need_token" });
    });
  }

  success(outcome, connection) {
    this.#once(outcome, { messageType: "LINK_SUCCESS", message: connection }, { type: "success", connection });
  }

  /** `text` is for the customer's `onError`, always a string; `code` goes to our own script alone. */
  failure(outcome, text, code = "failed") {
    this.#once(outcome, { messageType: "LINK_ERROR", message: text }, { type: "error", message: text, code });
  }

  /** Only after a click of the person: the page around us takes the frame away. */
  exit() {
    this.#post({ messageType: "EXIT_EVENT_LINK" }, { type: "exit" });
  }

  redirect(url, state) {
    this.#post({ messageType: "OAUTH_REDIRECT", url, state }, { type: "redirect", url, state });
  }

  #once(outcome, message, portMessage) {
    if (this.#posted.has(outcome)) return;
    this.#posted.add(outcome);
    this.#post(message, portMessage);
  }

  async #post(message, portMessage) {
    await this.#ready;
    if (this.#port) this.#port.postMessage(portMessage);
    else if (this.#origin !== null) window.parent.postMessage(message, this.#origin);
  }
}

/** Chromium and Safari tell who frames us; Firefox does not, and there the message alone counts. */
function agreesWithAncestors(origin) {
  const ancestors = location.ancestorOrigins;
  return !ancestors || ancestors.length === 0 || ancestors[0] === origin;
}

/** A listed origin, or one of the development entries that end in `:*` (any port). */
function matchesOrigin(entry, origin) {
  if (!entry.endsWith(":*")) return entry === origin;
  const host = entry.slice(0, -2);
  return origin === host || (origin.startsWith(`${host}:`) && /^\d+$/.test(origin.slice(host.length + 1)));
}

function afterLoad(delay) {
  return new Promise((resolve) => {
    const wait = () => setTimeout(resolve, delay);
    if (document.readyState === "complete") wait();
    else addEventListener("load", wait, { once: true });
  });
}
