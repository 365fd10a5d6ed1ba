// The attacks, the same window, https, and who may finish, once more in the distribution's Firefox, with its own rules for
// cookies. Nothing runs where there is none, or one that is too old to be driven.

import { access } from 'node:fs/promises';
import { test } from 'node:test';

process.env.BROWSER = 'firefox';
const { FIREFOX, startFirefox } = await import('../support/firefox.mjs');

/** Why nothing can run here. An old release does not know every command of the driver. */
async function why() {
  if (!(await access(FIREFOX).then(() => true, () => false))) return `there is no Firefox at ${FIREFOX}: apt-get install firefox-esr, or set FIREFOX_PATH`;
  try {
    await (await startFirefox()).close();
    return undefined;
  } catch (error) {
    const unknown = /Protocol error \(([\w.]+)\): unknown command/.exec(error.message);
    if (!unknown) throw error;
    return `the Firefox at ${FIREFOX} is too old to be driven: it does not know ${unknown[1]}; a newer one comes with the distribution's security updates, or set FIREFOX_PATH`;
  }
}

const skip = await why();
if (skip) {
  test('in Firefox', { skip }, () => {});
} else {
  for (const name of ['attacks', 'same-window', 'same-site', 'security']) await import(`../${name}.test.mjs`);
}
