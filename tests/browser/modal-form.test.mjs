// The key form: what it says while one types, pasting, where the value may be, and what stays when something fails.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recordMessages } from './support/browser.mjs';
import { events } from './support/host.mjs';
import { opener } from './support/states.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const LABEL = 'Secret or restricted key';
const KEY = `sk_${'a'.repeat(24)}`;

describe('the form', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-form', { windowless: true });
  });
  after(() => suite?.stop());

  async function open(plan = {}) {
    const context = await suite.chromium.context();
    const messages = await recordMessages(context);
    const given = await stub(context, plan);
    const { page, at } = await opener(suite)(context, '@picahq/authkit', {});
    await at.row('Stripe').click();
    await at.screen('form').waitFor();
    return { context, page, at, messages, plan: given };
  }

  const faulty = (at) => at.frame.locator('[aria-invalid="true"]').count();

  test('label, help, and a link to where the key is', async () => {
    const { at } = await open();
    const field = at.field(LABEL);
    const described = await field.evaluate((input) => input.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).textContent).join(' '));
    assert.match(described, /Use a restricted key/);
    const link = at.frame.getByRole('link', { name: `Where do I find this? ${LABEL}` });
    assert.equal(await link.getAttribute('href'), 'https://docs.example.test/keys');
    assert.deepEqual([await link.getAttribute('target'), await link.getAttribute('rel')], ['_blank', 'noopener noreferrer']);
  });

  test('while one types only praise; a fault once the field is left, gone as soon as it is mended', async () => {
    const { page, at } = await open();
    const field = at.field(LABEL);
    await field.pressSequentially('sk_short');
    assert.equal(await faulty(at), 0, 'nobody is told off half way');
    await page.keyboard.press('Tab');
    await at.frame.getByText('This does not look right').waitFor();
    assert.equal(await faulty(at), 1);
    await field.focus();
    await field.press('End');
    await field.pressSequentially('_long_enough');
    assert.equal(await faulty(at), 0);
    await at.frame.locator('.field-tick:not([hidden])').waitFor();
  });

  test('pasting: spaces around it are taken off, and it is looked at once', async () => {
    const { page, at } = await open();
    const paste = async (text) => {
      await at.field(LABEL).fill('');
      await at.field(LABEL).focus();
      await at.field(LABEL).evaluate((input, value) => {
        input.focus();
        document.execCommand('insertText', false, value);
        // What a browser says after a paste.
        input.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertFromPaste' }));
      }, text);
    };
    await paste(`  ${KEY}\u00a0 `);
    assert.equal(await at.field(LABEL).inputValue(), KEY);
    assert.equal(await faulty(at), 0);
    await paste('pk_live_not_this_one');
    await at.frame.getByText('This does not look right').waitFor();
    assert.ok(page);
  });

  test('empty: said at the field, nothing is sent', async () => {
    const { at, plan } = await open();
    await at.connect('Stripe').click();
    await at.frame.getByText(`${LABEL} is missing.`).waitFor();
    assert.equal(plan.calls.submit, undefined);
  });

  test('the service refuses: its own reason is shown, the key stays in its field and is nowhere else', async () => {
    const { page, at, messages } = await open({ submit: answers.refusal(422, 'credential_refused', 'Stripe refused this: “Expired API Key provided”. Check the values and try again.') });
    await at.field(LABEL).fill(KEY);
    await at.connect('Stripe').click();
    await at.notice.filter({ hasText: 'Expired API Key provided' }).waitFor();
    assert.equal(await at.field(LABEL).inputValue(), KEY);
    const everywhere = await Promise.all(page.frames().map((frame) => frame.evaluate(() => document.documentElement.outerHTML + location.href + JSON.stringify({ ...localStorage, ...sessionStorage }))));
    everywhere.push(JSON.stringify(messages), JSON.stringify(await events(page)));
    assert.equal(everywhere.some((text) => text.includes(KEY)), false);
  });

  test('a faulty field by the server\'s word: said there, and the focus goes there', async () => {
    const { at } = await open({ submit: answers.refusal(422, 'field_errors', 'Some values need a look.', { fields: { api_key: 'This key has no access to the account.' } }) });
    await at.field(LABEL).fill(KEY);
    await at.connect('Stripe').click();
    await at.frame.getByText('This key has no access to the account.').waitFor();
    assert.equal(await at.field(LABEL).evaluate((input) => input === document.activeElement), true);
  });

  /** The sentence that an assistive technology reads with the field, and what the field says of itself. */
  const said = (field) => field.evaluate((input) => ({
    text: input.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id)).filter((node) => node && !node.hidden).map((node) => node.textContent).join(' '),
    invalid: input.getAttribute('aria-invalid'),
    focused: input === document.activeElement,
  }));

  test('the service refuses the only field: said beside it, which is marked and has the focus, until it is changed', async () => {
    const refused = 'Stripe refused this: “Expired API Key provided”. Check the values and try again.';
    const { page, at } = await open({ submit: answers.refusal(422, 'credential_refused', refused, { provider_message: 'Expired API Key provided', fields: { api_key: refused }, reasons: { api_key: 'refused' } }) });
    const field = at.field(LABEL);
    await field.fill(KEY);
    await at.connect('Stripe').click();
    await at.fieldError.filter({ hasText: 'Expired API Key provided' }).waitFor();
    const now = await said(field);
    assert.match(now.text, /Expired API Key provided/);
    assert.deepEqual([now.invalid, now.focused], ['true', true]);
    assert.equal(await at.notice.filter({ visible: true }).count(), 0, 'said once');
    assert.equal(await field.inputValue(), KEY);
    assert.deepEqual((await events(page)).map((event) => [event.type, event.value ?? event.message]).map(([type]) => type), ['error']);
    await field.press('End');
    await field.pressSequentially('b');
    assert.equal(await faulty(at), 0);
  });

  test('several faulty fields: each has its own sentence, and the first has the focus', async () => {
    const form = answers.keyForm({ fields: [answers.field({ name: 'domain', label: 'Domain', secret: false }), answers.field({ name: 'region', label: 'Region', secret: false }), answers.field({ label: LABEL })] });
    const { at } = await open({ form, submit: answers.refusal(422, 'field_errors', 'Some values need a look.', { fields: { api_key: 'The key holds a character that cannot be sent.', domain: 'Write the part before .example.test.' }, reasons: { api_key: 'characters', domain: 'pattern' } }) });
    await at.field('Domain').fill('acme.example.test');
    await at.field('Region').fill('eu');
    await at.field(LABEL).fill(KEY);
    await at.connect('Stripe').click();
    await at.fieldError.first().waitFor();
    const [domain, region, key] = await Promise.all([said(at.field('Domain')), said(at.field('Region')), said(at.field(LABEL))]);
    assert.match(domain.text, /the part before/);
    assert.deepEqual([domain.invalid, domain.focused], ['true', true]);
    assert.deepEqual([region.invalid, region.text], [null, '']);
    assert.match(key.text, /cannot be sent/);
    assert.equal(key.invalid, 'true');
  });

  test('in another language the sentence is in that language', async () => {
    const context = await suite.chromium.context({ locale: 'de' });
    await stub(context, { submit: answers.refusal(422, 'field_errors', 'Some values need a look.', { fields: { api_key: 'The key holds a character that cannot be sent.' }, reasons: { api_key: 'characters' } }) });
    const { page, at } = await opener(suite)(context, '@picahq/authkit', {});
    await at.row('Stripe').click();
    await at.screen('form').waitFor();
    await at.field(LABEL).fill(KEY);
    await at.dialog.locator('.button-primary').click();
    await at.fieldError.filter({ hasText: 'ein Zeichen, das nicht gesendet werden kann' }).waitFor();
    assert.equal((await said(at.field(LABEL))).focused, true);
    assert.ok(page);
  });

  for (const [what, submit, said] of [['Latchkey fails', { status: 500, body: null }, /fault is on our side/], ['nobody answers', 'down', /There is no answer/], ['the service is down', answers.refusal(503, 'provider_unavailable', 'x'), /Stripe is not answering/]]) {
    test(`${what}: said above the fields, which stay, and another try goes through`, async () => {
      const { at, plan } = await open({ submit });
      await at.field(LABEL).fill(KEY);
      await at.connect('Stripe').click();
      await at.notice.filter({ hasText: said }).waitFor();
      assert.equal(await at.field(LABEL).inputValue(), KEY);
      plan.submit = { status: 'success', connection: answers.connection, account: 'Acme', message: null };
      await at.connect('Stripe').click();
      await at.screen('success').getByText('Acme').waitFor();
    });
  }

  test('password managers are neither fed nor fought', async () => {
    const { at } = await open();
    const input = at.field(LABEL);
    assert.equal(await input.getAttribute('autocomplete'), 'off');
    assert.deepEqual(await input.evaluate((node) => node.getAttributeNames().filter((name) => /ignore/.test(name))), []);
    assert.equal(await input.getAttribute('name'), 'api_key', 'a stable name to fill by');
  });
});
