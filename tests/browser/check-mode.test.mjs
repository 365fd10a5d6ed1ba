// Back from the service in the same window, as the published SDKs open the frame again (wire contract §1.8): one result, told
// once, and never an endless spinner.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events } from './support/host.mjs';
import { modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const { pending, succeeded, refusal, connection } = answers;

describe('check mode', () => {
  let suite;
  before(async () => {
    suite = await startSuite('check-mode');
  });
  after(() => suite?.stop());

  async function open(check) {
    const context = await suite.chromium.context();
    const plan = await stub(context, { check });
    const payload = { linkTokenEndpoint: `${suite.host.origin}/token`, capabilities: { oauthRedirect: true }, checkState: 'H'.repeat(43) };
    const data = encodeURIComponent(btoa(JSON.stringify(payload)));
    suite.host.behaviour.page = `<!doctype html><title>Shop</title><script>window.__events = [];
      addEventListener('message', ({ data }) => data?.messageType && __events.push({ type: data.messageType, value: data.message }));</script>
      <iframe id="event-link" width="700" height="700" src="${suite.latchkey.embedUrl()}?data=${data}"></iframe>
      <script>const frame = document.querySelector('iframe');
      frame.addEventListener('load', () => frame.contentWindow.postMessage(${JSON.stringify(payload)}, '${suite.latchkey.origin}'));</script>`;
    const page = await context.newPage();
    await page.goto(suite.host.page());
    return { page, at: modal(page), plan };
  }

  const told = (page) => until(async () => ((await events(page)).length > 0 ? events(page) : null), 'a message');

  test('success: the record, once, without a call of the token endpoint', async () => {
    const { page, at, plan } = await open(succeeded({ account: 'ann@example.test' }));
    await at.screen('success').waitFor();
    assert.deepEqual(await told(page), [{ type: 'LINK_SUCCESS', value: connection }]);
    assert.equal(plan.calls.token, undefined);
    await at.done.click();
    await until(async () => (await events(page)).some((event) => event.type === 'EXIT_EVENT_LINK'), 'the end');
    assert.equal((await events(page)).length, 2);
  });

  test('a state that nobody knows, or that is over: an error, once', async () => {
    const { page, at } = await open(refusal(404, 'not_found', 'This sign-in does not exist, or is over.'));
    await at.failure.or(at.screen('expired')).first().waitFor();
    const [event, ...more] = await told(page);
    assert.deepEqual([event.type, event.value, more.length], ['LINK_ERROR', 'This sign-in does not exist, or is over.', 0]);
  });

  test('back without having finished: it says so after a moment, and can be closed', async () => {
    const { page, at, plan } = await open(pending('away'));
    await at.screen('unfinished').waitFor();
    assert.ok(plan.calls.check > 1);
    assert.deepEqual(await events(page), []);
    await at.close.click();
    await until(async () => (await events(page)).some((event) => event.type === 'EXIT_EVENT_LINK'), 'the end');
  });

  test('the answer is late: it waits on, and then tells it', async () => {
    const { page, at, plan } = await open(pending('exchanging'));
    await until(() => plan.calls.check > 1, 'a second look');
    plan.check = succeeded();
    await at.screen('success').waitFor();
    assert.deepEqual((await told(page)).map((event) => event.type), ['LINK_SUCCESS']);
  });
});
