// A remote server of the Model Context Protocol, made with the official SDK, is connected by its address alone: it tells
// where one signs in, and takes a client that registers itself.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventOf } from './support/host.mjs';
import { modal } from './support/modal.mjs';
import { startMcp } from './support/mcp.mjs';
import { startSuite } from './support/suite.mjs';

const NAME = 'MCP server';
const ADDRESS = 'Address of the server';

describe('a server of the Model Context Protocol', () => {
  let suite;
  let server;
  before(async () => {
    server = await startMcp();
    suite = await startSuite('mcp', { windowless: true, allow: [server.origin] });
    suite.keep(server);
    await suite.latchkey.enable({ integration: 'mcp' });
  });
  after(() => suite?.stop());

  async function enter(address) {
    const context = await suite.chromium.context();
    const page = await context.newPage();
    await page.goto(suite.host.shop('@picahq/authkit', {}));
    await page.getByRole('button', { name: 'Connect' }).click();
    const widget = modal(page);
    await widget.pick(NAME);
    await widget.field(ADDRESS).fill(address);
    return { context, page, widget };
  }

  test('by its address: registered, signed in, called, renewed, revoked', async () => {
    const { latchkey } = suite;
    const { authorization } = server;
    authorization.seconds = 20;
    const { context, page, widget } = await enter(server.url);
    const opened = context.waitForEvent('page');
    await widget.connect(NAME).click();
    const popup = await opened;
    await popup.getByRole('link', { name: 'Allow' }).click();
    const record = await eventOf(page, 'success');
    await widget.success(NAME).waitFor();
    await widget.screen('success').getByText('Tools of the test').waitFor();

    const [client] = authorization.clients.values();
    assert.equal(client.token_endpoint_auth_method, 'none', 'a public client, where the server has such');
    assert.deepEqual(client.redirect_uris.length, 1);
    assert.deepEqual([...authorization.resources], [server.url], 'the token is for this server (RFC 8707)');

    const call = (method) => latchkey.api('/v1/passthrough', {
      connection: record.key, method: 'POST', headers: { accept: 'application/json, text/event-stream' },
      body: { jsonrpc: '2.0', id: 7, method, params: {} } });
    const tools = await call('tools/list');
    assert.equal(tools.status, 200, JSON.stringify(tools.body));
    assert.equal(tools.body.result.tools[0].name, 'add');
    const id = record.id ?? record._id;
    const { body: tested } = await latchkey.api(`/v1/vault/connections/${id}/test`, { method: 'POST' });
    assert.equal(tested.ok, true, JSON.stringify(tested));

    // When the token ends, the client that was registered for this connection renews it.
    const before = new Set(authorization.access.keys());
    await new Promise((resolve) => setTimeout(resolve, 21_000));
    assert.equal((await call('tools/list')).status, 200);
    const fresh = [...authorization.access.keys()].filter((token) => !before.has(token));
    assert.equal(fresh.length >= 1, true);
    assert.equal(authorization.clients.size, 1, 'no second client');

    await latchkey.api(`/v1/vault/connections/${id}`, { method: 'DELETE' });
    for (let wait = 0; authorization.revoked.length === 0 && wait < 100; wait += 1) await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(authorization.revoked.some((token) => token.startsWith('rt-')), true, 'revoked with its own client');
  });

  test('an address that is no such server: said in words, nothing is made', async () => {
    const { context, widget } = await enter(`${suite.keys.origin}/nothing`);
    const opened = context.waitForEvent('page').catch(() => null);
    await widget.connect(NAME).click();
    const popup = await opened;
    await popup?.getByText(/cannot be reached|try again/i).first().waitFor();
  });
});
