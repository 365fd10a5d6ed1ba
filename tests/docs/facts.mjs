// What the pages say about the product, held against the product: links, variables, commands, names in the code.

import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { anchors, links, parts, ROOT, spans } from './markdown.mjs';
import { BINARY, cleanEnvironment } from './server.mjs';

const run = promisify(execFile);

function complain(problems) {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function text(...names) {
  return readFile(path.join(ROOT, ...names), 'utf8');
}

/** Relative links lead to a file, and to a heading in it. */
export async function checkLinks(all, check) {
  const headings = new Map(all.map((document) => [path.join(ROOT, document.name), anchors(document)]));
  for (const document of all) {
    await check(`${document.name}: links`, async () => {
      const problems = [];
      for (const { target, line } of links(document)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file, anchor] = target.split('#');
        const full = file === '' ? path.join(ROOT, document.name) : path.resolve(ROOT, path.dirname(document.name), file);
        const there = await access(full).then(() => true, () => false);
        if (!there) problems.push(`line ${line}: ${target} does not exist`);
        else if (anchor && !headings.get(full)?.has(anchor)) problems.push(`line ${line}: ${target} names no heading`);
      }
      complain(problems);
    });
  }
}

/** Every variable of the configuration has its row; no page names one that nothing reads. */
export async function checkConfiguration(all, check) {
  const source = await text('crates', 'latchkey', 'src', 'configuration.rs');
  const structure = source.match(/pub struct Configuration \{([^]*?)\n\}/)[1];
  const known = [...structure.matchAll(/^ {4}pub (\w+):/gm)].map((match) => `LATCHKEY_${match[1].toUpperCase()}`);
  const reference = all.find(({ name }) => name === 'docs/configuration.md');
  const rows = new Set([...reference.text.matchAll(/^\| `(LATCHKEY_\w+)`/gm)].map((match) => match[1]));

  await check(`docs/configuration.md: all ${known.length} variables`, async () => {
    complain(known.filter((name) => !rows.has(name)).map((name) => `${name} has no row`));
  });
  await check('docs/configuration.md: defaults', async () => {
    const { stdout } = await run(BINARY, ['config', '--json'], { cwd: path.join(ROOT, 'tests'), env: cleanEnvironment() });
    const inForce = JSON.parse(stdout);
    const problems = [];
    for (const [, name, written] of reference.text.matchAll(/^\| `(LATCHKEY_\w+)` \| (?:`([^`]*)`|–) \|/gm)) {
      const real = inForce[name.slice('LATCHKEY_'.length).toLowerCase()];
      if (real === undefined) continue;
      const shown = real === null || real === '' ? undefined : String(real);
      if (shown !== written) problems.push(`${name}: the page says ${written ?? 'nothing'}, the server ${shown ?? 'nothing'}`);
    }
    complain(problems);
  });
  const others = (await Promise.all(['docker-compose.yml', 'bin/docker-entrypoint', 'bin/lib.sh', 'bin/test'].map((name) => text(name)))).join('\n');
  await check('variables that the pages name', async () => {
    complain(all.flatMap((document) => [...document.text.matchAll(/\bLATCHKEY_[A-Z][A-Z_]*[A-Z]\b/g)]
      .map((match) => match[0])
      .filter((name) => !known.includes(name) && !source.includes(`"${name}"`) && !others.includes(name))
      .map((name) => `${document.name}: nothing reads ${name}`)));
  });
}

/** `latchkey WORD WORD --option` in code exists, by the help of the program; shell blocks are shell. */
export async function checkCommands(all, check) {
  const helps = new Map();
  const help = async (words) => {
    const key = words.join(' ');
    if (!helps.has(key)) {
      const printed = run(BINARY, [...words, '--help'], { env: cleanEnvironment() }).then(({ stdout }) => stdout, () => null);
      helps.set(key, printed);
    }
    return helps.get(key);
  };
  const commandsOf = (printed) => [...(printed?.match(/\nCommands:\n([^]*?)\n\n/)?.[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1]);

  async function problemOf(command) {
    const words = command.trim().split(/\s+/);
    const path = [];
    let printed = await help([]);
    while (commandsOf(printed).length > 0 && words.length > 0 && /^[a-z][a-z-]*$/.test(words[0])) {
      const word = words.shift();
      if (!commandsOf(printed).includes(word)) return `latchkey has no command \`${[...path, word].join(' ')}\``;
      path.push(word);
      printed = await help(path);
    }
    if (path.length === 0) return null;
    const unknown = words.map((word) => word.match(/^--[a-z-]+/)?.[0]).find((option) => option && !printed.includes(option));
    return unknown ? `latchkey ${path.join(' ')} has no option \`${unknown}\`` : null;
  }

  for (const document of all) {
    const lines = [
      ...parts(document).filter(({ language }) => language === 'sh').flatMap(({ text, line }) =>
        text.replaceAll(/\\\n/g, ' ').split('\n').map((command) => ({ text: command, line }))),
      ...spans(document),
    ];
    const calls = lines.flatMap(({ text, line }) =>
      [...text.matchAll(/(?:^|[\s/|(])(?:latchkey|cargo run(?: --quiet)? --) ((?:[a-z]+|--[a-z-]+)(?:[^|;)"`]*))/g)].map((match) => ({ command: match[1], line })));
    if (calls.length > 0) {
      await check(`${document.name}: commands`, async () => {
        const problems = await Promise.all(calls.map(async ({ command, line }) => {
          const problem = await problemOf(command);
          return problem && `line ${line}: ${problem}`;
        }));
        complain(problems.filter(Boolean));
      });
    }
    const shell = parts(document).filter(({ language }) => language === 'sh');
    if (shell.length > 0) {
      await check(`${document.name}: shell syntax`, async () => {
        for (const block of shell) await run('bash', ['-n', '-c', block.text]);
      });
    }
  }
}

/** `broker::Broker::callback` in the pages is something in crates/broker; a file that is named is there. */
export async function checkNames(all, check) {
  const crates = await readdir(path.join(ROOT, 'crates'));
  const sources = new Map(await Promise.all(crates.map(async (name) => {
    const files = (await readdir(path.join(ROOT, 'crates', name, 'src'), { recursive: true })).filter((file) => file.endsWith('.rs'));
    const bodies = await Promise.all(files.map((file) => text('crates', name, 'src', file)));
    return [name, { bodies: bodies.join('\n'), modules: files }];
  })));
  for (const document of all) {
    const named = spans(document).filter(({ text: span }) => /^[a-z]+(::\w+)+$/.test(span) && sources.has(span.split('::')[0]));
    const files = spans(document).filter(({ text: span }) => /^(crates|bin|migrations|integrations|tests|clients|templates|assets)\/[\w./-]+$/.test(span));
    if (named.length + files.length === 0) continue;
    await check(`${document.name}: names in the code`, async () => {
      const problems = named.filter(({ text: span }) => {
        const [crate, ...rest] = span.split('::');
        const { bodies, modules } = sources.get(crate);
        return !rest.every((word) => new RegExp(`\\b(fn|struct|enum|trait|mod|const|static|type) ${word}\\b`).test(bodies)
          || modules.some((file) => file.endsWith(`${word}.rs`)));
      }).map(({ text: span, line }) => `line ${line}: ${span} is not in the code`);
      for (const { text: span, line } of files) {
        await access(path.join(ROOT, span)).catch(() => problems.push(`line ${line}: ${span} does not exist`));
      }
      complain(problems);
    });
  }
}

/** What is wrong with the rows of a table whose ids begin with this letter. */
function amiss(document, letter, wanted) {
  const rows = [...document.text.matchAll(new RegExp(`^\\| (${letter}\\d+) \\|`, 'gm'))].map((match) => match[1]);
  return [
    ...wanted.filter((id) => !rows.includes(id)).map((id) => `${id} has no row`),
    ...rows.filter((id, index) => !wanted.includes(id) || rows.indexOf(id) !== index).map((id) => `${id} is too much`),
  ];
}

/** Each test that a page names is there: a function of Rust by its name, one of JavaScript by a part of its title. */
async function everyTest(document, least) {
  const rust = [...document.text.matchAll(/`(crates\/[\w./-]+\.rs)::(\w+)`/g)].map(([, file, name]) => ({
    file, name, test: new RegExp(`#\\[(tokio::|actix_web::)?test[^\\]]*\\]\\s+(#\\[[^\\]]*\\]\\s+)*(async )?fn ${name}\\(`),
  }));
  const scripts = [...document.text.matchAll(/`(tests\/[\w./-]+\.mjs)::([^`]+)`/g)].map(([, file, name]) => ({ file, name }));
  const named = [...rust, ...scripts];
  if (named.length < least) throw new Error(`only ${named.length} tests are named`);
  const problems = await Promise.all(named.map(async ({ file, name, test }) => {
    const source = await text(file).catch(() => '');
    const there = test ? test.test(source) : titles(source).some((title) => title.includes(name));
    return there ? null : `${file} has no test ${name}`;
  }));
  complain(problems.filter(Boolean));
}

/** The titles of a file's tests as they are written, without the signs that escape quotes. */
const titles = (source) => [...source.matchAll(/^\s*(?:const \w+ = .*=> )?test\((?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/gm)]
  .map(([, ...title]) => title.find((one) => one !== undefined).replaceAll(/\\(['"`])/g, '$1'));

/** docs/reliability.md has every promise once, and each test that it names is there. */
export async function checkReliability(all, check) {
  const document = all.find(({ name }) => name === 'docs/reliability.md');
  await check('docs/reliability.md: every promise has its row', async () => {
    const numbers = [...Array(40).keys()].map((index) => index + 1).concat(42, 43, 45, 47, 48, 49, 50, 51, 52, 53, 54, 55, 57, 58);
    complain(amiss(document, 'R', numbers.map((number) => `R${String(number).padStart(2, '0')}`)));
  });
  await check('docs/reliability.md: every test is there', () => everyTest(document, 50));
  const harness = await text('bench', 'chaos', 'src', 'schedule.rs').catch(() => null);
  if (harness !== null) {
    await check('docs/reliability.md: every fault is there', async () => {
      const faults = harness.match(/enum Fault \{([^]*?)\n\}/)[1];
      const known = [...faults.matchAll(/^ {4}([A-Z]\w+)/gm)].map((match) => match[1].replaceAll(/(?<!^)[A-Z]/g, '_$&').toLowerCase());
      const named = [...document.text.matchAll(/harness `(\w+)`/g)].map((match) => match[1]);
      complain(named.filter((name) => name !== 'readers' && !known.includes(name)).map((name) => `the harness has no fault ${name}`));
    });
  }
}

/** docs/security.md has every case and every promise once, and what shows each, or why nothing does. */
export async function checkSecurity(all, check) {
  const document = all.find(({ name }) => name === 'docs/security.md');
  const numbered = (letter, digits, count) => [...Array(count).keys()].map((index) => `${letter}${String(index + 1).padStart(digits, '0')}`);
  await check('docs/security.md: every case has its row', async () => {
    complain([...amiss(document, 'T', numbered('T', 2, 28)), ...amiss(document, 'S', [...numbered('S', 3, 68), 'S103', 'S119'])]);
  });
  await check('docs/security.md: every row has a test or a reason', async () => {
    const rows = [...document.text.matchAll(/^\| ([TS]\d+) \|.*\|$/gm)];
    complain(rows.filter(([row]) => !/`[\w./-]+\.(rs|mjs)::/.test(row) && !/\| (Not built|Does not apply): [^|]+ \|$/.test(row)).map(([, id]) => `${id} has neither`));
  });
  await check('docs/security.md: every test is there', () => everyTest(document, 100));
}

/** docs/branding.md names the tests of what it says. */
export async function checkBranding(all, check) {
  const document = all.find(({ name }) => name === 'docs/branding.md');
  await check('docs/branding.md: every test is there', () => everyTest(document, 10));
}

/** docs/compatibility.md names a test for each pitfall, and each is there. */
export async function checkCompatibility(all, check) {
  const document = all.find(({ name }) => name === 'docs/compatibility.md');
  await check('docs/compatibility.md: every test is there', () => everyTest(document, 20));
}
