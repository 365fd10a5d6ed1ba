// The list of services: a search field that drives a list box, so that letters, arrows and Enter work from anywhere.

import { element, icon, logo } from "../dom.js";
import { findIntegrations } from "../match.js";
import { around, language, messages } from "../messages.js";
import { linkButton, primaryButton, secondaryButton } from "../modal.js";

const fewestForChips = 6;
const portion = 60;

/** `remembered` keeps query, category and chosen service while the person looks at a service and comes back. */
export function showPick(modal, { title, lead, app, integrations, remembered, onPick }) {
  const { compare } = new Intl.Collator(language);
  const all = [...integrations].sort((a, b) => compare(a.name, b.name));
  // A row is made once, when it is first needed: a search only chooses among them.
  const rows = new Map();
  const rowOf = (integration) => {
    if (integration && !rows.has(integration)) rows.set(integration, makeRow(integration, rows.size));
    return rows.get(integration) ?? null;
  };
  const list = element("div", { class: "list", role: "listbox", id: "services", "aria-label": messages.pick.list });
  const search = element("input", {
    class: "search-input", type: "text", role: "combobox", placeholder: messages.pick.search, "aria-label": messages.pick.search,
    "aria-controls": "services", "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", enterkeyhint: "go", maxlength: 100,
  });
  const none = element("div", { class: "nothing", hidden: true });
  const chips = makeChips(all, remembered, () => draw());
  const end = element("div", { class: "list-end", "aria-hidden": "true" });
  let shown = [];
  let drawn = 0;
  let active = null;

  function draw() {
    const inCategory = remembered.category ? all.filter((integration) => integration.categories.includes(remembered.category)) : all;
    shown = findIntegrations(inCategory, remembered.query);
    list.replaceChildren();
    drawn = 0;
    grow();
    list.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
    if (shown.length === 0) none.replaceChildren(element("p", { text: messages.pick.none({ query: remembered.query }) }), linkButton(messages.pick.clear, clear));
    activate(0);
  }

  /** The next rows, at least up to this one; the others come as one scrolls. */
  function grow(to = 0) {
    const next = shown.slice(drawn, Math.max(drawn + portion, to + portion));
    drawn += next.length;
    list.append(...next.map(rowOf));
  }

  function activate(index) {
    const at = Math.max(0, Math.min(index, shown.length - 1));
    if (at >= drawn) grow(at);
    active?.setAttribute("aria-selected", "false");
    active = rowOf(shown[at]);
    active?.setAttribute("aria-selected", "true");
    if (active) search.setAttribute("aria-activedescendant", active.id);
    else search.removeAttribute("aria-activedescendant");
    return active;
  }

  const indexOf = (target) => {
    const node = target?.closest("[role=option]");
    return node ? shown.findIndex((integration) => rows.get(integration) === node) : -1;
  };
  let asked = null;
  const choose = (index) => {
    // The second click of a double click, while the first is being worked on.
    if (asked === shown[index]) return;
    asked = shown[index];
    remembered.chosen = asked;
    onPick(asked);
  };

  function clear() {
    remembered.query = "";
    search.value = "";
    chips.choose(null);
    draw();
    search.focus();
  }

  list.addEventListener("click", (event) => {
    const index = indexOf(event.target);
    if (index >= 0) choose(index);
  });
  list.addEventListener("pointermove", (event) => {
    if (active?.contains(event.target)) return;
    const index = indexOf(event.target);
    if (index >= 0) activate(index);
  });
  search.value = remembered.query;
  search.addEventListener("input", () => {
    remembered.query = search.value;
    draw();
    modal.announce(messages.pick.results({ count: shown.length }));
  });

  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };
  function onKey(event) {
    if (event.key === "Escape" && remembered.query !== "") {
      clear();
      return true;
    }
    const elsewhere = event.target !== search;
    if (event.key in steps && !event.altKey) {
      event.preventDefault();
      if (elsewhere) search.focus();
      activate(indexOf(active) + steps[event.key])?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !elsewhere && !event.isComposing && active) {
      event.preventDefault();
      choose(indexOf(active));
    } else if (elsewhere && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      search.focus();
    }
    return false;
  }

  draw();
  const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && drawn < shown.length && grow());
  seen.observe(end);
  modal.show({
    name: "pick",
    title: title ?? messages.pick.title,
    lead: lead ?? messages.pick.lead({ app }),
    body: [element("div", { class: "pick-tools" }, element("div", { class: "search" }, icon("search"), search), chips.node), element("div", { class: "list-frame" }, list, end), none],
    // On a touch screen the keyboard would cover the list before anybody asked for it.
    focus: matchMedia("(pointer: coarse)").matches ? null : search,
    onKey,
    cleanup: () => seen.disconnect(),
  });
  // Back from a service: where the person was.
  const before = shown.indexOf(remembered.chosen);
  if (before > 0) activate(before).scrollIntoView({ block: "center" });
}

function makeRow(integration, index) {
  const mark = integration.connected > 1 ? messages.pick.connectedCount({ count: integration.connected }) : messages.pick.connected;
  return element(
    "div",
    { class: "row", role: "option", id: `service-${index}`, "aria-selected": "false", "data-integration": integration.id },
    logo(integration.name, integration.logo),
    element("span", { class: "row-text" }, element("span", { class: "row-name", text: integration.name }), integration.description && element("span", { class: "row-line", dir: "auto", text: integration.description })),
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
