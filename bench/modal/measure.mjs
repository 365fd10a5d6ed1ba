// What the modal costs a person, measured in Chromium: until something is painted, until the list is there, what is sent,
// what moves, and from the provider's answer to the customer's `onSuccess`. Prints one JSON object.

import os from 'node:os';
import { parseArgs } from 'node:util';
import { consent, modal } from '../../tests/browser/support/modal.mjs';
import { SERVICES, answers, integration, stub } from '../../tests/browser/support/stub.mjs';
import { sentBytes } from '../../tests/browser/support/net.mjs';
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

/** In every frame, before its own scripts: when the modal and its list were painted, and how much moved without a click. */
function watch() {
  window.__shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  // Two frames after it is in the document, it is on the screen. The browser's own paint entries leave frames out.
  const painted = (name) => requestAnimationFrame(() => requestAnimationFrame(() => { window[name] = performance.timeOrigin + performance.now(); }));
  let modal = false;
  const seen = new MutationObserver(() => {
    if (!modal && document.querySelector('#latchkey:not([hidden]) > *')) {
      modal = true;
      painted('__painted');
    }
    if (!document.querySelector('[role="option"]')) return;
    seen.disconnect();
    painted('__listed');
  });
  seen.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['hidden'] });
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
        // What moves late moves within this time.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
        return { paint: window.__painted, list: window.__listed, shift: window.__shift, loaded };
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

/** JS and CSS that the modal loads, in the bytes of their bodies as sent. */
async function weight(resources) {
  const total = {};
  for (const encoding of ['br', 'gzip']) {
    const sum = { js: 0, texts: 0, css: 0, files: 0 };
    for (const address of new Set(resources)) {
      const { pathname } = new URL(address);
      const kind = pathname.endsWith('.js') ? 'js' : pathname.endsWith('.css') ? 'css' : null;
      if (!kind) continue;
      const { bytes } = await sentBytes(address, encoding);
      sum[kind] += bytes;
      sum.files += 1;
      if (pathname.includes('/texts/')) sum.texts += bytes;
    }
    total[encoding] = sum;
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
    bytesSent: { ...(await weight(few.resources)), page: (await sentBytes(few.frameAddress, 'br')).bytes },
  };
  console.log(JSON.stringify(measured, null, 2));
} finally {
  await suite.stop();
}
