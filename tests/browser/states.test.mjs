// A picture of each state of the modal, light and dark, wide and on a phone, for people to look at: out/states-*.png, all
// of them on one page in out/states.html.

import { after, before, describe, test } from 'node:test';
import { gallery, picture } from './support/browser.mjs';
import { eventOf } from './support/host.mjs';
import { KEY_LABEL, OPENS_INSIDE_AN_APP, confirmPage, consent, modal } from './support/modal.mjs';
import { startSuite } from './support/suite.mjs';

const LOOKS = [
  ['light', { theme: 'light' }],
  ['dark', { theme: 'dark' }],
  ['phone', { theme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }],
];

describe('states of the modal', () => {
  let suite;
  before(async () => {
    suite = await startSuite('states');
  });
  after(async () => {
    await gallery('states');
    await suite?.stop();
  });

  for (const [look, options] of LOOKS) {
    const shoot = (page, state) => picture(page, `states-${state}-${look}`);
    const sdkOptions = { appTheme: options.theme, title: 'Connect your tools', companyName: 'Shop' };

    /** Opens the modal in a fresh profile and closes the profile after `body`. */
    const state = (title, body, { sdk = '@picahq/authkit', headers = {}, token = 'ok' } = {}) => test(`${title}, ${look}`, async () => {
      suite.host.behaviour.token = token;
      suite.host.behaviour.headers = headers;
      const context = await suite.chromium.context(options);
      try {
        const page = await context.newPage();
        await page.goto(suite.host.shop(sdk, sdkOptions));
        await page.getByRole('button', { name: 'Connect' }).click();
        await body(modal(page), page, context);
      } finally {
        suite.host.behaviour.token = 'ok';
        suite.host.behaviour.headers = {};
      }
    });

    state('loading', async (widget, page) => {
      await widget.close.waitFor();
      await page.waitForTimeout(1200);
      await shoot(page, 'loading');
      await page.waitForTimeout(8000);
      await shoot(page, 'loading-long');
    }, { token: 'never' });

    state('list, search, nothing found', async (widget, page) => {
      await widget.row(suite.names.oidc).waitFor();
      await shoot(page, 'list');
      await widget.search.fill(suite.names.testKey.slice(0, 4));
      await shoot(page, 'search');
      await widget.search.fill('zzzz');
      await shoot(page, 'search-nothing');
    });

    state('explain, waiting, success', async (widget, page, context) => {
      await widget.pick(suite.names.oidc);
      await shoot(page, 'explain');
      const [popup] = await Promise.all([context.waitForEvent('page'), widget.connect(suite.names.oidc).click()]);
      await consent(popup).allow.waitFor();
      await shoot(page, 'waiting');
      await consent(popup).allow.click();
      await popup.waitForURL(/\/connect\/done/).catch(() => {});
      await shoot(popup, 'done').catch(() => {});
      await widget.success(suite.names.oidc).waitFor();
      await shoot(page, 'success');
    });

    state('popup closed', async (widget, page) => {
      const popup = await widget.openPopup(suite.names.oidc);
      await consent(popup).allow.waitFor();
      await popup.close();
      await widget.openAgain.first().waitFor();
      await page.waitForTimeout(2500);
      await shoot(page, 'popup-closed');
      await widget.cancel.click();
      await widget.screen('cancelled').waitFor();
      await shoot(page, 'cancelled');
    });

    state('denied', async (widget, page) => {
      const popup = await widget.openPopup(suite.names.oidc);
      await consent(popup).deny.click();
      await widget.tryAgain.waitFor();
      await shoot(page, 'denied');
    });

    state('key form, wrong text, refused, success', async (widget, page) => {
      await widget.choose(suite.names.testKey);
      await widget.field(KEY_LABEL).waitFor();
      await shoot(page, 'key');
      await widget.field(KEY_LABEL).fill('not a key');
      await widget.connect(suite.names.testKey).click();
      await widget.frame.locator('[aria-invalid="true"]').waitFor();
      await shoot(page, 'key-invalid');
      await widget.field(KEY_LABEL).fill(suite.keys.wrongKey);
      await widget.connect(suite.names.testKey).click();
      await widget.fieldError.filter({ hasText: suite.names.testKey }).waitFor();
      await shoot(page, 'key-refused');
      await widget.field(KEY_LABEL).fill(suite.keys.key);
      await widget.connect(suite.names.testKey).click();
      await eventOf(page, 'success');
      await widget.done.waitFor();
      await shoot(page, 'key-success');
    });

    for (const token of ['html', '500', 'refused', 'stale']) {
      state(`token endpoint: ${token}`, async (widget, page) => {
        await eventOf(page, 'error');
        await widget.screen(token === 'stale' ? 'expired' : 'failure').waitFor();
        await shoot(page, `token-${token}`);
      }, { token });
    }

    state('confirm page and its end', async (widget, page) => {
      await widget.pick(suite.names.oidc);
      await widget.connect(suite.names.oidc).click();
      await confirmPage(page).proceed.waitFor();
      await shoot(page, 'confirm');
      await confirmPage(page).notMe.click();
      await page.waitForTimeout(500);
      await shoot(page, 'confirm-not-me');
    }, { sdk: '@withone/auth', headers: { 'referrer-policy': 'no-referrer' } });

    test(`pages without a modal, ${look}`, async () => {
      const context = await suite.chromium.context(options);
      const page = await context.newPage();
      await page.goto(`${suite.latchkey.embedUrl()}?data=e30`);
      await page.getByText(OPENS_INSIDE_AN_APP).first().waitFor();
      await shoot(page, 'top-level');
      await page.goto(`${suite.app.redirectUri}?code=c&state=${'A'.repeat(43)}`);
      await shoot(page, 'callback-unknown');
      await page.goto(suite.latchkey.demo_url);
      await shoot(page, 'demo');
    });
  }
});
