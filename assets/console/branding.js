// The branding page: the preview follows what is typed, colours that are shown otherwise are told at their field, pictures
// are uploaded. Without this script the form saves all the same, and a picture comes from an address.

const form = document.getElementById("looks");
const frame = document.getElementById("preview");
const controls = document.getElementById("preview-controls");
const status = document.getElementById("preview-status");
const waits = 250;
let draft = null;
let timer = null;
let turn = 0;
let changed = false;

const chosen = (name) => controls.querySelector(`[name="${name}"]:checked`)?.value ?? controls.querySelector(`select[name="${name}"]`)?.value;

function tell() {
  frame.contentWindow.postMessage({ preview: 1, draft, state: chosen("state"), theme: chosen("scheme") }, location.origin);
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin === location.origin && source === frame.contentWindow && data?.preview === 1) tell();
});

// After a save that was refused.
form.querySelector("[aria-invalid=true]")?.focus();

controls.hidden = false;
controls.addEventListener("change", (event) => {
  frame.classList.toggle("is-phone", chosen("device") === "phone");
  frame.parentElement.classList.toggle("is-dark", chosen("scheme") === "dark");
  if (event.target.name === "locale") frame.src = `${frame.dataset.address}?locale=${encodeURIComponent(chosen("locale"))}`;
  else tell();
});

/** A message's parts: what stands in backticks (U+0060) is to be typed. */
function marked(text) {
  const parts = text.split("\u0060");
  if (parts.length % 2 === 0) return [text];
  return parts.map((part, number) => {
    if (number % 2 === 0) return part;
    const typed = document.createElement("code");
    typed.textContent = part;
    return typed;
  });
}

/** Puts a word of the server at a field, or takes it away. */
function say(field, kind, text) {
  const line = document.getElementById(`${field.id}-${kind}`);
  line.replaceChildren(...(text ? marked(text) : []));
  line.hidden = !text;
}

function swatch(field, colour) {
  const picker = document.getElementById(`${field.id}-pick`);
  const shown = colour === "" ? field.placeholder : colour;
  if (picker && /^#[0-9a-f]{6}$/i.test(shown)) picker.value = shown;
}

/** An accent that stands alone is that of both: the other field shows it as what it is when empty. */
function lend(field) {
  const other = document.getElementById(field.dataset.lender);
  if (!other) return;
  other.placeholder = field.value.trim() || other.dataset.ours;
  if (other.value.trim() === "") swatch(other, "");
}

async function ask() {
  turn += 1;
  const mine = turn;
  let answer;
  try {
    const response = await fetch(form.dataset.try, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin" });
    if (!response.ok) throw new Error(String(response.status));
    answer = await response.json();
  } catch {
    status.textContent = "The preview could not be made. It is tried again with the next change.";
    return;
  }
  if (mine !== turn) return;
  const wrong = Object.keys(answer.mistakes);
  status.textContent = wrong.length > 0 ? "The preview waits until the marked fields are mended." : "The preview shows what is typed. It is not saved yet.";
  for (const field of form.querySelectorAll("[data-field]")) {
    const mistake = answer.mistakes[field.name];
    if (mistake) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    say(field, "problem", mistake ? `${mistake.charAt(0).toUpperCase()}${mistake.slice(1)}.` : "");
    if (!("colour" in field.dataset)) continue;
    const moved = wrong.length === 0 && answer.adjusted.find(({ field: name }) => name === field.name);
    say(field, "shown", moved ? `Shown as ${moved.shown}: ${moved.reason}.` : "");
  }
  if (wrong.length > 0) return;
  draft = answer;
  tell();
}

if (form?.dataset.try) {
  form.addEventListener("input", (event) => {
    // A picture stands among the fields and is sent by a form of its own.
    if (event.target.form !== form) return;
    changed = true;
    if ("colour" in event.target.dataset) {
      swatch(event.target, event.target.value.trim());
      lend(event.target);
    }
    clearTimeout(timer);
    timer = setTimeout(ask, waits);
  });
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => changed && event.preventDefault());
  for (const picker of document.querySelectorAll("[data-picks]")) {
    const field = document.getElementById(picker.dataset.picks);
    picker.hidden = false;
    swatch(field, field.value.trim());
    picker.addEventListener("input", () => {
      field.value = picker.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

for (const upload of document.querySelectorAll("[data-upload]")) {
  const input = upload.querySelector("input[type=file]");
  const line = upload.querySelector("[role=status]");
  upload.hidden = false;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    line.textContent = "Uploading…";
    line.classList.remove("field-problem");
    const revision = document.querySelector("input[name=revision]").value;
    let answer;
    let ok = false;
    try {
      const response = await fetch(`${upload.dataset.upload}?revision=${revision}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" }, credentials: "same-origin" });
      answer = await response.json();
      ok = response.ok;
    } catch {
      answer = { message: "The picture did not arrive. Check the connection and choose it again." };
    }
    input.value = "";
    line.classList.toggle("field-problem", !ok);
    line.replaceChildren(...(ok ? [`${answer.facts}. Shown from now on.`] : marked(answer.message)));
    if (!ok) return;
    for (const field of document.querySelectorAll("input[name=revision]")) field.value = String(answer.revision);
    const image = document.createElement("img");
    image.alt = "";
    image.src = answer.address;
    upload.closest(".picture").querySelector(".picture-tile").replaceChildren(image);
    ask();
  });
}
