-- The tables of the first whole path. Migrations go forward only and stay readable for the previous version.
-- Secrets are `bytea` columns named `sealed` or `wrapped`; digests are SHA-256 of values with full entropy.

-- The database's clock. Decisions in time use it, so that replicas with different clocks agree. A test database
-- replaces it by one with an offset. STABLE, so that an index can serve `refresh_at <= latchkey_now()`.
create function latchkey_now() returns timestamptz
    language sql stable as 'select now()';

create table instance (
    only_row boolean primary key default true check (only_row),
    id uuid not null,
    mode text not null check (mode in ('development', 'production')),
    master_key_check bytea not null check (octet_length(master_key_check) = 16),
    created_at timestamptz not null default latchkey_now()
);

create table projects (
    id uuid primary key,
    name text not null check (char_length(name) between 1 and 120),
    publishable_id text not null unique,
    is_default boolean not null default false,
    verify text not null default 'hosted' check (verify in ('off', 'hosted', 'always')),
    verify_url text,
    home_url text,
    unproved text not null default 'confirm' check (unproved in ('confirm', 'refuse')),
    confirm_redirect text not null default 'presumed' check (confirm_redirect in ('presumed', 'always')),
    branding jsonb not null default '{}',
    white_label boolean not null default false,
    created_at timestamptz not null default latchkey_now(),
    updated_at timestamptz not null default latchkey_now()
);
create unique index projects_one_default on projects (is_default) where is_default;

create table project_origins (
    project_id uuid not null references projects on delete cascade,
    origin text not null,
    created_at timestamptz not null default latchkey_now(),
    primary key (project_id, origin)
);
create index project_origins_by_origin on project_origins (origin);

create table data_keys (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    wrapped bytea not null,
    is_current boolean not null,
    created_at timestamptz not null default latchkey_now()
);
create unique index data_keys_one_current on data_keys (project_id) where is_current;

create table api_keys (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    name text not null check (char_length(name) between 1 and 120),
    hint text not null,
    digest bytea not null unique check (octet_length(digest) = 32),
    scopes text[] not null,
    created_at timestamptz not null default latchkey_now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz
);
create index api_keys_by_project on api_keys (project_id, id);

-- An integration switched on in one project and environment. Its id is in the callback address and survives a new
-- client secret. An API-key integration has a row without client.
create table apps (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    integration text not null,
    enabled boolean not null default true,
    client_id text,
    sealed bytea,
    scopes text[],
    variables jsonb not null default '{}',
    callback_origin text not null,
    plain_callback boolean not null default false,
    generation bigint not null default 1,
    created_at timestamptz not null default latchkey_now(),
    updated_at timestamptz not null default latchkey_now(),
    unique (project_id, environment, integration)
);

create table connections (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    app_id uuid not null references apps,
    integration text not null,
    auth_method text not null,
    key text not null unique,
    name text,
    identity text,
    identity_type text check (identity_type in ('user', 'team', 'organization', 'project')),
    group_name text,
    label text,
    tags text[] not null default '{}',
    active boolean not null default true,
    state text not null default 'operational' check (state in ('operational', 'degraded', 'failed', 'unknown')),
    state_reason text,
    state_message text,
    account_id text,
    account_name text,
    variables jsonb not null default '{}',
    scopes text[],
    created_at timestamptz not null default latchkey_now(),
    updated_at timestamptz not null default latchkey_now(),
    last_used_at timestamptz,
    deleted_at timestamptz
);
-- Lists: newest first inside a project and environment, mostly of one identity.
create index connections_by_identity on connections (project_id, environment, identity, id desc) where deleted_at is null;
create index connections_by_project on connections (project_id, environment, id desc) where deleted_at is null;
create index connections_by_app on connections (app_id);

-- The hot half of a connection.
create table credentials (
    connection_id uuid primary key references connections on delete cascade,
    project_id uuid not null,
    environment text not null,
    sealed bytea not null,
    generation bigint not null default 1,
    expires_at timestamptz,
    refresh_at timestamptz,
    refreshed_at timestamptz,
    lease_owner uuid,
    lease_boot uuid,
    lease_until timestamptz,
    attempts integer not null default 0,
    updated_at timestamptz not null default latchkey_now()
) with (fillfactor = 80);
-- The scheduler's claim: overdue first.
create index credentials_due on credentials (refresh_at) where refresh_at is not null;

create table connect_sessions (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    request_digest bytea not null unique check (octet_length(request_digest) = 32),
    identity text,
    identity_type text check (identity_type in ('user', 'team', 'organization', 'project')),
    group_name text,
    label text,
    integrations text[],
    connection_id uuid references connections on delete cascade,
    hosted boolean not null default false,
    max_uses integer not null default 1,
    uses integer not null default 0,
    created_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index connect_sessions_expired on connect_sessions (expires_at);

create table flows (
    id uuid primary key,
    session_id uuid not null references connect_sessions on delete cascade,
    project_id uuid not null,
    environment text not null,
    app_id uuid not null references apps,
    integration text not null,
    auth_method text not null,
    mode text not null check (mode in ('popup', 'redirect', 'top')),
    status text not null default 'created' check (status in ('created', 'bound', 'confirming', 'away', 'exchanging',
        'verifying', 'succeeded', 'failed', 'cancelled', 'expired', 'rejected')),
    ticket_digest bytea unique,
    ticket_until timestamptz,
    proof_digest bytea,
    result_digest bytea not null unique,
    state_digest bytea unique,
    browser_digest bytea,
    embed_digest bytea,
    complete_digest bytea unique,
    complete_until timestamptz,
    embedder text,
    grade text check (grade in ('same_origin', 'opener', 'embed_cookie', 'referrer', 'code', 'confirmed')),
    code text not null,
    code_tries integer not null default 0,
    cookie_mismatches integer not null default 0,
    return_url text,
    return_form text check (return_form in ('v2', 'v3')),
    redirect_uri text,
    name text,
    variables jsonb not null default '{}',
    sealed bytea,
    quarantined bytea,
    quarantined_account jsonb,
    connection_id uuid references connections on delete set null,
    error_code text,
    error_message text,
    exchange_until timestamptz,
    created_at timestamptz not null default latchkey_now(),
    updated_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index flows_by_session on flows (session_id);
create index flows_open on flows (expires_at) where ended_at is null;
create index flows_ended on flows (ended_at) where ended_at is not null;

-- Grants that wait to be revoked at the provider. Only the revoker opens them; erased when done or after a day.
create table revocations (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null,
    app_id uuid not null references apps,
    connection_id uuid,
    flow_id uuid,
    integration text not null,
    auth_method text not null,
    variables jsonb not null default '{}',
    sealed bytea,
    status text not null default 'pending' check (status in ('pending', 'revoked', 'unsupported', 'failed')),
    attempts integer not null default 0,
    last_error text,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    created_at timestamptz not null default latchkey_now(),
    deadline_at timestamptz not null,
    ended_at timestamptz
);
create index revocations_due on revocations (next_attempt_at) where status = 'pending';
create index revocations_by_connection on revocations (connection_id);

create table events (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null,
    type text not null,
    connection_id uuid,
    payload jsonb not null,
    created_at timestamptz not null default latchkey_now()
);
create index events_by_project on events (project_id, environment, id);
create index events_by_connection on events (connection_id, id);

create table webhook_endpoints (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    url text not null,
    types text[] not null,
    sealed bytea,
    active boolean not null default true,
    created_at timestamptz not null default latchkey_now()
);
create index webhook_endpoints_by_project on webhook_endpoints (project_id, environment);

-- The outbox: written in the transaction of the change, one row per endpoint.
create table webhook_deliveries (
    id uuid primary key,
    event_id uuid not null references events on delete cascade,
    endpoint_id uuid not null references webhook_endpoints on delete cascade,
    status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default latchkey_now(),
    lease_until timestamptz,
    last_status integer,
    created_at timestamptz not null default latchkey_now(),
    ended_at timestamptz,
    unique (event_id, endpoint_id)
);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where status = 'pending';

create table audit_log (
    id uuid primary key,
    project_id uuid,
    environment text,
    action text not null,
    actor text not null,
    subject text,
    detail jsonb not null default '{}',
    created_at timestamptz not null default latchkey_now()
);
create index audit_log_by_project on audit_log (project_id, id);
create index audit_log_by_subject on audit_log (subject, action);

-- One row per background loop, so that a stuck one is seen by all replicas.
create table heartbeats (
    replica uuid not null,
    loop text not null,
    beat_at timestamptz not null,
    interval_seconds integer not null,
    primary key (replica, loop)
);
