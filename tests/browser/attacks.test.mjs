// Attacks T10, T11, T12 and T16 of the connect flow: stolen start links, stolen callbacks, replays, hostile frames.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { recordCalls, recordMessages, refusedToShow } from './support/browser.mjs';
import { eventOf, events, startHost } from './support/host.mjs';
import { OPENS_INSIDE_AN_APP, confirmPage, consent, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { OIDC, startSuite } from './support/suite.mjs';

describe('attacks', () => {
  let suite;
  let attacker;
  let victim;
  let evil;
  before(async () => {
    suite = await startSuite('attacks');
    // Not localhost and not on any list: a stranger's site.
    evil = suite.keep(await startHost({ latchkey: suite.latchkey.url, key: 'sk_test_lk_none', widget: suite.latchkey.origin, name: 'evil.localhost' }));
  });
  after(() => suite?.stop());
  beforeEach(async () => {
    suite.provider.forget();
    suite.provider.behaviour.holdCallback = false;
    suite.host.behaviour.token = 'ok';
    attacker = await suite.chromium.context();
    victim = await suite.chromium.context();
  });

  const connections = async () => (await suite.latchkey.api(`/v1/vault/connections?platform=${OIDC}`)).body.total;

  async function openModal(context, sdk = '@picahq/authkit', options = {}) {
    const page = await context.newPage();
    await page.goto(suite.host.shop(sdk, options));
    await page.getByRole('button', { name: 'Connect' }).click();
    return { page, widget: modal(page) };
  }

  /** The attacker begins a flow and keeps its start link for somebody else. */
  async function stealStartLink(sdk, options) {
    const calls = await recordCalls(attacker);
    // His own window never redeems the ticket, nor replaces it, nor does it leave for it.
    await attacker.route('**/connect/api/start', (route) => route.abort());
    await attacker.route('**/connect/api/flows/*/ticket', (route) => route.abort());
    if (sdk === '@withone/auth' && options?.authWindow !== 'popup') {
      await attacker.route('**/connect/start**', (route) => route.abort());
    }
    const { page, widget } = await openModal(attacker, sdk, options);
    await widget.pick(suite.names.oidc);
    await widget.connect(suite.names.oidc).click();
    const { body: asked, answer } = await until(() => calls.find((call) => call.path === '/connect/api/flows' && call.answer), 'the answer with the ticket');
    assert.equal(answer.status, 201);
    const given = answer.body;
    const link = new URL(given.url ?? `${suite.latchkey.origin}/connect/start`);
    link.hash = `t=${asked.ticket}`;
    return { link: link.href, asked, given, page, widget };
  }

  describe('T10: a start link in another browser', () => {
    for (const [mode, sdk, options] of [['popup', '@picahq/authkit'], ['popup', '@withone/auth', { authWindow: 'popup' }]]) {
      test(`${mode} (${sdk}): asks for the code, a wrong one does not pass, five end it`, async () => {
        const before = await connections();
        const { link, given } = await stealStartLink(sdk, options);
        const page = await victim.newPage();
        await page.goto(link);
        const question = confirmPage(page);
        await question.proceed.waitFor();
        assert.equal(new URL(page.url()).hash, '', 'the ticket is gone from the address');
        const wrong = given.code === 'ZZZZ' ? 'YYYY' : 'ZZZZ';
        for (let attempt = 1; attempt <= 5; attempt += 1) {
          await question.code.fill(wrong);
          const [answer] = await Promise.all([
            page.waitForResponse((one) => one.url().endsWith('/connect/api/confirm')),
            question.proceed.click(),
          ]);
          assert.ok([403, 410].includes(answer.status()), `attempt ${attempt}: ${answer.status()}`);
        }
        assert.equal(suite.provider.authorizations().length, 0, 'the victim never reaches the provider');
        assert.equal(await connections(), before);
      });
    }

    test('top (begun by hand): asks for the code', async () => {
      const { body } = await suite.latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'attacker', identityType: 'user' } });
      const ticket = randomBytes(32).toString('base64url');
      const made = await fetch(`${suite.latchkey.url}/connect/api/flows`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: suite.latchkey.origin, authorization: `Bearer ${body.requestId}` },
        body: JSON.stringify({ integration: OIDC, auth: null, values: {}, name: null, mode: 'top', ticket, proof: null, embedder: suite.host.origin }),
      });
      assert.equal(made.status, 201, await made.text());
      const page = await victim.newPage();
      await page.goto(`${suite.latchkey.origin}/connect/start#t=${ticket}`);
      await confirmPage(page).code.waitFor();
      assert.equal(suite.provider.authorizations().length, 0);
    });

    test('same window: refused outright without a trace of the app', async () => {
      const { link } = await stealStartLink('@withone/auth');
      const page = await victim.newPage();
      const answered = page.waitForResponse((one) => one.url().endsWith('/connect/api/start'));
      const forged = new URL(link);
      const state = forged.searchParams.get('state');
      forged.searchParams.set('state', `${state}~${Buffer.from(suite.host.shop()).toString('base64url')}`);
      await page.goto(forged.href);
      const answer = await answered;
      assert.equal(answer.status(), 403);
      assert.equal((await answer.json()).key, 'not_from_app');
      assert.equal(suite.provider.authorizations().length, 0);
    });

    test('an evil opener moves a window of ours to the link: still a question, and it learns nothing', async () => {
      const { link } = await stealStartLink();
      const messages = await recordMessages(victim);
      const page = await victim.newPage();
      await page.goto(evil.page());
      const [popup] = await Promise.all([
        victim.waitForEvent('page'),
        page.evaluate((url) => {
          window.addEventListener('message', (event) => event.source.postMessage({ lk: 'proof', n: event.data?.n, proof: 'A'.repeat(43) }, '*'));
          window.other = window.open(url);
        }, `${suite.latchkey.origin}/connect/done`),
      ]);
      await popup.waitForLoadState();
      await page.evaluate((url) => {
        window.other.location = url;
      }, link);
      await confirmPage(popup).proceed.waitFor();
      assert.equal(suite.provider.authorizations().length, 0);
      assert.deepEqual(messages.filter((message) => message.frame.startsWith(evil.origin)), [], 'nothing was posted to the opener');
    });

    test('the ticket works once', async () => {
      const calls = await recordCalls(attacker);
      const { widget } = await openModal(attacker);
      const popup = await widget.openPopup(suite.names.oidc);
      await consent(popup).allow.waitFor();
      const { ticket } = calls.find(({ path }) => path === '/connect/api/flows').body;
      const page = await victim.newPage();
      const answered = page.waitForResponse((one) => one.url().endsWith('/connect/api/start'));
      await page.goto(`${suite.latchkey.origin}/connect/start#t=${ticket}`);
      assert.equal((await answered).status(), 409);
      assert.equal(suite.provider.authorizations().length, 1);
    });
  });

  /** The right browser, signed in, one step before the callback. */
  async function heldCallback() {
    suite.provider.behaviour.holdCallback = true;
    const { page, widget } = await openModal(attacker);
    const popup = await widget.openPopup(suite.names.oidc);
    await consent(popup).allow.click();
    const link = popup.locator('#callback');
    return { page, widget, popup, link, url: await link.getAttribute('href') };
  }

  test('T11: the callback in another browser is refused without a token request; the right one then succeeds', async () => {
    const { page, link, url } = await heldCallback();
    const stranger = await victim.newPage();
    const response = await stranger.goto(url);
    assert.equal(response.status(), 400);
    assert.equal(suite.provider.exchanges().length, 0);
    await link.click();
    await eventOf(page, 'success');
    assert.equal(suite.provider.exchanges().length, 1);
  });

  test('T12: the callback fifty times at once, reloads and back: one token request', async () => {
    // The last page closes itself; here it is looked at.
    await attacker.addInitScript(() => { window.close = () => {}; });
    const { page, popup, link, url } = await heldCallback();
    const answers = await Promise.all(Array.from({ length: 50 }, () => attacker.request.get(url, { maxRedirects: 0 })));
    const statuses = answers.map((answer) => answer.status());
    assert.deepEqual(statuses.filter((status) => ![303, 400].includes(status)), []);
    assert.ok(statuses.includes(303));
    await eventOf(page, 'success');
    assert.equal(suite.provider.exchanges().length, 1);
    for (const answer of answers.filter((one) => one.status() === 303)) {
      assert.match(answer.headers().location, /\/connect\/done\?f=/);
    }

    await link.click();
    await popup.waitForURL(/\/connect\/done/);
    const done = await attacker.newPage();
    for (let round = 0; round < 10; round += 1) {
      await done.goto(url);
      assert.match(done.url(), /\/connect\/done\?f=/);
      await done.reload();
    }
    await done.goBack().catch(() => {});
    assert.equal(suite.provider.exchanges().length, 1);
    assert.equal((await events(page)).filter((event) => event.type === 'success').length, 1);
  });

  test('a state that was never issued, and one that was changed', async () => {
    const { url } = await heldCallback();
    for (const state of ['A'.repeat(43), '', '~', `${new URL(url).searchParams.get('state')}x`]) {
      const forged = new URL(url);
      forged.searchParams.set('state', state);
      const page = await attacker.newPage();
      assert.equal((await page.goto(forged.href)).status(), 400, state);
      await page.close();
    }
    assert.equal(suite.provider.exchanges().length, 0);
  });

  describe('T16: hostile frames', () => {
    /** What a page on `site` sees of a frame with this address. */
    async function framed(site, address) {
      site.behaviour.page = `<!doctype html><title>Evil</title><iframe src="${address}" width="600" height="700"></iframe>`;
      const page = await victim.newPage();
      await page.goto(site.page());
      const frame = await until(() => page.frames().find((one) => one !== page.mainFrame() && one.url() !== 'about:blank' && one.url() !== ''), 'the frame');
      await frame.waitForLoadState().catch(() => {});
      return { page, frame };
    }

    for (const where of ['/embed/{pub}', '/', '/connect/start', '/connect/done?f=00000000-0000-7000-8000-000000000000', '/connect/confirm?f=00000000-0000-7000-8000-000000000000']) {
      test(`an unlisted site frames ${where}: the browser refuses`, async () => {
        const { frame } = await framed(evil, suite.latchkey.origin + where.replace('{pub}', suite.latchkey.publishable_id));
        assert.ok(refusedToShow(frame), frame.url());
      });
    }

    test('a listed site of another project frames a session that is not its own: 403, nothing shown, nothing posted', async () => {
      // A second project, whose site is on its own list, embeds its own page with the first customer's token endpoint.
      const other = await suite.latchkey.createProject('Other');
      const thief = await startHost({
        latchkey: suite.latchkey.url, key: 'sk_test_lk_none', widget: suite.latchkey.origin, baseUrl: suite.latchkey.embedUrl(other.publishableId), name: 'thief.localhost' });
      await suite.latchkey.addOrigin(thief.origin, other.id);
      try {
        const page = await victim.newPage();
        const refused = page.waitForResponse((one) => one.url().endsWith('/connect/api/session'));
        await page.goto(thief.shop('@picahq/authkit', { token: { url: `${suite.host.origin}/token`, headers: { 'x-user-id': 'u-42' } } }));
        await page.getByRole('button', { name: 'Connect' }).click();
        const answer = await refused;
        assert.equal(answer.status(), 403);
        assert.equal((await answer.json()).key, 'embedder_not_allowed');
        await modal(page).screen('refused').waitFor();
        assert.equal(await modal(page).row(suite.names.oidc).count(), 0);
        assert.equal((await events(page)).filter((event) => event.type === 'success').length, 0);
      } finally {
        await thief.stop();
      }
    });

    test('a payload opened as a page of its own: a static page, no script, no token call', async () => {
      const calls = suite.host.tokenCalls.length;
      const page = await victim.newPage();
      const data = Buffer.from(JSON.stringify({ linkTokenEndpoint: `${suite.host.origin}/token`, linkHeaders: {} })).toString('base64');
      for (const base of [`${suite.latchkey.origin}/`, suite.latchkey.embedUrl()]) {
        await page.goto(`${base}?data=${encodeURIComponent(data)}`);
        await page.getByText(OPENS_INSIDE_AN_APP).first().waitFor();
        assert.equal(await page.locator('script').count(), 0);
      }
      assert.equal(suite.host.tokenCalls.length, calls);
    });
  });

  test('a sibling frame and a second origin cannot feed the modal', async () => {
    const { page, widget } = await openModal(attacker);
    await widget.row(suite.names.oidc).waitFor();
    const calls = suite.host.tokenCalls.length;
    await page.evaluate(async (address) => {
      const sibling = document.createElement('iframe');
      sibling.src = address;
      document.body.append(sibling);
      await new Promise((resolve) => {
        sibling.onload = resolve;
      });
    }, evil.page());
    const sibling = page.frames().find((frame) => frame.url().startsWith(evil.origin));
    await sibling.evaluate(() => {
      for (const frame of [window.parent.frames[0], window.parent.frames[1]]) {
        frame.postMessage({ linkTokenEndpoint: 'http://evil.localhost:1/token', title: 'Evil title' }, '*');
        frame.postMessage({ lk: 1, type: 'token', requestId: 'A'.repeat(43), rows: [] }, '*');
      }
    });
    await page.waitForTimeout(500);
    assert.equal(suite.host.tokenCalls.length, calls);
    assert.equal(await widget.frame.getByText('Evil title').count(), 0);
    await widget.row(suite.names.oidc).waitFor();
  });
});
