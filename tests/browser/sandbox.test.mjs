// What a newcomer does: the demo page of `latchkey dev`, the built-in sandbox service, our own embed script.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recordMessages, startBrowser } from './support/browser.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { consent, demoPage, modal } from './support/modal.mjs';

describe('demo and sandbox', () => {
  let latchkey;
  let chromium;
  let name;
  before(async () => {
    latchkey = await startLatchkey({ name: 'sandbox' });
    chromium = await startBrowser();
    name = await latchkey.nameOf('sandbox');
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  test('the line of `dev --json` has every address, and they answer', async () => {
    for (const field of ['url', 'demo_url', 'docs_url']) {
      const response = await fetch(latchkey[field], { headers: { accept: 'text/html', 'sec-fetch-dest': 'document' } });
      assert.equal(response.status, 200, `${field} ${latchkey[field]}`);
    }
    assert.match(latchkey.test_key, /^sk_test_lk_/);
    assert.match(latchkey.publishable_id, /^pub_/);
    assert.ok(latchkey.project_id);
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) assert.equal((await latchkey.api(path, { key: null })).status, 200, path);
  });

  async function connect(decide) {
    const context = await chromium.context();
    const messages = await recordMessages(context);
    const page = await context.newPage();
    await page.goto(latchkey.demo_url);
    const demo = demoPage(page);
    await demo.connect.click();
    const widget = modal(page, demo.frame);
    const popup = await widget.openPopup(name);
    const closed = popup.waitForEvent('close');
    await decide(popup);
    return { context, page, demo, widget, closed, messages };
  }

  test('connect, sign in at the sandbox, call it through Latchkey', async () => {
    const { context, demo, widget, closed } = await connect((popup) => consent(popup).allow.click());
    await widget.success(name).waitFor();
    await closed;
    await widget.done.click();
    await demo.call.click();
    await demo.answer.filter({ hasText: /"(id|name|email)"/ }).waitFor();
    assert.deepEqual(context.problems.filter((text) => text.startsWith('script')), []);
  });

  test('deny at the sandbox: the modal says so', async () => {
    const { context, widget } = await connect((popup) => consent(popup).deny.click());
    await widget.tryAgain.waitFor();
  });

  test('nothing is fetched from another host', async () => {
    const context = await chromium.context();
    const foreign = [];
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^http/.test(protocol) && !['127.0.0.1', 'localhost'].includes(hostname)) foreign.push(request.url());
    });
    const page = await context.newPage();
    for (const address of [latchkey.demo_url, latchkey.docs_url]) await page.goto(address, { waitUntil: 'networkidle' });
    assert.deepEqual(foreign, []);
  });
});
