// Single sign-on with a certified provider in this process: linked under Account, signed in with, refused, an invitation accepted
// with it, and confirmed with it. By keyboard; axe-core on each page, light, dark and on a phone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, expectSound, press, signIn } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { ACCOUNT, startProvider } from './support/provider.mjs';

const NAME = 'Acme ID';

describe('single sign-on', () => {
  let latchkey;
  let chromium;
  let provider;
  let owner;
  before(async () => {
    provider = await startProvider();
    latchkey = await startLatchkey({
      name: 'console-sso',
      allow: [provider.issuer],
      environment: {
        LATCHKEY_SSO_ISSUER: provider.issuer,
        LATCHKEY_SSO_CLIENT_ID: provider.clientId,
        LATCHKEY_SSO_CLIENT_SECRET: provider.clientSecret,
        LATCHKEY_SSO_NAME: NAME,
      },
    });
    provider.register([`${latchkey.url}/console/sso/callback`], { grantTypes: ['authorization_code'] });
    chromium = await startBrowser({ windowless: true });
    owner = await signIn(chromium, latchkey);
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
    await provider?.stop();
  });

  async function looksGood(page, name) {
    await expectSound(page, name);
    await picture(page, `console-sso-${name}`);
  }

  async function open(cookies = [], options = {}) {
    const context = await chromium.context(options);
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  /** The provider's page, as this account. */
  async function decide(page, decision = 'Allow', account = ACCOUNT.sub) {
    provider.behaviour.account = account;
    await page.getByRole('heading', { name: 'Sign in to the test provider' }).waitFor();
    await page.getByRole('button', { name: decision }).click();
  }

  const goOn = (page) => page.getByRole('button', { name: `Continue with ${NAME}` });

  /** As if nobody had proved anything for a while. */
  const age = () => latchkey.sql("update operator_sessions set proved_at = now() - interval '11 minutes'");

  // Refusals are answered with their status, which the browser's console mentions.
  const quiet = (context) => assert.deepEqual(context.problems.filter((text) => !/40[0-9]|410/.test(text)), []);

  test('an account is linked, and signs in, by keyboard', async () => {
    const { context, page } = await open(owner);
    await page.goto(`${latchkey.url}/console/account`);
    await page.getByText('No account is linked.').waitFor();
    await looksGood(page, 'unlinked');
    await press(page, page.getByRole('button', { name: `Link your account of ${NAME}` }));
    await decide(page);
    await page.getByText('The sign-in was linked.').waitFor();
    assert.equal(new URL(page.url()).pathname, '/console/account');
    await page.getByRole('region', { name: 'Single sign-on' }).getByRole('listitem').getByText(ACCOUNT.email).first().waitFor();
    await looksGood(page, 'linked');
    await press(page, page.getByRole('button', { name: 'Sign out' }));
    await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();

    const { context: other, page: fresh } = await open();
    await fresh.goto(`${latchkey.url}/console/account`);
    await looksGood(fresh, 'sign-in');
    await press(fresh, goOn(fresh));
    await decide(fresh);
    await fresh.getByRole('heading', { name: 'Your account' }).waitFor();
    assert.equal(new URL(fresh.url()).search, '');
    owner = await other.cookies(latchkey.url);
    assert.ok(owner.every(({ httpOnly }) => httpOnly));
    quiet(context);
    quiet(other);
  });

  test('an account that nobody linked, and a no of the provider, are told', async () => {
    const { context, page } = await open();
    await page.goto(`${latchkey.url}/console/sign-in`);
    await goOn(page).click();
    await decide(page, 'Allow', 'bob-2002');
    await page.getByText('Nobody here uses this sign-in yet.').waitFor();
    await looksGood(page, 'unknown');
    await press(page, page.getByRole('link', { name: 'Go to the sign-in' }));
    await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();

    const { page: refused } = await open();
    await refused.goto(`${latchkey.url}/console/sign-in`);
    await goOn(refused).click();
    await decide(refused, 'Deny');
    await refused.getByText('you or your administrator there said no').waitFor();
    await looksGood(refused, 'denied');
    const address = refused.url();
    // The same answer again, as by going back.
    await refused.goto(address);
    await refused.getByText('was used already').waitFor();
    await looksGood(refused, 'over');
    quiet(context);
  });

  test('an invitation is accepted with it, and it confirms who one is, by keyboard', async () => {
    const { page } = await open(owner);
    // The provider did not say when it asked who it is, so signing in with it has proved nothing yet.
    const team = `/console/${latchkey.project_id}/test/team`;
    await page.goto(`${latchkey.url}/console/confirm?next=${encodeURIComponent(team)}`);
    await press(page, page.getByRole('button', { name: `Confirm with ${NAME}` }));
    await decide(page);
    await page.waitForURL(`${latchkey.url}${team}`);
    // The session goes on under another cookie.
    owner = await page.context().cookies(latchkey.url);
    await page.getByLabel('Email address').fill('cleo@example.com');
    await page.getByLabel('Role', { exact: true }).selectOption('admin');
    await page.getByRole('button', { name: 'Make invitation' }).click();
    const link = await page.locator('[data-copy*="/console/invitation#"]').getAttribute('data-copy');

    // With an account that is somebody's already.
    const { context, page: join } = await open();
    await join.goto(link);
    await join.getByRole('heading', { name: /^Join / }).waitFor();
    await looksGood(join, 'invitation');
    await press(join, goOn(join));
    await decide(join);
    await join.getByRole('heading', { name: 'You have not joined' }).waitFor();
    await looksGood(join, 'taken');
    await press(join, join.getByRole('link', { name: 'Back to the invitation' }));
    await join.getByRole('heading', { name: /^Join / }).waitFor();
    // With one of her own, in a browser where she is not at the provider yet.
    const { context: hers, page: cleo } = await open();
    await cleo.goto(link);
    await cleo.getByLabel('Your name').fill('Cleo');
    await press(cleo, goOn(cleo));
    await decide(cleo, 'Allow', 'cleo-3003');
    await cleo.getByRole('heading', { name: 'Home' }).waitFor();
    await join.reload();

    await age();
    await cleo.goto(`${latchkey.url}/console/account`);
    await press(cleo, cleo.getByRole('button', { name: 'Set up two-step sign-in' }));
    await cleo.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    assert.equal(await cleo.getByLabel('Password').count(), 0);
    await looksGood(cleo, 'confirm');
    await press(cleo, cleo.getByRole('button', { name: `Confirm with ${NAME}` }));
    // The provider asks again, though she is signed in there.
    await decide(cleo, 'Allow', 'cleo-3003');
    await cleo.getByText('You confirmed that it is you.').waitFor();
    await press(cleo, cleo.getByRole('button', { name: /^Unlink/ }));
    await cleo.getByText('This is your only way to sign in').waitFor();
    await looksGood(cleo, 'only-way');
    quiet(context);
    quiet(hers);
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide: ${look}`, async () => {
      const { page: out } = await open([], options);
      await out.goto(`${latchkey.url}/console/sign-in`);
      await looksGood(out, `sign-in-${look}`);
      await goOn(out).click();
      await decide(out, 'Allow', 'bob-2002');
      await out.getByText('Nobody here uses this sign-in yet.').waitFor();
      await looksGood(out, `unknown-${look}`);
      const { page } = await open(owner, options);
      for (const [name, where] of [['account', 'account'], ['confirm', 'confirm'], ['system', `${latchkey.project_id}/test/system`]]) {
        await page.goto(`${latchkey.url}/console/${where}`);
        await looksGood(page, `${name}-${look}`);
      }
    });
  }
});
