// Runs the shell blocks of a page one after the other, as in one terminal, and compares what they print.

import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** `…` in an expected text stands for anything, line ends too. */
export function matches(expected, printed) {
  const pattern = expected.trim().split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*?');
  return new RegExp(`^${pattern}$`).test(printed.trim());
}

/** A terminal: variables set in one block are there in the next; the first failing command ends a block. */
export function terminal(folder, environment) {
  const state = path.join(folder, '.terminal');
  return {
    async run(text) {
      const script = path.join(folder, '.block');
      await writeFile(script, `set -euo pipefail\nif [ -f '${state}' ]; then . '${state}'; fi\nset -a\n${text}\nset +a\nexport -p >'${state}'\n`);
      return new Promise((resolve) => {
        execFile('bash', [script], { cwd: folder, env: environment, timeout: 60_000 }, (error, stdout, stderr) => {
          resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? '') });
        });
      });
    },
    end: () => Promise.all(['.terminal', '.block'].map((name) => rm(path.join(folder, name), { force: true }))),
  };
}
