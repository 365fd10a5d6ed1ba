// One sign-in at a service: the window is opened inside the click, the flow made after it, the outcome watched.

import { ApiError, cancelFlow, checkResult, chooseOne, createCode, createFlow, readChoices, replaceTicket } from "./api.js";
import { randomSecret, randomWindowName } from "./secrets.js";
import { showBlocked, showRedirecting, showStuck, showVerifying, showWaiting } from "./screens/progress.js";
import { watchResult } from "./watch.js";

const windowFeatures = "popup,width=500,height=800";
const blockedAfter = 4000;
const closedAfter = 2000;
const ticketAge = 90_000;
const pressedAge = 10_000;
const stuckAfter = 3000;
const askAgainAfter = 1000;

/**
 * A sign-in in a window of its own, or in this tab when the page around us can move itself (`sameTab`).
 * `ask` is `{ integration, auth, values, name }`. `onEnd` gets `{ flow, session, status }` or `{ error }` once per attempt;
 * `onCancelled` follows the person's own cancelling.
 */
export class SignIn {
  #modal;
  #embedder;
  #who;
  #ask;
  #withSession;
  #later;
  #canMoveTop;
  #onEnd;
  #onCancelled;
  #onClose;
  #windowName = randomWindowName();
  #attempt = null;
  #view = null;
  #screen = null;
  #left = false;

  constructor({ modal, embedder, who, ask, withSession, later, canMoveTop, onEnd, onCancelled, onClose }) {
    this.#modal = modal;
    this.#embedder = embedder;
    this.#who = who;
    this.#ask = ask;
    this.#withSession = withSession;
    this.#later = later;
    this.#canMoveTop = canMoveTop;
    this.#onEnd = onEnd;
    this.#onCancelled = onCancelled;
    this.#onClose = onClose;
  }

  /** Has the page been told to leave for the service? Then our messages reach nobody after a return. */
  get hasLeft() {
    return this.#left;
  }

  /** Opens the window. Must run inside the click: nothing may be awaited before `window.open`. */
  openWindow() {
    this.#stop();
    const attempt = this.#newAttempt();
    attempt.window = window.open(startAddress(attempt.ticket), this.#windowName, windowFeatures);
    this.#runWindow(attempt);
  }

  async #runWindow(attempt) {
    addEventListener("message", (event) => this.#prove(event, attempt), { signal: attempt.abort.signal });
    const created = await this.#create(attempt, "popup");
    if (!created) {
      attempt.window?.close();
      return;
    }
    this.#show(attempt);
    this.#watch(attempt);
    this.#expectWindow(attempt);
    this.#noticeClosing(attempt);
  }

  /** A flow that is there already and waits for a choice: of values that were typed in. */
  adopt({ session, flow, result }) {
    this.#stop();
    const attempt = Object.assign(this.#newAttempt(), { session, flow, result, stage: "choosing" });
    this.#show(attempt);
    this.#watch(attempt);
  }

  /** With a code that the person enters at the service, in any window. */
  async enterCode() {
    this.#stop();
    const attempt = this.#newAttempt();
    const given = await this.#create(attempt, null);
    if (!given) return;
    attempt.showCode = () => attempt.later.showCode(this.#modal, { who: this.#who, code: given, onOver: () => attempt.nudge.dispatchEvent(new Event("look")), onCancel: () => this.#cancelByPerson() });
    this.#show(attempt);
    this.#watch(attempt);
  }

  /** Leaves in this tab: the page around us navigates, which takes as long as the network does. */
  async leave() {
    this.cancel();
    const attempt = this.#newAttempt();
    const created = await this.#create(attempt, "redirect");
    if (!created) return;
    this.#left = true;
    showRedirecting(this.#modal, { who: this.#who });
    this.#embedder.redirect(withTicket(created.url, attempt.ticket), created.result);
    await pause(stuckAfter, attempt.abort.signal);
    if (await this.#isUntaken(attempt)) this.#keepFresh(attempt, showStuck(this.#modal, { address: startAddress(attempt.ticket) }));
  }

  /** Ends the attempt on the server too. Safe to call at any time. */
  cancel() {
    const attempt = this.#attempt;
    this.#stop();
    if (!attempt) return;
    attempt.cancelled = true;
    attempt.window?.close();
    if (attempt.flow) cancelFlow(attempt.session, attempt.flow);
  }

  #newAttempt() {
    const attempt = { ticket: randomSecret(), proof: randomSecret(), since: performance.now(), abort: new AbortController(), nudge: new EventTarget(), window: null, session: null, flow: null, result: null, code: null, stage: "created", picked: false, cancelled: false };
    this.#attempt = attempt;
    return attempt;
  }

  #stop() {
    this.#attempt?.abort.abort();
    this.#attempt = null;
    this.#view = null;
  }

  async #create(attempt, mode) {
    try {
      // First, as a code without its screen is of no use.
      if (!mode) attempt.later = await this.#later();
      const created = await this.#withSession((session) => {
        attempt.session = session;
        const ask = { ...this.#ask, embedder: this.#embedder.origin };
        return mode ? createFlow(session, { ...ask, mode, ticket: attempt.ticket, proof: attempt.proof }) : createCode(session, ask);
      });
      attempt.flow = created.flow;
      attempt.result = created.result;
      attempt.code = created.code;
      if (attempt.cancelled || this.#attempt !== attempt) {
        cancelFlow(attempt.session, created.flow);
        return null;
      }
      return created;
    } catch (error) {
      if (this.#attempt !== attempt) return null;
      this.#stop();
      attempt.window?.close();
      this.#onEnd({ error });
      return null;
    }
  }

  #watch(attempt) {
    watchResult({
      result: attempt.result,
      flow: attempt.flow,
      signal: attempt.abort.signal,
      nudge: attempt.nudge,
      onStatus: (status) => {
        attempt.stage = status.stage;
        if (status.status === "pending") return this.#show(attempt);
        this.#stop();
        this.#onEnd({ flow: attempt.flow, session: attempt.session, status });
      },
    });
  }

  /** The screen that fits the stage; the same one is not drawn twice. */
  #show(attempt) {
    if (attempt.stage !== "choosing") attempt.picked = false;
    // Told before the choice was there.
    if (attempt.picked) return;
    const view = { exchanging: "verifying", verifying: "customer", choosing: "choose" }[attempt.stage] ?? (this.#view === "links" && attempt.stage === "created" ? "links" : "waiting");
    if (view !== this.#view) {
      this.#view = view;
      if (view === "choose") this.#offerChoice(attempt);
      else if (view === "verifying" || view === "customer") showVerifying(this.#modal, { who: this.#who, customer: view === "customer", onClose: this.#onClose });
      else if (attempt.showCode) attempt.showCode();
      else this.#screen = showWaiting(this.#modal, { who: this.#who, onReopen: () => this.#reopen(), onOther: () => this.#otherWay(), onCancel: () => this.#cancelByPerson() });
    }
    if (attempt.stage === "confirming") this.#screen.code(attempt.code);
  }

  /** Fetches the list and shows it, or says where it is. */
  async #offerChoice(attempt, unsent = false) {
    // Asked again and again it stays as it is: the way out that it offers after a while counts from the first.
    if (this.#modal.state !== "verifying") showVerifying(this.#modal, { who: this.#who, onClose: this.#onClose });
    let view;
    let screens;
    try {
      view = await readChoices(attempt.session, attempt.flow);
      screens = await this.#later();
    } catch (error) {
      return this.#askAgain(attempt, error, false);
    }
    if (this.#attempt !== attempt || this.#view !== "choose") return undefined;
    const onCancel = () => this.#cancelByPerson();
    if (!view.here) return screens.showChooseElsewhere(this.#modal, { who: this.#who, onCancel });
    const { choices, changed } = view;
    return screens.showChoose(this.#modal, { who: this.#who, choices, changed, unsent, onChoose: (pick) => this.#choose(attempt, pick), onCancel });
  }

  async #choose(attempt, pick) {
    attempt.picked = true;
    showVerifying(this.#modal, { who: this.#who, onClose: this.#onClose });
    try {
      await chooseOne(attempt.session, attempt.flow, pick);
      attempt.nudge.dispatchEvent(new Event("look"));
    } catch (error) {
      this.#askAgain(attempt, error, true);
    }
  }

  /** What became of the flow is the watcher's to say; what did not reach us is asked for again. */
  async #askAgain(attempt, error, unsent) {
    if (this.#attempt !== attempt) return;
    if (!(error instanceof ApiError)) throw error;
    const passes = error.status === 0 || error.status >= 500 || error.status === 429 || error.key === "choice_unknown";
    if (!passes) {
      attempt.nudge.dispatchEvent(new Event("look"));
      return;
    }
    await pause(askAgainAfter, attempt.abort.signal);
    if (this.#attempt !== attempt || attempt.stage !== "choosing") return;
    attempt.picked = false;
    this.#view = "choose";
    this.#offerChoice(attempt, unsent);
  }

  #reopen() {
    const before = this.#attempt;
    this.openWindow();
    if (before?.flow) cancelFlow(before.session, before.flow);
  }

  /** The person wants no window: a new flow, whose links stand on the screen at once. */
  async #otherWay() {
    this.cancel();
    const attempt = this.#newAttempt();
    addEventListener("message", (event) => this.#prove(event, attempt), { signal: attempt.abort.signal });
    if (!(await this.#create(attempt, "popup"))) return;
    this.#offerLinks(attempt, "ways");
    this.#watch(attempt);
  }

  #cancelByPerson() {
    this.cancel();
    this.#onCancelled();
  }

  /**
   * Without an opened window in 4 s, links take its place. A null from `window.open` alone says nothing: under the
   * customer's opener policy the window opens and the call gives null all the same.
   */
  async #expectWindow(attempt) {
    await pause(blockedAfter, attempt.abort.signal);
    if (attempt.window?.closed !== false && (await this.#isUntaken(attempt))) this.#offerLinks(attempt, "blocked");
  }

  /** Is no window at the start page yet? Asked, not tried with another ticket: a slow one may be on its way with this. */
  async #isUntaken(attempt) {
    const { stage } = await checkResult(attempt.result, attempt.abort.signal).catch(() => attempt);
    return this.#attempt === attempt && stage === "created" && attempt.stage === "created";
  }

  #offerLinks(attempt, name) {
    this.#view = "links";
    const links = showBlocked(this.#modal, {
      name,
      who: this.#who,
      address: startAddress(attempt.ticket),
      onOpened: () => {
        this.#view = null;
        this.#show(attempt);
        this.#expectWindow(attempt);
      },
      onHere: (event) => this.#continueHere(event),
      onCancel: () => this.#cancelByPerson(),
    });
    this.#keepFresh(attempt, links);
  }

  // A newer SDK can move its own tab and bring the outcome back; an older one only follows the link.
  #continueHere(event) {
    this.#left = true;
    if (!this.#canMoveTop) return;
    event.preventDefault();
    this.leave();
  }

  /**
   * Gives links that still stand there another ticket before theirs is over. Links that are shown once more were pressed just
   * before: the ticket of that window lives a while longer.
   */
  async #keepFresh(attempt, links) {
    for (;;) {
      await pause(Math.max(attempt.since + ticketAge - performance.now(), pressedAge), attempt.abort.signal);
      if (!links[0].isConnected) return;
      const fresh = { ticket: randomSecret(), proof: randomSecret(), since: performance.now() };
      try {
        await replaceTicket(attempt.session, attempt.flow, fresh.ticket, fresh.proof);
      } catch {
        return;
      }
      Object.assign(attempt, fresh);
      for (const link of links) link.href = startAddress(fresh.ticket);
    }
  }

  /** The opened page asks its opener for the proof. Only a page of our own origin gets it. */
  #prove(event, attempt) {
    if (event.origin !== location.origin || event.source === null || event.source === window.parent) return;
    const { lk, n } = event.data ?? {};
    if (lk !== "hello" || typeof n !== "string" || n.length > 64) return;
    event.source.postMessage({ lk: "proof", n, proof: attempt.proof }, location.origin);
  }

  // A service's own opener policy makes `closed` true while the window is open: so it is a hint, never an end.
  #noticeClosing(attempt) {
    let closedSince = null;
    const timer = setInterval(() => {
      if (!attempt.window?.closed) return;
      closedSince ??= performance.now();
      if (performance.now() - closedSince < closedAfter) return;
      clearInterval(timer);
      attempt.nudge.dispatchEvent(new Event("look"));
      if (this.#attempt === attempt && this.#view === "waiting") this.#screen.closed();
    }, 500);
    attempt.abort.signal.addEventListener("abort", () => clearInterval(timer));
  }
}

// Where the page around us chose the language, the pages of the sign-in have it too.
const locale = document.documentElement.dataset.locale;

function startAddress(ticket) {
  return `/connect/start${locale ? `?locale=${locale}` : ""}#t=${ticket}`;
}

function withTicket(url, ticket) {
  const address = new URL(url);
  if (locale) address.search = `?locale=${locale}`;
  address.hash = `t=${ticket}`;
  return address.href;
}

/** Waits, or for ever once aborted: what would follow is not wanted any more. */
function pause(time, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}
