// The attacks, the same window, https, and who may finish, once more in the distribution's Firefox, with its own rules for
// cookies. Nothing runs where there is none.

import { access } from 'node:fs/promises';
import { test } from 'node:test';

process.env.BROWSER = 'firefox';
const { FIREFOX } = await import('../support/firefox.mjs');
const there = await access(FIREFOX).then(() => true, () => false);
if (there) {
  for (const name of ['attacks', 'same-window', 'same-site', 'security']) await import(`../${name}.test.mjs`);
} else {
  test('in Firefox', { skip: `there is no Firefox at ${FIREFOX}: apt-get install firefox-esr, or set FIREFOX_PATH` }, () => {});
}
