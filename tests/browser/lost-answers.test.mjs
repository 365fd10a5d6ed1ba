// A key was sent and its answer did not come: the network lost it, or the person did not wait. There is one connection, told once.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { KEY_LABEL } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { opener } from './support/states.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const KEY = `sk_${'a'.repeat(24)}`;
const KEY_FIELD = 'Secret or restricted key';

describe('lost answers', () => {
  let suite;
  before(async () => {
    suite = await startSuite('lost-answers', { windowless: true });
  });
  after(() => suite?.stop());
  beforeEach(() => {
    suite.host.behaviour.identity = `person-${Math.random().toString(36).slice(2)}`;
  });

  const successes = async (page) => (await events(page)).filter((event) => event.type === 'success').length;

  test('the network lost it: pressed again, there is one connection and one onSuccess', async () => {
    const { host, keys, latchkey, names } = suite;
    const context = await suite.chromium.context();
    const statuses = [];
    // The server does it; the browser hears nothing of the first.
    await context.route('**/connect/api/submit', async (route) => {
      const answer = await route.fetch({ headers: { ...route.request().headers(), origin: latchkey.origin } });
      statuses.push(answer.status());
      return statuses.length === 1 ? route.abort('connectionreset') : route.fulfill({ response: answer });
    });
    const { page, at } = await opener(suite)(context, '@picahq/authkit', {});
    await at.enterKey(names.testKey, KEY_LABEL, keys.key);
    await at.notice.filter({ hasText: 'There is no answer' }).waitFor();
    const tokens = host.tokenCalls.length;
    await at.connect(names.testKey).click();
    const record = await eventOf(page, 'success');
    await at.success(names.testKey).waitFor();
    assert.deepEqual(statuses, [200, 200]);
    assert.equal(host.tokenCalls.length, tokens, 'no other session');
    assert.equal(await successes(page), 1);
    const { body } = await latchkey.api(`/v1/vault/connections?identity=${host.behaviour.identity}`);
    assert.deepEqual(body.rows.map((row) => row.key), [record.key]);
  });

  async function openForm(submit) {
    const context = await suite.chromium.context();
    const plan = await stub(context, { submit });
    const { page, at } = await opener(suite)(context, '@picahq/authkit', { companyName: 'Shop' });
    await at.row('Stripe').click();
    await at.field(KEY_FIELD).fill(KEY);
    await at.connect('Stripe').click();
    return { page, at, plan };
  }

  /** Answers in the test's own time; each call of `submit` waits for one of `send`. */
  function inOwnTime() {
    const waiting = [];
    return {
      submit: () => new Promise((resolve) => waiting.push(resolve)),
      send: (index, answer = { status: 'success', connection: answers.connection, account: 'acct_1QX', message: null }) => waiting[index](answer),
    };
  }

  test('the person stopped waiting: a late answer is shown while the form stands there', async () => {
    const late = inOwnTime();
    const { page, at } = await openForm(late.submit);
    await at.frame.getByRole('button', { name: 'Stop waiting' }).click();
    await at.connect('Stripe').waitFor();
    late.send(0);
    await at.success('Stripe').waitFor();
    await eventOf(page, 'success');
    assert.equal(await successes(page), 1);
  });

  test('stopped and pressed again: whichever answer is first is shown, both are told as one', async () => {
    const late = inOwnTime();
    const { page, at, plan } = await openForm(late.submit);
    await at.frame.getByRole('button', { name: 'Stop waiting' }).click();
    await at.connect('Stripe').click();
    await until(() => plan.calls.submit === 2, 'the second call');
    late.send(0);
    await at.success('Stripe').waitFor();
    late.send(1);
    await page.waitForTimeout(700);
    assert.deepEqual([plan.calls.submit, await successes(page)], [2, 1]);
    assert.equal(await at.success('Stripe').count(), 1);
  });

  test('stopped and gone elsewhere: a late answer is told, and the screen stays', async () => {
    const late = inOwnTime();
    const { page, at } = await openForm(late.submit);
    await at.frame.getByRole('button', { name: 'Stop waiting' }).click();
    await at.back.click();
    await at.screen('pick').waitFor();
    late.send(0);
    await eventOf(page, 'success');
    assert.equal(await at.dialog.getAttribute('data-state'), 'pick');
  });

  test('a session that made another connection already is replaced once; that the next one is too is said', async () => {
    const { page, at, plan } = await openForm(answers.refusal(409, 'session_used', 'This connect session made its connection already. Start again in the app.'));
    await at.screen('expired').getByText('made its connection already').first().waitFor();
    await eventOf(page, 'error');
    assert.deepEqual([plan.calls.token, plan.calls.submit], [2, 2]);
    await at.frame.getByRole('button', { name: 'Start again' }).click();
    await at.screen('pick').waitFor();
    assert.deepEqual([plan.calls.token, plan.calls.submit], [3, 2]);
  });
});
