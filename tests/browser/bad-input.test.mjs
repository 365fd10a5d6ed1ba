// Broken backends, broken links and strange callbacks, as a browser meets them.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { refusedToShow } from './support/browser.mjs';
import { eventOf, events, startHost } from './support/host.mjs';
import { modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { startSuite } from './support/suite.mjs';

/** A token endpoint that never answers is given up after this. */
const TOKEN_TIMEOUT = 45_000;

describe('bad input', () => {
  let suite;
  let context;
  let page;
  let widget;
  before(async () => {
    suite = await startSuite('bad-input', { windowless: true });
  });
  after(() => suite?.stop());
  beforeEach(async () => {
    context = await suite.chromium.context();
    page = await context.newPage();
    widget = modal(page);
    suite.host.behaviour.token = 'ok';
  });

  const open = async (options, sdk = '@picahq/authkit') => {
    await page.goto(suite.host.shop(sdk, options));
    await page.getByRole('button', { name: 'Connect' }).click();
  };
  const types = async () => (await events(page)).map((event) => event.type);

  for (const [mode, expected] of [['html', /./], ['500', /./], ['refused', /You may not connect accounts/], ['empty', /./]]) {
    test(`token endpoint answers ${mode}: said in the modal, one onError, not lost`, async () => {
      suite.host.behaviour.token = mode;
      await open();
      const message = await eventOf(page, 'error');
      assert.match(message, expected);
      assert.doesNotMatch(message, /<h1>|<!doctype/i, 'no markup of somebody else');
      await widget.failure.waitFor();
      assert.deepEqual(await types(), ['error']);
      await widget.close.click();
      await eventOf(page, 'close');
    });
  }

  test('token endpoint never answers: after a while a way out, then one onError', async () => {
    suite.host.behaviour.token = 'never';
    await open();
    await widget.close.waitFor();
    const message = await eventOf(page, 'error', TOKEN_TIMEOUT);
    assert.ok(message.length > 0);
    assert.deepEqual(await types(), ['error']);
  });

  test('token endpoint does not allow our origin (CORS): an error that names the address', async () => {
    await open({ token: { url: `${suite.provider.issuer}/nothing` } });
    assert.ok(await eventOf(page, 'error'));
    await widget.failure.waitFor();
  });

  test('a relative token endpoint: an error that says "absolute"', async () => {
    await open({ token: { url: '/token' } });
    assert.match(await eventOf(page, 'error'), /absolute/i);
  });

  test('an old session: the token endpoint is asked once more, nobody notices', async () => {
    suite.host.behaviour.token = ['stale', 'ok'];
    const calls = suite.host.tokenCalls.length;
    await open();
    await widget.row(suite.names.oidc).waitFor();
    assert.equal(suite.host.tokenCalls.length, calls + 2);
    assert.deepEqual(await types(), []);
  });

  test('an old session again and again: an error, no endless loop', async () => {
    suite.host.behaviour.token = 'stale';
    const calls = suite.host.tokenCalls.length;
    await open();
    assert.ok(await eventOf(page, 'error'));
    assert.ok(suite.host.tokenCalls.length - calls <= 3, `${suite.host.tokenCalls.length - calls} calls`);
  });

  test('a page on an origin that is not allowed: nothing is framed, nothing is called', async () => {
    const stranger = await startHost({
      latchkey: suite.latchkey.url, key: suite.latchkey.test_key, widget: suite.latchkey.origin, baseUrl: suite.latchkey.embedUrl(), name: 'stranger.localhost' });
    try {
      await page.goto(stranger.shop());
      await page.getByRole('button', { name: 'Connect' }).click();
      const frame = await until(() => page.frames().find(refusedToShow), 'the browser\'s refusal');
      assert.ok(frame);
      assert.equal(stranger.tokenCalls.length, 0);
      assert.deepEqual(await types(), []);
    } finally {
      await stranger.stop();
    }
  });

  test('an unknown selectedConnection opens the list', async () => {
    await open({ selectedConnection: 'No such service' });
    await widget.row(suite.names.oidc).waitFor();
  });

  test('a session that names an unknown integration', async () => {
    const { body } = await suite.latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-42' } });
    const answer = await fetch(`${suite.latchkey.url}/connect/api/form`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: suite.latchkey.origin, authorization: `Bearer ${body.requestId}` },
      body: JSON.stringify({ integration: 'no-such-service', auth: null }),
    });
    assert.equal(answer.status, 404);
    assert.equal(typeof (await answer.json()).message, 'string');
  });

  test('damaged data in the address, and no payload: an error in the frame after a moment, nothing posted', async () => {
    for (const data of ['%%%', 'bm90IGpzb24=', '', 'e30=', 'W10=']) {
      suite.host.behaviour.page = `<!doctype html><title>Shop</title><script>window.__events = [];
        addEventListener('message', (e) => __events.push({ type: 'message', value: e.data }));</script>
        <iframe id="event-link" width="700" height="700" src="${suite.latchkey.embedUrl()}?data=${data}"></iframe>`;
      await page.goto(suite.host.page());
      await widget.screen('refused').waitFor();
      assert.deepEqual(await events(page), [], data);
    }
  });

  describe('the callback', () => {
    const at = (query) => `${suite.app.redirectUri}?${query}`;
    const S = 'A'.repeat(43);
    const CASES = {
      'error with an unknown state': `error=access_denied&state=${S}`,
      'code and error together': `code=c&error=access_denied&state=${S}`,
      'state twice': `code=c&state=${S}&state=${S}`,
      'code twice': `code=c&code=d&state=${S}`,
      'an array parameter': `code[]=c&state=${S}`,
      'a token in the query': `access_token=t&state=${S}`,
      'nothing at all': '',
      'markup in the description': `error=x&error_description=${encodeURIComponent('<script>window.pwned=1</script>')}&state=${S}`,
    };
    for (const [title, query] of Object.entries(CASES)) {
      test(`${title}: 400 in words, no redirect, no token request`, async () => {
        suite.provider.forget();
        const response = await page.goto(at(query));
        assert.equal(response.status(), 400);
        assert.equal(response.request().redirectedFrom(), null);
        assert.equal(await page.evaluate(() => window.pwned), undefined);
        assert.equal(suite.provider.exchanges().length, 0);
      });
    }

    test('a state that is too long is refused', async () => {
      const response = await fetch(at(`code=c&state=${'A'.repeat(17_000)}`), { redirect: 'manual' });
      assert.ok([400, 414, 431].includes(response.status), `${response.status}`);
    });

    test('a post is not taken, an unknown app neither', async () => {
      const post = await fetch(suite.app.redirectUri, { method: 'POST', body: new URLSearchParams({ code: 'c', state: S }), redirect: 'manual' });
      assert.equal(post.status, 405);
      const unknown = await fetch(`${suite.latchkey.url}/connections/oauth/callback/no-such-app?code=c&state=${S}`, { redirect: 'manual' });
      assert.ok([400, 404].includes(unknown.status));
    });
  });

  test('browser endpoints: no CORS, no foreign Origin, no unknown fields, JSON errors', async () => {
    const { body } = await suite.latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-42' } });
    const call = (headers, payload, path = '/connect/api/session') => fetch(suite.latchkey.url + path, {
      method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${body.requestId}`, ...headers }, body: JSON.stringify(payload) });
    const ours = { origin: suite.latchkey.origin };
    const good = { embedder: suite.host.origin };
    assert.equal((await call(ours, good)).status, 200);
    assert.equal((await call({ origin: suite.host.origin }, good)).status, 403);
    assert.equal((await call({ ...ours, 'sec-fetch-site': 'cross-site' }, good)).status, 403);
    assert.equal((await call({ ...ours, 'content-type': 'text/plain' }, good)).status, 403);
    assert.equal((await call(ours, { ...good, identity: 'u-1' })).status, 400);
    assert.equal((await call(ours, { embedder: 'https://evil.example.test' })).status, 403);
    assert.equal((await call({ ...ours, authorization: `Bearer ${'A'.repeat(43)}` }, good)).status, 401);
    const preflight = await fetch(`${suite.latchkey.url}/connect/api/session`, {
      method: 'OPTIONS', headers: { origin: suite.host.origin, 'access-control-request-method': 'POST' } });
    assert.equal(preflight.status, 404);
    for (const header of preflight.headers.keys()) assert.doesNotMatch(header, /^access-control-/);
    const error = await (await call(ours, { embedder: 'https://evil.example.test' })).json();
    assert.deepEqual(Object.keys(error).sort(), ['code', 'correlationId', 'key', 'message', 'meta', 'status', 'type']);
  });
});
