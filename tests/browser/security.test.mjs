// What is left of the connect flow's cases (T15, T17, T20, T22): who may finish, where messages go, what pages fetch and
// tell, two sign-ins at once.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { consent, modal } from './support/modal.mjs';
import { listen, until } from './support/net.mjs';
import { callUserinfo, connectInPopup, connectInSameWindow, openModal } from './support/proof.mjs';
import { OIDC, startSuite } from './support/suite.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('security', () => {
  let suite;
  before(async () => {
    suite = await startSuite('security');
  });
  after(() => suite?.stop());
  beforeEach(() => suite.provider.forget());

  const connections = async () => (await suite.latchkey.api(`/v1/vault/connections?platform=${OIDC}`)).body.total;
  const complete = (code, identity) => suite.latchkey.api('/v1/connect/complete', { method: 'POST', body: { code, identity, identityType: 'user' } });

  describe('T15: a project that verifies, and an SDK that knows nothing of it', () => {
    before(() => suite.latchkey.cli(['projects', 'set', '--verify', 'always', '--verify-url', suite.host.page()]));
    after(() => suite.latchkey.cli(['projects', 'set', '--verify', 'off']));

    /** Signed in; gives the code that the browser brought to the customer's page. */
    async function signedIn() {
      const opened = await openModal(suite);
      const popup = await opened.widget.openPopup(suite.names.oidc);
      await consent(popup).allow.click();
      await popup.waitForURL((url) => url.href.startsWith(suite.host.page()));
      return { ...opened, code: new URL(popup.url()).searchParams.get('code') };
    }

    test('success is told only after the backend said who finished', async () => {
      const before = await connections();
      const { page, code } = await signedIn();
      await page.waitForTimeout(2500);
      assert.deepEqual(await events(page), [], 'not yet');
      assert.equal(await connections(), before, 'nor is there anything to use');
      const answer = await complete(code, suite.host.behaviour.identity);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const record = await eventOf(page, 'success');
      assert.equal(record.key, answer.body.connection.key);
      assert.equal((await callUserinfo(suite.latchkey, record.key)).status, 200);
      assert.equal((await events(page)).length, 1);
    });

    test('somebody else finished: an error, no connection, and the grant is given back', async () => {
      const before = await connections();
      const { page, code } = await signedIn();
      assert.equal((await complete(code, 'somebody-else')).status, 403);
      await eventOf(page, 'error');
      assert.equal((await complete(code, suite.host.behaviour.identity)).status, 410, 'and the right one comes too late');
      assert.equal(await connections(), before);
      await until(() => suite.provider.revocations().length > 0, 'the revocation at the provider', 30_000);
      assert.equal((await events(page)).filter((event) => event.type === 'success').length, 0);
    });
  });

  test('T17: no script of ours posts to whoever may be there', async () => {
    const folders = ['assets', 'clients', 'templates', 'examples'];
    const files = (await Promise.all(folders.map(async (folder) =>
      (await readdir(path.join(ROOT, folder), { recursive: true })).map((name) => path.join(folder, name))))).flat();
    const scripts = files.filter((name) => /\.(m?js|ts|tsx|jsx|html)$/.test(name) && !/node_modules|\.next\b/.test(name));
    let posted = 0;
    for (const name of scripts) {
      const text = await readFile(path.join(ROOT, name), 'utf8');
      posted += text.split('.postMessage(').length - 1;
      assert.doesNotMatch(text, /["'`]\*["'`]\s*[,)}]/, `${name} has a target that is anybody`);
    }
    assert.ok(posted >= 3, `only ${posted} places post: they are looked for in the wrong folders`);
  });

  test('T21: pages of ours fetch nothing from elsewhere, and tell no page where somebody came from', async () => {
    const { chromium, latchkey, provider, host } = suite;
    const context = await chromium.context();
    const foreign = [];
    context.on('request', (request) => {
      if (request.isNavigationRequest()) return;
      const from = new URL(request.frame().url() === '' ? 'about:blank' : request.frame().url());
      const { origin, protocol } = new URL(request.url());
      // The modal alone calls somebody else: the customer's token endpoint.
      const token = request.url().startsWith(`${host.origin}/token?`);
      if (from.origin === latchkey.origin && /^http/.test(protocol) && origin !== latchkey.origin && !token) foreign.push(request.url());
    });
    const popup = await connectInPopup(suite, { context });
    await popup.page.close();
    const { page } = await connectInSameWindow(suite, { context });
    assert.deepEqual(foreign, []);
    assert.equal(await page.evaluate(() => document.referrer), '', 'the page that was gone back to');
    for (const visit of provider.authorizations()) assert.equal(visit.referer, undefined, 'the provider');
  });

  test('before leaving, the modal says which app gets access to what, and whose it will be', async () => {
    const { widget } = await openModal(suite);
    await widget.pick(suite.names.oidc);
    const said = await widget.screen('explain').innerText();
    const project = (await suite.latchkey.cli(['projects', 'show', suite.latchkey.project_id])).name;
    for (const part of [project, suite.names.oidc, suite.host.behaviour.identity]) assert.ok(said.includes(part), `${part} is not in: ${said}`);
  });

  test('T22: two tabs of one browser sign in at once, each for itself', async () => {
    const { chromium, host, names, provider } = suite;
    const context = await chromium.context();
    const tabs = [];
    for (let number = 0; number < 2; number += 1) {
      const { page, widget } = await openModal(suite, { context });
      const popup = await widget.openPopup(names.oidc);
      await consent(popup).allow.waitFor();
      tabs.push({ page, popup, widget });
    }
    // The one that was opened last ends first.
    for (const { popup } of tabs.toReversed()) await consent(popup).allow.click();
    const keys = new Set();
    for (const { page } of tabs) {
      const record = await eventOf(page, 'success');
      assert.equal(record.identity, host.behaviour.identity);
      keys.add(record.id);
    }
    assert.equal(provider.exchanges().length, 2);
    assert.equal(new Set(provider.authorizations().map((one) => one.state)).size, 2);
    assert.equal(keys.size, 2);
  });

  test('T20: a picture from a host that is not on the list is not fetched', async () => {
    const pictures = { listed: [], foreign: [] };
    const server = (kind, name) => listen((request, response) => {
      pictures[kind].push(request.url);
      response.writeHead(200, { 'content-type': 'image/svg+xml' }).end('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    }, { name });
    const [listed, foreign] = await Promise.all([server('listed', 'listed.localhost'), server('foreign', 'pictures.localhost')]);
    try {
      await suite.latchkey.addOrigin(listed.origin);
      for (const { origin } of [listed, foreign]) {
        const { widget } = await openModal(suite, { options: { imageUrl: `${origin}/logo.svg` } });
        await widget.row(suite.names.oidc).waitFor();
      }
      await until(() => pictures.listed.length > 0, 'the listed picture');
      assert.deepEqual(pictures.foreign, []);
    } finally {
      await Promise.all([listed.stop(), foreign.stop()]);
    }
  });
});
