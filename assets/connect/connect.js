// The path through the modal: session, list, service, sign-in or form, outcome.

import { ApiError, openSession, readForm, submitForm } from "./api.js";
import { awaitReturn } from "./check.js";
import { safeName } from "./dom.js";
import { EmbedderError } from "./embedder.js";
import { SignIn } from "./flow.js";
import { findSelected } from "./match.js";
import { messages, problem } from "./messages.js";
import { showLoading } from "./screens/loading.js";
import { showFailure, showSuccess } from "./screens/outcome.js";
import { showEmpty, showPick } from "./screens/pick.js";
import { showService } from "./screens/service.js";
import { fetchToken, TokenError } from "./token.js";

export class Connect {
  #stage;
  #modal;
  #embedder;
  #page;
  #payload = null;
  #requestId = null;
  #rows = [];
  #session = null;
  #integrations = [];
  #selected = null;
  #remembered = { query: "", category: null };
  #signIn = null;
  #turn = 0;
  #outcomes = 0;
  #tokens = 0;
  #firstTokenError = null;
  #whiteLabel = false;

  constructor({ stage, modal, embedder, page }) {
    this.#stage = stage;
    this.#modal = modal;
    this.#embedder = embedder;
    this.#page = page;
  }

  /** Runs the whole path for what the embedding page asked. */
  async begin(payload) {
    this.#payload = payload;
    if (this.#embedder.hasPort) await this.#firstPortToken();
    this.drawBrand();
    if (this.#payload.checkState) return this.#check();
    return this.#load();
  }

  /** The person closes: a flow under way ends, and the page around us takes the frame away. */
  close() {
    this.#signIn?.cancel();
    this.#embedder.exit();
  }

  /** The browser brought this page back from its cache. */
  restore() {
    if (!this.#signIn) return;
    const left = this.#signIn.hasLeft;
    this.#signIn.cancel();
    this.#signIn = null;
    if (left) showFailure(this.#modal, { name: "reload", title: messages.reload.title, text: messages.reload.text, icon: "refresh-cw", actions: [] });
    else this.#showList();
  }

  drawBrand() {
    const payload = this.#payload ?? this.#page;
    this.#modal.setBrand({ name: this.#app(true), picture: payload.imageUrl ?? this.#session?.app.logo_url ?? this.#page.logo, test: this.#session?.environment === "test", whiteLabel: this.#whiteLabel || this.#page.whiteLabel });
  }

  #app(bare = false) {
    return safeName(this.#payload?.companyName ?? this.#session?.app.name ?? this.#page.project, bare ? "" : messages.brand.fallbackApp);
  }

  #who(integration) {
    return { app: this.#app(), appPicture: this.#payload.imageUrl ?? this.#session?.app.logo_url, service: integration.name, serviceLogo: integration.logo };
  }

  // --- session ---

  async #load() {
    const turn = this.#nextTurn();
    const stop = showLoading(this.#modal, this.#stage, { text: messages.loading.token({ app: this.#app() }), onGiveUp: () => this.close() });
    try {
      await this.#openSession();
    } catch (error) {
      if (turn === this.#turn) this.#fail(error, { retry: () => this.#load() });
      return;
    } finally {
      stop();
    }
    if (turn !== this.#turn) return;
    const { reconnect } = this.#session;
    const wanted = reconnect ? this.#integrations.find(({ id }) => id === reconnect.integration) : findSelected(this.#payload.selectedConnection, this.#integrations, this.#rows);
    this.#selected = wanted ?? null;
    if (wanted) this.#choose(wanted);
    else this.#showList();
  }

  /** A session, from a token of the customer's backend. A session that is over is asked for once more, silently. */
  async #openSession() {
    try {
      await this.#obtainToken();
      this.#session = await openSession(this.#requestId, this.#embedder.origin);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.needsNewSession) throw error;
      await this.#obtainToken();
      this.#session = await openSession(this.#requestId, this.#embedder.origin);
    }
    const allowed = new Set(this.#rows.map((row) => row.type));
    this.#integrations = this.#session.integrations.filter(({ id }) => this.#rows === allRows || allowed.has(id));
    this.#whiteLabel = this.#session.white_label;
    this.#page.brandWith(this.#session.branding, this.#payload.appTheme);
    this.drawBrand();
  }

  async #obtainToken() {
    if (this.#embedder.hasPort) {
      const first = this.#firstTokenError;
      if (first) {
        this.#firstTokenError = null;
        this.#tokens += 1;
        throw first;
      }
      // The first token is here already; every further session needs another.
      if (this.#tokens > 0) this.#readPortToken(await this.#embedder.nextToken(true));
      this.#tokens += 1;
      return;
    }
    const { requestId, rows } = await fetchToken(this.#payload.linkTokenEndpoint, this.#payload.linkHeaders);
    this.#requestId = requestId;
    this.#rows = rows;
  }

  // The options of our own script come with its first token.
  async #firstPortToken() {
    const stop = showLoading(this.#modal, this.#stage, { text: messages.loading.token({ app: this.#app() }), onGiveUp: () => this.close() });
    try {
      const token = await this.#embedder.nextToken(false);
      this.#payload = { ...this.#payload, ...this.#page.readOptions(token.options) };
      this.#page.setTheme(this.#payload.appTheme);
      if (!this.#payload.checkState) this.#readPortToken(token);
    } catch (error) {
      // Said by `#load`, which also offers to try again.
      if (!(error instanceof EmbedderError) && !(error instanceof TokenError)) throw error;
      this.#firstTokenError = error;
    } finally {
      stop();
    }
  }

  #readPortToken({ type, message, requestId, rows }) {
    if (type === "token_error") throw new TokenError(typeof message === "string" && message !== "" ? message : messages.token.noSession);
    if (typeof requestId !== "string" || requestId === "") throw new TokenError(messages.token.noSession);
    this.#requestId = requestId;
    this.#rows = Array.isArray(rows) ? rows.filter((row) => row && row.active !== false) : allRows;
  }

  async #withSession(call) {
    try {
      return await call(this.#requestId);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.needsNewSession) throw error;
      await this.#openSession();
      return call(this.#requestId);
    }
  }

  // --- list and service ---

  #showList() {
    this.#nextTurn();
    this.#signIn = null;
    this.#stage.hidden = false;
    const app = this.#app();
    if (this.#integrations.length === 0) return showEmpty(this.#modal, { app, environment: this.#session.environment, onClose: () => this.close() });
    showPick(this.#modal, { title: this.#payload.title ? safeName(this.#payload.title) : null, app, integrations: this.#integrations, remembered: this.#remembered, onPick: (integration) => this.#choose(integration) });
  }

  async #choose(integration, auth = null) {
    const turn = this.#nextTurn();
    const stop = showLoading(this.#modal, this.#stage, { shape: "form", text: messages.loading.form({ service: integration.name }), onGiveUp: () => this.close() });
    let form;
    try {
      form = await this.#withSession((session) => readForm(session, integration.id, auth));
    } catch (error) {
      if (turn === this.#turn) this.#fail(error, { integration, retry: () => this.#choose(integration, auth) });
      return;
    } finally {
      stop();
    }
    if (turn === this.#turn) this.#showService(integration, form);
  }

  #showService(integration, form) {
    this.#stage.hidden = false;
    const who = this.#who(integration);
    const sameTab = this.#payload.oauthRedirect;
    const screen = showService(this.#modal, {
      form,
      integration,
      app: who.app,
      appPicture: who.appPicture,
      owner: safeName(this.#session.identity_label),
      reconnect: this.#session.reconnect,
      showNameInput: this.#payload.showNameInput,
      sameTab,
      back: this.#selected ? null : () => this.#showList(),
      onMethod: (method) => this.#choose(integration, method),
      onConnect: ({ values, name }) => {
        const ask = { integration: integration.id, auth: form.auth.id, values, name };
        if (form.auth.kind === "oauth2") this.#connectByOauth({ integration, form, ask, screen, sameTab });
        else this.#connectByForm({ integration, form, ask, screen });
      },
    });
  }

  #connectByOauth({ integration, form, ask, screen, sameTab }) {
    this.#signIn = new SignIn({
      modal: this.#modal,
      embedder: this.#embedder,
      who: this.#who(integration),
      ask,
      withSession: (call) => this.#withSession(call),
      canMoveTop: this.#payload.hasCapabilities,
      onCancelled: () => this.#cancelled(integration, form),
      onEnd: ({ flow, status, error }) => {
        if (error) this.#refused({ error, integration, form, screen });
        else if (status.status === "success") this.#succeeded(integration, flow, status.connection);
        else this.#ended(integration, form, flow, status);
      },
    });
    // The window first: it may open only while the click lasts.
    if (sameTab) this.#signIn.leave();
    else this.#signIn.openWindow();
    screen.busy(messages.redirecting.title({ service: integration.name }));
  }

  async #connectByForm({ integration, form, ask, screen }) {
    const turn = this.#nextTurn();
    screen.busy(messages.form.checking({ service: integration.name }));
    try {
      const answer = await this.#withSession((session) => submitForm(session, { ...ask, embedder: this.#embedder.origin }));
      // Reported even when the person has gone back meanwhile: the connection is there.
      this.#outcomes += 1;
      if (answer.status !== "success") throw new ApiError(422, "credential_refused", answer.message ?? messages.form.refused({ service: integration.name }));
      if (turn === this.#turn) this.#succeeded(integration, `submit-${this.#outcomes}`, answer.connection);
      else this.#embedder.success(`submit-${this.#outcomes}`, answer.connection);
    } catch (error) {
      if (turn === this.#turn) this.#refused({ error, integration, form, screen });
    }
  }

  // --- outcomes ---

  #succeeded(integration, outcome, connection) {
    this.#signIn = null;
    this.#embedder.success(outcome, connection);
    if (integration) integration.connected += 1;
    const mayGoOn = integration && !this.#selected && this.#integrations.length > 1;
    showSuccess(this.#modal, {
      service: integration?.name ?? null,
      app: this.#app(),
      owner: safeName(this.#session?.identity_label),
      onDone: () => this.close(),
      onAnother: mayGoOn ? () => this.#load() : null,
    });
  }

  /** Refused before a flow came to be: faulty fields go back to the form, the rest is a screen of its own. */
  #refused({ error, integration, form, screen }) {
    this.#signIn = null;
    if (error instanceof ApiError && error.key === "field_errors" && error.meta?.fields) return screen.fault(error.meta.fields);
    if (error instanceof ApiError && error.key === "credential_refused") {
      this.#report(error.message);
      return screen.refuse(problem(error.key, integration.name, error.message));
    }
    if (error instanceof ApiError && error.key === "provider_unavailable" && form.fields.length > 0) {
      const text = `${messages.failure.providerTitle({ service: integration.name })}. ${messages.failure.provider({ service: integration.name })}`;
      this.#report(text);
      return screen.refuse(text);
    }
    return this.#fail(error, { integration, retry: () => this.#showService(integration, form) });
  }

  /** A flow that ended without a connection. */
  #ended(integration, form, flow, status) {
    this.#signIn = null;
    const service = integration.name;
    if (status.stage === "cancelled") return this.#cancelled(integration, form);
    const retry = { label: messages.failure.retry, run: () => this.#showService(integration, form) };
    if (status.stage === "expired") {
      const text = messages.expired.text;
      this.#embedder.failure(flow, status.message ?? text);
      return showFailure(this.#modal, { name: "expired", title: messages.expired.title, text, icon: "clock", actions: [{ label: messages.expired.again, run: retry.run }] });
    }
    if (status.stage === "rejected") {
      this.#embedder.failure(flow, status.message ?? messages.rejected.text);
      return showFailure(this.#modal, { name: "rejected", title: messages.rejected.title, text: messages.rejected.text, icon: "ban", actions: [{ label: messages.failure.close, run: () => this.close() }] });
    }
    const said = status.message ?? (status.code === "access_denied" ? messages.failure.denied({ service }) : messages.failure.generic);
    const text = problem(status.code, service, said);
    this.#embedder.failure(flow, said);
    const others = !this.#selected && this.#integrations.length > 1;
    return showFailure(this.#modal, { title: messages.failure.title({ service }), text, actions: [retry, others && { label: messages.failure.list, run: () => this.#showList() }].filter(Boolean) });
  }

  #cancelled(integration, form) {
    this.#signIn = null;
    const service = integration.name;
    const others = !this.#selected && this.#integrations.length > 1;
    showFailure(this.#modal, {
      name: "cancelled",
      title: messages.cancelled.title,
      text: messages.cancelled.text({ service, app: this.#app() }),
      icon: "ban",
      actions: [{ label: messages.cancelled.again({ service }), run: () => this.#showService(integration, form) }, others ? { label: messages.failure.list, run: () => this.#showList() } : { label: messages.failure.close, run: () => this.close() }],
    });
  }

  /** An error without a flow. Reported to the page around us, except where that page has no right to hear it. */
  #fail(error, { integration = null, retry }) {
    this.#stage.hidden = false;
    const app = this.#app();
    const again = { label: messages.failure.retry, run: retry };
    const close = { label: messages.failure.close, run: () => this.close() };
    if (error instanceof TokenError || error instanceof EmbedderError) {
      const text = error instanceof TokenError ? error.message : messages.token.timedOutPort;
      this.#report(text);
      return showFailure(this.#modal, { title: messages.failure.tokenTitle, text: messages.failure.token({ app }), note: text, actions: [again, close] });
    }
    if (!(error instanceof ApiError)) {
      this.#report(messages.failure.generic);
      showFailure(this.#modal, { title: messages.failure.genericTitle, text: messages.failure.generic, actions: [again, close] });
      throw error;
    }
    const { reference } = error;
    if (error.key === "embedder_not_allowed") {
      return showFailure(this.#modal, { name: "refused", title: messages.failure.embedderTitle, text: messages.failure.embedder({ origin: this.#embedder.origin }), icon: "ban", reference, actions: [] });
    }
    this.#report(error.message);
    if (error.needsNewSession) {
      return showFailure(this.#modal, { name: "expired", title: messages.expired.title, text: messages.expired.text, icon: "clock", reference, actions: [{ label: messages.expired.again, run: () => this.#load() }] });
    }
    if (error.key === "provider_unavailable" && integration) {
      const service = integration.name;
      return showFailure(this.#modal, { name: "unavailable", title: messages.failure.providerTitle({ service }), text: messages.failure.provider({ service }), icon: "clock", reference, actions: [again, close] });
    }
    const away = error.status === 0 || error.status >= 500;
    return showFailure(this.#modal, {
      title: away ? messages.failure.serverTitle : integration ? messages.failure.title({ service: integration.name }) : messages.failure.genericTitle,
      text: error.status >= 500 ? messages.failure.server : problem(error.key, integration?.name ?? messages.brand.fallbackService, error.message),
      reference,
      actions: [again, close],
    });
  }

  #report(text) {
    this.#outcomes += 1;
    this.#embedder.failure(`error-${this.#outcomes}`, text);
  }

  async #check() {
    const result = this.#payload.checkState;
    const status = await awaitReturn({ modal: this.#modal, stage: this.#stage, result, onClose: () => this.close() });
    if (status.status === "success") return this.#succeeded(null, result, status.connection);
    const said = status.message ?? messages.failure.generic;
    const text = problem(status.code, messages.brand.fallbackService, said);
    this.#embedder.failure(result, said);
    return showFailure(this.#modal, { title: messages.failure.genericTitle, text, actions: [{ label: messages.failure.close, run: () => this.close() }] });
  }

  /** Whatever was under way is not waited for any more. */
  #nextTurn() {
    this.#turn += 1;
    return this.#turn;
  }
}

/** Stands for "the token names no rows": then the session alone decides. */
const allRows = [];
