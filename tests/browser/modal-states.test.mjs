// Every state of the modal: it can be reached, it is named, its words are there, its controls are large enough, it fits a
// zoom of 400 %. And what its scripts weigh.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { picture } from './support/browser.mjs';
import { sentBytes } from './support/net.mjs';
import { PAGES } from './support/pages.mjs';
import { STATES, opener, reachState } from './support/states.mjs';
import { startSuite } from './support/suite.mjs';

const ROOT = new URL('../../', import.meta.url);
const MOST_SCRIPT = 30 * 1024;
const MOST_LATER = 16 * 1024;
// 1280 × 1024 at 400 %: WCAG 2.2, 1.4.10.
const ZOOMED = { width: 320, height: 256 };

describe('the states of the modal', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-states', { windowless: true });
  });
  after(() => suite?.stop());

  test('every state that a script names has an entry', () => {
    const there = new Set([...STATES, ...PAGES].map((entry) => entry.state));
    const named = namedStates();
    assert.ok(named.length > 40, `${named.length} names were read`);
    assert.deepEqual(named.filter((state) => !there.has(state)), []);
  });

  test('every message that the server names has an entry among the pages', () => {
    const there = new Set(PAGES.map(({ name, says = name }) => says));
    const named = namedMessages();
    assert.ok(named.length > 15, `${named.length} names were read`);
    assert.deepEqual(named.filter((name) => !there.has(name)), []);
  });

  for (const entry of STATES) {
    test(`${entry.name}: named, titled, one main action, controls of 24 px, focus inside; at 400 % nothing to the side, every control can be reached`, async () => {
      const context = await suite.chromium.context(entry.context);
      const { page, at } = await reachState(entry, context, opener(suite));
      await at.title(entry.title).waitFor({ state: 'attached' });
      const seen = await at.dialog.evaluate(inspect);
      assert.ok(seen.primary <= 1, `${seen.primary} main actions`);
      assert.deepEqual(seen.small, [], 'controls under 24 px');
      assert.equal(seen.focusInside, true, 'the focus is in the dialog');
      assert.equal(seen.label, seen.title, 'the dialog is named by its title');
      await picture(page, `modal-${entry.name}`);

      await page.setViewportSize(ZOOMED);
      assert.deepEqual(await at.dialog.evaluate(reach), { sideways: 0, hidden: [] });
      await picture(page, `modal-${entry.name}-400`);
    });
  }

  test('the scripts of the modal, as they are sent, are under 30 KiB in all; those that few people need, under 16', async (t) => {
    const entry = STATES.find(({ state }) => state === 'webview');
    const context = await suite.chromium.context(entry.context);
    const seen = new Set();
    context.on('response', (response) => {
      if (/\/assets\/.+\/connect\/.+\.js$/.test(response.url())) seen.add(response.url());
    });
    let first = [];
    await reachState(entry, context, async (...asked) => {
      const opened = await opener(suite)(...asked);
      await opened.at.screen('pick').waitFor();
      first = [...seen];
      return opened;
    });
    const later = [...seen].filter((url) => !first.includes(url));
    for (const [when, scripts, most] of [['at once', first, MOST_SCRIPT], ['later', later, MOST_LATER]]) {
      assert.ok(scripts.length >= 2, `the scripts were seen: ${scripts}`);
      for (const encoding of ['gzip', 'br']) {
        const sizes = await Promise.all(scripts.map(async (url) => ({ name: url.split('/connect/')[1], ...(await sentBytes(url, encoding)) })));
        assert.deepEqual([...new Set(sizes.map((one) => one.encoding))], [encoding]);
        const sum = sizes.reduce((total, { bytes }) => total + bytes, 0);
        const said = `${when}, ${encoding}: ${sum} bytes, ${(sum / 1024).toFixed(1)} KiB: ${sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(', ')}`;
        t.diagnostic(said);
        assert.ok(sum < most, said);
      }
    }
  });
});

/** The files below a folder of the repository that end so. */
const textsIn = (folder, end) => readdirSync(new URL(folder, ROOT), { recursive: true })
  .filter((file) => file.endsWith(end)).map((file) => readFileSync(new URL(folder + file, ROOT), 'utf8'));

/** What stands behind `name` and `names` in the modal's scripts, or is handed on as one. */
function namedStates() {
  const places = [/\bname: ([^,\n]*)/g, /\bname = ([^,\n]*)/g, /\bnames = (\{[^}]*\})/g, /\bof\(("[^"]*")/g, /\bofferLinks\(attempt, ("[^"]*")/g];
  const found = textsIn('assets/connect/', '.js').flatMap((text) => places.flatMap((place) => [...text.matchAll(place)]));
  return [...new Set(found.flatMap(([, expression]) => [...expression.matchAll(/"([a-z-]+)"/g)].map(([, name]) => name)))];
}

/** What `Message::named` is given, and how a sign-in ended: the middle of `page-NAME-title` and `page-NAME-text`. */
function namedMessages() {
  const server = textsIn('crates/server/src/connect/', '.rs').join('\n');
  const english = readFileSync(new URL('locales/en/connect.ftl', ROOT), 'utf8');
  const both = [...english.matchAll(/^page-([a-z-]+)-title =/gm)].map(([, name]) => name).filter((name) => english.includes(`\npage-${name}-text =`));
  return both.filter((name) => name.startsWith('done-') || server.includes(`"${name}"`));
}

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
