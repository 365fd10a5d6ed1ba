// What the modal costs a person, measured in Chromium: until something is painted, until the list is there, what is sent,
// what moves, and from the provider's answer to the customer's `onSuccess`. Prints one JSON object.

import http from 'node:http';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { consent, modal } from '../../tests/browser/support/modal.mjs';
import { SERVICES, answers, integration, stub } from '../../tests/browser/support/stub.mjs';
import { startSuite } from '../../tests/browser/support/suite.mjs';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '15' }, locale: { type: 'string', default: 'en' } },
});
const runs = Number(options.runs);

const CATEGORIES = ['accounting', 'calendar', 'chat', 'crm', 'email', 'files', 'hr', 'payments', 'support', 'tickets'];
const many = (count) => Array.from({ length: count }, (_, index) =>
  integration(`service-${index}`, `Service ${String(index).padStart(4, '0')}`, {
    description: `Number ${index} of a long list.`, categories: [CATEGORIES[index % CATEGORIES.length]],
  }));

/** In every frame, before its own scripts: when the list was painted, and how much moved without a click. */
function watch() {
  window.__shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  const seen = new MutationObserver(() => {
    if (!document.querySelector('[role="option"]')) return;
    seen.disconnect();
    // Two frames on, it is on the screen.
    requestAnimationFrame(() => requestAnimationFrame(() => { window.__listed = performance.timeOrigin + performance.now(); }));
  });
  seen.observe(document, { childList: true, subtree: true });
  addEventListener('click', () => { window.__clicked ??= performance.timeOrigin + performance.now(); }, { capture: true });
}

const median = (numbers) => {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
};
const summary = (numbers) => {
  const sorted = [...numbers].sort((left, right) => left - right);
  const rounded = (value) => Math.round(value * 10) / 10;
  return { median: rounded(median(sorted)), p90: rounded(sorted[Math.floor((sorted.length - 1) * 0.9)]), least: rounded(sorted[0]), most: rounded(sorted.at(-1)), runs: sorted.length };
};

/** What a file is on the wire, as a browser asks for it. */
function sent(address) {
  return new Promise((resolve, reject) => {
    http.get(address, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve({ bytes, encoding: response.headers['content-encoding'] ?? 'identity' }));
    }).on('error', reject);
  });
}

async function open(suite, context) {
  const page = await context.newPage();
  await page.goto(suite.host.shop('@picahq/authkit', { companyName: 'Shop', appTheme: 'light' }));
  await page.getByRole('button', { name: 'Connect' }).click();
  return page;
}

/** From the click until the modal's first paint and until its list is painted; cold, with an empty cache, and warm. */
async function opening(suite, count) {
  const found = { cold: { paint: [], list: [] }, warm: { paint: [], list: [] }, shift: [] };
  let frameAddress;
  let resources;
  for (let run = 0; run < runs; run += 1) {
    const context = await suite.chromium.context({ locale: options.locale });
    await context.addInitScript(watch);
    await stub(context, { session: answers.session({ integrations: count === null ? SERVICES : many(count) }) });
    for (const cache of ['cold', 'warm']) {
      const page = await open(suite, context);
      const frame = await (await page.locator('#event-link').elementHandle()).contentFrame();
      await frame.waitForFunction(() => window.__listed);
      const clicked = await page.evaluate(() => window.__clicked);
      const seen = await frame.evaluate(async () => {
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        // What moves late moves within this time.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
        return { paint: performance.timeOrigin + (paint?.startTime ?? Number.NaN), list: window.__listed, shift: window.__shift, loaded };
      });
      found[cache].paint.push(seen.paint - clicked);
      found[cache].list.push(seen.list - clicked);
      found.shift.push(seen.shift);
      frameAddress = frame.url();
      resources = seen.loaded;
      await page.close();
    }
    await context.close();
  }
  return {
    figures: {
      firstPaint: { cold: summary(found.cold.paint), warm: summary(found.warm.paint) },
      list: { cold: summary(found.cold.list), warm: summary(found.warm.list) },
      layoutShift: Math.max(...found.shift),
    },
    frameAddress,
    resources,
  };
}

/** JS and CSS that the modal loads, as sent with gzip. */
async function weight(resources) {
  const total = { js: 0, css: 0, texts: 0, files: 0, encodings: [] };
  for (const address of new Set(resources)) {
    const { pathname } = new URL(address);
    const kind = pathname.endsWith('.js') ? 'js' : pathname.endsWith('.css') ? 'css' : null;
    if (!kind) continue;
    const { bytes, encoding } = await sent(address);
    total[kind] += bytes;
    total.files += 1;
    if (pathname.includes('/texts/')) total.texts += bytes;
    if (!total.encodings.includes(encoding)) total.encodings.push(encoding);
  }
  return total;
}

/** From the provider's answer in the window of the sign-in to `onSuccess` in the customer's page: a real flow. */
async function success(suite) {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const context = await suite.chromium.context({ locale: 'en' });
    let called;
    context.on('request', (request) => {
      if (request.url().includes('/connections/oauth/callback/')) called = request;
    });
    const page = await open(suite, context);
    const popup = await modal(page).openPopup(suite.names.oidc);
    await consent(popup).allow.click();
    const told = await page.waitForFunction(() => {
      const event = (window.__events ?? []).find(({ type }) => type === 'success');
      return event && performance.timeOrigin + event.at;
    }, null, { polling: 20, timeout: 15_000 });
    times.push((await told.jsonValue()) - called.timing().startTime);
    await context.close();
  }
  return summary(times);
}

const suite = await startSuite('bench-modal');
try {
  const few = await opening(suite, null);
  const measured = {
    chromium: suite.chromium.version,
    processors: os.cpus().length,
    load: Math.round(os.loadavg()[0] * 10) / 10,
    locale: options.locale,
    milliseconds: {
      integrations7: few.figures,
      integrations200: (await opening(suite, 200)).figures,
      integrations1000: (await opening(suite, 1000)).figures,
      callbackToSuccess: await success(suite),
    },
    bytesGzip: { ...(await weight(few.resources)), page: (await sent(few.frameAddress)).bytes },
  };
  console.log(JSON.stringify(measured, null, 2));
} finally {
  await suite.stop();
}
