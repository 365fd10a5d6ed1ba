// A credential that is shown goes away by itself: after two minutes, and when the page is left. A page that comes back out of
// the browser's memory has none.

const shown = document.getElementById("revealed");
const told = document.getElementById("hidden");

function hide() {
  shown.replaceChildren();
  told.hidden = false;
}

setTimeout(hide, 120_000);
addEventListener("pagehide", hide);
