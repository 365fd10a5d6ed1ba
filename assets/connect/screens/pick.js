// The list of services: a search field that drives a list box, so that letters, arrows and Enter work from anywhere.

import { element, icon, logo } from "../dom.js";
import { findIntegrations } from "../match.js";
import { messages } from "../messages.js";
import { linkButton, secondaryButton } from "../modal.js";

const fewestForChips = 6;

/** `remembered` keeps the query and category while the person looks at a service and comes back. */
export function showPick(modal, { title, app, integrations, remembered, onPick }) {
  const all = [...integrations].sort((a, b) => a.name.localeCompare(b.name));
  const list = element("div", { class: "list", role: "listbox", id: "services", "aria-label": messages.pick.list });
  const search = element("input", {
    class: "search-input", type: "text", role: "combobox", placeholder: messages.pick.search, "aria-label": messages.pick.search,
    "aria-controls": "services", "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", enterkeyhint: "go",
  });
  const none = element("div", { class: "nothing", hidden: true });
  const chips = makeChips(all, remembered, () => draw());
  let shown = [];
  let active = 0;

  function draw() {
    const inCategory = remembered.category ? all.filter((integration) => integration.categories.includes(remembered.category)) : all;
    shown = findIntegrations(inCategory, remembered.query);
    list.replaceChildren(...shown.map((integration, index) => row(integration, index)));
    list.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
    none.replaceChildren(element("p", { text: messages.pick.none({ query: remembered.query }) }), linkButton(messages.pick.clear, clear));
    activate(0);
  }

  function row(integration, index) {
    const connected = integration.connected > 0;
    const mark = integration.connected > 1 ? messages.pick.connectedCount({ count: integration.connected }) : messages.pick.connected;
    return element(
      "div",
      { class: "row", role: "option", id: `service-${index}`, "data-integration": integration.id, on: { click: () => onPick(integration), pointermove: () => activate(index) } },
      logo(integration.name, integration.logo),
      element("span", { class: "row-text" }, element("span", { class: "row-name", text: integration.name }), integration.description && element("span", { class: "row-line", text: integration.description })),
      connected ? element("span", { class: "mark-good" }, icon("check"), element("span", { text: mark })) : icon("chevron-right"),
    );
  }

  function activate(index) {
    active = Math.max(0, Math.min(index, shown.length - 1));
    for (const [at, node] of [...list.children].entries()) node.setAttribute("aria-selected", String(at === active));
    const node = list.children[active];
    if (node) search.setAttribute("aria-activedescendant", node.id);
    else search.removeAttribute("aria-activedescendant");
    return node;
  }

  function clear() {
    remembered.query = "";
    search.value = "";
    chips.choose(null);
    draw();
    search.focus();
  }

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
      activate(active + steps[event.key])?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !elsewhere && !event.isComposing && shown[active]) {
      event.preventDefault();
      onPick(shown[active]);
    } else if (elsewhere && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      search.focus();
    }
    return false;
  }

  draw();
  modal.show({
    name: "pick",
    title: title ?? messages.pick.title,
    lead: messages.pick.lead({ app }),
    body: [element("div", { class: "pick-tools" }, element("div", { class: "search" }, icon("search"), search), chips.node), list, none],
    // On a touch screen the keyboard would cover the list before anybody asked for it.
    focus: matchMedia("(hover: none)").matches ? null : search,
    onKey,
  });
}

function makeChips(integrations, remembered, onChange) {
  const categories = [...new Set(integrations.flatMap((integration) => integration.categories))].sort();
  const useful = integrations.length >= fewestForChips && categories.length > 1;
  if (!useful) {
    remembered.category = null;
    return { node: null, choose: () => {} };
  }
  const chip = (value, label) => element("button", { class: "chip", type: "button", text: label, "data-category": value ?? "", on: { click: () => { choose(value); onChange(); } } });
  const node = element("div", { class: "chips", role: "group", "aria-label": messages.pick.categories }, chip(null, messages.pick.all), categories.map((category) => chip(category, categoryName(category))));
  const choose = (value) => {
    remembered.category = value;
    for (const button of node.children) button.setAttribute("aria-pressed", String(button.dataset.category === (value ?? "")));
  };
  choose(categories.includes(remembered.category) ? remembered.category : null);
  return { node, choose };
}

function categoryName(category) {
  if (/^(crm|hr|ai|erp|sso)$/.test(category)) return category.toUpperCase();
  const words = category.replaceAll("-", " ");
  return words.charAt(0).toLocaleUpperCase("en") + words.slice(1);
}

/** The project has nothing to offer here. */
export function showEmpty(modal, { app, environment, onClose }) {
  modal.show({
    name: "empty",
    title: messages.empty.title,
    before: [element("span", { class: "sign" }, icon("plug", 20))],
    lead: messages.empty.text({ app, environment }),
    actions: [secondaryButton(messages.brand.close, onClose)],
    centred: true,
  });
}
