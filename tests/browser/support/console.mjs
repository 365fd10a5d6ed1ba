// What tests of the console share: its looks, what is wrong with a page, and the way to an element by keyboard alone.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import { consent, demoPage, modal } from './modal.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** How each page is looked at. */
export const LOOKS = [
  { look: 'light', options: {} },
  { look: 'dark', options: { theme: 'dark' } },
  { look: 'phone', options: PHONE },
];

/** What axe finds, a line each. Trusted Types let no script in, so it comes over the debugger. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}\n  ${node.html.slice(0, 300)}\n  ${node.failureSummary.replaceAll('\n', ' ')}`));
}

/** Whether a page scrolls sideways. */
export const wide = (page) => page.evaluate(() => document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth + 1);

/** Icons whose picture is not there: they would be filled squares. */
export const squares = (page) => page.evaluate(() => [...document.querySelectorAll('.icon')].filter((node) => getComputedStyle(node).maskImage === 'none').map((node) => node.className));

/** Refuses a page that is not for everybody. */
export async function expectSound(page, title) {
  assert.deepEqual(await violations(page), [], title);
  assert.equal(await wide(page), false, `${title} scrolls sideways`);
  assert.deepEqual(await squares(page), [], title);
}

/** Goes on with Tab until the element has the focus. */
export async function tabTo(page, locator) {
  for (let presses = 0; presses < 150; presses += 1) {
    if (await locator.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`not reached by Tab: ${locator}`);
}

/** Reaches an element by Tab and presses a key there. */
export async function press(page, locator, key = 'Enter') {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

/** Connects the sandbox in the demo, as a person who may stay unnamed. */
export async function connect(chromium, latchkey) {
  const page = await (await chromium.context()).newPage();
  const name = await latchkey.nameOf('sandbox');
  await page.goto(latchkey.demo_url);
  const demo = demoPage(page);
  await demo.connect.click();
  const widget = modal(page, demo.frame);
  const popup = await widget.openPopup(name);
  await consent(popup).allow.click();
  await widget.success(name).waitFor();
  await page.context().close();
}

/** Signs in with the link that `latchkey dev` prints, which works once; gives the cookies. */
export async function signIn(chromium, latchkey) {
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(latchkey.console_url);
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}
