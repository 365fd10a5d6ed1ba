// How a path ends: connected, not connected, stopped, too late. The same place and the same size for all.

import { element, icon, vector } from "../dom.js";
import { around, messages } from "../messages.js";
import { linkButton, primaryButton, secondaryButton } from "../modal.js";
import { sign } from "./progress.js";

export function showSuccess(modal, { service, app, owner, onDone, onAnother }) {
  const title = service ? messages.success.title({ service }) : messages.success.genericTitle;
  const done = primaryButton(messages.success.done, onDone);
  modal.show({
    name: "success",
    title,
    before: [tick()],
    lead: owner ? around((name) => messages.success.textOwner({ app, owner: name }), element("bdi", { text: owner })) : messages.success.text({ app }),
    actions: [done, onAnother && linkButton(messages.success.another, onAnother)],
    centred: true,
    focus: done,
    announce: title,
  });
}

/**
 * Not connected. `actions` are `{ label, run }`, the first is the main one; without any, closing is all there is.
 * `reference` is the id to quote to the people who run the app.
 */
export function showFailure(modal, { name = "failure", title, text, note = null, reference = null, actions, icon: sign_ = "circle-alert", back = null }) {
  const buttons = actions.map(({ label, run }, index) => (index === 0 ? primaryButton(label, run) : index === 1 ? secondaryButton(label, run) : linkButton(label, run)));
  modal.show({
    name,
    title,
    before: [sign(sign_, name === "failure" ? "sign-bad" : "")],
    lead: text,
    body: [
      note && element("p", { class: "note", text: note }),
      reference && element("p", { class: "reference" }, element("span", { text: messages.brand.reference }), copyable(reference)),
    ],
    actions: buttons,
    centred: true,
    back,
    focus: buttons[0] ?? null,
    announce: `${title}. ${text}`,
  });
}

function copyable(reference) {
  const button = element("button", { class: "copy", type: "button", title: reference }, element("code", { text: reference }), icon("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(reference);
      button.lastChild.className = "icon icon-check";
    } catch {
      // A frame may be denied the clipboard: select the text, so that one key copies it.
      getSelection().selectAllChildren(button.firstChild);
    }
  });
  return button;
}

/** A tick that draws itself. */
function tick() {
  return element(
    "span",
    { class: "sign sign-good sign-tick", "aria-hidden": "true" },
    vector("svg", { viewBox: "0 0 24 24", width: "28", height: "28", fill: "none" }, vector("path", { d: "M5 12.5l4.5 4.5L19 7.5", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round", pathLength: "1" })),
  );
}
