// A mail with a link to reconnect, from the failure to the connection that works again, in a real browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture } from './support/browser.mjs';
import { startMailServer } from './support/mail.mjs';
import { consent } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { connectInPopup } from './support/proof.mjs';
import { startSuite } from './support/suite.mjs';

const EMAIL = 'ann@example.test';

describe('a link from a mail', () => {
  let suite;
  let mail;
  let link;
  before(async () => {
    mail = await startMailServer();
    const environment = { LATCHKEY_SMTP_URL: mail.url, LATCHKEY_MAIL_FROM: 'Shop <connect@shop.example.test>' };
    suite = await startSuite('mail-link', { windowless: true, accessTokenSeconds: 6, environment });
    await suite.latchkey.cli(['projects', 'set', '--mail', 'true']);
  });
  after(async () => {
    await suite?.stop();
    await mail?.stop();
  });

  test('the person withdraws the grant and is written to once', async () => {
    const { record } = await connectInPopup(suite);
    const body = JSON.stringify({ identity: suite.host.behaviour.identity, identityType: 'user', email: EMAIL });
    const headers = { authorization: `Bearer ${suite.latchkey.test_key}`, 'content-type': 'application/json' };
    const kept = await fetch(`${suite.latchkey.url}/v1/authkit/token`, { method: 'POST', headers, body });
    assert.equal(kept.status, 200);
    for (const name of suite.provider.rows.keys()) if (!name.startsWith('Client:')) suite.provider.rows.delete(name);
    await until(() => mail.mails.length > 0, 'a mail', 180_000);
    assert.deepEqual(mail.mails[0].to, [EMAIL]);
    link = mail.linkIn(mail.mails[0]);
    assert.ok(record.id && link.startsWith(`${suite.latchkey.origin}/connect/link/`), link);
  });

  for (const [look, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 844 } }]]) {
    test(`looking at it spends nothing, ${look}`, async () => {
      const context = await suite.chromium.context(options);
      const page = await context.newPage();
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(link);
      await page.getByRole('button', { name: `Reconnect ${suite.names.oidc}` }).waitFor();
      await picture(page, `mail-link-${look}`);
      assert.ok(!page.url().includes('#'), 'the secret has left the address');
      const secret = link.split('#')[1];
      assert.deepEqual(asked.filter((url) => url.includes(secret) || new URL(url).origin !== suite.latchkey.origin), []);
    });
  }

  test('the button leads to a connection that works again, and the link is over', async () => {
    const context = await suite.chromium.context();
    const page = await context.newPage();
    await page.goto(link);
    const reconnect = page.getByRole('button', { name: `Reconnect ${suite.names.oidc}` });
    await reconnect.click();
    await page.locator('[data-state="reconnect"]').waitFor();
    const [popup] = await Promise.all([context.waitForEvent('page'), reconnect.click()]);
    await consent(popup).allow.click();
    await page.getByRole('heading', { name: `${suite.names.oidc} is connected again` }).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('heading', { name: 'You can close this window' }).waitFor();
    await picture(page, 'mail-link-closed');

    await page.goto('about:blank');
    await page.goto(link);
    await page.getByRole('heading', { name: 'This is done' }).waitFor();
    await picture(page, 'mail-link-used');
    await page.goto('about:blank');
    await page.goto(link.slice(0, -5));
    await page.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    assert.equal(mail.mails.length, 1);
  });
});
