// The modal with answers of our choosing: the customer's token endpoint and our own calls are answered by the test, so that
// every state can be reached at once, with any name and any text. What the server really answers is tested elsewhere.

import { readFileSync } from 'node:fs';
import { png } from './png.mjs';

const logo = (ground) => `data:image/png;base64,${png(64, ground, [255, 180, 0]).toString('base64')}`;

/** The logo that comes with Latchkey, as the server would name it; null where there is none. */
function ownLogo(id) {
  try {
    return `data:image/svg+xml;base64,${readFileSync(new URL(`../../../assets/logos/${id}.svg`, import.meta.url)).toString('base64')}`;
  } catch {
    return null;
  }
}

/** What `latchkey branding set` made of accent #ffd400, background #fffdf5 and #14110a, radius 22 and a serif font. */
const BRANDED = {
  '--surface': 'light-dark(#fffdf5, #14110a)',
  '--surface-sunken': 'light-dark(#f7f5ed, #0c0a04)',
  '--surface-hover': 'light-dark(#f3f1e9, #1f1c15)',
  '--skeleton': 'light-dark(#ebe9e1, #24211a)',
  '--text': 'light-dark(#1f1d15, #efeeeb)',
  '--text-quiet': 'light-dark(#636056, #adaba2)',
  '--border': 'light-dark(#e3e1d9, #2c2821)',
  '--border-control': 'light-dark(#959289, #6e6c63)',
  '--accent': 'light-dark(#ad900c, #ffd400)',
  '--accent-hover': 'light-dark(#987e07, #e8c116)',
  '--accent-on': 'light-dark(#141107, #141107)',
  '--accent-text': 'light-dark(#705c01, #f2d777)',
  '--accent-surface': 'light-dark(#f5f1e4, #261e03)',
  '--accent-border': 'light-dark(#dbcfa3, #504101)',
  '--radius-modal': '22px',
  '--radius-panel': '16px',
  '--radius-control': '9px',
  '--font': '"Georgia", "Noto Serif", serif',
};

const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*', 'access-control-allow-methods': '*' };

/** An integration as `/connect/api/session` names it. */
export const integration = (id, name, more = {}) => ({
  id, name, description: `${name}, for tests.`, categories: ['testing'], aliases: [], logo: ownLogo(id), auth: [{ id: 'oauth2', kind: 'oauth2', title: 'Sign in' }],
  connected: 0, accounts: [], ...more,
});

export const SERVICES = [
  integration('gmail', 'Gmail', { description: 'Email by Google.', categories: ['email'], aliases: ['google mail', 'gsuite', 'google workspace'] }),
  integration('outlook', 'Outlook', { description: 'Email and calendar by Microsoft.', categories: ['email', 'calendar'], aliases: ['office 365', 'hotmail'] }),
  integration('slack', 'Slack', { description: 'Messages for teams.', categories: ['chat'], connected: 2, accounts: ['Acme', 'Acme Labs'] }),
  integration('stripe', 'Stripe', { description: 'Payments, billing and payouts.', categories: ['payments'], auth: [{ id: 'api_key', kind: 'api_key', title: 'Enter a secret key' }] }),
  integration('salesforce', 'Salesforce', { description: 'Customers, deals and service.', categories: ['crm'] }),
  integration('hubspot', 'HubSpot', { description: 'Marketing and sales.', categories: ['crm', 'marketing'] }),
  integration('github', 'GitHub', { description: 'Code, issues and reviews.', categories: ['development'] }),
];

const session = (more = {}) => ({
  app: { name: 'Shop', logo_url: null, home_url: null }, environment: 'live', identity_label: 'Ann Lee', expires_at: '2030-01-01T00:00:00Z', min_left: 1700,
  reconnect: null, verify: 'off', branding: { theme: null, style: {}, texts: {} }, white_label: false, integrations: SERVICES, ...more,
});

/** A project with looks of its own, as the server derives them from the file in branding.test.mjs. */
const branded = (more = {}) => session({
  app: { name: 'Acme', logo_url: logo([255, 253, 245]), logo_dark_url: logo([20, 17, 10]), home_url: null },
  branding: {
    theme: null, style: BRANDED, privacy_url: 'https://acme.example.test/privacy', terms_url: 'https://acme.example.test/terms', favicon_url: null,
    texts: {
      en: { title: 'Bring your tools', lead: 'Acme reads them and changes nothing.', explain: 'You can end this at any time, here or at the service.', success: 'Everything is in place. Back to work.' },
      ar: { title: 'أحضر أدواتك', lead: 'تقرأها Acme ولا تغيّر شيئًا.', explain: 'يمكنك إنهاء هذا في أي وقت.', success: 'كل شيء جاهز.' },
    },
  },
  white_label: true, ...more,
});

const field = (more = {}) => ({ name: 'api_key', label: 'Secret key', help: null, help_url: null, secret: true, pattern: null, placeholder: null, required: true, default: null, choices: null, ...more });

const oauthForm = (more = {}) => ({
  integration: 'gmail', name: 'Gmail', auth: { id: 'oauth2', kind: 'oauth2', title: 'Sign in with Google' }, methods: [{ id: 'oauth2', kind: 'oauth2', title: 'Sign in with Google' }], fields: [],
  access: ['Read your messages and settings', 'Send messages for you', 'See your email address'], unexplained: [], scopes: [], docs: 'https://docs.example.test/', ...more,
});

const keyForm = (more = {}) => ({
  ...oauthForm(), integration: 'stripe', name: 'Stripe', auth: { id: 'api_key', kind: 'api_key', title: 'Enter a secret key' }, methods: [{ id: 'api_key', kind: 'api_key', title: 'Enter a secret key' }], access: [],
  fields: [field({ label: 'Secret or restricted key', help: 'Use a restricted key with no more permissions than needed.', help_url: 'https://docs.example.test/keys', pattern: '(?:sk|rk)_[A-Za-z0-9_]{10,250}', placeholder: 'rk_live_…' })], ...more,
});

const connection = { _id: 'conn::1', id: 'conn::1', key: 'live::gmail::default::1', platform: 'gmail', environment: 'live' };
const pending = (stage) => ({ status: 'pending', stage, connection: null, message: null, code: null, verify_url: null, account: null, missing: [] });
const ended = (code, stage = 'failed', message = 'Said by the server.') => ({ ...pending(stage), status: 'error', code, message });
const succeeded = (more = {}) => ({ ...pending('succeeded'), status: 'success', connection, ...more });
/** A code to enter at the service, as `/connect/api/codes` gives it. */
const code = (more = {}) => ({
  flow: '0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70', result: 'H'.repeat(43), user_code: 'WDJB-MJHT', verification_uri: 'https://id.example.test/device',
  verification_uri_complete: 'https://id.example.test/device?user_code=WDJB-MJHT', expires_in: 899, ...more,
});
const codeForm = (more = {}) => oauthForm({ auth: { id: 'oauth2_device', kind: 'oauth2_device', title: 'Sign in with a code' }, ...more });
const choices = (more = {}) => ({
  app: { name: 'Shop', logo: null }, service: { name: 'Gmail', logo: ownLogo('gmail') }, branding: { theme: null, style: {}, texts: {} }, white_label: false, environment: 'live',
  here: true, elsewhere: true, changed: false,
  choices: [{ name: 'Acme', description: 'https://acme.example.test' }, { name: 'Acme Labs', description: 'https://labs.example.test' }, { name: 'Northwind Traders', description: null }],
  ...more,
});
const refusal = (status, key, message, meta) => ({ status, body: { type: 'error', key: `connect::${key}`, message, meta, correlationId: '0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a77' } });

/** A connection of the person's own, as `/connect/api/connections` lists it. */
const own = (more = {}) => ({
  id: '0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a01', integration: 'gmail', service: 'Gmail', logo: ownLogo(more.integration ?? 'gmail'), name: null, account: 'ann@example.test', state: 'operational', message: null,
  since: '2026-03-02T09:00:00Z', last_used: '2026-11-20T09:00:00Z', reconnectable: true, ending: 'revoked', ...more,
});
const ownOnes = [
  own(),
  own({ id: '0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a02', integration: 'slack', service: 'Slack', account: 'Acme', state: 'failed', message: 'Slack ended the access. Connect it again.', ending: 'kept' }),
  own({ id: '0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a03', integration: 'stripe', service: 'Stripe', account: 'acct_1QX', last_used: null, state: 'unknown', ending: 'key' }),
];
const owns = (connections = ownOnes, more = {}) => ({ connections, total: connections.length, next: null, ...more });

/** What `/connect/api/links/peek` says of a link. */
const linkView = (more = {}) => ({
  purpose: 'connect', app: { name: 'Shop', logo_url: null, home_url: 'https://shop.example.test/' }, service: { id: 'gmail', name: 'Gmail', logo: ownLogo('gmail') }, services: [], owner: 'Ann Lee', inviter: 'Ben Okafor',
  reconnect: null, environment: 'live', branding: { theme: null, style: {}, texts: {} }, white_label: false, ...more,
});

export const answers = { ownLogo, own, owns, linkView, session, branded, field, oauthForm, keyForm, connection, pending, ended, succeeded, choices, refusal, code, codeForm };

/**
 * Answers every call of the modal in this context. `plan` may hold `token`, `session`, `form`, `submit`, `flows`, `codes`, `check`,
 * `choices`, `choose`, `widen`, `own`, `disconnect`, `reconnect`, `peek`, `open`:
 * a body, `{ status, body }`, `'never'`, `'down'`, or a function of the request's body that gives one of these. It is
 * returned, and may be changed while the test goes on. `calls` counts by name.
 */
export async function stub(context, plan = {}) {
  const calls = {};
  const all = {
    calls,
    token: (body, url) => ({ rows: (plan.rows ?? (plan.session ?? session()).integrations ?? SERVICES).map(({ id, name }) => ({ id, type: id, title: name, active: true })), requestId: 'R'.repeat(43), page: 1, pages: 1, total: 1 }),
    session: () => session(),
    form: ({ integration: id }) => (id === 'stripe' ? keyForm() : oauthForm({ integration: id, name: SERVICES.find((one) => one.id === id)?.name ?? id })),
    submit: () => ({ status: 'success', connection, account: 'acct_1QX', message: null }),
    flows: () => ({ status: 201, body: { flow: '0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70', result: 'H'.repeat(43), code: 'K7RM', url: `http://localhost/connect/start?state=${'H'.repeat(43)}`, expires_at: '2030-01-01T00:00:00Z' } }),
    codes: () => ({ status: 201, body: code() }),
    check: () => pending('away'),
    choices: () => choices(),
    choose: () => ({ url: null }),
    widen: () => ({ status: 201, body: { requestId: 'W'.repeat(43), expiresAt: '2030-01-01T00:00:00Z' } }),
    own: () => owns(),
    disconnect: () => ({ revocation: 'pending' }),
    reconnect: () => ({ requestId: 'C'.repeat(43), expiresAt: '2030-01-01T00:00:00Z' }),
    peek: () => linkView(),
    open: () => ({ requestId: 'R'.repeat(43), expiresAt: '2030-01-01T00:00:00Z' }),
    ...plan,
  };
  const answer = async (route, name) => {
    const request = route.request();
    if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers: cors });
    calls[name] = (calls[name] ?? 0) + 1;
    const given = all[name];
    const value = typeof given === 'function' ? await given(safeJson(request.postData()), request.url()) : given;
    if (value === 'never') return undefined;
    if (value === 'down') return route.abort('connectionrefused');
    const { status, body } = value && typeof value === 'object' && 'body' in value ? value : { status: 200, body: value };
    return route.fulfill({ status, headers: { ...cors, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  };
  const ours = (path, name) => context.route((url) => url.pathname === path, (route) => answer(route, name));
  await ours('/token', 'token');
  for (const name of ['session', 'form', 'submit', 'flows', 'codes', 'check']) await ours(`/connect/api/${name}`, name);
  await ours('/connect/api/connections', 'own');
  for (const name of ['peek', 'open']) await ours(`/connect/api/links/${name}`, name);
  await context.route((url) => /^\/connect\/api\/connections\/.+/.test(url.pathname), (route) => answer(route, new URL(route.request().url()).pathname.split('/').at(-1)));
  // Tickets and cancelling have no body; without a stream the modal asks `check`.
  await context.route((url) => /^\/connect\/api\/flows\/.+/.test(url.pathname), (route) => {
    const what = new URL(route.request().url()).pathname.split('/').at(-1);
    if (['choices', 'choose', 'widen'].includes(what)) return answer(route, what);
    calls[what] = (calls[what] ?? 0) + 1;
    if (what === 'ticket' && plan.hold) return route.fulfill({ status: 409, body: '' });
    return what === 'events' ? route.fulfill({ status: 503, body: '' }) : route.fulfill({ status: 204, body: '' });
  });
  // The other window stays where it is: what it would do is played by `check`. With `hold` a page stays, too: to a
  // browser an answer without content is no page, and the refused ticket says that the tab is on its way.
  await context.route((url) => url.pathname === '/connect/start', (route) => plan.hold ? route.fulfill({ status: 204 }) : route.fulfill({ status: 200, contentType: 'text/html', body: '<!doctype html><title>Sign-in</title><h1>Sign-in</h1>' }));
  return all;
}

function safeJson(text) {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
}
