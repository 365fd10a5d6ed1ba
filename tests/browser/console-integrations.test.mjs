// Integrations in the console: switched on by keyboard, an app saved with scopes, checked right and wrong, tried through the
// real window, and a definition of one's own with a mistake, saved and rolled back; axe and pictures of each page.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, expectSound, press, signIn, tabTo, violations } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { consent, modal } from './support/modal.mjs';

const LONG = 'Weltweite Kontenverwaltungsgesellschaft für Unternehmenskommunikation';
// The built-in service under another name, with an app of one's own.
const DEFINITION = `id: long-name
name: ${LONG}
description: A service whose name and sentence are longer than anybody would like them to be in a list of many.
categories: [communication]
docs: https://docs.example.test/long
sources: [https://docs.example.test/long]
variables:
  base: { title: Address of the service, type: origin, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "\${variables.base}/sandbox/oauth/authorize" }
    token: { url: "\${variables.base}/sandbox/oauth/token", client_auth: basic }
    scopes:
      default: [profile]
      known: { profile: See who you are, items: Read and change your items }
    headers: { Authorization: "Bearer \${credential.access_token}" }
api: { base_url: "\${variables.base}/sandbox/api" }
check: { get: /me, account: { id: "\${body.id}", name: "\${body.name}" } }
`;

describe('integrations in the console', () => {
  let latchkey;
  let chromium;
  let cookies;
  let home;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console-integrations' });
    chromium = await startBrowser({ windowless: true });
    home = `${latchkey.url}/console/${latchkey.project_id}/test`;
    cookies = await signIn(chromium, latchkey);
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  async function signedIn(options = {}) {
    const context = await chromium.context(options);
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  // An app has a turn every ten seconds.
  let pressed = 0;
  async function pressCheck(page) {
    await new Promise((done) => setTimeout(done, Math.max(0, pressed + 10_500 - Date.now())));
    await page.getByRole('button', { name: 'Check the app' }).click();
    pressed = Date.now();
  }

  /** What the editor's script says in its bar; until then its keys do nothing. */
  const told = (page, hasText = /./) => page.locator('.editor-state', { hasText }).waitFor();

  test('found and switched on by keyboard', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/integrations`);
    await page.keyboard.press('/');
    await page.keyboard.type('stripe');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=stripe/);
    const toggle = page.getByRole('switch', { name: 'Stripe' });
    assert.equal(await toggle.getAttribute('aria-checked'), 'false');
    await tabTo(page, toggle);
    await page.keyboard.press('Enter');
    await page.getByText('Stripe is switched on: people can connect it.').waitFor();
    assert.equal(await toggle.getAttribute('aria-checked'), 'true');
    assert.match(page.url(), /q=stripe/);
    // The page's script moves the focus.
    await page.waitForLoadState();
    await page.getByRole('main').getByRole('searchbox').focus();
    await page.keyboard.press('ArrowDown');
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^\s*S?\s*Stripe/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Stripe', exact: true }).waitFor();
    await page.getByText('It needs none').waitFor();
    assert.deepEqual(context.problems, []);
  });

  test('an app with scopes: a mistake at its field, then saved', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/integrations/slack`);
    await page.getByRole('button', { name: 'Switch on Slack' }).click();
    await page.getByText('Slack is switched on.').waitFor();
    await page.getByText('so nobody sees it yet. Set the app up below.').waitFor();
    await page.locator('.copy code').first().getByText(/connections\/oauth\/callback/).waitFor();
    await page.getByLabel('Client id').fill('1234.slack');
    await page.getByLabel('Client secret').fill('not plain ascii: é');
    await page.getByLabel('Read messages in the public channels').check();
    await page.getByLabel(/^Further scopes/).fill('team:read');
    await page.getByRole('button', { name: 'Save app' }).click();
    await page.locator('#client_secret-problem').waitFor();
    assert.equal(await page.getByLabel('Client id').inputValue(), '1234.slack');
    assert.equal(await page.getByLabel('Client secret').inputValue(), '', 'a secret never comes back');
    assert.equal(await page.getByLabel(/^Further scopes/).inputValue(), 'team:read');
    assert.ok(await page.getByLabel('Read messages in the public channels').isChecked());
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-mistake');
    await page.getByLabel('Client secret').fill('s3cret-of-slack');
    await page.keyboard.press('Enter');
    await page.getByText('The app is saved.').waitFor();
    await page.getByText('One is kept, last changed').waitFor();
    assert.ok(!(await page.content()).includes('s3cret-of-slack'));
    assert.ok(!latchkey.log().includes('s3cret-of-slack'));
    assert.deepEqual(context.problems.filter((text) => !/4(00|22)/.test(text)), []);
  });

  test('tried as oneself, through the window that people see, to a connection', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/integrations/sandbox`);
    const [tab] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Try it' }).click()]);
    await tab.getByRole('button', { name: 'Continue to Sandbox' }).click();
    const at = modal(tab, tab);
    // It has two ways to sign in: the first is the service's own page.
    await at.connect('Sandbox').waitFor();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect('Sandbox').click()]);
    await consent(popup).allow.click();
    await at.success('Sandbox').waitFor();
    await tab.close();
    await page.bringToFront();
    await page.goto(`${home}/integrations/sandbox?tried=true`);
    await page.getByRole('heading', { name: 'It works: you connected Sandbox' }).waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-tried');
    await page.getByRole('link', { name: 'Open the connection' }).click();
    await page.getByText('This connection works.').waitFor();
    await page.goto(`${home}/integrations/sandbox?tried=true`);
    await press(page, page.getByRole('button', { name: 'Remove this test connection' }));
    await page.getByText('The test connection is removed').waitFor();
    assert.deepEqual(context.problems, []);
  });

  test('tried and closed: where it stopped, and once more', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/integrations/sandbox`);
    const [tab] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Try it' }).click()]);
    await tab.getByRole('button', { name: 'Continue to Sandbox' }).click();
    const at = modal(tab, tab);
    await at.connect('Sandbox').waitFor();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect('Sandbox').click()]);
    await consent(popup).deny.click();
    await popup.waitForEvent('close').catch(() => {});
    await tab.close();
    await page.bringToFront();
    await page.goto(`${home}/integrations/sandbox?tried=true`);
    await page.getByRole('heading', { name: /^Sandbox was not connected/ }).waitFor();
    await page.getByText('Where it stopped:').waitFor();
    assert.ok(await page.locator('.tried').evaluate((node) => node === document.activeElement), 'it is read first');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-tried-denied');
    const [again] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Try again' }).click()]);
    await again.getByRole('button', { name: 'Continue to Sandbox' }).waitFor();
    await again.close();
    await page.goto(`${home}/integrations/sandbox?tried=true`);
    await page.getByRole('link', { name: 'Look at the attempt' }).click();
    await page.getByRole('heading', { name: /^Attempt of/ }).waitFor();
    // The window asks for its sign-in before there is one.
    assert.deepEqual(context.problems.filter((text) => !/404/.test(text)), []);
  });

  test('a connection for somebody, by a link', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/connections`);
    await page.getByRole('link', { name: 'Add connection' }).click();
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByText('There is no identity.').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByLabel('Identity').fill('u-somebody');
    await page.getByLabel('Name (optional)').fill('Some Body');
    await page.getByLabel('Integration').selectOption({ label: 'Sandbox' });
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByRole('heading', { name: /The link for u-somebody/ }).waitFor();
    assert.equal(await page.getByLabel('Name (optional)').inputValue(), 'Some Body');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-link');
    assert.deepEqual(context.problems.filter((text) => !/422/.test(text)), []);
  });

  test('a definition of one’s own: a mistake in place, saved, changed, rolled back', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/definitions`);
    await page.getByText('There are none yet').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByRole('link', { name: 'Write a definition' }).click();
    const text = page.getByLabel('Definition, in YAML or JSON');
    await text.fill(DEFINITION.replace('base_url', 'bas_url'));
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('heading', { name: /mistakes?$/ }).waitFor();
    await page.getByText('Did you mean').first().waitFor();
    assert.match(await text.inputValue(), /bas_url/);
    await page.locator('.mistake-line').first().click();
    assert.ok(await text.evaluate((node) => node === document.activeElement && node.value.slice(node.selectionStart, node.selectionEnd).includes('bas_url')), 'the line is shown');
    await page.keyboard.press('Tab');
    assert.ok(await text.evaluate((node) => node !== document.activeElement), 'Tab goes on');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-editor');
    await text.fill(DEFINITION);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('is right. Nothing was saved yet.').waitFor();
    await page.getByRole('button', { name: 'Save definition' }).click();
    await page.getByText('The definition is saved.').waitFor();
    await page.getByRole('link', { name: 'Edit definition' }).click();
    await text.fill(DEFINITION.replace('See who you are', 'Read your profile'));
    await page.getByRole('button', { name: 'Save definition' }).click();
    await page.getByRole('heading', { name: 'What version 2 changed from 1' }).waitFor();
    await page.locator('.line-added').getByText('Read your profile').waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-history');
    await page.getByRole('link', { name: /^Version 1/ }).click();
    await page.getByText('Restore version 1', { exact: true }).click();
    await page.getByRole('button', { name: 'Restore it' }).click();
    await page.getByText('The earlier version is in force again').waitFor();
    assert.deepEqual(context.problems.filter((text) => !/422/.test(text)), []);
  });

  for (const { look, options } of LOOKS.filter(({ look }) => look !== 'dark')) {
    test(`the editor: in reach, by keys alone, and nothing is lost: ${look}`, async () => {
      const { context, page } = await signedIn(options);
      await page.goto(`${home}/definitions/edit`);
      const text = page.getByLabel('Definition, in YAML or JSON');
      const save = page.getByRole('button', { name: 'Save definition' });
      const state = page.locator('.editor-state');
      assert.equal(await state.innerText(), 'Not saved yet');
      const inSight = () => save.evaluate((node) => {
        const { top, bottom } = node.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      });
      const own = DEFINITION.replaceAll('long-name', `keys-${look}`);
      const wrong = own.replace('base_url', 'bas_url').replace('docs:', 'dcs:');
      await text.fill(`${wrong}${'# a comment\n'.repeat(100)}`);
      assert.equal(await state.innerText(), 'Unsaved changes');
      for (const to of [0, 100_000]) {
        await page.evaluate((y) => scrollTo(0, y), to);
        if (to === 0) assert.ok(await inSight(), 'the button is in sight');
      }
      // By keys alone: saving finds two mistakes, each is shown at its line and told.
      await text.focus();
      await page.keyboard.press('Control+s');
      await page.getByRole('heading', { name: /mistakes?$/ }).waitFor();
      await told(page, /^Line \d+: /);
      const shown = () => text.evaluate((node) => node.value.slice(node.selectionStart, node.selectionEnd));
      const lines = new Set([await shown()]);
      for (let presses = 0; presses < 4; presses += 1) {
        await page.keyboard.press('F8');
        assert.ok(await text.evaluate((node) => node === document.activeElement));
        lines.add(await shown());
      }
      assert.ok([...lines].some((line) => line.includes('bas_url')) && [...lines].some((line) => line.startsWith('dcs:')), [...lines].join());
      assert.ok((await page.locator('.editor-marked').count()) >= 2, 'lines are marked');
      assert.ok(await inSight());
      await expectSound(page, 'mistakes');
      await picture(page, `console-integrations-editor-keys-${look}`);
      // Leaving asks first: what was sent was not saved.
      const asked = [];
      page.on('dialog', (dialog) => {
        asked.push(dialog.type());
        dialog.dismiss();
      });
      await page.getByRole('link', { name: 'Your own definitions' }).click({ noWaitAfter: true });
      for (let tries = 0; asked.length === 0 && tries < 300; tries += 1) await page.waitForTimeout(100);
      assert.deepEqual(asked, ['beforeunload']);
      assert.match(page.url(), /definitions\/edit/);
      await text.fill(own);
      // What it would send, before it is saved; with an answer of the service, too.
      const trying = page.getByRole('button', { name: 'Try', exact: true });
      await trying.press('Enter');
      await page.getByRole('heading', { name: 'What it would send' }).waitFor();
      await page.getByText('Nothing was sent, and nothing was saved.').waitFor();
      await page.getByText('Try it with an answer of the service').click();
      await page.getByLabel('What the service answers to the check, as JSON').fill('{}');
      await trying.press('Enter');
      await page.getByText('not in the answer').first().waitFor();
      await expectSound(page, 'tried');
      await picture(page, `console-integrations-editor-tried-${look}`);
      await told(page);
      await page.keyboard.press('Meta+s');
      await page.getByText('The definition is saved.').waitFor();
      await page.getByRole('link', { name: 'Edit definition' }).click();
      await told(page, /^Saved as version 1$/);
      await page.getByRole('link', { name: 'History' }).click();
      await page.getByRole('heading', { name: /^History of/ }).waitFor();
      assert.deepEqual(asked, ['beforeunload'], 'nothing is unsaved, so nobody is asked');
      assert.deepEqual(context.problems.filter((text) => !/422/.test(text)), []);
    });
  }

  test('one in the place of a built-in one is compared with it', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/integrations/typeform/definition`);
    await page.getByRole('link', { name: 'Write your own' }).click();
    const text = page.getByLabel('Definition, in YAML or JSON');
    await told(page);
    await text.fill((await text.inputValue()).replace(/^description: .*$/m, 'description: Forms of our own.'));
    await page.keyboard.press('Control+s');
    await page.getByText('The definition is saved.').waitFor();
    await page.getByRole('link', { name: 'Edit definition' }).click();
    await page.getByRole('link', { name: 'Compare with the built-in one' }).click();
    await page.getByRole('heading', { name: 'What differs from the built-in one' }).waitFor();
    await page.locator('.difference .line-added').getByText('description: Forms of our own.').waitFor();
    for (const { look, options } of LOOKS) {
      const other = await signedIn(options);
      await other.page.goto(`${home}/integrations/typeform/definition`);
      await expectSound(other.page, 'compared');
      await picture(other.page, `console-integrations-compared-${look}`);
      assert.deepEqual(other.context.problems, []);
    }
    assert.deepEqual(context.problems, []);
  });

  test('the app doctor: right, and wrong', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/integrations/sandbox`);
    await pressCheck(page);
    await page.getByText('Sandbox takes this app.').waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-integrations-right');
    await page.goto(`${home}/integrations/long-name`);
    await page.getByRole('button', { name: `Switch on ${LONG}` }).click();
    await page.getByLabel('Client id').fill('nobodys-client');
    await page.getByLabel('Client secret').fill('nobodys-s3cret');
    await page.getByLabel('Address of the service').fill('not an address');
    await page.getByRole('button', { name: 'Save app' }).click();
    await page.locator('#variable-base-problem').waitFor();
    assert.equal(await page.getByLabel('Address of the service').inputValue(), 'not an address');
    await page.getByLabel('Client secret').fill('nobodys-s3cret');
    await page.getByLabel('Address of the service').fill(latchkey.url);
    await page.getByRole('button', { name: 'Save app' }).click();
    await page.getByText('The app is saved.').waitFor();
    await pressCheck(page);
    await page.getByText('People cannot connect').waitFor();
    await page.locator('.checkup').getByText('does not know this client id').waitFor();
    assert.equal(await page.locator('.checkup').getByText('Everything that the app needs was given').count(), 0);
    assert.ok(!(await page.content()).includes('nobodys-s3cret'));
    // It stays for whoever comes later, in the list as well, and leads to why.
    await page.goto(`${home}/integrations?state=attention`);
    await page.getByRole('link', { name: new RegExp(`App needs attention\\s*: ${LONG}`) }).click();
    await page.getByRole('heading', { name: 'App needs attention' }).waitFor();
    await page.getByText('Found by a check').waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(context.problems.filter((text) => !/4(00|22)/.test(text)), []);
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide: ${look}`, async () => {
      const { context, page } = await signedIn(options);
      for (const [title, address] of [
        ['catalogue', `${home}/integrations`],
        ['catalogue-on', `${home}/integrations?state=on`],
        ['catalogue-long', `${home}/integrations?q=kontenverwaltung&category=communication`],
        ['catalogue-attention', `${home}/integrations?state=attention`],
        ['catalogue-none', `${home}/integrations?q=nosuchthing`],
        ['app', `${home}/integrations/slack`],
        ['long', `${home}/integrations/long-name`],
        ['key', `${home}/integrations/test-private-key`],
        ['definition', `${home}/integrations/slack/definition`],
        ['own', `${home}/definitions`],
        ['edit', `${home}/definitions/edit?id=long-name`],
        ['versions', `${home}/definitions/long-name/history?version=2`],
        ['add', `${home}/add-connection`],
      ]) {
        await page.goto(address);
        await expectSound(page, title);
        await picture(page, `console-integrations-${title}-${look}`);
      }
      await page.goto(`${home}/integrations/long-name`);
      await pressCheck(page);
      await page.getByText('People cannot connect').waitFor();
      await expectSound(page, 'wrong');
      await picture(page, `console-integrations-wrong-${look}`);
      assert.deepEqual(context.problems, []);
    });
  }
});
