// Where things stand, and what is left to do: names beside their pictures in both directions, ids that can be read to their
// end, one edge for all, nothing that jumps, a way on from every last page.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LOOKS, openLook, showState } from './support/looks.mjs';
import { leaving } from './support/modal.mjs';
import { PAGES } from './support/pages.mjs';
import { STATES } from './support/states.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';
import { LANGUAGES, textsOf } from './support/texts.mjs';

const lookOf = (name) => LOOKS.find((look) => look.name === name);
const stateOf = (name) => STATES.find((entry) => entry.name === name);
const pageOf = (name) => PAGES.find((entry) => entry.name === name);

describe('layout', () => {
  let suite;
  before(async () => {
    suite = await startSuite('layout', { windowless: true });
  });
  after(() => suite?.stop());

  const show = (name, look = 'light') => showState(suite, lookOf(look), stateOf(name));
  async function visit(name, look = 'light') {
    const context = await openLook(suite, lookOf(look));
    return { context, page: await pageOf(name).reach(suite, context, lookOf(look)) };
  }

  for (const look of ['light', 'right to left']) {
    for (const name of ['pick', 'pick-search', 'choose', 'choose-long', 'branded-pick']) {
      test(`${name}, ${look}: both lines of a row begin beside its tile`, async () => {
        const { frame } = await show(name, look);
        const gaps = await frame.evaluate(() => [...document.querySelectorAll('.row')].flatMap((row) => {
          const toRight = getComputedStyle(row).direction === 'rtl';
          const tile = row.querySelector('.logo').getBoundingClientRect();
          return [...row.querySelectorAll('.row-name, .row-line')].filter((line) => line.textContent).map((line) => {
            const range = document.createRange();
            range.selectNodeContents(line);
            const text = range.getBoundingClientRect();
            const box = line.getBoundingClientRect();
            // A line that is cut short is wider than its box: then the box counts.
            return Math.round(toRight ? tile.left - Math.min(text.right, box.right) : Math.max(text.left, box.left) - tile.right);
          });
        }));
        assert.ok(gaps.length > 1);
        assert.deepEqual(gaps.filter((gap) => Math.abs(gap - 12) > 2), []);
      });
    }
  }

  test('right to left: the words of a definition begin where the page begins, each line of them', async () => {
    for (const [name, selector] of [['form', '.field-help'], ['form-many', '.field-help'], ['branded-form', '.field-help'], ['explain-long', '.access li > span:last-child']]) {
      const { frame } = await show(name, 'right to left');
      const gaps = await frame.evaluate((wanted) => [...document.querySelectorAll(wanted)].flatMap((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        // A line of two directions is several boxes.
        const lines = new Map();
        for (const { bottom, right } of range.getClientRects()) lines.set(Math.round(bottom / 8), Math.max(right, lines.get(Math.round(bottom / 8)) ?? 0));
        return [...lines.values()].map((right) => Math.round(node.getBoundingClientRect().right - right));
      }), selector);
      assert.ok(gaps.length > 0, name);
      assert.deepEqual(gaps.filter((gap) => gap > 2), [], name);
    }
  });

  const readReference = (frame) => frame.evaluate(() => {
    const code = document.querySelector('.reference code');
    const range = document.createRange();
    range.selectNodeContents(code);
    const text = range.getBoundingClientRect();
    const around = code.closest('.modal-body, .card').getBoundingClientRect();
    const cut = [code, code.closest('button')].some((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflow !== 'visible');
    return { whole: !cut && text.left >= around.left && text.right <= around.right, direction: getComputedStyle(code).direction, copies: Boolean(code.closest('button')) };
  });
  for (const look of ['light', 'right to left', 'longest']) {
    for (const name of ['failure', 'final', 'unavailable', 'expired-session']) {
      test(`${name}, ${look}: the whole reference is there, from left to right, and can be copied`, async () => {
        const { frame } = await show(name, look);
        assert.deepEqual(await readReference(frame), { whole: true, direction: 'ltr', copies: true });
      });
    }
    for (const name of ['callback-unknown', 'callback-incomplete']) {
      test(`page ${name}, ${look}: the whole reference is there, from left to right, and can be copied`, async () => {
        const { context, page } = await visit(name, look);
        await page.locator('.reference button').waitFor();
        assert.deepEqual(await readReference(page.mainFrame()), { whole: true, direction: 'ltr', copies: true });
        await context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await page.locator('.reference button').click();
        await page.locator('.reference .icon-check').waitFor();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator('.reference code').textContent());
      });
    }
  }

  test('a sentence of the service runs in its own direction', async () => {
    const { frame } = await show('final', 'right to left');
    assert.equal(await frame.locator('.note').evaluate((note) => getComputedStyle(note).direction), 'ltr');
  });

  test('the title of another way stands alone, where it is not in the language around it', () => {
    for (const language of LANGUAGES.filter((one) => one !== 'en')) assert.match(textsOf(language)('explain-other', { method: 'Sign in' }), /[:：]\s?[\u2068]?Sign in[\u2069]?$/, language);
  });

  for (const name of ['foreign', 'foreign-not-me']) {
    test(`${name}: nothing is left to do here but to close`, async () => {
      const { page, frame } = await show(name);
      assert.deepEqual(await frame.locator('.modal-foot button').allTextContents(), ['Close']);
      await leaving(frame.locator('.modal-foot button')).click();
      await page.locator('#event-link').waitFor({ state: 'hidden' });
    });
  }

  test('no connections yet: the one action leads to the list', async () => {
    const { frame, at } = await show('manage-empty');
    await frame.getByRole('button', { name: 'Connect a service' }).click();
    await at.screen('pick').waitFor();
  });

  for (const name of ['callback-unknown', 'callback-incomplete', 'confirm-not-me', 'confirm-nothing', 'link-unknown', 'start-nothing', 'done-success', 'done-denied', 'done-neutral']) {
    test(`page ${name}: there is a way on, named once`, async () => {
      const { page } = await visit(name);
      const ways = page.locator('.card, .modal').locator('a[href]:visible, button:not(.copy):visible');
      // A tab with a past is closed by nobody but the person.
      await ways.or(page.getByText('You can close this window.')).first().waitFor();
      const words = await page.locator('main').innerText();
      assert.ok((await ways.count()) + (words.match(/You can close this window/g) ?? []).length === 1, words);
    });
  }

  for (const name of ['Kontenverwaltung der Beispielgesellschaft für Verbundforschung', 'Beispielverbundforschungsgesellschaftskontenverwaltung']) {
    test(`a link on a narrow phone: the whole of ${name} is there`, async () => {
      const context = await suite.chromium.context({ viewport: { width: 320, height: 640 } });
      const app = { name, logo_url: null, home_url: 'https://shop.example.test/' };
      await stub(context, { peek: answers.linkView({ app, environment: 'test', inviter: null, reconnect: { account: 'ann@example.test', failed: true, mailed: false } }) });
      const page = await context.newPage();
      await page.goto(`${suite.latchkey.url}/connect/link/0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70#${'L'.repeat(43)}`);
      const brand = page.locator('.brand-name');
      await brand.waitFor();
      assert.equal(await brand.textContent(), name);
      const { cut, within } = await brand.evaluate((node) => {
        const box = node.getBoundingClientRect();
        const around = node.closest('.modal-header').getBoundingClientRect();
        return {
          cut: [node, document.scrollingElement].some((one) => one.scrollWidth > one.clientWidth + 1),
          within: box.left >= around.left && box.right <= around.right && box.top >= around.top && box.bottom <= around.bottom,
        };
      });
      assert.deepEqual({ cut, within }, { cut: false, within: true });
    });
  }

  for (const white of [false, true]) {
    test(`a link that is over${white ? ' of a project without our line' : ''}: the way back is its button`, async () => {
      const context = await suite.chromium.context();
      await stub(context, { peek: answers.refusal(410, 'link_used', 'Said by the server.', { app: 'Shop', home_url: 'https://shop.example.test/', reconnects: false, white_label: white }) });
      const page = await context.newPage();
      await page.goto(`${suite.latchkey.url}/connect/link/0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a70#${'L'.repeat(43)}`);
      const back = page.getByRole('link', { name: 'Back to Shop' });
      await back.waitFor();
      assert.match(await back.getAttribute('class'), /button-primary/);
      assert.equal(await back.evaluate((node) => node === document.activeElement), true, 'Enter takes it');
      assert.equal(await page.getByText('Secured by Latchkey').count(), white ? 0 : 1);
    });
  }

  for (const path of ['/connect/done', '/connect/confirm', '/connect/start']) {
    test(`${path} in a window that a script opened: the button closes it; in a tab with a past it is not offered`, async () => {
      const context = await suite.chromium.context();
      const page = await context.newPage();
      await page.goto(suite.host.shop());
      const [opened] = await Promise.all([context.waitForEvent('page'), page.evaluate((address) => void window.open(address), suite.latchkey.url + path)]);
      const close = opened.getByRole('button', { name: 'Close this window' });
      // The click may not come back: its window is gone.
      const clicked = close.click().catch((error) => assert.ok(opened.isClosed(), error));
      await Promise.all([opened.waitForEvent('close'), clicked]);
      await page.goto(suite.latchkey.url + path);
      await page.locator('h1').waitFor();
      await page.waitForTimeout(500);
      assert.equal(await page.getByRole('button', { name: 'Close this window' }).count(), 0);
    });
  }

  for (const name of ['form-checking', 'form-refused-whole', 'form-refused']) {
    test(`${name}: no tick before the service has said yes`, async () => {
      const { frame, at } = await show(name);
      assert.equal(await frame.locator('.field-tick:visible').count(), 0);
      if (name === 'form-checking') return;
      await at.field('Secret or restricted key').fill(`rk_${'b'.repeat(24)}`);
      await frame.locator('.field-tick').waitFor();
    });
  }

  test('while it is disconnected it cannot be kept', async () => {
    const { at } = await show('disconnect-busy');
    assert.equal(await at.keep.getAttribute('aria-disabled'), 'true');
    await at.keep.click({ force: true });
    assert.equal(await at.screen('disconnect').count(), 1);
  });

  test('what is left to do at the service stands in a box, before and after', async () => {
    const { frame, at } = await show('disconnected-kept');
    assert.match(await frame.locator('.notice-attention').innerText(), /Remove Shop in the settings/);
    assert.ok(await at.screen('disconnected').count());
  });

  test('a button at work can be read', async () => {
    for (const look of ['light', 'dark']) {
      const { frame } = await show('form-checking', look);
      const { colours, opacity } = await frame.locator('.is-busy').evaluate((button) => {
        const { color, backgroundColor, opacity } = getComputedStyle(button);
        return { colours: [color, backgroundColor], opacity };
      });
      const [contrast] = await contrasts(frame, [colours]);
      assert.equal(opacity, '1');
      assert.ok(contrast >= 4.5, `${look}: ${contrast}`);
    }
  });

  test('the main button holds its contrast, under the pointer too', async () => {
    for (const look of ['light', 'dark']) for (const name of ['form', 'branded-form']) {
      const { frame } = await show(name, look);
      const pairs = ['--accent', '--accent-hover'].flatMap((accent) => [['--accent-on', accent], ['--surface', accent]]);
      const found = await contrasts(frame, pairs.map((pair) => pair.map((token) => `var(${token})`)));
      assert.deepEqual(found.map((contrast, index) => [pairs[index].join(' '), contrast]).filter(([, contrast], index) => contrast < [4.5, 3][index % 2]), [], `${name}, ${look}`);
    }
  });

  test('the shape of the list stands where the list will stand', async () => {
    const tops = (frame, selectors) => frame.evaluate((list) => list.map((selector) => Math.round(document.querySelector(selector).getBoundingClientRect().top)), selectors);
    const { frame: shape } = await show('loading');
    const { frame: list } = await show('pick');
    const [title, field, row, second] = await tops(shape, ['.bar-title', '.bar-field', '.skeleton-row', '.skeleton-row:nth-of-type(2)']);
    const wanted = await tops(list, ['h1', '.search-input', '.row', '.row:nth-of-type(2)']);
    for (const [index, top] of [title - 2, field, row, second].entries()) assert.ok(Math.abs(top - wanted[index]) <= 2, `${index}: ${top}, ${wanted[index]}`);
  });

  for (const [name, look] of [['choose-many', 'light'], ['pick', 'light'], ['explain-long', 'light'], ['form-many', 'light'], ['choose-many', 'right to left']]) {
    test(`${name}, ${look}: with a scrollbar, too, all ends at one edge`, async () => {
      const { frame } = await show(name, look);
      const ends = await frame.evaluate(() => {
        const body = document.querySelector('.modal-body');
        const toLeft = getComputedStyle(body).direction === 'rtl';
        const end = (node) => Math.round(toLeft ? -node.getBoundingClientRect().left : node.getBoundingClientRect().right);
        const foot = document.querySelector('.modal-foot .button, .modal-foot .secured');
        return { scrolls: body.scrollHeight > body.clientHeight, foot: end(foot), inside: [...document.querySelectorAll('.screen, .search-input, .panel, .control')].map(end), rows: [...document.querySelectorAll('.row')].slice(0, 3).map(end) };
      });
      assert.ok(ends.scrolls, 'there is a scrollbar');
      assert.deepEqual(ends.inside.filter((end) => Math.abs(end - ends.foot) > 1), []);
      assert.deepEqual(ends.rows.filter((end) => Math.abs(end - ends.foot - 8) > 1), []);
    });
  }

  test('without a button to close, the tag ends where the rest ends', async () => {
    const { page } = await visit('choose');
    const [tag, button] = await page.evaluate(() => ['.tag', '.modal-foot .button'].map((selector) => Math.round(document.querySelector(selector).getBoundingClientRect().right)));
    assert.equal(tag, button);
  });
});

/** The contrasts of pairs of colours, as an element of the modal resolves them. */
function contrasts(frame, pairs) {
  return frame.evaluate((pairs) => {
    const probe = document.querySelector('.modal').appendChild(document.createElement('i'));
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const luminance = (colour) => {
      probe.style.color = colour;
      context.fillStyle = getComputedStyle(probe).color;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) => linear(value / 255));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    };
    const found = pairs.map((pair) => pair.map(luminance)).map(([one, other]) => Math.max(one, other) / Math.min(one, other));
    probe.remove();
    return found;
  }, pairs);
}
