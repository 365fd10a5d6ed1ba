// The pages around a sign-in that are not the modal, and how to get there. Each gives the page that shows it.

import { randomUUID } from 'node:crypto';
import { consent, modal } from './modal.mjs';
import { textsOf } from './texts.mjs';

/** Through the modal into the window of the sign-in, each time as somebody who has connected nothing yet. */
async function signIn(suite, context, look, { sdk, headers = {}, service = suite.names.oidc } = {}) {
  const { behaviour } = suite.host;
  const { identity } = behaviour;
  Object.assign(behaviour, { headers, identity: `u-${randomUUID()}` });
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
  return opened;
}

async function confirmation(suite, context, look) {
  const { page, go } = await signIn(suite, context, look, { sdk: '@withone/auth', headers: { 'referrer-policy': 'no-referrer' } });
  await go();
  await page.locator('#confirm-continue:enabled').waitFor();
  return page;
}

async function at(context, address, ready = 'main') {
  const page = await context.newPage();
  await page.goto(address);
  await page.locator(ready).waitFor();
  return page;
}

export const PAGES = [
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
      await page.locator('#done-hint').waitFor();
      return page;
    },
  },
  {
    name: 'done-denied', async reach(suite, context, look) {
      const page = await popup(suite, context, look);
      await consent(page).deny.click();
      await page.locator('#done').waitFor();
      await page.locator('#done-hint').waitFor();
      return page;
    },
  },
  { name: 'done-neutral', reach: (suite, context) => at(context, `${suite.latchkey.url}/connect/done`) },
  { name: 'callback-unknown', reach: (suite, context) => at(context, `${suite.app.redirectUri}?code=c&state=${'A'.repeat(43)}`) },
  { name: 'callback-incomplete', reach: (suite, context) => at(context, `${suite.app.redirectUri}?code=c`) },
];
