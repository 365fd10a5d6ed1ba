// /connect/done: says how it ended and closes itself. It tells nobody: the server has told the frame already.

import { offerClosing } from "./closing.js";
import { makeCopyable } from "./reference.js";

const closeAfter = Number(document.getElementById("done").dataset.closeAfter);
const hint = document.getElementById("done-hint");
const back = document.getElementById("done-back");
const button = document.getElementById("done-close");

/** A tab that stays: the way back, else the words that nothing is left to do here. */
function stay() {
  (back ?? hint).hidden = false;
}

makeCopyable();
if (closeAfter > 0) {
  setTimeout(() => {
    window.close();
    setTimeout(stay, 500);
  }, closeAfter);
} else if (!back || back.hidden) {
  hint.hidden = true;
  offerClosing(button, stay);
}
