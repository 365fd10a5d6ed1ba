-- Mail to end users with a link to reconnect, off by default. Safe beside the previous version: columns with defaults and
-- new tables. What the previous version records is not mailed of.

alter table projects add column mail boolean not null default false;

-- Where the person behind an identity gets mail: what the customer's backend said last.
create table contacts (
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    identity text not null,
    identity_type text not null check (identity_type in ('user', 'team', 'organization', 'project')),
    email text not null check (char_length(email) between 3 and 254),
    updated_at timestamptz not null default latchkey_now(),
    primary key (project_id, environment, identity, identity_type)
);
create index contacts_old on contacts (updated_at);

-- When a mail about the connection was last queued or sent: one in 24 hours.
alter table connections add column mailed_at timestamptz;

-- The outbox: written in the transaction of the event. One mail for each credential and reason. The text and the address
-- are found when it is sent.
create table mails (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    connection_id uuid not null references connections on delete cascade,
    reason text not null check (reason in ('failed', 'expiring')),
    generation bigint not null,
    status text not null default 'pending' check (status in ('pending', 'sent', 'failed', 'dropped')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default latchkey_now(),
    lease uuid,
    last_error text,
    created_at timestamptz not null default latchkey_now(),
    ended_at timestamptz,
    unique (connection_id, generation, reason)
);
-- The claim.
create index mails_due on mails (next_attempt_at) where status = 'pending';
-- The purge.
create index mails_ended on mails (ended_at) where ended_at is not null;

-- Links to reconnect one connection. A link is over with its time, or when the connection has another credential than
-- the one that it was made for.
create table connect_links (
    id uuid primary key,
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    connection_id uuid not null references connections on delete cascade,
    digest bytea not null unique check (octet_length(digest) = 32),
    generation bigint not null,
    -- The session that it opened last.
    session_id uuid references connect_sessions on delete set null,
    created_at timestamptz not null default latchkey_now(),
    expires_at timestamptz not null
);
create index connect_links_expired on connect_links (expires_at);
create index connect_links_by_connection on connect_links (connection_id);
create index connect_links_by_session on connect_links (session_id) where session_id is not null;
