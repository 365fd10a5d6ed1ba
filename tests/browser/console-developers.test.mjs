// What developers do in the console: a key made by keyboard and used at once, its request found in the log, a webhook that
// is tested and delivers to a server of ours; axe-core on each page, light, dark and on a phone.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, connect as connectTo, expectSound, press, signIn, tabTo, violations } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { consent, modal } from './support/modal.mjs';
import { bodyOf, listen, until } from './support/net.mjs';

describe('what developers do in the console', () => {
  let latchkey;
  let chromium;
  let receiver;
  let hook;
  const received = [];
  let cookies;
  let home;
  let key;
  let connection;

  before(async () => {
    receiver = await listen(async (request, response) => {
      received.push({ headers: request.headers, body: await bodyOf(request) });
      if (received.length === 1) response.writeHead(500, { 'content-type': 'text/plain' }).end(`we are down ${'x'.repeat(2000)}`);
      else response.writeHead(204).end();
    });
    hook = `${receiver.origin}/hooks/latchkey`;
    latchkey = await startLatchkey({ name: 'console-developers', allow: [receiver.origin] });
    chromium = await startBrowser({ windowless: true });
    home = `${latchkey.url}/console/${latchkey.project_id}/test`;
    cookies = await signIn(chromium, latchkey);
    connection = await connect();
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
    await receiver?.stop();
  });

  async function connect() {
    await connectTo(chromium, latchkey);
    const { body } = await latchkey.api('/v1/vault/connections');
    return body.rows[0];
  }

  async function signedIn(options = {}) {
    const context = await chromium.context(options);
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  test('a key is made by keyboard, shown once, and works', async () => {
    const { context, page } = await signedIn();
    await page.goto(home);
    await press(page, page.getByRole('link', { name: 'API keys' }));
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    await press(page, page.getByRole('link', { name: 'Make key' }));
    await tabTo(page, page.getByLabel('Name'));
    await page.keyboard.type('browser test');
    await press(page, page.getByLabel('webhooks:write'), 'Space');
    await press(page, page.getByRole('radio', { name: 'Never' }), 'ArrowDown');
    assert.ok(await page.getByRole('radio', { name: 'In 30 days' }).isChecked());
    await press(page, page.getByRole('button', { name: 'Make key' }));
    await page.getByRole('heading', { name: 'The key is made' }).waitFor();
    key = await page.locator('.secret code').textContent();
    assert.match(key, /^sk_test_lk_/);
    assert.ok(!page.url().includes(key));
    await page.locator('.secret .copy-button').waitFor();
    assert.deepEqual(await violations(page), []);
    await press(page, page.getByRole('link', { name: 'Go to the key' }));
    await page.getByRole('heading', { name: 'browser test' }).waitFor();
    assert.ok(!(await page.content()).includes(key));
    // The address that the form was sent to is the empty form again.
    await page.goto(`${home}/keys/new`);
    assert.ok(!(await page.content()).includes(key));
    assert.deepEqual(context.problems.filter((text) => !/40[05]|422|ERR_CACHE_MISS/.test(text)), []);
  });

  test('its request stands in the log, and on the page of the connection', async () => {
    const answer = await latchkey.api('/v1/passthrough/me?fields=canary', { key, connection: connection.key });
    assert.equal(answer.status, 200);
    const missed = await latchkey.api('/v1/passthrough/nothing', { key, connection: connection.key });
    assert.equal(missed.status, 404);
    const { context, page } = await signedIn();
    await until(async () => {
      await page.goto(`${home}/requests?kind=passthrough`);
      return (await page.locator('.cell-link').count()) >= 2;
    }, 'both lines');
    await press(page, page.getByLabel('Status'), '4');
    await press(page, page.getByRole('button', { name: 'Search' }));
    await page.waitForURL(/status=4xx/);
    assert.equal(await page.locator('.cell-link').count(), 1);
    await press(page, page.getByRole('link', { name: 'Take away the filter Status: 4xx' }));
    await press(page, page.locator('.cell-link', { hasText: '/me' }));
    await page.getByRole('heading', { name: 'GET /me' }).waitFor();
    assert.ok(!(await page.content()).includes('canary'));
    await press(page, page.getByRole('link', { name: connection.key }));
    await page.getByRole('heading', { name: 'Recent requests' }).waitFor();
    assert.equal(await page.locator('.requests .cell-link').count(), 2);
    await page.goto(`${home}/keys`);
    await press(page, page.getByRole('link', { name: 'browser test' }));
    await press(page, page.getByRole('link', { name: 'its requests' }));
    await page.waitForURL(/requests\?key=/);
    assert.equal(await page.locator('.cell-link').count(), 2);
    assert.deepEqual(context.problems, []);
  });

  test('a webhook is made by keyboard, tested, and delivers', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/webhooks`);
    await press(page, page.getByRole('link', { name: 'Make the first webhook' }));
    await tabTo(page, page.getByLabel('Address'));
    await page.keyboard.type('https://10.0.0.1/hooks');
    await press(page, page.getByRole('button', { name: 'Make webhook' }));
    await page.getByText('Nothing can be delivered to this address').waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-webhook-refused');
    await page.getByLabel('Address').fill(hook);
    await page.getByLabel('Only these').check();
    await page.locator('summary', { hasText: 'Connections' }).click();
    await page.getByLabel('connection.created', { exact: true }).check();
    await picture(page, 'console-webhook-events');
    await page.getByRole('button', { name: 'Make webhook' }).click();
    await page.getByRole('heading', { name: 'The webhook is made' }).waitFor();
    const secret = await page.locator('.secret code').textContent();
    assert.match(secret, /^whsec_/);
    await press(page, page.getByRole('link', { name: 'Go to the webhook' }));
    await press(page, page.getByRole('button', { name: 'Send test' }));
    await page.getByText('The test did not arrive.').waitFor();
    await picture(page, 'console-delivery-failed');
    // What came back, its beginning only.
    const answer = await page.locator('.answer').innerText();
    assert.match(answer, /^we are down xxx/);
    assert.ok(answer.length <= 1024, `${answer.length} characters`);
    await page.getByText('The first kilobyte.').waitFor();
    // The copied bytes are those that were signed: what the page says of verifying them holds.
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await press(page, page.getByRole('button', { name: 'Copy body' }));
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, received[0].body);
    await page.getByText(`Exactly the ${Buffer.byteLength(copied)} bytes that were sent.`).waitFor();
    await page.locator('summary', { hasText: 'How to verify it' }).click();
    const before = (await page.locator('.call pre', { hasText: 'openssl dgst' }).innerText()).match(/printf %s '(.*)'; cat/)[1];
    const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'));
    assert.equal(`v1,${hmac.update(before + copied).digest('base64')}`, received[0].headers['webhook-signature']);
    const shown = await page.content();
    assert.ok(!shown.includes(received[0].headers['webhook-signature'].slice(3)), 'no signature');
    assert.ok(!shown.includes(secret.slice(6)), 'no secret');
    await press(page, page.getByRole('link', { name: hook }));
    await page.getByRole('heading', { name: hook }).waitFor();
    await press(page, page.getByRole('button', { name: 'Send test' }));
    await page.getByText('Your endpoint took the test and answered 204.').waitFor();
    assert.equal(received.length, 2);
    assert.equal(JSON.parse(received[1].body).type, 'webhook.test');
    await press(page, page.getByRole('button', { name: 'Deliver again' }));
    await page.getByText('It goes out once more.').waitFor();
    await until(() => received.length === 3, 'the third delivery');
    assert.equal(received[2].headers['webhook-id'], received[1].headers['webhook-id']);
    await connect();
    await until(() => received.some(({ body }) => JSON.parse(body).type === 'connection.created'), 'the event');
    assert.deepEqual(context.problems.filter((text) => !/400/.test(text)), []);
  });

  test('the snippet of the embed page opens the modal', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/embed`);
    const snippet = await page.locator('.tab code').first().textContent();
    assert.ok(snippet.includes(latchkey.publishable_id) && snippet.includes('/embed/v1.mjs'));
    // One way of each part is open at a time.
    await page.locator('summary', { hasText: 'React' }).click();
    assert.equal(await page.locator('details[name="your page"][open]').count(), 1);
    await page.getByText('With the package @latchkey/embed.').waitFor();
    await page.getByRole('heading', { name: 'If your page is in a frame' }).waitFor();
    assert.match(await page.locator('details[name="a frame"] code').innerText(), /allow-popups allow-popups-to-escape-sandbox/);
    assert.deepEqual(context.problems, []);
  });

  test('a page in a frame works as the embed page writes it; without its popups the window stays shut', async () => {
    const { context: operator, page: embed } = await signedIn();
    await embed.goto(`${home}/embed`);
    const snippet = await embed.locator('details[name="your page"] code').first().textContent();
    const written = await embed.locator('details[name="a frame"] code').textContent();
    await operator.close();
    const around = written.replace('https://YOUR-PAGE/', '/page').replace('<iframe', '<iframe style="inline-size: 800px; block-size: 660px"');
    const pages = { '/page': snippet, '/open': around, '/shut': around.replaceAll(/allow-popups\S*(?=["\s])/g, '') };
    const site = await listen(async (request, response) => {
      if (request.url.startsWith('/latchkey-token')) {
        const { body } = await latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-framed', identityType: 'user' } });
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      } else {
        response.writeHead(pages[request.url] ? 200 : 404, { 'content-type': 'text/html' }).end(`<!doctype html><title>Shop</title>${pages[request.url] ?? ''}`);
      }
    });
    try {
      const context = await chromium.context();
      const name = await latchkey.nameOf('sandbox');
      for (const address of ['/shut', '/open']) {
        const page = await context.newPage();
        await page.goto(site.origin + address);
        const inner = page.frameLocator('iframe');
        await inner.getByRole('button', { name: 'Connect' }).click();
        const widget = modal(page, inner.frameLocator('iframe'));
        if (address === '/shut') {
          await widget.pick(name);
          await widget.connect(name).click();
          await widget.title('The browser kept the window shut').waitFor();
        } else {
          const popup = await widget.openPopup(name);
          await consent(popup).allow.click();
          await widget.success(name).waitFor();
        }
        await page.close();
      }
    } finally {
      await site.stop();
    }
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide, no policy is broken: ${look}`, async () => {
      const { context, page } = await signedIn(options);
      const first = async (list) => {
        await page.goto(`${home}/${list}`);
        return page.locator('.cell-link').first().getAttribute('href');
      };
      const at = async (list) => latchkey.url + (await first(list));
      const endpoint = await at('webhooks');
      const delivery = latchkey.url + (await page.goto(endpoint).then(() => page.locator('.deliveries .cell-link').first().getAttribute('href')));
      for (const [title, address] of [
        ['keys', `${home}/keys`],
        ['keys-live', `${latchkey.url}/console/${latchkey.project_id}/live/keys`],
        ['key-new', `${home}/keys/new`],
        ['key', await at('keys')],
        ['webhooks', `${home}/webhooks`],
        ['webhooks-live', `${latchkey.url}/console/${latchkey.project_id}/live/webhooks`],
        ['webhook', endpoint],
        ['webhook-edit', `${endpoint}/edit`],
        ['delivery', delivery],
        ['requests', `${home}/requests`],
        ['requests-none', `${home}/requests?correlation=nothing&status=5xx`],
        ['requests-live', `${latchkey.url}/console/${latchkey.project_id}/live/requests`],
        ['request', await at('requests?kind=passthrough')],
        ['embed', `${home}/embed`],
        ['connection-requests', `${home}/connections/${connection.id}`],
      ]) {
        await page.goto(address);
        for (const summary of await page.locator('.danger > summary, .call > summary').all()) await summary.click();
        await expectSound(page, title);
        await page.goto(address);
        await picture(page, `console-${title}-${look}`);
      }
      assert.deepEqual(context.problems, []);
    });
  }
});
