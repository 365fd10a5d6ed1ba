// Several accounts, sites or workspaces behind one sign-in: which one it is for.

import { element, icon, logo, safeName } from "../dom.js";
import { findIntegrations } from "../match.js";
import { messages } from "../messages.js";
import { secondaryButton } from "../modal.js";
import { makeList, rowText } from "./list.js";
import { journey } from "./progress.js";

const mostWithoutSearch = 8;

/**
 * `choices` are `{ name, description }` in the service's order; `onChoose` gets the place of one. `changed` says that what
 * was connected before is not among them, `unsent` that an earlier choice did not reach us.
 */
export function showChoose(modal, { who, choices, changed = false, unsent = false, onChoose, onCancel }) {
  const { service, app } = who;
  const all = choices.map(({ name, description }, pick) => {
    const text = safeName(name);
    return { pick, name: text, id: text, description: safeName(description), aliases: [], categories: [] };
  });
  const searching = all.length > mostWithoutSearch;
  const list = makeList({
    id: "choices",
    label: messages.choose.list,
    searchLabel: searching ? messages.choose.search : null,
    find: (query) => findIntegrations(all, query),
    makeRow: ({ name, description, pick }) =>
      element("div", { class: "row", role: "option", id: `choice-${pick}`, "aria-selected": "false" }, logo(name, null), rowText(name, description), icon("chevron-right")),
    onQuery: (_, shown) => modal.announce(messages.choose.results({ count: shown.length })),
    onChoose: ({ pick }) => onChoose(pick),
  });
  const notice = (tone, text) => element("div", { class: `notice notice-${tone}`, role: "alert" }, icon("circle-alert"), element("p", { text }));
  modal.show({
    name: "choose",
    title: messages.choose.title,
    lead: messages.choose.lead({ service, app }),
    body: [
      unsent && notice("bad", messages.choose.unsent),
      changed && notice("attention", messages.choose.changed),
      searching && element("div", { class: "pick-tools" }, list.searchField),
      element("div", { class: "choose-list" }, list.parts),
    ],
    actions: [secondaryButton(messages.waiting.cancel, onCancel)],
    focus: searching && matchMedia("(pointer: coarse)").matches ? null : list.keeper,
    onKey: list.onKey,
    cleanup: list.cleanup,
  });
}

/** The list stands in the window that was at the service. */
export function showChooseElsewhere(modal, { who, onCancel }) {
  const { service } = who;
  modal.show({
    name: "choosing",
    title: messages.choose.elsewhereTitle({ service }),
    before: [journey(who)],
    lead: messages.choose.elsewhereText,
    actions: [secondaryButton(messages.waiting.cancel, onCancel)],
    centred: true,
  });
}
