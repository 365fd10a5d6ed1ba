// Over https, as it is run (T24): cookies with their full attributes, Latchkey on the customer's own domain, and on another.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf } from './support/host.mjs';
import { startFront } from './support/front.mjs';
import { confirmPage, consent, modal } from './support/modal.mjs';
import { OIDC, startSuite } from './support/suite.mjs';
import { assertRecord } from './support/record.mjs';

const [LATCHKEY, SHOP, OTHER] = ['auth.shop.test', 'app.shop.test', 'app.other.test'];

describe('over https', () => {
  let suite;
  const fronts = [];
  let shop;
  let other;
  before(async () => {
    for (const name of [LATCHKEY, SHOP, OTHER]) fronts.push(await startFront(name));
    const [latchkey, ...sites] = fronts;
    [shop, other] = sites;
    suite = await startSuite('same-site', { environment: { LATCHKEY_PUBLIC_URL: latchkey.origin }, hosts: [LATCHKEY, SHOP, OTHER] });
    latchkey.to = new URL(suite.latchkey.url).port;
    for (const site of sites) {
      site.to = new URL(suite.host.origin).port;
      await suite.latchkey.addOrigin(site.origin);
    }
  });
  after(async () => {
    await suite?.stop();
    for (const front of fronts) await front.stop();
  });
  beforeEach(() => {
    suite.provider.forget();
    suite.host.behaviour.headers = {};
  });

  async function open(site, sdk) {
    const context = await suite.chromium.context({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const token = { url: `${site.origin}/token`, headers: { 'x-user-id': 'u-42' } };
    await page.goto(suite.host.shop(sdk, { token }).replace(suite.host.origin, site.origin));
    await page.getByRole('button', { name: 'Connect' }).click();
    const widget = modal(page);
    await widget.pick(suite.names.oidc);
    return { context, page, widget };
  }

  for (const where of ['its own domain', 'another domain']) {
    test(`Latchkey on ${where}: a popup ends well, and the cookies are bound to the host`, async () => {
      const { context, page, widget } = await open(where === 'its own domain' ? shop : other, '@picahq/authkit');
      const [popup] = await Promise.all([context.waitForEvent('page'), widget.connect(suite.names.oidc).click()]);
      await consent(popup).allow.click();
      assertRecord(await eventOf(page, 'success'), { platform: OIDC, oauth: true });
      const ours = (await context.cookies()).filter(({ domain }) => domain === LATCHKEY);
      const browser = ours.find(({ name }) => name === '__Host-lk_b');
      assert.deepEqual([browser.secure, browser.httpOnly, browser.sameSite, browser.path], [true, true, 'Lax', '/']);
      assert.deepEqual(ours.filter(({ name }) => !name.startsWith('__Host-')), [], 'no other cookie of ours');
    });
  }

  test('T24: the same window, without a Referer, on its own domain: no question', async () => {
    suite.host.behaviour.headers = { 'referrer-policy': 'no-referrer' };
    const { page, widget } = await open(shop, '@withone/auth');
    await widget.connect(suite.names.oidc).click();
    await consent(page).allow.click();
    await page.waitForURL((url) => url.origin === shop.origin);
    assertRecord(await eventOf(page, 'success'), { platform: OIDC, oauth: true });
  });

  test('the same on another domain: one question', async () => {
    suite.host.behaviour.headers = { 'referrer-policy': 'no-referrer' };
    const { page, widget } = await open(other, '@withone/auth');
    await widget.connect(suite.names.oidc).click();
    await confirmPage(page).proceed.waitFor();
    assert.equal(suite.provider.authorizations().length, 0);
  });
});
