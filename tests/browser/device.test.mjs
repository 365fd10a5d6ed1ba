// A sign-in with a code (RFC 8628) at a certified provider: the person enters what the modal shows, here or on another device.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { eventOf } from './support/host.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { consent, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { ACCOUNT, DEVICE_GRANT, USERINFO_PATH, startProvider } from './support/provider.mjs';
import { cancelled } from './support/rows.mjs';
import { startSuite } from './support/suite.mjs';

const DEVICE = 'test-device';
const NAME = 'Test device';
const GRANTS = ['authorization_code', 'refresh_token', DEVICE_GRANT];

const setUp = async (latchkey, provider) => {
  const app = await latchkey.setOAuthApp({ integration: DEVICE, clientId: provider.clientId, clientSecret: provider.clientSecret, values: { issuer: provider.issuer } });
  provider.register([app.redirectUri], { grantTypes: GRANTS });
};

/** The provider's page, to the end that is given; `code` where the address does not have it. */
async function decide(page, how, code = null) {
  if (code) {
    await page.getByRole('textbox').fill(code);
    await page.getByRole('button', { name: 'Go on' }).click();
  }
  if (how === 'abort') return page.getByRole('button', { name: 'Abort' }).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await consent(page)[how].click();
  return how === 'allow' ? page.getByText('You can close this page').waitFor() : undefined;
}

describe('a sign-in with a code', () => {
  let suite;
  before(async () => {
    suite = await startSuite('device', { windowless: true, accessTokenSeconds: 20 });
    await setUp(suite.latchkey, suite.provider);
  });
  after(() => suite?.stop());
  beforeEach(() => {
    suite.provider.behaviour.deviceSeconds = 600;
  });

  async function begin(options = {}) {
    suite.provider.forget();
    const context = await suite.chromium.context(options);
    const page = await context.newPage();
    await page.goto(suite.host.shop('@picahq/authkit', {}));
    await page.getByRole('button', { name: 'Connect' }).click();
    const widget = modal(page);
    await widget.pick(NAME);
    await widget.connect(NAME).click();
    await widget.screen('code').waitFor();
    return { context, page, widget };
  }

  const openThere = async ({ context, widget }) => {
    const [there] = await Promise.all([context.waitForEvent('page'), widget.openPage(NAME).click()]);
    await there.waitForLoadState();
    return there;
  };

  /** Until the server has it, it goes on asking the service. */
  const cancel = ({ page, widget }) => cancelled(suite.latchkey, page, () => widget.cancel.click());

  test('entered in another tab: connected, called, renewed, revoked', async () => {
    const opened = await begin();
    const { page, widget } = opened;
    const code = await widget.userCode.textContent();
    assert.match(code, /^[A-Z]{4}-[A-Z]{4}$/);
    await picture(page, 'device-code');
    const there = await openThere(opened);
    assert.equal(await there.evaluate(() => window.opener), null, 'the service learns nothing of the page behind it');
    assert.equal(await there.locator('code').textContent(), code, 'the page shows the same code');
    await decide(there, 'allow');
    const record = await eventOf(page, 'success');
    await widget.success(NAME).waitFor();
    await widget.screen('success').getByText(ACCOUNT.email).waitFor();

    const { latchkey, provider } = suite;
    const [asked] = provider.codesAsked();
    assert.equal(asked.scope, 'openid email offline_access');
    const polls = provider.polls();
    assert.equal(polls.at(-1).status, 200);
    for (const [index, poll] of polls.slice(1).entries()) assert.ok(poll.at - polls[index].at >= 5000, 'never within five seconds');
    for (const poll of polls.slice(0, -1)) assert.equal(poll.error, 'authorization_pending');

    const call = () => latchkey.api(`/v1/passthrough/${USERINFO_PATH}`, { connection: record.key });
    assert.equal((await call()).body.sub, ACCOUNT.sub);
    await until(() => provider.refreshes().length > 0, 'a refresh', 30_000);
    assert.equal(provider.refreshes()[0].status, 200);
    assert.equal((await call()).status, 200);

    await latchkey.api(`/v1/vault/connections/${record.id ?? record._id}`, { method: 'DELETE' });
    await until(() => provider.revocations().some(({ status }) => status === 200), 'the revocation at the provider', 30_000);
  });

  test('typed in on another device, by keyboard alone', async () => {
    const { page, widget } = await begin({ viewport: { width: 390, height: 844 } });
    assert.equal(await widget.openPage(NAME).evaluate((link) => link === document.activeElement), true, 'the way there has the focus');
    const shown = await widget.screen('code').textContent();
    assert.ok(shown.includes(`${suite.provider.issuer.replace(/^https:\/\//, '')}/device`), 'the address to type is there');
    assert.match(shown, /Time left: (9:[0-5]\d|10:00)/);
    const code = await widget.userCode.textContent();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    // A frame of another site may not write to the clipboard: then the code is selected, for the person to copy.
    await until(async () => (await widget.userCode.evaluate(() => getSelection().toString().trim())) === code, 'the code selected');

    const other = await suite.chromium.context();
    const there = await other.newPage();
    await there.goto(`${suite.provider.issuer}/device`);
    await decide(there, 'allow', code);
    await widget.success(NAME).waitFor();
  });

  test('refused on the service’s page, before and after its sign-in: a way on', async () => {
    for (const how of ['abort', 'deny']) {
      const opened = await begin();
      await decide(await openThere(opened), how);
      const { page, widget } = opened;
      await widget.screen('denied').waitFor();
      assert.equal((await eventOf(page, 'error')) !== null, true);
      await widget.tryAgain.click();
      await widget.connect(NAME).click();
      await widget.screen('code').waitFor();
      await cancel(opened);
    }
  });

  test('not entered in time: said, and begun again', async () => {
    suite.provider.behaviour.deviceSeconds = 8;
    const opened = await begin();
    const { widget } = opened;
    await widget.screen('expired').waitFor();
    suite.provider.behaviour.deviceSeconds = 600;
    await widget.frame.getByRole('button', { name: 'Start again' }).click();
    await widget.connect(NAME).click();
    await widget.screen('code').waitFor();
    await cancel(opened);
  });

  test('cancelled: the service is asked no more', async () => {
    const opened = await begin();
    await cancel(opened);
    await opened.widget.screen('cancelled').waitFor();
    const before = suite.provider.polls().length;
    await new Promise((resolve) => setTimeout(resolve, 7000));
    assert.equal(suite.provider.polls().length, before);
  });

  test('by a link of its own', async () => {
    const made = await suite.latchkey.api('/v1/connect/links', { method: 'POST', body: { identity: 'u-code', verify: false, integrations: [DEVICE] } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const context = await suite.chromium.context();
    const page = await context.newPage();
    await page.goto(made.body.url);
    await page.getByRole('button', { name: `Continue to ${NAME}` }).click();
    const widget = modal(page, page);
    await widget.connect(NAME).click();
    await widget.screen('code').waitFor();
    await decide(await openThere({ context, widget }), 'allow');
    await widget.success(NAME).waitFor();
  });

  test('where the app confirms who signed in: said before any code is asked for', async () => {
    const confirmed = (...how) => suite.latchkey.cli(['projects', 'set', '--project', suite.latchkey.project_id, '--verify', ...how]);
    await confirmed('always', '--verify-url', 'https://shop.example.test/verify');
    try {
      suite.provider.forget();
      const context = await suite.chromium.context();
      const page = await context.newPage();
      await page.goto(suite.host.shop('@picahq/authkit', {}));
      await page.getByRole('button', { name: 'Connect' }).click();
      const widget = modal(page);
      await widget.pick(NAME);
      await widget.connect(NAME).click();
      await widget.frame.getByText('which a code cannot show').first().waitFor();
      assert.equal(suite.provider.codesAsked().length, 0);
    } finally {
      await confirmed('off');
    }
  });

  test('no device code and no token stands in the log, the metrics, the database or a page', async () => {
    const opened = await begin();
    const { latchkey, provider } = suite;
    const frames = await Promise.all(opened.page.frames().map((frame) => frame.content()));
    const metrics = await fetch(`${latchkey.url}/metrics`).then((answer) => answer.text());
    const places = { log: latchkey.log(), metrics, pages: frames.join('\n'), database: await latchkey.dump() };
    assert.ok(provider.secrets.device_code.length >= 5);
    for (const [place, text] of Object.entries(places)) {
      for (const kind of ['device_code', 'access_token', 'refresh_token']) {
        const found = provider.secrets[kind].filter((secret) => text.includes(secret));
        assert.equal(found.length, 0, `${kind} in the ${place}`);
      }
    }
  });
});

describe('a restart while the person enters the code', () => {
  let devDir;
  let provider;
  let latchkey;
  let chromium;
  before(async () => {
    devDir = await mkdtemp(path.join(os.tmpdir(), 'lk-'));
    provider = await startProvider();
    chromium = await startBrowser();
  });
  after(async () => {
    await latchkey?.stop();
    await provider?.stop();
    await chromium?.stop();
    await rm(devDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  });

  const SITE = 'https://app.example.test';
  const start = () => startLatchkey({ name: 'device-restart', devDir, allow: [provider.issuer] });
  const post = async (where, bearer, body) => {
    const answer = await fetch(latchkey.url + where, {
      method: 'POST', headers: { 'content-type': 'application/json', origin: latchkey.origin, authorization: `Bearer ${bearer}` }, body: JSON.stringify(body) });
    return answer.json();
  };

  test('killed and started again: what was entered meanwhile is connected', async () => {
    latchkey = await start();
    await latchkey.addOrigin(SITE);
    await setUp(latchkey, provider);
    const { body } = await latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-42', identityType: 'user' } });
    const begun = await post('/connect/api/codes', body.requestId, { integration: DEVICE, auth: null, values: {}, name: null, embedder: SITE });
    await until(() => provider.polls().length > 0, 'a first question');
    await latchkey.stop('SIGKILL');
    const page = await (await chromium.context()).newPage();
    await page.goto(begun.verification_uri);
    await decide(page, 'allow', begun.user_code);
    latchkey = await start();
    // Who dies while it asks leaves the question taken for two minutes.
    const outcome = await until(async () => {
      const now = await post('/connect/api/check', begun.result, {});
      return now.status === 'pending' ? null : now;
    }, 'the end of the sign-in', 200_000);
    assert.equal(outcome.status, 'success', JSON.stringify(outcome));
    assert.equal(outcome.account, ACCOUNT.email);
    assert.equal(provider.polls().filter(({ status }) => status === 200).length, 1);
  });
});
