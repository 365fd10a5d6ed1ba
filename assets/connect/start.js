// /connect/start: the page of ours that every sign-in goes through. It brings ticket, proof and the server's evidence
// together, then leaves for the service. Nothing here grants anything by a click.

import { ApiError, resumeFlows, startFlow } from "./api.js";
import { offerClosing } from "./closing.js";
import { copyable } from "./copy.js";
import { element, icon } from "./dom.js";
import { messages, problem } from "./messages.js";
import { randomSecret } from "./secrets.js";

const openerTime = 1500;
const retryPause = 250;
const retryTime = 8000;

const main = document.getElementById("start");
const evidence = document.querySelector('meta[name="latchkey:evidence"]')?.content ?? "";

async function run() {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("t");
  const state = new URLSearchParams(location.search).get("state");
  const referrer = originOf(document.referrer);
  history.replaceState(null, "", location.pathname);
  if (!ticket) return resume();

  const proof = await askOpener();
  const since = performance.now();
  for (;;) {
    try {
      return go(await startFlow({ ticket, proof, state, evidence, referrer, opener: window.opener !== null }));
    } catch (error) {
      // The window is faster than the frame that opened it: its ticket may not be there yet.
      const early = error instanceof ApiError && error.key === "ticket_unknown" && performance.now() - since < retryTime;
      if (!early) return explain(error);
      await new Promise((resolve) => setTimeout(resolve, retryPause));
    }
  }
}

function go(answer) {
  if (answer.next === "confirm") return location.replace(`/connect/confirm?f=${encodeURIComponent(answer.flow)}`);
  if (/^https?:\/\//i.test(answer.url ?? "")) return location.replace(answer.url);
  return explain(new ApiError(500, "server", messages.start.failed));
}

/** The proof, from the frame of ours that opened this window; null when there is no such frame or it keeps silent. */
function askOpener() {
  const { opener } = window;
  if (!opener) return Promise.resolve(null);
  const n = randomSecret();
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(null), openerTime);
    function receive(event) {
      if (event.source !== opener || event.origin !== location.origin) return;
      if (event.data?.lk === "proof" && event.data.n === n && typeof event.data.proof === "string") finish(event.data.proof);
    }
    function finish(proof) {
      clearTimeout(timer);
      removeEventListener("message", receive);
      resolve(proof);
    }
    addEventListener("message", receive);
    try {
      opener.postMessage({ lk: "hello", n }, location.origin);
    } catch {
      finish(null);
    }
  });
}

/** No ticket: a reload, or back from the service. This browser's own flows can be taken up again. */
async function resume() {
  let flows = [];
  try {
    flows = (await resumeFlows()).flows;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) return explain(error);
  }
  if (flows.length === 0) return draw("ban", messages.start.nothingTitle, messages.start.nothing, [closeButton()]);
  const links = flows.map(({ name, url }) => element("a", { class: "button button-primary", href: /^https?:\/\//i.test(url) ? url : null }, element("span", { class: "button-label", text: messages.start.resumeButton({ service: name }) })));
  return draw("refresh-cw", messages.start.resumeTitle, "", links);
}

function explain(error) {
  const known = {
    ticket_unknown: [messages.start.unknownTitle, messages.start.unknown],
    ticket_spent: [messages.start.spentTitle, messages.start.spent],
    not_from_app: [messages.start.foreignTitle, messages.start.foreign],
    return_not_allowed: [messages.start.returnTitle, messages.start.returnText],
    flow_expired: [messages.start.expiredTitle, messages.start.expired],
  };
  const said = error instanceof ApiError && error.status > 0 ? problem(error.key, messages.brand.fallbackService, error.message) : messages.start.failed;
  const [title, text] = known[error.key] ?? [messages.start.failedTitle, said];
  draw("circle-alert", title, text, [closeButton()], error.reference);
}

function closeButton() {
  const button = element("button", { class: "button button-secondary", type: "button", text: messages.start.close });
  offerClosing(button);
  return button;
}

function draw(name, title, text, actions, reference = null) {
  document.title = title;
  main.dataset.state = "message";
  main.replaceChildren(
    element("span", { class: "sign" }, icon(name, 20)),
    element("h1", { class: "screen-title", text: title }),
    ...(text ? [element("p", { class: "lead", text })] : []),
    ...(reference ? [element("p", { class: "reference" }, element("span", { text: messages.brand.reference }), copyable(reference, { label: messages.brand.copyReference({ reference }), copied: messages.brand.copied }))] : []),
    element("div", { class: "page-actions" }, actions),
  );
}

function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return null;
  }
}

run();
