// How a path ends: connected, not connected, stopped, too late. The same place and the same size for all.

import { copyText, copyable } from "../copy.js";
import { element, icon, vector } from "../dom.js";
import { around, messages } from "../messages.js";
import { linkButton, primaryButton, secondaryButton } from "../modal.js";
import { sign } from "./progress.js";

/**
 * Connected; `partial` when the service gave less than was asked for (`missing`, in plain words). `onRest` grants the rest to
 * the same connection.
 */
export function showSuccess(modal, { service, app, owner, account, missing = [], own = null, again = false, onDone, onRest, onAnother }) {
  const partial = missing.length > 0;
  const title = !service ? messages.success.genericTitle : again ? messages.success.againTitle({ service }) : messages.success.title({ service });
  const done = primaryButton(messages.success.done, onDone);
  const rest = partial && onRest;
  modal.show({
    name: partial ? "partial" : "success",
    title,
    before: [tick()],
    lead: owner ? around((name) => messages.success.textOwner({ app, owner: name }), element("bdi", { text: owner })) : messages.success.text({ app }),
    body: [
      own && element("p", { class: "own-words", dir: "auto", text: own }),
      account && element("p", { class: "account" }, icon("user-round"), element("bdi", { text: account })),
      partial && element("div", { class: "notice notice-attention" }, icon("circle-alert"), element("div", {}, element("p", { class: "strong", text: messages.partial.title({ app }) }), element("ul", {}, missing.map((text) => element("li", {}, element("bdi", { text })))), element("p", { text: rest ? messages.partial.restText : messages.partial.text({ app, service: service ?? messages.brand.fallbackService }) }))),
    ],
    actions: [done, rest && secondaryButton(messages.partial.rest, rest), onAnother && linkButton(messages.success.another, onAnother)],
    centred: true,
    focus: done,
    announce: partial ? `${title}. ${messages.partial.title({ app })} ${missing.join(". ")}` : title,
  });
}

/**
 * Not connected. `actions` are `{ label, run }`, or a `{ node }` of its own, the first is the main one; without any, closing is all there is.
 * `more` is a node beside the text; `reference` is the id to quote to the people who run the app; `request` a text to hand on to somebody else.
 */
export function showFailure(modal, { name = "failure", title, text, note = null, request = null, more = null, reference = null, actions, icon: sign_ = "circle-alert", back = null }) {
  const buttons = actions.map(({ label, run, node }, index) => node ?? (index === 0 ? primaryButton(label, run) : index === 1 ? secondaryButton(label, run) : linkButton(label, run)));
  modal.show({
    name,
    title,
    before: [sign(sign_, name === "failure" || name === "final" ? "sign-bad" : "")],
    lead: text,
    body: [
      note && element("p", { class: "note", dir: "auto", text: note }),
      request && handOn(request),
      more,
      reference && element("p", { class: "reference" }, element("span", { text: messages.brand.reference }), copyable(reference, { label: messages.brand.copyReference({ reference }), copied: messages.brand.copied })),
    ],
    actions: buttons,
    centred: true,
    back,
    focus: buttons[0] ?? null,
    announce: `${title}. ${text}`,
  });
}

/** A text for somebody else, with the button that copies it. */
function handOn(text) {
  const button = linkButton(messages.brand.copyText, () => copyText(text, button, messages.brand.copied));
  return element("div", { class: "hand-on" }, element("p", { class: "note", text }), button);
}

/** A tick that draws itself. */
function tick() {
  return element(
    "span",
    { class: "sign sign-good sign-tick", "aria-hidden": "true" },
    vector("svg", { viewBox: "0 0 24 24", width: "24", height: "24", fill: "none" }, vector("path", { d: "M5 12.5l4.5 4.5L19 7.5", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round", pathLength: "1" })),
  );
}
