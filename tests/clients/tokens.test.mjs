// Packages of customers' backends that make the token of their page: npm and PyPI.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { installed, locked, python, quietly, startStage } from './support/stage.mjs';

const require = createRequire(import.meta.url);
const MANY = 110;

let stage;
before(async () => {
  stage = await startStage('clients-tokens', { more: MANY });
  await stage.enable(stage.bulk);
});
after(() => stage?.stop());

const OWNER = { identity: 'u-42', identityType: 'user' };

/** A page of platforms as every client of the newer call gives it. */
function assertPage(page, requestId = page.requestId) {
  assert.equal(page.rows.length, MANY + 2);
  assert.equal(page.total, MANY + 2);
  assert.deepEqual([page.page, page.pages], [1, 1], 'all pages are one');
  assert.equal(new Set(page.rows.map((row) => row.type)).size, MANY + 2);
  const row = page.rows.find((one) => one.type === 'sandbox');
  assert.equal(row.title, 'Sandbox');
  assert.equal(row.active, true);
  assert.equal(row.environment, 'test');
  assert.match(requestId, /^[\w-]{43}$/);
}

/** The session is for this owner. */
async function assertOwner(session, { identity = null, identityType = null } = OWNER) {
  const record = await stage.spend(session);
  assert.equal(record.identity, identity);
  assert.equal(record.identityType, identityType);
  assert.equal(record.platform, 'sandbox');
}

function assertRefused(body) {
  assert.equal(body?.status, 401, JSON.stringify(body));
  assert.equal(body.code, 2010);
  assert.equal(typeof body.message, 'string');
}

describe(`@picahq/authkit-token ${installed('@picahq/authkit-token')}`, () => {
  const { AuthKitToken } = require('@picahq/authkit-token');
  const client = (key = stage.key) => new AuthKitToken(key, { baseUrl: stage.url });

  test('every page of platforms in one answer', async () => {
    const page = await client().create(OWNER);
    assertPage(page);
    assert.equal(page.isWhiteLabel, false);
  });
  test('its session makes a connection for the identity', async () => {
    await assertOwner((await client().create(OWNER)).requestId);
  });
  test('without an identity', async () => {
    await assertOwner((await client().create({})).requestId, {});
  });
  test('a key that is not known comes back as an error', async () => {
    assertRefused(await quietly(() => client('sk_test_lk_unknown').create(OWNER)));
  });
});

describe(`@picahq/authkit-node ${installed('@picahq/authkit-node')}`, () => {
  const { AuthKitToken } = require('@picahq/authkit-node');
  const client = (key = stage.key, base = '') => {
    process.env.PICA_API_BASE_URL = `${stage.url}/v1`;
    return new AuthKitToken(key, { baseUrl: `${stage.url}${base}` });
  };

  for (const base of ['', '/internal']) {
    test(`an embed token with every platform, under ${base || '/v1'}`, async () => {
      const token = await client(stage.key, base).create(OWNER);
      const { connectedPlatforms, eventIncToken } = token.linkSettings;
      assert.equal(connectedPlatforms.length, MANY + 2, 'also those behind the first hundred definitions');
      const sandbox = connectedPlatforms.find((platform) => platform.type === 'sandbox');
      assert.equal(sandbox.connectionDefinitionId, 'conn_def_sandbox');
      assert.match(eventIncToken, /^[\w-]{43}$/);
      assert.match(token._id, /^embed_tk::/);
      assert.match(token.sessionId, /^session_id::/);
      assert.equal(token.environment, 'test');
      assert.ok(token.expiresAt > Date.now() && Number.isInteger(token.createdAt));
      assert.deepEqual([token.identity, token.identityType, token.group, token.label], ['u-42', 'user', 'u-42', 'u-42']);
      assert.deepEqual(token.features, []);
    });
  }
  test('its session makes a connection for the identity', async () => {
    await assertOwner((await client().create(OWNER)).linkSettings.eventIncToken);
  });
  test('without any option, so with no body', async () => {
    const token = await client().create();
    assert.equal(token.identity, null);
    await assertOwner(token.linkSettings.eventIncToken, {});
  });
  test('a live key sees live platforms only', async () => {
    const live = await stage.latchkey.createKey({ environment: 'live' });
    const token = await client(live).create(OWNER);
    assert.deepEqual([token.environment, token.linkSettings.connectedPlatforms], ['live', []]);
  });
  test('a key that is not known comes back as an error', async () => {
    assertRefused(await client('sk_test_lk_unknown').create(OWNER));
  });
});

for (const environment of ['pica-ai', 'langchain']) {
  describe(`PyPI authkit-token ${locked(environment, 'authkit-token')}`, () => {
    let answers;
    before(async () => {
      answers = await python(environment, 'drive_authkit_token.py', { url: stage.url, key: stage.key });
    });

    for (const way of ['sync', 'async']) {
      test(`every page of platforms in one answer, ${way}`, () => {
        assertPage(answers[way], answers[way].request_id);
      });
      test(`its session makes a connection for the identity, ${way}`, async () => {
        await assertOwner(answers[way].request_id, { identity: 'u-42', identityType: 'team' });
      });
    }
    test('without an identity', async () => {
      await assertOwner(answers.nobody.request_id, {});
    });
    test('a key that is not known comes back as an error', () => assertRefused(answers.refused));
  });
}
