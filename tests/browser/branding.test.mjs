// A project with looks of its own, set as an operator and as a customer's backend set them: in the modal, on the pages
// around a sign-in, in another language, on a domain of its own; and no request that leaves for anybody else.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { picture } from './support/browser.mjs';
import { startHost } from './support/host.mjs';
import { consent, modal } from './support/modal.mjs';
import { png } from './support/png.mjs';
import { startSuite } from './support/suite.mjs';
import { textsOf } from './support/texts.mjs';

const FILE = `# As docs/branding.md has it.
name: Acme
accent: { light: "#ffd400", dark: "#ffd400" }
background: { light: "#fffdf5", dark: "#14110a" }
radius: 22
font: 'Georgia, "Noto Serif", serif'
poweredBy: false
privacyUrl: https://acme.example.test/privacy
termsUrl: https://acme.example.test/terms
texts:
  en: { title: Bring your tools, lead: Acme reads them and changes nothing., explain: You can end this at any time., success: Back to work. }
  de: { title: Ihre Werkzeuge }
  ar: { title: أحضر أدواتك }
`;

describe('branding', () => {
  let suite;
  let asked;
  before(async () => {
    suite = await startSuite('branding', { windowless: true });
    const { latchkey } = suite;
    const file = path.join(latchkey.devDir, 'brand.yaml');
    await writeFile(file, FILE);
    const set = await latchkey.cli(['branding', 'set', file]);
    assert.deepEqual(set.adjusted.map(({ field }) => field), ['accent.light'], 'a yellow cannot be seen on near white');
    for (const [variant, ground] of [['light', [255, 255, 255]], ['dark', [20, 17, 10]]]) {
      const logo = path.join(latchkey.devDir, `${variant}.png`);
      await writeFile(logo, png(64, ground, [255, 180, 0]));
      await latchkey.cli(['branding', 'logo', logo, '--variant', variant]);
    }
  });
  after(() => suite?.stop());

  async function open(options = {}, host = suite.host) {
    const context = await suite.chromium.context(options);
    asked = [];
    context.on('request', (request) => asked.push(request.url()));
    const page = await context.newPage();
    await page.goto(host.shop());
    await page.getByRole('button', { name: 'Connect' }).click();
    const at = modal(page, undefined, textsOf(options.locale ?? 'en'));
    await at.screen('pick').waitFor();
    return { context, page, at };
  }
  const look = (at) => at.dialog.evaluate((dialog) => {
    const style = getComputedStyle(dialog);
    return { ground: style.backgroundColor, radius: style.borderStartStartRadius, font: getComputedStyle(document.body).fontFamily, picture: dialog.querySelector('.brand img')?.getAttribute('src') };
  });

  for (const [name, options, ground] of [['light', { colorScheme: 'light' }, 'rgb(255, 253, 245)'], ['dark', { colorScheme: 'dark' }, 'rgb(20, 17, 10)']]) {
    test(`${name}: ground, corners, font, logo, words and links are the project's`, async () => {
      const { context, page, at } = await open(options);
      const seen = await look(at);
      assert.deepEqual([seen.ground, seen.radius], [ground, '22px']);
      assert.match(seen.font, /^Georgia, "Noto Serif", serif$/);
      assert.match(seen.picture, /^\/connect\/brand\/pub_\w+\/logo-[0-9a-f]{32}$/);
      assert.equal(await at.frame.locator('.brand img').evaluate((image) => image.decode().then(() => image.naturalWidth)), 64, 'it is shown');
      await at.title('Bring your tools').waitFor();
      assert.equal(await at.frame.getByText('Acme reads them and changes nothing.').count(), 1);
      assert.equal(await at.frame.getByText('Secured by Latchkey').count(), 0);
      assert.deepEqual(await at.frame.locator('.secured .policy').evaluateAll((links) => links.map((link) => link.href)), ['https://acme.example.test/privacy', 'https://acme.example.test/terms']);
      await at.row(suite.names.oidc).click();
      await at.connect(suite.names.oidc).waitFor();
      assert.equal(await at.frame.getByText('You can end this at any time.').count(), 1);
      assert.equal(await at.frame.locator('.policies .policy:visible').count(), 2);
      assert.equal(await at.frame.locator('.secured .policy:visible').count(), 0);
      await picture(page, `branding-${name}`);
      assert.deepEqual(context.problems.filter((problem) => !problem.includes('404')), []);
    });
  }

  test('words are those of the language that is shown, else English', async () => {
    const { at } = await open({ locale: 'de' });
    await at.title('Ihre Werkzeuge').waitFor();
    assert.equal(await at.frame.getByText('Acme reads them and changes nothing.').count(), 1);
    const arabic = await open({ locale: 'ar' });
    await arabic.at.title('أحضر أدواتك').waitFor();
    const french = await open({ locale: 'fr' });
    await french.at.title('Bring your tools').waitFor();
  });

  test('through a whole sign-in nobody is asked but us, the customer and the service', async () => {
    const { context, at } = await open();
    await at.row(suite.names.oidc).click();
    await at.connect(suite.names.oidc).waitFor();
    const before = [...asked];
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.click();
    await at.screen('success').waitFor();
    assert.equal(await at.frame.getByText('Back to work.').count(), 1);
    const ours = new Set([suite.latchkey.origin, suite.host.origin]);
    assert.deepEqual(before.filter((url) => !url.startsWith('data:') && !ours.has(new URL(url).origin)), []);
    ours.add(new URL(suite.provider.issuer).origin);
    assert.deepEqual(asked.filter((url) => !url.startsWith('data:') && !ours.has(new URL(url).origin)), []);
    assert.ok(asked.some((url) => url.includes('/connect/brand/')), 'the logo was asked of us');
  });

  test('a page around a sign-in has the looks and the icon of the project', async () => {
    const context = await suite.chromium.context();
    await context.addInitScript(() => { window.close = () => {}; });
    const page = await context.newPage();
    await page.goto(suite.host.shop());
    await page.getByRole('button', { name: 'Connect' }).click();
    const at = modal(page);
    await at.row(suite.names.oidc).click();
    if (await at.another.isVisible().catch(() => false)) await at.another.click();
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.click();
    await popup.locator('#done[data-outcome="success"]').waitFor();
    assert.match(await popup.locator('link[rel=icon]').getAttribute('href'), /^\/connect\/brand\//);
    assert.equal(await popup.locator('.card').evaluate((card) => getComputedStyle(card).borderStartStartRadius), '22px');
    assert.equal(await popup.getByText('Back to work.').count(), 1);
    assert.equal(await popup.getByText('Secured by Latchkey').count(), 0);
    await picture(popup, 'branding-done');
  });

  test('on a domain of its own: modal, window, callback and cookie', async () => {
    const { latchkey } = suite;
    const port = new URL(latchkey.origin).port;
    const domain = `http://brand.localhost:${port}`;
    await latchkey.cli(['branding', 'domain', domain]);
    // At most two seconds on every replica.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    // The modal calls the customer's token endpoint from there: that is the origin it has to allow.
    const host = suite.keep(await startHost({ latchkey: latchkey.url, key: latchkey.test_key, widget: domain, baseUrl: `${domain}/embed/${latchkey.publishable_id}` }));
    await latchkey.addOrigin(host.origin);
    const { context, page, at } = await open({}, host);
    assert.ok(page.frames().some((frame) => frame.url().startsWith(domain)), 'the frame is on the domain');
    await at.row(suite.names.oidc).click();
    if (await at.another.isVisible().catch(() => false)) await at.another.click();
    await at.connect(suite.names.oidc).waitFor();
    assert.deepEqual(asked.filter((url) => url.startsWith(latchkey.origin)), [], 'the server\'s own address is not seen');
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await consent(popup).allow.click();
    await at.screen('success').waitFor();
    const cookies = (await context.cookies()).filter(({ name }) => name === 'lk_b');
    assert.deepEqual(cookies.map((cookie) => cookie.domain), ['brand.localhost'], 'host-only, on the domain alone');
    assert.ok(asked.some((url) => url.startsWith(`${domain}/connections/oauth/callback/`)), 'brought to where the cookie lies');
  });
});
