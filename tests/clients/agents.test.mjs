// Packages that give a model the connections and the actions of a project: npm and PyPI.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { installed, locked, python, quietly, startStage } from './support/stage.mjs';

const require = createRequire(import.meta.url);
const ECHO = 'conn_mod_def::sandbox::echo';
const ME = 'conn_mod_def::sandbox::get-me';

let stage;
let ann;
let ben;
before(async () => {
  stage = await startStage('clients-agents');
  ann = (await stage.connect('ann')).key;
  ben = (await stage.connect('ben')).key;
});
after(() => stage?.stop());

const both = () => [ann, ben].sort();
const keysOf = (connections) => connections.map((connection) => connection.key).sort();

for (const name of ['@picahq/toolkit', 'pica-toolkit-1-0-2']) {
  const version = installed(name);

  describe(`@picahq/toolkit ${version}`, () => {
    let Pica;
    before(async () => {
      ({ Pica } = await import(name));
    });
    const client = (options) => quietly(() => new Pica(stage.key, { serverUrl: stage.url, connectors: ['*'], actions: ['*'], ...options }));
    const call = async (tool, input, options) => {
      const tools = (await client(options)).tools();
      return quietly(() => tools[tool].execute(input));
    };

    test('connections: all, of an identity, named ones, none', async () => {
      const keys = async (options) => keysOf(await (await client(options)).getConnectedIntegrations());
      assert.deepEqual(await keys(), both());
      assert.deepEqual(await keys({ identity: 'ann', identityType: 'user' }), [ann]);
      assert.deepEqual(await keys({ connectors: [ben] }), [ben]);
      assert.deepEqual(await keys({ connectors: [] }), []);
      const listed = await call('listPicaConnections', {});
      assert.deepEqual(listed.map(({ key }) => key.fullKey).sort(), both());
      assert.ok(listed.every(({ platform, key }) => platform === 'sandbox' && key.parts.environment === 'test'));
    });
    test('connectors', async () => {
      const connectors = await (await client()).getAvailableConnectors();
      assert.ok(['github', 'gmail', 'slack', 'sandbox'].every((id) => connectors.some((one) => one.platform === id)));
      const listed = await call('listPicaIntegrations', {}, { knowledgeAgent: true });
      assert.ok(listed.some((one) => one.platform === 'slack'));
    });
    test('actions: listed, searched, none', async () => {
      assert.equal((await (await client()).getAvailableActions('gmail')).length, 10);
      assert.deepEqual(await (await client()).getAvailableActions('openai'), []);
      const found = await call('searchPlatformActions', { platform: 'gmail', query: 'send an email' });
      assert.equal(found[0].title, 'Send a message');
      assert.equal(found[0].systemId.parts.prefix, 'conn_mod_def');
      assert.ok(found.length <= 5);
      assert.deepEqual(await call('searchPlatformActions', { platform: 'openai', query: 'refund' }), []);
      const reading = await call('searchPlatformActions', { platform: 'gmail', query: 'messages' }, { permissions: 'read' });
      assert.ok(reading.length > 0 && reading.every((action) => action.method === 'GET'));
    });
    test('knowledge speaks of our passthrough', async () => {
      const known = await call('getActionsKnowledge', { systemIds: ['conn_mod_def::gmail::send-message', ME] });
      const page = Object.values(known).find((one) => one.platform === 'gmail');
      assert.ok(page.knowledge.includes(`${stage.url}/v1/passthrough/gmail/v1/users/me/messages/send`), page.knowledge);
    });
    test('execute: read, JSON, multipart, form, path variables, query', async () => {
      const run = async (input, options) => (await call('execute', { connectionKey: ann, ...input }, options));
      const me = await run({ actionSystemId: ME });
      assert.equal(me.success, true, JSON.stringify(me));
      assert.equal(me.responseData.kind, 'api_key');
      const items = await run({ actionSystemId: 'conn_mod_def::sandbox::list-items', queryParams: { limit: 2 } });
      assert.equal(items.responseData.items.length, 2);
      const pathVariables = { path: 'a' };
      const json = await run({ actionSystemId: ECHO, data: { a: { b: 1 } }, pathVariables, queryParams: { ids: [1, 2] } });
      assert.match(json.responseData.path, /\/echo\/a$/);
      assert.deepEqual(JSON.parse(json.responseData.body), { a: { b: 1 } });
      assert.equal(decodeURIComponent(json.responseData.query), 'ids[]=1&ids[]=2');
      const form = await run({ actionSystemId: ECHO, data: { a: 'b' }, pathVariables, isFormUrlEncoded: true });
      assert.equal(form.responseData.body, 'a=b');
      const parts = await run({ actionSystemId: ECHO, data: { a: 'b' }, pathVariables, isFormData: true });
      assert.match(parts.responseData.headers['content-type'][0], /^multipart\/form-data; *boundary=/);
      assert.match(parts.responseData.body, /name="a"\r\n\r\nb\r\n/);
    });
    test("execute: the service's refusal and a foreign connection", async () => {
      const refused = await call('execute', { actionSystemId: 'conn_mod_def::sandbox::create-item', connectionKey: ann, data: { name: '' } });
      assert.equal(refused.success, false);
      assert.match(JSON.stringify(refused.error), /400/);
      if (version !== '1.0.2') assert.ok(refused.error.data.error, 'the body is the service\'s');
      await assert.rejects(call('execute', { actionSystemId: ME, connectionKey: ben }, { identity: 'ann' }), /not accessible/);
    });
  });
}

for (const name of ['pica-ai-2-0-4', 'pica-ai-2-0-8', 'pica-ai-2-4-3', 'pica-ai-2-5-1', '@picahq/ai']) {
  const version = installed(name);
  const [major, minor] = version.split('.').map(Number);
  const filters = major > 2 || minor >= 4;

  describe(`@picahq/ai ${version}`, () => {
    const { Pica } = require(name);
    const client = async (options) => {
      const pica = new Pica(stage.key, { serverUrl: stage.url, ...(filters && { connectors: ['*'] }), ...options });
      await quietly(() => pica.generateSystemPrompt());
      return pica;
    };
    const call = async (tool, input, options) => {
      const tools = (await client(options)).oneTool;
      return quietly(() => tools[tool].execute(input));
    };

    test('connections are in the prompt', async () => {
      const prompt = await (await client()).generateSystemPrompt('Hello.');
      assert.ok(prompt.includes(ann) && prompt.includes(ben) && prompt.startsWith('Hello.'));
    });
    // What only newer versions can do.
    const newer = filters ? test : () => {};
    newer('connections of an identity, and named ones', async () => {
      const of = await (await client({ identity: 'ann', identityType: 'user' })).generateSystemPrompt();
      assert.ok(of.includes(ann) && !of.includes(ben));
      const named = await (await client({ connectors: [ben] })).generateSystemPrompt();
      assert.ok(!named.includes(ann) && named.includes(ben));
    });
    newer('connectors with authkit', async () => {
      const prompt = await (await client({ authkit: true })).generateSystemPrompt();
      assert.match(prompt, /sandbox/);
    });
    test('actions: listed and none', async () => {
      const gmail = await call('getAvailableActions', { platform: 'gmail' });
      assert.equal(gmail.success, true, JSON.stringify(gmail));
      assert.equal(gmail.actions.length, 10);
      assert.ok(gmail.actions.every((action) => action._id && action.title && (!filters || Array.isArray(action.tags))));
      const openai = await call('getAvailableActions', { platform: 'openai' });
      assert.deepEqual([openai.success, openai.actions], [true, []]);
    });
    test('knowledge of an action', async () => {
      const known = await call('getActionKnowledge', { platform: 'gmail', actionId: 'conn_mod_def::gmail::send-message' });
      assert.equal(known.success, true);
      assert.match(known.action.knowledge, /^# Send a message/);
      assert.equal(known.action.baseUrl, 'https://gmail.googleapis.com');
      const unknown = await call('getActionKnowledge', { platform: 'gmail', actionId: 'conn_mod_def::gmail::nothing' });
      assert.equal(unknown.success, false);
    });
    test('execute: read, JSON, path variables, query', async () => {
      const run = (_id, path, method, rest) => call('execute', { platform: 'sandbox', connectionKey: ann, action: { _id, path }, method, ...rest });
      const me = await run(ME, '/me', 'GET');
      assert.equal(me.success, true, JSON.stringify(me));
      assert.equal(me.data.kind, 'api_key');
      const items = await run('conn_mod_def::sandbox::list-items', '/items', 'GET', { queryParams: { limit: 2 } });
      assert.equal(items.data.items.length, 2);
      const echo = await run(ECHO, '/echo/{{path}}', 'POST', { data: { a: { b: 1 } }, pathVariables: { path: 'x' } });
      assert.match(echo.data.path, /\/echo\/x$/);
      assert.deepEqual(JSON.parse(echo.data.body), { a: { b: 1 } });
    });
    newer('execute: multipart and form', async () => {
      const run = (rest) => call('execute', { platform: 'sandbox', connectionKey: ann, action: { _id: ECHO, path: '/echo/x' }, method: 'POST', data: { a: 'b' }, ...rest });
      assert.equal((await run({ isFormUrlEncoded: true })).data.body, 'a=b');
      const parts = await run({ isFormData: true });
      assert.match(parts.data.headers['content-type'][0], /^multipart\/form-data; *boundary=/);
    });
    test("execute: the service's refusal", async () => {
      const refused = await call('execute', {
        platform: 'sandbox', connectionKey: ann, method: 'POST', data: { name: '' },
        action: { _id: 'conn_mod_def::sandbox::create-item', path: '/items' } });
      assert.equal(refused.success, false);
      assert.match(JSON.stringify(refused), filters ? /invalid_request/ : /status code 400/);
    });
  });
}

describe(`PyPI pica-langchain ${locked('langchain', 'pica-langchain')}`, () => {
  let answers;
  before(async () => {
    answers = await python('langchain', 'drive_pica_langchain.py', { url: stage.url, key: stage.key, ann, ben });
  });

  test('connections: all, of an identity, named ones', () => {
    assert.deepEqual([answers.all, answers.of_ann, answers.named], [both(), [ann], [ben]]);
    assert.ok(answers.prompt.includes(ann) && answers.prompt.includes(ben));
  });
  test('connectors: all, and those that are switched on', () => {
    assert.ok(answers.connectors.includes('gmail') && answers.connectors.includes('sandbox'));
    assert.deepEqual(answers.enabled, ['sandbox', 'sandbox-sites']);
  });
  test('actions: listed, searched, only reading, none', () => {
    assert.equal(answers.gmail.actions.length, 10, JSON.stringify(answers.gmail));
    assert.equal(answers.searched.actions[0].title, 'Send a message');
    assert.ok(answers.searched.actions.length <= 3);
    assert.ok(answers.reading.actions.length > 0 && answers.reading.actions.length < 10);
    assert.deepEqual([answers.openai.success, answers.openai.actions], [true, []]);
  });
  test('knowledge of an action, its id without a prefix', () => {
    assert.equal(answers.knowledge.success, true);
    assert.match(answers.knowledge.action.knowledge, /^# List items/);
  });
  test('execute: read, JSON, multipart, path variables, query', () => {
    assert.equal(answers.me.data.kind, 'api_key', JSON.stringify(answers.me));
    assert.equal(answers.items.data.items.length, 2);
    assert.deepEqual(JSON.parse(answers.json.data.body), { a: { b: 1 } });
    assert.match(answers.form.data.headers['content-type'][0], /^multipart\/form-data; *boundary=/);
  });
  test("execute: the service's refusal and a foreign connection", () => {
    assert.equal(answers.refused.success, false);
    assert.match(answers.refused.message, /400/);
    assert.equal(answers.foreign.success, false);
    assert.match(answers.foreign.message, /not found/);
  });
  test('the tools of an agent', () => assert.equal(answers.tools.length, 3));
});

describe(`PyPI pica-ai ${locked('pica-ai', 'pica-ai')}`, () => {
  let answers;
  before(async () => {
    answers = await python('pica-ai', 'drive_pica_ai.py', { url: stage.url, key: stage.key, ann, ben });
  });

  test('connections: all, of an identity, none', () => {
    assert.deepEqual([answers.all, answers.of_ann, answers.none], [both(), [ann], []]);
  });
  test('a named connection and the platforms are in the prompt', () => {
    assert.ok(answers.prompt.includes(ann) && !answers.prompt.includes(ben));
    assert.match(answers.prompt, /gmail \(Gmail\)/);
  });
  test('actions: listed and none', () => {
    assert.equal(answers.gmail.data.length, 10, JSON.stringify(answers.gmail));
    assert.equal(answers.sandbox.data[0].title, 'Read who the connection is');
    assert.deepEqual([answers.openai.success, answers.openai.data], [true, []]);
  });
});
