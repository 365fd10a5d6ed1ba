-- Where this database lives, so that a restored or copied one refreshes, revokes and delivers nothing before somebody
-- adopts it; and what keeps tables bounded. Safe beside the previous version: columns with defaults, new tables, indexes.

alter table instance
    -- What a dump cannot carry of the place that these rows were written for. Null until a server first starts.
    add column home text,
    -- The database's name there, for people.
    add column home_database text,
    add column home_at timestamptz,
    -- Goes up with each adoption.
    add column epoch bigint not null default 1;

-- Each time that somebody said: this is the right database now.
create table adoptions (
    id uuid primary key,
    at timestamptz not null default latchkey_now(),
    by text not null,
    from_home text,
    from_database text,
    to_home text not null,
    epoch bigint not null unique,
    -- The move was planned and the old server stopped: nothing was marked and nothing dropped.
    trusted boolean not null,
    marked bigint not null,
    dropped_deliveries bigint not null,
    pending_revocations bigint not null
);

alter table credentials
    -- Nobody knows whether the refresh token was spent in the meantime. A refresh that succeeds clears it; a refusal
    -- fails the connection and leaves it.
    add column uncertain_since timestamptz,
    -- `adopted`, or another cause.
    add column uncertain_reason text,
    -- The adoption that marked it. Stays, so that its report can count what was proved since.
    add column uncertain_epoch bigint,
    -- Days before its end at which that was last told; 0 for not yet.
    add column forecast_days smallint not null default 0;
-- Marked rows are not in the ordinary claim, however many there are.
drop index credentials_due_by_app;
create index credentials_due_by_app on credentials (app_id, refresh_at)
    where refresh_at is not null and lease_owner is null and uncertain_since is null;
-- The slow claim of uncertain tokens: overdue first.
create index credentials_uncertain on credentials (refresh_at) where uncertain_since is not null;
-- The report: rows by key, and totals of an adoption.
create index credentials_uncertain_rows on credentials (connection_id) where uncertain_since is not null;
create index credentials_by_epoch on credentials (uncertain_epoch) where uncertain_epoch is not null;
-- Forecasts: tokens that end and cannot be refreshed, by what was told of them.
create index credentials_forecast on credentials (forecast_days, expires_at)
    where refresh_at is null and expires_at is not null;

-- The purge: what ended long ago, and what its deletion looks up elsewhere.
create index revocations_ended on revocations (ended_at) where ended_at is not null;
create index connections_deleted on connections (deleted_at) where deleted_at is not null;
create index connect_sessions_by_connection on connect_sessions (connection_id) where connection_id is not null;
create index flows_by_connection on flows (connection_id) where connection_id is not null;
