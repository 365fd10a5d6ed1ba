// The ways to a provider besides the popup that opens: kept shut, closed, opened again, another way, another app's browser.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { consent } from './support/modal.mjs';
import { opener } from './support/states.mjs';
import { stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const IN_APP = 'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0 Mobile Safari/537.36';

describe('ways to the provider', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-oauth', { windowless: true });
  });
  after(() => suite?.stop());
  beforeEach(() => {
    suite.provider.forget();
    suite.host.behaviour.identity = `person-${Math.random().toString(36).slice(2)}`;
  });

  async function open({ blocked = false, options = {}, context: given = {} } = {}) {
    const context = await suite.chromium.context(given);
    if (blocked) await context.addInitScript(() => { window.open = () => null; });
    const { page, at } = await opener(suite)(context, '@picahq/authkit', options);
    await at.pick(suite.names.oidc);
    return { context, page, at };
  }

  const link = (at, name) => at.frame.getByRole('link', { name });

  test('kept shut: the link opens it, and it ends well', async () => {
    const { context, page, at } = await open({ blocked: true });
    await at.connect(suite.names.oidc).click();
    await at.screen('blocked').waitFor();
    const [popup] = await Promise.all([context.waitForEvent('page'), link(at, 'Open the sign-in window').click()]);
    await consent(popup).allow.click();
    await eventOf(page, 'success');
    await at.success(suite.names.oidc).waitFor();
    assert.equal(suite.provider.exchanges().length, 1);
  });

  test('kept shut: this tab goes, and ends on a page that leads back', async () => {
    const { page, at } = await open({ blocked: true });
    await at.connect(suite.names.oidc).click();
    await link(at, 'Continue in this tab').click();
    await consent(page).allow.click();
    await page.getByText(`${suite.names.oidc} is connected`).waitFor();
    await page.getByRole('link', { name: /^Back to/ }).waitFor();
  });

  test('closed by mistake: opened again, and the first window counts no more', async () => {
    const { context, page, at } = await open();
    const [first] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(first).allow.waitFor();
    await first.close();
    await at.screen('waiting').getByText(/^Closed the/).waitFor();
    const [second] = await Promise.all([context.waitForEvent('page'), at.openAgain.click()]);
    await consent(second).allow.click();
    await eventOf(page, 'success');
    assert.deepEqual((await events(page)).map((event) => event.type), ['success']);
  });

  test('another way: the window closes, a link in a new tab ends well', async () => {
    const { context, page, at } = await open();
    const [first] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(first).allow.waitFor();
    const closed = first.waitForEvent('close');
    await at.otherWay.click();
    await closed;
    await at.screen('ways').waitFor();
    const [second] = await Promise.all([context.waitForEvent('page'), link(at, 'Open the sign-in window').click()]);
    await consent(second).allow.click();
    await eventOf(page, 'success');
  });

  test('cancelled while waiting: the window closes, the app has nothing, and one may begin again', async () => {
    const { context, page, at } = await open();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.waitFor();
    const closed = popup.waitForEvent('close');
    await at.cancel.click();
    await closed;
    await at.screen('cancelled').getByRole('button', { name: `Connect ${suite.names.oidc}` }).click();
    await at.connect(suite.names.oidc).waitFor();
    assert.deepEqual(await events(page), []);
  });

  test('inside another app: says so, leads to the system\'s browser, and lets one try', async () => {
    const { context, at } = await open({ context: { userAgent: IN_APP } });
    await at.connect(suite.names.oidc).click();
    await at.screen('webview').waitFor();
    const address = await link(at, 'Open in the browser').getAttribute('href');
    assert.match(address, /^intent:\/\/localhost:\d+\/.*#Intent;scheme=http;action=android\.intent\.action\.VIEW;end$/);
    const [popup] = await Promise.all([context.waitForEvent('page'), at.frame.getByRole('button', { name: 'Try it here' }).click()]);
    await consent(popup).allow.waitFor();
  });

  test('Latchkey does not answer the click: after 8 s one may stop waiting', async () => {
    const context = await suite.chromium.context();
    await stub(context, { flows: 'never' });
    const { at } = await opener(suite)(context, '@picahq/authkit', {});
    await at.pick('Gmail');
    await at.connect('Gmail').click();
    await at.frame.getByRole('button', { name: 'Stop waiting' }).click();
    await at.connect('Gmail').waitFor();
  });
});
