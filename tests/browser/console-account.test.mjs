// The operator's account: a new password, two-step sign-in with codes that this test computes (RFC 6238), recovery codes, and a
// credential that is revealed after a proof. By keyboard; axe-core on each page, light, dark and on a phone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, connect, expectSound, press, tabTo } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { until } from './support/net.mjs';
import { codeAt, stepNow } from './support/totp.mjs';

const EMAIL = 'developer@latchkey.localhost';
const PASSWORD = 'velvet harbour 93 tulip';
const NEW_PASSWORD = 'another harbour 11 crocus';

async function type(page, locator, text) {
  await tabTo(page, locator);
  await page.keyboard.type(text);
}

/** The recovery codes of a page, which are ten. */
async function recoveryCodes(page) {
  const codes = page.getByRole('list', { name: 'Recovery codes' }).locator('code');
  await codes.nth(9).waitFor();
  return codes.allTextContents();
}

/** Codes that were not used: this step's, then the next one's, which a clock may be ahead by, then waiting. */
function device(secret) {
  let last = 0;
  return async () => {
    while (stepNow() + 1 <= last) await new Promise((resolve) => { setTimeout(resolve, 500); });
    last = Math.max(stepNow(), last + 1);
    return codeAt(secret, last);
  };
}

describe('the account', () => {
  let latchkey;
  let chromium;
  let next;
  let recovery;
  let secret;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console-account' });
    chromium = await startBrowser({ windowless: true });
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  async function looksGood(page, name) {
    await expectSound(page, name);
    await picture(page, `console-account-${name}`);
  }

  /** As if nobody had proved anything for a while. */
  const age = () => latchkey.sql("update operator_sessions set proved_at = now() - interval '11 minutes'");

  async function signIn(options, password, code) {
    const context = await chromium.context(options);
    const page = await context.newPage();
    await page.goto(`${latchkey.url}/console/account`);
    await page.getByLabel('Email address').fill(EMAIL);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    if (code) {
      await page.getByRole('heading', { name: 'Give the code of your app' }).waitFor();
      await page.getByRole('textbox', { name: 'Code' }).fill(code);
      await page.keyboard.press('Enter');
    }
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    return { context, page };
  }

  // Refusals are answered with their status, which the browser's console mentions.
  const quiet = (context) => assert.deepEqual(context.problems.filter((text) => !/40[0139]|422/.test(text)), []);

  test('a new password, by keyboard', async () => {
    const { url } = await latchkey.cli(['operators', 'reset', EMAIL]);
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(url);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    await page.goto(`${latchkey.url}/console/account`);
    await looksGood(page, 'without');
    await type(page, page.getByLabel('Present password'), 'not the password');
    await type(page, page.getByLabel('New password'), NEW_PASSWORD);
    await press(page, page.getByRole('button', { name: 'Change password' }));
    await page.getByText('The password is wrong').waitFor();
    await looksGood(page, 'password-wrong');
    await type(page, page.getByLabel('Present password'), PASSWORD);
    await type(page, page.getByLabel('New password'), NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('Your password was changed.').waitFor();
    quiet(context);
  });

  test('two-step sign-in is set up, by keyboard', async () => {
    const { context, page } = await signIn({}, NEW_PASSWORD);
    await age();
    await press(page, page.getByRole('button', { name: 'Set up two-step sign-in' }));
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await type(page, page.getByLabel('Password'), NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('You confirmed that it is you.').waitFor();
    await press(page, page.getByRole('button', { name: 'Set up two-step sign-in' }));
    await page.getByRole('heading', { name: 'Set up two-step sign-in' }).waitFor();
    secret = (await page.locator('[aria-label="Secret"]').textContent()).replaceAll(' ', '');
    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.ok(await page.getByRole('img', { name: 'QR code for your app' }).isVisible());
    const link = await page.getByRole('link', { name: 'open it in the app' }).getAttribute('href');
    assert.equal(new URL(link).searchParams.get('secret'), secret);
    await looksGood(page, 'setup');
    next = device(secret);
    await type(page, page.getByRole('textbox', { name: 'Code' }), '12345');
    await page.keyboard.press('Enter');
    await page.getByText('This code does not fit.').waitFor();
    await type(page, page.getByRole('textbox', { name: 'Code' }), await next());
    await press(page, page.getByRole('button', { name: 'Switch on two-step sign-in' }));
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
    recovery = await recoveryCodes(page);
    assert.equal(recovery.length, 10);
    await looksGood(page, 'codes');
    await press(page, page.getByRole('link', { name: 'I have kept them' }));
    await page.getByText('10 recovery codes are left.').waitFor();
    quiet(context);
  });

  test('signed out, and in with a code, by keyboard', async () => {
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(`${latchkey.url}/console/account`);
    await type(page, page.getByLabel('Email address'), EMAIL);
    await type(page, page.getByLabel('Password'), NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Give the code of your app' }).waitFor();
    await looksGood(page, 'code');
    await type(page, page.getByRole('textbox', { name: 'Code' }), '000 00');
    await page.keyboard.press('Enter');
    await page.getByText('This code is wrong').waitFor();
    await looksGood(page, 'code-wrong');
    await type(page, page.getByRole('textbox', { name: 'Code' }), await next());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    await press(page, page.getByRole('button', { name: 'Sign out' }));
    await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
    quiet(context);
  });

  test('a credential is revealed after a proof, by keyboard, and hidden again', async () => {
    await connect(chromium, latchkey);
    const { page } = await signIn({}, NEW_PASSWORD, recovery[0]);
    await age();
    await page.goto(`${latchkey.url}/console/${latchkey.project_id}/test/connections`);
    await press(page, page.locator('.cell-link'));
    const button = page.getByRole('button', { name: 'Reveal credential' });
    await press(page, button);
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await looksGood(page, 'confirm');
    await type(page, page.getByLabel('Password'), NEW_PASSWORD);
    await type(page, page.getByRole('textbox', { name: 'Code of your app' }), recovery[1]);
    await page.keyboard.press('Enter');
    await page.getByText('You confirmed that it is you.').waitFor();
    await press(page, button);
    await page.getByRole('heading', { name: 'Credential' }).waitFor();
    const shown = page.locator('#revealed code');
    const value = await shown.first().textContent();
    assert.ok(value.length > 10 && !page.url().includes(value));
    await looksGood(page, 'revealed');
    await press(page, page.getByRole('link', { name: 'Hide credential' }));
    await button.waitFor();
    assert.ok(!(await page.content()).includes(value));
    // The browser asks whether to send the form again, or shows that it has nothing.
    await page.goBack().catch(() => {});
    const before = await until(() => page.content().catch(() => null), 'the page before');
    assert.ok(!before.includes(value), 'a page that comes back has none');
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide: ${look}`, async () => {
      const { context, page } = await signIn(options, NEW_PASSWORD, recovery[LOOKS.findIndex((one) => one.look === look) + 2]);
      await page.locator('.danger summary').click();
      await looksGood(page, `on-${look}`);
      await page.getByRole('button', { name: 'Make new recovery codes' }).click();
      await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
      recovery = await recoveryCodes(page);
      await looksGood(page, `codes-${look}`);
      await page.goto(`${latchkey.url}/console/confirm`);
      await looksGood(page, `confirm-${look}`);
      await page.goto(`${latchkey.url}/console/${latchkey.project_id}/test/connections`);
      await page.locator('.cell-link').first().click();
      await page.getByRole('button', { name: 'Reveal credential' }).click();
      await page.getByRole('heading', { name: 'Credential' }).waitFor();
      await looksGood(page, `revealed-${look}`);
      await page.goto(`${latchkey.url}/console/account`);
      await page.locator('.danger summary').click();
      await page.getByRole('textbox', { name: 'Code of your app' }).fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByText('This code is wrong').waitFor();
      await looksGood(page, `off-wrong-${look}`);
      await page.getByRole('textbox', { name: 'Code of your app' }).fill(recovery[0]);
      await page.keyboard.press('Enter');
      await page.getByText('Two-step sign-in is off.').first().waitFor();
      await page.getByRole('button', { name: 'Set up two-step sign-in' }).click();
      await page.getByRole('heading', { name: 'Set up two-step sign-in' }).waitFor();
      secret = (await page.locator('[aria-label="Secret"]').textContent()).replaceAll(' ', '');
      await looksGood(page, `setup-${look}`);
      next = device(secret);
      await page.getByRole('textbox', { name: 'Code' }).fill(await next());
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
      recovery = await recoveryCodes(page);
      quiet(context);
    });
  }
});
