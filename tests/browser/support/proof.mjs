// The proofs: what has to work from the customer's page to the service and back. `prove` is the main one (connect over
// OAuth, call, survive expiries, delete); the others are its counterparts with an API key and for what is refused.

import assert from 'node:assert/strict';
import { events, eventOf } from './host.mjs';
import { KEY_LABEL, consent, modal } from './modal.mjs';
import { sleep, until } from './net.mjs';
import { USERINFO_PATH, assertOneRefreshPerExpiry } from './provider.mjs';
import { assertRecord, assertRow } from './record.mjs';
import { OIDC, TEST_KEY } from './suite.mjs';

/** A person in a browser of their own opens the modal on the customer's page. */
export async function openModal({ chromium, host }, { sdk = '@picahq/authkit', options, context: given } = {}) {
  const context = given ?? (await chromium.context());
  const page = await context.newPage();
  await page.goto(host.shop(sdk, options));
  await page.getByRole('button', { name: 'Connect' }).click();
  return { context, page, widget: modal(page) };
}

/** Connects in a popup with an SDK; gives the record and the page. */
export async function connectInPopup(suite, options) {
  const { names } = suite;
  const { context, page, widget } = await openModal(suite, options);
  const popup = await widget.openPopup(names.oidc);
  const closed = popup.waitForEvent('close');
  await consent(popup).allow.click();
  const record = await eventOf(page, 'success');
  await closed;
  await widget.success(names.oidc).waitFor();
  return { record, page, context, widget };
}

/** Connects in the same window: the page leaves for the provider and comes back. */
export async function connectInSameWindow(suite, options) {
  const { host, names } = suite;
  const { context, page, widget } = await openModal(suite, { sdk: '@withone/auth', ...options });
  await widget.pick(names.oidc);
  await widget.connect(names.oidc).click();
  await consent(page).allow.click();
  await page.waitForURL((url) => url.origin === host.origin);
  await page.getByRole('button', { name: 'Connect' }).waitFor();
  const record = await eventOf(page, 'success');
  // After the return the modal knows only the result, so its words do not name the service.
  await widget.screen('success').waitFor();
  assert.equal(context.pages().length, 1, 'no other window');
  return { record, page, context, widget };
}

/** Calls the provider's userinfo through Latchkey. */
export const callUserinfo = (latchkey, connection) => latchkey.api(`/v1/passthrough/${USERINFO_PATH}`, { connection });

/**
 * The whole proof with a provider whose tokens live `seconds`.
 *
 * @param connect how: `connectInPopup` or `connectInSameWindow`
 * @param expiries how many expiries to wait for
 */
export async function prove(suite, { seconds, expiries = 2, connect = connectInPopup }) {
  const { latchkey, provider } = suite;
  provider.forget();

  const { record, page, context, widget } = await connect(suite);
  assertRecord(record, { platform: OIDC, oauth: true });
  assert.deepEqual((await events(page)).map((event) => event.type), ['success'], 'exactly one event');
  await widget.done.click();
  await eventOf(page, 'close');
  assert.equal(provider.authorizations().at(0).pkce, 'S256');
  assert.equal(provider.exchanges().length, 1);

  const first = await callUserinfo(latchkey, record.key);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.equal(first.body.sub, 'ann-1001');
  assert.match(first.headers.get('content-type'), /^application\/json/);

  // Nobody calls passthrough while these pass: it is the scheduler that refreshes.
  await until(() => provider.refreshes().length >= expiries, `${expiries} refreshes by the scheduler`, (seconds + 10) * expiries * 1000 + 5000);
  assertOneRefreshPerExpiry(assert, provider, seconds);
  const after = await callUserinfo(latchkey, record.key);
  assert.equal(after.status, 200, 'works after expiry');
  assert.equal(after.body.sub, 'ann-1001');

  await assertListed(latchkey, record, OIDC);
  const deleted = await latchkey.api(`/v1/vault/connections/${encodeURIComponent(record.id)}`, { method: 'DELETE' });
  assert.equal(deleted.status, 200);
  assert.equal((await callUserinfo(latchkey, record.key)).status, 404, 'passthrough after the delete');
  assertOneRefreshPerExpiry(assert, provider, seconds);
  const newest = provider.refreshes().at(-1).issued;
  await until(() => provider.revocations().some((entry) => entry.status === 200 && entry.revoked === newest), 'the revocation at the provider', 30_000);
  assert.deepEqual(provider.liveRefreshTokens(), [], 'no usable refresh token is left at the provider');
  const count = provider.refreshes().length;
  await sleep(seconds * 1000);
  assert.equal(provider.refreshes().length, count, 'a deleted connection is not refreshed');
  await context.close();
}

/** With an API key: connect, call, delete. */
export async function proveKey(suite) {
  const { latchkey, keys, names } = suite;
  const { context, page, widget } = await openModal(suite);
  await widget.enterKey(names.testKey, KEY_LABEL, keys.key);
  const record = await eventOf(page, 'success');
  assertRecord(record, { platform: TEST_KEY });
  await widget.success(names.testKey).waitFor();
  await widget.done.click();
  await eventOf(page, 'close');
  assert.deepEqual(await eventTypes(page), ['success', 'close']);

  const items = await latchkey.api('/v1/passthrough/items', { connection: record.key });
  assert.equal(items.status, 200, JSON.stringify(items.body));
  assert.equal(items.body.items[0].title, 'First');
  await assertListed(latchkey, record, TEST_KEY);
  const deleted = await latchkey.api(`/v1/vault/connections/${encodeURIComponent(record.id)}`, { method: 'DELETE' });
  assert.equal(deleted.status, 200);
  const calls = keys.calls.length;
  assert.equal((await latchkey.api('/v1/passthrough/items', { connection: record.key })).status, 404, 'passthrough after the delete');
  assert.equal(keys.calls.length, calls, 'the service is not called any more');
  await context.close();
}

/** A key that the service refuses: said in place, nothing is made. */
export async function proveRefusedKey(suite) {
  const { latchkey, keys, names } = suite;
  const before = await connections(latchkey, TEST_KEY);
  const calls = keys.calls.length;
  const { context, page, widget } = await openModal(suite);
  await widget.enterKey(names.testKey, KEY_LABEL, keys.wrongKey);
  await widget.fieldError.filter({ hasText: names.testKey }).waitFor();
  assert.deepEqual(keys.calls.slice(calls).map(({ path, accepted }) => ({ path, accepted })), [{ path: '/me', accepted: false }], 'one check');
  assert.equal((await eventTypes(page)).includes('success'), false);
  assert.equal(await connections(latchkey, TEST_KEY), before);
  await context.close();
}

/** The person says no at the provider: one `onError`, no token request, nothing is made. */
export async function proveDenial(suite) {
  const { latchkey, provider, names } = suite;
  provider.forget();
  const before = await connections(latchkey, OIDC);
  const { context, page, widget } = await openModal(suite);
  const popup = await widget.openPopup(names.oidc);
  const closed = popup.waitForEvent('close');
  await consent(popup).deny.click();
  const message = await eventOf(page, 'error');
  assert.ok(message.length > 0 && message.length <= 300, message);
  await widget.tryAgain.waitFor();
  await closed;
  assert.deepEqual(await eventTypes(page), ['error']);
  assert.equal(provider.exchanges().length, 0);
  assert.equal(await connections(latchkey, OIDC), before);
  await context.close();
}

const eventTypes = async (page) => (await events(page)).map((event) => event.type);
const connections = async (latchkey, platform) => (await latchkey.api(`/v1/vault/connections?platform=${platform}`)).body.total;

async function assertListed(latchkey, record, platform) {
  const list = await latchkey.api(`/v1/vault/connections?key=${encodeURIComponent(record.key)}`);
  assert.equal(list.body.total, 1);
  assertRow(list.body.rows[0], { platform });
}
