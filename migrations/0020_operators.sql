-- People who sign in to the console. Beside the previous version: it knows none of this and touches none of it.

create table operators (
    id uuid primary key,
    -- As the person writes it.
    email text not null check (length(email) between 3 and 320),
    -- As it is compared: NFKC, lower case.
    email_key text not null unique,
    name text not null default '' check (length(name) <= 200),
    -- The PHC string of argon2id; null until a password was set.
    password text,
    disabled_at timestamptz,
    created_at timestamptz not null default latchkey_now(),
    signed_in_at timestamptz
);

-- What somebody may do in a project, or in all of them.
create table operator_roles (
    operator_id uuid not null references operators on delete cascade,
    -- null: every project, also later ones.
    project_id uuid references projects on delete cascade,
    role text not null check (role in ('owner', 'admin', 'developer', 'support', 'viewer')),
    constraint operator_roles_owner_of_all check (role <> 'owner' or project_id is null),
    constraint operator_roles_by_operator unique nulls not distinct (operator_id, project_id)
);
create index operator_roles_by_project on operator_roles (project_id);

create table operator_sessions (
    -- SHA-256 of the cookie.
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    id uuid not null unique,
    operator_id uuid not null references operators on delete cascade,
    created_at timestamptz not null default latchkey_now(),
    seen_at timestamptz not null default latchkey_now(),
    -- It ends then, whatever happens.
    ends_at timestamptz not null,
    -- When the person last proved who they are.
    proved_at timestamptz not null default latchkey_now(),
    browser text not null default '' check (length(browser) <= 300),
    address text not null default '' check (length(address) <= 64)
);
create index operator_sessions_by_operator on operator_sessions (operator_id, created_at desc);
create index operator_sessions_by_end on operator_sessions (ends_at);

-- Links that let somebody in once: the first owner, a new colleague, an owner who lost the password.
create table operator_links (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    id uuid not null unique,
    purpose text not null check (purpose in ('setup', 'sign_in', 'invitation', 'reset')),
    -- Of `sign_in` and `reset`.
    operator_id uuid references operators on delete cascade,
    -- Of `invitation`.
    email text check (length(email) between 3 and 320),
    project_id uuid references projects on delete cascade,
    role text check (role in ('owner', 'admin', 'developer', 'support', 'viewer')),
    made_by uuid references operators on delete set null,
    created_at timestamptz not null default latchkey_now(),
    ends_at timestamptz not null,
    used_at timestamptz,
    constraint operator_links_purpose_fits check (
        (purpose in ('sign_in', 'reset')) = (operator_id is not null)
        and (purpose = 'invitation') = (email is not null)
        and (purpose = 'invitation') = (role is not null)
    )
);
create index operator_links_by_end on operator_links (ends_at);

-- Attempts to sign in, counted before a password is looked at. Keys are digests of an account, a source, or both.
create table sign_in_attempts (
    key bytea primary key check (octet_length(key) = 32),
    attempts integer not null default 1,
    ends_at timestamptz not null
);
create index sign_in_attempts_by_end on sign_in_attempts (ends_at);

-- What the console's list of connections looks for.
create index connections_by_integration on connections (project_id, environment, integration, id desc) where deleted_at is null;
create index connections_by_state on connections (project_id, environment, state, id desc) where deleted_at is null;
create index connections_by_identity_start on connections (project_id, environment, lower(identity) text_pattern_ops)
    where deleted_at is null;
create index connections_by_account_start on connections (project_id, environment, lower(account_name) text_pattern_ops)
    where deleted_at is null;
