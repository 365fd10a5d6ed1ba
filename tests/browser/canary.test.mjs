// Secrets are planted in every place where one can be, then searched for in the log at trace level, in /metrics, in a dump
// of the whole database, in the messages to the customer's page, and in what the provider's pages were asked with. None may
// be found, in clear or in a common encoding.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { recordMessages } from './support/browser.mjs';
import { eventOf } from './support/host.mjs';
import { KEY_LABEL, consent, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { callUserinfo, connectInPopup } from './support/proof.mjs';
import { startSuite } from './support/suite.mjs';

const SECONDS = 6;
let suite;
before(async () => {
  suite = await startSuite('canary', { accessTokenSeconds: SECONDS });
});
after(() => suite?.stop());

/** The forms in which a secret could lie about. */
function encodings(secret) {
  const bytes = Buffer.from(secret);
  const forms = [secret, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), encodeURIComponent(secret)];
  // 32 random bytes as base64url are also bytes of their own.
  if (/^[\w-]{43}$/.test(secret)) {
    const raw = Buffer.from(secret, 'base64url');
    forms.push(raw.toString('hex'), raw.toString('base64').replace(/=+$/, ''));
  }
  return [...new Set(forms)];
}

/** Secrets of the connect flow as they pass through this context: name → values. */
function watch(context) {
  const seen = { ticket: new Set(), proof: new Set(), session: new Set(), result: new Set(), evidence: new Set(), browser: new Set() };
  context.on('request', (request) => {
    if (!request.url().includes('/connect/api/')) return;
    const bearer = /^Bearer (.+)$/.exec(request.headers().authorization ?? '')?.[1];
    if (bearer && /events|check/.test(request.url())) seen.result.add(bearer);
    else if (bearer) seen.session.add(bearer);
    let body = {};
    try {
      body = request.postDataJSON() ?? {};
    } catch {
      // No body.
    }
    for (const name of ['ticket', 'proof', 'evidence']) if (body[name]) seen[name].add(body[name]);
  });
  context.on('response', async (response) => {
    if (!response.url().endsWith('/connect/api/flows')) return;
    const body = await response.json().catch(() => ({}));
    if (body.result) seen.result.add(body.result);
  });
  return seen;
}

test('no planted secret is in the log, /metrics, the database, a message or the provider\'s hands', async () => {
  const { chromium, host, keys, latchkey, names, provider } = suite;
  const context = await chromium.context();
  const seen = watch(context);
  const messages = await recordMessages(context);
  const linkHeader = `canary-link-header-${'x7Qz'.repeat(6)}`;
  const options = { token: { url: `${host.origin}/token`, headers: { 'x-user-id': 'u-42', 'x-page-secret': linkHeader } } };

  // A whole OAuth journey with a refresh and a delete, one that is denied, one with a key, one with a refused key.
  const { record, page } = await connectInPopup(suite, { context, options });
  await until(() => provider.refreshes().length >= 1, 'a refresh', (SECONDS + 8) * 1000);
  assert.equal((await callUserinfo(latchkey, record.key)).status, 200);
  await page.close();

  async function open() {
    const next = await context.newPage();
    await next.goto(host.shop('@picahq/authkit', options));
    await next.getByRole('button', { name: 'Connect' }).click();
    return { next, widget: modal(next) };
  }
  const denied = await open();
  const popup = await denied.widget.openPopup(names.oidc);
  await consent(popup).deny.click();
  await eventOf(denied.next, 'error');
  const keyed = await open();
  await keyed.widget.enterKey(names.testKey, KEY_LABEL, keys.wrongKey);
  await keyed.widget.fieldError.waitFor();
  await keyed.widget.field(KEY_LABEL).fill(keys.key);
  await keyed.widget.connect(names.testKey).click();
  await eventOf(keyed.next, 'success');
  // A second connection stays, so that a live credential is in the dump.
  await connectInPopup(suite, { context, options });
  await latchkey.api(`/v1/vault/connections/${encodeURIComponent(record.id)}`, { method: 'DELETE' });
  await latchkey.api('/v1/vault/connections', { key: `${latchkey.test_key.slice(0, -4)}zzzz` });
  for (const cookie of await context.cookies(latchkey.origin)) seen.browser.add(cookie.value);

  // Nobody signs in with a code here: device.test.mjs plants that one.
  const { device_code: _elsewhere, ...issued } = provider.secrets;
  const planted = {
    'secret key': [latchkey.test_key],
    'client secret': [provider.clientSecret],
    'API key': [keys.key, keys.wrongKey],
    'link header': [linkHeader],
    'token answer': host.answers.map((answer) => answer.requestId),
    ...Object.fromEntries(Object.entries(seen).map(([name, values]) => [name, [...values]])),
    ...issued,
  };
  for (const [name, values] of Object.entries(planted)) assert.ok(values.filter(Boolean).length > 0, `nothing was planted as ${name}`);

  const places = {
    log: latchkey.log(),
    metrics: String((await latchkey.api('/metrics', { key: null })).body),
    database: await latchkey.dump(),
    'messages to the customer': JSON.stringify(messages.filter((message) => message.frame.startsWith(host.origin))),
  };
  assert.match(places.database, new RegExp(record.key.split('::')[1]), 'the dump holds the connections');
  assert.ok(places.log.length > 1000, 'there is a log');
  assert.ok(places.metrics.length > 100, 'there are metrics');

  assert.ok(places['messages to the customer'].includes('LINK_SUCCESS'), 'messages were recorded');
  // The provider has to see its own state; nothing else of ours, and not where the person came from.
  const { state: _state, ...notForProvider } = planted;
  const visits = JSON.stringify(provider.log.filter((entry) => ['authorize', 'resume'].includes(entry.kind)).map((entry) => [entry.url, entry.headers]));
  for (const values of [...Object.values(notForProvider), [new URL(host.origin).host]]) {
    for (const value of values.filter(Boolean)) assert.equal(visits.includes(value), false, 'the provider\'s pages saw a secret');
  }

  const found = [];
  for (const [kind, values] of Object.entries(planted)) {
    for (const value of values.filter(Boolean)) {
      for (const form of encodings(value)) {
        for (const [place, text] of Object.entries(places)) {
          const index = text.indexOf(form);
          if (index >= 0) found.push(`${kind} in ${place}: …${text.slice(Math.max(0, index - 80), index).replaceAll('\n', ' ')}[here]`);
        }
      }
    }
  }
  assert.deepEqual([...new Set(found)], []);
});
