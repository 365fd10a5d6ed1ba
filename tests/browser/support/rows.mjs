// Rows of the private database of `latchkey dev`, for states that take days or many people to come about, and for what no page
// tells.

import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { postgresBin } from './latchkey.mjs';
import { until } from './net.mjs';

async function pidFile(folder, depth = 4) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.name === 'postmaster.pid') return full;
    if (entry.isDirectory() && depth > 0) {
      const found = await pidFile(full, depth - 1).catch(() => undefined);
      if (found) return found;
    }
  }
  return undefined;
}

const run = async (args) => {
  const psql = path.join(await postgresBin(), 'psql');
  return new Promise((resolve, reject) => execFile(psql, args, { timeout: 30_000 }, (error, stdout, stderr) => (error ? reject(new Error(stderr || error.message)) : resolve(stdout.trim()))));
};

/** Runs SQL in the server's database and gives what it prints. */
export async function sql(latchkey, text) {
  const [, , , port, socket] = (await readFile(await pidFile(latchkey.devDir), 'utf8')).split('\n');
  let refused;
  for (const user of ['latchkey', 'postgres', os.userInfo().username]) {
    for (const database of ['latchkey', 'postgres']) {
      try {
        return await run(['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', socket.trim(), '-p', port.trim(), '-U', user, '-d', database, '-c', text]);
      } catch (error) {
        if (!/does not exist|authentication/.test(error.message)) throw error;
        refused ??= error;
      }
    }
  }
  throw refused;
}

/** Does what makes `page` cancel a sign-in, and waits until the server has it: the modal does not wait for that answer. */
export async function cancelled(latchkey, page, work) {
  const asked = page.waitForRequest((request) => /\/connect\/api\/flows\/[^/]+\/cancel$/.test(new URL(request.url()).pathname));
  await work();
  const [, flow] = (await asked).url().match(/flows\/([^/]+)\/cancel$/);
  await until(async () => (await sql(latchkey, `select status from flows where id = '${flow}'`)) === 'cancelled', 'the cancelling');
}
