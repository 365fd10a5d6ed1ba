// The search box of the frame: `/`, or Ctrl+K and ⌘K, from anywhere. A page with a search of its own keeps `/` for it: its
// script hears the key first.

const box = document.querySelector("[data-find]");

addEventListener("keydown", (event) => {
  if (!box || event.defaultPrevented || event.altKey || event.isComposing) return;
  const held = event.ctrlKey || event.metaKey;
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea, [contenteditable]");
  const called = held ? event.key.toLowerCase() === "k" && !event.shiftKey : event.key === "/" && !typing;
  if (!called) return;
  event.preventDefault();
  if (box.offsetParent === null) {
    // On a phone the box stands on the page of results.
    location.assign(box.form.action);
    return;
  }
  box.focus();
  box.select();
});
