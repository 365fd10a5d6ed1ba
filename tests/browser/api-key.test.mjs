// Connecting with an API key: every SDK, both addresses, refused keys, and where the key must not show up (T1).

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recordMessages } from './support/browser.mjs';
import { SDKS, eventOf, events } from './support/host.mjs';
import { KEY_LABEL, NAME_LABEL, modal } from './support/modal.mjs';
import { assertRecord } from './support/record.mjs';
import { TEST_KEY, startSuite } from './support/suite.mjs';

describe('api key', () => {
  let suite;
  before(async () => {
    suite = await startSuite('api-key', { windowless: true });
  });
  after(() => suite?.stop());

  async function open(sdk, options) {
    const context = await suite.chromium.context();
    const messages = await recordMessages(context);
    const page = await context.newPage();
    await page.goto(suite.host.shop(sdk, options));
    await page.getByRole('button', { name: 'Connect' }).click();
    return { context, page, messages, widget: modal(page) };
  }

  for (const sdk of SDKS) {
    for (const base of ['/embed/{pub}', '/']) {
      test(`${sdk} from ${base}: one onSuccess, and the connection works`, async () => {
        const { latchkey, keys, names } = suite;
        const baseUrl = base === '/' ? `${latchkey.origin}/` : latchkey.embedUrl();
        const { context, page, widget } = await open(sdk, { baseUrl });
        await widget.enterKey(names.testKey, KEY_LABEL, keys.key);
        const record = await eventOf(page, 'success');
        assertRecord(record, { platform: TEST_KEY });
        await widget.success(names.testKey).waitFor();
        const items = await latchkey.api('/v1/passthrough/items', { connection: record.key });
        assert.equal(items.status, 200);
        assert.equal(items.body.items[0].title, 'First');
        await widget.done.click();
        await eventOf(page, 'close');
        assert.deepEqual((await events(page)).map((event) => event.type), ['success', 'close']);
      });
    }
  }

  test('a key that the service refuses: said in place, nothing is made, another try works', async () => {
    const { latchkey, keys, names } = suite;
    const before = (await latchkey.api(`/v1/vault/connections?platform=${TEST_KEY}`)).body.total;
    const { context, page, widget, messages } = await open('@picahq/authkit');
    await widget.enterKey(names.testKey, KEY_LABEL, keys.wrongKey);
    await widget.fieldError.filter({ hasText: names.testKey }).waitFor();
    assert.equal((await events(page)).filter((event) => event.type === 'success').length, 0);
    assert.equal((await latchkey.api(`/v1/vault/connections?platform=${TEST_KEY}`)).body.total, before);

    await widget.field(KEY_LABEL).fill(keys.key);
    await widget.connect(names.testKey).click();
    await eventOf(page, 'success');
    await widget.success(names.testKey).waitFor();

    // Neither key is anywhere but in the request that carried it.
    const everywhere = await Promise.all(page.frames().map((frame) => frame.content()));
    everywhere.push(JSON.stringify(messages), JSON.stringify(await events(page)), ...page.frames().map((frame) => frame.url()));
    for (const frame of page.frames()) {
      everywhere.push(await frame.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })).catch(() => ''));
    }
    for (const key of [keys.key, keys.wrongKey]) assert.equal(everywhere.some((text) => text.includes(key)), false);
  });

  test('a text that cannot be a key is refused at its field, without a call', async () => {
    const { keys, names } = suite;
    const calls = keys.calls.length;
    const { context, widget } = await open('@picahq/authkit');
    await widget.enterKey(names.testKey, KEY_LABEL, 'not a key');
    const field = widget.field(KEY_LABEL);
    await field.and(widget.frame.locator('[aria-invalid="true"]')).waitFor();
    assert.equal(await field.evaluate((input) => input.ownerDocument.getElementById(input.getAttribute('aria-describedby')?.split(' ').at(-1))?.textContent.length > 0), true);
    assert.equal(keys.calls.length, calls);
  });

  test('the service is down: says so, keeps what was typed, makes nothing', async () => {
    const { keys, names } = suite;
    const { context, page, widget } = await open('@picahq/authkit');
    keys.behaviour.mode = 'down';
    try {
      await widget.enterKey(names.testKey, KEY_LABEL, keys.key);
      await widget.notice.or(widget.failure).first().waitFor();
      assert.equal((await events(page)).filter((event) => event.type === 'success').length, 0);
    } finally {
      keys.behaviour.mode = 'ok';
    }
    await widget.connect(names.testKey).or(widget.tryAgain).first().click();
    await eventOf(page, 'success');
  });

  test('showNameInput: the name is kept with the connection', async () => {
    const { keys, names } = suite;
    const { context, page, widget } = await open('@picahq/authkit', { showNameInput: true });
    await widget.choose(names.testKey);
    await widget.field(NAME_LABEL).fill('Work account');
    await widget.field(KEY_LABEL).fill(keys.key);
    await widget.connect(names.testKey).click();
    assert.equal((await eventOf(page, 'success')).name, 'Work account');
  });

  test('the key field hides what is typed and tells the browser not to keep it', async () => {
    const { context, widget } = await open('@picahq/authkit');
    await widget.choose(suite.names.testKey);
    const field = widget.field(KEY_LABEL);
    assert.equal(await field.getAttribute('type'), 'password');
    assert.match((await field.getAttribute('autocomplete')) ?? '', /^(off|new-password|one-time-code)$/);
  });
});
