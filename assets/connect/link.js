// /connect/link: a link to reconnect, opened by itself. Looking spends nothing; the button opens the session, and the
// path goes on as in the modal.

import { ApiError, openLink, peekLink } from "./api.js";
import { Connect } from "./connect.js";
import { element, icon, logo, safeName } from "./dom.js";
import { messages } from "./messages.en.js";
import { Modal, primaryButton, setBusy } from "./modal.js";
import { readOptions } from "./payload.js";
import { showLoading } from "./screens/loading.js";
import { showFailure } from "./screens/outcome.js";

const root = document.documentElement;
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

const page = {
  project: "",
  logo: null,
  whiteLabel: false,
  readOptions,
  setTheme(theme) {
    if (theme) root.dataset.theme = theme;
  },
  brandWith(branding, chosenTheme) {
    if (!chosenTheme && branding?.theme) this.setTheme(branding.theme);
    if (/^#[0-9a-f]{6}$/i.test(branding?.accent ?? "")) root.style.setProperty("--brand", branding.accent);
  },
};

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
  page.whiteLabel = view.white_label;
  page.brandWith(view.branding, null);
  document.title = messages.link.title({ service });
  modal.setBrand({ name: app, picture: view.app.logo_url, test: view.environment === "test", whiteLabel: view.white_label });
  const button = primaryButton(messages.link.button({ service }), async () => {
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
  const fact = (name, label, text) => text && element("div", { class: "fact" }, icon(name), element("span", {}, `${label} `, element("bdi", { class: "strong", text })));
  modal.show({
    name: "link",
    title: messages.link.title({ service }),
    before: [element("div", { class: "pair" }, logo(app, view.app.logo_url, "logo-large"), element("span", { class: "pair-link" }, icon("arrow-left-right")), logo(service, view.service.logo, "logo-large"))],
    lead: view.failed ? messages.link.failed({ app, service }) : messages.link.expiring({ app, service }),
    body: [element("div", { class: "about" }, fact("user-round", messages.explain.owner, safeName(view.owner)), fact("plug", messages.link.account, safeName(view.account)), view.account && element("div", { class: "fact" }, icon("shield-check"), element("span", { text: messages.link.same })))],
    actions: [button],
    focus: button,
  });
}

function closed(modal, app) {
  modal.setClosable(false);
  showFailure(modal, { name: "closed", title: messages.link.closedTitle, text: messages.link.closed({ app }), icon: "check", actions: [] });
}

function failed(modal, error, retry = null) {
  if (!(error instanceof ApiError)) throw error;
  stage.hidden = false;
  const over = error.status === 404 || error.status === 410 || error.status === 400;
  const title = error.key === "link_used" ? messages.link.usedTitle : over ? messages.link.overTitle : messages.failure.serverTitle;
  const text = error.status === 400 ? messages.link.incomplete : error.status >= 500 ? messages.failure.server : error.message;
  const actions = over ? [] : [{ label: messages.failure.retry, run: retry ?? (() => location.reload()) }];
  showFailure(modal, { name: error.key === "link_used" ? "used" : "over", title, text, reference: over ? null : error.reference, icon: error.key === "link_used" ? "check" : "clock", actions });
}

run();
