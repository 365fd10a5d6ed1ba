// An example as its README starts it, on a free port, against the server under test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, until } from '../browser/support/net.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const inRepository = (name) => path.join(ROOT, name);

/** The environment of a person's shell: the `npm run --silent` around the tests would keep their npm from saying what failed. */
export const ownShell = () => {
  const { npm_config_loglevel: _, ...environment } = process.env;
  return environment;
};

/** Runs a script of bash in `folder`; with all that it started it ends, or is killed after `within` milliseconds. */
export async function runScript(script, { folder, environment, within }) {
  const child = spawn('bash', ['-euc', script], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said = (said + chunk).slice(-4000)));
  await once(child, 'spawn');
  const late = setTimeout(() => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }, within);
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  if (code !== 0) throw new Error(`a script ended with ${signal ?? code}:\n${said}`);
}

/**
 * Starts `command` in `folder`, of the repository or absolute, and waits for its page. Gives `{ origin, stop }`.
 *
 * @param options.bare without the variables, which the folder brings itself
 */
export async function startExample(latchkey, [command, ...args], { folder, within = 60_000, bare = false }) {
  const port = await freePort();
  const variables = { CONNECT_URL: latchkey.url, CONNECT_KEY: latchkey.test_key, CONNECT_PROJECT: latchkey.publishable_id };
  const environment = { ...ownShell(), PORT: String(port), ...(bare ? {} : variables) };
  const child = spawn(command, args, { cwd: path.resolve(ROOT, folder), env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  const keep = (chunk) => (output = (output + chunk).slice(-4000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(error.message));
  const stop = async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // With the processes that it started.
    process.kill(-child.pid, 'SIGTERM');
    const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 5000);
    await gone;
    clearTimeout(late);
  };
  const origin = `http://localhost:${port}`;
  try {
    await until(async () => {
      if (child.exitCode !== null || child.pid === undefined) return true;
      const response = await fetch(origin);
      if (response.status !== 200) throw new Error(`it answers ${response.status}`);
      return true;
    }, `the page of ${folder}`, within);
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${folder} does not start`);
  } catch (error) {
    await stop();
    throw new Error(`${error.message}:\n${output}`);
  }
  return { origin, stop, output: () => output };
}
