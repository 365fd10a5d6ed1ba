-- Pages that tried to embed a project's modal and are not on its list, for the operator to look at. Safe beside the
-- previous version, which does not know the table.

create table refused_embedders (
    project_id uuid not null references projects on delete cascade,
    origin text not null check (length(origin) between 1 and 300),
    -- Tries, of which one a minute is counted.
    times bigint not null default 1,
    first_at timestamptz not null default latchkey_now(),
    last_at timestamptz not null default latchkey_now(),
    primary key (project_id, origin)
);
create index refused_embedders_by_time on refused_embedders (project_id, last_at desc);

-- What a connection is called and tagged with when a session makes it, as the customer's backend asked (one-api §2.1).
alter table connect_sessions
    add column connection_name text,
    add column connection_tags text[] not null default '{}';
