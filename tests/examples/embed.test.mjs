// The embed script by itself: its forms and size, promise and events, what it refuses, and what it leaves behind. The page
// is a bare one on an origin of its own, and what it does is written in the test.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startBrowser } from '../browser/support/browser.mjs';
import { startLatchkey } from '../browser/support/latchkey.mjs';
import { consent, modal } from '../browser/support/modal.mjs';
import { listen, until } from '../browser/support/net.mjs';
import { cancelled } from '../browser/support/rows.mjs';
import { inRepository } from './example.mjs';
import { FRAME } from './proof.mjs';

const LIMIT = 5 * 1024;
const size = (...texts) => gzipSync(texts.join('\n'), { level: 9 }).length;
const source = (name) => readFile(inRepository(`clients/embed/${name}`), 'utf8');

test('the package is under 5 KB gzipped, with the hook too', async () => {
  const [script, hook] = await Promise.all([source('embed.js'), source('react.js')]);
  assert.ok(size(script, hook) < LIMIT, `${size(script)} bytes, with the hook ${size(script, hook)}`);
  const { dependencies } = JSON.parse(await source('package.json'));
  assert.equal(dependencies, undefined);
});

test('it can be imported where there is no page', async () => {
  const script = await import('../../clients/embed/embed.js');
  assert.deepEqual(Object.keys(script).sort(), ['LatchkeyError', 'open', 'resume']);
  assert.equal(script.resume(), null);
  for (const [options, sentence] of [
    [{ tokenUrl: '/token' }, 'Latchkey needs `baseUrl`: its address, beginning with https://.'],
    [{ tokenUrl: '/token', baseUrl: 'latchkey.example.com' }, 'Latchkey needs `baseUrl`: its address, beginning with https://.'],
    [{ baseUrl: 'https://latchkey.example.com' }, "Pass either `token` or `tokenUrl` to Latchkey's `open`."],
    [{ baseUrl: 'https://latchkey.example.com', token: 'a', tokenUrl: '/token' }, "Pass either `token` or `tokenUrl` to Latchkey's `open`."],
    [{ baseUrl: 'https://latchkey.example.com', token: 'a', mode: 'window' }, 'Latchkey\'s `mode` is "popup" or "redirect".'],
  ]) {
    assert.throws(() => script.open(options), { name: 'LatchkeyError', code: 'invalid_options', message: sentence });
  }
});

describe('in a page', () => {
  let latchkey;
  let chromium;
  let site;
  let stranger;
  const pages = { token: null, calls: 0, stolen: [] };

  before(async () => {
    latchkey = await startLatchkey({ name: 'embed' });
    chromium = await startBrowser();
    const answer = async (request, response) => {
      const { pathname } = new URL(request.url, 'http://site');
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      if (pathname === '/evil') return response.end('<script>onmessage = ({ data }) => fetch("/stolen", { method: "POST", body: JSON.stringify(data) })</script>');
      if (pathname === '/stolen') {
        request.setEncoding('utf8').on('data', (text) => pages.stolen.push(text));
        return request.on('end', () => response.end());
      }
      if (pathname === '/token') {
        pages.calls += 1;
        const { status, type, body } = pages.token ?? { status: 200, type: 'application/json', body: JSON.stringify(await session()) };
        return response.writeHead(status, { 'Content-Type': type }).end(body);
      }
      if (pathname === '/classic') {
        return response.end(`<!doctype html><html lang="en"><head><script src="${latchkey.url}/embed/v1.js"></script>
          <script>addEventListener("message", () => {}); window.opened = Latchkey.open({ project: "${latchkey.publishable_id}", tokenUrl: "/token" });</script></head><body></body></html>`);
      }
      return response.end('<!doctype html><html lang="en"><title>Site</title><body style="height: 300vh"><button id="first">First</button><button id="second">Second</button></body></html>');
    };
    site = await listen(answer);
    stranger = await listen(answer, { name: 'stranger.localhost' });
  });
  after(async () => {
    await chromium?.stop();
    for (const one of [site, stranger, latchkey]) await one?.stop();
  });

  const session = async () => (await latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-42', identityType: 'user' } })).body;
  const connections = async () => (await latchkey.api('/v1/vault/connections?platform=sandbox')).body.total;

  /** A page that has imported the module. `open(options)` in it opens the modal and keeps what it reports. */
  async function visit({ origin = site.origin } = {}) {
    pages.token = null;
    pages.calls = 0;
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    await page.evaluate(async ([address, project]) => {
      const { open, resume, LatchkeyError } = await import(`${address}/embed/v1.mjs`);
      window.events = [];
      window.resume = resume;
      window.start = (options) => {
        const opened = open({ project, ...options });
        const plain = (value) => (value instanceof LatchkeyError ? { code: value.code, message: value.message } : (value?.key ?? null));
        for (const type of ['ready', 'success', 'error', 'close']) opened.on(type, (value) => window.events.push([type, plain(value)]));
        opened.then((value) => window.events.push(['resolved', plain(value)]), (error) => window.events.push(['rejected', plain(error)]));
        return opened;
      };
    }, [latchkey.url, latchkey.publishable_id]);
    const events = () => page.evaluate(() => window.events);
    const until = (type, within = 30_000) => page.waitForFunction((wanted) => window.events.find(([kind]) => kind === wanted), type, { timeout: within });
    const start = (options = { tokenUrl: '/token' }) => page.evaluate((given) => void (window.opened = window.start(given)), options);
    const gone = () => page.locator(FRAME).waitFor({ state: 'detached' });
    return { context, page, at: modal(page, page.frameLocator(FRAME)), events, until, start, gone };
  }

  test('both forms are served at a fixed path, small, and have the same names', async () => {
    for (const path of ['/embed/v1.mjs', '/embed/v1.js']) {
      const response = await fetch(latchkey.url + path);
      assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
      const bytes = size(await response.text());
      assert.ok(bytes < LIMIT, `${path}: ${bytes} bytes`);
    }
    const { page } = await visit();
    const names = await page.evaluate(async (address) => {
      await new Promise((resolve, reject) => {
        document.head.append(Object.assign(document.createElement('script'), { src: `${address}/embed/v1.js`, onload: resolve, onerror: reject }));
      });
      return [Object.keys(await import(`${address}/embed/v1.mjs`)).sort(), Object.keys(window.Latchkey).sort()];
    }, latchkey.url);
    assert.deepEqual(names[0], ['LatchkeyError', 'open', 'resume']);
    assert.deepEqual(names[1], names[0]);
  });

  test('the script tag alone, in the head, before there is a body', async () => {
    const context = await chromium.context();
    const page = await context.newPage();
    await page.goto(`${site.origin}/classic`);
    await modal(page, page.frameLocator(FRAME)).row('Sandbox').waitFor();
    assert.deepEqual(context.problems, []);
  });

  test('success: the promise has the connection at once, the events follow the person', async () => {
    const { page, at, events, until, start, gone } = await visit();
    await start();
    const popup = await at.openPopup('Sandbox');
    await consent(popup).allow.click();
    await until('resolved');
    assert.deepEqual((await events()).map(([type]) => type), ['ready', 'success', 'resolved']);
    const [, [, key]] = await events();
    assert.match(key, /^test::sandbox::default::[0-9a-f]{32}\|u-42$/);
    await at.done.click();
    await gone();
    assert.deepEqual((await events()).slice(3), [['close', null]]);
    assert.equal(await page.evaluate(async () => (await window.opened).identity), 'u-42');
  });

  test('two opens are one', async () => {
    const { page, at, start, until } = await visit();
    await start();
    const same = await page.evaluate(() => window.start({ tokenUrl: '/other' }) === window.opened);
    await until('ready');
    await at.row('Sandbox').waitFor();
    assert.equal(same, true);
    assert.equal(await page.locator('iframe').count(), 1);
    assert.equal(pages.calls, 1);
  });

  test('close from the page: null, the focus and the scrolling are back, and it opens again', async () => {
    const { page, at, events, start, gone } = await visit();
    await page.locator('#second').focus();
    await start();
    await at.row('Sandbox').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.style.overflow), 'hidden');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'latchkey-connect');
    // The page behind cannot be reached, by keyboard or by pointer.
    await page.evaluate(() => document.querySelector('#first').focus());
    assert.equal(await page.evaluate(() => document.activeElement.id), 'latchkey-connect');
    await page.evaluate(() => window.opened.close());
    await gone();
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.documentElement.style.overflow]), ['second', '']);
    assert.deepEqual((await events()).filter(([type]) => type !== 'ready'), [['close', null], ['resolved', null]]);
    await start();
    await at.row('Sandbox').waitFor();
    await page.locator('dialog').nth(1).waitFor({ state: 'detached' });
    assert.equal(await page.locator(FRAME).count(), 1);
  });

  test('close from the page ends a sign-in that is under way', async () => {
    const before = await connections();
    const { page, at, start, gone } = await visit();
    await start();
    const popup = await at.openPopup('Sandbox');
    await consent(popup).allow.waitFor();
    const closed = popup.waitForEvent('close');
    await cancelled(latchkey, page, async () => {
      await page.evaluate(() => window.opened.close());
      await gone();
    });
    await closed;
    assert.equal(await connections(), before);
  });

  test('the looks are passed on, and a service opens at once', async () => {
    const { page, at, start } = await visit();
    await start({ tokenUrl: '/token', integration: 'sandbox', theme: 'dark', locale: 'en', companyName: 'Kiosk' });
    assert.equal(await page.locator(FRAME).getAttribute('src'), `${latchkey.embedUrl()}?locale=en`);
    await at.connect('Sandbox').waitFor();
    await at.frame.getByText('Kiosk asks to use your Sandbox account.').waitFor();
    assert.equal(await at.frame.locator('html').getAttribute('data-theme'), 'dark');
  });

  for (const [name, token, sentence] of [
    ['a refusal', { status: 403, type: 'application/json', body: '{"error":"You may not connect accounts."}' }, /^You may not connect accounts\.$/],
    ['a fault', { status: 500, type: 'application/json', body: '{}' }, /^The token endpoint at localhost:\d+ answered 500\.$/],
    ['a page', { status: 200, type: 'text/html', body: '<h1>Log in</h1>' }, /^The token endpoint at localhost:\d+ answered 200 with something that is not JSON\.$/],
    ['no session', { status: 200, type: 'application/json', body: '{"rows":[]}' }, /^The token endpoint gave no session\.$/],
  ]) {
    test(`the token endpoint gives ${name}: code and sentence, for the person and the page`, async () => {
      const { at, events, until, start } = await visit();
      pages.token = token;
      await start();
      await until('error');
      const [, { code, message }] = (await events()).find(([type]) => type === 'error');
      assert.equal(code, 'token_failed');
      assert.match(message, sentence);
      await at.failure.getByText(message).waitFor();
      await at.close.click();
      await until('rejected');
      assert.deepEqual((await events()).find(([type]) => type === 'rejected')[1], { code, message });
    });
  }

  test('a token endpoint that cannot be reached', async () => {
    const { events, until, start } = await visit();
    await start({ tokenUrl: 'http://localhost:9/token' });
    await until('error');
    assert.deepEqual((await events()).find(([type]) => type === 'error')[1],
      { code: 'token_failed', message: 'The token endpoint at localhost:9 cannot be reached, or does not allow this page (CORS).' });
  });

  test('a token as a text serves once; the modal then asks for another, and says what is missing', async () => {
    const { at, events, until, start } = await visit();
    const { requestId } = await session();
    await start({ token: requestId });
    await at.pick('Sandbox');
    await at.frame.getByRole('button', { name: 'Enter an API key instead' }).click();
    await at.field('API key').fill('sandbox_key_ok');
    await at.connect('Sandbox').click();
    await until('success');
    await at.done.click();
    // One that is over makes the modal ask again.
    await start({ token: requestId });
    await until('error');
    assert.deepEqual((await events()).find(([type]) => type === 'error')[1],
      { code: 'token_spent', message: 'This token is used up. For more than one connection, pass `tokenUrl`, or `token` as a function.' });
  });

  test('a page that is not on the list: the frame is taken away with the reason', async () => {
    const { page, events, until, start, gone } = await visit({ origin: stranger.origin });
    await start();
    await until('rejected', 20_000);
    await gone();
    const { host } = new URL(latchkey.url);
    const error = {
      code: 'frame_blocked',
      message: `The window of ${host} did not open here. Either it cannot be reached, or whoever runs it has to allow this page: latchkey projects origins add ${stranger.origin}`,
    };
    assert.deepEqual(await events(), [['error', error], ['close', null], ['rejected', error]]);
    assert.equal(pages.calls, 0, 'no session is asked for');
    assert.equal(await page.evaluate(() => document.documentElement.style.overflow), '');
  });

  test('a frame that was moved to another site gets neither greeting nor session', async () => {
    const { page, at, start } = await visit();
    pages.stolen.length = 0;
    await start();
    // The driver may halt for ever a frame that moves while it loads.
    await at.row('Sandbox').waitFor();
    await page.evaluate((address) => (document.querySelector('iframe').src = address), `${stranger.origin}/evil`);
    await page.evaluate(() => {
      const frame = document.querySelector('iframe');
      window.speaking = setInterval(() => frame.contentWindow.postMessage('seen', '*'), 100);
    });
    // The evil page can speak: the test could fail. Its server is asked, not the driver.
    await until(() => pages.stolen.length > 2, 'the evil page speaks');
    await page.evaluate(() => clearInterval(window.speaking));
    assert.deepEqual([...new Set(pages.stolen)], ['"seen"'], 'only the message of the test');
    assert.equal(pages.calls, 1);
  });

  test('messages from anywhere but the port are nothing', async () => {
    const { page, at, events, start } = await visit();
    await start();
    await at.row('Sandbox').waitFor();
    await page.evaluate(() => {
      for (const message of [{ type: 'success', connection: { key: 'forged' } }, { messageType: 'LINK_SUCCESS', message: { key: 'forged' } }, { type: 'redirect', url: 'https://evil.test', state: 's' }]) {
        window.postMessage(message, '*');
      }
    });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    assert.deepEqual((await events()).map(([type]) => type), ['ready']);
  });

  test('a fault in a listener stops nothing', async () => {
    const { context, page, at, events, start, gone } = await visit();
    await page.evaluate(() => {
      window.listener = window.start({ tokenUrl: '/token' });
      window.listener.on('close', () => {
        throw new Error('fault of the page');
      }).on('close', () => window.events.push(['after', null]));
    });
    await at.row('Sandbox').waitFor();
    await page.evaluate(() => window.listener.close());
    await gone();
    assert.deepEqual((await events()).filter(([type]) => ['close', 'after'].includes(type)).map(([type]) => type), ['close', 'after']);
    assert.ok(context.problems.some((problem) => problem.includes('fault of the page')));
    await assert.rejects(page.evaluate(() => window.start({ tokenUrl: '/token' }).on('done', () => {})), /Latchkey has no event `done`: ready, success, error, close\./);
    await start();
  });
});
