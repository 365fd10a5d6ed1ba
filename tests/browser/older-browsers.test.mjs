// Browsers that lack what ours here have: Safari before 17.4, Firefox before 124, Chrome before 120. It is taken away before
// any script runs; how such a browser draws the modal is not shown by this.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events } from './support/host.mjs';
import { connectInPopup } from './support/proof.mjs';
import { assertRecord } from './support/record.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { OIDC, startSuite } from './support/suite.mjs';

describe('older browsers', () => {
  let suite;
  before(async () => {
    suite = await startSuite('older-browsers', { windowless: true });
  });
  after(() => suite?.stop());

  async function olderContext() {
    const context = await suite.chromium.context();
    await context.addInitScript(() => {
      delete AbortSignal.any;
      delete URL.canParse;
      delete Element.prototype.checkVisibility;
    });
    return context;
  }

  const assertNoMistake = (context) => assert.deepEqual(context.problems.filter((one) => one.startsWith('script:')), []);

  test('a sign-in in a popup ends well', async () => {
    const context = await olderContext();
    const { record, page } = await connectInPopup(suite, { context, options: { imageUrl: 'https://shop.example.test/logo.png' } });
    assertRecord(record, { platform: OIDC, oauth: true });
    assert.deepEqual((await events(page)).map((event) => event.type), ['success']);
    assert.equal(await page.evaluate(() => typeof AbortSignal.any), 'undefined');
    assertNoMistake(context);
  });

  for (const name of ['pick', 'form']) {
    test(`${name}: Tab goes round inside, forwards and back`, async () => {
      const context = await olderContext();
      const { page, at } = await reachState(STATES.find((one) => one.name === name), context, opener(suite));
      await page.bringToFront();
      const stops = await at.dialog.evaluate((dialog) => [...dialog.querySelectorAll('a[href], button, input, select')].filter((node) => !node.disabled && node.tabIndex >= 0 && node.getClientRects().length > 0).length);
      for (const key of ['Tab', 'Shift+Tab']) {
        const seen = new Set();
        for (let press = 0; press < stops + 2; press += 1) {
          await page.keyboard.press(key);
          seen.add(await at.dialog.evaluate((dialog) => (dialog.contains(document.activeElement) && document.hasFocus() ? [...dialog.querySelectorAll('*')].indexOf(document.activeElement) : 'outside')));
        }
        assert.ok(!seen.has('outside') && seen.size >= stops, `${key}: ${[...seen]} of ${stops}`);
      }
      assertNoMistake(context);
    });
  }
});
