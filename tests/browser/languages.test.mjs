// Which language it is: the embedding page's choice, else the browser's, else English; and that every one of them comes to
// the screen with the plurals, numbers and times of that language.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { modal } from './support/modal.mjs';
import { startSuite } from './support/suite.mjs';
import { LANGUAGES, directionOf, textsOf } from './support/texts.mjs';

const WEBSITE = `<!doctype html><html lang="en"><title>Shop</title><button id="open">Connect</button><script type="module">
  import { open } from 'EMBED';
  const begin = () => open({ project: 'PROJECT', locale: LOCALE, tokenUrl: '/token' });
  document.getElementById('open').addEventListener('click', begin);
</script></html>`;

describe('languages', () => {
  let suite;
  before(async () => {
    suite = await startSuite('languages', { windowless: true });
  });
  after(() => suite?.stop());

  /** The modal as our own embed script opens it, where the customer's page says the language. */
  async function openChosen(context, locale) {
    const { latchkey, host } = suite;
    host.behaviour.page = WEBSITE.replace('EMBED', `${latchkey.url}/embed/v1.mjs`).replace('PROJECT', latchkey.publishable_id).replace('LOCALE', JSON.stringify(locale));
    const page = await context.newPage();
    await page.goto(host.page());
    await page.locator('#open').click();
    return page;
  }
  const frameOf = async (page, selector) => (await page.locator(selector).elementHandle()).contentFrame();
  const root = (frame) => frame.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);

  for (const language of LANGUAGES) {
    test(`the browser's language: ${language}`, async () => {
      const say = textsOf(language);
      const context = await suite.chromium.context({ locale: language });
      const page = await context.newPage();
      await page.goto(suite.host.shop('@picahq/authkit', { companyName: 'Shop' }));
      await page.getByRole('button', { name: 'Connect' }).click();
      const at = modal(page, undefined, say);
      await at.row(suite.names.oidc).waitFor();
      assert.deepEqual(await root(await frameOf(page, '#event-link')), [language, directionOf(language)]);
      assert.equal(await at.dialog.getAttribute('lang'), language);
      assert.equal(await at.frame.getByRole('heading').innerText(), say('pick-title'));
      await at.search.fill(suite.names.testKey);
      const found = await at.frame.getByRole('status').innerText();
      assert.equal(found.trim(), say('pick-results', { count: 1 }), 'a plural');
      await at.search.fill('zzzz');
      assert.equal(await at.frame.getByText(say('pick-none', { query: 'zzzz' })).count(), 1, 'a variable');
      // The customer's page has no icon; the first visit of a browser asks for it.
      assert.deepEqual(context.problems.filter((problem) => !problem.includes('404')), []);
    });
  }

  test('a language that there is not is English', async () => {
    const context = await suite.chromium.context({ locale: 'cy' });
    const page = await context.newPage();
    await page.goto(suite.host.shop());
    await page.getByRole('button', { name: 'Connect' }).click();
    await modal(page).row(suite.names.oidc).waitFor();
    assert.deepEqual(await root(await frameOf(page, '#event-link')), ['en', 'ltr']);
  });

  test("the embedding page's choice goes before the browser's, also in the window of the sign-in", async () => {
    const say = textsOf('de');
    const context = await suite.chromium.context({ locale: 'fr' });
    const page = await openChosen(context, 'de-AT');
    const at = modal(page, page.frameLocator('iframe'), say);
    await at.row(suite.names.oidc).waitFor();
    assert.deepEqual(await root(await frameOf(page, 'iframe')), ['de', 'ltr']);
    await at.pick(suite.names.oidc);
    const [popup] = await Promise.all([context.waitForEvent('page'), at.connect(suite.names.oidc).click()]);
    await popup.getByRole('button', { name: /^Deny/ }).waitFor();
    // The way back has an address that others write; its pages are in the same language all the same.
    const later = await context.newPage();
    await later.goto(`${suite.latchkey.url}/connect/done`);
    assert.equal(await later.getByRole('heading').innerText(), say('page-done-neutral-title'));
    await popup.close();
    // A sign-in without a choice leaves none behind.
    await later.goto(`${suite.latchkey.url}/connect/start`);
    await later.goto(`${suite.latchkey.url}/connect/done`);
    assert.equal(await later.getByRole('heading').innerText(), textsOf('fr')('page-done-neutral-title'));
  });

  test('a choice that is no language is as none', async () => {
    const context = await suite.chromium.context({ locale: 'it' });
    const page = await openChosen(context, '"><script>');
    await modal(page, page.frameLocator('iframe'), textsOf('it')).row(suite.names.oidc).waitFor();
    assert.deepEqual(await root(await frameOf(page, 'iframe')), ['it', 'ltr']);
  });
});
