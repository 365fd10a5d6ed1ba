// `@picahq/authkit` in a real Chromium against `latchkey dev`, and the tokens of every package in it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { eventOf } from '../browser/support/host.mjs';
import { KEY_LABEL } from '../browser/support/modal.mjs';
import { openModal } from '../browser/support/proof.mjs';
import { assertRecord } from '../browser/support/record.mjs';
import { TEST_KEY } from '../browser/support/suite.mjs';
import { COLUMNS, describeSdk, suite } from './support/sdks.mjs';
import { installed, installedInBrowser, locked, python } from './support/stage.mjs';

const require = createRequire(import.meta.url);

for (const column of COLUMNS.authkit) describeSdk(column);

/** What customers' token endpoints answer, made by the package in question, taken by the modal. */
describe(`tokens in @picahq/authkit ${installedInBrowser('@picahq/authkit')}`, () => {
  async function connectsWith(token) {
    suite.host.behaviour.other = token;
    suite.host.behaviour.token = 'other';
    const { page, widget } = await openModal(suite, { sdk: '@picahq/authkit' });
    await widget.enterKey(suite.names.testKey, KEY_LABEL, suite.keys.key);
    assertRecord(await eventOf(page, 'success'), { platform: TEST_KEY, identity: 'u-42' });
  }
  const owner = { identity: 'u-42', identityType: 'user' };

  test(`of @picahq/authkit-node ${installed('@picahq/authkit-node')}`, async () => {
    const { AuthKitToken } = require('@picahq/authkit-node');
    process.env.PICA_API_BASE_URL = `${suite.latchkey.url}/v1`;
    await connectsWith(await new AuthKitToken(suite.latchkey.test_key, { baseUrl: suite.latchkey.url }).create(owner));
  });
  test(`of PyPI authkit-token ${locked('langchain', 'authkit-token')}`, async () => {
    const { sync } = await python('langchain', 'drive_authkit_token.py', { url: suite.latchkey.url, key: suite.latchkey.test_key, identityType: 'user' });
    await connectsWith(sync);
  });
  test('of PyPI authkit-token over several pages, which names the session `request_id` only', async () => {
    const { requestId, isWhiteLabel, expires_at, expiresAt, skip, limit, ...page } = (await suite.latchkey.api('/v1/authkit', { method: 'POST', body: owner })).body;
    await connectsWith({ ...page, page: 1, pages: 1 });
  });
  test("of the customer's own call to /v1/authkit/token, with what the page asked for", async () => {
    const query = '?page=undefined&limit=null';
    await connectsWith((await suite.latchkey.api(`/v1/authkit/token${query}`, { method: 'POST', body: owner })).body);
  });
  test('an error that a package handed back with status 200', async () => {
    const { AuthKitToken } = require('@picahq/authkit-node');
    suite.host.behaviour.other = await new AuthKitToken('sk_test_lk_unknown', { baseUrl: suite.latchkey.url }).create(owner);
    suite.host.behaviour.token = 'other';
    const { page } = await openModal(suite, { sdk: '@picahq/authkit' });
    assert.match(await eventOf(page, 'error'), /key/);
  });
});
