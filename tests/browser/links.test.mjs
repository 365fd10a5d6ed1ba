// Links that a customer's backend makes, in a real browser: from the invitation to the connection; and a person's own
// connections, by a link and inside the modal.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture } from './support/browser.mjs';
import { consent, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { opener } from './support/states.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const { own, owns, session, refusal, linkView } = answers;

describe('links', () => {
  let suite;
  before(async () => {
    suite = await startSuite('links');
  });
  after(() => suite?.stop());

  async function api(method, path, body) {
    const headers = { authorization: `Bearer ${suite.latchkey.test_key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${suite.latchkey.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, ...(await answer.json()) };
  }
  const link = async (body) => {
    const made = await api('POST', '/v1/connect/links', body);
    assert.equal(made.status, 201, JSON.stringify(made));
    return made;
  };
  const stateOf = async ({ id }) => (await api('GET', `/v1/connect/links/${id}`)).state;
  async function visit(url, options = {}) {
    const context = await suite.chromium.context(options);
    const page = await context.newPage();
    await page.goto(url);
    return { context, page, at: modal(page, page) };
  }

  test('a scanner that runs scripts spends nothing, and the secret goes nowhere', async () => {
    const made = await link({ identity: 'u-scan', verify: false, integrations: ['oidc'] });
    for (const javaScriptEnabled of [true, false]) {
      const context = await suite.chromium.context({ javaScriptEnabled });
      const page = await context.newPage();
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(made.url);
      if (javaScriptEnabled) await page.getByRole('button', { name: `Continue to ${suite.names.oidc}` }).waitFor();
      const secret = made.url.split('#')[1];
      assert.deepEqual(asked.filter((url) => url.includes(secret) || new URL(url).origin !== suite.latchkey.origin), []);
    }
    assert.equal(await stateOf(made), 'open');
  });

  test('the invited person connects, once', async () => {
    const made = await link({ identity: 'u-invited', identityLabel: 'Ann Lee', inviter: 'Ben Okafor', verify: false, integrations: ['oidc'], locale: 'en' });
    const { context, page, at } = await visit(made.url, { locale: 'de' });
    await at.title(new RegExp(`^Connect ${suite.names.oidc} to`)).waitFor();
    assert.match(await page.title(), new RegExp(`^Connect ${suite.names.oidc} to`));
    for (const text of ['Ben Okafor asks you', 'Ann Lee', 'This link works once.', 'do not go on']) await page.getByText(text).first().waitFor();
    assert.ok(!page.url().includes('#'), 'the secret has left the address');
    await page.getByRole('button', { name: `Continue to ${suite.names.oidc}` }).click();
    await at.connect(suite.names.oidc).waitFor();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.click();
    await at.success(suite.names.oidc).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Connect another service' }).count(), 0, 'a link makes one');
    await at.done.click();
    await at.title('You can close this window').waitFor();
    assert.equal(await stateOf(made), 'used');
    const { page: again } = await visit(made.url);
    await again.getByText('This link was used: the account is connected.').first().waitFor();
    assert.equal(await again.getByText('Secured by Latchkey').count(), 1);
    const rows = await api('GET', '/v1/vault/connections?identity=u-invited');
    assert.equal(rows.total, 1);
  });

  test('reloaded, before and after it was opened: it goes on from the beginning', async () => {
    const made = await link({ identity: 'u-reload', verify: false, integrations: ['oidc'] });
    const { context, page, at } = await visit(made.url);
    const proceed = page.getByRole('button', { name: `Continue to ${suite.names.oidc}` });
    await proceed.waitFor();
    await page.reload();
    await proceed.click();
    await at.connect(suite.names.oidc).waitFor();
    await page.reload();
    assert.ok(!page.url().includes('#'), 'the secret is not in the address');
    await proceed.click();
    await at.connect(suite.names.oidc).waitFor();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.click();
    await at.success(suite.names.oidc).waitFor();
    await page.reload();
    await at.title('This is done').waitFor();
  });

  test('opened inside another app: the link itself is what to copy', async () => {
    const made = await link({ identity: 'u-inside', verify: false, integrations: ['oidc'] });
    const { page, at } = await visit(made.url, { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/450.0]' });
    await page.getByRole('button', { name: `Continue to ${suite.names.oidc}` }).click();
    await at.connect(suite.names.oidc).click();
    await at.screen('webview').waitFor();
    assert.equal(await page.locator('.address').textContent(), made.url);
  });

  test('taken back in the middle: the waiting page says so', async () => {
    const made = await link({ identity: 'u-back', verify: false, integrations: ['oidc'] });
    const { context, page, at } = await visit(made.url);
    await page.getByRole('button', { name: `Continue to ${suite.names.oidc}` }).click();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.waitFor();
    assert.equal((await api('DELETE', `/v1/connect/links/${made.id}`)).state, 'revoked');
    await page.getByText('The link was taken back. Nothing was connected.').first().waitFor();
    const { page: later } = await visit(made.url);
    await later.getByText('This link was taken back. Ask whoever sent it for a new one.').first().waitFor();
  });

  test('one’s own connections by a link: seen and ended, by keyboard', async () => {
    const made = await link({ identity: 'u-invited', purpose: 'manage', identityLabel: 'Ann Lee' });
    const { page, at } = await visit(made.url);
    await page.getByRole('button', { name: 'See your connections' }).waitFor();
    await page.keyboard.press('Enter');
    await at.screen('manage').waitFor();
    assert.match(await at.ownRow(suite.names.oidc).textContent(), /Works/);
    await picture(page, 'links-manage');
    const disconnect = at.ownRow(suite.names.oidc).getByRole('button', { name: /^Disconnect/ });
    await disconnect.focus();
    await page.keyboard.press('Enter');
    await at.title(`Disconnect ${suite.names.oidc}?`).waitFor();
    await at.keep.click();
    await at.screen('manage').waitFor();
    await at.ownRow(suite.names.oidc).getByRole('button', { name: /^Disconnect/ }).click();
    await at.disconnect.click();
    await at.title(`${suite.names.oidc} is disconnected`).waitFor();
    await until(() => suite.provider.revocations().some(({ status }) => status === 200), 'the revocation at the provider', 30_000);
    await at.backToOwn.click();
    await at.screen('manage-empty').waitFor();
    assert.equal((await api('GET', '/v1/vault/connections?identity=u-invited')).total, 0);
    assert.equal(await stateOf(made), 'opened', 'it may be opened again');
  });

  test('one’s own connections in the modal, and one of them connected again there', async () => {
    const { behaviour } = suite.host;
    const { identity } = behaviour;
    behaviour.identity = 'u-modal';
    try {
      const open = async () => {
        const context = await suite.chromium.context();
        const { page, at } = await opener(suite)(context, '@picahq/authkit', { companyName: 'Shop' });
        await at.screen('pick').waitFor();
        return { context, page, at };
      };
      const first = await open();
      assert.equal(await first.at.own.count(), 0, 'nothing is there yet');
      const popup = await first.at.openPopup(suite.names.oidc, first.context);
      await consent(popup).allow.click();
      await first.at.success(suite.names.oidc).waitFor();

      const { context, at } = await open();
      await at.own.click();
      await at.screen('manage').waitFor();
      assert.equal(await at.ownRow(suite.names.oidc).getByRole('button').count(), 1, 'what works needs no reconnect');
      await at.back.click();
      await at.screen('pick').waitFor();
      // The person withdraws the grant at the provider; a call finds out.
      const row = (await api('GET', '/v1/vault/connections?identity=u-modal')).rows[0];
      for (const name of suite.provider.rows.keys()) if (!name.startsWith('Client:')) suite.provider.rows.delete(name);
      await api('POST', `/v1/vault/connections/${row.id}/refresh`);
      await until(async () => (await api('GET', `/v1/vault/connections/${row.id}`)).state !== 'operational', 'the failure', 60_000);
      await at.own.click();
      await at.ownRow(suite.names.oidc).getByRole('button', { name: /^Reconnect/ }).click();
      await at.screen('reconnect').waitFor();
      const [again] = await Promise.all([context.waitForEvent('page'), at.reconnect(suite.names.oidc).click()]);
      await consent(again).allow.click();
      await at.title(`${suite.names.oidc} is connected again`).waitFor();
      await at.done.click();
      await at.screen('manage').waitFor();
      assert.match(await at.ownRow(suite.names.oidc).textContent(), /Works/);
      assert.equal((await api('GET', `/v1/vault/connections/${row.id}`)).state, 'operational');
    } finally {
      behaviour.identity = identity;
    }
  });

  describe('a link, with made-up answers', () => {
    async function open(plan) {
      const context = await suite.chromium.context();
      const given = await stub(context, plan);
      const page = await context.newPage();
      await page.goto(`${suite.latchkey.url}/connect/link/0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70#${'L'.repeat(43)}`);
      return { page, at: modal(page, page), plan: given };
    }
    const proceed = (page) => page.getByRole('button', { name: 'Continue to Gmail' });

    test('the first look finds no network: "Try again" looks again, with the link', async () => {
      const secrets = [];
      const { page, at, plan } = await open({ peek: ({ secret }) => (secrets.push(secret) === 1 ? 'down' : linkView()) });
      await at.tryAgain.click();
      await proceed(page).waitFor();
      assert.deepEqual(secrets, ['L'.repeat(43), 'L'.repeat(43)]);
      assert.equal(plan.calls.open, undefined);
    });

    test('the first look is slow: after 8 s one may stop waiting, and look again', async () => {
      const { page, at, plan } = await open({ peek: 'never' });
      await at.screen('loading').locator('.modal-foot').getByRole('button', { name: 'Close' }).click();
      await at.tryAgain.waitFor();
      plan.peek = linkView();
      await at.tryAgain.click();
      await proceed(page).waitFor();
    });

    test('no network at the button: "Try again" leads back to it', async () => {
      const { page, at, plan } = await open({ open: 'down' });
      await proceed(page).click();
      plan.open = { requestId: 'R'.repeat(43), expiresAt: '2030-01-01T00:00:00Z' };
      await at.tryAgain.click();
      await proceed(page).click();
      await at.connect('Gmail').waitFor();
    });

    test('closed with nothing connected: no tick, and the way back to the app', async () => {
      const { page, at } = await open({});
      await proceed(page).click();
      await at.connect('Gmail').waitFor();
      await at.close.click();
      await at.title('You can close this window').waitFor();
      assert.equal(await at.screen('closed').locator('.icon-check').count(), 0);
      assert.equal(await page.getByRole('link', { name: 'Back to Shop' }).getAttribute('href'), 'https://shop.example.test/');
    });

    test('done: a tick, and the way back to the app', async () => {
      const { page, at } = await open({ form: answers.keyForm({ integration: 'gmail', name: 'Gmail' }) });
      await proceed(page).click();
      await at.field('Secret or restricted key').fill(`sk_${'a'.repeat(24)}`);
      await at.connect('Gmail').click();
      await at.done.click();
      await at.title('You can close this window').waitFor();
      assert.equal(await at.screen('closed').locator('.icon-check').count(), 1);
      await page.getByRole('link', { name: 'Back to Shop' }).waitFor();
    });
  });

  describe('with made-up answers', () => {
    async function managing(plan) {
      const context = await suite.chromium.context();
      const given = await stub(context, { session: session({ manage: 3 }), ...plan });
      const { page, at } = await opener(suite)(context, '@picahq/authkit', { companyName: 'Shop' });
      await at.own.click();
      return { context, page, at, plan: given };
    }

    test('a double click ends one connection once', async () => {
      const { at, plan } = await managing({});
      await at.ownRow('Gmail').getByRole('button').last().click();
      await at.disconnect.dblclick();
      await at.screen('disconnected').waitFor();
      assert.equal(plan.calls.disconnect, 1);
    });

    test('gone meanwhile: said calmly, and the list is read anew', async () => {
      const { at, plan } = await managing({ disconnect: refusal(404, 'connection_gone', 'This connection is not there any more.') });
      await at.ownRow('Gmail').getByRole('button').last().click();
      await at.disconnect.click();
      await at.title('Gmail is disconnected already').waitFor();
      plan.own = owns([]);
      await at.backToOwn.click();
      await at.screen('manage-empty').waitFor();
    });

    test('offline at the press: nothing is claimed, and it can be tried again', async () => {
      const { at, plan } = await managing({ disconnect: 'down' });
      await at.ownRow('Gmail').getByRole('button').last().click();
      await at.disconnect.click();
      await at.failure.waitFor();
      plan.disconnect = { revocation: 'revoked' };
      await at.tryAgain.click();
      await at.disconnect.click();
      await at.screen('disconnected').waitFor();
    });

    test('a thousand come as one scrolls, each once', async () => {
      const id = (number) => `0198c5a0-7f6e-7c51-b6a5-${String(number).padStart(12, '0')}`;
      const page = ({ after }) => {
        const from = after ? Number(after.slice(-12)) + 1 : 0;
        const connections = Array.from({ length: Math.min(50, 1000 - from) }, (_, index) => own({ id: id(from + index), account: `account ${from + index}` }));
        return { connections, total: 1000, next: connections.length === 50 ? connections.at(-1).id : null };
      };
      const { at, plan } = await managing({ own: page });
      const rows = at.frame.locator('.own');
      await rows.first().waitFor();
      assert.ok((await rows.count()) <= 100);
      await until(async () => {
        await rows.last().scrollIntoViewIfNeeded();
        return (await rows.count()) === 1000;
      }, 'all of them', 60_000);
      assert.ok(plan.calls.own >= 20);
      assert.equal(new Set(await rows.evaluateAll((nodes) => nodes.map((node) => node.dataset.connection))).size, 1000);
    });

    test('names from outside stay text', async () => {
      const evil = '<img src=x onerror=alert(1)>\u202eevil';
      const { page, at } = await managing({ own: owns([own({ service: evil, account: evil })]) });
      await at.screen('manage').waitFor();
      assert.equal(await at.frame.locator('.own img[src=x]').count(), 0);
      assert.match(await at.frame.locator('.own').textContent(), /<img src=x onerror=alert\(1\)> evil/);
      assert.ok(page);
    });
  });
});
