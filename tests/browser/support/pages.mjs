// The pages around a sign-in that are not the modal, and how to get there. Each gives the page that shows it. `says` is the
// message of the server's that it shows, where it is called otherwise; `state` the one that a script of the modal names.

import { consent, modal } from './modal.mjs';
import { answers, stub } from './stub.mjs';
import { textsOf } from './texts.mjs';

let people = 0;

/** Through the modal into the window of the sign-in, each time as somebody who has connected nothing yet. */
async function signIn(suite, context, look, { sdk, headers = {}, service = suite.names.oidc } = {}) {
  const { behaviour } = suite.host;
  const { identity } = behaviour;
  Object.assign(behaviour, { headers, identity: `ann.lee+${(people += 1)}@example.test` });
  try {
    const page = await context.newPage();
    await page.goto(suite.host.shop(sdk, { companyName: 'Shop', appTheme: look.theme }));
    await page.getByRole('button', { name: 'Connect' }).click();
    const at = modal(page, page.frameLocator('#event-link'), textsOf(look.language));
    await at.choose(service);
    return { page, at, go: () => at.connect(service).click() };
  } finally {
    Object.assign(behaviour, { headers: {}, identity });
  }
}

async function popup(suite, context, look, options) {
  // The last page closes itself; here it is looked at.
  await context.addInitScript(() => { window.close = () => {}; });
  const { go } = await signIn(suite, context, look, options);
  const [opened] = await Promise.all([context.waitForEvent('page'), go()]);
  await consent(opened).allow.waitFor();
  // A window of its own is as large as the script said; a phone makes it a tab.
  if (look.viewport.width < 500) await opened.setViewportSize(look.viewport);
  return opened;
}

async function confirmation(suite, context, look) {
  const { page, go } = await signIn(suite, context, look, { sdk: '@withone/auth', headers: { 'referrer-policy': 'no-referrer' } });
  await go();
  await page.locator('#confirm-continue:enabled').waitFor();
  return page;
}

/** In a window that a script opened, as those of a sign-in are; `features` are those of `window.open`. */
async function at(context, address, ready = 'main', features = '') {
  const opener = await context.newPage();
  const open = ([url, how]) => void window.open(url, '_blank', how);
  const [page] = await Promise.all([context.waitForEvent('page'), opener.evaluate(open, [address, features])]);
  await page.locator(ready).waitFor();
  return page;
}

/** The page of a link, with answers of our choosing, in this state. */
const linkPage = (state, plan) => async (suite, context) => {
  await stub(context, plan);
  return at(context, `${suite.latchkey.url}/connect/link/0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70#${'L'.repeat(43)}`, `[role="dialog"][data-state="${state}"]`);
};
const link = (name, state, plan) => ({ name, state, reach: linkPage(state, plan) });
const { linkView, refusal } = answers;
const over = (key, meta = { reconnects: false }) => ({ peek: refusal(410, key, 'Said by the server.', { app: 'Shop', home_url: 'https://shop.example.test/', ...meta }) });

/** What the server answers at this address, asked with other headers and changed on its way. */
async function through(context, look, address, { headers = {}, change = (body) => body }) {
  await context.route((url) => url.href === address, async (route) => {
    const asked = Object.entries({ ...route.request().headers(), 'accept-language': look.language, ...headers });
    const response = await route.fetch({ headers: Object.fromEntries(asked.filter(([, value]) => value !== null)) });
    return route.fulfill({ response, body: change(await response.text()) });
  });
  return address;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
/** The server's page with the texts of another message: it has the same parts, and what it is about takes long to come by. */
const retold = (body, title, text) => body
  .replace(/(<title>)[^<]*/, (_all, start) => start + escaped(title))
  .replace(/(<h1 class="screen-title">)[^<]*/, (_all, start) => start + escaped(title))
  .replace(/(<p class="lead">)[^<]*/, (_all, start) => start + escaped(text));

const message = (name, change = (body) => body) => ({
  name, async reach(suite, context, look) {
    const say = textsOf(look.language);
    const address = await through(context, look, `${suite.app.redirectUri}?code=c&state=${'B'.repeat(43)}`, {
      change: (body) => change(retold(body, say(`page-${name}-title`), say(`page-${name}-text`))),
    });
    return at(context, address);
  },
});

const done = (outcome, icon, tone = '') => ({
  name: `done-${outcome}`, async reach(suite, context, look) {
    const say = textsOf(look.language);
    const values = { service: 'Gmail', app: 'Shop' };
    const address = await through(context, look, `${suite.latchkey.url}/connect/done`, {
      change: (body) => retold(body, say(`page-done-${outcome}-title`, values), say(`page-done-${outcome}-text`, values))
        .replace('data-outcome="neutral"', `data-outcome="${outcome}"`).replace('class="sign "', `class="sign ${tone}"`).replace('icon-app-window', `icon-${icon}`),
    });
    return at(context, address, `#done[data-outcome="${outcome}"]`);
  },
});

/** `/connect/start` with an answer of our choosing, in a window that nobody answers for. */
const start = (name, answer, path = '/connect/api/start', fragment = `#t=${'T'.repeat(43)}`) => ({
  name, async reach(suite, context) {
    await context.route((url) => url.pathname === path, (route) => route.fulfill({ status: answer.status, contentType: 'application/json', body: JSON.stringify(answer.body) }));
    return at(context, `${suite.latchkey.url}/connect/start${fragment}`, '#start[data-state="message"]', 'noopener');
  },
});

export const PAGES = [
  link('link-connect', 'link-connect', {}),
  link('link-connect-any', 'link-connect', { peek: linkView({ service: null, inviter: null, services: ['Gmail', 'Outlook', 'Slack', 'Stripe'].map((name) => ({ id: name.toLowerCase(), name, logo: answers.ownLogo(name.toLowerCase()) })) }) }),
  link('link-reconnect', 'link', { peek: linkView({ inviter: null, reconnect: { account: 'ann@example.test', failed: true, mailed: true } }) }),
  link('link-manage', 'link-manage', { peek: linkView({ purpose: 'manage', service: null, inviter: null }) }),
  {
    name: 'link-manage-list', async reach(suite, context) {
      const page = await linkPage('link-manage', { session: answers.session({ manage: 3 }), peek: linkView({ purpose: 'manage', service: null, inviter: null }) })(suite, context);
      await page.locator('.button-primary').click();
      await page.locator('[data-state="manage"]').waitFor();
      return page;
    },
  },
  {
    name: 'link-closed', state: 'closed', async reach(suite, context, look) {
      const page = await linkPage('link-connect', {})(suite, context);
      await page.locator('.button-primary').click();
      await page.locator('[role="dialog"][data-state="explain"]').waitFor();
      await modal(page, page, textsOf(look.language)).close.click();
      await page.locator('[role="dialog"][data-state="closed"]').waitFor();
      return page;
    },
  },
  link('link-used', 'used', over('link_used')),
  link('link-revoked', 'revoked', over('link_revoked')),
  link('link-expired', 'over', over('link_expired')),
  link('link-unknown', 'unknown', { peek: refusal(404, 'link_unknown', 'Said by the server.') }),
  { name: 'opened-by-itself', reach: (suite, context) => at(context, `${suite.latchkey.embedUrl()}?data=e30`) },
  {
    name: 'inside', state: 'inside', async reach(suite, context, look) {
      // A browser that does not say that this is no frame: there the page's script finds out.
      const address = await through(context, look, suite.latchkey.embedUrl(), { headers: { 'sec-fetch-dest': null } });
      return at(context, address, '[role="dialog"][data-state="inside"]');
    },
  },
  { name: 'embed-unknown', reach: (suite, context) => at(context, suite.latchkey.embedUrl('pub_nothing')) },
  { name: 'start-nothing', reach: (suite, context) => at(context, `${suite.latchkey.url}/connect/start`, '#start[data-state="message"]') },
  start('start-resume', { status: 200, body: { flows: [{ name: 'Gmail', url: 'https://accounts.example.test/authorize' }] } }, '/connect/api/start/resume', ''),
  start('start-spent', refusal(409, 'ticket_spent', 'Said by the server.')),
  start('start-foreign', refusal(403, 'not_from_app', 'Said by the server.')),
  start('start-expired', refusal(410, 'flow_expired', 'Said by the server.')),
  start('start-return', refusal(403, 'return_not_allowed', 'Said by the server.')),
  message('start-framed'),
  { name: 'confirm', reach: confirmation },
  {
    name: 'confirm-not-me', async reach(suite, context, look) {
      const page = await confirmation(suite, context, look);
      await page.locator('#confirm-refuse').click();
      await page.locator('#confirm[data-state="message"], #confirm[data-screen="message"]').waitFor();
      return page;
    },
  },
  { name: 'confirm-nothing', reach: (suite, context) => at(context, `${suite.latchkey.url}/connect/confirm`) },
  {
    name: 'choose', async reach(suite, context, look) {
      const page = await popup(suite, context, look, { service: 'Sandbox Sites' });
      await page.getByRole('radio', { name: /Ann/ }).check();
      await consent(page).allow.click();
      await page.locator('[role="dialog"][data-state="choose"]').waitFor();
      return page;
    },
  },
  {
    name: 'done-success', async reach(suite, context, look) {
      const page = await popup(suite, context, look);
      await consent(page).allow.click();
      await page.locator('#done[data-outcome="success"]').waitFor();
      await page.locator('#done-back').waitFor();
      return page;
    },
  },
  {
    name: 'done-denied', says: 'done-cancelled', async reach(suite, context, look) {
      const page = await popup(suite, context, look);
      await consent(page).deny.click();
      await page.locator('#done').waitFor();
      await page.locator('#done-back').waitFor();
      return page;
    },
  },
  done('failure', 'circle-alert', 'sign-bad'),
  done('verifying', 'clock'),
  done('pending', 'clock'),
  { name: 'done-neutral', reach: (suite, context) => at(context, `${suite.latchkey.url}/connect/done`) },
  { name: 'callback-unknown', reach: (suite, context) => at(context, `${suite.app.redirectUri}?code=c&state=${'A'.repeat(43)}`) },
  message('callback-other-browser'),
  message('callback-over'),
  message('callback-failed'),
  // Without its script, which would load it again.
  message('callback-later', (body) => body.replace(/<button[^>]* id="page-close"[^]*?<\/button>/, '')),
  { name: 'callback-no-app', reach: (suite, context) => at(context, `${suite.latchkey.url}/connections/oauth/callback/none`) },
  { name: 'callback-incomplete', reach: (suite, context) => at(context, `${suite.app.redirectUri}?code=c`) },
];
