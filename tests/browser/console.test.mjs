// The console as an operator uses it: from the line of `latchkey dev` to a connection that is tested and deleted, by keyboard;
// a password, wrong and right; axe-core on each page, light, dark and on a phone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, connect as connectTo, expectSound, press, tabTo, violations, wide } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';

const PASSWORD = 'velvet harbour 93 tulip';

describe('the console', () => {
  let latchkey;
  let chromium;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console' });
    chromium = await startBrowser({ windowless: true });
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  const connect = () => connectTo(chromium, latchkey);

  // Its link signs in once; the others choose a password with one of their own.
  let cookies;
  async function signedIn(options = {}) {
    const context = await chromium.context(options);
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  test('`console_url` signs in once', async () => {
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(latchkey.console_url);
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    assert.equal(new URL(page.url()).pathname, `/console/${latchkey.project_id}/test`);
    await page.getByText('Nobody has connected anything here yet').waitFor();
    await picture(page, 'console-home-empty');
    cookies = await context.cookies();
    assert.ok(cookies.every((cookie) => cookie.httpOnly));
    const other = await (await chromium.context()).newPage();
    await other.goto(latchkey.console_url);
    await other.getByRole('heading', { name: 'This link opens nothing' }).waitFor();
    assert.deepEqual(await violations(other), []);
    assert.deepEqual(context.problems, []);
  });

  test('whom `latchkey dev` signed in is never asked for a password', async () => {
    await latchkey.sql("update operator_sessions set proved_at = now() - interval '11 minutes'");
    const { context, page } = await signedIn();
    await page.goto(`${latchkey.url}/console/${latchkey.project_id}/test/keys/new`);
    await page.getByRole('button', { name: 'Make key' }).waitFor();
    await page.getByLabel('Name').fill('Of the developer');
    await page.getByRole('button', { name: 'Make key' }).click();
    await page.getByText('sk_test_').first().waitFor();
    assert.deepEqual(context.problems, []);
  });

  test('home, the list, one connection, test and delete, by keyboard', async () => {
    await connect();
    const { context, page } = await signedIn();
    await page.goto(`${latchkey.url}/console`);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    await press(page, page.getByRole('link', { name: 'Connections' }));
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    await tabTo(page, page.getByRole('main').getByRole('searchbox'));
    await page.keyboard.type('ann');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\?q=ann/);
    await press(page, page.locator('.cell-link'));
    await page.getByText('This connection works.').waitFor();
    await picture(page, 'console-connection');
    await press(page, page.getByRole('button', { name: 'Test connection' }));
    await page.getByText('The service accepted the credential.', { exact: true }).waitFor();
    const summary = page.locator('.danger summary');
    await press(page, summary);
    await page.getByText('It cannot be undone').waitFor();
    await press(page, page.getByRole('button', { name: 'Delete it for good' }));
    await page.getByText('The connection was deleted.').waitFor();
    assert.deepEqual(context.problems, []);
  });

  test('a password: chosen by a link, wrong, then right; signed out', async () => {
    const { url } = await latchkey.cli(['operators', 'reset', 'developer@latchkey.localhost']);
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(url);
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Set password and sign in' }).click();
    await page.getByText('The password is too short').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    await page.goto(`${latchkey.url}/console/account`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();

    await page.goto(`${latchkey.url}/console/account`);
    await page.getByLabel('Email address').fill('developer@latchkey.localhost');
    await page.getByLabel('Password').fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('The address or the password is wrong').waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-sign-in-wrong');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    cookies = await context.cookies();
    // A refused sign-in is answered with 401, which the browser's console mentions.
    assert.deepEqual(context.problems.filter((text) => !/40[01]|422/.test(text)), []);
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide, no policy is broken: ${look}`, async () => {
      await connect();
      const { context, page } = await signedIn(options);
      const home = `${latchkey.url}/console/${latchkey.project_id}/test`;
      for (const [title, address] of [
        ['home', home],
        ['live', `${latchkey.url}/console/${latchkey.project_id}/live`],
        ['connections', `${home}/connections`],
        ['no-match', `${home}/connections?q=nobody&state=failed`],
        ['account', `${latchkey.url}/console/account`],
      ]) {
        await page.goto(address);
        await expectSound(page, title);
        await picture(page, `console-${title}-${look}`);
      }
      await page.goto(`${home}/connections`);
      await page.locator('.cell-link').first().click();
      await page.getByText('This connection works.').waitFor();
      await page.locator('.danger summary').click();
      assert.deepEqual(await violations(page), [], 'connection');
      assert.equal(await wide(page), false, 'connection scrolls sideways');
      await picture(page, `console-connection-${look}`);
      assert.deepEqual(context.problems, []);
      await page.goto(`${home}/connections/nonsense`);
      await page.getByRole('link', { name: 'Go to the console' }).waitFor();
      assert.deepEqual(await violations(page), [], 'not found');
    });
  }
});
