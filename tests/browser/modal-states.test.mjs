// Every state of the modal: it can be reached, it is named, its words are there, its controls are large enough, it fits a
// zoom of 400 %. And what its scripts weigh.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture } from './support/browser.mjs';
import { sentBytes } from './support/net.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { startSuite } from './support/suite.mjs';

const MOST_SCRIPT = 30 * 1024;
// 1280 × 1024 at 400 %: WCAG 2.2, 1.4.10.
const ZOOMED = { width: 320, height: 256 };

describe('the states of the modal', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-states');
  });
  after(() => suite?.stop());

  test('every state of the design has an entry', () => {
    const wanted = ['loading', 'pick', 'empty', 'explain', 'form', 'redirecting', 'waiting', 'verifying', 'success', 'partial', 'failure', 'final',
      'expired', 'cancelled', 'reconnect', 'account', 'unavailable', 'blocked', 'approval', 'connected', 'foreign', 'denied', 'webview', 'ways',
      'manage', 'manage-empty', 'disconnect', 'disconnected'];
    const there = new Set(STATES.map((entry) => entry.state));
    assert.deepEqual(wanted.filter((state) => !there.has(state)), []);
  });

  for (const entry of STATES) {
    test(`${entry.name}: named, titled, one main action, controls of 24 px, focus inside`, async () => {
      const context = await suite.chromium.context(entry.context);
      const { page, at } = await reachState(entry, context, opener(suite));
      await at.title(entry.title).waitFor({ state: 'attached' });
      const seen = await at.dialog.evaluate(inspect);
      assert.ok(seen.primary <= 1, `${seen.primary} main actions`);
      assert.deepEqual(seen.small, [], 'controls under 24 px');
      assert.equal(seen.focusInside, true, 'the focus is in the dialog');
      assert.equal(seen.label, seen.title, 'the dialog is named by its title');
      await picture(page, `modal-${entry.name}`);
    });

    test(`${entry.name} at 400 %: nothing to the side, every control can be reached`, async () => {
      const context = await suite.chromium.context({ ...entry.context, viewport: ZOOMED });
      const { page, at } = await reachState(entry, context, opener(suite));
      const seen = await at.dialog.evaluate(reach);
      assert.deepEqual(seen, { sideways: 0, hidden: [] });
      await picture(page, `modal-${entry.name}-400`);
    });
  }

  test('the scripts of the modal are under 30 KB in all, as they are sent', async () => {
    const context = await suite.chromium.context();
    const scripts = new Set();
    context.on('response', (response) => {
      if (/\/assets\/.+\/connect\/.+\.js$/.test(response.url())) scripts.add(response.url());
    });
    const { at } = await opener(suite)(context, '@picahq/authkit', {});
    await at.screen('pick').waitFor();
    assert.ok(scripts.size >= 2, 'the scripts were seen');
    for (const encoding of ['gzip', 'br']) {
      const sizes = await Promise.all([...scripts].map(async (url) => ({ name: url.split('/connect/')[1], ...(await sentBytes(url, encoding)) })));
      assert.deepEqual([...new Set(sizes.map((one) => one.encoding))], [encoding]);
      const sum = sizes.reduce((total, { bytes }) => total + bytes, 0);
      assert.ok(sum < MOST_SCRIPT, `${encoding}: ${sum} bytes: ${sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(', ')}`);
    }
  });
});

function inspect(dialog) {
  const visible = (node) => node.checkVisibility({ checkVisibilityCSS: true }) && !node.closest('.visually-hidden');
  const controls = [...dialog.querySelectorAll('a[href], button, input, select, [role=option]')].filter(visible);
  const small = controls.filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width < 24 || box.height < 24;
  });
  const title = dialog.querySelector('h1');
  return {
    primary: [...dialog.querySelectorAll('.button-primary')].filter(visible).length,
    small: small.map((node) => node.outerHTML.slice(0, 120)),
    focusInside: dialog.contains(document.activeElement),
    label: document.getElementById(dialog.getAttribute('aria-labelledby'))?.textContent,
    title: title?.textContent,
  };
}

function reach(dialog) {
  const wide = [document.scrollingElement, dialog, dialog.querySelector('.modal-body')];
  const controls = [...dialog.querySelectorAll('a[href], button, input, select')].filter((node) => node.checkVisibility({ checkVisibilityCSS: true }));
  const hidden = controls.filter((node) => {
    node.scrollIntoView({ block: 'center', inline: 'center' });
    const box = node.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    return !(top && (node === top || node.contains(top) || top.contains(node)));
  });
  return { sideways: Math.max(...wide.map((node) => node.scrollWidth - node.clientWidth)), hidden: hidden.map((node) => node.outerHTML.slice(0, 120)) };
}
