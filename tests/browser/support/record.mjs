// The shape of a connection as the customer's page gets it (wire contract §4.1 and §4.2, united) and as a list row.

import assert from 'node:assert/strict';

const boolean = (value) => typeof value === 'boolean';
const text = (value) => typeof value === 'string' && value.length > 0;
const textOrNull = (value) => value === null || typeof value === 'string';
const count = (value) => Number.isInteger(value) && value >= 0;
const milliseconds = (value) => Number.isInteger(value) && value > 1_600_000_000_000;

const RECORD = {
  _id: text,
  id: text,
  platformVersion: text,
  connectionDefinitionId: text,
  name: textOrNull,
  type: (value) => value === 'api',
  group: text,
  secretsServiceId: text,
  settings: (value) => ['parseWebhookBody', 'showSecret', 'allowCustomEvents', 'oauth'].every((key) => boolean(value?.[key])),
  throughput: (value) => text(value?.key) && count(value?.limit),
  ownership: (value) => value !== null && typeof value === 'object',
  hasError: (value) => value === false,
  tags: Array.isArray,
  active: (value) => value === true,
  deleted: (value) => value === false,
  deprecated: (value) => value === false,
  updated: boolean,
  createdAt: milliseconds,
  updatedAt: milliseconds,
  version: text,
  lastModifiedBy: text,
  title: text,
  image: textOrNull,
  description: (value) => typeof value === 'string',
  state: (value) => value === 'operational',
};

const ROW_TIMES = { createdAt: (value) => !Number.isNaN(Date.parse(value)), updatedAt: (value) => !Number.isNaN(Date.parse(value)) };
const ROW = ['id', 'key', 'platform', 'platformVersion', 'type', 'environment', 'name', 'title', 'image', 'description', 'identity',
  'identityType', 'state', 'tags', 'version', 'active', 'createdAt', 'updatedAt'];

/** Checks what `onSuccess` got. */
export function assertRecord(record, { platform, identity = 'u-42', environment = 'test', oauth }) {
  const wrong = Object.entries(RECORD).filter(([field, holds]) => !holds(record[field]))
    .map(([field]) => `${field}: ${JSON.stringify(record[field])}`);
  assert.deepEqual(wrong, [], 'fields of the record');
  assert.equal(record._id, record.id);
  assert.equal(record.platform, platform);
  assert.equal(record.environment, environment);
  assert.equal(record.identity, identity);
  assert.equal(record.identityType, 'user');
  // Published clients write the key into queries, lists and headers as it is: its last part is the identity in plain letters.
  const [start, owner, ...more] = record.key.split('|');
  assert.match(start, new RegExp(`^${environment}::${platform}::default::[0-9a-f]{32}$`));
  assert.deepEqual([owner, more], [identity.replaceAll(/[^A-Za-z0-9._@~-]/gu, '-'), []], record.key);
  if (oauth) {
    const enabled = record.oauth?.enabled;
    assert.ok(text(enabled?.connection_oauth_definition_id) && count(enabled?.expires_in) && count(enabled?.expires_at),
      `oauth: ${JSON.stringify(record.oauth)}`);
  } else {
    assert.equal(record.oauth ?? null, null);
  }
  assert.equal('change_log' in record, false);
  assertNoAccountData(record);
}

/** Checks a row of `GET /v1/vault/connections`. */
export function assertRow(row, { platform, identity = 'u-42' }) {
  assert.deepEqual(ROW.filter((field) => !(field in row)), [], 'fields of the row');
  for (const [field, holds] of Object.entries(ROW_TIMES)) assert.ok(holds(row[field]), field);
  assert.equal(typeof row.createdAt, 'string');
  assert.equal(row.platform, platform);
  assert.equal(row.identity, identity);
  assert.equal(row.state, 'operational');
}

/** No token, secret or name of the account at the service. */
function assertNoAccountData(record) {
  const all = JSON.stringify(record);
  assert.doesNotMatch(all, /access_token|refresh_token|client_secret|ann@example\.test|Ann Lee|ann-1001/);
}
