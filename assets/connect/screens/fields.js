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
const own = { required: messages.form.required, pattern: messages.form.pattern, characters: messages.form.characters };
const said = (message, reason, label) => (language !== "en" && Object.hasOwn(own, reason) ? own[reason]({ label }) : message);

function makeField(field, index) {
  const id = `field-${index}`;
  const required = field.required !== false;
  const pattern = compile(field.pattern);
  const error = element("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const help = field.help ? element("p", { class: "field-help", id: `${id}-help`, dir: "auto", text: field.help }) : null;
  const input = field.choices ? makeSelect(field, id) : makeInput(field, id, required);
  const described = [help && help.id, error.id].filter(Boolean).join(" ");
  input.setAttribute("aria-describedby", described);
  const tick = element("span", { class: "field-tick", hidden: true }, icon("check"));
  let touched = false;

  const value = () => input.value.trim();
  const fits = () => pattern === null || pattern.test(value());

  function fault(message) {
    error.replaceChildren(icon("circle-alert"), element("span", { text: message }));
    error.hidden = false;
    tick.hidden = true;
    input.setAttribute("aria-invalid", "true");
    touched = true;
  }

  function clear() {
    error.hidden = true;
    input.removeAttribute("aria-invalid");
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

  input.addEventListener("input", (event) => {
    tick.hidden = pattern === null || value() === "" || !fits();
    // While somebody types, only praise; a fault is shown once the field was left, or when a whole value was pasted.
    if (event.inputType === "insertFromPaste") {
      if (value() !== input.value && !field.choices) input.value = value();
      check();
    } else if (touched && (value() === "" || fits())) clear();
  });
  input.addEventListener("blur", () => {
    if (value() !== "") check();
  });

  const label = element("div", { class: "field-label" },
    element("label", { for: id, text: field.label }),
    !required && element("span", { class: "field-optional", text: messages.form.optional }),
    outsideLink(messages.form.findShort, field.help_url, `${messages.form.findShort} ${field.label}`),
  );
  const reveal = field.secret && !field.choices ? makeReveal(field, input) : null;
  const control = element("div", { class: `control${reveal ? " control-secret" : ""}${field.choices ? " control-select" : ""}` }, input, tick, reveal);
  return { name: field.name, label: field.label, secret: field.secret, input, value, fault, clear, check, node: element("div", { class: "field", "data-field": field.name }, label, control, error, help) };
}

function makeInput(field, id, required) {
  const input = element("input", {
    id, name: field.name, type: field.secret ? "password" : "text", class: "input", placeholder: field.placeholder, "aria-required": String(required),
    autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false",
    dir: field.secret ? "ltr" : "auto",
  });
  if (field.default) input.value = field.default;
  return input;
}

function makeSelect(field, id) {
  const select = element("select", { id, name: field.name, class: "input" }, element("option", { value: "", text: messages.form.choose }), field.choices.map((choice) => element("option", { value: choice.value, text: choice.label })));
  if (field.default) select.value = field.default;
  return select;
}

function makeReveal(field, input) {
  const button = element("button", { class: "reveal", type: "button" });
  const draw = () => {
    const hiddenNow = input.type === "password";
    button.replaceChildren(icon(hiddenNow ? "eye" : "eye-off"));
    button.setAttribute("aria-label", hiddenNow ? messages.form.revealLabel(field) : messages.form.concealLabel(field));
    button.title = hiddenNow ? messages.form.reveal : messages.form.conceal;
  };
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
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
