// /connect/done: says how it ended and closes itself. It tells nobody: the server has told the frame already.

const main = document.getElementById("done");
const closeAfter = Number(main.dataset.closeAfter);
const hint = document.getElementById("done-hint");
const back = document.getElementById("done-back");
const button = document.getElementById("done-close");

button?.addEventListener("click", () => window.close());

if (closeAfter > 0) {
  setTimeout(() => {
    window.close();
    // A tab that no script opened stays: then the text is the end, and the way back.
    setTimeout(() => {
      hint.hidden = false;
      back?.removeAttribute("hidden");
    }, 500);
  }, closeAfter);
}
