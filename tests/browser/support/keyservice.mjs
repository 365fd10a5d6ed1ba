// A service that is called with an API key: one key is good, every other is refused. Its definition is
// integrations/test-key.yaml.

import { randomBytes } from 'node:crypto';
import { listen } from './net.mjs';

export async function startKeyService({ name = 'localhost', port = 0 } = {}) {
  const key = `tk_${randomBytes(18).toString('hex')}`;
  const calls = [];
  const behaviour = { mode: 'ok', account: { id: 'acct-7', name: 'Ann at the key service' } };

  const served = await listen((request, response) => {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const path = new URL(request.url, 'http://service').pathname;
    calls.push({ at: Date.now(), method: request.method, path, accepted: given === key });
    const reply = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (behaviour.mode === 'down') return reply(503, { error: 'The service is being mended' });
    if (behaviour.mode === 'never') return undefined;
    if (given !== key) return reply(401, { error: 'This key is not known here' });
    if (path === '/me') return reply(200, behaviour.account);
    if (path === '/items') return reply(200, { items: [{ id: 1, title: 'First' }] });
    return reply(404, { error: 'No such page' });
  }, { name, port });

  return { origin: served.origin, port: served.port, key, wrongKey: `tk_${'0'.repeat(36)}`, calls, behaviour, stop: () => served.stop() };
}
