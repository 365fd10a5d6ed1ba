// Every page of the console, with something on it: what the gallery shows, and what the tests of accessibility walk through.

import { connect, signIn } from './console.mjs';
import { startLatchkey } from './latchkey.mjs';
import { listen } from './net.mjs';
import { sql } from './rows.mjs';
import { codeAt, stepNow } from './totp.mjs';

/** A long name, as people have them. */
const LONG = 'Wolfeschlegelsteinhausenbergerdorff & Daughters International Trading Company (Holdings)';

const OWNER = 'developer@latchkey.localhost';
const TWO_STEP = 'cleo@acme.example.com';
const PASSWORD = 'velvet harbour 93 tulip';

const DEFINITION = `id: acme-notes
name: Acme Notes
description: Notes of teams.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
api:
  base_url: https://api.acme.example/v1
  headers: { X-Key: "\${credential.key}" }
check: { get: /me, account: { id: "\${body.id}", name: "\${body.name}" } }
`;

/** Sends a form of the console as its owner. */
async function send({ latchkey, cookies }, path, form = {}) {
  const response = await fetch(`${latchkey.url}/console/${latchkey.project_id}/test/${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: latchkey.origin, cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  if (response.status >= 400) throw new Error(`${path} was refused: ${response.status} ${text.slice(0, 300)}`);
  return { text, location: response.headers.get('location') };
}

/** The link of an invitation. */
async function invited(world, email) {
  const { text } = await send(world, 'team/invite', { email, role: 'viewer', where: 'project' });
  return text.match(/data-copy="([^"]*\/console\/invitation#[^"]*)"/)[1];
}

let colleagues = 0;
/** An address that nobody has yet. */
const colleague = () => `colleague-${(colleagues += 1)}@acme.example.com`;

/** A viewer who joins with a password, at home. */
async function joined(chromium, world, email, name) {
  const context = await chromium.context();
  const page = await context.newPage();
  await page.goto(await invited(world, email));
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  return { context, page };
}

/** Two viewers' cookies: of one with a password alone, and of one with two-step sign-in. */
async function people(chromium, world) {
  const plain = await joined(chromium, world, 'dana@acme.example.com', 'Dana');
  const careful = await joined(chromium, world, TWO_STEP, 'Cleo');
  const { page } = careful;
  await page.goto(`${world.latchkey.url}/console/account`);
  await page.getByRole('button', { name: 'Set up two-step sign-in' }).click();
  await page.getByRole('heading', { name: 'Set up two-step sign-in' }).waitFor();
  const secret = (await page.locator('[aria-label="Secret"]').textContent()).replaceAll(' ', '');
  await page.getByRole('textbox', { name: 'Code' }).fill(codeAt(secret, stepNow()));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
  const cookies = { plain: await plain.context.cookies(), careful: await careful.context.cookies() };
  await plain.context.close();
  await careful.context.close();
  return cookies;
}

/** A server with something of everything, and a browser's cookies of its owner. */
export async function furnish(chromium, name) {
  // Nobody answers at this issuer: its button is there, and nothing is asked of it but by the checks.
  const issuer = 'http://127.0.0.1:9';
  let taken = 0;
  const receiver = await listen((request, response) => {
    request.resume();
    taken += 1;
    // The first is a test, which says nothing about the others.
    response.writeHead(taken === 1 ? 500 : 204).end();
  });
  const started = await startLatchkey({
    name,
    allow: [issuer, receiver.origin],
    environment: {
      LATCHKEY_SSO_ISSUER: issuer,
      LATCHKEY_SSO_CLIENT_ID: 'latchkey-console',
      LATCHKEY_SSO_CLIENT_SECRET: 'secret of the furnished server',
      LATCHKEY_SSO_NAME: 'Acme ID',
    },
  });
  const latchkey = {
    ...started,
    async stop() {
      await started.stop();
      await receiver.stop();
    },
  };
  const cookies = await signIn(chromium, latchkey);
  const world = { latchkey, cookies, home: `${latchkey.url}/console/${latchkey.project_id}/test` };
  await send(world, 'webhooks/new', { url: `${receiver.origin}/hooks/shop`, description: 'Tells the shop', which: 'all', active: 'on' });
  const hook = await sql(latchkey, 'select id from webhook_endpoints');
  await send(world, `webhooks/${hook}/test`);
  await send(world, 'definitions/edit', { document: DEFINITION, do: 'save' });
  await send(world, 'definitions/edit', { id: 'acme-notes', version: '1', document: DEFINITION.replace('Notes of teams.', 'Notes and tasks of teams.'), do: 'save' });
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
  return { ...world, connection: failed.id, working: body.rows[2].id, people: await people(chromium, world) };
}

/** The address behind the first link of a list. */
const firstOf = (list, selector = 'tbody th a, .rows .row-link') => async (page, world) => {
  await page.goto(`${world.home}/${list}`);
  return page.locator(selector).first().getAttribute('href');
};

const at = (path) => (_page, world) => `${world.home}${path && `/${path}`}`;

const account = (_page, world) => `${world.latchkey.url}/console/account`;

/** Presses a button, and waits for the page that follows. */
const pressed = (button, heading) => async (page) => {
  await page.getByRole('button', { name: button }).click();
  await page.getByRole('heading', { name: heading, exact: typeof heading === 'string' }).waitFor();
};

/** Name, and where it is; `act` brings it into the state that is shown, `as` is one of the viewers. */
export const CONSOLE_PAGES = [
  { name: 'sign-in', isOut: true, where: (_page, world) => `${world.latchkey.url}/console/sign-in` },
  { name: 'sign-on-over', isOut: true, where: (_page, world) => `${world.latchkey.url}/console/sso/callback?code=a&state=${'A'.repeat(43)}` },
  {
    name: 'sign-in-code',
    isOut: true,
    where: (_page, world) => `${world.latchkey.url}/console/sign-in`,
    async act(page) {
      await page.getByLabel('Email address').fill(TWO_STEP);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Give the code of your app' }).waitFor();
    },
  },
  {
    name: 'welcome',
    isOut: true,
    where: async (_page, world) => (await world.latchkey.cli(['operators', 'reset', OWNER])).url,
    act: (page) => page.getByLabel('New password').waitFor(),
  },
  {
    name: 'invitation',
    isOut: true,
    where: (_page, world) => invited(world, colleague()),
    act: (page) => page.getByRole('heading', { name: /^Join / }).waitFor(),
  },
  { name: 'home', where: at('') },
  { name: 'home-empty', where: (_page, world) => `${world.latchkey.url}/console/${world.latchkey.project_id}/live` },
  { name: 'search', where: at('search?q=ann') },
  { name: 'connections', where: at('connections') },
  { name: 'connections-none', where: at('connections?q=nobody') },
  {
    name: 'connections-delete',
    where: at('connections'),
    async act(page) {
      await page.locator('tbody input[name="connection"]').first().check();
      await pressed('Delete connections', /^Delete 1 connection/)(page);
    },
  },
  { name: 'connection', where: (_page, world) => `${world.home}/connections/${world.connection}` },
  { name: 'reveal', where: (_page, world) => `${world.home}/connections/${world.working}`, act: pressed('Reveal credential', 'Credential') },
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
  { name: 'definition-history', where: at('definitions/acme-notes/history') },
  { name: 'branding', where: at('branding') },
  { name: 'embedders', where: at('embedders') },
  { name: 'embed', where: at('embed') },
  { name: 'keys', where: at('keys') },
  { name: 'key', where: firstOf('keys') },
  { name: 'key-new', where: at('keys/new') },
  {
    name: 'secret',
    where: at('keys/new'),
    async act(page) {
      await page.getByLabel('Name').fill('Backend of the shop');
      await page.getByLabel('webhooks:write').check();
      await pressed('Make key', 'The key is made')(page);
    },
  },
  { name: 'webhooks', where: at('webhooks') },
  { name: 'webhook-new', where: at('webhooks/new') },
  { name: 'webhook', where: firstOf('webhooks') },
  { name: 'webhook-edit', where: async (page, world) => `${await firstOf('webhooks')(page, world)}/edit` },
  {
    name: 'delivery',
    async where(page, world) {
      await page.goto(new URL(await firstOf('webhooks')(page, world), world.latchkey.url).href);
      return page.locator('.deliveries tbody th a').first().getAttribute('href');
    },
  },
  { name: 'requests', where: at('requests') },
  { name: 'request', where: firstOf('requests') },
  { name: 'team', where: at('team') },
  {
    name: 'invite',
    where: at('team'),
    async act(page) {
      await page.getByLabel('Email address').fill(colleague());
      await pressed('Make invitation', 'The link, shown this one time')(page);
    },
  },
  { name: 'member', where: firstOf('team') },
  { name: 'roles', where: at('team/roles') },
  { name: 'audit', where: at('audit') },
  { name: 'projects', where: at('projects') },
  { name: 'project-settings', where: at('projects/settings') },
  { name: 'project-delete', where: at('projects/delete') },
  { name: 'system', where: at('system') },
  { name: 'checks', where: at('system/checks') },
  { name: 'account', where: account },
  { name: 'two-step', as: 'plain', where: account, act: pressed('Set up two-step sign-in', 'Set up two-step sign-in') },
  { name: 'recovery-codes', as: 'careful', where: account, act: pressed('Make new recovery codes', 'Your recovery codes') },
  { name: 'confirm', where: (_page, world) => `${world.latchkey.url}/console/confirm?next=%2Fconsole` },
  { name: 'not-there', where: at('connections/nonsense') },
  { name: 'forbidden', as: 'plain', where: at('audit') },
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
  if (!entry.isOut) await context.addCookies(entry.as ? world.people[entry.as] : world.cookies);
  // Whoever has a password confirmed lately that it is them.
  if (entry.as) await sql(world.latchkey, 'update operator_sessions set proved_at = now()');
  const page = await context.newPage();
  const where = await entry.where(page, world);
  await page.goto(new URL(where, world.latchkey.url).href);
  await entry.act?.(page);
  await page.waitForTimeout(150);
  return { context, page };
}
