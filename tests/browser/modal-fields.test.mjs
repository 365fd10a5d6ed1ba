// Fields of other kinds than a key: user names, addresses, numbers, lines, choices with something else, and none at all.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TYPED, opener } from './support/states.mjs';
import { answers, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----';

describe('fields of every kind', () => {
  let suite;
  before(async () => {
    suite = await startSuite('modal-fields', { windowless: true });
  });
  after(() => suite?.stop());

  async function open(form, plan = {}) {
    const context = await suite.chromium.context();
    const sent = [];
    const given = await stub(context, { form, submit: (body) => { sent.push(body); return { status: 'success', connection: answers.connection, account: 'Acme', message: null }; }, ...plan });
    const { page, at } = await opener(suite)(context, '@picahq/authkit', {});
    await at.row('Stripe').click();
    return { page, at, sent, plan: given };
  }

  test('each is what it is for the keyboard, the eye and the reader of the screen', async () => {
    const { page, at } = await open(answers.keyForm({ fields: TYPED }));
    await at.screen('form').waitFor();
    const of = (label) => at.field(label).evaluate((input) => [input.tagName, input.type, input.inputMode, input.getAttribute('aria-required')]);
    assert.deepEqual(await of('Email'), ['INPUT', 'text', 'email', 'true']);
    assert.deepEqual(await of('Seats'), ['INPUT', 'text', 'decimal', 'false']);
    assert.deepEqual(await of('Private key'), ['TEXTAREA', 'textarea', '', 'true']);
    assert.deepEqual(await of('Password'), ['INPUT', 'password', '', 'true']);
    assert.equal(await at.frame.locator('.control-other').isVisible(), false);
    const concealed = () => at.field('Private key').evaluate((area) => getComputedStyle(area).webkitTextSecurity);
    await at.field('Private key').fill(PEM);
    assert.equal(await concealed(), 'disc');
    await at.frame.getByRole('button', { name: 'Show Private key' }).click();
    assert.equal(await concealed(), 'none');
    await at.frame.getByRole('button', { name: 'Hide Private key' }).click();
    assert.equal(await concealed(), 'disc');
    assert.ok(page);
  });

  test('a choice, another address, lines and what stays empty: as they were typed', async () => {
    const { at, sent } = await open(answers.keyForm({ fields: TYPED }));
    await at.screen('form').waitFor();
    await at.connect('Stripe').click();
    assert.deepEqual([await at.field('Email').evaluate((input) => input === document.activeElement), sent.length], [true, 0]);
    await at.field('Email').fill('ann@example.com');
    await at.field('Password').fill('correct horse');
    await at.field('Private key').fill(PEM);
    await at.field('Server').selectOption({ label: 'Another address' });
    const other = at.field('Server: Another address');
    assert.equal(await other.evaluate((input) => input === document.activeElement), true);
    await at.connect('Stripe').click();
    await at.fieldError.filter({ hasText: 'Server is missing' }).waitFor();
    assert.deepEqual([await other.getAttribute('aria-invalid'), sent.length], ['true', 0]);
    await other.fill('https://own.example.org');
    await at.connect('Stripe').click();
    await at.screen('success').waitFor();
    assert.deepEqual(sent[0].values, { email: 'ann@example.com', password: 'correct horse', private_key: PEM, server: 'https://own.example.org' });
  });

  test('what the connection had stands there again, also an address that is no choice', async () => {
    const fields = TYPED.map((field) => ({ ...field, default: { server: 'https://own.example.org', email: 'ann@example.com' }[field.name] ?? field.default }));
    const { at, sent } = await open(answers.keyForm({ fields }));
    await at.screen('form').waitFor();
    assert.equal(await at.field('Server: Another address').inputValue(), 'https://own.example.org');
    assert.equal(await at.field('Email').inputValue(), 'ann@example.com');
    await at.field('Server').selectOption({ label: 'United States' });
    assert.equal(await at.frame.locator('.control-other').isVisible(), false);
    await at.field('Password').fill('p');
    await at.field('Private key').fill(PEM);
    await at.connect('Stripe').click();
    await at.screen('success').waitFor();
    assert.equal(sent[0].values.server, 'https://us.example.com');
  });

  test('nothing to type in: one button, no promise about a key, and the service is connected', async () => {
    const { at, sent } = await open(answers.keyForm({ auth: { id: 'none', kind: 'none', title: 'Connect without signing in' }, fields: [] }));
    await at.screen('explain').waitFor();
    assert.equal(await at.frame.getByText('Stored encrypted').count(), 0);
    assert.equal(await at.frame.getByRole('textbox').count(), 0);
    await at.connect('Stripe').click();
    await at.screen('success').waitFor();
    assert.deepEqual(sent[0].values, {});
  });

  test('a refusal of the server is said at the address that was typed in', async () => {
    const submit = answers.refusal(422, 'field_errors', 'Some values need a look.', { fields: { server: '“Server” must end after the host.' }, reasons: { server: 'pattern' } });
    const { at } = await open(answers.keyForm({ fields: TYPED }), { submit });
    await at.screen('form').waitFor();
    await at.field('Email').fill('ann@example.com');
    await at.field('Password').fill('p');
    await at.field('Private key').fill(PEM);
    await at.field('Server').selectOption({ label: 'Another address' });
    const other = at.field('Server: Another address');
    await other.fill('https://own.example.org/path');
    await at.connect('Stripe').click();
    await at.fieldError.filter({ hasText: 'must end after the host' }).waitFor();
    assert.deepEqual([await other.getAttribute('aria-invalid'), await other.evaluate((input) => input === document.activeElement)], ['true', true]);
  });
});
