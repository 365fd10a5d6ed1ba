// The session: a token of the customer's backend, what the server says about it, and a new one when it is over.

import { ApiError, openSession } from "./api.js";
import { safeName } from "./dom.js";
import { EmbedderError } from "./embedder.js";
import { messages } from "./messages.js";
import { fetchToken, TokenError } from "./token.js";

export class Session {
  #embedder;
  #payload = null;
  #requestId = null;
  #rows = [];
  #tokens = 0;
  #firstError = null;
  #view = null;
  #integrations = [];
  #made = new Set();

  constructor(embedder) {
    this.#embedder = embedder;
  }

  /** What the server says of it; null before `open`. */
  get view() {
    return this.#view;
  }

  /** What can be connected, with names that may stand in a sentence. */
  get integrations() {
    return this.#integrations;
  }

  /** The rows of the token's answer, as the customer's `selectedConnection` may name one. */
  get rows() {
    return this.#rows;
  }

  /** The first token of our own script. Gives its options; null when there was none, which `open` then says. */
  async firstToken() {
    try {
      const token = await this.#embedder.nextToken(false);
      if (!token.options?.checkState) this.#readMessage(token);
      return token.options ?? {};
    } catch (error) {
      if (!(error instanceof EmbedderError) && !(error instanceof TokenError)) throw error;
      this.#firstError = error;
      return null;
    }
  }

  /** Opens it. A session that is over already is asked for once more, silently. */
  async open(payload) {
    this.#payload = payload;
    try {
      await this.#renew();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.needsNewSession) throw error;
      await this.#renew();
    }
  }

  /**
   * Calls with the session, and once more with a new one when it is over. A call that makes a connection names at what: made
   * again, that the session is used may be its own doing, before, when the answer was lost.
   */
  async with(call, at = null) {
    const made = `${this.#requestId} ${at}`;
    const again = at && this.#made.has(made);
    this.#made.add(made);
    try {
      return await call(this.#requestId);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.needsNewSession || (again && error.key === "session_used")) throw error;
      await this.open(this.#payload);
      return call(this.#requestId);
    }
  }

  async #renew() {
    await this.#obtainToken();
    this.#view = await openSession(this.#requestId, this.#embedder.origin);
    const allowed = new Set(this.#rows.map((row) => row.type));
    this.#integrations = this.#view.integrations.filter(({ id }) => this.#rows === allRows || allowed.has(id)).map(presentable);
  }

  async #obtainToken() {
    if (!this.#embedder.hasPort) {
      const { requestId, rows } = await fetchToken(this.#payload.linkTokenEndpoint, this.#payload.linkHeaders);
      this.#requestId = requestId;
      this.#rows = rows;
      return;
    }
    this.#tokens += 1;
    if (this.#firstError) {
      const error = this.#firstError;
      this.#firstError = null;
      throw error;
    }
    // The first token is here already; every further session needs another.
    if (this.#tokens > 1) this.#readMessage(await this.#embedder.nextToken(true));
  }

  #readMessage({ type, message, code, requestId, rows }) {
    if (type === "token_error") throw Object.assign(new TokenError(typeof message === "string" && message !== "" ? message : messages.token.noSession), { code });
    if (typeof requestId !== "string" || requestId === "") throw new TokenError(messages.token.noSession);
    this.#requestId = requestId;
    this.#rows = Array.isArray(rows) ? rows.filter((row) => row && row.active !== false) : allRows;
  }
}

function presentable(integration) {
  return {
    ...integration,
    name: safeName(integration.name, integration.id),
    description: safeName(integration.description),
    categories: integration.categories ?? [],
    aliases: integration.aliases ?? [],
    accounts: (integration.accounts ?? []).map((name) => safeName(name)).filter(Boolean),
  };
}

/** Stands for "the token names no rows": then the session alone decides. */
const allRows = [];
