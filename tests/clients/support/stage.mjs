// `latchkey dev` with connections to its sandbox, for the clients that talk to the API only; and what they are run with.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLatchkey } from '../../browser/support/latchkey.mjs';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const BROWSER = fileURLToPath(new URL('../../browser/', import.meta.url));

/** The version that is installed under this name, here or in tests/browser. */
export function installed(name, folder = HERE) {
  return JSON.parse(readFileSync(path.join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}
export const installedInBrowser = (name) => installed(name, BROWSER);

/** The Python that has the packages of requirements-langchain.txt or requirements-pica-ai.txt. */
const PYTHONS = { langchain: process.env.CLIENTS_PYTHON_LANGCHAIN, 'pica-ai': process.env.CLIENTS_PYTHON_PICA_AI };

/** Runs python/SCRIPT with `input` as JSON on standard input; gives the JSON on its last line. */
export function python(environment, script, input) {
  const program = PYTHONS[environment];
  if (!program) throw new Error(`no Python for ${environment}: run \`bin/test clients\``);
  return new Promise((resolve, reject) => {
    const child = execFile(program, [path.join(HERE, 'python', script)], { timeout: 120_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) return reject(new Error(`${script}: ${stderr.slice(-3000) || error.message}`));
      return resolve(JSON.parse(stdout.trim().split('\n').at(-1)));
    });
    child.stdin.end(JSON.stringify(input));
  });
}

/** The version of a Python package as its lock file has it; the installation compares hashes with it. */
export function locked(environment, name) {
  const text = readFileSync(path.join(HERE, `requirements-${environment}.txt`), 'utf8');
  return text.match(new RegExp(`^${name}==(\\S+)`, 'm'))[1];
}

/**
 * Starts a server.
 *
 * @param options.more how many integrations there are besides the usual ones, `bulk-001` and so on
 */
export async function startStage(name, { more = 0 } = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lk-clients-'));
  await cp(path.join(BROWSER, 'integrations'), folder, { recursive: true });
  const bulk = Array.from({ length: more }, (_, index) => `bulk-${String(index + 1).padStart(3, '0')}`);
  await Promise.all(bulk.map((id) => writeFile(path.join(folder, `${id}.yaml`), definition(id))));
  const latchkey = await startLatchkey({ name, environment: { LATCHKEY_INTEGRATIONS_DIR: folder } });
  return {
    latchkey,
    url: latchkey.url,
    key: latchkey.test_key,
    bulk,

    /** Switches integrations on. */
    async enable(ids) {
      const key = await latchkey.createKey({ scopes: ['admin'] });
      for (const id of ids) {
        const { status, body } = await latchkey.api(`/v1/integrations/${id}`, { method: 'PATCH', key, body: { enabled: true } });
        if (status !== 200) throw new Error(`/v1/integrations/${id}: ${status} ${JSON.stringify(body)}`);
      }
    },

    /** Connects the sandbox with a key, as the modal does; gives the record. */
    async connect(identity) {
      const { body } = await latchkey.api('/v1/authkit/token', { method: 'POST', body: { identity, identityType: 'user' } });
      return this.spend(body.requestId);
    },

    /** Spends a session on a connection to the sandbox. */
    async spend(session) {
      const { status, body } = await latchkey.api('/connect/api/submit', {
        method: 'POST',
        key: null,
        headers: { authorization: `Bearer ${session}`, origin: latchkey.origin },
        body: { integration: 'sandbox', auth: 'api_key', values: { api_key: 'sandbox_key_0123456789' }, embedder: latchkey.origin },
      });
      if (status !== 200) throw new Error(`/connect/api/submit: ${status} ${JSON.stringify(body)}`);
      return body.connection;
    },

    async stop() {
      await latchkey.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const definition = (id) => `id: ${id}
name: ${id}
description: One of many.
categories: [testing]
docs: https://docs.example.test/${id}
sources: [https://docs.example.test/${id}]
auth:
  - kind: api_key
    title: API key
    fields: [{ name: api_key, title: API key }]
api:
  base_url: https://${id}.example.test
  headers: { Authorization: "Bearer \${credential.api_key}" }
check: { get: /me }
`;

/** Silences what a package prints about errors that are wanted here. */
export async function quietly(body) {
  const { error, warn, log } = console;
  console.error = console.warn = console.log = () => {};
  try {
    return await body();
  } finally {
    Object.assign(console, { error, warn, log });
  }
}
