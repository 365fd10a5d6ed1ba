// The stronger parts of OAuth 2 at a certified provider: a client with a private key (RFC 7523), pushed requests (RFC 9126),
// tokens that are bound to a key (RFC 9449), each and all three, and the client credentials grant with the operator's client.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { eventOf } from './support/host.mjs';
import { consent, modal } from './support/modal.mjs';
import { until } from './support/net.mjs';
import { USERINFO_PATH, startProvider } from './support/provider.mjs';
import { startSuite } from './support/suite.mjs';

const SECONDS = 8;
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const part = (jwt, index) => JSON.parse(Buffer.from(jwt.split('.')[index], 'base64url'));
const claims = (jwt) => part(jwt, 1);

describe('the stronger parts of OAuth 2', () => {
  let suite;
  let provider;
  before(async () => {
    provider = await startProvider({ strong: true, accessTokenSeconds: SECONDS });
    suite = await startSuite('strong', { windowless: true, allow: [provider.issuer] });
    suite.keep(provider);
  });
  after(() => suite?.stop());

  /** Sets the app of an integration; `client` is what the provider knows of it besides its addresses. */
  async function setApp(integration, { generate = false, secret, ...client }) {
    const { latchkey } = suite;
    const id = `client of ${integration}`;
    const args = ['apps', 'set', '--project', latchkey.project_id, '--environment', 'test', '--integration', integration,
      '--client-id', id, '--variable', `provider=${provider.issuer}`];
    if (generate) args.push('--generate-client-key');
    if (secret) args.push('--client-secret-stdin');
    const app = await latchkey.cli(args, secret);
    provider.registerClient({
      client_id: id,
      ...(secret && { client_secret: secret }),
      redirect_uris: client.grant_types?.includes('client_credentials') ? [] : [app.redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: client.grant_types?.includes('client_credentials') ? [] : ['code'],
      ...client,
      ...(generate && client.byAddress && { jwks_uri: app.jwks_uri }),
      ...(generate && !client.byAddress && { jwks: app.jwks }),
      byAddress: undefined,
    });
    return { ...app, id };
  }

  async function open(integration) {
    const { latchkey, host, chromium } = suite;
    const name = await latchkey.nameOf(integration);
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(host.shop());
    await page.getByRole('button', { name: 'Connect' }).click();
    return { name, context, page, widget: modal(page) };
  }

  async function signIn(integration) {
    const { name, page, context, widget } = await open(integration);
    const popup = await widget.openPopup(name);
    await consent(popup).allow.click();
    const record = await eventOf(page, 'success');
    await widget.success(name).waitFor();
    await context.close();
    return record;
  }

  const call = (record, path = USERINFO_PATH) => suite.latchkey.api(`/v1/passthrough/${path}`, { connection: record.key });

  /** Connects, calls, lives through two expiries without a call, and is given back. Gives what the provider saw. */
  async function life(integration, client) {
    provider.forget();
    const record = await signIn(integration);
    const of = (kind, grant) => provider.log.filter((entry) => entry.client === client && entry.kind === kind && (!grant || entry.grant === grant));
    const first = await call(record);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.equal(first.body.sub, 'ann-1001');
    const good = () => of('token', 'refresh_token').filter((entry) => entry.status === 200);
    await until(() => good().length >= 2, 'two refreshes by the scheduler', (SECONDS + 4) * 2000 + 10_000);
    // Each presents what the one before it got, so none was used twice.
    const exchange = of('token', 'authorization_code').find((entry) => entry.status === 200);
    let newest = exchange.issued;
    for (const refresh of good()) {
      assert.equal(refresh.presented === newest, true, 'the newest refresh token, once');
      newest = refresh.issued;
    }
    const second = await call(record);
    assert.equal(second.status, 200, JSON.stringify(second.body));
    const seen = { authorize: of('authorize'), pushed: of('pushed'), exchanges: of('token', 'authorization_code'), refreshes: of('token', 'refresh_token'), userinfo: of('userinfo') };
    await suite.latchkey.api(`/v1/vault/connections/${encodeURIComponent(record.id)}`, { method: 'DELETE' });
    await until(() => of('revocation').some((entry) => entry.status === 200), 'the revocation', 40_000);
    assert.deepEqual(provider.liveRefreshTokens(), [], 'no usable refresh token is left');
    return { ...seen, revocations: of('revocation') };
  }

  test('private_key_jwt: the key is made here, its public half read from its address', async () => {
    const app = await setApp('test-private-key', { generate: true, byAddress: true, token_endpoint_auth_method: 'private_key_jwt' });
    const served = await fetch(app.jwks_uri);
    assert.equal(served.headers.get('content-type'), 'application/jwk-set+json');
    const jwks = await served.json();
    assert.deepEqual(jwks, app.jwks);
    assert.deepEqual(Object.keys(jwks.keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'], 'the public half alone');

    const { exchanges, refreshes, revocations } = await life('test-private-key', app.id);
    const proofs = [...exchanges, ...refreshes, ...revocations].map((entry) => entry.assertion);
    assert.equal(new Set(proofs.map((proof) => claims(proof).jti)).size, proofs.length, 'each once');
    for (const proof of proofs) {
      const { iss, sub, aud, iat, exp } = claims(proof);
      assert.deepEqual([iss, sub, aud, exp - iat], [app.id, app.id, `${provider.issuer}/token`, 60]);
      assert.equal(part(proof, 0).kid, jwks.keys[0].kid);
    }
    assert.equal(suite.latchkey.log().includes(ASSERTION), false);
    assert.equal((await suite.latchkey.dump()).includes('PRIVATE KEY'), false, 'sealed');
  });

  test('private_key_jwt with a key that the provider does not know: said in words, and the next key works', async () => {
    const app = await setApp('test-private-key', { generate: true, byAddress: false, token_endpoint_auth_method: 'private_key_jwt' });
    // Another key since: the provider has the one before.
    await suite.latchkey.cli(['apps', 'set', '--project', suite.latchkey.project_id, '--environment', 'test', '--integration', 'test-private-key', '--generate-client-key']);
    const { name, page, widget } = await open('test-private-key');
    const popup = await widget.openPopup(name);
    await consent(popup).allow.click();
    const message = await eventOf(page, 'error');
    assert.match(message, /refused this app's client.*its secret or key/);
    assert.equal(provider.rows.has(`Client:${app.id}`), true);
  });

  test('pushed requests: the browser carries a reference alone', async () => {
    const app = await setApp('test-pushed', { secret: 'pushed-secret-0123456789', require_pushed_authorization_requests: true });
    const { authorize, pushed } = await life('test-pushed', app.id);
    assert.equal(pushed.length, 1);
    assert.deepEqual([pushed[0].status, pushed[0].pkce], [201, 'S256']);
    const address = new URL(authorize[0].url, provider.issuer);
    assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  });

  test('pushed requests that the provider refuses: told in the modal as its other errors', async () => {
    await setApp('test-pushed', { secret: 'pushed-secret-0123456789', scope: 'openid' });
    const { name, page, widget } = await open('test-pushed');
    await widget.pick(name);
    await widget.connect(name).click();
    const message = await eventOf(page, 'error');
    assert.match(message, /refused the way this app asks for access/);
    await widget.screen('final').getByText('refused the way this app asks for access').waitFor();
  });

  test('bound tokens: a proof with the newest nonce in each request, the key stays', async () => {
    const app = await setApp('test-dpop', { secret: 'dpop-secret-0123456789', dpop_bound_access_tokens: true });
    const { authorize, exchanges, refreshes, userinfo } = await life('test-dpop', app.id);
    const bound = [...exchanges, ...refreshes, ...userinfo].map((entry) => entry.headers.dpop);
    const keys = new Set(bound.map((proof) => JSON.stringify(part(proof, 0).jwk)));
    assert.equal(keys.size, 1, 'one key, from the code to the last refresh');
    assert.equal(new Set(bound.map((proof) => claims(proof).jti)).size, bound.length);
    // RFC 7638
    const { crv, kty, x, y } = JSON.parse([...keys][0]);
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    assert.equal(new URL(authorize[0].url, provider.issuer).searchParams.get('dpop_jkt'), thumbprint);
    for (const entry of userinfo) {
      const token = /^DPoP (.+)$/.exec(entry.headers.authorization)[1];
      const { ath, htm, htu } = claims(entry.headers.dpop);
      assert.deepEqual([ath, htm, htu], [createHash('sha256').update(token).digest('base64url'), 'GET', `${provider.issuer}/me`]);
    }
    // The first request of all learns the nonce; it is remembered for the others.
    assert.deepEqual(exchanges.map((entry) => entry.error), ['use_dpop_nonce', undefined]);
    assert.equal(refreshes.every((entry) => entry.status === 200), true, 'no refresh was asked for a nonce');
    assert.equal((await suite.latchkey.dump()).includes('PRIVATE KEY'), false, 'sealed');

    const other = await signIn('test-dpop');
    const newest = provider.log.filter((entry) => entry.kind === 'userinfo').at(-1);
    assert.equal(keys.has(JSON.stringify(part(newest.headers.dpop, 0).jwk)), false, 'a new grant has a new key');
    await suite.latchkey.api(`/v1/vault/connections/${encodeURIComponent(other.id)}`, { method: 'DELETE' });
  });

  test('all three at once', async () => {
    const app = await setApp('test-strong', {
      generate: true, byAddress: true, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256',
      require_pushed_authorization_requests: true, dpop_bound_access_tokens: true });
    const { pushed, exchanges } = await life('test-strong', app.id);
    assert.deepEqual(pushed.map((entry) => entry.status), [201]);
    for (const entry of exchanges) assert.equal(claims(entry.assertion).aud, provider.issuer);
    // The request for want of a nonce had an assertion of its own: the provider takes each once.
    assert.equal(new Set(exchanges.map((entry) => claims(entry.assertion).jti)).size, exchanges.length);
  });

  for (const [integration, client] of [
    ['test-machine', { secret: 'machine-secret-0123456789' }],
    ['test-machine-key', { generate: true, byAddress: true, token_endpoint_auth_method: 'private_key_jwt' }],
  ]) {
    test(`client credentials with the operator's client (${integration}): nothing is typed in`, async () => {
      const app = await setApp(integration, { ...client, grant_types: ['client_credentials'] });
      provider.forget();
      const { name, page, context, widget } = await open(integration);
      await widget.pick(name);
      assert.equal(await widget.frame.getByRole('textbox').count(), 0, 'no field');
      await widget.connect(name).click();
      const record = await eventOf(page, 'success');
      await widget.success(name).waitFor();
      await context.close();
      const first = await call(record, 'machine');
      assert.deepEqual([first.status, first.body.client], [200, app.id], JSON.stringify(first.body));
      const tokens = () => provider.log.filter((entry) => entry.grant === 'client_credentials' && entry.status === 200);
      await until(() => tokens().length >= 3, 'two more tokens', (SECONDS + 4) * 2000 + 10_000);
      assert.equal((await call(record, 'machine')).status, 200);
      await suite.latchkey.api(`/v1/vault/connections/${encodeURIComponent(record.id)}`, { method: 'DELETE' });
      assert.equal((await call(record, 'machine')).status, 404);
    });
  }
});
