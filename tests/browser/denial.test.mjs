// The person says no at the provider, or closes things half way.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { consent, modal } from './support/modal.mjs';
import { cancelled } from './support/rows.mjs';
import { OIDC, startSuite } from './support/suite.mjs';

describe('denial', () => {
  let suite;
  let context;
  let page;
  let widget;
  before(async () => {
    suite = await startSuite('denial');
  });
  after(() => suite?.stop());
  beforeEach(async () => {
    suite.provider.forget();
    suite.provider.behaviour.denyWithDescription = undefined;
    context = await suite.chromium.context();
    page = await context.newPage();
    await page.goto(suite.host.shop());
    await page.getByRole('button', { name: 'Connect' }).click();
    widget = modal(page);
  });

  const connections = async () => (await suite.latchkey.api(`/v1/vault/connections?platform=${OIDC}`)).body.total;

  test('"Deny": one onError, no token request, and another try succeeds', async () => {
    const before = await connections();
    const popup = await widget.openPopup(suite.names.oidc);
    const closed = popup.waitForEvent('close');
    await consent(popup).deny.click();
    const message = await eventOf(page, 'error');
    assert.ok(message.length > 0 && message.length <= 300, message);
    await widget.tryAgain.waitFor();
    await closed;
    assert.deepEqual((await events(page)).map((event) => event.type), ['error']);
    assert.equal(suite.provider.exchanges().length, 0);
    assert.equal(await connections(), before);

    const [second] = await Promise.all([context.waitForEvent('page'), retry()]);
    await consent(second).allow.click();
    await eventOf(page, 'success');
  });

  /** "Try again" opens the popup itself, or leads back to the service or to the list. */
  async function retry() {
    await widget.tryAgain.click();
    const where = widget.screen('explain').or(widget.screen('pick')).or(widget.screen('waiting'));
    await where.waitFor();
    if (await widget.screen('waiting').isVisible()) return;
    if (await widget.screen('pick').isVisible()) await widget.pick(suite.names.oidc);
    await widget.connect(suite.names.oidc).click();
  }

  test('the provider\'s description is shown as text, never as markup or link', async () => {
    suite.provider.behaviour.denyWithDescription = 'Ask https://evil.example.test <img src=x onerror=alert(1)> now';
    const popup = await widget.openPopup(suite.names.oidc);
    await consent(popup).deny.click();
    await eventOf(page, 'error');
    assert.equal(await widget.frame.locator('a[href*="evil.example.test"], img[src="x"]').count(), 0);
  });

  test('closing the popup is not a denial: the modal offers to open it again', async () => {
    const popup = await widget.openPopup(suite.names.oidc);
    await consent(popup).allow.waitFor();
    await popup.close();
    await widget.screen('waiting').getByText(/^Closed the/).waitFor();
    assert.deepEqual(await events(page), []);
    await widget.cancel.click();
    await widget.screen('cancelled').waitFor();
    assert.equal((await events(page)).filter((event) => event.type === 'success').length, 0);
  });

  test('closing the modal cancels: a late callback makes no token request', async () => {
    suite.provider.behaviour.holdCallback = true;
    try {
      const popup = await widget.openPopup(suite.names.oidc);
      await consent(popup).allow.click();
      const callback = await popup.locator('#callback').getAttribute('href');
      const before = await connections();
      await cancelled(suite.latchkey, page, async () => {
        await widget.close.click();
        await eventOf(page, 'close');
      });
      const late = await context.newPage();
      await late.goto(callback);
      assert.equal(suite.provider.exchanges().length, 0);
      assert.equal(await connections(), before);
    } finally {
      suite.provider.behaviour.holdCallback = false;
    }
  });
});
