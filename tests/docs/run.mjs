// Proves the documentation against the product.
//
//   node tests/docs/run.mjs                everything
//   node tests/docs/run.mjs --no-browser   without what a person does in a browser
//
// Needed: Node 20, bash, curl, `target/debug/latchkey` (or LATCHKEY_BIN), a PostgreSQL server for `latchkey dev`, and for
// the browser `npm ci` in tests/browser and Chromium (or CHROMIUM_PATH). It starts its own server on a free port and stops
// it. Ends with the line `N passed, N failed`, and fails if any did.
//
// In docs/quick-start.md every `sh` block is run in order, as in one terminal, and a `text` block after it is what it
// prints (`…` stands for anything). `bin/dev` starts the server. Between `<!-- ci: browser … -->` and
// `<!-- ci: end browser -->` a browser is needed; `demo` does there what the page says. After it, in the same terminal, the
// script of docs/sandbox.md, and docs/add-an-integration.md from its beginning to its end.

import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { missing, startBrowser } from './browser.mjs';
import { checkBranding, checkCommands, checkConfiguration, checkLinks, checkNames, checkReliability, checkCompatibility, checkSecurity } from './facts.mjs';
import { page, pages, parts } from './markdown.mjs';
import { BINARY, cleanEnvironment, freePort, startServer, workFolder, WRITTEN } from './server.mjs';
import { matches, terminal } from './shell.mjs';

const withBrowser = !process.argv.includes('--no-browser');
let passed = 0;
let failed = 0;
let skipped = 0;

async function check(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${String(error.message).replaceAll(/^/gm, '        ')}`);
  }
}

function skip(name) {
  skipped += 1;
  console.log(`skipped ${name}`);
}

function compare(expected, printed, stderr = '') {
  if (!matches(expected, printed)) throw new Error(`expected:\n${expected}\n\nprinted:\n${printed}\n${stderr}`);
}

/** The steps of the quick start: a block to run with what it prints, or something to do in the browser. */
function steps(document) {
  const found = [];
  let browser = false;
  for (const part of parts(document)) {
    const where = `${document.name}:${part.line}`;
    if (part.kind === 'comment') {
      const [word, action] = part.text.split(' ');
      if (part.text === 'end browser') browser = false;
      else if (word === 'browser') browser = true;
      else throw new Error(`${where}: unknown comment \`${part.text}\``);
      if (word === 'browser' && action) found.push({ where, action, browser: true, expected: null });
    } else if (part.language === 'sh') {
      found.push({ where, command: part.text, browser, expected: null });
    } else if (part.language === 'text' && found.length > 0) {
      found.at(-1).expected = part.text;
    }
  }
  return found;
}

async function quickStart(work, chromium) {
  let server = null;
  let shell = null;
  const here = (text) => text.replaceAll(WRITTEN, server.url);
  const all = steps(await page('docs/quick-start.md'));
  try {
    for (const step of all) {
      const first = (step.command ?? step.action).split('\n')[0].slice(0, 70);
      const name = `${step.where} ${first}`;
      if (step.command?.trim() === 'bin/dev') {
        await check(name, async () => {
          server = await startServer(work.folder);
          shell = terminal(work.folder, server.environment);
          if (step.expected) compare(here(step.expected), server.printed);
        });
        if (server === null) return;
      } else if (step.browser && chromium === null) {
        skip(name);
      } else {
        await check(name, async () => {
          if (step.action) {
            const answer = await chromium[step.action](server.url);
            if (step.expected) compare(here(step.expected), answer);
            return;
          }
          const { ok, stdout, stderr } = await shell.run(here(step.command));
          if (!ok) throw new Error(`the command failed:\n${stdout}\n${stderr}`);
          if (step.expected) compare(here(step.expected), stdout, stderr);
        });
      }
    }
    await sandboxScript(here, shell);
    await branding(work, shell);
    await example(work, server, chromium);
    await addIntegration(work, here, shell);
  } finally {
    await shell?.end();
    if (server !== null) {
      await check('Ctrl-C stops the server cleanly', async () => {
        const reason = await server.stop();
        if (reason !== 'ended with 0') throw new Error(reason);
      });
    }
  }
}

/** docs/sandbox.md holds a script that connects by OAuth without a browser; `SECRET_KEY` is there from the quick start. */
async function sandboxScript(here, shell) {
  const document = await page('docs/sandbox.md');
  const all = parts(document);
  const at = all.findIndex(({ language, text }) => language === 'sh' && text.startsWith('# connect-sandbox.sh'));
  await check(`${document.name}: connect-sandbox.sh connects by OAuth`, async () => {
    if (at < 0) throw new Error('the block `# connect-sandbox.sh` is gone');
    const { ok, stdout, stderr } = await shell.run(here(all[at].text));
    if (!ok) throw new Error(`the script failed:\n${stdout}\n${stderr}`);
    compare(all[at + 1].text, stdout, stderr);
  });
}

/** docs/branding.md holds a file, and the commands that set it. */
async function branding(work, shell) {
  const document = await page('docs/branding.md');
  const all = parts(document);
  const file = all.find(({ language, text }) => language === 'yaml' && text.startsWith('# brand.yaml'));
  const commands = all.find(({ language, text }) => language === 'sh' && text.startsWith('# set-branding.sh'));
  await check(`${document.name}: brand.yaml is set as it stands there`, async () => {
    if (!file || !commands) throw new Error('the blocks `# brand.yaml` and `# set-branding.sh` are gone');
    await writeFile(path.join(work.folder, 'brand.yaml'), file.text);
    const { ok, stdout, stderr } = await shell.run(commands.text.replaceAll(/^latchkey /gm, 'target/debug/latchkey '));
    if (!ok) throw new Error(`the commands failed:\n${stdout}\n${stderr}`);
    const shown = JSON.parse(stdout.trim().split('\n').at(-1));
    if (shown.name !== 'Acme' || shown.radius !== 18 || shown.adjusted.length > 0) throw new Error(stdout);
  });
}

/** docs/add-an-integration.md, block by block: `yaml` is what a reader makes of the file that the first command began. */
async function addIntegration(work, here, shell) {
  const document = await page('docs/add-an-integration.md');
  const all = parts(document);
  for (const [index, part] of all.entries()) {
    if (part.language === 'yaml') {
      await writeFile(path.join(work.folder, 'my-integrations', 'spotify.yaml'), `${part.text}\n`);
    } else if (part.language === 'sh') {
      await check(`${document.name}:${part.line} ${part.text.split('\n')[0].slice(0, 70)}`, async () => {
        const { ok, stdout, stderr } = await shell.run(here(part.text).replaceAll(/^latchkey /gm, 'target/debug/latchkey '));
        if (!ok) throw new Error(`the commands failed:\n${stdout}\n${stderr}`);
        const expected = all[index + 1];
        if (expected?.language === 'text') compare(here(expected.text), stdout, stderr);
      });
    }
  }
  await check(`${document.name}: the finished file is the one that was begun`, async () => {
    const begun = all.find(({ language }) => language === 'sh').text;
    const finished = await readFile(path.join(work.folder, 'my-integrations', 'spotify.yaml'), 'utf8');
    const written = [...begun.matchAll(/https:[^\s"]+/g)].map((match) => match[0]);
    const missing = written.filter((address) => !finished.includes(address));
    if (written.length < 6 || missing.length > 0) throw new Error(`not in the file: ${missing.join(', ')}`);
  });
}

/** docs/embedding.md holds a whole backend in one file: it is started, and used in the browser. */
async function example(work, server, chromium) {
  const document = await page('docs/embedding.md');
  const block = parts(document).find(({ language, text }) => language === 'js' && text.startsWith('// server.mjs'));
  if (!block) throw new Error('docs/embedding.md: the block `// server.mjs` is gone');
  const port = await freePort();
  const key = await terminal(work.folder, server.environment).run('cat .latchkey/test.key');
  const project = await terminal(work.folder, server.environment).run('target/debug/latchkey projects show --json');
  const file = path.join(work.folder, 'server.mjs');
  await writeFile(file, block.text);
  const environment = {
    ...cleanEnvironment(),
    PORT: String(port),
    CONNECT_URL: server.url,
    CONNECT_KEY: key.stdout.trim(),
    CONNECT_PROJECT: JSON.parse(project.stdout).publishable_id,
  };
  const child = spawn(process.execPath, [file], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const origin = `http://localhost:${port}`;
  try {
    await check(`${document.name}:${block.line} server.mjs answers with a session`, async () => {
      const answer = await untilAnswered(`${origin}/latchkey-token`);
      if (!/^[\w-]{43}$/.test(answer.requestId)) throw new Error(JSON.stringify(answer));
    });
    const name = `${document.name}:${block.line} server.mjs in the browser`;
    if (chromium === null) skip(name);
    else await check(name, async () => compare('{"email":"ann@example.com",…}', await chromium.example(origin)));
  } finally {
    child.kill();
  }
}

async function untilAnswered(address) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await (await fetch(address, { method: 'POST' })).json();
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

await access(BINARY).catch(() => {
  console.error(`${BINARY} is not there: run \`cargo build\`, or set LATCHKEY_BIN.`);
  process.exit(1);
});
const all = await pages();
await checkLinks(all, check);
await checkReliability(all, check);
await checkCompatibility(all, check);
await checkSecurity(all, check);
await checkBranding(all, check);
await checkConfiguration(all, check);
await checkCommands(all, check);
await checkNames(all, check);

let chromium = null;
if (withBrowser) {
  await check('a browser is there', async () => {
    const why = missing();
    if (why !== null) throw new Error(`${why}. Without a browser: --no-browser.`);
    chromium = await startBrowser();
  });
}
const work = await workFolder();
try {
  await quickStart(work, chromium);
} catch (error) {
  failed += 1;
  console.log(`FAILED  ${error.message}`);
} finally {
  await chromium?.stop();
  await work.remove();
}
if (skipped > 0) console.log(`${skipped} skipped: no browser`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
