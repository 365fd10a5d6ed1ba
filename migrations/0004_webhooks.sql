-- Webhooks: what delivering the outbox needs. Columns are added with defaults, so that a server of the version before can
-- go on writing its rows.

alter table webhook_endpoints
    -- The customer's own name for it, for upserts.
    add column key text check (char_length(key) between 1 and 120),
    add column description text,
    add column metadata jsonb not null default '{}',
    -- Of the sealed secret; the one before it has this minus one.
    add column generation bigint not null default 1,
    add column previous_sealed bytea,
    add column previous_until timestamptz,
    add column disabled_reason text check (disabled_reason in ('gone', 'switched_off')),
    add column disabled_at timestamptz,
    -- The circuit: failures in a row, and when the endpoint may be asked again.
    add column failures integer not null default 0,
    add column not_before timestamptz,
    add column last_success_at timestamptz,
    add column last_failure_at timestamptz,
    add column updated_at timestamptz not null default latchkey_now(),
    -- Deleted; the purge takes its deliveries away in bites, and then the row.
    add column deleted_at timestamptz;
create unique index webhook_endpoints_key on webhook_endpoints (project_id, environment, key)
    where key is not null and deleted_at is null;

alter table webhook_deliveries
    -- The order. Changes of one connection are made one after the other, so it is their order too.
    add column seq bigint generated always as identity,
    -- The name that the endpoint subscribed to; null is the event's own.
    add column type text,
    -- The connection, whose deliveries go out one after the other. Null waits for nobody.
    add column lane uuid,
    -- An earlier delivery of the lane is pending. The first pending one of a lane is never blocked.
    add column blocked boolean not null default false,
    -- Of the claim that is at it: a late one notes nothing.
    add column lease uuid,
    add column last_error text;
-- The claim: due deliveries of one endpoint. What waits for another delivery is not in it, so a backlog costs nothing.
create index webhook_deliveries_ready on webhook_deliveries (endpoint_id, next_attempt_at)
    where status = 'pending' and not blocked;
-- The next of a lane.
create index webhook_deliveries_lane on webhook_deliveries (endpoint_id, lane, seq) where status = 'pending';
-- Lists, newest first, and redelivery of a range of time.
create index webhook_deliveries_by_endpoint on webhook_deliveries (endpoint_id, created_at, seq);
-- The purge: what ended, and what never will.
create index webhook_deliveries_ended on webhook_deliveries (ended_at) where status <> 'pending';
create index webhook_deliveries_waiting on webhook_deliveries (created_at) where status = 'pending';
-- Nothing ever claimed by it.
drop index webhook_deliveries_due;
alter table webhook_deliveries set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

-- What each attempt met. The answer is scrubbed and at most 2 KiB.
create table webhook_attempts (
    id uuid primary key,
    delivery_id uuid not null references webhook_deliveries on delete cascade,
    status integer,
    duration_ms integer not null,
    response text,
    error text,
    attempted_at timestamptz not null default latchkey_now()
);
create index webhook_attempts_by_delivery on webhook_attempts (delivery_id, id);
