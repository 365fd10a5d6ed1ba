// What the pages tell a person to do in a browser, done in Chromium. Selectors are those of the browser tests.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from './markdown.mjs';

const TESTS = path.join(ROOT, 'tests', 'browser');
const PATIENCE = 15_000;
const executable = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable']
  .find((file) => file && existsSync(file));

/** Why there is no browser, or null. */
export function missing() {
  if (!existsSync(path.join(TESTS, 'node_modules', 'playwright-core'))) return 'playwright-core is not installed: run `npm ci` in tests/browser';
  return executable ? null : 'Chromium was not found: install it, or set CHROMIUM_PATH to its program';
}

export async function startBrowser() {
  const { chromium } = createRequire(path.join(TESTS, 'package.json'))('playwright-core');
  const { modal, consent, demoPage } = await import(path.join(TESTS, 'support', 'modal.mjs'));
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

  async function open(address) {
    const context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    await page.goto(address);
    return { context, page };
  }

  /** Picks the sandbox in the open modal, allows in the window that opens, presses Done. */
  async function connect(context, page, frame) {
    const at = modal(page, frame);
    const popup = await at.openPopup('Sandbox', context);
    await consent(popup).allow.click();
    await at.success('Sandbox').waitFor();
    await at.done.click();
  }

  return {
    /** docs/quick-start.md: connect the sandbox on the demo page, then call it. Gives the answer. */
    async demo(url) {
      const { context, page } = await open(`${url}/demo`);
      const demo = demoPage(page);
      await demo.connect.click();
      await connect(context, page, demo.frame);
      await page.getByRole('button', { name: 'Call the API', exact: true }).click();
      await page.locator('#status').filter({ hasText: '200' }).waitFor();
      const answer = await page.locator('#body').innerText();
      await context.close();
      return answer;
    },
    /** docs/embedding.md: the same on the page of `server.mjs`. */
    async example(address) {
      const { context, page } = await open(address);
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await connect(context, page, page.frameLocator('iframe'));
      await page.getByRole('button', { name: 'Who am I', exact: true }).click();
      await page.locator('#answer').filter({ hasText: 'name' }).waitFor();
      const answer = await page.locator('#answer').innerText();
      await context.close();
      return answer;
    },
    stop: () => browser.close(),
  };
}
