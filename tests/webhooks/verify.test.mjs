// The reference library of Standard Webhooks, from npm and from PyPI, checks what a running server really sent.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { startLatchkey, startReceiver } from './server.mjs';

const PYTHON = process.env.WEBHOOKS_PYTHON ?? 'python3';
const FOREIGN = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

let receiver;
let latchkey;
let subscription;
let created;
let connection;

before(async () => {
  receiver = await startReceiver();
  latchkey = await startLatchkey(receiver.origin);
  subscription = await latchkey.cli('webhooks', 'create', `${receiver.origin}/hook`, '--event', 'connection.*');
  connection = await connect();
  created = await receiver.next('connection.created');
});

after(async () => {
  await latchkey?.stop();
  await receiver?.stop();
});

/** A call of a customer's backend. */
async function api(method, path, body) {
  const response = await fetch(`${latchkey.url}${path}`, {
    method,
    headers: { 'X-Pica-Secret': latchkey.test_key, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.json();
}

/** Connects the sandbox with a key, as the modal does. */
async function connect() {
  const session = await api('POST', '/v1/authkit/token', { identity: 'u-42', identityType: 'user' });
  const response = await fetch(`${latchkey.url}/connect/api/submit`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${session.requestId}`,
      'Content-Type': 'application/json',
      Origin: latchkey.url,
    },
    body: JSON.stringify({
      integration: 'sandbox',
      auth: 'api_key',
      values: { api_key: 'sandbox_key_0123456789' },
      embedder: latchkey.url,
    }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  const { rows } = await api('GET', '/v1/vault/connections');
  return rows[0];
}

/** What the library of npm says. */
function npm({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(body, headers);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof WebhookVerificationError, String(error));
    return 'WebhookVerificationError';
  }
}

/** What the library of PyPI says to each. */
async function pypi(deliveries) {
  const script = fileURLToPath(new URL('verify.py', import.meta.url));
  const child = spawn(PYTHON, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(deliveries));
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, 'verify.py failed; its message is above');
  return JSON.parse(printed);
}

/** Both libraries must say the same to each. */
async function both(deliveries) {
  const words = await pypi(deliveries);
  assert.deepEqual(deliveries.map(npm), words);
  return words;
}

test('a delivery is verified by the libraries of npm and PyPI', async () => {
  assert.deepEqual(await both([{ ...created, secret: subscription.secret }]), ['ok']);
  const body = JSON.parse(created.body);
  assert.equal(body.id, created.headers['webhook-id']);
  assert.deepEqual(body.data, body.payload);
  assert.equal(body.data.key, connection.key);
});

test('anything else than what was sent is refused', async () => {
  const good = { ...created, secret: subscription.secret };
  const changed = (headers) => ({ ...good, headers: { ...good.headers, ...headers } });
  const old = Math.floor(Date.now() / 1000) - 3600;
  const wrong = [
    { ...good, secret: FOREIGN },
    { ...good, body: good.body.replace('u-42', 'u-43') },
    changed({ 'webhook-id': 'another' }),
    changed({ 'webhook-timestamp': String(Number(good.headers['webhook-timestamp']) + 1) }),
    changed({ 'webhook-timestamp': String(old) }),
    changed({ 'webhook-signature': '' }),
    changed({ 'webhook-signature': good.headers['webhook-signature'].replace('v1,', 'v2,') }),
  ];
  assert.deepEqual(await both(wrong), wrong.map(() => 'WebhookVerificationError'));
});

test('X-Webhook-Signature is the HMAC of the raw body in hex', () => {
  const key = Buffer.from(subscription.secret.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(created.body).digest('hex');
  assert.equal(created.headers['x-webhook-signature'], expected);
});

test('during a rotation both secrets verify', async () => {
  const rotated = await latchkey.cli('webhooks', 'rotate-secret', subscription.id);
  assert.notEqual(rotated.secret, subscription.secret);
  await api('PATCH', `/v1/vault/connections/${connection.id}`, { tags: ['rotated'] });
  const updated = await receiver.next('connection.updated');
  const words = await both([
    { ...updated, secret: rotated.secret },
    { ...updated, secret: subscription.secret },
    { ...updated, secret: FOREIGN },
  ]);
  assert.deepEqual(words, ['ok', 'ok', 'WebhookVerificationError']);
  // Without an overlap the old one ends at once.
  const last = await latchkey.cli('webhooks', 'rotate-secret', subscription.id, '--overlap', '0', '--force');
  await api('PATCH', `/v1/vault/connections/${connection.id}`, { tags: ['again'] });
  const then = await receiver.next('connection.updated');
  assert.deepEqual(
    await both([
      { ...then, secret: last.secret },
      { ...then, secret: rotated.secret },
    ]),
    ['ok', 'WebhookVerificationError'],
  );
});
