// The screens of a sign-in under way: waiting for the other window, leaving in this tab, finishing, window kept shut.

import { element, icon, logo } from "../dom.js";
import { messages } from "../messages.js";
import { linkButton, secondaryButton } from "../modal.js";

export function journey({ app, appPicture, service, serviceLogo }) {
  const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  return element("div", { class: "pair pair-moving" }, logo(app, appPicture, "logo-large"), dots, logo(service, serviceLogo, "logo-large"));
}

/** Waiting for the other window. The result has `closed()` and `code(text)` for what becomes known later. */
export function showWaiting(modal, { who, onReopen, onOther, onCancel }) {
  const { service } = who;
  const card = element("div", { class: "code-card", hidden: true });
  const hint = element("div", { class: "quiet waiting-hint" }, element("p", { text: messages.waiting.noWindow }), element("p", { class: "waiting-ways" }, linkButton(messages.waiting.reopen, onReopen), linkButton(messages.waiting.other, onOther)));
  modal.show({
    name: "waiting",
    title: messages.waiting.title({ service }),
    before: [journey(who)],
    lead: messages.waiting.text({ service }),
    body: [card, hint],
    actions: [secondaryButton(messages.waiting.cancel, onCancel)],
    centred: true,
  });
  return {
    closed() {
      hint.firstChild.textContent = messages.waiting.closed({ service });
      modal.announce(messages.waiting.closed({ service }));
    },
    code(text) {
      if (!card.hidden || !text) return;
      card.replaceChildren(
        element("p", { class: "code-title", text: messages.waiting.codeTitle }),
        element("p", { class: "code", "aria-label": messages.waiting.codeLabel({ code: Array.from(text).join(" ") }) }, Array.from(text).map((letter) => element("span", { text: letter }))),
        element("p", { class: "quiet", text: messages.waiting.codeText }),
      );
      card.hidden = false;
      modal.announce(`${messages.waiting.codeTitle}. ${messages.waiting.codeLabel({ code: Array.from(text).join(" ") })}`);
    },
  };
}

export function showVerifying(modal, { who, customer = false, onClose }) {
  modal.show({
    name: "verifying",
    title: customer ? messages.verifying.customerTitle({ app: who.app }) : messages.verifying.title({ service: who.service }),
    before: [journey(who)],
    lead: customer ? messages.verifying.customerText : messages.verifying.text,
    centred: true,
    slow: { label: messages.loading.giveUp, run: onClose },
  });
}

/** Leaving in this tab. */
export function showRedirecting(modal, { who }) {
  modal.show({ name: "redirecting", title: messages.redirecting.title({ service: who.service }), before: [journey(who)], lead: messages.redirecting.text, centred: true });
}

/** The tab did not move. Gives its link, as `showBlocked` does. */
export function showStuck(modal, { address }) {
  const here = topLink(messages.redirecting.here, address, "button button-primary");
  modal.show({
    name: "stuck",
    title: messages.redirecting.stuckTitle,
    before: [sign("app-window")],
    lead: messages.redirecting.stuckText,
    actions: [here],
    centred: true,
  });
  return [here];
}

/**
 * The window did not open (`blocked`), or the person wants another way (`ways`): two real links, so that the browser sees
 * the person's own click. `onHere` may stop the second link's own way (when the page around us can move itself).
 */
export function showBlocked(modal, { who, name = "blocked", address, onOpened, onHere, onCancel }) {
  const open = element("a", { class: "button button-primary", href: address, target: "_blank", rel: "opener", on: { click: () => setTimeout(onOpened, 0) } }, element("span", { class: "button-label", text: messages.blocked.open }), icon("external-link"));
  const here = topLink(messages.blocked.here, address, "button button-secondary");
  here.addEventListener("click", onHere);
  modal.show({
    name,
    title: messages[name].title,
    before: [sign("app-window")],
    lead: messages[name].text({ service: who.service }),
    actions: [open, here, linkButton(messages.waiting.cancel, onCancel)],
    centred: true,
    focus: open,
  });
  return [open, here];
}

/** Check mode: the page came back from the service, the outcome is on its way. */
export function showChecking(modal, { onClose }) {
  modal.show({ name: "verifying", title: messages.check.title, before: [sign("clock")], lead: messages.check.text, centred: true, slow: { label: messages.loading.giveUp, run: onClose } });
}

export function topLink(label, address, kind) {
  return element("a", { class: kind, href: address, target: "_top" }, element("span", { class: "button-label", text: label }));
}

export function sign(name, tone = "") {
  return element("span", { class: `sign ${tone}`.trim(), "aria-hidden": "true" }, icon(name, 20));
}
