// OAuth in a popup with the published SDKs: the main proof, and each older version.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events } from './support/host.mjs';
import { consent, modal } from './support/modal.mjs';
import { sleep } from './support/net.mjs';
import { connectInPopup, prove } from './support/proof.mjs';
import { assertRecord } from './support/record.mjs';
import { OIDC, startSuite } from './support/suite.mjs';

const SECONDS = Number(process.env.PROOF_TOKEN_SECONDS ?? 6);

describe('oauth in a popup', () => {
  let suite;
  before(async () => {
    suite = await startSuite('oauth-popup', { accessTokenSeconds: SECONDS });
  });
  after(() => suite?.stop());

  test('the proof: connect, call, two expiries with one refresh each, delete, revoked', () => prove(suite, { seconds: SECONDS }));

  for (const [sdk, options] of [['authkit-1-0-5'], ['authkit-1-0-0'], ['@withone/auth', { authWindow: 'popup' }]]) {
    test(`${sdk}: one onSuccess with the record`, async () => {
      const { record, page, context } = await connectInPopup(suite, { sdk, options });
      assertRecord(record, { platform: OIDC, oauth: true });
      assert.deepEqual((await events(page)).map((event) => event.type), ['success']);
      await suite.latchkey.api(`/v1/vault/connections/${encodeURIComponent(record.id)}`, { method: 'DELETE' });
    });
  }

  test('from the bare address, without a publishable id', async () => {
    const { record, context } = await connectInPopup(suite, { options: { baseUrl: suite.latchkey.origin } });
    assertRecord(record, { platform: OIDC, oauth: true });
  });

  test('selectedConnection skips the list', async () => {
    const context = await suite.chromium.context();
    const page = await context.newPage();
    await page.goto(suite.host.shop('@picahq/authkit', { selectedConnection: suite.names.oidc }));
    await page.getByRole('button', { name: 'Connect' }).click();
    await modal(page).connect(suite.names.oidc).waitFor();
    assert.equal(await modal(page).search.count(), 0, 'no list');
  });

  test('the customer\'s page has COOP and no-referrer (helmet\'s defaults): no question is asked', async () => {
    const { host } = suite;
    host.behaviour.headers = { 'cross-origin-opener-policy': 'same-origin', 'referrer-policy': 'no-referrer' };
    try {
      const { record, context } = await connectInPopup(suite);
      assertRecord(record, { platform: OIDC, oauth: true });
    } finally {
      host.behaviour.headers = {};
    }
  });

  test('the page has COOP and the window is slow to come: links stand there meanwhile, and its ticket stays good', async () => {
    const { chromium, host, names } = suite;
    host.behaviour.headers = { 'cross-origin-opener-policy': 'same-origin', 'referrer-policy': 'no-referrer' };
    try {
      const context = await chromium.context();
      const replaced = [];
      context.on('request', (request) => /\/ticket$/.test(request.url()) && replaced.push(request.url()));
      const page = await context.newPage();
      const widget = modal(page);
      const seen = widget.screen('blocked').waitFor();
      await context.route((url) => url.pathname === '/connect/start', async (route) => {
        await Promise.all([sleep(6000), seen]);
        await route.continue();
      });
      await page.goto(host.shop());
      await page.getByRole('button', { name: 'Connect' }).click();
      const popup = await widget.openPopup(names.oidc);
      await seen;
      await consent(popup).allow.waitFor();
      await widget.screen('waiting').waitFor();
      await consent(popup).allow.click();
      await widget.success(names.oidc).waitFor();
      assert.deepEqual((await events(page)).map((event) => event.type), ['success']);
      assert.deepEqual(replaced, []);
    } finally {
      host.behaviour.headers = {};
    }
  });

  test('the provider cuts the opener (COOP): success, no false cancel meanwhile', async () => {
    const { provider, chromium, host, names } = suite;
    provider.behaviour.consentHeaders = { 'cross-origin-opener-policy': 'same-origin' };
    const context = await chromium.context();
    try {
      const page = await context.newPage();
      await page.goto(host.shop());
      await page.getByRole('button', { name: 'Connect' }).click();
      const popup = await modal(page).openPopup(names.oidc);
      await consent(popup).allow.waitFor();
      await page.waitForTimeout(3000);
      assert.deepEqual(await events(page), [], 'still waiting');
      await consent(popup).allow.click();
      await modal(page).success(names.oidc).waitFor();
    } finally {
      provider.behaviour.consentHeaders = undefined;
    }
  });
});
