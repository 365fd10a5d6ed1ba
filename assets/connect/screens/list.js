// A list box whose rows are made as one scrolls to them, driven from a search field above it, or by itself where the list
// is short: letters, arrows and Enter work from anywhere.

import { element, icon } from "../dom.js";
import { messages } from "../messages.js";
import { linkButton } from "../modal.js";

const portion = 60;

/**
 * `find(query)` gives what is shown, `makeRow(item, index)` an option for one of them, `onChoose(item)` runs once for a choice.
 * `query` and `onQuery(query, shown)` keep what was typed; `onClear` undoes what else narrows the list. The result's `parts`
 * go into a screen, `onKey` and `cleanup` too; `keeper` takes the focus.
 */
export function makeList({ id, label, searchLabel = null, query = "", find, makeRow, onQuery = () => {}, onClear = () => {}, onChoose }) {
  // A row is made once, when it is first needed: a search only chooses among them.
  const rows = new Map();
  const rowOf = (item) => {
    if (item && !rows.has(item)) rows.set(item, makeRow(item, rows.size));
    return rows.get(item) ?? null;
  };
  const list = element("div", { class: "list", role: "listbox", id, "aria-label": label, tabindex: searchLabel ? null : "0" });
  const search = searchLabel && element("input", {
    class: "search-input", type: "text", role: "combobox", placeholder: searchLabel, "aria-label": searchLabel,
    "aria-controls": id, "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", enterkeyhint: "go", maxlength: 100,
  });
  const keeper = search ?? list;
  const none = element("div", { class: "nothing", hidden: true });
  const end = element("div", { class: "list-end", "aria-hidden": "true" });
  let typed = query;
  let shown = [];
  let drawn = 0;
  let active = null;

  function draw() {
    shown = find(typed);
    list.replaceChildren();
    drawn = 0;
    grow();
    list.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
    if (shown.length === 0) none.replaceChildren(element("p", { text: messages.pick.none({ query: typed }) }), linkButton(messages.pick.clear, clear));
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
    if (active) keeper.setAttribute("aria-activedescendant", active.id);
    else keeper.removeAttribute("aria-activedescendant");
    return active;
  }

  const indexOf = (target) => {
    const node = target?.closest("[role=option]");
    return node ? shown.findIndex((item) => rows.get(item) === node) : -1;
  };
  let asked = null;
  const choose = (index) => {
    // The second click of a double click, while the first is being worked on.
    if (asked === shown[index]) return;
    asked = shown[index];
    onChoose(asked);
  };

  function clear() {
    typed = "";
    if (search) search.value = "";
    onClear();
    draw();
    onQuery(typed, shown);
    keeper.focus();
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
  if (search) {
    search.value = query;
    search.addEventListener("input", () => {
      typed = search.value;
      draw();
      onQuery(typed, shown);
    });
  }

  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };
  function onKey(event) {
    if (event.key === "Escape" && typed !== "") {
      clear();
      return true;
    }
    const elsewhere = event.target !== keeper;
    if (event.key in steps && !event.altKey) {
      event.preventDefault();
      if (elsewhere) keeper.focus();
      activate(indexOf(active) + steps[event.key])?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !elsewhere && !event.isComposing && active) {
      event.preventDefault();
      choose(indexOf(active));
    } else if (search && elsewhere && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      search.focus();
    }
    return false;
  }

  draw();
  const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && drawn < shown.length && grow());
  seen.observe(end);
  return {
    parts: [element("div", { class: "list-frame" }, list, end), none],
    searchField: search && element("div", { class: "search" }, icon("search"), search),
    keeper,
    draw,
    onKey,
    cleanup: () => seen.disconnect(),
    /** Back where the person was. */
    returnTo(item) {
      const before = shown.indexOf(item);
      if (before > 0) activate(before).scrollIntoView({ block: "center" });
    },
  };
}

/** The two lines of a row. */
export function rowText(name, line) {
  return element("span", { class: "row-text" }, element("span", { class: "row-name", dir: "auto", text: name, title: name.length > 40 ? name : null }), line && element("span", { class: "row-line", dir: "auto", text: line }));
}
