// examples/nextjs: in development, where React mounts everything twice, and, in slow runs, built for production.

import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inRepository, startExample } from './example.mjs';
import { proveExample } from './proof.mjs';

const folder = 'examples/nextjs';
const next = [process.execPath, inRepository(`${folder}/node_modules/next/dist/bin/next`)];
process.env.NEXT_TELEMETRY_DISABLED = '1';

// The installed copy is as old as the last `npm ci`.
const freshen = () => cp(inRepository('clients/embed'), inRepository(`${folder}/node_modules/@latchkey/embed`), { recursive: true });

proveExample('nextjs, development', async (latchkey) => {
  await freshen();
  return startExample(latchkey, [...next, 'dev'], { folder, within: 120_000 });
});

if (process.env.LATCHKEY_SLOW === '1') {
  proveExample('nextjs, production', async (latchkey) => {
    await freshen();
    const [command, program] = next;
    await promisify(execFile)(command, [program, 'build'], { cwd: inRepository(folder), timeout: 240_000 });
    return startExample(latchkey, [...next, 'start'], { folder });
  });
}
