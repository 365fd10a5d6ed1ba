-- Token life: leases with a fence, replicas that are known by name, circuits of apps, and what is learnt about a token.
-- Safe beside the previous version: it claims and commits as before, only without the new index.

-- Time in which the database could be written to, in steps of at least five seconds. A replica's silence is counted in
-- it, so that an outage of the database, or a step of its clock, makes nobody look dead.
create table pulse (
    only_row boolean primary key default true check (only_row),
    beats bigint not null default 0,
    beat_at timestamptz not null default latchkey_now()
);
insert into pulse default values;

-- Each replica and which of its lives it is in. A lease of an earlier life is over once this life has replayed its
-- journal, that of a silent replica after sixty steps of the pulse.
create table replicas (
    id uuid primary key,
    boot uuid not null,
    replayed boolean not null default false,
    seen_pulse bigint not null,
    started_at timestamptz not null default latchkey_now(),
    seen_at timestamptz not null default latchkey_now()
);

alter table credentials
    add column app_id uuid,
    -- Goes up with each claim: a holder that woke late cannot end somebody else's lease.
    add column lease_number bigint not null default 0,
    add column leased_at timestamptz,
    -- An attempt at this generation was sent and its answer never arrived.
    add column interrupted boolean not null default false,
    -- How often the service refused this generation; the second time counts.
    add column refusals smallint not null default 0,
    add column issued_at timestamptz not null default latchkey_now(),
    -- Seconds after which the service stopped accepting an earlier token, where it does not tell.
    add column learned_lifetime integer check (learned_lifetime > 0),
    -- The service answered 401 to a new token: until then another 401 is no reason to refresh.
    add column rejected_until timestamptz;

update credentials k set app_id = c.app_id from connections c where c.id = k.connection_id;

-- The previous version does not write the column.
create function credentials_know_their_app() returns trigger language plpgsql as $$
begin
    if new.app_id is null then
        select app_id into new.app_id from connections where id = new.connection_id;
    end if;
    return new;
end $$;
create trigger credentials_know_their_app before insert or update on credentials
    for each row when (new.app_id is null) execute function credentials_know_their_app();

-- The claim looks at each app by itself, the longest overdue first. Rows in flight are not in it.
create index credentials_due_by_app on credentials (app_id, refresh_at)
    where refresh_at is not null and lease_owner is null;
drop index credentials_due;
create index credentials_leased on credentials (lease_owner, lease_boot) where lease_owner is not null;

-- What is known about an app's token endpoint. No row: all is well.
create table refresh_circuits (
    app_id uuid primary key references apps on delete cascade,
    state text not null default 'closed' check (state in ('closed', 'open')),
    -- Failures since the last success.
    broken integer not null default 0,
    unanswered integer not null default 0,
    reason text check (reason in ('app_broken', 'provider_unavailable')),
    message text,
    opened_at timestamptz,
    probes integer not null default 0,
    -- Nothing is asked before: the service's `Retry-After`, or the next probe.
    not_before timestamptz,
    updated_at timestamptz not null default latchkey_now()
);
