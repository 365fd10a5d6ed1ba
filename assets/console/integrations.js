// Keys in the catalogue, a button that says that it works, and the way back from a trial in another tab.

const search = document.getElementById("q");
const links = [...document.querySelectorAll(".catalogue-name")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !search) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = links.indexOf(document.activeElement);
  if (!step || (at < 0 && event.target !== search)) return;
  const next = links[at + step];
  if (next) {
    event.preventDefault();
    next.focus();
  } else if (step < 0 && at === 0) {
    event.preventDefault();
    search.focus();
  }
});

for (const button of document.querySelectorAll("[data-busy]")) {
  button.form.addEventListener("submit", () => {
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  });
}

// After the check or the trial, its answer is read first.
document.querySelector(".checkup, .tried")?.focus({ preventScroll: false });

// A trial that is still open in the other tab may have ended there.
if (document.querySelector(".tried[data-refresh]")) {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") location.reload();
  });
}

for (const form of document.querySelectorAll("[data-try]")) {
  form.addEventListener("submit", () => {
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") location.assign(form.dataset.try);
    });
  });
}
