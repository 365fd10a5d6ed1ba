// Makes docs/gallery: a picture of each state of the modal and of each page around it, in every look, and a page that shows
// them all. `npm run gallery`, or `npm run gallery -- partial done` for the states that these words begin; `-- --look=dark`
// for one look; `-- --page` only writes the page anew, from the pictures that are there.

import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LOOKS, openLook, showState } from './support/looks.mjs';
import { PAGES } from './support/pages.mjs';
import { STATES } from './support/states.mjs';
import { startSuite } from './support/suite.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/gallery/', import.meta.url));
const LARGEST = 6 * 1024 * 1024;
const QUALITY = 80;

const given = process.argv.slice(2);
const wanted = given.filter((word) => !word.startsWith('--'));
const looks = given.filter((word) => word.startsWith('--look=')).map((word) => word.slice('--look='.length));
const isWanted = ({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word));
const fileOf = (name, look) => `${name}-${look.name.replaceAll(' ', '-')}.webp`;

async function shoot(page, name, look) {
  // Where nothing is to point at.
  await page.mouse.move(1, 1);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  await writeFile(FOLDER + fileOf(name, look), Buffer.from(data, 'base64'));
}

const missing = [];
async function take(name, look, visit) {
  let context;
  try {
    const shown = await visit((opened) => (context = opened));
    await shoot(shown, name, look);
  } catch (error) {
    missing.push(`${name}, ${look.name}: ${error.message.split('\n')[0]}`);
  } finally {
    await context?.close();
  }
}

await mkdir(FOLDER, { recursive: true });
const suite = given.includes('--page') ? null : await startSuite('gallery');
try {
  for (const look of suite ? LOOKS.filter(({ name }) => looks.length === 0 || looks.includes(name)) : []) {
    for (const entry of STATES.filter(isWanted)) {
      await take(entry.name, look, async (keep) => {
        const { context, page } = await showState(suite, look, entry);
        keep(context);
        return page;
      });
    }
    for (const entry of PAGES.filter(isWanted)) {
      await take(`page-${entry.name}`, look, async (keep) => {
        const context = await openLook(suite, look);
        keep(context);
        return entry.reach(suite, context, look);
      });
    }
  }
} finally {
  await suite?.stop();
}

const names = [...STATES.map(({ name }) => name), ...PAGES.map(({ name }) => `page-${name}`)];
const known = new Set(names.flatMap((name) => LOOKS.map((look) => fileOf(name, look))));
for (const file of await readdir(FOLDER)) if (file.endsWith('.webp') && !known.has(file)) await rm(FOLDER + file);

const there = new Set(await readdir(FOLDER));
const cell = (name, look) => (there.has(fileOf(name, look)) ? `![${name}, ${look.name}](${fileOf(name, look)})` : 'not taken');
const row = (name) => `| ${name} | ${LOOKS.map((look) => cell(name, look)).join(' | ')} |`;
const table = (list) => [`| | ${LOOKS.map(({ name, language }) => `${name} (${language})`).join(' | ')} |`, `|---|${LOOKS.map(() => '---').join('|')}|`, ...list.map(row)].join('\n');
const page = `# Gallery

Every state of the modal and every page around a sign-in: light, dark, on a phone, from right to left, and in the language with
the longest texts. Made by the browser tests (\`npm run gallery\` in \`tests/browser\`), with the same entries that the tests of
accessibility walk through. The states are those of \`tests/browser/support/states.mjs\`, the pages those of \`support/pages.mjs\`.

## The modal

${table(names.filter((name) => !name.startsWith('page-')))}

## Pages

${table(names.filter((name) => name.startsWith('page-')))}
`;
await writeFile(`${FOLDER}README.md`, page);

let size = 0;
for (const file of await readdir(FOLDER)) size += (await stat(FOLDER + file)).size;
console.log(`${[...known].filter((file) => there.has(file)).length} of ${known.size} pictures, ${Math.round(size / 1024)} KB`);
for (const line of missing) console.error(`not taken: ${line}`);
if (size > LARGEST) console.error(`the folder is larger than ${LARGEST} bytes: lower the quality`);
process.exitCode = missing.length > 0 || size > LARGEST ? 1 : 0;
