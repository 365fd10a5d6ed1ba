// The fields of a key form: labels, help, checks while typing, errors in place. Values stay in the inputs; nothing
// stores or repeats them.

import { element, icon } from "../dom.js";
import { language, messages } from "../messages.js";
import { outsideLink } from "../modal.js";

/**
 * Builds the fields. Gives their node, and functions to read, check and fault them. `typed` holds what the person typed
 * before into fields that are no secrets.
 */
export function makeFields(fields, typed = {}) {
  const rows = fields.map((field, index) => makeField({ ...field, default: typed[field.name] ?? field.default }, index));
  return {
    node: element("div", { class: "fields" }, rows.map((row) => row.node)),
    first: rows[0]?.input ?? null,
    /** What is no secret, to stand there again when the screen comes back. */
    plain: () => Object.fromEntries(rows.filter((row) => !row.secret).map((row) => [row.name, row.value()])),
    values: () => Object.fromEntries(rows.map((row) => [row.name, row.value()]).filter(([, value]) => value !== "")),
    /** True when all fit; else the first faulty one has the focus. */
    check() {
      const faulty = rows.filter((row) => !row.check());
      faulty[0]?.input.focus();
      return faulty.length === 0;
    },
    /**
     * Shows the server's messages beside their fields, in the page's language where `reasons` has a word that it knows.
     * Gives those that belong to no field.
     */
    fault(errors, reasons = {}) {
      const known = rows.filter((row) => Object.hasOwn(errors, row.name));
      for (const row of known) row.fault(said(errors[row.name], reasons?.[row.name], row.label));
      known[0]?.input.focus();
      return Object.entries(errors).filter(([name]) => !rows.some((row) => row.name === name)).map(([, message]) => message);
    },
    clear: () => rows.forEach((row) => row.clear()),
  };
}

// In English the server's own sentence says more.
const own = ["required", "pattern", "characters"];
const said = (message, reason, label) => (language !== "en" && own.includes(reason) ? messages.form[reason]({ label }) : message);

function makeField(field, index) {
  const id = `field-${index}`;
  const required = field.required !== false;
  const pattern = compile(field.pattern);
  const error = element("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const help = field.help ? element("p", { class: "field-help", id: `${id}-help`, dir: "auto", text: field.help }) : null;
  const { input, other, read } = (field.choices ? makeSelect : makeText)(field, id, required);
  const boxes = other ? [input, other] : [input];
  const described = help ? `${help.id} ${error.id}` : error.id;
  for (const one of boxes) one.setAttribute("aria-describedby", described);
  const tick = element("span", { class: "field-tick", hidden: true }, icon("check"));
  let touched = false;

  const value = () => read().trim();
  // What the person has to correct.
  const asked = () => (other && !other.hidden ? other : input);
  const fits = () => pattern === null || pattern.test(value());

  function fault(message) {
    error.replaceChildren(icon("circle-alert"), element("span", { text: message }));
    error.hidden = false;
    tick.hidden = true;
    asked().setAttribute("aria-invalid", "true");
    touched = true;
  }

  function clear() {
    error.hidden = true;
    for (const one of boxes) one.removeAttribute("aria-invalid");
  }

  function check() {
    touched = true;
    if (value() === "" && required) fault(messages.form.required({ label: field.label }));
    else if (value() !== "" && !fits()) fault(messages.form.pattern({ label: field.label }));
    else {
      clear();
      return true;
    }
    return false;
  }

  const typing = (event) => {
    tick.hidden = pattern === null || value() === "" || !fits();
    // While somebody types, only praise; a fault is shown once the field was left, or when a whole value was pasted.
    if (event.inputType === "insertFromPaste") {
      const box = event.target;
      if (box.value.trim() !== box.value && box.tagName !== "SELECT") box.value = box.value.trim();
      check();
    } else if (touched && (value() === "" || fits())) clear();
  };
  for (const one of boxes) {
    one.addEventListener("input", typing);
    one.addEventListener("blur", () => {
      if (value() !== "") check();
    });
  }

  const label = element("div", { class: "field-label" },
    element("label", { for: id, text: field.label }),
    !required && element("span", { class: "field-optional", text: messages.form.optional }),
    outsideLink(messages.form.findShort, field.help_url, `${messages.form.findShort} ${field.label}`),
  );
  const reveal = field.secret && !field.choices ? makeReveal(field, input) : null;
  const control = element("div", { class: `control${reveal ? " control-secret" : ""}${field.choices ? " control-select" : ""}` }, input, tick, reveal, other);
  return { name: field.name, label: field.label, secret: field.secret, get input() { return asked(); }, value, fault, clear, check, node: element("div", { class: "field", "data-field": field.name }, label, control, error, help) };
}

const plainText = (required) => ({ class: "input", "aria-required": String(required), autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false" });

// The keyboard of a phone. What a browser makes of `type=number` would lose what it cannot read.
const keyboards = { email: "email", url: "url", origin: "url", number: "decimal" };

// A control and what reads its value. Lines of a secret are dots too, until it is shown.
function makeText(field, id, required) {
  const lines = field.type === "multiline";
  const input = element(lines ? "textarea" : "input", {
    ...plainText(required), id, name: field.name, placeholder: field.placeholder,
    dir: field.secret || field.type in keyboards ? "ltr" : "auto",
    ...(lines ? { rows: "5" } : { type: field.secret ? "password" : "text", inputmode: keyboards[field.type] ?? null }),
  });
  if (lines && field.secret) input.classList.add("concealed");
  if (field.default) input.value = field.default;
  return { input, read: () => input.value };
}

// No value of a definition is this one: those have no spaces at their start.
const ANOTHER = " other";

function makeSelect(field, id, required) {
  const options = field.choices.map((choice) => element("option", { value: choice.value, text: choice.label }));
  const select = element("select", { id, name: field.name, class: "input", "aria-required": String(required) },
    element("option", { value: "", text: required ? messages.form.choose : "" }), options, field.other && element("option", { value: ANOTHER, text: messages.form.other }));
  if (field.default) select.value = field.default;
  if (!field.other) return { input: select, read: () => select.value };
  const other = element("input", { ...plainText(true), id: `${id}-other`, type: "text", inputmode: "url", dir: "ltr", class: "input control-other", placeholder: field.placeholder, "aria-label": `${field.label}: ${messages.form.other}`, hidden: true });
  // What is no choice leaves nothing selected.
  if (field.default && select.value === "") [select.value, other.value] = [ANOTHER, field.default];
  const show = () => { other.hidden = select.value !== ANOTHER; };
  select.addEventListener("input", () => {
    show();
    if (!other.hidden) other.focus();
  });
  show();
  return { input: select, other, read: () => (select.value === ANOTHER ? other.value : select.value) };
}

function makeReveal(field, input) {
  const button = element("button", { class: "reveal", type: "button" });
  let hidden = true;
  const draw = () => {
    button.replaceChildren(icon(hidden ? "eye" : "eye-off"));
    button.setAttribute("aria-label", messages.form[hidden ? "revealLabel" : "concealLabel"](field));
    button.title = messages.form[hidden ? "reveal" : "conceal"];
  };
  button.addEventListener("click", () => {
    hidden = !hidden;
    if (field.type === "multiline") input.classList.toggle("concealed", hidden);
    else input.type = hidden ? "password" : "text";
    draw();
  });
  draw();
  return button;
}

function compile(pattern) {
  if (!pattern) return null;
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    // The definition's pattern is checked by the server too; one that browsers cannot read is left to it.
    return null;
  }
}
