// Those who connect, as an operator looks after them: why a connection stopped, in under five clicks; identities, attempts,
// links, embedders and many connections at once; by keyboard, in each role; axe-core in light, dark and on a phone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { picture, startBrowser } from './support/browser.mjs';
import { LOOKS, connect, expectSound, press, signIn, violations } from './support/console.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { until } from './support/net.mjs';
import { sql } from './support/rows.mjs';

const CUSTOMER = 'Anneliese Example GmbH';
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitänswitwenrente '.repeat(6).slice(0, 300);

describe('the console: those who connect', () => {
  let latchkey;
  let chromium;
  let cookies;
  let home;
  before(async () => {
    latchkey = await startLatchkey({ name: 'console-people' });
    chromium = await startBrowser({ windowless: true });
    home = `${latchkey.url}/console/${latchkey.project_id}/test`;
    cookies = await signIn(chromium, latchkey);
  });
  after(async () => {
    await chromium?.stop();
    await latchkey?.stop();
  });

  async function signedIn(options = {}) {
    const context = await chromium.context(options);
    await context.addCookies(cookies);
    return { context, page: await context.newPage() };
  }

  async function as(role) {
    await sql(latchkey, `update operator_roles set role = '${role}', project_id = ${role === 'owner' ? 'null' : `'${latchkey.project_id}'`}`);
  }

  test('with a customer\'s name alone, the cause of a failed refresh is found in under five clicks', async () => {
    await connect(chromium, latchkey);
    await sql(latchkey, `update connections set label = '${CUSTOMER}'`);
    const { body } = await latchkey.api('/v1/vault/connections');
    await latchkey.api('/v1/sandbox/faults', { method: 'PUT', body: { fault: 'refresh_refused' } });
    let state;
    for (let turn = 0; turn < 60 && state !== 'failed'; turn += 1) {
      // The first refusal is asked once more after a while: that while is over.
      await sql(latchkey, `update credentials set refreshed_at = null, refresh_at = latchkey_now() where lease_owner is null; delete from on_demand_calls`);
      await latchkey.api(`/v1/vault/connections/${body.rows[0].id}/refresh`, { method: 'POST' });
      state = await sql(latchkey, 'select state from connections');
      if (state !== 'failed') await new Promise((done) => setTimeout(done, 1000));
    }
    assert.equal(state, 'failed');
    await latchkey.api('/v1/sandbox/faults', { method: 'DELETE' });
    const { context, page } = await signedIn();
    let clicks = 0;
    const click = async (locator) => {
      clicks += 1;
      await locator.click();
    };
    await page.goto(`${latchkey.url}/console`);
    await click(page.getByRole('link', { name: 'Connections', exact: true }));
    await page.getByRole('main').getByRole('searchbox').fill(CUSTOMER.slice(0, 12).toLowerCase());
    await click(page.getByRole('button', { name: 'Search' }));
    await click(page.locator('.cell-link').first());
    await page.getByText('This connection cannot be used').waitFor();
    const said = await page.locator('main').innerText();
    assert.match(said, /no longer accepts this connection/);
    assert.match(said, /(It|The service) said: “[^”]+”/, 'the service\'s own words are quoted');
    assert.match(said, /Its person can mend it: make a reconnect link/);
    assert.ok(clicks < 5, `${clicks} clicks`);
    await picture(page, 'console-people-why');
    // And it is mended from here.
    await press(page, page.getByRole('button', { name: 'Make reconnect link' }));
    await page.getByText('It is shown this once').waitFor();
    assert.match(await page.locator('.made code').innerText(), /\/connect\/link\//);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(context.problems, []);
  });

  test('an attempt that was refused is found by the reference of its screen', async () => {
    const page = await (await chromium.context()).newPage();
    await page.goto(latchkey.demo_url);
    await sql(latchkey, `update connect_sessions set revoked_at = null`);
    const session = await latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-typo' } });
    const token = session.body.requestId;
    const answer = await fetch(`${latchkey.url}/connect/api/flows`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', origin: latchkey.origin, 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ integration: 'nosuch', auth: null, values: {}, name: null, mode: 'popup', ticket: 'A'.repeat(43), proof: null, embedder: latchkey.url }),
    });
    const told = await answer.json();
    await page.context().close();
    assert.ok(told.correlationId, JSON.stringify(told));
    await until(async () => (await sql(latchkey, `select count(*) from connect_problems where lower(reference) = lower('${told.correlationId}')`)) !== '0', 'the note of the refusal');
    const { page: console_ } = await signedIn();
    await console_.goto(`${home}/sessions`);
    await console_.getByLabel('Reference that somebody quotes').fill(told.correlationId.toUpperCase());
    await press(console_, console_.getByRole('button', { name: 'Find attempt' }));
    await console_.getByRole('heading', { name: 'Attempt of u-typo' }).waitFor();
    await console_.getByText(told.correlationId).first().waitFor();
    assert.deepEqual(await violations(console_), []);
    await picture(console_, 'console-people-session');
  });

  test('links and embedders by keyboard', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/links`);
    const make = page.locator('.make > summary');
    if (!(await page.getByLabel('Their name').isVisible())) await press(page, make);
    await page.getByLabel('Their name').fill('Ann');
    await press(page, page.getByRole('button', { name: 'Make link', exact: true }));
    await page.getByText('Write your id of the person.').waitFor();
    assert.equal(await page.getByLabel('Their name').inputValue(), 'Ann', 'nothing is lost');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-people-link-wrong');
    await page.getByLabel('Identity', { exact: true }).fill('u-linked');
    await page.getByLabel('Who finished is confirmed by').selectOption('off');
    await press(page, page.getByRole('button', { name: 'Make link', exact: true }));
    await page.getByText('The link was made.').waitFor();
    await picture(page, 'console-people-link-made');
    await press(page, page.getByRole('button', { name: 'Revoke the link for u-linked' }));
    await page.getByText('The link was taken back.').waitFor();

    await sql(latchkey, `insert into refused_embedders (project_id, origin, times) values ('${latchkey.project_id}', 'https://new.example.test', 3), ('${latchkey.project_id}', 'https://${'sub.'.repeat(50)}example.test', 1)`);
    await page.goto(`${home}/embedders`);
    await press(page, page.getByRole('button', { name: 'Allow https://new.example.test' }));
    await page.getByText('The page may embed the modal from now on.').waitFor();
    await page.getByLabel('Origin to allow').fill('http://plain.test');
    await page.keyboard.press('Enter');
    await page.getByText('use https').waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(context.problems.filter((text) => !/400|422/.test(text)), []);
  });

  test('many at once: ticked by one box, tagged, linked, and deleted after a question', async () => {
    await sql(latchkey, `insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, label, account_name, state, state_message)
      select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n, 'bulk-' || n, 'Customer ' || n, 'person' || n || '@example.com',
             (array['operational', 'degraded', 'failed', 'unknown'])[1 + n % 4], 'Words about it.'
      from (select * from connections where deleted_at is null limit 1) c, generate_series(1, 6) n`);
    const { context, page } = await signedIn();
    await page.goto(`${home}/connections?q=bulk-`);
    await press(page, page.getByRole('checkbox', { name: 'All on this page' }), 'Space');
    await page.getByLabel('Tag to add or remove').fill('vip');
    await press(page, page.getByRole('button', { name: 'Add tag' }));
    await page.getByText('The tag was added to 6 connections.').waitFor();
    await sql(latchkey, `insert into credentials (connection_id, project_id, environment, sealed, app_id) select c.id, c.project_id, c.environment, k.sealed, c.app_id
      from connections c, (select sealed from credentials limit 1) k where c.identity in ('bulk-3', 'bulk-5')`);
    await page.getByRole('checkbox', { name: 'Choose person3@example.com' }).check();
    await page.getByRole('checkbox', { name: 'Choose person5@example.com' }).check();
    await page.getByRole('checkbox', { name: 'Choose person6@example.com' }).check();
    await page.getByRole('button', { name: 'Make reconnect links' }).click();
    await page.getByText('2 links were made.').waitFor();
    assert.match(await page.locator('textarea').inputValue(), /bulk-5,.*\/connect\/link\//);
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-people-reconnect-links');
    await page.goto(`${home}/connections?q=bulk-`);
    await page.getByRole('checkbox', { name: 'Choose person1@example.com' }).check();
    await page.getByRole('checkbox', { name: 'Choose person2@example.com' }).check();
    await page.getByRole('button', { name: 'Delete connections' }).click();
    await page.getByRole('heading', { name: 'Delete 2 connections' }).waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-people-sure');
    await page.getByRole('button', { name: 'Delete 2 connections for good' }).click();
    await page.getByText('Deleted: 2 connections.').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download as CSV' }).click()]);
    assert.equal(file.suggestedFilename(), 'connections-test.csv');
    assert.deepEqual(context.problems, []);
  });

  test('each role sees what it may do', async () => {
    const { page } = await signedIn();
    try {
      await as('viewer');
      await page.goto(`${home}/connections`);
      assert.equal(await page.getByRole('checkbox').count(), 0);
      await page.goto(`${home}/links`);
      assert.equal(await page.locator('.make').count(), 0);
      await page.goto(`${home}/embedders`);
      await page.getByText('takes the role admin').waitFor();
      await picture(page, 'console-people-embedders-viewer');
      await as('support');
      await page.goto(`${home}/identities/of?id=bulk-3`);
      await page.getByRole('button', { name: 'Make manage link' }).waitFor();
      assert.equal(await page.getByText('Erase identity').count(), 0);
    } finally {
      await as('owner');
    }
  });

  test('an identity is erased after its name was typed', async () => {
    const { context, page } = await signedIn();
    await page.goto(`${home}/identities`);
    await page.getByRole('main').getByRole('searchbox').fill('bulk-4');
    await page.keyboard.press('Enter');
    await press(page, page.locator('.cell-link'));
    await page.getByRole('heading', { name: 'bulk-4' }).waitFor();
    await press(page, page.getByText('Erase identity'));
    await page.getByLabel('Type bulk-4 to go on').fill('bulk-');
    await page.keyboard.press('Enter');
    await page.getByText('This is not the identity.').waitFor();
    assert.deepEqual(await violations(page), []);
    await picture(page, 'console-people-erase');
    await page.getByLabel('Type bulk-4 to go on').fill('bulk-4');
    await page.keyboard.press('Enter');
    await page.getByText('The identity was erased.').waitFor();
    assert.doesNotMatch(await latchkey.dump(), /bulk-4|person4@/);
    assert.deepEqual(context.problems.filter((text) => !/400/.test(text)), []);
  });

  for (const { look, options } of LOOKS) {
    test(`axe finds nothing, nothing is too wide, also with long names: ${look}`, async () => {
      await sql(latchkey, `update connections set label = '${LONG}', account_name = '${LONG}', tags = array['vip', '${'t'.repeat(64)}'], state_message = '${LONG}' where identity = 'bulk-3';
        update connect_sessions set label = '${LONG}', identity = '${'i'.repeat(128)}' where identity = 'u-typo';
        update connect_links set label = '${LONG.slice(0, 128)}', inviter = '${LONG.slice(0, 80)}'`);
      const { context, page } = await signedIn(options);
      const long = await sql(latchkey, `select id from connections where identity = 'bulk-3'`);
      const session = await sql(latchkey, `select s.id from connect_sessions s join connect_problems p on p.session_id = s.id limit 1`);
      const link = await sql(latchkey, `select id from connect_links order by id desc limit 1`);
      for (const [title, address] of [
        ['connections', `${home}/connections`],
        ['connections-filtered', `${home}/connections?tag=vip&used=never&active=on`],
        ['no-connection', `${home}/connections?tag=nobody`],
        ['connection-long', `${home}/connections/${long}`],
        ['identities', `${home}/identities`],
        ['identities-none', `${home}/identities?q=nobody`],
        ['identity', `${home}/identities/of?id=bulk-3`],
        ['sessions', `${home}/sessions`],
        ['sessions-none', `${home}/sessions?outcome=cancelled&identity=nobody`],
        ['session-long', `${home}/sessions/${session}`],
        ['links', `${home}/links`],
        ['link', `${home}/links/${link}`],
        ['embedders', `${home}/embedders`],
        ['live-identities', `${latchkey.url}/console/${latchkey.project_id}/live/identities`],
        ['live-sessions', `${latchkey.url}/console/${latchkey.project_id}/live/sessions`],
        ['live-links', `${latchkey.url}/console/${latchkey.project_id}/live/links`],
      ]) {
        await page.goto(address);
        await expectSound(page, title);
        await picture(page, `console-people-${title}-${look}`);
      }
      assert.deepEqual(context.problems, []);
    });
  }
});
