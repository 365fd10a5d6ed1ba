// Inside the browser of another app, which many services refuse: say so, and lead to a real one.

import { copyText } from "../copy.js";
import { element } from "../dom.js";
import { messages } from "../messages.js";
import { linkButton, primaryButton } from "../modal.js";
import { sign, topLink } from "./progress.js";

/** `address` is what to open in that other browser. */
export function showWebView(modal, { who, address, onAnyway, back }) {
  const { service, app } = who;
  const copy = primaryButton(messages.webview.copy, () => copyText(address, copy.querySelector(".button-label"), messages.webview.copied));
  const link = systemBrowserLink(address);
  const open = link && topLink(messages.webview.open, link, "button button-primary");
  modal.show({
    name: "webview",
    title: messages.webview.title({ service }),
    before: [sign("app-window")],
    lead: messages.webview.text({ service, app }),
    body: !open && element("p", { class: "note address", text: address }),
    actions: [open ?? copy, linkButton(messages.webview.anyway, onAnyway)],
    centred: true,
    back,
    focus: open ?? copy,
  });
}

/** A link that Android opens in the system's browser; null elsewhere, where no link can. */
function systemBrowserLink(address, agent = navigator.userAgent) {
  const { protocol, host, pathname, search, hash } = new URL(address);
  // What follows the last `#` is Android's own, so the address must have none.
  return /Android/.test(agent) && !hash ? `intent://${host}${pathname}${search}#Intent;scheme=${protocol.slice(0, -1)};action=android.intent.action.VIEW;end` : null;
}
