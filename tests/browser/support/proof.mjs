// The main proof: connect over OAuth in a popup, call the service, survive expiries, delete.

import assert from 'node:assert/strict';
import { events, eventOf } from './host.mjs';
import { consent, modal } from './modal.mjs';
import { sleep, until } from './net.mjs';
import { USERINFO_PATH, assertOneRefreshPerExpiry } from './provider.mjs';
import { assertRecord, assertRow } from './record.mjs';
import { OIDC } from './suite.mjs';

/** Connects in a popup with an SDK; gives the record and the page. */
export async function connectInPopup({ chromium, host, names }, { sdk = '@picahq/authkit', options, context: given } = {}) {
  const context = given ?? (await chromium.context());
  const page = await context.newPage();
  await page.goto(host.shop(sdk, options));
  await page.getByRole('button', { name: 'Connect' }).click();
  const widget = modal(page);
  const popup = await widget.openPopup(names.oidc);
  const closed = popup.waitForEvent('close');
  await consent(popup).allow.click();
  const record = await eventOf(page, 'success');
  await closed;
  await widget.success(names.oidc).waitFor();
  return { record, page, context, widget };
}

/** Calls the provider's userinfo through Latchkey. */
export const callUserinfo = (latchkey, connection) => latchkey.api(`/v1/passthrough/${USERINFO_PATH}`, { connection });

/**
 * The whole proof with a provider whose tokens live `seconds`.
 *
 * @param expiries how many expiries to wait for
 */
export async function prove(suite, { seconds, expiries = 2 }) {
  const { latchkey, provider } = suite;
  provider.forget();

  const { record, page, context, widget } = await connectInPopup(suite);
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
  await until(() => provider.refreshes().length >= expiries, `${expiries} refreshes by the scheduler`, (seconds + 3) * expiries * 1000 + 5000);
  assertOneRefreshPerExpiry(assert, provider, seconds);
  const after = await callUserinfo(latchkey, record.key);
  assert.equal(after.status, 200, 'works after expiry');
  assert.equal(after.body.sub, 'ann-1001');

  const list = await latchkey.api(`/v1/vault/connections?key=${encodeURIComponent(record.key)}`);
  assert.equal(list.body.total, 1);
  assertRow(list.body.rows[0], { platform: OIDC });

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
