// Identities as customers have them: what a published client sends unescaped finds the connection and calls with it.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { eventOf } from './support/host.mjs';
import { KEY_LABEL } from './support/modal.mjs';
import { callUserinfo, connectInPopup, openModal } from './support/proof.mjs';
import { assertRecord, assertRow } from './support/record.mjs';
import { OIDC, TEST_KEY, startSuite } from './support/suite.mjs';

const IDENTITIES = ['auth0|123', 'a+b@example.test', 'Zoë Ångström', 'a,b', 'a%7Cb', 'a#b?c=d&e', '日本', 'a::b'];

describe('identities', () => {
  let suite;
  before(async () => {
    suite = await startSuite('identities', { windowless: true });
  });
  after(() => suite?.stop());

  /** A request whose target goes over the wire exactly as given. */
  const raw = (target) => new Promise((resolve, reject) => {
    const { hostname, port } = new URL(suite.latchkey.url);
    http.get({ hostname, port, path: target, headers: { 'x-pica-secret': suite.latchkey.test_key } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
    }).on('error', reject);
  });

  /** The customer's backend knows who is signed in; the page does not say it. */
  async function as(identity, connect) {
    suite.host.behaviour.identity = identity;
    const options = { token: { url: `${suite.host.origin}/token`, headers: { 'x-user-id': 'cookie' } } };
    return connect(options);
  }

  async function assertFound(record, { platform, identity }) {
    const found = {};
    const ask = async (name, target) => {
      const { status, body } = await raw(target);
      found[name] = status === 200 ? body.rows.map((row) => row.key) : status;
      if (status === 200 && body.rows.length === 1) assertRow(body.rows[0], { platform, identity });
    };
    await ask('identity', `/v1/vault/connections?platform=${platform}&identity=${encodeURIComponent(identity)}`);
    await ask('identity as a form', `/v1/vault/connections?${new URLSearchParams({ platform, identity, identityType: 'user' })}`);
    await ask('raw key', `/v1/vault/connections?key=${record.key}`);
    await ask('raw keys', `/v1/vault/connections?keys=${record.key},test::none::default::0|x`);
    await ask('escaped key', `/v1/vault/connections?key=${encodeURIComponent(record.key)}`);
    assert.deepEqual(found, Object.fromEntries(Object.keys(found).map((name) => [name, [record.key]])));
    for (const key of [record.key, encodeURIComponent(record.key)]) {
      const one = await raw(`/v1/vault/connections/${key}`);
      assert.deepEqual([one.status, one.body.id], [200, record.id], key);
    }
  }

  for (const identity of IDENTITIES) {
    test(`${identity}: connect, list, call by the key`, async () => {
      const { latchkey, keys, names } = suite;
      const { page, widget } = await as(identity, (options) => openModal(suite, { options }));
      await widget.enterKey(names.testKey, KEY_LABEL, keys.key);
      const record = await eventOf(page, 'success');
      assertRecord(record, { platform: TEST_KEY, identity });
      await assertFound(record, { platform: TEST_KEY, identity });
      const items = await latchkey.api('/v1/passthrough/items', { connection: record.key });
      assert.equal(items.status, 200, JSON.stringify(items.body));
      assert.equal(items.body.items[0].title, 'First');
    });
  }

  test('auth0|123 over OAuth: connect, list, call by the key', async () => {
    const identity = 'auth0|123';
    const { record } = await as(identity, (options) => connectInPopup(suite, { options }));
    assertRecord(record, { platform: OIDC, identity, oauth: true });
    await assertFound(record, { platform: OIDC, identity });
    assert.equal((await callUserinfo(suite.latchkey, record.key)).status, 200);
  });

  test('identities that look alike in the key are still two', async () => {
    const of = async (identity) => (await raw(`/v1/vault/connections?identity=${encodeURIComponent(identity)}`)).body.total;
    assert.equal(await of('a,b'), 1);
    assert.equal(await of('a b'), 0);
    assert.equal(await of('a-b'), 0);
    assert.equal(await of('a'), 0);
  });
});
