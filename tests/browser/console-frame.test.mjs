// What stands around every page of the console: the first steps, the search from the keyboard, the navigation on a phone, a
// refusal that says who can help; and the end of a project. axe-core on each, light, dark and on a phone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, connect, expectSound, press, signIn, tabTo, violations } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';

const PASSWORD = 'velvet harbour 93 tulip';

describe('the frame of the console', () => {
  let latchkey;
  let chromium;
  let home;
  let owner;
  let viewer;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console-frame' });
    chromium = await startBrowser({ windowless: true });
    home = `${latchkey.url}/console/${latchkey.project_id}/test`;
    owner = await signIn(chromium, latchkey);
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  async function as(cookies, options = {}) {
    const context = await chromium.context(options);
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  for (const { look, options } of LOOKS) {
    test(`the first steps: ${look}`, async () => {
      const { context, page } = await as(owner, options);
      await page.goto(`${latchkey.url}/console/${latchkey.project_id}/live`);
      await page.getByRole('heading', { name: 'First steps in live' }).waitFor();
      assert.equal(await page.getByText('To do:').count(), 5 - (await page.getByText('Done:').count()));
      await expectSound(page, 'first steps');
      await picture(page, `console-first-steps-${look}`);
      assert.deepEqual(context.problems, []);
    });
  }

  test('a step leads to where it is done, and is ticked then', async () => {
    const { page } = await as(owner);
    await page.goto(home);
    const colleague = page.locator('.steps li', { hasText: 'Invite a colleague' });
    await colleague.getByText('To do:').waitFor();
    await press(page, colleague.getByRole('link'));
    await page.getByRole('heading', { name: 'Team' }).waitFor();
    await page.getByLabel('Email address').fill('vera@example.com');
    await page.getByRole('button', { name: 'Make invitation' }).click();
    const link = await page.locator('[data-copy*="/console/invitation#"]').getAttribute('data-copy');
    await page.goto(home);
    await colleague.getByText('Done:').waitFor();
    const other = await chromium.context();
    const join = await other.newPage();
    await join.goto(link);
    await join.getByLabel('New password').fill(PASSWORD);
    await join.keyboard.press('Enter');
    await join.getByRole('heading', { name: 'Home' }).waitFor();
    viewer = await other.cookies();
  });

  test('`/` and Ctrl+K go to the search; it finds, and a whole id leads there', async () => {
    await connect(chromium, latchkey);
    const { context, page } = await as(owner);
    await page.goto(`${home}/team`);
    await page.keyboard.press('/');
    const box = page.getByRole('searchbox', { name: 'Search everything' });
    assert.ok(await box.evaluate((node) => node === document.activeElement));
    await page.keyboard.type('ann');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Search for ann' }).waitFor();
    await expectSound(page, 'results');
    await picture(page, 'console-search-light');
    const found = page.getByRole('region', { name: 'Connections' }).getByRole('link').first();
    const id = (await found.getAttribute('href')).split('/').pop();
    await page.goto(`${home}/sessions`);
    await page.keyboard.press('Control+k');
    await page.keyboard.type(id);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/connections/${id}$`));
    await page.getByText('This connection works.').waitFor();
    // A field keeps its own letters, and a page with a search of its own keeps `/`.
    await page.goto(`${home}/connections`);
    const own = page.getByRole('main').getByRole('searchbox');
    await own.fill('a');
    await own.press('/');
    assert.equal(await own.inputValue(), 'a/');
    await page.goto(`${home}/integrations`);
    await page.keyboard.press('/');
    assert.ok(await page.getByRole('main').getByRole('searchbox').evaluate((node) => node === document.activeElement));
    await page.keyboard.press('Escape');
    await page.goto(`${home}/search?q=zzzz`);
    await page.getByText('Nothing here fits').waitFor();
    await expectSound(page, 'no results');
    assert.deepEqual(context.problems, []);
  });

  test('on a phone one button opens the navigation, Escape closes it, and nothing moves', async () => {
    const phone = LOOKS.find(({ look }) => look === 'phone').options;
    const { context, page } = await as(owner, phone);
    await page.goto(`${home}/connections`);
    const button = page.getByRole('button', { name: 'Menu' });
    const side = page.getByRole('navigation', { name: 'Console' });
    assert.equal(await side.count(), 0, 'it is not there for anybody while it is closed');
    const place = () => page.getByRole('main').evaluate((node) => JSON.stringify(node.getBoundingClientRect()));
    const before = await place();
    await press(page, button);
    await side.getByRole('link', { name: 'Connections' }).waitFor();
    assert.equal(await side.getByRole('link', { name: 'Connections' }).getAttribute('aria-current'), 'page');
    assert.equal(await place(), before);
    await expectSound(page, 'navigation');
    await picture(page, 'console-navigation-phone');
    await page.keyboard.press('Tab');
    assert.ok(await side.evaluate((node) => node.contains(document.activeElement)), 'the next stop is inside');
    await page.keyboard.press('Escape');
    assert.equal(await side.count(), 0);
    assert.ok(await button.evaluate((node) => node === document.activeElement), 'the focus is where it was');
    assert.equal(await place(), before);
    await press(page, button);
    await press(page, side.getByRole('link', { name: 'Sessions' }));
    await page.getByRole('heading', { name: 'Sessions' }).waitFor();
    await page.getByRole('link', { name: 'Search everything' }).click();
    await page.getByRole('searchbox', { name: 'Search everything' }).fill('ann');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Search for ann' }).waitFor();
    await expectSound(page, 'results on a phone');
    await picture(page, 'console-search-phone');
    assert.deepEqual(context.problems, []);
  });

  for (const { look, options } of LOOKS) {
    test(`a refusal keeps the navigation and says who can help: ${look}`, async () => {
      const { page } = await as(viewer, options);
      await page.goto(`${home}/team`);
      await page.goto(`${home}/audit`);
      await page.getByRole('heading', { name: 'You may not do this' }).waitFor();
      await page.getByText('can give you the role admin').waitFor();
      await page.getByText('developer@latchkey.localhost').waitFor();
      await expectSound(page, 'refused');
      await picture(page, `console-refused-${look}`);
      await page.goto(`${home}/connections/nonsense`);
      await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
      await expectSound(page, 'not there');
      await page.getByRole('link', { name: 'Go to the console' }).click();
      await page.getByRole('heading', { name: 'Home' }).waitFor();
    });
  }

  test('a project is deleted: its name is typed, and it is gone at once', async () => {
    const { context, page } = await as(owner);
    await page.goto(`${home}/projects`);
    await page.getByLabel('Name').fill('Doomed');
    await page.keyboard.press('Enter');
    await page.getByText('The project was made').waitFor();
    const settings = page.url();
    await press(page, page.getByRole('link', { name: 'Delete project' }));
    await page.getByRole('heading', { name: 'Delete Doomed' }).waitFor();
    await tabTo(page, page.getByLabel('Type Doomed to go on'));
    await page.keyboard.type('doomed');
    await page.keyboard.press('Enter');
    await page.getByText('This is not the name.').waitFor();
    assert.equal(await page.getByLabel('Type Doomed to go on').inputValue(), 'doomed');
    await expectSound(page, 'delete');
    await picture(page, 'console-project-delete-light');
    await page.getByLabel('Type Doomed to go on').fill('Doomed');
    await press(page, page.getByRole('button', { name: 'Delete project' }));
    await page.getByText('Nothing of it is answered any more').waitFor();
    await page.getByRole('heading', { name: 'Being deleted' }).waitFor();
    await expectSound(page, 'deleted');
    await picture(page, 'console-project-deleted-light');
    await page.goto(settings);
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    await page.goto(`${home}/audit?of=server`);
    await page.getByText('deleted a project').first().waitFor();
    // Half a minute later, when nobody can be writing to it any more, it is gone from the list.
    await page.goto(`${home}/projects`);
    for (let looks = 0; looks < 60 && (await page.getByText('Doomed').count()) > 0; looks += 1) {
      await page.waitForTimeout(1000);
      await page.reload();
    }
    assert.equal(await page.getByText('Doomed').count(), 0);
    assert.deepEqual(context.problems.filter((text) => !/404|422/.test(text)), []);
  });

  for (const { look, options } of LOOKS.filter(({ look }) => look !== 'light')) {
    test(`the page that deletes a project: ${look}`, async () => {
      const { context, page } = await as(owner, options);
      await page.goto(`${home}/projects`);
      await page.getByLabel('Name').fill(`Kept ${look}`);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Delete project' }).click();
      await page.getByRole('heading', { name: `Delete Kept ${look}` }).waitFor();
      await expectSound(page, 'delete');
      await picture(page, `console-project-delete-${look}`);
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(context.problems, []);
    });
  }
});
