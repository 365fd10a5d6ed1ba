// A sign-in that reaches several sites, through a real browser: chosen in the modal, in the window that was at the service, in
// the customer's own tab; and what was not granted, granted later to the same connection.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { consent, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { answers } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const SITES = 'Sandbox Sites';

describe('several accounts behind one sign-in', () => {
  let suite;
  before(async () => {
    suite = await startSuite('choose', { windowless: true });
  });
  after(() => suite?.stop());
  beforeEach(() => {
    suite.host.behaviour.identity = `person-${Math.random().toString(36).slice(2)}`;
    suite.provider.behaviour.reject = undefined;
    suite.provider.behaviour.account = undefined;
  });

  async function open({ sdk = '@picahq/authkit', options = {} } = {}) {
    const context = await suite.chromium.context();
    const { page, at } = await opener(suite)(context, sdk, { companyName: 'Shop', ...options });
    return { context, page, at };
  }

  /** Through the consent page of the sandbox, as somebody. */
  async function allow(window, who) {
    await window.getByRole('radio', { name: who }).check();
    await consent(window).allow.click();
  }

  const site = async (connection) => (await suite.latchkey.api('/v1/passthrough/site', { connection: connection.key })).body.id;

  test('chosen in the modal; the window has gone', async () => {
    const { page, at } = await open();
    const popup = await at.openPopup(SITES);
    const closed = popup.waitForEvent('close');
    await allow(popup, /Ann/);
    await closed;
    await at.screen('choose').waitFor();
    assert.deepEqual(await events(page), []);
    await at.choice('Acme Labs').dblclick();
    const connection = await eventOf(page, 'success');
    await at.success(SITES).waitFor();
    assert.equal(await site(connection), 'acme-labs');
    assert.equal((await events(page)).length, 1);
  });

  test('one is taken without asking', async () => {
    const { page, at } = await open();
    const popup = await at.openPopup(SITES);
    await allow(popup, /Ben/);
    assert.equal(await site(await eventOf(page, 'success')), 'acme');
  });

  test('a window that cannot close shows the list too, and the modal goes on by itself', async () => {
    const { context, page, at } = await open();
    await context.addInitScript(() => { window.close = () => {}; });
    const popup = await at.openPopup(SITES);
    await allow(popup, /Ann/);
    await popup.waitForURL(/\/connect\/choose\?f=/);
    const address = popup.url();
    const window = modal(popup, popup);
    await window.choice('Northwind').waitFor();
    await popup.reload();
    await window.choice('Northwind').click();
    await popup.waitForURL(/\/connect\/done\?f=/);
    assert.equal(await site(await eventOf(page, 'success')), 'northwind');
    await at.success(SITES).waitFor();
    // To the list once more: what it was for is over.
    await popup.goto(address);
    await popup.waitForURL(/\/connect\/done\?f=/);
  });

  test('in the customer\'s own tab', async () => {
    const { page, at } = await open({ sdk: '@withone/auth' });
    await at.pick(SITES);
    await at.connect(SITES).click();
    await allow(page, /Ann/);
    await page.waitForURL(/\/connect\/choose\?f=/);
    await modal(page, page).choice('Acme Labs').click();
    await page.waitForURL((url) => url.origin === suite.host.origin);
    assert.equal(await site(await eventOf(page, 'success')), 'acme-labs');
  });

  test('cancelled at the choice: nothing is connected, and the access is taken back', async () => {
    const { page, at } = await open();
    const popup = await at.openPopup(SITES);
    await allow(popup, /Ann/);
    await at.screen('choose').waitFor();
    await at.cancel.click();
    await at.screen('cancelled').waitFor();
    assert.deepEqual(await events(page), []);
    const { body } = await suite.latchkey.api(`/v1/vault/connections?identity=${suite.host.behaviour.identity}`);
    assert.equal(body.total, 0);
  });

  test('a key that reaches three hundred: searched and chosen', async () => {
    const { page, at } = await open();
    await at.choose(SITES);
    await at.frame.getByRole('button', { name: /API key instead/ }).click();
    await at.field('API key').fill('sandbox_key_sites_300');
    await at.connect(SITES).click();
    await at.screen('choose').waitFor();
    await at.choiceSearch.fill('site 271');
    await at.choice('Site 271').click();
    assert.equal(await site(await eventOf(page, 'success')), 'site-271');
  });

  test('a key that reaches nothing is said at the form, whose field stays', async () => {
    const { at } = await open();
    await at.choose(SITES);
    await at.frame.getByRole('button', { name: /API key instead/ }).click();
    await at.field('API key').fill('sandbox_key_sites_0');
    await at.connect(SITES).click();
    await at.notice.filter({ hasText: 'has nothing that this account may use' }).waitFor();
    assert.equal(await at.field('API key').inputValue(), 'sandbox_key_sites_0');
  });

  test('a choice that does not reach us is asked again; one made elsewhere goes on by itself', async () => {
    const entry = STATES.find((one) => one.name === 'choose');
    const context = await suite.chromium.context();
    let stage = 'choosing';
    const picks = ['down', answers.refusal(409, 'choice_made', 'A choice was made already, here or in another window.')];
    const plan = { ...entry.plan, check: () => (stage === 'done' ? answers.succeeded() : answers.pending(stage)), choose: () => picks.shift() };
    const { page, at } = await reachState({ ...entry, plan }, context, opener(suite));
    await at.choice('Acme').click();
    await at.notice.filter({ hasText: 'did not go through' }).waitFor();
    await at.choice('Acme').click();
    await at.screen('verifying').waitFor();
    stage = 'done';
    await eventOf(page, 'success');
  });

  test('names of other people\'s making stay text, and the longest stay in the layout', async () => {
    const evil = '<img src=x onerror="window.__evil = 1">\u202eevil';
    const context = await suite.chromium.context({ viewport: { width: 390, height: 844 } });
    const entry = STATES.find((one) => one.name === 'choose');
    const list = [{ name: evil, description: evil }, { name: 'x'.repeat(300), description: 'y'.repeat(300) }];
    const plan = { ...entry.plan, choices: () => answers.choices({ choices: list }) };
    const { at } = await reachState({ ...entry, plan }, context, opener(suite));
    assert.equal(await at.choice('<img').count(), 1);
    assert.equal(await at.dialog.evaluate((dialog) => dialog.querySelectorAll('img').length + (window.__evil ?? 0)), 0);
    assert.equal(await at.dialog.evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth), true);
  });

  test('the rest of a grant goes to the same connection, and the page is told once', async () => {
    suite.provider.behaviour.reject = ['offline_access'];
    const { context, page, at } = await open();
    const popup = await at.openPopup(suite.names.oidc);
    await consent(popup).allow.click();
    const connection = await eventOf(page, 'success');
    await at.screen('partial').waitFor();
    suite.provider.behaviour.reject = undefined;
    const [denied] = await Promise.all([context.waitForEvent('page'), at.rest.click()]);
    await consent(denied).deny.click();
    await at.screen('kept').waitFor();
    const again = await Promise.all([context.waitForEvent('page'), at.rest.click()]);
    await consent(again[0]).allow.click();
    await at.screen('success').waitFor();
    assert.deepEqual((await events(page)).map((event) => event.type), ['success']);
    const { body } = await suite.latchkey.api(`/v1/vault/connections?identity=${suite.host.behaviour.identity}`);
    assert.equal(body.total, 1);
    assert.equal(body.rows[0].key, connection.key);
  });

  test('a choice that is over is said as what it is', async () => {
    const entry = STATES.find((one) => one.name === 'choose');
    const context = await suite.chromium.context();
    let over = false;
    const plan = { ...entry.plan, check: () => (over ? answers.ended('expired', 'expired') : answers.pending('choosing')), choose: () => { over = true; return answers.refusal(410, 'flow_expired', 'This sign-in took too long and has ended. Start again in the app.'); } };
    const { at } = await reachState({ ...entry, plan }, context, opener(suite));
    await at.choice('Acme').click();
    await at.screen('expired').waitFor();
    await until(() => at.frame.getByRole('button', { name: 'Start again' }).isVisible(), 'the way on');
  });
});
