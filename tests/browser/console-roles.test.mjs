// The console as each role sees it: a page is shown or says why not, has the actions of the role and no others, and no link on
// it leads to a refusal.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { violations } from './support/console.mjs';
import { CONSOLE_PAGES, furnish } from './support/console-pages.mjs';

const PASSWORD = 'velvet harbour 93 tulip';
const ROLES = ['viewer', 'support', 'developer', 'admin', 'owner'];

/** The least role that sees a page; every other page is for all of them. */
const SEEN_FROM = {
  'add-connection': 'support',
  definition: 'developer',
  keys: 'developer',
  key: 'developer',
  'key-new': 'developer',
  webhooks: 'developer',
  'webhook-new': 'developer',
  webhook: 'developer',
  'webhook-edit': 'developer',
  delivery: 'developer',
  requests: 'developer',
  request: 'developer',
  audit: 'admin',
  'project-settings': 'admin',
  // They hold for both projects of this server.
  definitions: 'owner',
  'definition-edit': 'owner',
  'definition-history': 'owner',
  system: 'owner',
  checks: 'owner',
  'project-delete': 'owner',
};

/** The least role that finds an action on a page. */
const ACTION_FROM = {
  connections: { 'Add connection': 'support', 'Make reconnect links': 'support', 'Delete connections': 'support', 'Download as CSV': 'support' },
  connection: { 'Test connection': 'support', 'Save tags': 'support', 'Reveal credential': 'admin' },
  identity: { 'Make manage link': 'support', Erase: 'admin' },
  link: { 'Revoke link': 'support' },
  integration: { 'Save app': 'developer', 'Switch on GitHub': 'developer' },
  key: { 'Roll key': 'developer' },
  webhook: { 'Send test': 'developer' },
  branding: { Save: 'admin' },
  team: { 'Invite somebody': 'admin' },
  projects: { 'Make project': 'owner' },
};

const reaches = (role, least) => ROLES.indexOf(role) >= ROLES.indexOf(least);

describe('what each role sees', () => {
  let chromium;
  let world;
  before(async () => {
    chromium = await startBrowser({ windowless: true });
    world = await furnish(chromium, 'console-roles');
  });
  after(async () => {
    await chromium?.stop();
    await world?.latchkey.stop();
  });

  /** A browser of the owner, or of somebody who was invited by them. */
  async function as(role) {
    const owner = await chromium.context({ reducedMotion: 'reduce' });
    await owner.addCookies(world.cookies);
    const page = await owner.newPage();
    if (role === 'owner') return page;
    await page.goto(`${world.home}/team`);
    await page.getByRole('link', { name: 'Invite somebody' }).click();
    await page.getByLabel('Email address').fill(`${role}@people.example.com`);
    await page.getByLabel('Role', { exact: true }).selectOption(role);
    await page.getByRole('button', { name: 'Make invitation' }).click();
    await page.getByRole('heading', { name: 'The link, shown this one time' }).waitFor();
    const link = await page.locator('[data-copy*="/console/invitation#"]').getAttribute('data-copy');
    await owner.close();
    const theirs = await (await chromium.context({ reducedMotion: 'reduce' })).newPage();
    await theirs.goto(link);
    await theirs.getByLabel('Your name').fill(`The ${role}`);
    await theirs.getByLabel('New password').fill(PASSWORD);
    await theirs.keyboard.press('Enter');
    await theirs.getByRole('heading', { name: 'Home' }).waitFor();
    return theirs;
  }

  /** Addresses of the console that a page links to, without those that `followed` has. */
  async function newLinks(page, followed) {
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((link) => link.href.split('#')[0]));
    const fresh = [...new Set(links)].filter((link) => link.startsWith(`${world.latchkey.url}/console`) && !followed.has(link));
    for (const link of fresh) followed.add(link);
    return fresh;
  }

  // What somebody did first, or is for somebody else, is another page's address.
  const shown = CONSOLE_PAGES.filter(({ isOut, phoneOnly, act, as: whose, name }) => !isOut && !phoneOnly && !act && !whose && name !== 'not-there');

  // The owner first: they find what nobody else may list.
  const found = new Map();
  for (const role of [...ROLES].reverse()) {
    test(role, async () => {
      const page = await as(role);
      const followed = new Set();
      for (const entry of shown) {
        if (!found.has(entry.name)) found.set(entry.name, new URL(await entry.where(page, world), world.latchkey.url).href);
        const answer = await page.goto(found.get(entry.name));
        if (!reaches(role, SEEN_FROM[entry.name] ?? 'viewer')) {
          assert.equal(answer.status(), 403, `${role} on ${entry.name}`);
          const why = role === 'admin' && entry.name.startsWith('definition') ? 'Definitions hold for every project' : `You are ${role} here`;
          await page.getByText(why).waitFor();
          continue;
        }
        assert.equal(answer.status(), 200, `${role} on ${entry.name}`);
        for (const [action, least] of Object.entries(ACTION_FROM[entry.name] ?? {})) {
          const there = await page.locator('main').locator('button, a, summary').filter({ hasText: action }).count();
          assert.equal(there > 0, reaches(role, least), `${role} on ${entry.name}: ${action}`);
        }
        for (const link of await newLinks(page, followed)) {
          const { status } = await page.evaluate(async (address) => ({ status: (await fetch(address)).status }), link);
          assert.equal(status, 200, `${role} on ${entry.name}: ${link}`);
        }
      }
      await page.goto(`${world.home}/connections/${world.connection}`);
      assert.deepEqual(await violations(page), []);
      await picture(page, `console-roles-${role}`);
      await page.context().close();
    });
  }
});
