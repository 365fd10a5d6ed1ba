// Calls to our own server. The session, ticket and result values travel in headers and bodies, never in an address.

import { messages } from "./messages.js";

const answerTime = 45_000;

/**
 * An answer that is not a success. `key` is the short name of connect errors, `network` when no answer came, else the
 * server's own key. `reference` is the id to quote to an operator.
 */
export class ApiError extends Error {
  constructor(status, key, message, meta = null, reference = null) {
    super(message);
    this.status = status;
    this.key = key;
    this.meta = meta;
    this.reference = reference;
  }

  /** The session is over: a new one from the customer's backend makes the call worth repeating. */
  get needsNewSession() {
    return ["session_expired", "session_unknown", "session_expiring", "session_used"].includes(this.key);
  }
}

/** No answer came, or a script of ours did not. */
export function unreached() {
  return new ApiError(0, "network", messages.failure.network);
}

export function openSession(session, embedder) {
  return call("/connect/api/session", session, { embedder });
}

/** What a link is about. Spends nothing. */
export function peekLink(secret) {
  return call("/connect/api/links/peek", null, { secret });
}

/** A session by a link, after the person pressed its button. */
export function openLink(secret) {
  return call("/connect/api/links/open", null, { secret, click: true });
}

/** What is done with one's own connections: the list has no path, the rest is under a connection's. */
export function askOwn(session, path, body) {
  return call(`/connect/api/connections${path}`, session, body);
}

export function readForm(session, integration, auth) {
  return call("/connect/api/form", session, { integration, auth });
}

export function submitForm(session, submission) {
  return call("/connect/api/submit", session, submission);
}

export function createFlow(session, flow) {
  return call("/connect/api/flows", session, flow);
}

/** A flow with a code that the person enters at the service. */
export function createCode(session, flow) {
  return call("/connect/api/codes", session, flow);
}

export function replaceTicket(session, flow, ticket, proof) {
  return call(`/connect/api/flows/${encodeURIComponent(flow)}/ticket`, session, { ticket, proof });
}

/** Also as the frame goes away, so with `keepalive`. A flow that is past stopping stays as it is. */
export function cancelFlow(session, flow) {
  return call(`/connect/api/flows/${encodeURIComponent(flow)}/cancel`, session, {}, { keepalive: true }).catch(() => {});
}

/** What a sign-in reaches; without a session for the browser that holds the flow. */
export function readChoices(session, flow) {
  return call(`/connect/api/flows/${encodeURIComponent(flow)}/choices`, session, {});
}

/** The place of a choice in that list; null stops the sign-in. */
export function chooseOne(session, flow, pick) {
  return call(`/connect/api/flows/${encodeURIComponent(flow)}/choose`, session, { pick });
}

/** A session that grants the rest to the connection which this flow made. */
export function widenFlow(session, flow) {
  return call(`/connect/api/flows/${encodeURIComponent(flow)}/widen`, session, {});
}

export function checkResult(result, signal) {
  return call("/connect/api/check", result, {}, { signal });
}

export function startFlow(start) {
  return call("/connect/api/start", null, start);
}

export function resumeFlows() {
  return call("/connect/api/start/resume", null, {});
}

export function confirmFlow(confirmation) {
  return call("/connect/api/confirm", null, confirmation);
}

/** The outcome as an event stream. The caller reads the body. */
export function openEvents(result, flow, signal) {
  return fetch(`/connect/api/flows/${encodeURIComponent(flow)}/events`, {
    headers: { Accept: "text/event-stream", Authorization: `Bearer ${result}` },
    credentials: "same-origin",
    cache: "no-store",
    signal,
  });
}

async function call(path, bearer, body, { keepalive = false, signal = null } = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  // Older browsers cannot join two signals.
  const ending = new AbortController();
  const end = () => ending.abort();
  const limit = setTimeout(end, answerTime);
  signal?.addEventListener("abort", end, { signal: ending.signal });
  let response;
  let text;
  try {
    response = await fetch(path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      keepalive,
      signal: ending.signal,
    });
    text = await response.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw unreached();
  } finally {
    clearTimeout(limit);
    end();
  }
  const answer = parse(text);
  if (response.ok) return answer;
  throw new ApiError(
    response.status,
    shortKey(answer?.key, response.status),
    typeof answer?.message === "string" && answer.message !== "" ? answer.message : messages.failure.generic,
    answer?.meta ?? null,
    typeof answer?.correlationId === "string" ? answer.correlationId : null,
  );
}

function parse(text) {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function shortKey(key, status) {
  if (typeof key === "string" && key !== "") return key.split("::").at(-1);
  return status >= 500 ? "server" : "unknown";
}
