// The server under test: `latchkey dev --json` in a private folder, and its command line against the same database.
// Every assumption about commands, flags, environment and JSON of the binary is in this file.

import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { OUT } from './browser.mjs';
import { freePort, until } from './net.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BINARY = process.env.LATCHKEY_BIN ?? path.join(ROOT, 'target', 'debug', 'latchkey');
const START_WITHIN = 90_000;

/**
 * Starts a server.
 *
 * @param options.allow origins that it may call although they are http and local: `http://localhost:4000`
 * @param options.devDir an existing folder (kept); without it a new one, removed at the end
 * @param options.name name of the log file in out/logs
 */
export async function startLatchkey({ allow = [], devDir, name = 'latchkey', environment = {} } = {}) {
  const port = await freePort();
  const folder = devDir ?? process.env.LATCHKEY_TEST_DEV_DIR ?? (await mkdtemp(path.join(os.tmpdir(), 'lk-')));
  const ours = !devDir && !process.env.LATCHKEY_TEST_DEV_DIR;
  // The private database may run as another user, who has to get through this folder.
  await chmod(folder, 0o755);

  const { DATABASE_URL: _url, LATCHKEY_DATABASE_URL: _other, ...rest } = process.env;
  const env = {
    ...rest,
    LATCHKEY_BIND: `127.0.0.1:${port}`,
    LATCHKEY_PUBLIC_URL: `http://127.0.0.1:${port}`,
    LATCHKEY_DEV_DIR: folder,
    LATCHKEY_ALLOW_PRIVATE_HOSTS: allow.join(','),
    LATCHKEY_INTEGRATIONS_DIR: fileURLToPath(new URL('../integrations', import.meta.url)),
    LATCHKEY_LOG: 'trace',
    ...environment,
  };

  await mkdir(path.join(OUT, 'logs'), { recursive: true });
  const file = createWriteStream(path.join(OUT, 'logs', `${name}.log`));
  const child = spawn(BINARY, ['dev', '--json'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  let printed = '';
  let failure;
  child.on('error', (error) => {
    failure = new Error(`${BINARY} does not start (${error.message}): run \`cargo build\`, or set LATCHKEY_BIN`);
  });
  child.stderr.on('data', (chunk) => {
    log += chunk;
    file.write(chunk);
  });
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });

  async function stop(signal = 'SIGTERM') {
    if (child.exitCode === null && child.signalCode === null && child.pid) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await gone;
      clearTimeout(late);
    }
    file.end();
    if (ours) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }

  let ready;
  try {
    const line = await until(() => {
      if (failure) return failure;
      if (child.exitCode !== null) return new Error(`latchkey dev ended with ${child.exitCode}:\n${log.slice(-3000)}`);
      return printed.split('\n').slice(0, -1).find((text) => text.startsWith('{'));
    }, 'the line of `latchkey dev --json`', START_WITHIN);
    if (line instanceof Error) throw line;
    ready = JSON.parse(line);
  } catch (error) {
    await stop();
    throw error;
  }

  const published = ready.url.replace(/\/$/, '');
  // Only the browser goes through whatever stands in front.
  const url = environment.LATCHKEY_PUBLIC_URL ? `http://127.0.0.1:${port}` : published;

  /** Runs `latchkey ARGUMENTS --json`; the secret, if any, goes over standard input. */
  function cli(args, input) {
    return new Promise((resolve, reject) => {
      const run = execFile(BINARY, [...args, '--json'], { cwd: ROOT, env, timeout: 30_000 }, (error, stdout, stderr) => {
        if (error) return reject(new Error(`latchkey ${args.join(' ')}: ${stderr || error.message}`));
        return resolve(stdout.trim() ? JSON.parse(stdout.trim().split('\n').at(-1)) : null);
      });
      run.stdin.end(input ?? '');
    });
  }

  const scope = ({ project = ready.project_id, environment: of = 'test' } = {}) => ['--project', project, '--environment', of];
  const variables = (values = {}) => Object.entries(values).flatMap(([key, value]) => ['--variable', `${key}=${value}`]);

  return {
    ...ready,
    url,
    origin: new URL(published).origin,
    embedUrl: (publishable = ready.publishable_id) => `${published}/embed/${publishable}`,
    devDir: folder,
    child,
    cli,
    /** Everything written to standard error so far: the log. */
    log: () => log,
    printed: () => printed,
    stop,

    addOrigin: (origin, project = ready.project_id) => cli(['projects', 'origins', 'add', origin, '--project', project]),

    async createProject(projectName) {
      const made = await cli(['projects', 'create', projectName]);
      return { id: made.project_id ?? made.id, publishableId: made.publishable_id };
    },

    async createKey(options = {}) {
      const made = await cli(['keys', 'create', ...scope(options), ...(options.scopes ?? []).flatMap((one) => ['--scope', one])]);
      return made.key ?? made.secret;
    },

    /** Sets the OAuth app of an integration and gives `{ id, redirectUri }`. */
    async setOAuthApp({ integration, clientId, clientSecret, values, ...where }) {
      const made = await cli(
        ['apps', 'set', ...scope(where), '--integration', integration, '--client-id', clientId, '--client-secret-stdin', ...variables(values)],
        clientSecret,
      );
      const id = made.id ?? made.app_id;
      return { id, redirectUri: made.redirect_uri ?? made.callback_url ?? `${url}/connections/oauth/callback/${id}` };
    },

    /** Switches an integration without OAuth on, with what the operator has to give. */
    async enable({ integration, values, ...where }) {
      return cli(['integrations', 'enable', integration, ...scope(where), ...variables(values)]);
    },

    /** The wire name of an integration for people. */
    async nameOf(integration, key = ready.test_key) {
      const { body } = await this.api(`/v1/available-connectors?limit=100&platform=${integration}`, { key });
      const row = body.rows.find((one) => one.platform === integration);
      if (!row) throw new Error(`the server knows no integration ${integration}`);
      return row.title ?? row.name;
    },

    /** Calls the API as the customer's backend. */
    async api(where, { method = 'GET', key = ready.test_key, connection, body, headers = {} } = {}) {
      const response = await fetch(url + where, {
        method,
        headers: {
          ...(key && { 'x-pica-secret': key }),
          ...(connection && { 'x-pica-connection-key': connection }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: 'manual',
      });
      const text = await response.text();
      let parsed = text;
      try {
        parsed = JSON.parse(text);
      } catch {
        // Not JSON: kept as text.
      }
      return { status: response.status, headers: response.headers, body: parsed };
    },

    /** The whole database as SQL text. */
    dump: () => dumpCluster(folder),

    /** Runs a statement on the database: what only the passing of time would do. */
    sql: (statement) => onCluster(folder, 'psql', ['-d', 'latchkey', '-v', 'ON_ERROR_STOP=1', '-c', statement]),
  };
}

/** Finds the private cluster by its pid file (lines: pid, data folder, start, port, socket folder) and dumps all of it. */
export const dumpCluster = (folder) => onCluster(folder, 'pg_dumpall', ['--no-role-passwords']);

async function onCluster(folder, program, args) {
  const pidFile = await findFile(folder, 'postmaster.pid');
  if (!pidFile) throw new Error(`no running PostgreSQL cluster under ${folder}`);
  const [, , , port, socket] = (await readFile(pidFile, 'utf8')).split('\n');
  const bin = await postgresBin();
  let refused;
  for (const user of ['latchkey', 'postgres', os.userInfo().username]) {
    try {
      return await output(path.join(bin, program), ['-h', socket.trim(), '-p', port.trim(), '-U', user, ...args]);
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

async function findFile(folder, name, depth = 4) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.name === name) return full;
    if (entry.isDirectory() && depth > 0) {
      const found = await findFile(full, name, depth - 1);
      if (found) return found;
    }
  }
  return undefined;
}

/** The folder of PostgreSQL's programs. */
export async function postgresBin() {
  if (process.env.LATCHKEY_PG_BINDIR) return process.env.LATCHKEY_PG_BINDIR;
  const base = '/usr/lib/postgresql';
  const versions = await readdir(base).catch(() => []);
  const newest = versions.map(Number).filter(Number.isFinite).sort((a, b) => b - a)[0];
  if (!newest) throw new Error('no PostgreSQL found: install PostgreSQL, or set LATCHKEY_PG_BINDIR');
  return path.join(base, String(newest), 'bin');
}

function output(command, args) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 512 * 1024 * 1024, timeout: 60_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${command}: ${stderr || error.message}`)) : resolve(stdout));
  });
}
