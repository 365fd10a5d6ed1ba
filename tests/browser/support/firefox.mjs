// Firefox as the distribution has it, driven over WebDriver BiDi: with BROWSER=firefox the tests run in it. Its own cookie
// rules stay as they are: third-party cookies and storage are partitioned by the page around them.
//
// A version of Playwright of its own, because the newest one sends each context a command that Firefox ESR does not know.

import { access } from 'node:fs/promises';
import { firefox } from 'playwright-core-firefox';

/** Where its program is. */
export const FIREFOX = process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr';
const PREFERENCES = {
  // Third-party cookies and storage are partitioned, as in a Firefox that nobody drives.
  'network.cookie.cookieBehavior': 5,
  // One process for all sites: clicks of the driver reach frames of other sites only so. What a page may see stays the same.
  'fission.webContentIsolationStrategy': 0,
};

/** Starts Firefox. It finds `hosts` on this machine. */
export async function startFirefox(hosts = []) {
  await access(FIREFOX).catch(() => {
    throw new Error(`There is no Firefox at ${FIREFOX}: \`apt-get install firefox-esr\`, or set FIREFOX_PATH.`);
  });
  return firefox.launch({ channel: 'moz-firefox', executablePath: FIREFOX, headless: true, firefoxUserPrefs: { ...PREFERENCES, 'network.dns.localDomains': hosts.join(',') } });
}
