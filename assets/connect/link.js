// /connect/link: a link to reconnect, opened by itself. Looking spends nothing; the button opens the session, and the
// path goes on as in the modal.

import { ApiError, openLink, peekLink } from "./api.js";
import { page } from "./brand.js";
import { Connect } from "./connect.js";
import { element, icon, logo, safeName } from "./dom.js";
import { around, messages, problem } from "./messages.js";
import { Modal, primaryButton, setBusy } from "./modal.js";
import { readOptions } from "./payload.js";
import { showLoading } from "./screens/loading.js";
import { showFailure } from "./screens/outcome.js";

const stage = document.getElementById("latchkey");

/** Stands where the page around the modal stands elsewhere: it brings sessions, and there is nobody to tell. */
class LinkPage {
  #secret;
  #first;
  #onExit;

  constructor(secret, first, onExit) {
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

  success() {}

  failure() {}

  redirect() {}

  exit() {
    this.#onExit();
  }
}

page.readOptions = readOptions;

async function run() {
  const secret = location.hash.slice(1);
  // Out of the address before anything is asked; a reload asks for the mail again.
  history.replaceState(null, "", location.pathname);
  let close = () => {};
  const modal = new Modal(stage, { onClose: () => close() });
  modal.setClosable(false);
  modal.setBrand({ name: "", picture: null, test: false, whiteLabel: true });
  const stop = showLoading(modal, stage, { shape: "form", text: messages.link.loading, onGiveUp: () => location.reload() });
  let view;
  try {
    view = await peekLink(secret);
  } catch (error) {
    return failed(modal, error);
  } finally {
    stop();
  }
  draw(modal, view, secret, (connect) => {
    modal.setClosable(true);
    close = () => connect.close();
  });
}

function draw(modal, view, secret, onBegin) {
  const app = safeName(view.app.name, messages.brand.fallbackApp);
  const service = safeName(view.service.name);
  page.project = app;
  page.logo = view.app.logo_url;
  page.darkLogo = view.app.logo_dark_url;
  page.whiteLabel = view.white_label;
  page.brandWith(view.branding, null);
  showIcon(view.branding?.favicon_url);
  const picture = page.picture(page.logo, page.darkLogo);
  document.title = messages.link.title({ service });
  modal.setBrand({ name: app, picture, test: view.environment === "test", whiteLabel: view.white_label, branding: view.branding });
  const button = primaryButton(messages.link.title({ service }), async () => {
    if (button.disabled) return;
    setBusy(button, messages.link.opening);
    let first;
    try {
      first = await openLink(secret);
    } catch (error) {
      return failed(modal, error, () => draw(modal, view, secret, onBegin));
    }
    const around = new LinkPage(secret, first, () => closed(modal, app));
    const connect = new Connect({ stage, modal, embedder: around, page });
    onBegin(connect);
    addEventListener("pageshow", (event) => event.persisted && connect.restore());
    await connect.begin({ linkTokenEndpoint: null, linkHeaders: {}, ...readOptions({}) });
  });
  const fact = (name, message, text) => text && element("div", { class: "fact" }, icon(name), element("span", {}, around(message, element("bdi", { class: "strong", text }))));
  const owner = fact("user-round", (name) => messages.explain.owner({ owner: name }), safeName(view.owner));
  const account = fact("plug", (name) => messages.link.account({ account: name }), safeName(view.account));
  const same = view.account && element("div", { class: "fact" }, icon("shield-check"), element("span", { text: messages.link.same }));
  modal.show({
    name: "link",
    title: messages.link.title({ service }),
    before: [element("div", { class: "pair" }, logo(app, picture, "logo-large"), element("span", { class: "pair-link" }, icon("arrow-left-right")), logo(service, view.service.logo, "logo-large"))],
    lead: view.failed ? messages.link.failed({ app, service }) : messages.link.expiring({ app, service }),
    body: [element("div", { class: "about" }, owner, account, same)],
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

function closed(modal, app) {
  modal.setClosable(false);
  showFailure(modal, { name: "closed", title: messages.link.closedTitle, text: messages.link.closed({ app }), icon: "check", actions: [] });
}

function failed(modal, error, retry = null) {
  if (!(error instanceof ApiError)) throw error;
  stage.hidden = false;
  const { link } = messages;
  const ends = { link_used: [link.usedTitle, link.used, "check"], link_expired: [link.overTitle, link.expired, "clock"], link_deleted: [link.overTitle, link.deleted, "ban"] };
  const incomplete = error.status === 404 || error.status === 400;
  const end = incomplete ? [link.incompleteTitle, link.incomplete, "circle-alert"] : ends[error.key];
  const over = Boolean(end);
  const [title, text, sign] = end ?? [messages.failure.serverTitle, error.status >= 500 ? messages.failure.server : problem(error.key, messages.brand.fallbackService, error.message), "circle-alert"];
  const actions = over ? [] : [{ label: messages.failure.retry, run: retry ?? (() => location.reload()) }];
  showFailure(modal, { name: error.key === "link_used" ? "used" : "over", title, text, reference: over ? null : error.reference, icon: sign, actions });
}

run();
