// What people and networks do to the modal: double clicks, reloads, the back button, no network, a slow one; and names that
// are far too long or try to be code.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { recordMessages } from './support/browser.mjs';
import { eventOf, events } from './support/host.mjs';
import { consent, leaving, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { SERVICES, answers, integration, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const KEY = `sk_${'a'.repeat(24)}`;
const KEY_FIELD = 'Secret or restricted key';

describe('rough handling', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-rough', { windowless: true });
  });
  after(() => suite?.stop());
  beforeEach(() => {
    suite.host.behaviour.identity = `person-${Math.random().toString(36).slice(2)}`;
  });

  async function open(plan = {}, options = {}) {
    const context = await suite.chromium.context();
    const given = await stub(context, plan);
    const { page, at } = await opener(suite)(context, '@picahq/authkit', { companyName: 'Shop', ...options });
    await at.dialog.waitFor();
    return { context, page, at, plan: given };
  }

  async function openReal() {
    const context = await suite.chromium.context();
    const { page, at } = await opener(suite)(context, '@picahq/authkit', {});
    return { context, page, at };
  }

  describe('double clicks', () => {
    test('on a row: one service is opened, its button is not pressed', async () => {
      const { page, at, plan } = await open();
      await at.row('Slack').waitFor();
      await at.row('Gmail').dblclick();
      await at.connect('Gmail').waitFor();
      await page.waitForTimeout(400);
      assert.equal(await at.dialog.getAttribute('data-state'), 'explain');
      assert.equal(plan.calls.form, 1);
      assert.equal(plan.calls.flows, undefined);
    });

    test('on "Connect": one window, one flow', async () => {
      const { context, page, at, plan } = await open();
      await at.pick('Gmail');
      await at.connect('Gmail').dblclick();
      await at.screen('waiting').waitFor();
      await page.waitForTimeout(700);
      assert.equal(plan.calls.flows, 1);
      assert.equal(context.pages().length, 2);
      assert.equal(await at.dialog.getAttribute('data-state'), 'waiting', '"Cancel" was not pressed by the second click');
    });

    test('on the form\'s button: the key is sent once', async () => {
      const { at, plan } = await open();
      await at.row('Stripe').click();
      await at.field(KEY_FIELD).fill(KEY);
      await at.connect('Stripe').dblclick();
      await at.screen('success').waitFor();
      assert.equal(plan.calls.submit, 1);
    });

    test('on "Cancel": the screen after it stays', async () => {
      const { page, at } = await open();
      await at.pick('Gmail');
      await at.connect('Gmail').click();
      await at.cancel.dblclick();
      await at.screen('cancelled').waitFor();
      await page.waitForTimeout(300);
      assert.equal(await at.dialog.getAttribute('data-state'), 'cancelled');
    });
  });

  describe('reload and back', () => {
    for (const name of ['pick', 'explain', 'form', 'waiting', 'cancelled', 'success']) {
      test(`the frame is reloaded at ${name}: the list again, nothing is told twice`, async () => {
        const entry = STATES.find((one) => one.name === name);
        const context = await suite.chromium.context();
        const { page, at } = await reachState(entry, context, opener(suite));
        const told = (await events(page)).length;
        const frame = page.frames().find((one) => one.url().startsWith(suite.latchkey.url));
        await frame.evaluate(() => location.reload()).catch(() => {});
        await at.screen('pick').waitFor();
        await page.waitForTimeout(400);
        assert.equal((await events(page)).length, told);
      });
    }

    test('the other window is reloaded at each step and still ends well', async () => {
      const { page, at } = await openReal();
      const popup = await at.openPopup(suite.names.oidc);
      await consent(popup).allow.waitFor();
      await popup.reload();
      await consent(popup).allow.click();
      await eventOf(page, 'success');
    });

    test('back from the provider in the other window: it goes on from there', async () => {
      const { page, at } = await openReal();
      const popup = await at.openPopup(suite.names.oidc);
      await consent(popup).allow.waitFor();
      await popup.goto(`${suite.latchkey.url}/connect/start`);
      await popup.getByRole('link', { name: `Continue to ${suite.names.oidc}` }).click();
      await consent(popup).allow.click();
      await eventOf(page, 'success');
    });

    test('the whole page is reloaded while the other window is open: the modal is gone, and opens anew', async () => {
      const { page, at } = await openReal();
      const popup = await at.openPopup(suite.names.oidc);
      await consent(popup).allow.waitFor();
      await page.reload();
      await page.getByRole('button', { name: 'Connect' }).click();
      await modal(page).row(suite.names.oidc).waitFor();
      assert.deepEqual(await events(page), []);
    });
  });

  describe('networks', () => {
    test('offline in the middle of a form: says so, keeps what was typed, goes on when it is back', async () => {
      const { context, at, plan } = await open();
      await at.row('Stripe').click();
      await at.field(KEY_FIELD).fill(KEY);
      plan.submit = 'down';
      await context.setOffline(true);
      await at.frame.getByText('This goes on when the connection is back.').waitFor();
      await at.connect('Stripe').click();
      await at.notice.filter({ hasText: /There is no answer/ }).waitFor();
      assert.equal(await at.field(KEY_FIELD).inputValue(), KEY, 'the key is still there');
      await context.setOffline(false);
      plan.submit = { status: 'success', connection: answers.connection, account: null, message: null };
      await at.frame.getByText('This goes on when the connection is back.').waitFor({ state: 'hidden' });
      await at.connect('Stripe').click();
      await at.screen('success').waitFor();
    });

    test('offline while waiting for the other window: it goes on by itself', async () => {
      const { context, page, at } = await openReal();
      const popup = await at.openPopup(suite.names.oidc);
      await consent(popup).allow.waitFor();
      await context.setOffline(true);
      await page.waitForTimeout(1500);
      assert.equal(await at.dialog.getAttribute('data-state'), 'waiting');
      await context.setOffline(false);
      await consent(popup).allow.click();
      await eventOf(page, 'success');
    });

    test('slow: the shape after 150 ms, the word after 1 s, the way out after 8 s', async () => {
      const { page, at } = await open({ session: 'never' });
      await at.screen('loading').waitFor();
      assert.ok((await at.frame.locator('.skeleton-row').count()) > 2, 'the shape of a list');
      await at.frame.getByText('Asking Shop for permission to connect').first().waitFor();
      await at.frame.getByText('This takes longer than usual.').first().waitFor();
      await leaving(at.dialog.getByRole('button', { name: 'Close' }).last()).click();
      await eventOf(page, 'close');
    });

    test('fast: no shape is shown at all', async () => {
      // A machine that does other things is not fast at each visit: one quick visit proves it.
      const seen = [];
      for (let visit = 0; visit < 5; visit += 1) {
        const context = await suite.chromium.context();
        await stub(context);
        await context.addInitScript(() => {
          window.__states = [];
          const look = () => {
            const state = document.querySelector('[role=dialog]')?.dataset.state;
            if (state && window.__states.at(-1) !== state) window.__states.push(state);
            requestAnimationFrame(look);
          };
          look();
        });
        const { page, at } = await opener(suite)(context, '@picahq/authkit', {});
        await at.row('Gmail').click();
        await at.connect('Gmail').waitFor();
        const states = await page.frames().find((one) => one.url().startsWith(suite.latchkey.url)).evaluate(() => window.__states);
        if (!states.slice(states.indexOf('pick')).includes('loading')) return;
        seen.push(states.join(' → '));
        await context.close();
      }
      assert.fail(seen.join('\n'));
    });

    test('a slow check of a key: after 8 s one may stop waiting, and the fields are as they were', async () => {
      const { at } = await open({ submit: 'never' });
      await at.row('Stripe').click();
      await at.field(KEY_FIELD).fill(KEY);
      await at.connect('Stripe').click();
      await at.frame.getByRole('button', { name: 'Checking with Stripe' }).waitFor();
      await at.frame.getByRole('button', { name: 'Stop waiting' }).click();
      await at.connect('Stripe').waitFor();
      assert.equal(await at.field(KEY_FIELD).inputValue(), KEY);
    });
  });

  describe('names', () => {
    const LONG = `${'Long name '.repeat(15)}${'W'.repeat(150)}`;
    const hostile = ['<img src=x onerror="window.__hacked=1">', '"><script>window.__hacked=1</script>', "javascript:window.__hacked=1//", '${window.__hacked=1}', '{{constructor.constructor("window.__hacked=1")()}}', '</title><svg/onload=window.__hacked=1>', '\u202Egnp.exe\u2066', '&lt;b&gt;&#x3C;b>', "' onfocus=window.__hacked=1 autofocus='", 'data:text/html,<script>window.__hacked=1</script>'];

    /** Every text that comes from outside is `text`. */
    const everywhere = (text) => {
      const services = [integration('gmail', `Gmail ${text}`, { description: text, categories: [text, 'b', 'c'], aliases: [text], logo: text, connected: 2, accounts: [text, text] }), ...SERVICES.filter((one) => one.id !== 'gmail')];
      const form = answers.keyForm({
        integration: 'gmail', name: text, access: [text], unexplained: [text], docs: text, methods: [{ id: 'api_key', kind: 'api_key', title: text }, { id: 'other', kind: 'oauth2', title: text }],
        fields: [answers.field({ label: text, help: text, help_url: text, placeholder: text, default: text, secret: false }), answers.field({ name: 'choice', secret: false, required: false, label: text, choices: [{ value: text, label: text }] })],
      });
      return {
        session: answers.session({ app: { name: text, logo_url: text, home_url: text }, identity_label: text, branding: { theme: text, style: { '--radius-modal': text, [text]: text }, texts: { en: { title: text, lead: text, explain: text, success: text } }, privacy_url: text, terms_url: text, favicon_url: text }, integrations: services }),
        form, submit: { status: 422, body: { type: 'error', key: 'connect::credential_refused', message: text, meta: { provider_message: text }, correlationId: text } },
      };
    };

    async function walk(text, options) {
      const context = await suite.chromium.context();
      const messages = await recordMessages(context);
      const plan = await stub(context, everywhere(text));
      const { page, at } = await opener(suite)(context, '@picahq/authkit', options);
      const first = at.frame.getByRole('option').filter({ hasText: 'Gmail' });
      const unharmed = async (where) => {
        for (const frame of page.frames()) assert.equal(await frame.evaluate(() => window.__hacked), undefined, where);
        assert.equal(await at.frame.locator('.modal img[src="x"], .modal script, .modal a[href^="javascript"], .modal [onerror], .modal [onfocus], .modal [onload]').count(), 0, where);
        const wide = await at.dialog.evaluate((dialog) => [dialog, dialog.querySelector('.modal-body')].map((node) => node.scrollWidth - node.clientWidth));
        assert.ok(Math.max(...wide) <= 0, `${where}: ${wide} px too wide`);
      };
      await first.waitFor();
      await unharmed('the list');
      await first.click();
      await at.screen('connected').waitFor();
      await unharmed('connected');
      await at.another.click();
      await at.screen('form').waitFor();
      await unharmed('the form');
      await at.dialog.locator('.button-primary').click();
      await at.notice.first().waitFor();
      await unharmed('refused');
      // And as the answer of a flow, with the account that comes with it.
      plan.form = answers.oauthForm({ integration: 'gmail', name: text, access: [text], unexplained: [text], docs: text });
      for (const status of [answers.succeeded({ account: text, missing: [text] }), answers.ended('interrupted', 'failed', text), answers.ended('approval_needed', 'failed', `It said: “${text}”`), answers.ended('app_broken', 'failed', text)]) {
        plan.check = status;
        await page.reload();
        await page.getByRole('button', { name: 'Connect' }).click();
        await first.click();
        await at.another.click();
        await at.screen('explain').waitFor();
        await unharmed('explain');
        await at.dialog.locator('.button-primary').click();
        await at.screen({ success: 'partial', interrupted: 'failure', approval_needed: 'approval', app_broken: 'final' }[status.code ?? 'success']).waitFor();
        await unharmed(status.code ?? 'partial');
      }
      assert.ok(messages.length > 0);
      assert.deepEqual(context.problems.filter((one) => one.startsWith('script:')), []);
    }

    for (const text of hostile) {
      test(`${JSON.stringify(text).slice(0, 50)} in every name and text is text`, () =>
        // The SDK puts its options through `btoa`, which takes Latin-1 only.
        walk(text, /^[\u0000-\u00ff]*$/.test(text) ? { companyName: text, title: text, imageUrl: text, selectedConnection: text } : {}));
    }

    test('300 characters in every name and text: nothing grows to the side', () => walk(LONG, { companyName: LONG, title: LONG }));

    test('a token endpoint that answers with markup: shown as text, or not at all', async () => {
      const { page, at } = await open({ token: () => ({ status: 403, body: { error: hostile[0] } }) });
      await at.screen('failure').waitFor();
      assert.equal(await at.frame.locator('.modal img[src="x"]').count(), 0);
      await until(async () => (await events(page)).length === 1, 'one error');
    });
  });
});
