// The page "not ready for a moment" loads itself again, five times at most; the count lives in this history entry.

const main = document.getElementById("message");
const most = 5;
const count = history.state?.latchkeyReloads ?? 0;

if (count < most) {
  setTimeout(() => {
    // What else the entry keeps is another script's.
    history.replaceState({ ...history.state, latchkeyReloads: count + 1 }, "");
    location.reload();
  }, Number(main.dataset.reloadAfter));
}
