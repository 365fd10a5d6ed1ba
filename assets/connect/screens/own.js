// A person's own connections: seen, connected again, ended. In the modal this comes only when somebody asks for it.

import { element, icon, logo, safeName } from "../dom.js";
import { around, language, messages } from "../messages.js";
import { linkButton, primaryButton, secondaryButton, setBusy } from "../modal.js";
import { showLoading } from "./loading.js";
import { showFailure } from "./outcome.js";

const days = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/**
 * `ask(path, body)` calls the server with the session; `fail(error, retry)` shows what went wrong; `back` leads to where
 * the person came from, null where there is nothing; `onReconnect(connection)` goes on with one of them.
 */
export class OwnConnections {
  #modal;
  #stage;
  #options;
  #rows = [];
  #total = 0;
  #next = null;
  #turn = 0;
  /** Whether one was ended here. */
  changed = false;

  constructor(modal, stage, options) {
    this.#modal = modal;
    this.#stage = stage;
    this.#options = options;
  }

  /** Reads the list anew and shows it. */
  async show() {
    const turn = (this.#turn += 1);
    const { ask, fail, onClose } = this.#options;
    const stop = showLoading(this.#modal, this.#stage, { text: messages.manage.loading, onGiveUp: onClose });
    let page;
    try {
      page = await ask("", {});
    } catch (error) {
      if (turn === this.#turn) fail(error, () => this.show());
      return;
    } finally {
      stop();
    }
    if (turn !== this.#turn) return;
    this.#rows = page.connections.map(presentable);
    this.#total = page.total;
    this.#next = page.next;
    this.#draw();
  }

  /** Whatever was under way is not waited for any more. */
  #leaveFor(next) {
    this.#turn += 1;
    next();
  }

  #draw() {
    const { app, owner, onClose } = this.#options;
    const back = this.#options.back && (() => this.#leaveFor(this.#options.back));
    this.#turn += 1;
    if (this.#rows.length === 0) {
      return showFailure(this.#modal, { name: "manage-empty", title: messages.manage.emptyTitle, text: messages.manage.empty({ app }), icon: "plug", back, actions: [back ? { label: messages.pick.title, run: back } : { label: messages.failure.close, run: onClose }] });
    }
    const list = element("ul", { class: "own-list", "aria-label": messages.manage.title }, this.#rows.map((row) => this.#row(row)));
    const more = secondaryButton(messages.manage.more, () => this.#grow(list, more));
    const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#grow(list, more));
    more.hidden = this.#next === null;
    this.#modal.show({
      name: "manage",
      title: messages.manage.title,
      lead: owner ? around((name) => messages.manage.leadOwner({ app, owner: name }), element("bdi", { text: owner })) : messages.manage.lead({ app }),
      body: [list, element("div", { class: "own-more" }, more)],
      back,
      cleanup: () => seen.disconnect(),
    });
    seen.observe(more);
    return undefined;
  }

  async #grow(list, more) {
    if (this.#next === null || more.ariaDisabled === "true") return;
    const turn = this.#turn;
    more.setAttribute("aria-disabled", "true");
    try {
      const page = await this.#options.ask("", { after: this.#next });
      if (turn !== this.#turn) return;
      // What was connected in the meantime stands above: nothing comes twice.
      const known = new Set(this.#rows.map(({ id }) => id));
      const rows = page.connections.map(presentable).filter(({ id }) => !known.has(id));
      this.#rows.push(...rows);
      this.#next = page.next;
      list.append(...rows.map((row) => this.#row(row)));
    } catch (error) {
      if (turn === this.#turn) this.#options.fail(error, () => this.show());
    } finally {
      more.removeAttribute("aria-disabled");
      more.hidden = this.#next === null;
    }
  }

  #row(row) {
    const { app, onReconnect } = this.#options;
    const { service, account } = row;
    const named = (word) => (account ? `${word}: ${service}, ${account}` : `${word}: ${service}`);
    const act = (label, run) => {
      const button = linkButton(label, run);
      button.setAttribute("aria-label", named(label));
      return button;
    };
    const broken = row.state === "failed";
    const fine = row.state === "operational";
    return element(
      "li",
      { class: "own", "data-connection": row.id, "data-connection-state": row.state },
      logo(service, row.logo),
      element(
        "div",
        { class: "own-text" },
        element("p", { class: "row-name", text: service }),
        account && element("p", { class: "own-account" }, element("bdi", { text: account })),
        element("p", { class: broken ? "own-state own-bad" : fine ? "own-state own-good" : "own-state" }, icon(broken ? "circle-alert" : fine ? "check" : "clock"), element("span", { text: said(row, app) })),
        element("p", { class: "quiet" }, messages.manage.since({ date: day(row.since) }), " · ", row.last_used ? messages.manage.used({ date: day(row.last_used) }) : messages.manage.unused),
      ),
      element(
        "div",
        { class: "own-actions" },
        row.reconnectable && !fine && act(messages.manage.reconnect, () => this.#leaveFor(() => onReconnect(row))),
        act(messages.manage.disconnect, () => this.#confirm(row)),
      ),
    );
  }

  /** Says what ending it does, here and at the service, before it is done. */
  #confirm(row) {
    this.#turn += 1;
    const { app, ask, fail } = this.#options;
    const { service, account } = row;
    const keep = primaryButton(messages.manage.keep({ service }), () => keep.ariaDisabled === "true" || this.#draw());
    const button = secondaryButton(messages.manage.disconnectButton({ service }), async () => {
      if (button.ariaDisabled === "true") return;
      const turn = this.#turn;
      setBusy(button, messages.manage.disconnecting);
      // It is too late to keep it.
      keep.setAttribute("aria-disabled", "true");
      this.#modal.announce(messages.manage.disconnecting);
      let revocation;
      try {
        ({ revocation } = await ask(`/${encodeURIComponent(row.id)}/disconnect`, {}));
      } catch (error) {
        if (error.key === "connection_gone") revocation = "gone";
        else if (turn === this.#turn) return fail(error, () => this.#confirm(row));
        else return undefined;
      }
      this.changed = true;
      this.#rows = this.#rows.filter(({ id }) => id !== row.id);
      if (turn === this.#turn) this.#disconnected(row, revocation);
      return undefined;
    });
    this.#modal.show({
      name: "disconnect",
      title: messages.manage.confirmTitle({ service }),
      before: [logo(service, row.logo, "logo-large")],
      lead: messages.manage.confirm({ app, service }),
      body: [
        account && element("p", { class: "account" }, icon("user-round"), element("bdi", { text: account })),
        row.ending !== "nothing"
          && (row.ending === "revoked" || row.ending === "shared" ? element("p", { class: "quiet", text: ending(row.ending, app, service) }) : leftToDo(ending(row.ending, app, service))),
      ],
      actions: [keep, button],
      centred: true,
      back: () => this.#draw(),
      focus: null,
    });
  }

  #disconnected({ service, ending: how }, revocation) {
    const { app, onClose } = this.#options;
    const gone = revocation === "gone";
    // Nothing is left to do where the service is asked now, or with the last of several.
    const asked = { pending: messages.manage.donePending, revoked: messages.manage.donePending, shared: messages.manage.endingShared }[revocation];
    const left = revocation === "failed" ? messages.manage.doneFailed({ app, service }) : ending(how, app, service);
    // Those of the pages that were not read yet come first.
    const on = this.#rows.length === 0 && this.#next === null ? () => this.#draw() : () => this.show();
    showFailure(this.#modal, {
      name: "disconnected",
      title: gone ? messages.manage.goneTitle({ service }) : messages.manage.doneTitle({ service }),
      text: gone ? messages.manage.gone : `${messages.manage.doneText({ app, service })}${asked ? ` ${asked({ service })}` : ""}`,
      more: !gone && !asked && leftToDo(left, "alert"),
      icon: "check",
      actions: [{ label: messages.manage.back, run: on }, { label: messages.failure.close, run: onClose }],
    });
  }
}

/** What the person still has to do at the service. */
function leftToDo(text, role = null) {
  return element("div", { class: "notice notice-attention", role }, icon("circle-alert"), element("p", { text }));
}

function presentable(row) {
  return { ...row, service: safeName(row.service, row.integration), account: safeName(row.name || row.account) };
}

/** How it is. In English the server's own sentence says more. */
function said({ state, message }, app) {
  if (language === "en" && message && (state === "failed" || state === "degraded")) return message;
  if (state === "off") return messages.manage.stateOff({ app });
  return { operational: messages.manage.stateOperational, degraded: messages.manage.stateDegraded, failed: messages.manage.stateFailed }[state] ?? messages.manage.stateUnknown;
}

/** What ending it does at the service. */
function ending(how, app, service) {
  if (how === "nothing") return "";
  if (how === "key") return messages.manage.endingKey({ service });
  if (how === "shared") return messages.manage.endingShared({ service });
  return how === "revoked" ? messages.manage.endingRevoked({ service }) : messages.manage.endingKept({ app, service });
}

function day(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : days.format(date);
}
