-- Where the secrets of each app may go. Beside the previous version: it makes apps without, which are taken as the
-- definitions are at their first use here, and it asks nobody before it sends (docs/operations.md, Upgrade).

alter table apps
    -- By way to sign in, the origins that an operator agreed to. Null: not taken yet.
    add column destinations jsonb,
    -- A keyed digest of it: who writes to the database alone agrees to nothing.
    add column destinations_tag bytea check (octet_length(destinations_tag) = 32),
    add constraint apps_destinations_tagged check ((destinations is null) = (destinations_tag is null));

-- What a definition of some replica names beyond that.
create table destination_changes (
    -- A digest of app, way to sign in and what is new.
    id text primary key,
    app_id uuid not null references apps on delete cascade,
    auth_method text not null,
    -- What the definition names now, and what of it nobody agreed to.
    wanted text[] not null,
    added text[] not null,
    first_seen_at timestamptz not null default latchkey_now(),
    -- Replicas that have the definition say so each minute.
    seen_at timestamptz not null default latchkey_now()
);

create index destination_changes_by_app on destination_changes (app_id);
