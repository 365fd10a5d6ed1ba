// Numbers beside the text, mistakes at their lines, and a bar that says what is not saved. Without a script the text is
// written all the same.

const text = document.getElementById("document");
const form = text.form;
const numbers = document.querySelector(".editor-numbers");
const state = document.querySelector(".editor-state");
const save = form.querySelector('[value="save"]');

// --- mistakes, in the order of their lines ---

const mistakes = [...document.querySelectorAll("[data-line]")]
  .map((node) => ({ node, line: Number(node.dataset.line), message: node.querySelector(".mistake-message").textContent }))
  .sort((left, right) => left.line - right.line);
const marked = new Set(mistakes.map((mistake) => mistake.line));

function number() {
  const lines = text.value.split("\n").length;
  if (numbers.dataset.lines === String(lines)) return;
  numbers.dataset.lines = String(lines);
  const parts = [];
  let plain = "";
  for (let line = 1; line <= lines; line += 1) {
    const end = line < lines ? "\n" : "";
    if (!marked.has(line)) {
      plain += `${line}${end}`;
      continue;
    }
    const mark = document.createElement("span");
    mark.className = "editor-marked";
    mark.textContent = `●${line}`;
    parts.push(plain, mark);
    plain = end;
  }
  numbers.replaceChildren(...parts, plain);
}

function follow() {
  numbers.style.blockSize = `${text.offsetHeight}px`;
  numbers.scrollTop = text.scrollTop;
}

numbers.hidden = false;
number();
follow();
text.addEventListener("input", number);
text.addEventListener("scroll", follow);
new ResizeObserver(follow).observe(text);

function select(line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  const height = Number.parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 5) * height);
  return text.getBoundingClientRect().top + (line - 1) * height - text.scrollTop;
}

// The line may be above the window, or behind the bar.
function bring(top) {
  const bar = document.querySelector(".editor-bar").getBoundingClientRect().top;
  if (top < 0 || top > bar - 48) scrollBy(0, top - innerHeight / 3);
}

// What is wrong stands in the bar, which is always in sight and is read out.
function show(mistake, { moves = true } = {}) {
  for (const other of mistakes) other.node.removeAttribute("aria-current");
  mistake.node.setAttribute("aria-current", "true");
  const top = select(mistake.line);
  if (moves) bring(top);
  say(`Line ${mistake.line}: ${mistake.message}`, true);
}

const lineOfCaret = () => text.value.slice(0, text.selectionStart).split("\n").length;

function next(step) {
  if (mistakes.length === 0) return;
  const at = lineOfCaret();
  const current = mistakes.findIndex((mistake) => mistake.node.hasAttribute("aria-current") && mistake.line === at);
  if (current >= 0) {
    show(mistakes.at((current + step) % mistakes.length));
    return;
  }
  const after = mistakes.find((mistake) => mistake.line >= at);
  const before = mistakes.findLast((mistake) => mistake.line <= at);
  show((step > 0 ? after : before) ?? mistakes.at(step > 0 ? 0 : -1));
}

for (const mistake of mistakes) {
  const place = mistake.node.querySelector(".mistake-place > span");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mistake-line";
  button.textContent = place.textContent;
  button.addEventListener("click", () => show(mistake));
  place.replaceWith(button);
}

// --- what is not saved ---

// The text that is kept, or that a new one begins with. What was sent and not saved is not kept.
let kept = "unsaved" in form.dataset ? null : text.value;
let leaving = false;

function say(words, isProblem) {
  state.textContent = words;
  state.classList.toggle("editor-problem", isProblem);
}

function tell() {
  const changed = text.value !== kept;
  form.classList.toggle("editor-changed", changed);
  say(changed ? "Unsaved changes" : form.dataset.resting, false);
}

text.addEventListener("input", tell);
form.addEventListener("submit", () => {
  leaving = true;
});
// Back from the page that the form led to.
addEventListener("pageshow", () => {
  leaving = false;
});
addEventListener("beforeunload", (event) => {
  if (!leaving && text.value !== kept) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "F8") {
    event.preventDefault();
    next(event.shiftKey ? -1 : 1);
  }
  if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit(save);
  }
});

document.querySelector(".editor-keys").hidden = false;
tell();
// The list of them stays in sight.
if (mistakes.length > 0) show(mistakes[0], { moves: false });
