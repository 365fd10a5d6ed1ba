// Every page of the console, with something on it: what the gallery shows, and what the tests of accessibility walk through.

import { connect, signIn } from './console.mjs';
import { startLatchkey } from './latchkey.mjs';
import { sql } from './rows.mjs';

/** A long name, as people have them. */
const LONG = 'Wolfeschlegelsteinhausenbergerdorff & Daughters International Trading Company (Holdings)';

/** A server with something of everything, and a browser's cookies of its owner. */
export async function furnish(chromium, name) {
  // Nobody answers at this issuer: its button is there, and nothing is asked of it but by the checks.
  const issuer = 'http://127.0.0.1:9';
  const latchkey = await startLatchkey({
    name,
    allow: [issuer],
    environment: {
      LATCHKEY_SSO_ISSUER: issuer,
      LATCHKEY_SSO_CLIENT_ID: 'latchkey-console',
      LATCHKEY_SSO_CLIENT_SECRET: 'secret of the furnished server',
      LATCHKEY_SSO_NAME: 'Acme ID',
    },
  });
  const cookies = await signIn(chromium, latchkey);
  for (let number = 0; number < 3; number += 1) await connect(chromium, latchkey);
  // The only project of a server cannot be deleted.
  await latchkey.createProject('Acme notes for teams');
  const { body } = await latchkey.api('/v1/vault/connections');
  const [failed, degraded] = body.rows;
  await sql(latchkey, `update connections set state = 'failed', state_reason = 'grant_refused', label = '${LONG.replaceAll("'", "''")}',
    state_message = 'The service no longer accepts this connection.' where id = '${failed.id}'`);
  await sql(latchkey, `update connections set state = 'degraded', state_reason = 'provider_unavailable', state_message = 'The service did not answer.' where id = '${degraded.id}'`);
  await latchkey.api('/v1/passthrough/me', { connection: body.rows[2].key });
  await latchkey.cli(['links', 'create', '--identity', 'u-77', '--label', LONG, '--integration', 'sandbox', '--verify', 'false']);
  return { latchkey, cookies, home: `${latchkey.url}/console/${latchkey.project_id}/test`, connection: failed.id };
}

/** The address behind the first link of a list. */
const firstOf = (list, selector = 'tbody th a, .rows .row-link') => async (page, world) => {
  await page.goto(`${world.home}/${list}`);
  return page.locator(selector).first().getAttribute('href');
};

const at = (path) => (_page, world) => `${world.home}${path && `/${path}`}`;

/** Name, and where it is; `act` brings it into the state that is shown. */
export const CONSOLE_PAGES = [
  { name: 'sign-in', isOut: true, where: (_page, world) => `${world.latchkey.url}/console/sign-in` },
  { name: 'sign-on-over', isOut: true, where: (_page, world) => `${world.latchkey.url}/console/sso/callback?code=a&state=${'A'.repeat(43)}` },
  { name: 'home', where: at('') },
  { name: 'home-empty', where: (_page, world) => `${world.latchkey.url}/console/${world.latchkey.project_id}/live` },
  { name: 'search', where: at('search?q=ann') },
  { name: 'connections', where: at('connections') },
  { name: 'connections-none', where: at('connections?q=nobody') },
  { name: 'connection', where: (_page, world) => `${world.home}/connections/${world.connection}` },
  { name: 'add-connection', where: at('add-connection') },
  { name: 'identities', where: at('identities') },
  { name: 'identity', where: firstOf('identities') },
  { name: 'sessions', where: at('sessions') },
  { name: 'session', where: firstOf('sessions') },
  { name: 'links', where: at('links') },
  { name: 'link', where: firstOf('links') },
  { name: 'integrations', where: at('integrations') },
  { name: 'integration', where: at('integrations/github') },
  { name: 'definition', where: at('integrations/github/definition') },
  { name: 'definitions', where: at('definitions') },
  { name: 'definition-edit', where: at('definitions/edit?like=github') },
  { name: 'branding', where: at('branding') },
  { name: 'embedders', where: at('embedders') },
  { name: 'embed', where: at('embed') },
  { name: 'keys', where: at('keys') },
  { name: 'key', where: firstOf('keys') },
  { name: 'key-new', where: at('keys/new') },
  { name: 'webhooks', where: at('webhooks') },
  { name: 'webhook-new', where: at('webhooks/new') },
  { name: 'requests', where: at('requests') },
  { name: 'request', where: firstOf('requests') },
  { name: 'team', where: at('team') },
  { name: 'member', where: firstOf('team') },
  { name: 'roles', where: at('team/roles') },
  { name: 'audit', where: at('audit') },
  { name: 'projects', where: at('projects') },
  { name: 'project-settings', where: at('projects/settings') },
  { name: 'project-delete', where: at('projects/delete') },
  { name: 'system', where: at('system') },
  { name: 'checks', where: at('system/checks') },
  { name: 'account', where: (_page, world) => `${world.latchkey.url}/console/account` },
  { name: 'confirm', where: (_page, world) => `${world.latchkey.url}/console/confirm?next=%2Fconsole` },
  { name: 'not-there', where: at('connections/nonsense') },
  {
    name: 'menu',
    phoneOnly: true,
    where: at('connections'),
    act: (page) => page.getByRole('button', { name: 'Menu' }).click(),
  },
];

/** Goes to a page in a look; gives the page, and the context to close. */
export async function showPage(chromium, world, entry, options) {
  const context = await chromium.context({ ...options, reducedMotion: 'reduce' });
  if (!entry.isOut) await context.addCookies(world.cookies);
  const page = await context.newPage();
  const where = await entry.where(page, world);
  await page.goto(new URL(where, world.latchkey.url).href);
  await entry.act?.(page);
  await page.waitForTimeout(150);
  return { context, page };
}
