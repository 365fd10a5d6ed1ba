// axe-core in every state of the modal and on every page around it: no violation of any of its rules. In the same visit:
// nothing is cut off, and language and direction are said.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import { openLook, showState } from './looks.mjs';
import { PAGES } from './pages.mjs';
import { STATES } from './states.mjs';
import { startSuite } from './suite.mjs';
import { directionOf } from './texts.mjs';

/** What axe finds, a line each. */
async function violations(frame) {
  await frame.evaluate(axe.source);
  const found = await frame.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}\n  ${node.html.slice(0, 300)}\n  ${node.failureSummary.replaceAll('\n', ' ')}`));
}

/** What does not fit where it stands: sideways scrolling, and words on controls that are cut off. */
const cutOff = (frame) => frame.evaluate(() => {
  const wide = (node) => node.scrollWidth > node.clientWidth + 1;
  const areas = [document.scrollingElement, ...document.querySelectorAll('.modal-body, .card')].filter(wide);
  const controls = [...document.querySelectorAll('.button, .link-button, .tag, h1, .lead')].filter((node) => node.checkVisibility() && !node.matches('.visually-hidden') && wide(node));
  return [...areas, ...controls].map((node) => `${node.className || node.tagName}: ${node.textContent.slice(0, 80)}`);
});

async function check(frame, look) {
  assert.deepEqual(await violations(frame), []);
  assert.deepEqual(await cutOff(frame), []);
  const root = await frame.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
  assert.deepEqual(root, [look.language, directionOf(look.language)]);
}

/** A file's tests: everything in one look. Each look is a file of its own, all but the first a slow one. */
export function accessible(look) {
  describe(`accessibility, ${look.name}`, () => {
    let suite;
    before(async () => {
      suite = await startSuite(`accessibility-${look.name.replaceAll(' ', '-')}`, { windowless: true });
    });
    after(() => suite?.stop());

    for (const entry of STATES) {
      test(entry.name, async () => {
        const { frame } = await showState(suite, look, entry);
        await check(frame, look);
      });
    }
    for (const entry of PAGES) {
      test(`page ${entry.name}`, async () => {
        const context = await openLook(suite, look);
        const page = await entry.reach(suite, context, look);
        await check(page.mainFrame(), look);
      });
    }
  });
}
