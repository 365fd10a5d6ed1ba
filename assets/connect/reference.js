// The id that the server wrote into a page.

import { copyable } from "./copy.js";

/** Makes it one that can be copied. */
export function makeCopyable() {
  const code = document.querySelector(".reference code");
  code?.replaceWith(...copyable(code.textContent, code.dataset));
}
