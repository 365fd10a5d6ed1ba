// `latchkey dev` in a folder of its own, as a reader runs it: same files beside it, another port.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './markdown.mjs';

/** The address in the pages; the runner's is another. */
export const WRITTEN = 'http://localhost:8080';
export const BINARY = process.env.LATCHKEY_BIN ?? path.join(ROOT, 'target', 'debug', 'latchkey');
const READY = 'Ctrl-C stops it; everything is kept.';

/** The environment without anything that would point `latchkey` elsewhere. */
export function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_') && name !== 'DATABASE_URL');
  const { LATCHKEY_PG_BINDIR: found } = process.env;
  return { ...Object.fromEntries(kept), ...(found ? { LATCHKEY_PG_BINDIR: found } : {}) };
}

/** A folder that looks like the clone to whoever works in it, except that its `.latchkey` is empty. */
export async function workFolder() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lk-docs-'));
  // The private database may run as another user, who has to get through this folder.
  await chmod(folder, 0o755);
  await mkdir(path.join(folder, 'target', 'debug'), { recursive: true });
  await symlink(path.resolve(BINARY), path.join(folder, 'target', 'debug', 'latchkey'));
  await symlink(path.join(ROOT, 'integrations'), path.join(folder, 'integrations'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }) };
}

export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the server and gives what it printed for people. */
export async function startServer(folder) {
  const port = await freePort();
  const environment = { ...cleanEnvironment(), LATCHKEY_BIND: `127.0.0.1:${port}` };
  const child = spawn(BINARY, ['dev'], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let log = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  });
  let over = null;
  ended.then((reason) => (over = reason));
  const stop = async () => {
    if (over === null) child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const reason = await ended;
    clearTimeout(late);
    return reason;
  };
  const deadline = Date.now() + 90_000;
  while (!printed.includes(READY)) {
    if (over !== null) throw new Error(`latchkey dev ${over}:\n${log}`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`latchkey dev was not ready after 90 seconds:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url: `http://localhost:${port}`, environment, printed, stop };
}
