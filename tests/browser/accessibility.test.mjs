// axe-core in every state of the modal and on every page around it: no violation of any of its rules, in light and from
// left to right, in dark and from right to left, and in the longest language on a phone. In the same visit: nothing is cut
// off, and language and direction are said.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import { LOOKS, openLook, showState } from './support/looks.mjs';
import { PAGES } from './support/pages.mjs';
import { STATES } from './support/states.mjs';
import { startSuite } from './support/suite.mjs';
import { directionOf } from './support/texts.mjs';

const TRIED = LOOKS.filter(({ name }) => !['dark', 'phone'].includes(name)).map((look) => (look.name === 'right to left' ? { ...look, theme: 'dark' } : look));

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

describe('accessibility', () => {
  let suite;
  before(async () => {
    suite = await startSuite('accessibility');
  });
  after(() => suite?.stop());

  for (const look of TRIED) {
    for (const entry of STATES) {
      test(`${entry.name}, ${look.name}`, async () => {
        const { frame } = await showState(suite, look, entry);
        await check(frame, look);
      });
    }
    for (const entry of PAGES) {
      test(`page ${entry.name}, ${look.name}`, async () => {
        const context = await openLook(suite, look);
        const page = await entry.reach(suite, context, look);
        await check(page.mainFrame(), look);
      });
    }
  }
});
