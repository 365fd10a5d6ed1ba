// Asking the customer's backend for a session. What answers is not ours: every odd answer ends in one clear sentence.

import { isObject } from "./payload.js";
import { messages } from "./messages.js";

const answerTime = 20_000;
const pageSize = 100;
const mostPages = 50;
const longestQuote = 300;

/** The token endpoint gave no session. `message` is what the customer's `onError` and the person get to read. */
export class TokenError extends Error {}

/**
 * Calls the token endpoint page by page. Gives `{ requestId, rows, whiteLabel }`; `rows` are those of all pages.
 * Sends no header of our own and no cookie: customers' CORS rules allow `Content-Type` and what they asked for.
 */
export async function fetchToken(linkTokenEndpoint, linkHeaders) {
  const endpoint = parseEndpoint(linkTokenEndpoint);
  const headers = new Headers();
  for (const [name, value] of Object.entries(linkHeaders)) {
    if (value === null || value === undefined) continue;
    try {
      headers.set(name, typeof value === "string" ? value : JSON.stringify(value));
    } catch {
      // A name or value that no header can hold would be refused by every browser: leave it out and go on.
    }
  }
  headers.set("Content-Type", "application/json");

  const first = await fetchPage(endpoint, headers, 1);
  const seen = new Set(first.rows.map(rowIdentity));
  const all = { ...first };
  for (let page = 2; page <= Math.min(first.pages, mostPages); page += 1) {
    const next = await fetchPage(endpoint, headers, page);
    const fresh = next.rows.filter((row) => !seen.has(rowIdentity(row)));
    // A backend that ignores `page` gives the same rows for ever.
    if (fresh.length === 0) break;
    for (const row of fresh) seen.add(rowIdentity(row));
    all.rows = all.rows.concat(fresh);
    all.requestId = next.requestId;
  }
  return all;
}

function parseEndpoint(linkTokenEndpoint) {
  if (!linkTokenEndpoint) throw new TokenError(messages.token.missing);
  let endpoint;
  try {
    endpoint = new URL(linkTokenEndpoint);
  } catch {
    throw new TokenError(messages.token.relative);
  }
  if (endpoint.protocol !== "https:" && endpoint.protocol !== "http:") throw new TokenError(messages.token.relative);
  return endpoint;
}

async function fetchPage(endpoint, headers, page) {
  const address = new URL(endpoint);
  if (page > 1 || !address.searchParams.has("page")) address.searchParams.set("page", String(page));
  if (!address.searchParams.has("limit")) address.searchParams.set("limit", String(pageSize));
  const host = address.host;

  let response;
  let text;
  try {
    response = await fetch(address, {
      method: "POST",
      headers,
      body: "{}",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(answerTime),
    });
    text = await response.text();
  } catch (cause) {
    const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new TokenError(timedOut ? messages.token.timedOut({ host }) : messages.token.unreachable({ host }));
  }
  return readTokenAnswer(text, response.status, host);
}

/** Reads both shapes of wire-contract §2.2; anything else is an error, whatever its status. */
export function readTokenAnswer(text, status, host) {
  // A client that failed gives nothing, and a backend may write that out.
  if (["", "null", "undefined", '"undefined"'].includes(text.trim())) throw new TokenError(messages.token.empty({ host }));
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new TokenError(quotable(text) ?? messages.token.notJson({ host, status }));
  }
  const failed = status < 200 || status > 299;
  if (!failed && isObject(answer)) {
    if (isObject(answer.linkSettings)) return readOldAnswer(answer);
    if (Array.isArray(answer.rows)) return readPageAnswer(answer);
  }
  throw new TokenError(errorText(answer) ?? messages.token.unknown({ host, status }));
}

function readPageAnswer(answer) {
  return {
    requestId: capability(answer.requestId ?? answer.request_id),
    rows: answer.rows.filter(isObject).filter((row) => row.active !== false),
    pages: Number.isInteger(answer.pages) ? answer.pages : 1,
    whiteLabel: answer.isWhiteLabel === true,
  };
}

// The session of this shape is named by `eventIncToken`, which the server made; `sessionId` was the client's choice.
function readOldAnswer(answer) {
  const platforms = Array.isArray(answer.linkSettings.connectedPlatforms) ? answer.linkSettings.connectedPlatforms : [];
  const features = Array.isArray(answer.features) ? answer.features : [];
  return {
    requestId: capability(answer.linkSettings.eventIncToken),
    rows: platforms.filter(isObject).filter((row) => row.active !== false),
    pages: 1,
    whiteLabel: features.some((feature) => isObject(feature) && feature.key === "authkit::white-label" && feature.value === "enabled"),
  };
}

function capability(value) {
  if (typeof value === "number") return String(value);
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  throw new TokenError(messages.token.noSession);
}

function errorText(answer) {
  if (typeof answer === "string") return quotable(answer);
  if (!isObject(answer)) return null;
  if (isObject(answer.message)) return quotable(answer.message.message);
  return quotable(answer.message) ?? quotable(answer.error);
}

/** A short plain text may be shown as it is; a page of HTML may not. */
function quotable(text) {
  if (typeof text !== "string") return null;
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > longestQuote || trimmed.startsWith("<")) return null;
  return trimmed;
}

function rowIdentity(row) {
  return String(row.connectionDefId ?? row.connectionDefinitionId ?? row.id ?? row.type ?? row.title);
}
