// Chromium as people have it: new headless mode, an empty profile, third-party cookies blocked, storage partitioned.
// Started by us and driven over its debugging port, because Playwright's own start switches storage partitioning off
// and takes no preferences for contexts made later. With BROWSER=firefox, the distribution's Firefox in its place.
//
// Tests of looks and words alone take the same engine without windows, where it is installed, in half the time.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startFirefox } from './firefox.mjs';
import { PATIENCE, until } from './net.mjs';

export const OUT = fileURLToPath(new URL('../out/', import.meta.url));
const EXECUTABLE = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** Without windows; nobody who chose a browser gets another one. */
const SHELL = process.env.CHROMIUM_SHELL_PATH ?? (process.env.CHROMIUM_PATH ? EXECUTABLE : ['/usr/bin/chromium-headless-shell', EXECUTABLE].find(existsSync));

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--metrics-recording-only',
  '--password-store=basic',
  '--use-mock-keychain',
  '--mute-audio',
  '--window-size=1280,900',
];

/** Whether the tests run in Firefox. */
export const IN_FIREFOX = process.env.BROWSER === 'firefox';

/**
 * Starts a browser. Each `context()` is its own cookie jar, like another person's computer. `hosts` are names that it finds
 * on this machine. `windowless` is for looks and words: no window is drawn then, and cookies of other sites are not blocked.
 */
export async function startBrowser({ blockThirdPartyCookies = true, hosts = [], windowless = false } = {}) {
  if (IN_FIREFOX) {
    const browser = await startFirefox(hosts);
    return { browser, version: browser.version(), context: (options) => openContext(browser, options), stop: () => browser.close() };
  }
  const profile = await mkdtemp(path.join(os.tmpdir(), 'lk-chromium-'));
  await mkdir(path.join(profile, 'Default'), { recursive: true });
  // 1 = block third-party cookies everywhere, 0 = allow. Read at start only. Contexts made later inherit it.
  const preferences = { profile: { cookie_controls_mode: blockThirdPartyCookies ? 1 : 0, block_third_party_cookies: blockThirdPartyCookies } };
  await writeFile(path.join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));

  const names = hosts.length > 0 ? [`--host-resolver-rules=${hosts.map((name) => `MAP ${name} 127.0.0.1`).join(',')}`] : [];
  const executable = windowless ? SHELL : EXECUTABLE;
  const child = spawn(executable, [...FLAGS, ...names, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let noise = '';
  child.stderr.on('data', (chunk) => {
    noise = (noise + chunk).slice(-4000);
  });
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!ended()) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      signal(child, 'SIGTERM');
      const late = setTimeout(() => signal(child, 'SIGKILL'), 3000);
      await gone;
      clearTimeout(late);
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };

  try {
    const port = await until(async () => {
      if (ended()) throw new Error(`Chromium ended: ${noise}`);
      return (await readFile(path.join(profile, 'DevToolsActivePort'), 'utf8')).split('\n')[0];
    }, `Chromium at ${executable} to open its debugging port; install it or set CHROMIUM_PATH. ${noise}`, Math.max(PATIENCE, 60_000));
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    return {
      browser,
      version: browser.version(),
      context: (options) => openContext(browser, options),
      async stop() {
        await browser.close().catch(() => {});
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // Already gone.
  }
}

// After each test: what its pages looked like, if it failed; then no profile is left to the next test. A bench has no tests.
const contexts = new Set();
if (process.env.NODE_TEST_CONTEXT) {
  afterEach(async (test) => {
    for (const [index, context] of [...contexts].entries()) {
      if (!test.passed) await keepEvidence(context, `${test.name.replace(/[^\w]+/g, '-').slice(0, 80)}-${index}`).catch(() => {});
      await context.close().catch(() => {});
    }
  });
}

/** Writes out/failed/NAME-*.png and a text with the addresses, the words on each page, and what the console said. */
async function keepEvidence(context, name) {
  const folder = path.join(OUT, 'failed');
  await mkdir(folder, { recursive: true });
  const lines = [...context.problems];
  for (const [index, page] of context.pages().entries()) {
    await page.screenshot({ path: path.join(folder, `${name}-${index}.png`), timeout: 3000 }).catch(() => {});
    for (const frame of page.frames()) {
      const text = await frame.locator('body').innerText({ timeout: 1000 }).catch((error) => `(${error.message.split('\n')[0]})`);
      lines.push(`--- page ${index}: ${frame.url().split(/[?#]/)[0]}`, text);
    }
  }
  await writeFile(path.join(folder, `${name}.txt`), `${lines.join('\n')}\n`);
}

/** A fresh profile, closed after the test. `problems` gathers script errors and refused resources of every page in it. */
async function openContext(browser, { theme = 'light', ...options } = {}) {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  context.setDefaultNavigationTimeout(PATIENCE);
  context.problems = [];
  contexts.add(context);
  context.on('close', () => contexts.delete(context));
  context.on('weberror', (error) => context.problems.push(`script: ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error') context.problems.push(`console: ${message.text()}`);
  });
  return context;
}

/** Whether the browser refused to show what a frame was to show: it then shows a page of its own. */
export const refusedToShow = (frame) => /^(chrome-error|about:neterror)/.test(frame.url());

/** Pictures for people to look at: out/NAME.png. */
export async function picture(page, name) {
  await mkdir(OUT, { recursive: true });
  await page.screenshot({ path: path.join(OUT, `${name}.png`), animations: 'disabled' });
}

/** Writes out/NAME.html with all pictures out/NAME-*.png. */
export async function gallery(name) {
  const files = (await readdir(OUT).catch(() => [])).filter((file) => file.startsWith(`${name}-`) && file.endsWith('.png')).sort();
  const cells = files.map((file) => `<figure><img src="${file}" loading="lazy"><figcaption>${file.slice(name.length + 1, -4)}</figcaption></figure>`);
  const style = 'body{display:flex;flex-wrap:wrap;gap:16px;font:13px system-ui}figure{margin:0}img{height:420px;border:1px solid #ccc}';
  await writeFile(`${OUT}/${name}.html`, `<!doctype html><title>${name}</title><style>${style}</style>${cells.join('\n')}\n`);
}

/** Records every message that arrives in any frame of the context, before the page's own scripts run. */
export async function recordMessages(context) {
  const messages = [];
  await context.exposeBinding('__message', (source, message) => {
    messages.push({ frame: source.frame.url().split(/[?#]/)[0], ...message });
  });
  await context.addInitScript(() => {
    window.addEventListener('message', (event) => {
      let text;
      try {
        text = JSON.stringify(event.data) ?? 'null';
      } catch {
        text = JSON.stringify(String(event.data));
      }
      window.__message({ origin: event.origin, text });
    }, true);
  });
  return messages;
}

/**
 * Records what our pages send to our own endpoints: `[{ path, body, answer: { status, body } }]`, oldest first. A page gets its
 * answer after it was recorded, so that it may go away at once.
 */
export async function recordCalls(context) {
  const calls = [];
  await context.exposeBinding('__call', (_source, call) => calls.push(call) - 1);
  await context.exposeBinding('__answer', (_source, place, answer) => {
    calls[place].answer = answer;
  });
  await context.addInitScript(() => {
    const real = window.fetch;
    window.fetch = async (address, options) => {
      const { pathname } = new URL(address, location.href);
      if (!pathname.startsWith('/connect/api/') || typeof options?.body !== 'string') return real(address, options);
      const place = await window.__call({ path: pathname, body: JSON.parse(options.body) });
      const response = await real(address, options);
      const body = await response.clone().json().catch(() => undefined);
      await window.__answer(place, { status: response.status, body });
      return response;
    };
  });
  return calls;
}
