-- The audit log becomes a chain per project, and what the connection API needs beside it.

-- An entry that belongs to a chain has a number, the tag of the entry before it, and its own. The previous version goes
-- on inserting rows without them; `latchkey audit verify` counts these apart.
alter table audit_log
    add column chain_no bigint,
    add column chain_previous bytea,
    add column chain_tag bytea,
    add column chain_key uuid,
    add constraint audit_log_chained_whole check (
        (chain_no is null and chain_previous is null and chain_tag is null and chain_key is null)
        or (project_id is not null and environment is not null and subject is not null and chain_no > 0
            and octet_length(chain_previous) = 32 and octet_length(chain_tag) = 32 and chain_key is not null)
    ) not valid;
create unique index audit_log_by_chain on audit_log (project_id, chain_no) where chain_no is not null;

-- The head of each chain. Its row lock makes one writer a project. It outlives its project, as the log does.
create table audit_chain (
    project_id uuid primary key,
    last_no bigint not null default 0,
    last_tag bytea not null default decode(repeat('00', 32), 'hex') check (octet_length(last_tag) = 32),
    updated_at timestamptz not null default latchkey_now()
);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_log_append_only before update or delete on audit_log
    for each row execute function audit_log_is_append_only();
create trigger audit_log_never_emptied before truncate on audit_log
    for each statement execute function audit_log_is_append_only();

-- Calls that ask a service because somebody asked us: one turn of each kind per connection in 30 seconds, whoever asks.
create table on_demand_calls (
    connection_id uuid not null references connections on delete cascade,
    call text not null check (call in ('refresh', 'test')),
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome jsonb,
    primary key (connection_id, call)
);

-- What was made under an `Idempotency-Key`. Both digests are keyed: a request may hold a password.
create table idempotency_keys (
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    key_tag bytea not null check (octet_length(key_tag) = 32),
    request_tag bytea not null check (octet_length(request_tag) = 32),
    connection_id uuid not null references connections on delete cascade,
    created_at timestamptz not null default latchkey_now(),
    primary key (project_id, environment, key_tag)
);
create index idempotency_keys_old on idempotency_keys (created_at);
create index idempotency_keys_by_connection on idempotency_keys (connection_id);

-- How a connection came here: through the modal, through the API, or from another instance.
alter table connections add column origin text not null default 'connect' check (origin in ('connect', 'import', 'move'));
