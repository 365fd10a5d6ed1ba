// The path through the modal: session, list, service, sign-in or form, outcome.

import { ApiError, askOwn, cancelFlow, readForm, submitForm, widenFlow } from "./api.js";
import { endingOf } from "./endings.js";
import { safeName } from "./dom.js";
import { EmbedderError } from "./embedder.js";
import { SignIn } from "./flow.js";
import { findSelected } from "./match.js";
import { messages, problem } from "./messages.js";
import { showLoading } from "./screens/loading.js";
import { showFailure, showSuccess } from "./screens/outcome.js";
import { showConnected, showEmpty, showPick } from "./screens/pick.js";
import { showChecking } from "./screens/progress.js";
import { isAtService, showService } from "./screens/service.js";
import { Session } from "./session.js";
import { isWebView, pageAddress } from "./surroundings.js";
import { TokenError } from "./token.js";

export class Connect {
  #stage;
  #modal;
  #embedder;
  #page;
  #payload = null;
  #session;
  #selected = null;
  #own = null;
  // The session of one's own connections, while one of them is connected again.
  #ownSession = null;
  #remembered = { query: "", category: null, chosen: null };
  #typed = new Map();
  #signIn = null;
  #turn = 0;
  #submit = null;
  #reports = 0;

  constructor({ stage, modal, embedder, page }) {
    this.#stage = stage;
    this.#modal = modal;
    this.#embedder = embedder;
    this.#page = page;
    this.#session = new Session(embedder);
  }

  /** Runs the whole path for what the embedding page asked. */
  async begin(payload) {
    this.#payload = payload;
    if (this.#embedder.hasPort) await this.#meetOwnScript();
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
    this.#modal.setBrand({ name: this.#app(true), picture: this.#picture, test: this.#session.view?.environment === "test", whiteLabel: this.#whiteLabel, branding: this.#page.branding });
  }

  /** The customer's choice for this session, else the project's logo. */
  get #picture() {
    const app = this.#session.view?.app;
    return this.#payload?.imageUrl ?? this.#page.picture(app?.logo_url ?? this.#page.logo, app?.logo_dark_url ?? this.#page.darkLogo);
  }

  #app(bare = false) {
    return safeName(this.#payload?.companyName ?? this.#session.view?.app.name ?? this.#page.project, bare ? "" : messages.brand.fallbackApp);
  }

  get #integrations() {
    return this.#session.integrations;
  }

  get #whiteLabel() {
    return this.#session.view?.white_label || this.#page.whiteLabel;
  }

  #who(integration) {
    return { app: this.#app(), appPicture: this.#picture, service: integration.name, serviceLogo: integration.logo };
  }

  // --- session ---

  async #load() {
    const turn = this.#nextTurn();
    const stop = showLoading(this.#modal, this.#stage, { text: messages.loading.token({ app: this.#app() }), onGiveUp: () => this.close() });
    try {
      await this.#session.open(this.#payload);
      this.#arrived();
    } catch (error) {
      if (turn === this.#turn) this.#fail(error, { retry: () => this.#load() });
      return;
    } finally {
      stop();
    }
    if (turn !== this.#turn) return;
    if (this.#page.ownOnly && !this.#ownSession) return this.#showOwn();
    const { reconnect } = this.#session.view;
    const wanted = reconnect ? this.#integrations.find(({ id }) => id === reconnect.integration) : findSelected(this.#payload.selectedConnection, this.#integrations, this.#session.rows);
    this.#selected = wanted ?? null;
    if (reconnect && !wanted) showEmpty(this.#modal, { app: this.#app(), environment: this.#session.view.environment, onClose: () => this.close() });
    // The customer's page has chosen: it knows what is connected already.
    else if (wanted) this.#choose(wanted);
    else this.#showList();
  }

  // The options of our own script come with its first token.
  async #meetOwnScript() {
    const stop = showLoading(this.#modal, this.#stage, { text: messages.loading.token({ app: this.#app() }), onGiveUp: () => this.close() });
    const options = await this.#session.firstToken();
    stop();
    if (!options) return;
    this.#payload = { ...this.#payload, ...this.#page.readOptions(options) };
    this.#page.setTheme(this.#payload.appTheme);
  }

  #arrived() {
    this.#page.brandWith(this.#session.view.branding, this.#payload.appTheme);
    this.drawBrand();
  }

  // --- list and service ---

  #showList() {
    this.#nextTurn();
    this.#signIn = null;
    this.#stage.hidden = false;
    const app = this.#app();
    if (this.#integrations.length === 0) return showEmpty(this.#modal, { app, environment: this.#session.view.environment, onClose: () => this.close() });
    showPick(this.#modal, { title: safeName(this.#payload.title) || this.#page.words("title"), lead: this.#page.words("lead"), app, integrations: this.#integrations, remembered: this.#remembered, own: this.#session.view.manage, onOwn: () => this.#showOwn(), onPick: (integration) => this.#pick(integration) });
  }

  get #backToList() {
    if (this.#ownSession) return () => this.#showOwn();
    return this.#selected ? null : () => this.#showList();
  }

  /** What is connected already is said first: a second click on the same row is seldom meant as a second account. */
  #pick(integration) {
    if (this.#session.view.reconnect || !(integration.connected > 0)) return this.#choose(integration);
    this.#nextTurn();
    return showConnected(this.#modal, {
      integration,
      app: this.#app(),
      owner: safeName(this.#session.view.identity_label),
      back: this.#backToList,
      onDone: () => this.close(),
      onAnother: () => this.#choose(integration),
    });
  }

  /** The connections that the person has. */
  async #showOwn() {
    const turn = this.#nextTurn();
    this.#signIn = null;
    if (this.#ownSession) {
      this.#session = this.#ownSession;
      this.#ownSession = null;
      this.#selected = null;
    }
    let OwnConnections;
    try {
      ({ OwnConnections } = await this.#page.later());
    } catch (error) {
      return turn === this.#turn && this.#fail(error, { retry: () => this.#showOwn() });
    }
    if (turn !== this.#turn) return;
    this.#own ??= new OwnConnections(this.#modal, this.#stage, {
      app: this.#app(),
      owner: safeName(this.#session.view.identity_label),
      ask: (path, body) => this.#askOwn(this.#session, path, body),
      fail: (error, retry) => this.#fail(error, { retry }),
      // What is connected already may have changed.
      back: this.#page.ownOnly ? null : () => (this.#own.changed ? this.#load() : this.#showList()),
      onReconnect: (connection) => this.#reconnectOwn(connection),
      onClose: () => this.close(),
    });
    return this.#own.show();
  }

  #askOwn(session, path, body) {
    return session.with((requestId) => askOwn(requestId, path, { ...body, embedder: this.#embedder.origin }));
  }

  /** In a session for that connection, which ends with this one. */
  async #reconnectOwn({ id }) {
    const own = this.#session;
    const nextToken = async () => ({ type: "token", ...(await this.#askOwn(own, `/${encodeURIComponent(id)}/reconnect`, {})) });
    const session = new Session({ hasPort: true, origin: this.#embedder.origin, nextToken });
    const turn = this.#nextTurn();
    try {
      await session.firstToken();
    } catch (error) {
      return turn === this.#turn && this.#fail(error, { retry: () => this.#showOwn() });
    }
    if (turn !== this.#turn) return;
    this.#ownSession = own;
    this.#session = session;
    return this.#load();
  }

  async #choose(integration, auth = null) {
    const turn = this.#nextTurn();
    const stop = showLoading(this.#modal, this.#stage, { shape: "form", text: messages.loading.form({ service: integration.name }), onGiveUp: () => this.close() });
    let form;
    try {
      form = await this.#session.with((session) => readForm(session, integration.id, auth));
    } catch (error) {
      if (turn === this.#turn) this.#fail(error, { integration, retry: () => this.#choose(integration, auth) });
      return;
    } finally {
      stop();
    }
    if (turn === this.#turn) this.#showService(integration, { ...form, name: integration.name });
  }

  #showService(integration, form) {
    this.#nextTurn();
    this.#stage.hidden = false;
    const who = this.#who(integration);
    const sameTab = this.#payload.oauthRedirect;
    const { reconnect } = this.#session.view;
    const screen = showService(this.#modal, {
      form,
      integration,
      app: who.app,
      appPicture: who.appPicture,
      owner: safeName(this.#session.view.identity_label),
      reconnect: reconnect && { ...reconnect, account: safeName(reconnect.account) },
      keeper: this.#whiteLabel ? null : messages.brand.keeper,
      own: this.#page.words("explain"),
      branding: this.#page.branding,
      typed: this.#typed.get(integration.id),
      showNameInput: this.#payload.showNameInput,
      sameTab,
      back: this.#backToList,
      onMethod: (method) => this.#choose(integration, method),
      onConnect: ({ values, name, plain }) => {
        this.#typed.set(integration.id, plain);
        const ask = { integration: integration.id, auth: form.auth.id, values, name };
        const leave = () => this.#connectByOauth({ integration, form, ask, screen, sameTab });
        if (isByCode(form)) leave();
        else if (!isAtService(form.auth)) this.#connectByForm({ integration, form, ask, screen });
        else if (isWebView()) this.#inWebView({ integration, form, leave });
        else leave();
      },
    });
  }

  async #inWebView({ integration, form, leave }) {
    const turn = this.#nextTurn();
    const later = await this.#page.later().catch(() => null);
    if (turn !== this.#turn) return;
    if (!later) return leave();
    later.showWebView(this.#modal, { who: this.#who(integration), address: this.#embedder.address ?? pageAddress(this.#embedder.origin), onAnyway: leave, back: () => this.#showService(integration, form) });
  }

  #connectByOauth({ integration, form, ask, screen, sameTab }) {
    this.#signIn = this.#newSignIn({ integration, form, ask, screen });
    // The window first: it may open only while the click lasts.
    if (isByCode(form)) this.#signIn.enterCode();
    else if (sameTab) this.#signIn.leave();
    else this.#signIn.openWindow();
    const { name: service } = integration;
    screen.busy(isByCode(form) ? messages.loading.form({ service }) : messages.redirecting.title({ service }), () => this.#signIn?.cancel());
  }

  #newSignIn({ integration, form, ask, screen }) {
    return new SignIn({
      modal: this.#modal,
      embedder: this.#embedder,
      who: this.#who(integration),
      ask,
      withSession: (call) => this.#session.with(call),
      later: this.#page.later,
      canMoveTop: this.#payload.hasCapabilities,
      onCancelled: () => this.#cancelled(integration, form),
      onClose: () => this.close(),
      onEnd: ({ flow, session, status, error }) => {
        if (error) this.#refused({ error, integration, form, screen });
        else if (status.status === "success") this.#succeeded(integration, flow, status, session, isByCode(form));
        else this.#ended(integration, form, flow, status);
      },
    });
  }

  /**
   * Grants the rest to the connection that is there: another sign-in, in a session of its own. Whatever comes of it, the
   * connection has what it had; so the page around us, which knows of it, is told nothing.
   */
  #grantRest(integration, made) {
    let opened = null;
    const kept = (note) => this.#kept(integration, made, note);
    this.#signIn = new SignIn({
      modal: this.#modal,
      embedder: this.#embedder,
      who: this.#who(integration),
      ask: { integration: integration.id, auth: null, values: {}, name: null },
      later: this.#page.later,
      withSession: async (call) => {
        opened ??= (await widenFlow(made.session, made.flow)).requestId;
        return call(opened);
      },
      canMoveTop: false,
      onCancelled: () => kept(null),
      onClose: () => this.close(),
      onEnd: ({ flow, session, status, error }) => {
        if (error) kept(problem(error.key, integration.name, error.message));
        else if (status.status === "success") this.#connected(integration, status, { flow, session, byCode: made.byCode });
        else kept(["access_denied", "cancelled"].includes(status.code) ? null : problem(status.code, integration.name, status.message ?? messages.failure.generic));
      },
    });
    if (made.byCode) this.#signIn.enterCode();
    else this.#signIn.openWindow();
  }

  #kept(integration, made, note) {
    this.#signIn = null;
    const service = integration.name;
    showFailure(this.#modal, {
      name: "kept",
      title: messages.kept.title({ service }),
      text: messages.kept.text({ service, app: this.#app() }),
      note,
      icon: "shield-check",
      actions: [{ label: messages.success.done, run: () => this.#done() }, { label: messages.partial.rest, run: () => this.#grantRest(integration, made) }],
    });
  }

  async #connectByForm({ integration, form, ask, screen }) {
    const turn = this.#turn;
    // The newest of this form is waited for. An earlier one, stopped or slow, may connect all the same.
    const submit = (this.#submit = {});
    screen.busy(messages.form.checking({ service: integration.name }), () => (this.#submit = null));
    const isAwaited = () => turn === this.#turn && submit === this.#submit;
    try {
      let used = null;
      const answer = await this.#session.with((session) => submitForm((used = session), { ...ask, embedder: this.#embedder.origin }), integration.id);
      if (answer.status === "choosing") {
        // The person has gone back meanwhile: nobody waits for it.
        if (!isAwaited()) return void cancelFlow(used, answer.flow);
        this.#nextTurn();
        this.#signIn = this.#newSignIn({ integration, form, ask, screen });
        return void this.#signIn.adopt({ session: used, flow: answer.flow, result: answer.result });
      }
      if (answer.status !== "success") throw new ApiError(422, "credential_refused", answer.message ?? messages.form.refused({ service: integration.name }));
      // Two answers may be about one connection of a session: one outcome.
      const outcome = `${used} ${answer.connection.id}`;
      // Reported even when the person has gone back meanwhile: the connection is there.
      if (turn !== this.#turn) return void this.#embedder.success(outcome, answer.connection);
      this.#nextTurn();
      this.#succeeded(integration, outcome, answer);
    } catch (error) {
      if (isAwaited()) this.#refused({ error, integration, form, screen });
    }
  }

  // --- outcomes ---

  #succeeded(integration, outcome, status, session = null, byCode = false) {
    this.#embedder.success(outcome, status.connection);
    if (integration) this.#typed.delete(integration.id);
    this.#connected(integration, status, { flow: outcome, session, byCode });
  }

  #connected(integration, { account, missing }, made) {
    this.#signIn = null;
    const mayGoOn = integration && !this.#selected && !this.#page.once && this.#integrations.length > 1;
    showSuccess(this.#modal, {
      service: integration?.name ?? null,
      app: this.#app(),
      owner: safeName(this.#session.view?.identity_label),
      account: safeName(account),
      missing: (missing ?? []).map((text) => safeName(text)),
      own: this.#page.words("success"),
      again: Boolean(this.#session.view?.reconnect),
      onDone: () => this.#done(),
      onRest: integration && made.session ? () => this.#grantRest(integration, made) : null,
      onAnother: mayGoOn ? () => this.#load() : null,
    });
  }

  /**
   * Refused before a flow came to be. What the person can mend, or what passes, is said at the form, whose fields stay;
   * the rest is a screen of its own.
   */
  #refused({ error, integration, form, screen }) {
    this.#signIn = null;
    const service = integration.name;
    if (!(error instanceof ApiError)) return this.#fail(error, { integration, retry: () => this.#showService(integration, form) });
    if (error.key === "field_errors" && error.meta?.fields) return screen.fault(error.meta.fields, error.meta.reasons);
    const passes = error.status === 0 || error.status >= 500 || error.status === 429;
    const ofField = ["credential_refused", "address_unreachable"].includes(error.key);
    if (ofField || (form.fields.length > 0 && ["nothing_to_choose", "value_refused"].includes(error.key)) || (passes && form.fields.length > 0)) {
      const provider = error.key === "provider_unavailable";
      const text = provider ? `${messages.failure.providerTitle({ service })}. ${messages.failure.provider({ service })}` : error.status >= 500 ? messages.failure.server : problem(error.key, service, error.message);
      this.#report(text, error.key);
      // Where it can only be about one field, it is said beside that.
      const [field] = ofField ? Object.keys(error.meta?.fields ?? {}) : [];
      return field ? screen.fault({ [field]: text }) : screen.refuse(text);
    }
    if (error.key === "account_changed" || error.key === "account_unknown") {
      this.#report(error.message, error.key);
      return this.#showEnding({ code: error.key, message: error.message }, integration, form, error.reference);
    }
    return this.#fail(error, { integration, retry: () => this.#showService(integration, form) });
  }

  /** A flow that ended without a connection. */
  #ended(integration, form, flow, status) {
    this.#signIn = null;
    if (status.stage === "cancelled") return this.#cancelled(integration, form);
    this.#embedder.failure(flow, status.message ?? messages.failure.generic, failureCode(status));
    return this.#showEnding(status, integration, form, flow);
  }

  #showEnding(status, integration, form, reference) {
    const ending = endingOf(status, { service: integration.name, app: this.#app(), account: safeName(this.#session.view.reconnect?.account) });
    const again = ending.again && { label: ending.again, run: () => this.#showService(integration, form) };
    // Who refused it, or is somebody else, has nothing more to do here.
    const others = !this.#selected && this.#integrations.length > 1 && ending.state !== "foreign";
    const way = others ? { label: messages.failure.list, run: () => this.#showList() } : { label: messages.failure.close, run: () => this.#done() };
    const needsReference = ["failure", "final", "unavailable"].includes(ending.state);
    return showFailure(this.#modal, { ...ending, name: ending.state, note: ending.quote ? status.message : null, reference: needsReference ? reference : null, actions: [again, way].filter(Boolean) });
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
      actions: [{ label: messages.cancelled.again({ service }), run: () => this.#showService(integration, form) }, others ? { label: messages.failure.list, run: () => this.#showList() } : { label: messages.failure.close, run: () => this.#done() }],
    });
  }

  #done() {
    if (this.#ownSession) this.#showOwn();
    else this.close();
  }

  /**
   * An error without a flow. Reported to the page around us, except where that page has no right to hear it, or hears one
   * result only, which is to come (`silent`).
   */
  #fail(error, { integration = null, retry, silent = false }) {
    this.#stage.hidden = false;
    const app = this.#app();
    const again = { label: messages.failure.retry, run: retry };
    const close = { label: messages.failure.close, run: () => this.close() };
    if (error instanceof TokenError || error instanceof EmbedderError) {
      const text = error instanceof TokenError ? error.message : messages.token.timedOutPort;
      this.#report(text, error.code ?? "token_failed");
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
    if (!silent) this.#report(error.message, error.key);
    if (error.needsNewSession) {
      const [title, text] = error.key === "session_used" ? [messages.failure.genericTitle, problem(error.key, "", error.message)] : [messages.expired.title, messages.expired.text];
      return showFailure(this.#modal, { name: "expired", title, text, icon: "clock", reference, actions: [{ label: messages.expired.again, run: () => this.#load() }] });
    }
    if (error.key === "provider_unavailable" && integration) {
      const service = integration.name;
      return showFailure(this.#modal, { name: "unavailable", title: messages.failure.providerTitle({ service }), text: messages.failure.provider({ service }), icon: "clock", reference, actions: [again, close] });
    }
    const away = error.status === 0 || error.status >= 500;
    return showFailure(this.#modal, {
      title: !navigator.onLine ? messages.offline.title : away ? messages.failure.serverTitle : integration ? messages.failure.title({ service: integration.name }) : messages.failure.genericTitle,
      text: error.status >= 500 ? messages.failure.server : problem(error.key, integration?.name ?? messages.brand.fallbackService, error.message),
      reference,
      actions: [again, close],
    });
  }

  #report(text, code) {
    this.#reports += 1;
    this.#embedder.failure(`error-${this.#reports}`, text, code);
  }

  async #check() {
    const result = this.#payload.checkState;
    const onClose = () => this.close();
    this.#stage.hidden = false;
    showChecking(this.#modal, { onClose });
    let later;
    try {
      later = await this.#page.later();
    } catch (error) {
      return this.#fail(error, { retry: () => this.#check(), silent: true });
    }
    const status = await later.awaitReturn({ modal: this.#modal, result, onClose });
    if (status.status === "success") return this.#succeeded(null, result, status);
    const said = status.message ?? messages.failure.generic;
    const text = problem(status.code, messages.brand.fallbackService, said);
    this.#embedder.failure(result, said, failureCode(status));
    // The session is gone with the page before: what is known is the server's sentence. There is no second try here.
    const { state, icon } = endingOf(status, { service: messages.brand.fallbackService, app: this.#app(), account: null });
    return showFailure(this.#modal, { name: state, icon, title: messages.failure.genericTitle, text, actions: [{ label: messages.failure.close, run: () => this.close() }] });
  }

  /** Whatever was under way is not waited for any more. */
  #nextTurn() {
    this.#turn += 1;
    return this.#turn;
  }
}

/** Why a flow ended, for our own script: a stage that says enough, else the server's word. */
function failureCode({ stage, code }) {
  return stage === "expired" || stage === "rejected" ? stage : (code ?? undefined);
}

/** Whether the person enters a code at the service, in place of a window that we open. */
function isByCode(form) {
  return form.auth.kind === "oauth2_device";
}
