// One service before it is connected: who asks, for whom, what for; and the fields, where there are some.

import { element, icon, logo } from "../dom.js";
import { around, messages } from "../messages.js";
import { linkButton, outsideLink, primaryButton, setBusy } from "../modal.js";
import { makeFields } from "./fields.js";

/**
 * Shows the screen `explain` (OAuth without fields) or `form`.
 * `onConnect({ values, name })` runs inside the click, so that it may open a window. The result has `busy(text)`,
 * `fault(errors)`, `refuse(text)` to bring the person back to the fields.
 */
export function showService(modal, { form, integration, app, appPicture, owner, reconnect, showNameInput, sameTab, onConnect, onMethod, back }) {
  const service = form.name;
  const isOauth = form.auth.kind === "oauth2";
  const fields = makeFields([...form.fields, ...(showNameInput ? [nameField] : [])]);
  const notice = element("div", { class: "notice notice-bad", role: "alert", hidden: true });
  const label = reconnect ? messages.explain.reconnectButton({ service }) : messages.explain.button({ service });
  const opensWindow = isOauth && !sameTab;
  const button = primaryButton(label, null, { type: "submit", form: "service-form", trailing: opensWindow ? "external-link" : null });

  const node = element(
    "form",
    { id: "service-form", class: "service-form", autocomplete: "off", novalidate: true, on: { submit } },
    notice,
    fields.first && fields.node,
  );

  function submit(event) {
    event.preventDefault();
    if (button.disabled) return;
    notice.hidden = true;
    if (!fields.check()) return;
    const { [nameField.name]: name = null, ...values } = fields.values();
    onConnect({ values, name });
  }

  const others = form.methods.filter((method) => method.id !== form.auth.id);
  const before = [element("div", { class: "pair" }, logo(app, appPicture, "logo-large"), element("span", { class: "pair-link" }, icon("arrow-left-right")), logo(service, integration.logo, "logo-large"))];
  const about = [
    form.access.length > 0 && element("div", { class: "panel" }, element("p", { class: "panel-title", text: messages.explain.access({ app }) }), element("ul", { class: "access" }, form.access.map((text) => element("li", {}, icon("check"), element("span", { text, dir: "auto" })))), form.docs && isOauth && outsideLink(messages.explain.docs, form.docs)),
    owner && element("div", { class: "fact" }, icon("user-round"), element("span", {}, around((name) => messages.explain.owner({ owner: name }), element("bdi", { class: "strong", text: owner })))),
    element("div", { class: "fact" }, icon(isOauth ? "shield-check" : "lock"), element("span", { text: promise() })),
    others.map((method) => linkButton(messages.explain.other({ method: method.title }), () => onMethod(method.id))),
  ];

  function promise() {
    if (!isOauth) return messages.explain.keyPromise({ app });
    return sameTab ? messages.explain.promiseSameTab({ service, app }) : messages.explain.promise({ service, app });
  }

  modal.show({
    name: form.fields.length > 0 ? "form" : "explain",
    title: reconnect ? messages.explain.reconnectTitle({ service }) : messages.explain.title({ service }),
    before,
    lead: reconnect?.reason ?? messages.explain.lead({ app, service }),
    body: [node, element("div", { class: "about" }, about)],
    actions: [button],
    back,
    focus: fields.first ?? button,
  });

  return {
    busy: (text) => setBusy(button, text),
    fault(errors) {
      release();
      const rest = fields.fault(errors);
      if (rest.length > 0) say(rest.join(" "));
    },
    refuse(text) {
      release();
      say(text);
      fields.first?.focus();
    },
  };

  function release() {
    button.disabled = false;
    button.classList.remove("is-busy");
    button.querySelector(".button-label").textContent = label;
  }

  function say(text) {
    notice.replaceChildren(icon("circle-alert"), element("p", { text }));
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
  }
}

const nameField = { name: " name", label: messages.form.name, help: messages.form.nameHelp, required: false, secret: false, pattern: null, placeholder: null, default: null, choices: null, help_url: null };
