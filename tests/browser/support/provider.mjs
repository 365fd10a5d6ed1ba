// A certified OpenID provider in this process: npm `oidc-provider`, PKCE required, refresh tokens rotated and
// guarded against reuse, short access tokens, revocation. Every request that a broker makes is in `log`.
//
// What it needs before it issues a refresh token (OpenID Connect Core §11): the scope `offline_access` and
// `prompt=consent` in the authorise request, and the grant type `refresh_token` on the client. Without
// `prompt=consent` it drops the scope silently. `offline: 'always'` switches that rule off.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';
import { bodyOf, listen } from './net.mjs';

/** RFC 8628 §3.4 */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const CLIENT_ID = 'latchkey-browser-tests';
/** Where the provider answers with the account: the path for passthrough. */
export const USERINFO_PATH = 'me';
export const ACCOUNT = { sub: 'ann-1001', name: 'Ann Lee', email: 'ann@example.test', email_verified: true };

/** Memory of the provider. Our own, because the client's callback address is only known after Latchkey made the app. */
class Memory {
  constructor(model, rows) {
    this.model = model;
    this.rows = rows;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    this.rows.set(this.key(id), payload);
  }

  async find(id) {
    return this.rows.get(this.key(id));
  }

  async findByUid(uid) {
    return this.search((row) => row.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.search((row) => row.userCode === userCode);
  }

  search(matches) {
    for (const [key, row] of this.rows) if (key.startsWith(`${this.model}:`) && matches(row)) return row;
    return undefined;
  }

  async consume(id) {
    this.rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.rows.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, row] of this.rows) if (row.grantId === grantId) this.rows.delete(key);
  }
}

/**
 * Starts the provider.
 *
 * @param options.accessTokenSeconds lifetime of an access token
 * @param options.offline `rule` (the standard's) or `always` (a refresh token for each grant)
 * @param options.name host name in the issuer
 * @param options.strong also pushed requests (RFC 9126), tokens bound to keys with a nonce in each proof (RFC 9449) and the
 *   client credentials grant, for clients of `registerClient` that say so
 */
export async function startProvider({ accessTokenSeconds = 60, offline = 'rule', name = 'localhost', port = 0, strong = false } = {}) {
  const rows = new Map();
  const log = [];
  /** Everything secret that passed through here: what the canary test searches for. */
  const secrets = { state: [], code: [], code_verifier: [], access_token: [], refresh_token: [], id_token: [], device_code: [] };
  const behaviour = { accessTokenSeconds, deviceSeconds: 600, holdCallback: false, denyWithDescription: undefined, denyWith: undefined, account: undefined, reject: undefined };
  const clientSecret = `idp-secret-${randomBytes(24).toString('base64url')}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

  let handle;
  const served = await listen((request, response) => handle(request, response), { name, port });
  const issuer = served.origin;

  const provider = new Provider(issuer, {
    adapter: class extends Memory {
      constructor(model) {
        super(model, rows);
      }
    },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    // The default of 15 s would let an access token of 6 s live for 21.
    clockTolerance: 0,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      userinfo: { enabled: true },
      // Pages of our own: the built-in ones fetch a font from elsewhere.
      deviceFlow: {
        enabled: true,
        userCodeInputSource: async (context, form, _out, error) => {
          context.body = `<!doctype html><title>Code</title><h1>Enter your code</h1>${error ? `<p>${escape(error.message)}</p>` : ''}${form}<button type="submit" form="op.deviceInputForm">Go on</button>`;
        },
        userCodeConfirmSource: async (context, form, _client, _device, userCode) => {
          context.body = `<!doctype html><title>Confirm</title><h1>Is this your code?</h1><code>${escape(userCode)}</code>${form}<button type="submit" form="op.deviceConfirmForm">Confirm</button><button type="submit" form="op.deviceConfirmForm" value="yes" name="abort">Abort</button>`;
        },
        successSource: async (context) => {
          context.body = '<!doctype html><title>Done</title><h1>You can close this page</h1>';
        },
      },
      ...(strong && {
        pushedAuthorizationRequests: { enabled: true },
        dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
        clientCredentials: { enabled: true },
      }),
    },
    // Its guard against addresses of this machine would keep it from reading a client's keys there.
    ...(strong && { fetch: (url, { dispatcher: _guarded, ...options }) => fetch(url, options) }),
    pkce: { required: () => true },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    issueRefreshToken: async (_context, client, source) =>
      client.grantTypeAllowed('refresh_token') && (offline === 'always' || source.scopes.has('offline_access')),
    ttl: {
      AccessToken: () => behaviour.accessTokenSeconds,
      ClientCredentials: () => behaviour.accessTokenSeconds,
      AuthorizationCode: 60,
      IdToken: 300,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 600,
      DeviceCode: () => behaviour.deviceSeconds,
    },
    findAccount: async (_context, id) => ({ accountId: id, claims: async () => ({ ...ACCOUNT, sub: id, ...(id !== ACCOUNT.sub && { email: `${id}@example.test` }) }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    renderError: async (context, out) => {
      context.type = 'html';
      context.body = `<!doctype html><title>Provider error</title><h1>${escape(out.error)}</h1><p>${escape(out.error_description ?? '')}</p>`;
    },
  });

  const keep = (kind, value) => value && secrets[kind].push(String(value));

  provider.use(async (context, next) => {
    await next();
    const kind = { authorization: 'authorize', token: 'token', revocation: 'revocation', userinfo: 'userinfo', resume: 'resume', pushed_authorization_request: 'pushed', device_authorization: 'device' }[
      context.oidc?.route
    ];
    if (!kind) return;
    const params = context.oidc.params ?? {};
    const body = context.body && typeof context.body === 'object' ? context.body : {};
    log.push({
      at: Date.now(),
      kind,
      status: context.status,
      client: context.oidc.client?.clientId,
      assertion: params.client_assertion,
      grant: params.grant_type,
      scope: params.scope,
      prompt: params.prompt,
      state: params.state,
      redirectUri: params.redirect_uri,
      pkce: params.code_challenge_method,
      tokenKind: kind === 'revocation' ? params.token_type_hint : undefined,
      revoked: kind === 'revocation' ? params.token : undefined,
      presented: params.refresh_token,
      clientId: params.client_id,
      issued: body.refresh_token,
      expiresIn: body.expires_in,
      error: body.error,
      referer: context.get('referer') || undefined,
      headers: context.headers,
      url: context.originalUrl,
    });
    keep('state', params.state);
    keep('code', params.code);
    keep('code_verifier', params.code_verifier);
    for (const name of ['access_token', 'refresh_token', 'id_token', 'device_code']) keep(name, body[name]);
  });

  const answer = provider.callback();
  handle = async (request, response) => {
    const interaction = /^\/interaction\/([\w-]+)$/.exec(new URL(request.url, issuer).pathname);
    try {
      if (interaction && request.method === 'GET') return await showConsent(request, response);
      if (interaction && request.method === 'POST') return await decide(request, response);
      if (strong && new URL(request.url, issuer).pathname === '/machine') return await machine(request, response);
      if (behaviour.holdCallback) holdRedirect(response);
      return await answer(request, response);
    } catch (error) {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(`interaction failed: ${error.error_description ?? error.message}`);
      return undefined;
    }
  };

  // An API for tokens of the client credentials grant.
  async function machine(request, response) {
    const token = await provider.ClientCredentials.find(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    response.writeHead(token ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(token ? { client: token.clientId, scope: token.scope ?? null } : { error: 'invalid_token' }));
  }

  async function showConsent(request, response) {
    const details = await provider.interactionDetails(request, response);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...behaviour.consentHeaders });
    response.end(
      `<!doctype html><title>Sign in</title><h1>Sign in to the test provider</h1>
       <p>Scopes: ${escape(details.params.scope ?? '')}</p>
       <form method="post"><button name="decision" value="allow">Allow</button>
       <button name="decision" value="deny">Deny</button></form>`,
    );
  }

  async function decide(request, response) {
    const decision = new URLSearchParams(await bodyOf(request)).get('decision');
    const details = await provider.interactionDetails(request, response);
    if (decision !== 'allow') {
      return provider.interactionFinished(request, response, {
        error: behaviour.denyWith ?? 'access_denied',
        error_description: behaviour.denyWithDescription ?? 'The person said no',
      });
    }
    const accountId = behaviour.account ?? ACCOUNT.sub;
    // Another person at the same browser: without the provider's page that first signs out the one before.
    if (details.session?.uid && details.session.accountId !== accountId) {
      const before = await provider.Session.findByUid(details.session.uid);
      await before?.destroy();
      delete details.session.uid;
      await details.persist();
    }
    const grant = new provider.Grant({ accountId, clientId: details.params.client_id });
    // A person may untick boxes: what is rejected is not asked for again.
    const asked = details.params.scope.split(' ');
    const rejected = asked.filter((scope) => behaviour.reject?.includes(scope));
    grant.addOIDCScope(asked.filter((scope) => !rejected.includes(scope)).join(' '));
    if (rejected.length > 0) grant.rejectOIDCScope(rejected.join(' '));
    return provider.interactionFinished(request, response, {
      login: { accountId, remember: false },
      consent: { grantId: await grant.save() },
    });
  }

  // Instead of redirecting to Latchkey's callback, shows a page with the address as a link: the moment in which an
  // attacker, or a second click, may have it.
  function holdRedirect(response) {
    const writeHead = response.writeHead.bind(response);
    const setHeader = response.setHeader.bind(response);
    let held;
    response.setHeader = (header, value) => {
      if (header.toLowerCase() === 'location' && callbackUris().some((uri) => String(value).startsWith(uri))) {
        held = String(value);
        return response;
      }
      return setHeader(header, value);
    };
    response.writeHead = (status, ...rest) => writeHead(held ? 200 : status, ...rest);
    const end = response.end.bind(response);
    response.end = (chunk, ...rest) => {
      if (!held) return end(chunk, ...rest);
      const page = `<!doctype html><title>Held</title><a id="callback" href="${escape(held)}">Continue</a>`;
      response.removeHeader('content-length');
      setHeader('content-type', 'text/html; charset=utf-8');
      response.statusCode = 200;
      return end(page);
    };
  }

  const callbackUris = () => rows.get(`Client:${CLIENT_ID}`)?.redirect_uris ?? [];

  const of = (kind, grant) => log.filter((entry) => entry.kind === kind && (!grant || entry.grant === grant));

  return {
    issuer,
    port: served.port,
    clientId: CLIENT_ID,
    clientSecret,
    log,
    secrets,
    behaviour,
    rows,
    /** Registers the client for these callback addresses (again, when they change). */
    register(redirectUris, { grantTypes = ['authorization_code', 'refresh_token'], auth = 'client_secret_basic' } = {}) {
      rows.set(`Client:${CLIENT_ID}`, {
        client_id: CLIENT_ID,
        client_secret: clientSecret,
        redirect_uris: redirectUris,
        grant_types: grantTypes,
        response_types: ['code'],
        token_endpoint_auth_method: auth,
      });
    },
    /** Registers any client. */
    registerClient(metadata) {
      rows.set(`Client:${metadata.client_id}`, metadata);
    },
    authorizations: () => of('authorize'),
    exchanges: () => of('token', 'authorization_code'),
    codesAsked: () => of('device'),
    polls: () => of('token', DEVICE_GRANT),
    refreshes: () => of('token', 'refresh_token'),
    revocations: () => of('revocation'),
    userinfo: () => of('userinfo'),
    /** Refresh tokens that could still be used. */
    liveRefreshTokens: () =>
      [...rows].filter(([key, row]) => key.startsWith('RefreshToken:') && !row.consumed).map(([key]) => key.split(':')[1]),
    forget() {
      log.length = 0;
    },
    stop: () => served.stop(),
  };
}

/**
 * Proves that a run of refreshes is exactly one for each expiry: each presents the token that the answer before
 * it issued, all succeed, and two are never nearer than half a lifetime.
 */
export function assertOneRefreshPerExpiry(assert, provider, seconds) {
  const [exchange] = provider.exchanges().slice(-1);
  const refreshes = provider.refreshes();
  let current = exchange.issued;
  let before = exchange.at;
  const gaps = [];
  for (const refresh of refreshes) {
    assert.equal(refresh.status, 200, 'each refresh succeeds');
    assert.equal(refresh.presented === current, true, 'each refresh presents the newest token, once');
    const gap = (refresh.at - before) / 1000;
    assert.ok(gap >= seconds / 2, `two refreshes within ${gap} s of a token that lives ${seconds} s`);
    assert.ok(gap <= seconds + 10, `${gap} s without a refresh, though a token lives ${seconds} s`);
    gaps.push(gap);
    current = refresh.issued;
    before = refresh.at;
  }
  // One late refresh may be the machine's; a scheduler that misses expiries is late each time.
  assert.ok(gaps.length === 0 || Math.min(...gaps) <= seconds + 3, `refreshes after ${gaps} s of a token that lives ${seconds} s`);
}

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
