// Every page of the console, in a slow run in every look: axe-core finds nothing, nothing scrolls sideways, each icon is there, no policy is
// broken.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBrowser } from './support/browser.mjs';
import { LOOKS, expectSound } from './support/console.mjs';
import { CONSOLE_PAGES, furnish, showPage } from './support/console-pages.mjs';

const SLOW = Boolean(process.env.LATCHKEY_SLOW);

/** What pages that refuse are answered with, which the browser's console mentions. */
const REFUSED = { 'not-there': /404/, forbidden: /403/, 'sign-on-over': /410/ };

describe('every page of the console', () => {
  let chromium;
  let world;
  before(async () => {
    chromium = await startBrowser({ windowless: true });
    world = await furnish(chromium, 'console-pages');
  });
  after(async () => {
    await chromium?.stop();
    await world?.latchkey.stop();
  });

  for (const entry of CONSOLE_PAGES) {
    for (const { look, options } of LOOKS) {
      if (entry.phoneOnly && look !== 'phone') continue;
      // The other looks of a page are slow tests.
      if (!SLOW && !entry.phoneOnly && look !== LOOKS[0].look) continue;
      test(`${entry.name}, ${look}`, async () => {
        const { context, page } = await showPage(chromium, world, entry, options);
        await expectSound(page, entry.name);
        const said = context.problems.filter((text) => !REFUSED[entry.name]?.test(text));
        assert.deepEqual(said, []);
      });
    }
  }
});
