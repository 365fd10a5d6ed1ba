// examples/nextjs with the packages of its lock file.

import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inRepository, startExample } from './example.mjs';

const folder = 'examples/nextjs';
const program = inRepository(`${folder}/node_modules/next/dist/bin/next`);
process.env.NEXT_TELEMETRY_DISABLED = '1';

/** Starts it with `next dev`, or built and with `next start`. */
export async function startNext(latchkey, { built }) {
  // The installed copy is as old as the last `npm ci`.
  await cp(inRepository('clients/embed'), inRepository(`${folder}/node_modules/@latchkey/embed`), { recursive: true });
  if (built) await promisify(execFile)(process.execPath, [program, 'build'], { cwd: inRepository(folder), timeout: 240_000 });
  return startExample(latchkey, [process.execPath, program, built ? 'start' : 'dev'], { folder, within: 120_000 });
}
