// What every example has to do: connect in a window, with a key and in the same tab, and say what happened when the person
// stops or refuses. One page, the same words in all of them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBrowser } from '../browser/support/browser.mjs';
import { startLatchkey } from '../browser/support/latchkey.mjs';
import { KEY_LABEL, consent, modal } from '../browser/support/modal.mjs';

export const FRAME = '#latchkey-connect';

/** @param start gives a started example: `(latchkey) => { origin, stop }` */
export function proveExample(name, start) {
  describe(name, () => {
    let latchkey;
    let chromium;
    let example;
    before(async () => {
      latchkey = await startLatchkey({ name: `example-${name.replaceAll(/\W+/g, '-')}` });
      chromium = await startBrowser();
      example = await start(latchkey);
    });
    after(async () => {
      await example?.stop();
      await chromium?.stop();
      await latchkey?.stop();
    });

    async function visit(mode = 'popup') {
      const context = await chromium.context();
      const page = await context.newPage();
      await page.goto(example.origin, { waitUntil: 'networkidle' });
      // A page of React listens from its hydration on, which silence on the network does not tell.
      await page.waitForFunction(() => !document.querySelector('script[src*="/_next/"]') || Object.keys(document.querySelector('select')).some((name) => name.startsWith('__reactProps')));
      await page.getByLabel('Sign in').selectOption(mode);
      return { context, page, at: modal(page, page.frameLocator(FRAME)), connect: page.getByRole('button', { name: 'Connect', exact: true }) };
    }
    const state = (page, text) => page.getByRole('status').filter({ hasText: text }).first().waitFor();
    const gone = (page) => page.locator(FRAME).waitFor({ state: 'detached' });

    async function callsAs(page, part) {
      await page.getByRole('button', { name: 'Who am I' }).click();
      await page.locator('#answer').filter({ hasText: part }).waitFor();
    }

    test('in a window: connected, called, and no session or key in an address', async () => {
      const { context, page, at, connect } = await visit();
      const addresses = [];
      const sessions = [];
      context.on('request', (request) => addresses.push(request.url()));
      context.on('response', async (response) => {
        if (!/latchkey-token/.test(response.url())) return;
        sessions.push((await response.json()).requestId);
      });
      await connect.click();
      const popup = await at.openPopup('Sandbox');
      const closed = popup.waitForEvent('close');
      await consent(popup).allow.click();
      await closed;
      await at.success('Sandbox').waitFor();
      await state(page, 'Connected: test::sandbox::default::');
      await at.done.click();
      await gone(page);
      assert.equal(await page.evaluate(() => document.activeElement?.textContent.trim()), 'Connect', 'the focus is back on the button');
      await callsAs(page, 'ann@example.com');

      assert.equal(sessions.length, 1);
      assert.match(sessions[0], /^[\w-]{43}$/);
      const frame = addresses.find((address) => address.startsWith(latchkey.embedUrl()));
      assert.equal(frame, latchkey.embedUrl(), 'the frame has a bare address');
      for (const secret of [sessions[0], latchkey.test_key]) {
        assert.deepEqual(addresses.filter((address) => address.includes(secret)), []);
      }
      const text = await page.content();
      assert.equal(text.includes(latchkey.test_key), false, 'the secret key is not in the page');
      assert.deepEqual(context.problems.filter((problem) => problem.startsWith('script')), []);
    });

    test('with a key', async () => {
      const { page, at, connect } = await visit();
      await connect.click();
      await at.pick('Sandbox');
      await at.frame.getByRole('button', { name: 'Enter an API key instead' }).click();
      await at.field(KEY_LABEL).fill('sandbox_key_ok');
      await at.connect('Sandbox').click();
      await state(page, 'Connected: test::sandbox::default::');
      await at.done.click();
      await gone(page);
    });

    test('closed by the person: nothing is connected, and the page says so', async () => {
      const { page, at, connect } = await visit();
      await connect.click();
      await at.row('Sandbox').waitFor();
      await page.keyboard.press('Escape');
      await gone(page);
      await state(page, 'Closed without connecting.');
      assert.equal(await page.evaluate(() => document.activeElement?.textContent.trim()), 'Connect');
    });

    test('refused at the service: the page has code and sentence', async () => {
      const { page, at, connect } = await visit();
      await connect.click();
      const popup = await at.openPopup('Sandbox');
      await consent(popup).deny.click();
      await at.screen('denied').waitFor();
      await at.close.click();
      await gone(page);
      await state(page, 'access_denied: Sandbox was not connected: the access was not allowed.');
    });

    test('in the same tab: the page comes back and has the connection', async () => {
      const { context, page, at, connect } = await visit('redirect');
      await connect.click();
      await at.pick('Sandbox');
      await at.connect('Sandbox').click();
      await consent(page).allow.click();
      await page.waitForURL((url) => url.origin === example.origin);
      await at.screen('success').waitFor();
      await state(page, 'Connected: test::sandbox::default::');
      await at.done.click();
      await gone(page);
      assert.equal(context.pages().length, 1, 'no other window');
      await callsAs(page, 'ann@example.com');
      // Told once: another load of the page has nothing to resume.
      await page.reload({ waitUntil: 'networkidle' });
      assert.equal(await page.locator(FRAME).count(), 0);
    });

    test('refused in the same tab', async () => {
      const { page, at, connect } = await visit('redirect');
      await connect.click();
      await at.pick('Sandbox');
      await at.connect('Sandbox').click();
      await consent(page).deny.click();
      await page.waitForURL((url) => url.origin === example.origin);
      await at.screen('denied').waitFor();
      await at.close.click();
      await gone(page);
      await state(page, 'access_denied: Sandbox was not connected: the access was not allowed.');
    });
  });
}
