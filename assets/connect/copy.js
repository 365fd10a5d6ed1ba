// Copying: a text for somebody else, and the id to quote to the people who run the app.

import { element, icon } from "./dom.js";

/** Copies, or selects for copying where a frame may not; `label` says that it is done. */
export async function copyText(text, label, done) {
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = done;
  } catch {
    const node = [...document.querySelectorAll(".note, code")].find((one) => one.textContent === text);
    if (node) getSelection().selectAllChildren(node);
  }
}

/** The id as a button that copies it, named `label`; `copied` is said when it is done. */
export function copyable(reference, { label, copied }) {
  const said = element("span", { class: "visually-hidden", role: "status" });
  const button = element("button", { class: "copy", type: "button", "aria-label": label }, element("code", { text: reference }), icon("copy"));
  button.addEventListener("click", () => copyText(reference, said, copied).then(() => said.textContent && (button.lastChild.className = "icon icon-check")));
  return [button, said];
}
