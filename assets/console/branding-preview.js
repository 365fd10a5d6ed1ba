// The modal with looks that nobody has saved: its real screens, shown one at a time. There is no session, nothing is called,
// and what is pressed does nothing. The page around it says which looks, which screen and which scheme.

import { page } from "../connect/brand.js";
import { messages } from "../connect/messages.js";
import { Modal } from "../connect/modal.js";
import { showFailure, showSuccess } from "../connect/screens/outcome.js";
import { showPick } from "../connect/screens/pick.js";
import { showWaiting } from "../connect/screens/progress.js";
import { showService } from "../connect/screens/service.js";

const root = document.documentElement;
const nothing = () => {};
const services = JSON.parse(root.dataset.services).map((service) => ({ ...service, categories: [], aliases: [], accounts: [], connected: 0, auth: [] }));
const [first = { id: "service", name: "Service", logo: null }] = services;
const keyed = services.find(({ id }) => id === "stripe") ?? first;

// The person is in the form beside this: screens take the focus from nobody.
HTMLElement.prototype.focus = nothing;

const modal = new Modal(document.getElementById("latchkey"), { onClose: nothing });
const shown = { draft: JSON.parse(root.dataset.draft), state: "pick", theme: null };

/** What only a service's definition says. */
const access = ["Read your messages and settings", "Send messages for you"];
const form = (service, kind, fields) => ({ name: service.name, auth: { id: kind, kind, title: "" }, methods: [], fields, access: fields.length > 0 ? [] : access, unexplained: [], docs: null });
const secret = { name: "api_key", label: "Secret key", help: null, help_url: null, secret: true, pattern: null, placeholder: null, required: true, default: null, choices: null };

function draw() {
  const { draft, state, theme } = shown;
  const { looks } = draft;
  root.style.cssText = "";
  delete root.dataset.theme;
  page.setTheme(looks.theme ?? theme);
  page.brandWith(looks, true);
  const app = draft.name;
  const appPicture = page.picture(looks.logo_url, looks.logo_dark_url);
  const who = { app, appPicture, service: first.name, serviceLogo: first.logo };
  modal.setBrand({ name: app, picture: appPicture, test: false, whiteLabel: draft.whiteLabel, branding: looks });
  const service = (of, made) => showService(modal, { form: made, integration: of, app, appPicture, owner: "Ann Lee", reconnect: null, keeper: draft.whiteLabel ? null : messages.brand.keeper, own: page.words("explain"), branding: looks, typed: undefined, showNameInput: false, sameTab: false, onConnect: nothing, onMethod: nothing, back: nothing });
  if (state === "explain") service(first, form(first, "oauth2", []));
  else if (state === "form") service(keyed, form(keyed, "api_key", [secret]));
  else if (state === "waiting") showWaiting(modal, { who, onReopen: nothing, onOther: nothing, onCancel: nothing });
  else if (state === "success") showSuccess(modal, { service: first.name, app, owner: "Ann Lee", account: "ann@example.com", missing: [], own: page.words("success"), onDone: nothing, onRest: null, onAnother: nothing });
  else if (state === "error") showFailure(modal, { title: messages.failure.title({ service: first.name }), text: messages.failure.denied({ service: first.name, app }), icon: "ban", actions: [{ label: messages.failure.retry, run: nothing }] });
  else showPick(modal, { title: page.words("title"), lead: page.words("lead"), app, integrations: services, remembered: { query: "", category: null, chosen: null }, own: 0, onOwn: nothing, onPick: nothing });
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin || source !== window.parent || data?.preview !== 1) return;
  if (data.draft) shown.draft = data.draft;
  shown.state = data.state;
  shown.theme = data.theme;
  draw();
});
// The modal keeps the focus in itself; here Tab goes on to the rest of the page.
addEventListener("keydown", (event) => event.stopImmediatePropagation(), { capture: true });
// Links lead nowhere from here.
addEventListener("click", (event) => event.target.closest("a") && event.preventDefault(), { capture: true });

draw();
window.parent.postMessage({ preview: 1 }, location.origin);
