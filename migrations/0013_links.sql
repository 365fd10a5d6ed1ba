-- One table for all links: those in mails, those that a customer's backend makes, and those to a person's own connections.
-- Beside the previous version: it opens links through their connection, so it does not know one without; what it writes are
-- links in mails, which the defaults describe. It does not know `verify`, nor that a link is spent (docs/operations.md, Upgrade).

alter table connect_links
    -- Without a connection a link makes a new one, or leads to all of them.
    alter column connection_id drop not null,
    alter column generation drop not null,
    add column purpose text not null default 'connect' check (purpose in ('connect', 'manage')),
    add column source text not null default 'mail' check (source in ('mail', 'api')),
    add column identity text,
    add column identity_type text check (identity_type in ('user', 'team', 'organization', 'project')),
    add column group_name text,
    add column label text,
    add column integrations text[],
    -- Whether the customer's backend says who finished; as the project has it without.
    add column verify boolean,
    add column locale text,
    -- A person's name, for the page.
    add column inviter text,
    add column opened_at timestamptz,
    add column used_at timestamptz,
    add column revoked_at timestamptz,
    -- What was made under an `Idempotency-Key`. Both are keyed digests.
    add column request_key bytea check (octet_length(request_key) = 32),
    add column request_tag bytea check (octet_length(request_tag) = 32),
    add constraint connect_links_generation_of_connection check ((connection_id is null) = (generation is null)),
    add constraint connect_links_purpose_fits check (purpose = 'connect' or connection_id is null);

-- A list narrowed to a person has the links of their mails too.
update connect_links l
set identity = c.identity, identity_type = c.identity_type, group_name = c.group_name, label = c.label
from connections c where c.id = l.connection_id;
update connect_links l set opened_at = s.created_at from connect_sessions s where s.id = l.session_id;

create index connect_links_by_project on connect_links (project_id, environment, id desc);
create index connect_links_by_identity on connect_links (project_id, environment, identity, id desc);
create unique index connect_links_by_request on connect_links (project_id, environment, request_key)
    where request_key is not null;

alter table connect_sessions
    -- Whether it shows its identity's connections and ends them.
    add column manages boolean not null default false,
    -- Whether the customer's backend says who finished; as the project has it without.
    add column verify boolean,
    -- The session in which a reconnect of one's own connection was begun. It ends with that.
    add column parent_id uuid references connect_sessions on delete cascade;
create index connect_sessions_by_parent on connect_sessions (parent_id) where parent_id is not null;
