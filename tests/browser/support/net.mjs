// Small network pieces shared by the fake services: a loopback server that can be stopped at once, bodies, a wait.

import http from 'node:http';
import net from 'node:net';

/** Asks the system for a port that nobody uses now. */
export async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve, reject) => probe.listen(0, '127.0.0.1', resolve).on('error', reject));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * Serves `handler` on loopback. `name` is the host name in the origin: `localhost`, `127.0.0.1` or `x.localhost`
 * are all this machine, and different sites to a browser.
 */
export async function listen(handler, { name = 'localhost', port = 0 } = {}) {
  const server = http.createServer(handler);
  // `localhost` may resolve to either family first; the second listener is best effort.
  await new Promise((resolve, reject) => server.listen(port, '127.0.0.1', resolve).on('error', reject));
  const bound = server.address().port;
  const second = http.createServer(handler);
  await new Promise((resolve) => second.listen(bound, '::1', resolve).on('error', resolve));
  return {
    server,
    port: bound,
    origin: `http://${name}:${bound}`,
    async stop() {
      for (const one of [server, second]) {
        one.closeAllConnections();
        if (one.listening) await new Promise((resolve) => one.close(resolve));
      }
    },
  };
}

/** Reads a whole request body as text. */
export async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** How long a body is on the wire when this encoding is taken, and in which it came. */
export function sentBytes(address, encoding) {
  return new Promise((resolve, reject) => {
    http.get(address, { headers: { 'accept-encoding': encoding } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve({ bytes, encoding: response.headers['content-encoding'] ?? 'identity' }));
    }).on('error', reject);
  });
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How long a single wait may take, in milliseconds: long enough for a machine that does other things too. */
export const PATIENCE = Number(process.env.BROWSER_PATIENCE ?? 30_000);

/** Calls `probe` until it gives something truthy; fails with `what` after `within` milliseconds. */
export async function until(probe, what, within = PATIENCE, every = 100) {
  const end = Date.now() + within;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${within} ms for ${what}${last ? `: ${last.message}` : ''}`);
    await sleep(every);
  }
}
