// Packages of customers' pages, in a real browser; and by hand, what the contract says of versions that nobody has any more.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { addSdk, eventOf, events } from '../../browser/support/host.mjs';
import { KEY_LABEL, NAME_LABEL, consent, modal } from '../../browser/support/modal.mjs';
import { until } from '../../browser/support/net.mjs';
import { callUserinfo, connectInPopup, connectInSameWindow, openModal } from '../../browser/support/proof.mjs';
import { assertRecord } from '../../browser/support/record.mjs';
import { OIDC, TEST_KEY, startSuite } from '../../browser/support/suite.mjs';
import { installedInBrowser } from './stage.mjs';

addSdk('one-1-0', '../clients/support/by-hand.mjs', 'useOne10');
addSdk('one-1-2', '../clients/support/by-hand.mjs', 'useOne12');
addSdk('one-1-3', '../clients/support/by-hand.mjs', 'useOne13');

/** Each column of the matrix. `same` leaves the page for the provider, the others open a popup. */
export const COLUMNS = {
  authkit: ['authkit-1-0-0', 'authkit-1-0-5', '@picahq/authkit'].map((sdk) => ({ sdk, label: `@picahq/authkit ${installedInBrowser(sdk)}` })),
  one: [
    { sdk: '@withone/auth', label: `@withone/auth ${installedInBrowser('@withone/auth')}`, same: true },
    { sdk: '@withone/auth', label: `@withone/auth ${installedInBrowser('@withone/auth')} popup`, options: { authWindow: 'popup' } },
    { sdk: 'one-1-0', label: '@withone/auth 1.0 by hand', byHand: true },
    { sdk: 'one-1-2', label: '@withone/auth 1.2 by hand', byHand: true, same: true },
    { sdk: 'one-1-3', label: '@withone/auth 1.3 by hand', byHand: true, same: true },
  ],
};

/** The stage of the file that imports this one. */
export let suite;
before(async () => {
  suite = await startSuite(`clients-${path.basename(process.argv[1], '.test.mjs')}`);
});
after(() => suite?.stop());
afterEach(() => {
  suite.host.behaviour.token = 'ok';
  suite.provider.forget();
});

const types = async (page) => (await events(page)).map((event) => event.type);
const closed = (page) => page.locator('#event-link').waitFor({ state: 'detached' });
const total = async (platform) => (await suite.latchkey.api(`/v1/vault/connections?platform=${platform}`)).body.total;

/** How bright the dialog is, from 0 to 765. A canvas reads whatever way a colour is written in. */
const brightness = (widget) => widget.dialog.evaluate((dialog) => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  for (let element = dialog; element; element = element.parentElement ?? element.getRootNode().host) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = getComputedStyle(element).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    if (alpha > 128) return red + green + blue;
  }
  return undefined;
});

/** Every case of one column. */
export function describeSdk(column) {
  const { sdk, label, same = false, byHand = false } = column;
  // The first version has neither logo nor name.
  const namesTheCompany = sdk !== 'authkit-1-0-0';
  const given = (options) => ({ sdk, options: { ...column.options, ...options } });
  const open = (options) => openModal(suite, given(options));
  const connect = (options) => (same ? connectInSameWindow : connectInPopup)(suite, given(options));
  const enterKey = async ({ page, widget }) => {
    await widget.enterKey(suite.names.testKey, KEY_LABEL, suite.keys.key);
    return eventOf(page, 'success');
  };

  describe(label, () => {
    test('OAuth: success', async () => {
      const { record, page, widget } = await connect();
      assertRecord(record, { platform: OIDC, oauth: true });
      assert.equal((await callUserinfo(suite.latchkey, record.key)).status, 200);
      await widget.done.click();
      await eventOf(page, 'close');
      await closed(page);
      assert.deepEqual(await types(page), ['success', 'close']);
      assert.equal(new URL(page.url()).searchParams.has('one_auth_state'), false);
    });

    test('OAuth: denied', async () => {
      const before = await total(OIDC);
      const { page, widget } = await open();
      if (same) {
        await widget.pick(suite.names.oidc);
        await widget.connect(suite.names.oidc).click();
        await consent(page).deny.click();
        await page.waitForURL((url) => url.origin === suite.host.origin);
      } else {
        const popup = await widget.openPopup(suite.names.oidc);
        await consent(popup).deny.click();
      }
      assert.match(await eventOf(page, 'error'), /\S/);
      await widget.close.click();
      await eventOf(page, 'close');
      assert.deepEqual(await types(page), ['error', 'close']);
      assert.equal(await total(OIDC), before);
    });

    test('OAuth: given up half way', async () => {
      const { page, widget } = await open();
      if (same) {
        // Back on the page without a result. Version 1.3 asks for one, and its modal can be closed.
        await widget.pick(suite.names.oidc);
        await widget.connect(suite.names.oidc).click();
        await consent(page).allow.waitFor();
        await page.goto(suite.host.shop(sdk, column.options));
        await page.getByRole('button', { name: 'Connect' }).waitFor();
        if (sdk === 'one-1-3') {
          await widget.close.click();
          await eventOf(page, 'close');
        }
      } else {
        const popup = await widget.openPopup(suite.names.oidc);
        await consent(popup).allow.waitFor();
        await popup.close();
        await widget.openAgain.first().waitFor();
        await widget.close.click();
        await eventOf(page, 'close');
      }
      assert.equal((await types(page)).includes('success'), false);
    });

    test('API key: success', async () => {
      const { page, widget } = await open();
      const record = await enterKey({ page, widget });
      assertRecord(record, { platform: TEST_KEY });
      await widget.done.click();
      await eventOf(page, 'close');
      await closed(page);
      assert.deepEqual(await types(page), ['success', 'close']);
    });

    test('the token endpoint refuses: its words in onError', async () => {
      suite.host.behaviour.token = 'refused';
      const { page, widget } = await open();
      assert.match(await eventOf(page, 'error'), /You may not connect accounts/);
      await widget.close.click();
      await eventOf(page, 'close');
      await closed(page);
      assert.deepEqual(await types(page), ['error', 'close']);
    });

    // The rest is the same for whoever follows the contract.
    if (byHand) return;

    test('API key: refused in place, then taken', async () => {
      const { page, widget } = await open();
      await widget.enterKey(suite.names.testKey, KEY_LABEL, suite.keys.wrongKey);
      await widget.fieldError.filter({ hasText: suite.names.testKey }).waitFor();
      assert.equal((await types(page)).includes('success'), false);
      await widget.field(KEY_LABEL).fill(suite.keys.key);
      await widget.connect(suite.names.testKey).click();
      await eventOf(page, 'success');
      assert.equal((await types(page)).filter((type) => type === 'success').length, 1);
    });

    test('closed without a choice', async () => {
      const { page, widget } = await open();
      await widget.row(suite.names.oidc).waitFor();
      await widget.close.click();
      await eventOf(page, 'close');
      await closed(page);
      assert.deepEqual(await types(page), ['close']);
    });

    test('selectedConnection: a title', async () => {
      const { widget } = await open({ selectedConnection: suite.names.testKey });
      await widget.field(KEY_LABEL).waitFor();
      assert.equal(await widget.back.isVisible(), false, 'no way back to the list');
    });
    test('selectedConnection: a definition id', async () => {
      const { widget } = await open({ selectedConnection: `conn_def_${TEST_KEY}` });
      await widget.field(KEY_LABEL).waitFor();
    });
    test('selectedConnection: no match opens the list', async () => {
      const { widget } = await open({ selectedConnection: 'No Such Service' });
      await widget.row(suite.names.testKey).waitFor();
      await widget.row(suite.names.oidc).waitFor();
    });

    for (const [theme, system] of [['dark', 'light'], ['light', 'dark']]) {
      test(`appTheme: ${theme} in a ${system} system`, async () => {
        const context = await suite.chromium.context({ theme: system });
        const { widget } = await openModal(suite, { ...given({ appTheme: theme }), context });
        await widget.row(suite.names.oidc).waitFor();
        const bright = await brightness(widget);
        assert.equal(bright > 384, theme === 'light', `brightness ${bright}`);
      });
    }

    test('title with a letter of Latin-1', async () => {
      const { widget } = await open({ title: 'Connect your café' });
      await widget.frame.getByRole('heading', { name: 'Connect your café' }).waitFor();
    });

    if (namesTheCompany) {
      test('companyName', async () => {
        const { widget } = await open({ companyName: 'Tea House' });
        await widget.pick(suite.names.oidc);
        await widget.frame.getByText(/Tea House/).first().waitFor();
      });
    }

    test('showNameInput: the name is kept', async () => {
      const { page, widget } = await open({ showNameInput: true });
      await widget.choose(suite.names.testKey);
      await widget.field(NAME_LABEL).fill('Work account');
      await widget.field(KEY_LABEL).fill(suite.keys.key);
      await widget.connect(suite.names.testKey).click();
      assert.equal((await eventOf(page, 'success')).name, 'Work account');
    });

    test('opened again: another session, another connection', async () => {
      const { page, widget } = await open();
      const first = await enterKey({ page, widget });
      await widget.done.click();
      await closed(page);
      await page.getByRole('button', { name: 'Connect' }).click();
      await enterKey({ page, widget });
      const success = await until(async () => (await events(page)).filter((event) => event.type === 'success')[1], 'the second success');
      assert.notEqual(success.value.key, first.key);
      await widget.done.click();
      await closed(page);
      assert.deepEqual((await types(page)).filter((type) => type === 'success').length, 2);
    });

    test('opened twice: one event', async () => {
      const { page } = await open();
      await page.evaluate(() => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Connect').click());
      const frames = page.locator('iframe#event-link');
      // @picahq/authkit puts a second frame over the first and takes one away at each close; @withone/auth replaces it.
      const stacked = sdk.includes('authkit') ? 1 : 0;
      assert.equal(await frames.count(), 1 + stacked);
      const widget = modal(page, page.frameLocator('#event-link').last());
      await enterKey({ page, widget });
      await widget.done.click();
      await eventOf(page, 'close');
      await until(async () => (await frames.count()) === stacked, 'one frame to go');
      assert.deepEqual(await types(page), ['success', 'close']);
    });
  });
}
