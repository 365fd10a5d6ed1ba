// What a customer's token endpoint may answer, all of it (wire contract §2.2): two shapes that open the modal, and everything
// else, which is said in words, once, in the modal and to the page.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventOf, events } from './support/host.mjs';
import { opener } from './support/states.mjs';
import { SERVICES, stub } from './support/stub.mjs';
import { startSuite } from './support/suite.mjs';

const SESSION = 'R'.repeat(43);
const ROWS = SERVICES.map(({ id, name }) => ({ id, type: id, title: name, active: true }));
const page = (more = {}) => ({ rows: ROWS, total: ROWS.length, pages: 1, page: 1, requestId: SESSION, ...more });
const OLD = { _id: 'embed_tk::A::B', linkSettings: { connectedPlatforms: ROWS, eventIncToken: SESSION }, identity: null, sessionId: 'session_id::A::B', features: [] };

const without = (status) => new RegExp(`answered ${status} without a session`);

/** What is answered, and what the person and the page are told. */
const REFUSED = {
  'null': [200, null, /gave an empty answer/],
  'the word "undefined"': [200, 'undefined', /gave an empty answer/],
  'an object without anything': [200, {}, without(200)],
  'a list': [200, [], without(200)],
  'a number': [200, 7, without(200)],
  'rows that are no list': [200, { rows: 'all', requestId: SESSION }, without(200)],
  'rows and no session': [200, { rows: ROWS }, /has no request id/],
  'an old token without its session': [200, { linkSettings: { connectedPlatforms: ROWS } }, /has no request id/],
  'a token of some guide': [200, { token: 'abc', expiresAt: '2030-01-01T00:00:00Z' }, without(200)],
  'our error body with status 200': [200, { type: 'Unauthorized', code: 2010, status: 401, key: 'unknown_key', message: 'This secret key is not known.', meta: null }, /^This secret key is not known\.$/],
  'a message in a message': [200, { status: 'error', message: { message: 'The account is closed.' }, code: 400 }, /^The account is closed\.$/],
  'the customer\'s own error with status 200': [200, { error: 'Not signed in' }, /^Not signed in$/],
  'the customer\'s own error with status 401': [401, { error: 'Not signed in' }, /^Not signed in$/],
  'a short text': [502, 'Bad gateway', /^Bad gateway$/],
  'a good body with a bad status': [500, page(), without(500)],
  'markup in the message': [400, { message: '<img src=x onerror=alert(1)>' }, without(400)],
  'a message that fills pages': [400, { message: 'x'.repeat(5000) }, without(400)],
};

describe('what a token endpoint answers', () => {
  let suite;
  before(async () => {
    suite = await startSuite('token-answers', { windowless: true });
  });
  after(() => suite?.stop());

  async function open(token) {
    const context = await suite.chromium.context();
    const plan = await stub(context, { token });
    return { ...(await opener(suite)(context, '@picahq/authkit', {})), plan };
  }

  for (const [what, [status, body, said]] of Object.entries(REFUSED)) {
    test(`${what}: said once, in the modal too`, async () => {
      const { page: host, at, plan } = await open({ status, body });
      assert.match(await eventOf(host, 'error'), said);
      await at.failure.waitFor();
      assert.match(await at.failure.innerText(), new RegExp(said.source.replace(/[$^]/g, '')));
      assert.deepEqual((await events(host)).map((event) => event.type), ['error']);
      assert.equal(plan.calls.token, 1);
    });
  }

  for (const [what, body] of Object.entries({
    'a page': page(),
    'a page that names its session as Python does': page({ requestId: undefined, request_id: SESSION }),
    'an old embed token': OLD,
  })) {
    test(`${what}: the list`, async () => {
      const { page: host, at } = await open(body);
      await at.row('Gmail').waitFor();
      assert.deepEqual(await events(host), []);
    });
  }

  test('several pages: all of them, and the last session', async () => {
    const { at, plan } = await open((_, url) => {
      const number = Number(new URL(url).searchParams.get('page'));
      return page({ rows: ROWS.slice((number - 1) * 3, number * 3), page: number, pages: 3, requestId: String(number).repeat(43) });
    });
    await at.row('GitHub').waitFor();
    await at.row('Slack').waitFor();
    assert.equal(plan.calls.token, 3);
  });

  test('a backend that gives the first page for ever is asked twice', async () => {
    const { at, plan } = await open(page({ pages: 40 }));
    await at.row('Gmail').waitFor();
    assert.equal(plan.calls.token, 2);
  });

  test('no rows: nothing is narrowed to, and that is said', async () => {
    const { page: host, at } = await open(page({ rows: [], total: 0, pages: 0 }));
    await at.screen('empty').waitFor();
    assert.deepEqual(await events(host), []);
  });

  test('the call: what the page gave and a content type, no header of ours, no cookie, and the query as it was', async () => {
    const context = await suite.chromium.context();
    const { host } = suite;
    await context.addCookies([{ name: 'shop', value: 'session', url: host.origin }]);
    const url = `${host.origin}/token?tenant=a%26b&limit=7`;
    const { at } = await opener(suite)(context, '@picahq/authkit', { token: { url, headers: { 'x-user-id': 'u-42' } } });
    await at.row(suite.names.testKey).waitFor();
    const { headers, body, url: called } = host.tokenCalls.at(-1);
    const browsers = /^(accept|accept-.*|cache-control|connection|content-length|dnt|host|origin|pragma|sec-.*|user-agent|priority)$/;
    assert.deepEqual(Object.keys(headers).filter((name) => !browsers.test(name)).sort(), ['content-type', 'x-user-id']);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(String(body), '{}');
    assert.equal(called, '/token?tenant=a%26b&limit=7&page=1');
  });
});
