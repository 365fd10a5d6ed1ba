// Every state of the modal and how to get there, with made-up answers: for the tests of the states, and for whoever wants
// to look at all of them.

import { modal } from './modal.mjs';
import { SERVICES, answers, stub } from './stub.mjs';

const { session, branded, field, oauthForm, keyForm, pending, ended, succeeded, choices, refusal, owns, code, codeForm } = answers;
const one = (id) => session({ integrations: SERVICES.filter((service) => service.id === id) });
const reconnect = { integration: 'gmail', title: 'Gmail', works: false, reason: 'grant_gone', account: 'ann@example.test' };
const LONG_WORD = 'Pneumonoultramicroscopicsilicovolcanoconiosis';

const toGmail = async (at) => {
  await at.row('Gmail').click();
  await at.connect('Gmail').waitFor();
};
/** From the list through the click that opens the window. */
const away = async (at, page) => {
  await toGmail(at);
  const [popup] = await Promise.all([page.context().waitForEvent('page'), at.connect('Gmail').click()]);
  return popup;
};
/** From the list in this tab: the page around the modal is to leave. */
const leave = async (at) => {
  await toGmail(at);
  await at.connect('Gmail').click();
};
const endsWith = (status) => ({ plan: { check: () => status }, reach: away });
const REFUSED = 'Stripe refused this: “Invalid API Key provided”. Check the values and try again.';
const managing = session({ manage: 3 });
const toOwn = (at) => at.own.click();
const toConfirm = (text) => async (at) => {
  await toOwn(at);
  await at.ownRow(text).getByRole('button').last().click();
};
const ends = (text) => async (at) => {
  await toConfirm(text)(at);
  await at.disconnect.click();
};
const withKey = async (at) => {
  await at.row('Stripe').click();
  await at.field('Secret or restricted key').fill(`sk_${'a'.repeat(24)}`);
  await at.connect('Stripe').click();
};

const MANY = Array.from({ length: 300 }, (_, index) => ({ name: `Workspace ${index + 1}`, description: `workspace-${index + 1}.example.test` }));
/** The sign-in is through and reaches several. */
const choosing = (more) => ({ plan: { check: () => pending('choosing'), choices: () => choices(more) }, reach: away });
/** Connected with less than was asked for; the sign-in for the rest is denied. */
const partial = () => {
  let flows = 0;
  return { plan: {
    // Each look begins anew.
    session: () => { flows = 0; return session(); },
    flows: () => { flows += 1; return { status: 201, body: { flow: `0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a7${flows}`, result: 'H'.repeat(43), code: 'K7RM', url: null, expires_at: '2030-01-01T00:00:00Z' } }; },
    check: () => (flows < 2 ? succeeded({ account: 'ann@example.test', missing: ['Send messages for you'] }) : ended('access_denied')),
  } };
};

/** A code that is to be entered at the service. */
const enters = (more, check = () => pending('away')) => ({
  plan: { form: codeForm(), codes: { status: 201, body: code(more) }, check },
  async reach(at) { await toGmail(at); await at.connect('Gmail').click(); },
});

/** Fields of every kind. */
export const TYPED = [
  field({ name: 'email', label: 'Email', secret: false, type: 'email', placeholder: 'ann@example.com' }),
  field({ name: 'password', label: 'Password', type: 'text' }),
  field({ name: 'seats', label: 'Seats', secret: false, type: 'number', required: false }),
  field({ name: 'server', label: 'Server', secret: false, type: 'choice', choices: [{ value: 'https://us.example.com', label: 'United States' }, { value: 'https://eu.example.com', label: 'European Union' }], other: true, default: 'https://us.example.com' }),
  field({ name: 'private_key', label: 'Private key', type: 'multiline', help: 'The whole file, with its first and last line.' }),
];

/**
 * `state` is what the root says; `title` what the heading says; `plan` the answers; `options` those of the SDK; `context` those
 * of the browser; `block` keeps windows shut, `silent` the page around; `reach(at, page)` goes there from the opened modal.
 * `name` tells two entries of one state apart.
 */
export const STATES = [
  { state: 'loading', title: 'Loading', plan: { session: 'never' }, reach: (at) => at.frame.locator('.loading-word:not(:empty)').waitFor() },
  { state: 'loading', name: 'loading-long', title: 'Loading', plan: { session: 'never' }, reach: (at, page) => page.waitForTimeout(8700) },
  { state: 'pick', title: 'Connect a service' },
  { state: 'pick', name: 'pick-search', title: 'Connect a service', reach: (at) => at.search.fill('gsuite') },
  { state: 'pick', name: 'pick-nothing', title: 'Connect a service', reach: (at) => at.search.fill('zzzz') },
  { state: 'empty', title: 'Nothing to connect yet', plan: { session: session({ integrations: [] }), rows: [] } },
  { state: 'explain', title: 'Connect Gmail', reach: toGmail },
  {
    state: 'explain', name: 'explain-long', title: /^Connect Gmail/, plan: { form: oauthForm({ access: [`Read ${LONG_WORD}${LONG_WORD} and all of the things that belong to it, wherever they are`, ...Array.from({ length: 12 }, (_, index) => `Do the thing with the number ${index}`)], unexplained: ['https://api.example.test/auth/very.long.scope.name.readwrite'] }) },
    reach: toGmail,
  },
  { state: 'form', title: 'Connect Stripe', reach: (at) => at.row('Stripe').click() },
  {
    state: 'form', name: 'form-invalid', title: 'Connect Stripe', async reach(at) {
      await at.row('Stripe').click();
      await at.field('Secret or restricted key').fill('not a key');
      await at.connect('Stripe').click();
    },
  },
  { state: 'form', name: 'form-refused', title: 'Connect Stripe', plan: { submit: refusal(422, 'credential_refused', REFUSED, { fields: { api_key: REFUSED } }) }, reach: withKey },
  { state: 'form', name: 'form-refused-whole', title: 'Connect Stripe', plan: { submit: refusal(422, 'credential_refused', REFUSED) }, reach: withKey },
  { state: 'form', name: 'form-checking', title: 'Connect Stripe', plan: { submit: 'never' }, reach: withKey },
  {
    state: 'form', name: 'form-many', title: 'Connect Stripe',
    plan: { form: keyForm({ fields: [field({ name: 'domain', label: 'Domain', secret: false, help: 'The part before .example.test', placeholder: 'acme', pattern: '[a-z0-9-]+' }), field({ name: 'region', label: 'Region', secret: false, required: false, choices: [{ value: 'eu', label: 'Europe' }, { value: 'us', label: 'United States' }] }), field({ label: 'Secret key', help_url: 'https://docs.example.test/keys' })], methods: [{ id: 'api_key', kind: 'api_key', title: 'Enter a secret key' }, { id: 'oauth2', kind: 'oauth2', title: 'Sign in with Stripe' }] }) },
    reach: (at) => at.row('Stripe').click(),
  },
  { state: 'form', name: 'form-typed', title: 'Connect Stripe', plan: { form: keyForm({ fields: TYPED.map((one) => ({ ...one, default: one.name === 'server' ? 'https://own.example.org' : one.default })) }) }, async reach(at) { await at.row('Stripe').click(); await at.field('Private key').fill('-----BEGIN PRIVATE KEY-----\nMIIEvQ'); } },
  { state: 'redirecting', title: 'Taking you to Gmail', sdk: '@withone/auth', plan: { hold: true }, reach: leave },
  { state: 'stuck', title: 'This page did not move on', sdk: '@withone/auth', plan: { hold: true, check: () => pending('created') }, reach: leave },
  {
    state: 'reload', title: 'Reload this page to go on', sdk: '@withone/auth', plan: { hold: true }, async reach(at) {
      await leave(at);
      await at.screen('redirecting').waitFor();
      // As the browser's back button brings a page from its cache.
      await at.dialog.evaluate(() => void window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    },
  },
  { state: 'unfinished', title: 'The sign-in was not finished', sdk: '@withone/auth', options: { checkState: 'H'.repeat(43) } },
  { state: 'waiting', title: 'Continue in the Gmail window', reach: away },
  { state: 'waiting', name: 'waiting-code', title: 'Continue in the Gmail window', plan: { check: () => pending('confirming') }, reach: away },
  { state: 'ways', title: 'Another way to sign in', plan: { check: () => pending('created') }, async reach(at, page) { await away(at, page); await at.otherWay.click(); } },
  { state: 'verifying', title: 'Finishing with Gmail', plan: { check: () => pending('exchanging') }, reach: away },
  { state: 'verifying', name: 'verifying-customer', title: 'Shop confirms it is you', plan: { check: () => pending('verifying') }, reach: away },
  { state: 'explain', name: 'explain-code', title: 'Connect Gmail', plan: { form: codeForm() }, reach: toGmail },
  { state: 'code', title: 'Enter this code at Gmail', ...enters() },
  { state: 'code', name: 'code-long', title: 'Enter this code at Gmail', ...enters({ user_code: 'KQXZ-PLMT-0042-WDJB-MJHT-77', verification_uri: `https://${LONG_WORD.toLowerCase()}.example.test/a/path/that/goes/on`, verification_uri_complete: null, expires_in: 58 }) },
  { state: 'denied', name: 'code-denied', title: 'Gmail is not connected', ...enters({}, () => ended('access_denied')) },
  { state: 'expired', name: 'code-expired', title: 'This took too long', ...enters({}, () => ended('code_expired')) },
  { state: 'choose', title: 'Choose what to connect', ...choosing() },
  { state: 'choose', name: 'choose-changed', title: 'Choose what to connect', ...choosing({ changed: true }) },
  { state: 'choose', name: 'choose-many', title: 'Choose what to connect', ...choosing({ choices: MANY }) },
  { state: 'choose', name: 'choose-long', title: 'Choose what to connect', ...choosing({ choices: [{ name: `${LONG_WORD} ${LONG_WORD} of the North`, description: `https://${LONG_WORD.toLowerCase()}.example.test/a/path/that/goes/on/and/on` }, { name: 'شركة الشمال للتجارة', description: null }, { name: LONG_WORD.repeat(3), description: 'One word' }] }) },
  { state: 'choosing', title: 'Choose in the Gmail window', ...choosing({ here: false, choices: [] }) },
  { state: 'kept', title: 'Gmail stays as it was', ...partial(), async reach(at, page) { await away(at, page); await at.screen('partial').waitFor(); const [popup] = await Promise.all([page.context().waitForEvent('page'), at.rest.click()]); await popup.waitForLoadState(); } },
  { state: 'success', title: 'Gmail is connected', ...endsWith(succeeded({ account: 'ann@example.test' })) },
  { state: 'partial', title: 'Gmail is connected', ...endsWith(succeeded({ account: 'ann@example.test', missing: ['Send messages for you', 'See your email address'] })) },
  { state: 'failure', title: 'Gmail is not connected', ...endsWith(ended('interrupted', 'failed', 'The sign-in was interrupted on our side. Try again.')) },
  { state: 'final', title: 'Gmail is not connected', ...endsWith(ended('app_broken', 'failed', 'Gmail refused this app\'s client. Whoever runs the app has to check its client id and secret. It said: “invalid_client”')) },
  { state: 'denied', title: 'Gmail is not connected', ...endsWith(ended('access_denied')) },
  { state: 'expired', title: 'This took too long', ...endsWith(ended('expired', 'expired')) },
  { state: 'expired', name: 'expired-session', title: 'This took too long', plan: { session: refusal(401, 'session_expired', 'This connect session has ended. Start again in the app.') } },
  { state: 'cancelled', title: 'Nothing was connected', async reach(at, page) { await away(at, page); await at.cancel.click(); } },
  { state: 'reconnect', title: 'Reconnect Gmail', plan: { session: { ...one('gmail'), reconnect } } },
  {
    state: 'account', title: 'That is another account', plan: { session: { ...one('gmail'), reconnect }, check: () => ended('account_changed') },
    async reach(at, page) { await Promise.all([page.context().waitForEvent('page'), at.reconnect('Gmail').click()]); },
  },
  { state: 'unavailable', title: 'Gmail is not answering', ...endsWith(ended('provider_unavailable', 'failed', 'Gmail cannot sign anybody in at the moment. Try again in a few minutes.')) },
  { state: 'blocked', title: 'The browser kept the window shut', block: true, plan: { check: () => pending('created') }, async reach(at) { await toGmail(at); await at.connect('Gmail').click(); } },
  { state: 'approval', title: /needs an administrator/, ...endsWith(ended('approval_needed', 'failed', 'Gmail lets people of this organisation connect an app only after an administrator there has approved it. It said: “Access blocked: Shop has not been approved”')) },
  { state: 'connected', title: 'Slack is connected already', reach: (at) => at.row('Slack').click() },
  { state: 'foreign', title: 'This sign-in was refused', ...endsWith(ended('another_person', 'rejected')) },
  { state: 'foreign', name: 'foreign-not-me', title: 'This sign-in was refused', ...endsWith(ended('not_me', 'rejected')) },
  { state: 'webview', title: 'Gmail may refuse to open here', context: { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/450.0]' }, async reach(at) { await toGmail(at); await at.connect('Gmail').click(); } },
  { state: 'pick', name: 'pick-own', title: 'Connect a service', plan: { session: managing } },
  { state: 'manage', title: 'Your connections', plan: { session: managing }, reach: toOwn },
  { state: 'manage-empty', title: 'No connections yet', plan: { session: managing, own: owns([]) }, reach: toOwn },
  { state: 'disconnect', title: 'Disconnect Gmail?', plan: { session: managing }, reach: toConfirm('Gmail') },
  { state: 'disconnect', name: 'disconnect-key', title: 'Disconnect Stripe?', plan: { session: managing }, reach: toConfirm('Stripe') },
  { state: 'disconnect', name: 'disconnect-busy', title: 'Disconnect Slack?', plan: { session: managing, disconnect: 'never' }, reach: ends('Slack') },
  { state: 'disconnected', title: 'Gmail is disconnected', plan: { session: managing }, reach: ends('Gmail') },
  { state: 'disconnected', name: 'disconnected-kept', title: 'Slack is disconnected', plan: { session: managing, disconnect: { revocation: 'unsupported' } }, reach: ends('Slack') },
  { state: 'disconnected', name: 'disconnected-before', title: 'Gmail is disconnected already', plan: { session: managing, disconnect: refusal(404, 'connection_gone', 'This connection is not there any more.') }, reach: ends('Gmail') },
  { state: 'failure', name: 'manage-failure', title: 'This does not work right now', plan: { session: managing, own: 'down' }, reach: toOwn },
  { state: 'failure', name: 'failure-token', title: 'Connecting did not start', plan: { token: () => ({ status: 403, body: { error: 'You may not connect accounts' } }) } },
  { state: 'refused', title: 'This page may not open here', plan: { session: refusal(403, 'embedder_not_allowed', 'Said by the server.') } },
  { state: 'refused', name: 'refused-silent', title: 'The page around this one did not answer', silent: true },
  { state: 'failure', name: 'failure-network', title: 'This does not work right now', plan: { session: 'down' } },
  { state: 'pick', options: { companyName: undefined }, name: 'branded-pick', title: 'Bring your tools', plan: { session: branded() } },
  { state: 'explain', options: { companyName: undefined }, name: 'branded-explain', title: 'Connect Gmail', plan: { session: branded() }, reach: toGmail },
  { state: 'form', options: { companyName: undefined }, name: 'branded-form', title: 'Connect Stripe', plan: { session: branded() }, reach: (at) => at.row('Stripe').click() },
  { state: 'success', options: { companyName: undefined }, name: 'branded-success', title: 'Gmail is connected', plan: { session: branded(), check: () => succeeded({ account: 'ann@example.test' }) }, reach: away },
].map((entry) => ({ name: entry.state, ...entry }));

/** Opens the modal with the entry's answers and goes to its state. `open(context, sdk, options)` gives the page and its modal. */
export async function reachState(entry, context, open) {
  const plan = await stub(context, entry.plan);
  if (entry.block) await context.addInitScript(() => { window.open = () => null; });
  if (entry.silent) await context.addInitScript(() => window.parent !== window && addEventListener('message', (event) => event.stopImmediatePropagation(), true));
  const { page, at } = await open(context, entry.sdk ?? '@picahq/authkit', { companyName: 'Shop', ...entry.options });
  await entry.reach?.(at, page);
  await at.screen(entry.state).waitFor();
  return { page, at, plan };
}

/** How `reachState` opens the modal on a customer's page of a suite. */
export const opener = (suite) => async (context, sdk, options) => {
  const page = await context.newPage();
  await page.goto(suite.host.shop(sdk, options));
  await page.getByRole('button', { name: 'Connect' }).click();
  return { page, at: modal(page) };
};
