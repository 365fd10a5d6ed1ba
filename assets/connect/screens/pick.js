// The list of services: a search field that drives a list box, so that letters, arrows and Enter work from anywhere.

import { element, icon, logo } from "../dom.js";
import { findIntegrations } from "../match.js";
import { around, language, messages } from "../messages.js";
import { linkButton, primaryButton, secondaryButton } from "../modal.js";
import { makeList, rowText } from "./list.js";

const fewestForChips = 6;

/** `remembered` keeps query, category and chosen service while the person looks at a service and comes back. */
export function showPick(modal, { title, lead, app, integrations, remembered, own, onOwn, onPick }) {
  const { compare } = new Intl.Collator(language);
  const all = [...integrations].sort((a, b) => compare(a.name, b.name));
  const chips = makeChips(all, remembered, () => list.draw());
  const list = makeList({
    id: "services",
    label: messages.pick.list,
    searchLabel: messages.pick.search,
    query: remembered.query,
    find: (query) => findIntegrations(remembered.category ? all.filter((integration) => integration.categories.includes(remembered.category)) : all, query),
    makeRow,
    onQuery: (query, shown) => {
      remembered.query = query;
      modal.announce(messages.pick.results({ count: shown.length }));
    },
    onClear: () => chips.choose(null),
    onChoose: (integration) => {
      remembered.chosen = integration;
      onPick(integration);
    },
  });
  modal.show({
    name: "pick",
    title: title ?? messages.pick.title,
    lead: lead ?? messages.pick.lead({ app }),
    body: [element("div", { class: "pick-tools" }, list.searchField, chips.node, own > 0 && linkButton(messages.pick.own({ count: own }), onOwn)), list.parts],
    // On a touch screen the keyboard would cover the list before anybody asked for it.
    focus: matchMedia("(pointer: coarse)").matches ? null : list.keeper,
    onKey: list.onKey,
    cleanup: list.cleanup,
  });
  list.returnTo(remembered.chosen);
}

function makeRow(integration, index) {
  const mark = integration.connected > 1 ? messages.pick.connectedCount({ count: integration.connected }) : messages.pick.connected;
  return element(
    "div",
    { class: "row", role: "option", id: `service-${index}`, "aria-selected": "false", "data-integration": integration.id },
    logo(integration.name, integration.logo),
    rowText(integration.name, integration.description),
    integration.connected > 0 ? element("span", { class: "mark-good" }, icon("check"), element("span", { text: mark })) : icon("chevron-right"),
  );
}

/** Categories with how many services they hold. One tab stop; arrows go from one to the next. */
function makeChips(integrations, remembered, onChange) {
  const counts = new Map();
  for (const { categories } of integrations) for (const category of new Set(categories)) counts.set(category, (counts.get(category) ?? 0) + 1);
  const categories = [...counts.keys()].sort();
  if (integrations.length < fewestForChips || categories.length < 2) return { node: null, choose: () => (remembered.category = null) };

  const chip = (category, text, count) =>
    element("button", { class: "chip", type: "button", "data-category": category ?? "", on: { click: () => (choose(category), onChange()) } }, text, " ", element("span", { class: "chip-count", text: count }));
  const buttons = [chip(null, messages.pick.all, integrations.length), ...categories.map((category) => chip(category, categoryName(category), counts.get(category)))];
  const node = element("div", { class: "chips", role: "group", "aria-label": messages.pick.categories, on: { keydown: step } }, buttons);
  const choose = (value) => {
    remembered.category = value;
    for (const button of buttons) {
      const chosen = button.dataset.category === (value ?? "");
      button.setAttribute("aria-pressed", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  };

  function step(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const forward = getComputedStyle(node).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const next = buttons.at((buttons.indexOf(event.target) + (event.key === forward ? 1 : -1)) % buttons.length);
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  choose(counts.has(remembered.category) ? remembered.category : null);
  return { node, choose };
}

function categoryName(category) {
  const known = messages.category[category.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())];
  if (known) return known;
  if (/^(crm|hr|ai|erp|sso)$/.test(category)) return category.toUpperCase();
  const words = category.replaceAll("-", " ");
  return words.charAt(0).toLocaleUpperCase("en") + words.slice(1);
}

/** The project has nothing to offer here. */
export function showEmpty(modal, { app, environment, onClose }) {
  modal.show({
    name: "empty",
    title: messages.empty.title,
    before: [element("span", { class: "sign", "aria-hidden": "true" }, icon("plug", 20))],
    lead: messages.empty.text({ app, environment }),
    actions: [secondaryButton(messages.brand.close, onClose)],
    centred: true,
  });
}

/** What the person picked is connected already: which accounts, and whether it shall be one more. */
export function showConnected(modal, { integration, app, owner, onAnother, onDone, back }) {
  const service = integration.name;
  const more = integration.connected - integration.accounts.length;
  const done = primaryButton(messages.connected.keep, onDone);
  modal.show({
    name: "connected",
    title: messages.connected.title({ service }),
    before: [logo(service, integration.logo, "logo-large")],
    lead: owner ? around((name) => messages.connected.textOwner({ app, owner: name }), element("bdi", { text: owner })) : messages.connected.text({ app }),
    body: integration.accounts.length > 0 && [
      element("ul", { class: "accounts", "aria-label": messages.connected.accounts }, integration.accounts.map((name) => element("li", {}, icon("check"), element("bdi", { text: name })))),
      more > 0 && element("p", { class: "quiet", text: messages.connected.more({ count: more }) }),
    ],
    actions: [done, secondaryButton(messages.connected.another({ service }), onAnother)],
    centred: true,
    back,
    focus: done,
  });
}
