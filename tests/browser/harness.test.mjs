// The harness itself: the parts that the other tests stand on, without Latchkey.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { IN_FIREFOX, recordMessages, refusedToShow, startBrowser } from './support/browser.mjs';
import { SDKS, eventOf, events, startHost } from './support/host.mjs';
import { startKeyService } from './support/keyservice.mjs';
import { bodyOf, listen, sleep, until } from './support/net.mjs';
import { assertOneRefreshPerExpiry, startProvider, USERINFO_PATH } from './support/provider.mjs';

let chromium;
before(async () => {
  chromium = await startBrowser();
});
after(() => chromium?.stop());

/** Signs in by hand: gives the callback's address, as a broker would receive it. */
async function signIn(provider, decision, { scope = 'openid offline_access', prompt = 'consent', pkce = true } = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const redirect = 'http://127.0.0.1:9/callback';
  provider.register([redirect]);
  const url = new URL('/auth', provider.issuer);
  url.search = new URLSearchParams({
    client_id: provider.clientId, response_type: 'code', redirect_uri: redirect, scope, state: 'st-1', ...(prompt && { prompt }),
    ...(pkce && { code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' }),
  }).toString();
  provider.behaviour.holdCallback = true;
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(url.href);
  if (decision) await page.getByRole('button', { name: decision }).click();
  const callback = new URL(await page.locator('#callback').getAttribute('href'));
  await context.close();
  return { verifier, redirect, callback };
}

async function tokenRequest(provider, fields, path = '/token') {
  const response = await fetch(new URL(path, provider.issuer), {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${provider.clientId}:${encodeURIComponent(provider.clientSecret)}`).toString('base64')}` },
    body: new URLSearchParams(fields),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

const exchange = (provider, { callback, redirect, verifier }) => tokenRequest(provider, {
  grant_type: 'authorization_code', code: callback.searchParams.get('code'), redirect_uri: redirect, code_verifier: verifier });
const refresh = (provider, token) => tokenRequest(provider, { grant_type: 'refresh_token', refresh_token: token });
const userinfo = (provider, token) => fetch(new URL(`/${USERINFO_PATH}`, provider.issuer), { headers: { authorization: `Bearer ${token}` } });

describe('provider', () => {
  let provider;
  before(async () => {
    provider = await startProvider({ accessTokenSeconds: 2 });
  });
  after(() => provider.stop());

  test('code with PKCE, short access token, rotation, reuse ends the family', async () => {
    const signed = await signIn(provider, 'Allow');
    const first = await exchange(provider, signed);
    assert.equal(first.status, 200);
    assert.equal(first.body.expires_in, 2);
    assert.equal((await (await userinfo(provider, first.body.access_token)).json()).sub, 'ann-1001');
    await sleep(2100);
    assert.equal((await userinfo(provider, first.body.access_token)).status, 401, 'expired');
    const second = await refresh(provider, first.body.refresh_token);
    assert.equal(second.status, 200);
    assert.notEqual(second.body.refresh_token, first.body.refresh_token);
    assert.equal(provider.refreshes().length, 1);
    assertOneRefreshPerExpiry(assert, provider, 2);
    const reuse = await refresh(provider, first.body.refresh_token);
    assert.equal(reuse.body.error, 'invalid_grant');
    assert.equal((await refresh(provider, second.body.refresh_token)).body.error, 'invalid_grant', 'the whole family is gone');
    assert.equal(provider.liveRefreshTokens().length, 0);
  });

  test('revocation of the refresh token ends the grant and is in the log', async () => {
    const { body } = await exchange(provider, await signIn(provider, 'Allow'));
    const revoked = await tokenRequest(provider, { token: body.refresh_token, token_type_hint: 'refresh_token' }, '/token/revocation');
    assert.equal(revoked.status, 200);
    assert.equal(provider.revocations().at(-1).revoked, body.refresh_token);
    assert.equal((await userinfo(provider, body.access_token)).status, 401);
  });

  test('denial comes back as access_denied', async () => {
    const { callback } = await signIn(provider, 'Deny');
    assert.equal(callback.searchParams.get('error'), 'access_denied');
    assert.equal(callback.searchParams.get('state'), 'st-1');
  });

  test('no PKCE is refused, no prompt=consent gives no refresh token', async () => {
    const without = await signIn(provider, null, { pkce: false });
    assert.equal(without.callback.searchParams.get('error'), 'invalid_request');
    const { body } = await exchange(provider, await signIn(provider, 'Allow', { prompt: '' }));
    assert.equal(body.refresh_token, undefined);
  });
});

test('key service: one key is good', async () => {
  const service = await startKeyService();
  const me = (key) => fetch(`${service.origin}/me`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal((await me(service.key)).status, 200);
  assert.equal((await me(service.wrongKey)).status, 401);
  await service.stop();
});

test('third-party cookies are really blocked, first-party ones are not', async () => {
  const seen = [];
  const inner = await listen((request, response) => {
    if (request.url === '/favicon.ico') return response.writeHead(404).end();
    seen.push({ url: request.url, cookie: request.headers.cookie, site: request.headers['sec-fetch-site'] });
    response.setHeader('set-cookie', [
      'lax=1; SameSite=Lax; Path=/', 'none=1; SameSite=None; Secure; Path=/', 'chips=1; SameSite=None; Secure; Partitioned; Path=/']);
    return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>inner');
  }, { name: '127.0.0.1' });
  const outer = await listen((_request, response) => response.writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><iframe src="${inner.origin}/framed"></iframe>`), { name: 'localhost' });

  /** The cookies that a first and a second framed request carry, in a profile that also visited the inner site itself. */
  async function framedCookies(browser) {
    const context = await browser.context();
    const page = await context.newPage();
    await page.goto(`${inner.origin}/top`);
    const carried = [];
    for (const _ of [1, 2]) {
      await page.goto(outer.origin);
      await page.frameLocator('iframe').getByText('inner').waitFor();
      const { cookie = '', site } = seen.at(-1);
      assert.equal(site, 'cross-site');
      carried.push(cookie.split('; ').filter(Boolean).sort());
    }
    await page.goto(`${inner.origin}/top`);
    assert.match(seen.at(-1).cookie, /lax=1.*none=1|none=1.*lax=1/, 'first-party cookies work');
    await context.close();
    return carried;
  }

  if (IN_FIREFOX) {
    assert.deepEqual(await framedCookies(chromium), [[], ['chips=1', 'none=1']], 'those of the frame are its own, none is of the visit');
  } else {
    assert.deepEqual(await framedCookies(chromium), [[], ['chips=1']], 'only the partitioned one');
    const open = await startBrowser({ blockThirdPartyCookies: false });
    try {
      assert.deepEqual(await framedCookies(open), [['none=1'], ['chips=1', 'none=1']], 'the probe sees them when they are allowed');
    } finally {
      await open.stop();
    }
  }
  await inner.stop();
  await outer.stop();
});

test('storage in a frame is partitioned by the page around it', async () => {
  const inner = await listen((_request, response) => response.writeHead(200, { 'content-type': 'text/html' })
    .end('<!doctype html><p id="was"></p><script>was.textContent = localStorage.getItem("k") ?? "empty"; localStorage.setItem("k", "kept")</script>'),
  { name: '127.0.0.1' });
  const outer = await listen((_request, response) => response.writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><iframe src="${inner.origin}/"></iframe>`));
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(inner.origin);
  await page.goto(outer.origin);
  assert.match(await page.frameLocator('iframe').locator('body').innerText().catch(() => 'blocked'), /^(empty|blocked|)\s*$/);
  await context.close();
  await inner.stop();
  await outer.stop();
});

describe('published SDKs against a stub', () => {
  let stub;
  let host;
  const requests = [];
  const STUB = `<!doctype html><p id="seen">loading</p><script>
    addEventListener('message', async (event) => {
      if (event.source !== parent || !event.data.linkTokenEndpoint) return;
      window.payload = event.data;
      const answer = await fetch(event.data.linkTokenEndpoint, { method: 'POST', credentials: 'omit', body: '{}',
        headers: { ...event.data.linkHeaders, 'Content-Type': 'application/json' } }).then((r) => r.json());
      window.answer = answer;
      setTimeout(() => {
        parent.postMessage({ messageType: 'LINK_SUCCESS', message: { _id: 'conn::1', key: answer.requestId } }, event.origin);
        parent.postMessage({ messageType: 'EXIT_EVENT_LINK' }, event.origin);
      }, 250);
    });</script>`;

  before(async () => {
    stub = await listen(async (request, response) => {
      const url = new URL(request.url, 'http://stub');
      requests.push({ method: request.method, path: url.pathname, query: url.search, headers: request.headers, body: await bodyOf(request) });
      if (url.pathname === '/v1/users/flags') {
        return response.writeHead(200, { 'content-type': 'application/json' }).end('{"authkitWhitelist":true}');
      }
      if (url.pathname === '/v1/authkit') {
        return response.writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ rows: [{ type: 'gmail', title: 'Gmail' }], total: 1, pages: 1, page: 1, requestId: 'R'.repeat(43) }));
      }
      return response.writeHead(200, { 'content-type': 'text/html' }).end(STUB);
    }, { name: '127.0.0.1' });
    host = await startHost({ latchkey: stub.origin, key: 'sk_test_lk_stub', widget: stub.origin });
  });
  after(async () => {
    await host.stop();
    await stub.stop();
  });

  for (const sdk of SDKS) {
    test(`${sdk}: opens the frame with data and payload, token endpoint answers, callbacks fire once`, async () => {
      requests.length = 0;
      const context = await chromium.context();
      const messages = await recordMessages(context);
      const page = await context.newPage();
      await page.goto(host.shop(sdk, { title: 'Café' }));
      await page.getByRole('button', { name: 'Connect' }).click();
      const success = await eventOf(page, 'success');
      assert.equal(success.key, 'R'.repeat(43));
      await eventOf(page, 'close');
      assert.deepEqual((await events(page)).map((event) => event.type), ['success', 'close']);

      const opened = requests.find((request) => request.query.startsWith('?data='));
      const data = JSON.parse(Buffer.from(new URLSearchParams(opened.query).get('data'), 'base64').toString('latin1'));
      assert.equal(data.linkTokenEndpoint, `${host.origin}/token`);
      assert.equal(data.title, 'Café');
      assert.deepEqual(data.capabilities, sdk === '@withone/auth' ? { oauthRedirect: true } : undefined);
      assert.ok(messages.some((message) => message.origin === host.origin && message.text.includes('linkTokenEndpoint')));

      const mint = requests.find((request) => request.path === '/v1/authkit');
      assert.equal(mint.method, 'POST');
      assert.equal(mint.headers['x-pica-secret'], 'sk_test_lk_stub');
      assert.deepEqual(JSON.parse(mint.body), { identity: 'u-42', identityType: 'user' });
      assert.equal(host.answers.at(-1).isWhiteLabel, true);
      assert.equal(host.tokenCalls.at(-1).headers.cookie, undefined);
    });
  }
});

test('what the attack tests take for granted: other sites, refused frames, held callbacks', async () => {
  const ours = await listen((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': "frame-ancestors 'none'" });
    response.end(`<!doctype html><p>${request.headers['sec-fetch-site']}`);
  }, { name: '127.0.0.1' });
  const evil = await startHost({ latchkey: ours.origin, key: 'sk_test_lk_none', widget: ours.origin, name: 'evil.localhost' });
  evil.behaviour.page = `<!doctype html><iframe src="${ours.origin}/"></iframe><a href="${ours.origin}/">go</a>`;
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(evil.page());
  await until(() => refusedToShow(page.frames()[1]), "the browser's refusal");
  await page.getByRole('link', { name: 'go' }).click();
  await page.getByText('cross-site').waitFor();
  await page.goto(ours.origin);
  await page.getByText('none').waitFor();
  await context.close();
  await evil.stop();
  await ours.stop();
});
