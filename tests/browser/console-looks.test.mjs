// Home, branding and the system page as an operator uses them: looks that are tried in the preview, saved, and shown by the
// real modal; home after a connect; the checks. By keyboard, and with axe-core in light, dark and on a phone.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, connect, expectSound, signIn, tabTo } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { demoPage, modal } from './support/modal.mjs';
import { png } from './support/png.mjs';

describe('home, branding and system', () => {
  let latchkey;
  let chromium;
  let cookies;
  let place;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console-looks' });
    chromium = await startBrowser({ windowless: true });
    place = `${latchkey.url}/console/${latchkey.project_id}/test`;
    cookies = await signIn(chromium, latchkey);
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  async function signedIn(options = {}) {
    const context = await chromium.context({ reducedMotion: 'reduce', ...options });
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  async function demo() {
    const page = await (await chromium.context()).newPage();
    await page.goto(latchkey.demo_url);
    const at = demoPage(page);
    await at.connect.click();
    return { page, at, widget: modal(page, at.frame) };
  }

  test('home after a connect: the funnel, what was made, and what has no data', async () => {
    await connect(chromium, latchkey);
    const { context, page } = await signedIn();
    await page.goto(place);
    const step = page.locator('.funnel-steps li', { hasText: 'Connected' }).locator('.number');
    assert.equal(await step.textContent(), '1');
    assert.match(await page.locator('.plot', { hasText: 'Connections made and lost' }).textContent(), /1 made, 0 lost/);
    await page.locator('.plot', { hasText: 'Time of a call' }).getByText('No data yet').waitFor();
    await page.locator('.plot', { hasText: 'made and lost' }).locator('summary').click();
    await page.getByRole('columnheader', { name: 'Made' }).waitFor();
    assert.deepEqual(context.problems, []);
  });

  test('looks are tried in the preview, saved, and shown by the modal', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${place}/branding`);
    const preview = page.frameLocator('#preview');
    const accent = () => preview.locator('html').evaluate((root) => getComputedStyle(root).getPropertyValue('--accent').trim());
    await preview.locator('[data-state=pick]').waitFor();
    const before = await accent();
    await tabTo(page, page.getByRole('textbox', { name: 'Name', exact: true }));
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('Acme Tools');
    await preview.locator('.brand-name', { hasText: 'Acme Tools' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'name', 'the preview takes no focus');
    await page.getByLabel('Accent in light', { exact: true }).fill('#ffd400');
    await page.getByText(/^Shown as #[0-9a-f]{6}: moved in lightness/).waitFor();
    assert.notEqual(await accent(), before);
    await page.getByLabel('Background in dark', { exact: true }).fill('nothing');
    await page.getByText('Write a colour as six hexadecimal digits').waitFor();
    await page.getByText('The preview waits until the marked fields are mended.').waitFor();
    await page.getByLabel('Background in dark', { exact: true }).fill('#14110a');
    await page.getByText('The preview shows what is typed.').waitFor();
    await page.getByLabel('Heading of the list').first().fill('Bring your tools');
    await preview.getByRole('heading', { name: 'Bring your tools' }).waitFor();
    for (const [value, state] of [['explain', 'explain'], ['form', 'form'], ['waiting', 'waiting'], ['success', 'success'], ['error', 'failure']]) {
      await page.getByLabel('Screen').selectOption(value);
      await preview.locator(`[data-state=${state}]`).waitFor();
    }
    await page.getByLabel('Screen').selectOption('pick');
    await page.getByText('Dark', { exact: true }).click();
    await preview.locator('html[data-theme=dark]').waitFor({ state: 'attached' });
    await page.getByText('Phone', { exact: true }).click();
    await page.getByLabel('Language').selectOption('ar');
    await preview.locator('html[dir=rtl]').waitFor({ state: 'attached' });
    await preview.locator('.brand-name', { hasText: 'Acme Tools' }).waitFor();
    await page.getByLabel('Language').selectOption('en');
    await page.getByText('Light', { exact: true }).click();
    await page.getByText('Desktop', { exact: true }).click();
    const file = path.join(latchkey.devDir, 'logo.png');
    await writeFile(file, png(64, [20, 90, 200], [255, 255, 255]));
    await page.getByLabel('Upload logo', { exact: true }).setInputFiles(file);
    await page.getByText('PNG, 64 × 64. Shown from now on.').waitFor();
    await preview.locator('.brand img').waitFor();
    await picture(page, 'console-branding-typed');
    await tabTo(page, page.getByRole('button', { name: 'Save branding' }));
    await page.keyboard.press('Enter');
    await page.getByText('Saved. Whoever opens the modal now sees it so.').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'Acme Tools');
    assert.deepEqual(context.problems, []);

    const { widget } = await demo();
    await widget.screen('pick').waitFor();
    await widget.title('Bring your tools').waitFor();
    const shown = await widget.dialog.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent').trim());
    assert.equal(shown, await (async () => { await page.reload(); await preview.locator('[data-state=pick]').waitFor(); return accent(); })(), 'the preview shows what people see');
  });

  test('one accent alone is shown as that of both', async () => {
    const { page } = await signedIn();
    await page.goto(`${place}/branding`);
    const [light, dark] = ['Accent in light', 'Accent in dark'].map((name) => page.getByRole('textbox', { name, exact: true }));
    await dark.fill('');
    await light.fill('#c2410c');
    assert.equal(await dark.getAttribute('placeholder'), '#c2410c');
    assert.equal(await page.getByLabel('Pick accent in dark').inputValue(), '#c2410c');
    await light.fill('');
    assert.equal(await dark.getAttribute('placeholder'), '#2e62c9');
  });

  test('a picture that is none is refused at its place', async () => {
    const { page } = await signedIn();
    await page.goto(`${place}/branding`);
    const file = path.join(latchkey.devDir, 'evil.png');
    await writeFile(file, '<svg xmlns="http://www.w3.org/2000/svg"></svg>');
    await page.getByLabel('Upload icon').setInputFiles(file);
    await page.locator('.field-problem', { hasText: 'SVG pictures are not taken' }).waitFor();
  });

  test('a picture from an address, by keyboard and without a script', async () => {
    const { page } = await signedIn({ javaScriptEnabled: false });
    await page.goto(`${place}/branding`);
    await page.locator('.picture').first().locator('summary').click();
    await page.getByLabel('Address, fetched once').first().fill('https://10.0.0.1/logo.png');
    await page.keyboard.press('Enter');
    await page.locator('.picture').first().locator('.field-problem').waitFor();
    assert.match(page.url(), /\/branding\/pictures\/logo-light$/);
    assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).count(), 1);
  });

  test('the system page, and checks by keyboard', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${place}/system`);
    await page.getByText('this one').waitFor();
    await tabTo(page, page.getByRole('link', { name: 'Run checks' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Way to the database' }).waitFor();
    await picture(page, 'console-checks');
    assert.deepEqual(context.problems, []);
  });

  for (const { look, options } of LOOKS) {
    test(`${look}: no violation, nothing wider than the page`, async () => {
      const { context, page } = await signedIn(options);
      for (const [shot, address] of [['home', place], ['branding', `${place}/branding`], ['system', `${place}/system`], ['checks', `${place}/system/checks`]]) {
        await page.goto(address);
        if (shot === 'branding') await page.frameLocator('#preview').locator('[data-state=pick]').waitFor();
        await expectSound(page, shot);
        await picture(page, `console-${shot}-${look}`);
      }
      assert.deepEqual(context.problems, []);
    });
  }
});
