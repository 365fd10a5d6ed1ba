// A sign-in with a code: the person enters it on the service's page, on this device or on another.

import { copyText } from "../copy.js";
import { element, icon, safeName } from "../dom.js";
import { messages } from "../messages.js";
import { linkButton, secondaryButton } from "../modal.js";
import { journey } from "./progress.js";

const lastMinute = 60;

/**
 * `code` is what the service gave: `{ user_code, verification_uri, verification_uri_complete, expires_in }`. `onOver` is called
 * when its time is over: what became of it says the server.
 */
export function showCode(modal, { who, code, onOver, onCancel }) {
  const { service } = who;
  const text = safeName(code.user_code);
  const over = performance.now() + code.expires_in * 1000;
  const said = element("span", { class: "visually-hidden", role: "status" });
  const copy = linkButton(messages.code.copy, () => copyText(text, copy, messages.code.copied).then(() => (said.textContent = copy.textContent)));
  const left = element("span", {});
  const address = page(code.verification_uri_complete) ?? page(code.verification_uri);
  const open = address && element("a", { class: "button button-primary", href: address, target: "_blank", rel: "noopener noreferrer" }, element("span", { class: "button-label", text: messages.code.open({ service }) }), icon("external-link"));

  let warned = code.expires_in <= lastMinute;
  function tick() {
    const seconds = Math.max(0, Math.ceil((over - performance.now()) / 1000));
    left.textContent = messages.code.left({ time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` });
    if (seconds <= lastMinute && !warned) {
      warned = true;
      modal.announce(messages.code.minute);
    }
    if (seconds > 0) return;
    clearInterval(timer);
    onOver();
  }
  const timer = setInterval(tick, 1000);
  tick();

  modal.show({
    name: "code",
    title: messages.code.title({ service }),
    before: [journey(who)],
    lead: messages.code.text({ service }),
    body: [
      element("div", { class: "code-card" }, element("p", { class: "user-code" }, element("code", { "aria-hidden": "true", text }), element("span", { class: "visually-hidden", text: messages.waiting.codeLabel({ code: Array.from(text).join(" ") }) })), copy, said),
      element("div", { class: "quiet waiting-hint" }, element("p", { class: "typed-address" }, messages.code.elsewhere({ address: typed(code.verification_uri) })), element("p", { class: "time-left" }, icon("clock"), left)),
    ],
    actions: [open, secondaryButton(messages.waiting.cancel, onCancel)],
    centred: true,
    focus: open,
    announce: messages.waiting.codeLabel({ code: Array.from(text).join(" ") }),
    cleanup: () => clearInterval(timer),
  });
}

/** A page of the web, or null: the server lets no other address through, and a link runs what it is given. */
function page(address) {
  return /^https?:\/\//i.test(address ?? "") ? address : null;
}

/** The address as one types it. */
function typed(address) {
  return String(address ?? "").replace(/^https:\/\//, "").replace(/\/$/, "");
}
