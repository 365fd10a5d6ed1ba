// The shape of what comes, after 150 ms; a word after 1 s; a way out after 8 s.

import { element } from "../dom.js";
import { messages } from "../messages.js";

/** Shows the shape until another screen takes its place. Gives a function that stops it. */
export function showLoading(modal, stage, { shape = "list", text, onGiveUp }) {
  const word = element("p", { class: "loading-word", "aria-hidden": "true" });
  let stopped = false;
  const stop = () => {
    stopped = true;
    timers.forEach(clearTimeout);
    stage.hidden = false;
  };
  const later = (delay, run) => setTimeout(() => !stopped && run(), delay);
  const timers = [
    later(150, () => {
      stage.hidden = false;
      modal.show({ name: "loading", title: messages.loading.title, hideTitle: true, body: [skeleton(shape), word], cleanup: stop });
    }),
    later(1000, () => {
      word.textContent = text;
      modal.announce(text);
    }),
    later(8000, () => modal.offer({ label: messages.loading.giveUp, run: onGiveUp })),
  ];
  return stop;
}

function skeleton(shape) {
  const bar = (kind) => element("span", { class: `bar bar-${kind}` });
  const row = () => element("div", { class: "skeleton-row" }, bar("logo"), element("div", { class: "skeleton-lines" }, bar("name"), bar("line")));
  const bars = shape === "form" ? ["pair", "title", "lead", "label", "field"] : ["title", "lead", "field", "chips"];
  return element("div", { class: "skeleton", "aria-hidden": "true" }, bars.map(bar), shape === "list" && [1, 2, 3, 4].map(row));
}
