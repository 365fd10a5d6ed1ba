// The frame of every screen: header, body, foot, focus and announcements. Screens hand over their parts.

import { element, icon, logo } from "./dom.js";
import { language, messages, sentence } from "./messages.js";

// A second click of a double click that comes this soon belongs to the screen that was there before.
const settleTime = 500;
const slowAfter = 8000;

export class Modal {
  #dialog;
  #back;
  #close;
  #brand;
  #tag;
  #body;
  #foot;
  #live;
  #secured;
  #offline;
  #shownAt = 0;
  #slow = 0;
  #onClose;
  #onBack = null;
  #onKey = null;
  #cleanup = null;

  constructor(stage, { onClose }) {
    this.#onClose = onClose;
    this.#back = element("button", { class: "icon-button", type: "button", "aria-label": messages.brand.back, on: { click: () => this.#onBack?.() } }, icon("arrow-left", 20));
    this.#brand = element("div", { class: "brand" });
    this.#tag = element("span", { class: "tag", text: messages.brand.test, hidden: true });
    this.#close = element("button", { class: "icon-button", type: "button", "aria-label": messages.brand.close, on: { click: () => this.#onClose() } }, icon("x", 20));
    this.#body = element("div", { class: "modal-body" });
    this.#foot = element("div", { class: "modal-actions" });
    this.#secured = element("div", { class: "secured" });
    this.#live = element("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    this.#offline = element("p", { class: "offline", role: "status", hidden: true }, icon("circle-alert"), element("span", { text: messages.offline.text }));
    this.#dialog = element(
      "section",
      { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": "screen-title", "aria-describedby": "screen-lead", tabindex: "-1", lang: language },
      element("header", { class: "modal-header" }, this.#back, this.#brand, this.#tag, this.#close),
      this.#body,
      this.#offline,
      element("footer", { class: "modal-foot" }, this.#foot, this.#secured),
    );
    stage.replaceChildren(this.#dialog, this.#live);
    document.addEventListener("keydown", (event) => this.#keydown(event));
    this.#dialog.addEventListener("click", (event) => this.#settle(event), { capture: true });
    const online = () => (this.#offline.hidden = navigator.onLine);
    for (const type of ["online", "offline"]) addEventListener(type, online);
    online();
    // A line above the foot while there is more to read below it.
    const mark = () => this.#dialog.classList.toggle("has-more", this.#body.scrollHeight - this.#body.scrollTop - this.#body.clientHeight > 4);
    this.#body.addEventListener("scroll", mark, { passive: true });
    new ResizeObserver(mark).observe(this.#body);
    new MutationObserver(mark).observe(this.#body, { childList: true, subtree: true, attributeFilter: ["hidden"] });
  }

  /** Who asks: the customer's logo and name. */
  setBrand({ name, picture, test, whiteLabel, branding = {} }) {
    this.#brand.replaceChildren(...(name ? [logo(name, picture, "logo-small"), element("span", { class: "brand-name", text: name })] : []));
    this.#tag.hidden = !test;
    const line = !whiteLabel && element("span", { class: "secured-by" }, icon("lock"), element("span", { text: messages.brand.secured }));
    this.#secured.replaceChildren(...[line, ...policies(branding)].filter(Boolean));
    this.#secured.hidden = this.#secured.childElementCount === 0;
  }

  get state() {
    return this.#dialog.dataset.state;
  }

  /**
   * Shows a screen. `name` is its state; `title` heads it; `body` and `actions` are nodes; `centred` puts a short text
   * into the middle; `back`, `onKey` and `cleanup` are functions; `focus` is the node to focus, else the title; `slow` is
   * `{ label, run }`, a way out that is offered after 8 s.
   */
  show({ name, title, before = [], lead = null, body = [], actions = [], centred = false, back = null, focus = null, onKey = null, cleanup = null, announce = null, hideTitle = false, slow = null }) {
    clearTimeout(this.#slow);
    this.#cleanup?.();
    this.#cleanup = cleanup;
    this.#onBack = back;
    this.#onKey = onKey;
    this.#dialog.dataset.state = name;
    this.#shownAt = performance.now();
    this.#dialog.classList.toggle("modal-centred", centred);
    this.#back.hidden = back === null;
    const heading = element("h1", { id: "screen-title", class: hideTitle ? "visually-hidden" : "screen-title", tabindex: "-1", text: sentence(title) });
    this.#body.replaceChildren(
      element("div", { class: "screen" }, before, heading, lead && element("p", { class: "lead", id: "screen-lead" }, typeof lead === "string" ? sentence(lead) : lead), body),
    );
    this.#body.scrollTop = 0;
    this.#dialog.scrollTop = 0;
    this.#foot.replaceChildren(...[actions].flat().filter(Boolean));
    (focus ?? heading).focus({ preventScroll: true });
    this.announce(announce ?? "");
    if (slow) this.#slow = setTimeout(() => this.offer(slow), slowAfter);
  }

  /** A way out of a wait that has become long, at the foot of the screen. */
  offer({ label, run }) {
    const line = element("p", { class: "quiet slow", text: messages.loading.slow });
    this.#foot.append(line, secondaryButton(label, run));
    this.announce(messages.loading.slow);
  }

  announce(text) {
    this.#live.textContent = text;
  }

  /** Without a known page around us there is nobody to tell that this may go. */
  setClosable(closable) {
    this.#close.hidden = !closable;
  }

  #settle(event) {
    if (event.detail < 2 || performance.now() - this.#shownAt > settleTime) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #keydown(event) {
    if (event.key === "Tab") this.#keepFocus(event);
    else if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      if (this.#onKey?.(event)) return;
      if (!this.#close.hidden) this.#onClose();
    } else this.#onKey?.(event);
  }

  #keepFocus(event) {
    const stops = [...this.#dialog.querySelectorAll("a[href], button, input, select, textarea")].filter(
      (node) => !node.disabled && node.tabIndex >= 0 && node.getClientRects().length > 0,
    );
    if (stops.length === 0) return;
    const inside = stops.indexOf(document.activeElement);
    const leaves = event.shiftKey ? inside <= 0 : inside === stops.length - 1;
    if (!leaves) return;
    event.preventDefault();
    stops.at(event.shiftKey ? -1 : 0).focus();
  }
}

/** The one main action of a screen. `busy` is said while the click is being worked on. */
export function primaryButton(label, onClick, { trailing = null, type = "button", form = null } = {}) {
  const button = element("button", { class: "button button-primary", type, form }, element("span", { class: "button-label", text: label }), trailing && icon(trailing));
  if (onClick) button.addEventListener("click", onClick);
  return button;
}

export function secondaryButton(label, onClick) {
  return element("button", { class: "button button-secondary", type: "button", text: label, on: { click: onClick } });
}

export function linkButton(label, onClick) {
  return element("button", { class: "link-button", type: "button", text: label, on: { click: onClick } });
}

/** A link to a page elsewhere, in its own tab, that learns nothing about us. Null for an address that is no page. */
export function outsideLink(label, address, accessibleName = null) {
  if (!/^https?:\/\//i.test(address ?? "")) return null;
  return element("a", { class: "link", href: address, target: "_blank", rel: "noopener noreferrer", "aria-label": accessibleName }, label, icon("external-link"));
}

/** Links to the customer's privacy policy and terms. */
export function policies(branding) {
  const link = (label, address) => /^https:/.test(address ?? "") && element("a", { class: "policy", href: address, target: "_blank", rel: "noopener noreferrer", text: label });
  return [link(messages.brand.privacy, branding?.privacy_url), link(messages.brand.terms, branding?.terms_url)].filter(Boolean);
}

/** Makes a button show that its click is being worked on. It keeps the focus, so it is not disabled for the browser. */
export function setBusy(button, label) {
  button.setAttribute("aria-disabled", "true");
  button.classList.add("is-busy");
  const text = button.querySelector(".button-label") ?? button;
  text.textContent = label;
}
