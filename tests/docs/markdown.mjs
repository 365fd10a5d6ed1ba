// Reads Markdown as far as the checks need it: fenced blocks, comments that speak to the runner, headings, links.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** README.md, CONTRIBUTING.md and every page under docs/, as `{ name, text, lines }`. */
export async function pages() {
  const names = ['README.md', 'CONTRIBUTING.md'];
  for (const entry of await readdir(path.join(ROOT, 'docs'), { recursive: true })) {
    if (entry.endsWith('.md')) names.push(`docs/${entry}`);
  }
  return Promise.all(names.sort().map(page));
}

export async function page(name) {
  const text = await readFile(path.join(ROOT, name), 'utf8');
  return { name, text, lines: text.split('\n') };
}

/**
 * The blocks and the runner's comments of a page in order: `{ kind: 'block', language, text, line }` and
 * `{ kind: 'comment', text, line }` for `<!-- ci: text -->`. An open fence is an error.
 */
export function parts({ name, lines }) {
  const found = [];
  let open = null;
  for (const [index, text] of lines.entries()) {
    const fence = text.match(/^(\s*)```(\S*)\s*$/);
    if (open !== null) {
      if (fence !== null) {
        const { indent, ...block } = open;
        found.push({ ...block, text: open.text.join('\n') });
        open = null;
      } else {
        // A block in a list is indented as a whole.
        open.text.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text);
      }
      continue;
    }
    if (fence !== null) open = { kind: 'block', language: fence[2], indent: fence[1], text: [], line: index + 1 };
    const comment = text.match(/^<!-- ci: (.*) -->$/);
    if (comment !== null) found.push({ kind: 'comment', text: comment[1], line: index + 1 });
  }
  if (open !== null) throw new Error(`${name}:${open.line}: this block is never closed`);
  return found;
}

/** The lines outside of blocks, with their numbers. */
export function prose({ lines }) {
  let inside = false;
  return lines.flatMap((text, index) => {
    const fence = text.trimStart().startsWith('```');
    if (fence) inside = !inside;
    return inside || fence ? [] : [{ text, line: index + 1 }];
  });
}

/** `[text](target)` outside of code. */
export function links(document) {
  return prose(document).flatMap(({ text, line }) =>
    [...text.replaceAll(/`[^`]*`/g, '').matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map((match) => ({ target: match[1], line })));
}

/** The anchors that a page's headings have, as hosts of repositories make them. */
export function anchors(document) {
  return new Set(prose(document).filter(({ text }) => /^#{1,6} /.test(text)).map(({ text }) =>
    text.replace(/^#+ /, '').toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(/\s/g, '-')));
}

/** `code` outside of blocks. */
export function spans(document) {
  return prose(document).flatMap(({ text, line }) => [...text.matchAll(/`([^`]+)`/g)].map((match) => ({ text: match[1], line })));
}
