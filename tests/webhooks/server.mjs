// `latchkey dev` in a folder of its own, which may deliver to the given origin; and a receiver that keeps what arrives.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cleanEnvironment, freePort } from '../docs/server.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.LATCHKEY_BIN ?? path.join(ROOT, 'target', 'debug', 'latchkey');
const START_WITHIN = 90_000;

/** Starts the server; `allow` is an origin that it may call although it is http and local. */
export async function startLatchkey(allow) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lk-hooks-'));
  // The private database may run as another user, who has to get through this folder.
  await chmod(folder, 0o755);
  const port = await freePort();
  const env = {
    ...cleanEnvironment(),
    LATCHKEY_BIND: `127.0.0.1:${port}`,
    LATCHKEY_PUBLIC_URL: `http://127.0.0.1:${port}`,
    LATCHKEY_DEV_DIR: folder,
    LATCHKEY_ALLOW_PRIVATE_HOSTS: allow,
  };
  const child = spawn(BINARY, ['dev', '--json'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(late);
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  };
  const line = new Promise((resolve) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('\n')) resolve(JSON.parse(printed.split('\n')[0]));
    });
  });
  const failed = ended.then((reason) => Promise.reject(new Error(`latchkey dev ${reason}:\n${log}`)));
  let late;
  const tooLate = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`latchkey dev was not ready in time:\n${log}`)), START_WITHIN);
  });
  try {
    const ready = await Promise.race([line, failed, tooLate]);
    failed.catch(() => {});
    /** Runs `latchkey ARGUMENTS --json`. */
    const cli = async (...args) => {
      const { stdout } = await promisify(execFile)(BINARY, [...args, '--json'], { cwd: ROOT, env, timeout: 60_000 });
      return JSON.parse(stdout);
    };
    return { ...ready, url: ready.url.replace(/\/$/, ''), cli, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

/** Starts a receiver that answers 204 and keeps headers and raw body of each request. */
export async function startReceiver() {
  const arrived = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    response.writeHead(204).end();
    arrived.push({ headers: request.headers, body: Buffer.concat(pieces).toString('utf8') });
    waiting.splice(0).forEach((wake) => wake());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** The first delivery of this type that nobody took yet. */
    async next(type, within = 30_000) {
      const end = Date.now() + within;
      for (;;) {
        const found = arrived.findIndex(({ body }) => JSON.parse(body).type === type);
        if (found >= 0) return arrived.splice(found, 1)[0];
        const left = end - Date.now();
        if (left <= 0) throw new Error(`no ${type} arrived in time`);
        let timer;
        await Promise.race([
          new Promise((resolve) => waiting.push(resolve)),
          new Promise((resolve) => (timer = setTimeout(resolve, left))),
        ]);
        clearTimeout(timer);
      }
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
