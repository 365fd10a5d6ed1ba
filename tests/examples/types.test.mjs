// The declarations of @latchkey/embed, read as an application's TypeScript reads them. The compiler is that of
// examples/nextjs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { inRepository } from './example.mjs';

test('what is right compiles, and each mistake is one', async () => {
  const compiler = inRepository('examples/nextjs/node_modules/typescript/bin/tsc');
  const said = await new Promise((resolve) => {
    execFile(process.execPath, [compiler, '--project', inRepository('tests/examples')], (error, stdout, stderr) =>
      resolve(error ? stdout || stderr || error.message : ''));
  });
  assert.equal(said, '');
});
