// "A new Next.js app in ten minutes" of docs/embedding.md, word by word: its commands and its files, then a person who
// connects.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startBrowser } from '../../browser/support/browser.mjs';
import { startLatchkey } from '../../browser/support/latchkey.mjs';
import { consent, modal } from '../../browser/support/modal.mjs';
import { page as readPage, parts } from '../../docs/markdown.mjs';
import { inRepository, ownShell, runScript, startExample } from '../example.mjs';
import { FRAME } from '../proof.mjs';

const remove = (place) => rm(place, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });

// A registry of packages may be out of reach for a moment.
const PAUSES = [10_000, 30_000];

/** Does `work` again, after a pause, when it fails; the last failure counts. Says what failed. */
async function patiently(context, work) {
  for (const pause of PAUSES) {
    try {
      return await work();
    } catch (error) {
      context.diagnostic(`again in ${pause / 1000} s: ${error.message}`);
      await setTimeout(pause);
    }
  }
  return work();
}

const HEADING = '## A new Next.js app in ten minutes';

test('a new Next.js app', async (context) => {
  const document = await readPage('docs/embedding.md');
  const from = document.lines.indexOf(HEADING);
  assert.notEqual(from, -1, `the heading \`${HEADING}\` is gone`);
  const to = document.lines.findIndex((line, index) => index > from && line.startsWith('## '));
  const blocks = parts({ name: document.name, lines: document.lines.slice(from, to) }).filter(({ kind }) => kind === 'block');
  const [commands, last] = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
  assert.equal(last, 'npm run dev');
  const files = blocks.filter(({ language }) => language.startsWith('ts'));
  assert.equal(files.length, 3);

  const folder = await mkdtemp(path.join(os.tmpdir(), 'lk-newapp-'));
  const latchkey = await startLatchkey({ name: 'newapp' });
  const chromium = await startBrowser();
  let app;
  context.after(async () => {
    await app?.stop();
    await chromium.stop();
    await latchkey.stop();
    await remove(folder);
  });
  // The clone, as the commands find it.
  const clone = path.join(folder, 'latchkey');
  await mkdir(path.join(clone, 'target', 'debug'), { recursive: true });
  await symlink(inRepository('clients'), path.join(clone, 'clients'));
  await symlink(path.resolve(process.env.LATCHKEY_BIN ?? inRepository('target/debug/latchkey')), path.join(clone, 'target', 'debug', 'latchkey'));
  await symlink(latchkey.devDir, path.join(clone, '.latchkey'));

  const environment = { ...ownShell(), LATCHKEY_DEV_DIR: latchkey.devDir, NEXT_TELEMETRY_DISABLED: '1', CI: '1' };
  const script = commands.replaceAll('http://localhost:8080', latchkey.url);
  const since = await patiently(context, async () => {
    await remove(path.join(folder, 'shop'));
    const begun = Date.now();
    await runScript(script, { folder, environment, within: 240_000 });
    return begun;
  });
  for (const { text } of files) {
    const [, name] = text.split('\n')[0].match(/^\/\/ (app\/\S+)$/);
    await writeFile(path.join(folder, 'shop', name), `${text}\n`);
  }
  app = await startExample(latchkey, ['npm', 'run', 'dev'], { folder: path.join(folder, 'shop'), within: 120_000, bare: true });

  const page = await (await chromium.context()).newPage();
  await page.goto(app.origin, { waitUntil: 'networkidle', timeout: 60_000 });
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  const at = modal(page, page.frameLocator(FRAME));
  const popup = await at.openPopup('Sandbox');
  await consent(popup).allow.click();
  await page.getByRole('status').filter({ hasText: 'test::sandbox::default::' }).first().waitFor();
  assert.ok(Date.now() - since < 600_000, 'ten minutes');
});
