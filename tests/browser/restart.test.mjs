// `latchkey dev` is stopped, and killed: what was connected is still there, under the same key, and works.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startKeyService } from './support/keyservice.mjs';
import { startLatchkey } from './support/latchkey.mjs';
import { TEST_KEY } from './support/suite.mjs';

const SITE = 'https://app.example.test';
let devDir;
let keys;
let latchkey;
before(async () => {
  devDir = await mkdtemp(path.join(os.tmpdir(), 'lk-'));
  keys = await startKeyService();
});
after(async () => {
  await latchkey?.stop();
  await keys?.stop();
  await rm(devDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});

const start = () => startLatchkey({ name: 'restart', devDir, allow: [keys.origin] });

/** Connects with a key, as the modal does it. */
async function connect() {
  const { body } = await latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity: 'u-42', identityType: 'user' } });
  const response = await fetch(`${latchkey.url}/connect/api/submit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: latchkey.origin, authorization: `Bearer ${body.requestId}` },
    body: JSON.stringify({ integration: TEST_KEY, auth: null, values: { api_key: keys.key }, name: null, embedder: SITE }),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer.connection;
}

test('a stop and a kill keep the connections, the key and the project', async () => {
  latchkey = await start();
  await latchkey.addOrigin(SITE);
  await latchkey.enable({ integration: TEST_KEY, values: { service: keys.origin } });
  const { key } = await connect();
  const first = latchkey;

  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGKILL']) {
    await latchkey.stop(signal);
    latchkey = await start();
    assert.equal(latchkey.test_key, first.test_key, `the key after ${signal}`);
    assert.equal(latchkey.project_id, first.project_id);
    const items = await latchkey.api('/v1/passthrough/items', { connection: key });
    assert.equal(items.status, 200, `passthrough after ${signal}: ${JSON.stringify(items.body)}`);
  }
});
