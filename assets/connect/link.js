// /connect/link: a link, opened by itself. Looking spends nothing; the button opens the session, and the path goes on as
// in the modal, or leads to the person's own connections.

import { ApiError, openLink, peekLink, unreached } from "./api.js";
import { page } from "./brand.js";
import { offerClosing } from "./closing.js";
import { Connect } from "./connect.js";
import { element, icon, logo, safeName } from "./dom.js";
import { around, messages, problem } from "./messages.js";
import { Modal, primaryButton, setBusy } from "./modal.js";
import { readOptions } from "./payload.js";
import { showChoose, showChooseElsewhere } from "./screens/choose.js";
import { showCode } from "./screens/code.js";
import { showLoading } from "./screens/loading.js";
import { showFailure } from "./screens/outcome.js";
import { OwnConnections } from "./screens/own.js";
import { showWebView } from "./screens/webview.js";

const stage = document.getElementById("latchkey");

/** Stands where the page around the modal stands elsewhere: it brings sessions, and there is nobody to tell. */
class LinkPage {
  /** The link itself, for a browser in which it works. */
  address;
  /** Whether anything came of it. */
  connected = false;
  #secret;
  #first;
  #onExit;

  constructor(secret, first, onExit) {
    this.address = `${location.href}#${secret}`;
    this.#secret = secret;
    this.#first = first;
    this.#onExit = onExit;
  }

  get origin() {
    return null;
  }

  get hasPort() {
    return true;
  }

  async nextToken() {
    const opened = this.#first ?? (await openLink(this.#secret));
    this.#first = null;
    return { type: "token", requestId: opened.requestId };
  }

  success() {
    this.connected = true;
  }

  failure() {}

  redirect() {}

  exit() {
    this.#onExit();
  }
}

Object.assign(page, {
  /** A link to one's own connections leads nowhere else. */
  ownOnly: false,
  /** A link makes one connection. */
  once: true,
  service: null,
  readOptions: (options) => readOptions({ ...options, selectedConnection: page.service }),
  later: async () => ({ OwnConnections, showChoose, showChooseElsewhere, showCode, showWebView }),
});

function run() {
  const secret = location.hash.slice(1) || history.state?.secret || "";
  // Out of the address before anything is asked: there it could be read over a shoulder, copied, and kept in lists of pages.
  // The state of this entry has it for a reload. Only pages of our origin read that, in this tab, with which it goes; no
  // request carries it. Who can read it there could have read the address before.
  history.replaceState({ secret }, "", location.pathname + location.search);
  let close = () => {};
  const modal = new Modal(stage, { onClose: () => close() });
  modal.setClosable(false);
  modal.setBrand({ name: "", picture: null, test: false, whiteLabel: true });
  look(modal, secret, (connect) => {
    modal.setClosable(true);
    close = () => connect.close();
  });
}

/** Asks what the link is about, which spends nothing. */
async function look(modal, secret, onBegin) {
  let giveUp;
  const givenUp = new Promise((_, reject) => (giveUp = () => reject(unreached())));
  const stop = showLoading(modal, stage, { shape: "form", text: messages.link.loading, onGiveUp: giveUp });
  let view;
  try {
    view = await Promise.race([peekLink(secret), givenUp]);
  } catch (error) {
    return failed(modal, error, () => look(modal, secret, onBegin));
  } finally {
    stop();
  }
  draw(modal, view, secret, onBegin);
}

/** What the link is for, in its words. */
function wordsOf({ purpose, reconnect, inviter }, app, service) {
  const { link } = messages;
  if (purpose === "manage") return { title: link.manageTitle({ app }), lead: link.manageLead({ app }), button: messages.manage.back };
  if (reconnect) {
    const lead = reconnect.failed ? link.failed({ app, service }) : reconnect.mailed ? link.expiring({ app, service }) : link.reconnect({ app, service });
    return { title: link.title({ service }), lead, button: link.title({ service }) };
  }
  const from = safeName(inviter);
  if (service) return { title: link.connectTitle({ app, service }), lead: from ? link.invited({ inviter: from, app, service }) : link.asked({ app, service }), button: link.continue({ service }) };
  return { title: link.connectAnyTitle({ app }), lead: from ? link.invitedAny({ inviter: from, app }) : link.askedAny({ app }), button: messages.pick.title };
}

function draw(modal, view, secret, onBegin) {
  const app = safeName(view.app.name, messages.brand.fallbackApp);
  const service = view.service && safeName(view.service.name, view.service.id);
  const words = wordsOf(view, app, service);
  page.project = app;
  page.logo = view.app.logo_url;
  page.darkLogo = view.app.logo_dark_url;
  page.whiteLabel = view.white_label;
  page.service = view.service?.id ?? null;
  page.ownOnly = view.purpose === "manage";
  page.brandWith(view.branding, null);
  showIcon(view.branding?.favicon_url);
  const picture = page.picture(page.logo, page.darkLogo);
  document.title = words.title;
  modal.setBrand({ name: app, picture, test: view.environment === "test", whiteLabel: view.white_label, branding: view.branding });
  const button = primaryButton(words.button, async () => {
    if (button.ariaDisabled === "true") return;
    setBusy(button, messages.link.opening);
    let first;
    try {
      first = await openLink(secret);
    } catch (error) {
      return failed(modal, error, () => draw(modal, view, secret, onBegin));
    }
    const around = new LinkPage(secret, first, () => closed(modal, app, view.app.home_url, around.connected));
    const connect = new Connect({ stage, modal, embedder: around, page });
    onBegin(connect);
    addEventListener("pageshow", (event) => event.persisted && connect.restore());
    await connect.begin({ linkTokenEndpoint: null, linkHeaders: {}, ...page.readOptions({}) });
  });
  const plain = (name, text) => element("div", { class: "fact" }, icon(name), element("span", { text }));
  const fact = (name, message, text) => text && element("div", { class: "fact" }, icon(name), element("span", {}, around(message, element("bdi", { class: "strong", text }))));
  const { reconnect } = view;
  const whose = view.purpose === "manage" ? messages.link.of : messages.explain.owner;
  const owner = fact("user-round", (name) => whose({ owner: name }), safeName(view.owner));
  const account = fact("plug", (name) => messages.link.account({ account: name }), safeName(reconnect?.account));
  const same = reconnect?.account && plain("shield-check", messages.link.same);
  // Who gets a link of somebody else must not go on in their name.
  const warning = !reconnect && view.owner && plain("shield-check", messages.link.notYou);
  const once = !reconnect && view.purpose === "connect" && plain("clock", messages.link.once);
  const pair = service && element("div", { class: "pair" }, logo(app, picture, "logo-large"), element("span", { class: "pair-link" }, icon("arrow-left-right")), logo(service, view.service.logo, "logo-large"));
  const several = view.services.length > 0 && element("ul", { class: "link-services" }, view.services.map(({ id, name, logo: picture }) => element("li", {}, logo(safeName(name, id), picture, "logo-small"), element("span", { text: safeName(name, id) }))));
  modal.show({
    name: view.purpose === "manage" ? "link-manage" : reconnect ? "link" : "link-connect",
    title: words.title,
    before: [pair],
    lead: words.lead,
    body: [several, element("div", { class: "about" }, owner, account, same, warning, once)],
    actions: [button],
    focus: button,
  });
}

/** Which link it is says the script alone, so the icon comes with it. */
function showIcon(address) {
  if (!address) return;
  document.head.querySelector("link[rel=icon]")?.remove();
  document.head.append(element("link", { rel: "icon", href: address }));
}

function closed(modal, app, address, connected) {
  modal.setClosable(false);
  showFailure(modal, { name: "closed", title: messages.link.closedTitle, text: messages.link.closed({ app }), icon: connected ? "check" : "app-window", actions: [wayOut(app, address)].filter(Boolean) });
}

function failed(modal, error, retry) {
  if (!(error instanceof ApiError)) throw error;
  stage.hidden = false;
  const { link } = messages;
  const again = error.meta?.reconnects;
  const ends = {
    link_used: [link.usedTitle, again ? link.used : link.usedOnce, "check"],
    link_revoked: [link.overTitle, link.revoked, "ban"],
    link_expired: [link.overTitle, again ? link.expired : link.ended, "clock"],
    link_deleted: [link.overTitle, link.deleted, "ban"],
  };
  const incomplete = error.status === 404 || error.status === 400;
  const end = incomplete ? [link.incompleteTitle, link.incomplete, "circle-alert"] : ends[error.key];
  const [title, text, sign] = end ?? [messages.failure.serverTitle, error.status >= 500 ? messages.failure.server : problem(error.key, messages.brand.fallbackService, error.message), "circle-alert"];
  const app = safeName(error.meta?.app);
  document.title = title;
  modal.setBrand({ name: app, picture: null, test: false, whiteLabel: error.meta?.white_label ?? page.whiteLabel });
  const names = { link_used: "used", link_revoked: "revoked", link_expired: "over" };
  const way = end ? wayOut(app, error.meta?.home_url) : { label: messages.failure.retry, run: retry };
  showFailure(modal, { name: names[error.key] ?? (incomplete ? "unknown" : "over"), title, text, reference: end ? null : error.reference, icon: sign, actions: way ? [way] : [] });
}

/** Back to the app that the link is of; where that is not known, the window may close. */
function wayOut(app, address) {
  if (app && /^https?:/.test(address ?? "")) return { node: element("a", { class: "button button-primary", href: address }, element("span", { class: "button-label", text: messages.link.back({ app }) })) };
  const node = primaryButton(messages.link.close, null);
  offerClosing(node);
  return node.hidden ? null : { node };
}

run();
