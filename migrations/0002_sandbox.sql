-- The built-in service to connect to. It holds no real account: what is kept here is what a small OAuth provider keeps.
-- Tokens, codes and client secrets are SHA-256 digests; the client's own copy of its secret is sealed.

-- The sandbox's OAuth client of one project. Only the test environment has one.
create table sandbox_clients (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null default 'test' check (environment = 'test'),
    client_id text not null unique,
    secret_digest bytea not null check (octet_length(secret_digest) = 32),
    sealed bytea not null,
    created_at timestamptz not null default latchkey_now(),
    unique (project_id, environment)
);

create table sandbox_redirect_uris (
    client uuid not null references sandbox_clients on delete cascade,
    redirect_uri text not null,
    created_at timestamptz not null default latchkey_now(),
    primary key (client, redirect_uri)
);

-- What an account allowed to a client: the family of its tokens. What the sandbox should do wrong for one connection
-- belongs to this row.
create table sandbox_grants (
    id uuid primary key,
    client uuid not null references sandbox_clients on delete cascade,
    account text not null check (account in ('ann', 'ben')),
    scopes text[] not null,
    access_seconds integer not null check (access_seconds > 0),
    created_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sandbox_grants_by_client on sandbox_grants (client);
create index sandbox_grants_expired on sandbox_grants (expires_at);
create index sandbox_grants_revoked on sandbox_grants (revoked_at) where revoked_at is not null;

create table sandbox_codes (
    digest bytea primary key check (octet_length(digest) = 32),
    client uuid not null references sandbox_clients on delete cascade,
    redirect_uri text not null,
    code_challenge bytea not null check (octet_length(code_challenge) = 32),
    account text not null check (account in ('ann', 'ben')),
    scopes text[] not null,
    access_seconds integer not null check (access_seconds > 0),
    grant_id uuid references sandbox_grants on delete set null,
    created_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index sandbox_codes_by_client on sandbox_codes (client, expires_at);
create index sandbox_codes_by_grant on sandbox_codes (grant_id) where grant_id is not null;
create index sandbox_codes_expired on sandbox_codes (expires_at);

create table sandbox_tokens (
    digest bytea primary key check (octet_length(digest) = 32),
    grant_id uuid not null references sandbox_grants on delete cascade,
    kind text not null check (kind in ('access', 'refresh')),
    scopes text[] not null,
    created_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index sandbox_tokens_by_grant on sandbox_tokens (grant_id);
create index sandbox_tokens_expired on sandbox_tokens (expires_at);

-- Items that callers added. `owner` is an account of a client, or the digest of an API key.
create table sandbox_items (
    id uuid primary key,
    owner text not null,
    by_key boolean not null,
    name text not null check (char_length(name) between 1 and 200),
    created_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null
);
create index sandbox_items_by_owner on sandbox_items (owner, id desc);
create index sandbox_items_by_key on sandbox_items (id) where by_key;
create index sandbox_items_expired on sandbox_items (expires_at);
