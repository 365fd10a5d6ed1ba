// With the keyboard alone, and for people who hear the page: a whole sign-in, a whole key form, the focus that stays inside and
// goes back, Escape, what is announced, no motion for whom it makes ill.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { until } from './support/net.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

describe('by keyboard', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-keyboard', { windowless: true });
  });
  after(() => suite?.stop());
  beforeEach(() => {
    suite.host.behaviour.identity = `person-${Math.random().toString(36).slice(2)}`;
  });

  /** Opens the shop and presses its button with Enter. */
  async function open(context) {
    const page = await context.newPage();
    await page.goto(suite.host.shop('@picahq/authkit', { companyName: 'Shop' }));
    await page.getByRole('button', { name: 'Connect' }).focus();
    await page.keyboard.press('Enter');
    const { modal } = await import('./support/modal.mjs');
    return { page, at: modal(page) };
  }

  const focused = (at) => at.dialog.evaluate(() => {
    const node = document.activeElement;
    return node.getAttribute('aria-label') ?? (node.labels?.[0]?.textContent || node.textContent);
  });

  test('a whole OAuth sign-in', async () => {
    const context = await suite.chromium.context();
    const { page, at } = await open(context);
    await at.screen('pick').waitFor();
    await until(() => at.search.evaluate((node) => node === document.activeElement), 'focus in the search');
    await page.keyboard.type(suite.names.oidc.slice(0, 6));
    await page.keyboard.press('Enter');
    await at.screen('explain').waitFor();
    assert.equal(await focused(at), `Connect ${suite.names.oidc}`);
    const [popup] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('Enter')]);
    await popup.getByRole('button', { name: 'Allow' }).waitFor();
    await popup.keyboard.press('Tab');
    await popup.keyboard.press('Enter');
    await eventOf(page, 'success');
    await at.screen('success').waitFor();
    assert.equal(await focused(at), 'Done');
    await page.keyboard.press('Enter');
    await eventOf(page, 'close');
  });

  test('a whole key form, with a slip on the way', async () => {
    const context = await suite.chromium.context();
    const { page, at } = await open(context);
    await at.screen('pick').waitFor();
    await page.keyboard.type(suite.names.testKey.slice(0, 8));
    await page.keyboard.press('Enter');
    await at.screen('form').waitFor();
    assert.equal(await focused(at), 'API key');
    await page.keyboard.type('not a key');
    await page.keyboard.press('Enter');
    await at.frame.locator('[aria-invalid="true"]').waitFor();
    assert.equal(await focused(at), 'API key', 'the focus is at what is wrong');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(suite.keys.key);
    await page.keyboard.press('Enter');
    await eventOf(page, 'success');
    await page.keyboard.press('Enter');
    await eventOf(page, 'close');
    assert.deepEqual((await events(page)).map((event) => event.type), ['success', 'close']);
  });

  for (const name of ['pick', 'explain', 'form-many', 'choose-many', 'kept', 'waiting', 'success', 'approval', 'webview', 'ways']) {
    test(`${name}: Tab goes round inside, forwards and back, and reaches every control`, async () => {
      const entry = STATES.find((one) => one.name === name);
      const context = await suite.chromium.context(entry.context);
      const { page, at } = await reachState(entry, context, opener(suite));
      await page.bringToFront();
      const stops = await at.dialog.evaluate((dialog) => [...dialog.querySelectorAll('a[href], button, input, select')].filter((node) => !node.disabled && node.tabIndex >= 0 && node.checkVisibility({ checkVisibilityCSS: true })).length);
      for (const key of ['Tab', 'Shift+Tab']) {
        const seen = new Set();
        for (let press = 0; press < stops + 2; press += 1) {
          await page.keyboard.press(key);
          seen.add(await at.dialog.evaluate((dialog) => (dialog.contains(document.activeElement) && document.hasFocus() ? [...dialog.querySelectorAll('*')].indexOf(document.activeElement) : 'outside')));
        }
        assert.equal(seen.has('outside'), false, `${key} left the dialog`);
        assert.equal(seen.size, stops, `${key} reached ${seen.size} of ${stops}`);
      }
    });
  }

  for (const [name, keys, pick] of [['choose', ['ArrowDown', 'Enter'], 1], ['choose-many', [...'workspace 299', 'Enter'], 298]]) {
    test(`${name}: by arrows or letters, and Enter`, async () => {
      const entry = STATES.find((one) => one.name === name);
      const picked = [];
      const context = await suite.chromium.context();
      const plan = { ...entry.plan, choose: (body) => { picked.push(body.pick); return { url: null }; } };
      const { page, at } = await reachState({ ...entry, plan }, context, opener(suite));
      await page.bringToFront();
      await until(() => at.dialog.evaluate((dialog) => ['listbox', 'combobox'].includes(document.activeElement.getAttribute('role')) && dialog.contains(document.activeElement)), 'the focus at the list');
      for (const key of keys) await page.keyboard.press(key === ' ' ? 'Space' : key);
      await at.screen('verifying').waitFor();
      assert.deepEqual(picked, [pick]);
    });
  }

  test('Escape closes once, and tells the page', async () => {
    const context = await suite.chromium.context();
    await stub(context);
    const { page, at } = await open(context);
    await at.screen('pick').waitFor();
    await page.keyboard.press('Escape');
    await eventOf(page, 'close');
    assert.deepEqual((await events(page)).map((event) => event.type), ['close']);
  });

  test('our own embed script gives the focus back to the button that opened it', async () => {
    const context = await suite.chromium.context();
    const page = await context.newPage();
    await page.goto(suite.latchkey.demo_url);
    const opener = page.getByRole('button', { name: /^Connect/ }).first();
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.frameLocator('iframe').getByRole('dialog').waitFor();
    await page.frameLocator('iframe').locator('[data-state="pick"]').waitFor();
    await page.keyboard.press('Escape');
    await until(() => opener.evaluate((node) => node === document.activeElement), 'the focus at the button');
  });

  test('what happens is announced: results of a search, waiting, the end', async () => {
    const context = await suite.chromium.context();
    const { page, at } = await reachState(STATES.find((one) => one.name === 'pick'), context, opener(suite));
    const live = at.frame.locator('[aria-live="polite"]');
    await at.search.fill('gma');
    await until(async () => (await live.textContent()) === '1 service', 'the count');
    await page.keyboard.press('Enter');
    await at.connect('Gmail').waitFor();
    const ends = await suite.chromium.context();
    const ended = await reachState(STATES.find((one) => one.name === 'partial'), ends, opener(suite));
    assert.match(await ended.at.frame.locator('[aria-live="polite"]').textContent(), /^Gmail is connected\. .*Send messages for you/);
  });

  test('reduced motion: nothing moves', async () => {
    for (const name of ['loading', 'waiting', 'success']) {
      const entry = STATES.find((one) => one.name === name);
      const context = await suite.chromium.context({ reducedMotion: 'reduce' });
      const { at } = await reachState(entry, context, opener(suite));
      assert.equal(await at.dialog.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length), 0, name);
    }
  });
});
