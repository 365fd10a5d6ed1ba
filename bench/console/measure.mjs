// Times every page of the console, one request at a time, and prints a table: median, p99 and most, in milliseconds. The
// pages are those that the sources route; one whose address names something that is not seeded is told and left out.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../crates/server/src/console/', import.meta.url));
const LIMIT = 150;
const { values: options } = parseArgs({ options: { ready: { type: 'string' }, known: { type: 'string' }, requests: { type: 'string', default: '200' } } });
const ready = JSON.parse(readFileSync(options.ready, 'utf8'));
const known = { project: ready.project_id, environment: 'test', integration: 'gmail', ...JSON.parse(options.known) };

/** Addresses that `page!` and `form!` route. */
function addresses() {
  const files = readdirSync(SOURCES, { recursive: true }).filter((name) => name.endsWith('.rs') && !name.endsWith('routing.rs'));
  const found = new Set();
  for (const file of files) {
    const source = readFileSync(path.join(SOURCES, file), 'utf8');
    for (const [, paths] of source.matchAll(/(?:page|form)!\(\s*config,\s*(\[[^\]]*\]|"[^"]*")/g)) {
      for (const [, address] of paths.matchAll(/"([^"]*)"/g)) found.add(address);
    }
  }
  return [...found].sort();
}

async function signIn() {
  const secret = new URL(ready.console_url).hash.slice(1);
  const answer = await fetch(`${ready.url}/console/api/welcome`, { method: 'POST', headers: { 'content-type': 'application/json', origin: ready.url }, body: JSON.stringify({ secret }) });
  if (!answer.ok) throw new Error(`signing in was refused: ${await answer.text()}`);
  return answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

const cookie = await signIn();
async function time(address) {
  const begun = performance.now();
  const answer = await fetch(ready.url + address, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
  const { length } = await answer.text();
  return { took: performance.now() - begun, status: answer.status, length };
}

// Addresses name nobody: what names somebody leads to their reference.
const named = await fetch(`${ready.url}/console/${known.project}/${known.environment}/identities/of?id=user-77`, { headers: { cookie }, redirect: 'manual' });
known.identity = named.headers.get('location')?.split('/').at(-1);
if (named.status !== 303 || !known.identity) throw new Error(`there is no reference of an identity: ${named.status}`);

// As the filters of the list make them.
const more = ['connections?state=failed', 'connections?integration=gmail', 'connections?q=user-12', 'connections?q=person77', 'connections?integration=stripe&state=degraded',
  'sessions?outcome=failed', 'sessions?who={identity}', 'requests?outcome=failed', 'identities?q=user-77', 'identities?q=customer%2077',
  'search?q=user-12', 'search?q=customer%2077', 'audit?action=key.created',
  // By surname: 11,111 connections have it, with an accent or typed without; and a word that everybody has behind a rare one.
  'identities?q=m%C3%BCller', 'identities?q=muller', 'identities?q=77%20customer', 'connections?q=muller',
  'connections?q=muller&state=failed', 'connections?q=77%20customer', 'search?q=moreau', 'audit?subject={connection}',
  // What few and what many have; and what none has, which is looked for to the end.
  'connections?tag=vip', 'connections?tag=eu', 'connections?scope=admin', 'connections?scope=read', 'connections?tag=vip&scope=read',
  'connections?account=account-77', 'connections?account=person77%40example.com', 'connections?used=never', 'connections?used=30', 'connections?used=90',
  'webhooks/{endpoint}?status=failed', 'webhooks/{endpoint}?status=delivered', 'webhooks/{endpoint}?status=pending'];
const place = `/console/${known.project}/${known.environment}`;
const pages = [...addresses(), ...more.map((page) => `${place}/${page}`)];
const rows = [];
const left = [];
for (const pattern of pages) {
  const missing = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).filter((name) => !(name in known));
  const address = pattern.replaceAll(/\{(\w+)\}/g, (_, name) => known[name]);
  if (missing.length > 0) {
    left.push(`${pattern} (${missing.join(', ')})`);
    continue;
  }
  const first = await time(address);
  if (first.status !== 200) {
    left.push(`${pattern} (answers ${first.status})`);
    continue;
  }
  const times = [];
  for (let count = 0; count < Number(options.requests); count += 1) times.push((await time(address)).took);
  times.sort((one, other) => one - other);
  const at = (share) => times[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)];
  rows.push({ page: pattern.replace('/console/{project}/{environment}', '').replace(place, '') || '(home)', first: first.took, median: at(0.5), p99: at(0.99), most: times.at(-1), kib: first.length / 1024 });
}

const digits = (value) => value.toFixed(1);
console.log(`| page | first | median | p99 | most | KiB |\n|---|---:|---:|---:|---:|---:|`);
for (const row of rows) console.log(`| ${row.page} | ${digits(row.first)} | ${digits(row.median)} | ${digits(row.p99)} | ${digits(row.most)} | ${digits(row.kib)} |`);
if (left.length > 0) console.log(`\nleft out: ${left.join('; ')}`);
const slow = rows.filter(({ p99 }) => p99 >= LIMIT);
console.log(slow.length === 0 ? `\nevery page has its p99 below ${LIMIT} ms` : `\nslower than ${LIMIT} ms: ${slow.map(({ page }) => page).join(', ')}`);
process.exitCode = slow.length === 0 ? 0 : 1;
