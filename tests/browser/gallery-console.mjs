// Makes docs/gallery/console: a picture of each page of the console, light, dark and on a phone, and a page that shows them
// all. `npm run gallery:console`, or `npm run gallery:console -- team audit` for the pages that these words begin.

import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startBrowser } from './support/browser.mjs';
import { LOOKS } from './support/console.mjs';
import { CONSOLE_PAGES, furnish, showPage } from './support/console-pages.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/gallery/console/', import.meta.url));
const LARGEST = 6 * 1024 * 1024;
const TALLEST = 2400;

const wanted = process.argv.slice(2);
const isWanted = ({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word));
const looksOf = ({ phoneOnly }) => LOOKS.filter(({ look }) => !phoneOnly || look === 'phone');
const fileOf = (name, look) => `${name}-${look}.webp`;
const missing = [];

await mkdir(FOLDER, { recursive: true });
const chromium = await startBrowser();
const world = await furnish(chromium, 'gallery-console');
try {
  for (const entry of CONSOLE_PAGES.filter(isWanted)) {
    for (const { look, options } of looksOf(entry)) {
      let context;
      try {
        const shown = await showPage(chromium, world, entry, options);
        context = shown.context;
        const session = await context.newCDPSession(shown.page);
        const { width, height } = await shown.page.evaluate(() => ({ width: innerWidth, height: document.documentElement.scrollHeight }));
        const clip = { x: 0, y: 0, width, height: Math.min(Math.max(height, 600), TALLEST), scale: 1 };
        const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 70, captureBeyondViewport: !entry.phoneOnly, clip });
        await writeFile(FOLDER + fileOf(entry.name, look), Buffer.from(data, 'base64'));
      } catch (error) {
        missing.push(`${entry.name}, ${look}: ${error.message.split('\n')[0]}`);
      } finally {
        await context?.close();
      }
    }
  }
} finally {
  await chromium.stop();
  await world.latchkey.stop();
}

const known = new Set(CONSOLE_PAGES.flatMap((entry) => looksOf(entry).map(({ look }) => fileOf(entry.name, look))));
for (const file of await readdir(FOLDER)) if (file.endsWith('.webp') && !known.has(file)) await rm(FOLDER + file);
const there = new Set(await readdir(FOLDER));
const cell = (name, look) => (there.has(fileOf(name, look)) ? `![${name}, ${look}](${fileOf(name, look)})` : '–');
const rows = CONSOLE_PAGES.map(({ name }) => `| ${name} | ${LOOKS.map(({ look }) => cell(name, look)).join(' | ')} |`);
await writeFile(`${FOLDER}README.md`, `# Gallery of the console

Every page of the [console](../../console.md), light, dark and on a phone. Made by \`npm run gallery:console\` in \`tests/browser\`, from
the pages of \`support/console-pages.mjs\`, which the tests of accessibility walk through.

| | ${LOOKS.map(({ look }) => look).join(' | ')} |
|---|${LOOKS.map(() => '---').join('|')}|
${rows.join('\n')}
`);

let size = 0;
for (const file of await readdir(FOLDER)) size += (await stat(FOLDER + file)).size;
console.log(`${[...known].filter((file) => there.has(file)).length} of ${known.size} pictures, ${Math.round(size / 1024)} KB`);
for (const line of missing) console.error(`not taken: ${line}`);
if (size > LARGEST) console.error(`the folder is larger than ${LARGEST} bytes: lower the quality`);
process.exitCode = missing.length > 0 || size > LARGEST ? 1 : 0;
