// The team as an owner uses it: invite a colleague as support, copy the link, join in another browser and see no audit log;
// find a line of the audit log; make a project. axe-core on each page, light, dark and on a phone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, expectSound, press, signIn, tabTo, violations } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';

const PASSWORD = 'velvet harbour 93 tulip';

describe('the team', () => {
  let latchkey;
  let chromium;
  let home;
  let owner;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console-team' });
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

  let support;
  let supportEmail;

  test('a colleague is invited by keyboard, joins in another browser, and sees no audit log', async () => {
    const { context, page } = await as(owner);
    await page.goto(`${home}/team`);
    await press(page, page.getByRole('link', { name: 'Invite somebody' }));
    await tabTo(page, page.getByLabel('Email address'));
    await page.keyboard.type('cleo');
    await page.keyboard.press('Enter');
    await page.getByText('This is no email address').waitFor();
    assert.equal(await page.getByLabel('Email address').inputValue(), 'cleo');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-team-refused');
    supportEmail = 'cleo.with.a.rather.long.name@subsidiary.example.com';
    await page.getByLabel('Email address').fill(supportEmail);
    await page.getByLabel('Role', { exact: true }).selectOption('support');
    await press(page, page.getByRole('button', { name: 'Make invitation' }));
    await page.getByRole('heading', { name: 'The link, shown this one time' }).waitFor();
    const link = await page.locator('[data-copy*="/console/invitation#"]').getAttribute('data-copy');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-team-link');

    const other = await chromium.context();
    const join = await other.newPage();
    await join.goto(link);
    await join.getByRole('heading', { name: /^Join / }).waitFor();
    assert.equal(new URL(join.url()).hash, '');
    assert.deepEqual(await violations(join), []);
    await picture(join, 'console-team-invitation');
    await join.getByLabel('New password').fill('short');
    await join.keyboard.press('Enter');
    await join.getByText('The password is too short').waitFor();
    await join.getByLabel('Your name').fill('Cleo');
    await join.getByLabel('New password').fill(PASSWORD);
    await join.keyboard.press('Enter');
    await join.getByRole('heading', { name: 'Home' }).waitFor();
    support = await other.cookies();
    assert.equal(await join.getByRole('link', { name: 'Audit log' }).count(), 0);
    await join.getByRole('link', { name: 'Team' }).click();
    await join.getByText('takes the role admin').waitFor();
    assert.equal(await join.getByRole('button', { name: 'Make invitation' }).count(), 0);
    await picture(join, 'console-team-support');
    await join.goto(`${home}/audit`);
    await join.getByText('You are support here').waitFor();
    const late = await chromium.context();
    const closed = await late.newPage();
    await closed.goto(link);
    await closed.getByRole('heading', { name: 'This invitation opens nothing' }).waitFor();
    assert.deepEqual(await violations(closed), []);
    // What is refused is answered with an error, which the browser's console mentions.
    assert.deepEqual(other.problems.filter((text) => !/40[0-9]|422/.test(text)), []);
    assert.deepEqual(context.problems.filter((text) => !/422/.test(text)), []);
  });

  test('who has an account signs in on the way, and joins', async () => {
    const { page } = await as(owner);
    await page.goto(`${home}/team`);
    // To all projects: another place than the role that is there.
    await page.getByLabel('Email address').fill(supportEmail);
    await page.getByLabel('Where').selectOption('everywhere');
    await page.getByRole('button', { name: 'Make invitation' }).click();
    const link = await page.locator('[data-copy*="/console/invitation#"]').getAttribute('data-copy');
    const context = await chromium.context();
    const join = await context.newPage();
    await join.goto(link);
    await join.getByRole('link', { name: 'Sign in to join' }).click();
    await join.getByLabel('Email address').fill(supportEmail);
    await join.getByLabel('Password').fill(PASSWORD);
    await join.keyboard.press('Enter');
    await join.getByText('Your role will be viewer').waitFor();
    await picture(join, 'console-team-join');
    await join.getByRole('button', { name: 'Join' }).click();
    await join.waitForURL(/\/console\/[^/]+\/test$/);
    assert.deepEqual(context.problems, []);
  });

  test('a role is changed, a person is switched off and on; the log tells it, and is narrowed', async () => {
    const { context, page } = await as(owner);
    await page.goto(`${home}/team`);
    await press(page, page.getByRole('link', { name: 'Cleo' }));
    await page.getByRole('heading', { name: 'Cleo' }).waitFor();
    await page.getByLabel('Role in this project').selectOption('developer');
    await press(page, page.getByRole('button', { name: 'Change role', exact: true }));
    await page.getByText('The role was changed').waitFor();
    await page.getByText('Switch off', { exact: true }).click();
    await picture(page, 'console-team-member-danger');
    await page.getByRole('button', { name: 'Switch them off' }).click();
    await page.getByText('signed out everywhere').first().waitFor();
    const { page: gone } = await as(support);
    await gone.goto(`${home}/team`);
    await gone.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('may sign in again.', { exact: false }).first().waitFor();

    await page.goto(`${home}/audit`);
    await page.getByText("Changed somebody's role").first().waitFor();
    await tabTo(page, page.getByLabel('Action begins with'));
    await page.keyboard.type('operator.inv');
    await page.keyboard.press('Enter');
    await page.waitForURL(/action=operator\.inv/);
    assert.equal(await page.locator('.log-line').count(), 1);
    await page.getByRole('link', { name: 'Take away the filter Action' }).click();
    await page.getByText("Changed somebody's role").first().waitFor();
    await page.getByText('Export', { exact: true }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    assert.match((await downloading).suggestedFilename(), /^audit-\d{4}-\d\d-\d\d\.csv$/);
    assert.deepEqual(context.problems, []);
  });

  test('a project is made, an origin added; of two who edit, the second is told', async () => {
    const { context, page } = await as(owner);
    await page.goto(`${home}/projects`);
    await tabTo(page, page.getByLabel('Name'));
    await page.keyboard.type('Second product');
    await page.keyboard.press('Enter');
    await page.getByText('The project was made').waitFor();
    await page.getByLabel('Origin').fill('app.example.com');
    await page.getByRole('button', { name: 'Add origin' }).click();
    await page.getByText('is not an origin that may embed').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByLabel('Origin').fill('https://app.example.com');
    await page.getByRole('button', { name: 'Add origin' }).click();
    await page.getByText('Pages of this origin may embed the modal now').waitFor();
    const days = page.getByLabel('Events and timelines, in days');
    await days.fill('99');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByText('Give a whole number of days from 4 to 30').waitFor();
    assert.equal(await days.inputValue(), '99');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-projects-days');
    await days.fill('7');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByText('The settings were saved').waitFor();
    assert.equal(await days.inputValue(), '7');
    const { page: second } = await as(owner);
    await second.goto(page.url());
    await page.getByLabel('Name').fill('Second product of Ann');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByText('The settings were saved').waitFor();
    await second.getByLabel('Name').fill('Second product of Bob');
    await second.getByRole('button', { name: 'Save settings' }).click();
    await second.getByText('Somebody changed these settings').waitFor();
    await second.getByText('Second product of Ann').first().waitFor();
    assert.equal(await second.getByLabel('Name').inputValue(), 'Second product of Bob');
    assert.deepEqual(await violations(second), []);
    await picture(second, 'console-projects-conflict');
    assert.deepEqual(context.problems.filter((text) => !/422/.test(text)), []);
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide, no policy is broken: ${look}`, async () => {
      const { context, page } = await as(owner, options);
      await page.goto(`${home}/team`);
      const member = await page.getByRole('link', { name: 'Cleo' }).getAttribute('href');
      for (const [title, address] of [
        ['team', `${home}/team`],
        ['team-roles', `${home}/team/roles`],
        ['team-member', `${latchkey.url}${member}`],
        ['audit', `${home}/audit`],
        ['audit-narrowed', `${home}/audit?action=operator.&from=2020-01-01`],
        ['audit-nothing', `${home}/audit?actor=nobody`],
        ['audit-server', `${home}/audit?of=server`],
        ['projects', `${home}/projects`],
        ['projects-settings', `${home}/projects/settings`],
        ['team-invitation-over', `${latchkey.url}/console/invitation`],
      ]) {
        await page.goto(address);
        await expectSound(page, title);
        await picture(page, `console-${title}-${look}`);
      }
      await page.goto(`${home}/audit`);
      await page.getByText('Export', { exact: true }).click();
      await page.locator('.log-line details summary').first().click();
      await expectSound(page, 'audit, opened');
      await picture(page, `console-audit-opened-${look}`);
      assert.deepEqual(context.problems, []);
    });
  }
});
