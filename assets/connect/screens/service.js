// One service before it is connected: who asks, for whom, what for; and the fields, where there are some.

import { element, icon, logo } from "../dom.js";
import { around, messages } from "../messages.js";
import { linkButton, outsideLink, policies, primaryButton, setBusy } from "../modal.js";
import { makeFields } from "./fields.js";

const slowAfter = 8000;
// Reasons that are the service's; of others one says only that it works no more.
const refusals = new Set(["grant_gone", "grant_refused", "rotation_uncertain", "key_refused"]);

/** Whether one signs in at the service, in a window of its own. */
export const isAtService = ({ kind }) => /^oauth[12]$/.test(kind);

/**
 * Shows the state `explain` (OAuth without fields), `form` or `reconnect`.
 * `onConnect({ values, name, plain })` runs inside the click, so that it may open a window. The result has
 * `busy(text, onGiveUp)`, `fault(errors, reasons)`, `refuse(text)` to bring the person back to the fields.
 */
export function showService(modal, { form, integration, app, appPicture, owner, reconnect, keeper, own, branding, typed, showNameInput, sameTab, onConnect, onMethod, back }) {
  const service = form.name;
  const byCode = form.auth.kind === "oauth2_device";
  const isOauth = byCode || isAtService(form.auth);
  const fields = makeFields([...form.fields, ...(showNameInput && !reconnect ? [nameField()] : [])], typed);
  const notice = element("div", { class: "notice notice-bad", role: "alert", hidden: true });
  const label = reconnect ? messages.explain.reconnectButton({ service }) : messages.explain.button({ service });
  const opensWindow = isOauth && !byCode && !sameTab;
  const button = primaryButton(label, null, { type: "submit", form: "service-form", trailing: opensWindow ? "external-link" : null });
  const slow = element("p", { class: "quiet slow", hidden: true });
  let timer = 0;

  const node = element(
    "form",
    { id: "service-form", class: "service-form", autocomplete: "off", novalidate: true, on: { submit, input: () => node.classList.remove("is-sent") } },
    notice,
    fields.first && fields.node,
  );

  function submit(event) {
    event.preventDefault();
    if (button.ariaDisabled === "true") return;
    notice.hidden = true;
    if (!fields.check()) return;
    // Whether it is right says the service alone.
    node.classList.add("is-sent");
    const { [nameKey]: name = null, ...values } = fields.values();
    onConnect({ values, name, plain: fields.plain() });
  }

  const fact = (name, ...words) => element("div", { class: "fact" }, icon(name), element("span", {}, words));
  const asked = [...form.access, ...(form.unexplained ?? []).map((scope) => messages.explain.permission({ scope }))];
  const others = form.methods.filter((method) => method.id !== form.auth.id);
  const about = [
    own && element("p", { class: "own-words", dir: "auto", text: own }),
    reconnect?.account && fact("user-round", around((name) => messages.explain.account({ service, account: name }), element("bdi", { class: "strong", text: reconnect.account }))),
    asked.length > 0 && element("div", { class: "panel" }, element("p", { class: "panel-title", text: messages.explain.access({ app }) }), element("ul", { class: "access" }, asked.map((text) => element("li", {}, icon("check"), element("span", { text, dir: "auto" })))), isOauth && outsideLink(messages.explain.docs, form.docs)),
    owner && fact("user-round", around((name) => messages.explain.owner({ owner: name }), element("bdi", { class: "strong", text: owner }))),
    form.auth.kind !== "none" && fact(isOauth ? "shield-check" : "lock", promise()),
    isOauth && fact("lock", keeper ? messages.explain.keeps({ keeper, app, service }) : messages.explain.keepsUnnamed({ app, service })),
    policies(branding).length > 0 && element("p", { class: "policies" }, element("span", { text: messages.explain.policies({ app }) }), policies(branding)),
    others.map((method) => linkButton(messages.explain.other({ method: method.title }), () => onMethod(method.id))),
  ];

  function why() {
    if (reconnect.works) return "";
    return [refusals.has(reconnect.reason) ? messages.explain.reconnectRefused({ service }) : messages.explain.reconnectReason({ service }), " "];
  }

  function promise() {
    if (!isOauth) return messages.explain.keyPromise({ app });
    if (byCode) return messages.explain.promiseCode({ service, app });
    return sameTab ? messages.explain.promiseSameTab({ service, app }) : messages.explain.promise({ service, app });
  }

  modal.show({
    name: reconnect ? "reconnect" : form.fields.length > 0 ? "form" : "explain",
    title: reconnect ? messages.explain.reconnectTitle({ service }) : messages.explain.title({ service }),
    before: [element("div", { class: "pair" }, logo(app, appPicture, "logo-large"), element("span", { class: "pair-link" }, icon("arrow-left-right")), logo(service, integration.logo, "logo-large"))],
    lead: reconnect ? [why(), messages.explain.reconnectKeeps({ app })] : messages.explain.lead({ app, service }),
    body: [node, element("div", { class: "about" }, about)],
    actions: [slow, button],
    back,
    focus: fields.first ?? button,
    cleanup: () => clearTimeout(timer),
  });

  return {
    /** The click is being worked on; after 8 s there is a way out. */
    busy(text, onGiveUp) {
      setBusy(button, text);
      modal.announce(text);
      timer = setTimeout(() => {
        slow.replaceChildren(`${messages.loading.slow} `, linkButton(messages.form.stop, () => (release(), onGiveUp())));
        slow.hidden = false;
        modal.announce(messages.loading.slow);
      }, slowAfter);
    },
    fault(errors, reasons) {
      release();
      const rest = fields.fault(errors, reasons);
      if (rest.length > 0) say(rest.join(" "));
    },
    refuse(text) {
      release();
      say(text);
      (fields.first ?? button).focus({ preventScroll: true });
    },
  };

  function release() {
    clearTimeout(timer);
    slow.hidden = true;
    button.removeAttribute("aria-disabled");
    button.classList.remove("is-busy");
    button.querySelector(".button-label").textContent = label;
  }

  function say(text) {
    notice.replaceChildren(icon("circle-alert"), element("p", { text }));
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
  }
}

// No field of a definition is named so: those have no spaces.
const nameKey = " name";
const nameField = () => ({ name: nameKey, label: messages.form.name, help: messages.form.nameHelp, required: false, secret: false, pattern: null, placeholder: null, default: null, choices: null, help_url: null });
