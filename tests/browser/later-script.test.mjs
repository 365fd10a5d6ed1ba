// The script of what few people need is read when it is asked for. Where it does not come, the modal says so or waits, and it
// is asked for again.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { leaving, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const LATER = /\/connect\/later\.js/;

describe('the script that comes later', () => {
  let suite;
  before(async () => {
    suite = await startSuite('later-script', { windowless: true });
  });
  after(() => suite?.stop());

  /** Keeps the script away; the result has what was asked for, and lets it through from then on with `isDown = false`. */
  async function keepAway(context) {
    const given = { isDown: true, asked: [] };
    await context.route(LATER, (route) => {
      given.asked.push(route.request().url());
      return given.isDown ? route.abort('connectionreset') : route.continue();
    });
    return given;
  }

  async function openCheck() {
    const context = await suite.chromium.context();
    const later = await keepAway(context);
    await stub(context, { check: answers.succeeded({ account: 'ann@example.test' }) });
    const payload = { linkTokenEndpoint: `${suite.host.origin}/token`, capabilities: { oauthRedirect: true }, checkState: 'H'.repeat(43) };
    suite.host.behaviour.page = `<!doctype html><title>Shop</title><script>window.__events = [];
      addEventListener('message', ({ data }) => data?.messageType && __events.push({ type: data.messageType, value: data.message }));</script>
      <iframe id="event-link" width="700" height="700" src="${suite.latchkey.embedUrl()}?data=${encodeURIComponent(btoa(JSON.stringify(payload)))}"></iframe>
      <script>const frame = document.querySelector('iframe');
      frame.addEventListener('load', () => frame.contentWindow.postMessage(${JSON.stringify(payload)}, '${suite.latchkey.origin}'));</script>`;
    const page = await context.newPage();
    await page.goto(suite.host.page());
    return { page, at: modal(page), later };
  }

  const types = async (page) => (await events(page)).map((event) => event.type);

  test('back from the service: it says so, "Try again" reads it, and the one result is told', async () => {
    const { page, at, later } = await openCheck();
    await at.failure.waitFor();
    await page.waitForTimeout(400);
    assert.deepEqual(await types(page), [], 'the page hears one result only: that one is to come');
    later.isDown = false;
    await at.tryAgain.click();
    await at.screen('success').waitFor();
    await until(async () => (await events(page)).length > 0, 'the result');
    assert.deepEqual(await types(page), ['LINK_SUCCESS']);
    assert.equal(new Set(later.asked).size, later.asked.length, 'each try has an address of its own');
  });

  test('back from the service: it can be closed', async () => {
    const { page, at } = await openCheck();
    await at.failure.waitFor();
    await leaving(at.failure.getByRole('button', { name: 'Close' }).last()).click();
    await until(async () => (await types(page)).includes('EXIT_EVENT_LINK'), 'the end');
  });

  test('at a choice: it is asked for until it comes; after 8 s one may close', async () => {
    const context = await suite.chromium.context();
    const later = await keepAway(context);
    const { page, at } = await reachState({ ...STATES.find((one) => one.name === 'choose'), state: 'verifying' }, context, opener(suite));
    await at.frame.getByText('This takes longer than usual.').first().waitFor();
    assert.ok(later.asked.length > 1, 'asked for more than once');
    assert.equal(await at.screen('verifying').locator('.modal-foot').getByRole('button', { name: 'Close' }).count(), 1);
    later.isDown = false;
    await at.choice('Acme').waitFor();
    assert.deepEqual(await events(page), []);
  });

  test('one\'s own connections: "Try again" reads it', async () => {
    const context = await suite.chromium.context();
    const later = await keepAway(context);
    await stub(context, { session: answers.session({ manage: 3 }) });
    const { page, at } = await opener(suite)(context, '@picahq/authkit', { companyName: 'Shop' });
    await at.own.click();
    await at.failure.waitFor();
    await eventOf(page, 'error');
    later.isDown = false;
    await at.tryAgain.click();
    await at.screen('manage').waitFor();
  });
});
