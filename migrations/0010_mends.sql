-- What a review of events and webhooks asked for. Safe beside the previous version: columns that it leaves empty, and a
-- table that it does not know.

alter table webhook_deliveries
    -- When somebody asked for it once more: its week on its way counts from here.
    add column redelivered_at timestamptz;

alter table webhook_attempts
    -- The request as it was sent, without signatures and secrets: address and headers, and the body beside them.
    add column request jsonb,
    add column request_body text;

-- What was subscribed under an `Idempotency-Key`, as `idempotency_keys` has it for connections. Both digests are keyed.
create table webhook_idempotency_keys (
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    key_tag bytea not null check (octet_length(key_tag) = 32),
    request_tag bytea not null check (octet_length(request_tag) = 32),
    endpoint_id uuid not null references webhook_endpoints on delete cascade,
    created_at timestamptz not null default latchkey_now(),
    primary key (project_id, environment, key_tag)
);
create index webhook_idempotency_keys_old on webhook_idempotency_keys (created_at);
create index webhook_idempotency_keys_by_endpoint on webhook_idempotency_keys (endpoint_id);
