// The pages around a sign-in that are not the modal, and how to get there. Each gives the page that shows it.

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

/** In a window that a script opened, as those of a sign-in are. */
async function at(context, address, ready = 'main') {
  const opener = await context.newPage();
  const [page] = await Promise.all([context.waitForEvent('page'), opener.evaluate((url) => void window.open(url), address)]);
  await page.locator(ready).waitFor();
  return page;
}

/** The page of a link, with answers of our choosing, in this state. */
const linkPage = (state, plan) => async (suite, context) => {
  await stub(context, plan);
  return at(context, `${suite.latchkey.url}/connect/link/0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70#${'L'.repeat(43)}`, `[role="dialog"][data-state="${state}"]`);
};
const { linkView, refusal } = answers;
const over = (key, meta = { reconnects: false }) => ({ peek: refusal(410, key, 'Said by the server.', { app: 'Shop', home_url: 'https://shop.example.test/', ...meta }) });

export const PAGES = [
  { name: 'link-connect', reach: linkPage('link-connect', {}) },
  { name: 'link-connect-any', reach: linkPage('link-connect', { peek: linkView({ service: null, inviter: null, services: ['Gmail', 'Outlook', 'Slack', 'Stripe'].map((name) => ({ id: name.toLowerCase(), name, logo: answers.ownLogo(name.toLowerCase()) })) }) }) },
  { name: 'link-reconnect', reach: linkPage('link', { peek: linkView({ inviter: null, reconnect: { account: 'ann@example.test', failed: true, mailed: true } }) }) },
  { name: 'link-manage', reach: linkPage('link-manage', { peek: linkView({ purpose: 'manage', service: null, inviter: null }) }) },
  {
    name: 'link-manage-list', async reach(suite, context) {
      const page = await linkPage('link-manage', { session: answers.session({ manage: 3 }), peek: linkView({ purpose: 'manage', service: null, inviter: null }) })(suite, context);
      await page.locator('.button-primary').click();
      await page.locator('[data-state="manage"]').waitFor();
      return page;
    },
  },
  { name: 'link-used', reach: linkPage('used', over('link_used')) },
  { name: 'link-revoked', reach: linkPage('revoked', over('link_revoked')) },
  { name: 'link-expired', reach: linkPage('over', over('link_expired')) },
  { name: 'link-unknown', reach: linkPage('unknown', { peek: refusal(404, 'link_unknown', 'Said by the server.') }) },
  { name: 'opened-by-itself', reach: (suite, context) => at(context, `${suite.latchkey.embedUrl()}?data=e30`) },
  { name: 'start-nothing', reach: (suite, context) => at(context, `${suite.latchkey.url}/connect/start`, '#start[data-state="message"]') },
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
    name: 'done-denied', async reach(suite, context, look) {
      const page = await popup(suite, context, look);
      await consent(page).deny.click();
      await page.locator('#done').waitFor();
      await page.locator('#done-back').waitFor();
      return page;
    },
  },
  { name: 'done-neutral', reach: (suite, context) => at(context, `${suite.latchkey.url}/connect/done`) },
  { name: 'callback-unknown', reach: (suite, context) => at(context, `${suite.app.redirectUri}?code=c&state=${'A'.repeat(43)}`) },
  { name: 'callback-incomplete', reach: (suite, context) => at(context, `${suite.app.redirectUri}?code=c`) },
];
