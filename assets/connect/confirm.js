// /connect/confirm: a person says "yes, that is my sign-in", where the browser alone could not prove it.

import { ApiError, confirmFlow } from "./api.js";
import { offerClosing } from "./closing.js";
import { element, icon } from "./dom.js";
import { language, messages, problem } from "./messages.js";

// A window that pops up under a double click must not take its second half as an answer.
const settleTime = 700;

const main = document.getElementById("confirm");
const form = document.getElementById("confirm-form");
const proceed = document.getElementById("confirm-continue");
const refuse = document.getElementById("confirm-refuse");
const code = document.getElementById("confirm-code");
const error = document.getElementById("confirm-error");
let working = false;
let timer = null;

function settle() {
  clearTimeout(timer);
  proceed.disabled = true;
  if (document.hasFocus()) timer = setTimeout(() => (proceed.disabled = working), settleTime);
}

addEventListener("focus", settle);
addEventListener("blur", settle);
settle();

for (const time of document.querySelectorAll("time")) {
  const when = new Date(time.dateTime);
  if (!Number.isNaN(when.getTime())) time.textContent = when.toLocaleTimeString(language, { hour: "numeric", minute: "2-digit" });
}

code?.addEventListener("input", () => {
  code.value = code.value.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 4);
  error.hidden = true;
  code.removeAttribute("aria-invalid");
});
code?.focus();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (working || proceed.disabled) return;
  if (code && code.value.length < 4) fault(messages.confirm.emptyCode);
  else answer(true);
});
refuse.addEventListener("click", () => !working && answer(false));

async function answer(accept) {
  working = true;
  proceed.disabled = true;
  refuse.disabled = true;
  try {
    const { url } = await confirmFlow({ flow: main.dataset.flow, code: accept ? (code?.value ?? null) : null, accept });
    if (!accept) draw("shield-check", messages.confirm.rejectedTitle, messages.confirm.rejected, messages.start.mayClose);
    else if (/^https?:\/\//i.test(url ?? "")) location.replace(url);
    else draw("circle-alert", messages.confirm.goneTitle, messages.confirm.gone);
  } catch (cause) {
    working = false;
    proceed.disabled = false;
    refuse.disabled = false;
    if (!(cause instanceof ApiError)) throw cause;
    if (cause.status === 410 || cause.status === 404) draw("circle-alert", messages.confirm.goneTitle, messages.confirm.gone);
    else if (cause.key === "wrong_code") fault(problem("wrong_code", "", cause.message || messages.confirm.wrongCode));
    else fault(cause.status === 0 || cause.status >= 500 ? messages.confirm.failed : problem(cause.key, messages.brand.fallbackService, cause.message));
  }
}

function fault(text) {
  error.replaceChildren(icon("circle-alert"), element("span", { text }));
  error.hidden = false;
  if (!code) return;
  code.setAttribute("aria-invalid", "true");
  code.select();
}

/** `stays` is said where the window cannot be closed by a button. */
function draw(name, title, text, stays = null) {
  document.title = title;
  main.dataset.state = "message";
  main.classList.remove("card-start");
  const actions = element("div", { class: "page-actions" });
  const close = element("button", { class: "button button-secondary", type: "button", text: messages.start.close });
  actions.append(close);
  offerClosing(close, () => stays && actions.append(element("p", { class: "quiet", text: stays })));
  main.replaceChildren(element("span", { class: "sign" }, icon(name, 20)), element("h1", { class: "screen-title", tabindex: "-1", text: title }), element("p", { class: "lead", text }), actions);
  main.querySelector("h1").focus();
}
