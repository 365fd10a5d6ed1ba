-- What the rooms of integrations show, and values of apps that are secrets. Safe beside the previous version: it misses
-- nothing in the new tables. It does not know the sealed values of an app that is saved anew meanwhile, and renews no data
-- key of them, so let it go before `keys rotate`.

-- Apps that a service refused, or that a check found wrong, until a later check or sign-in is good.
create table app_attention (
    app_id uuid primary key references apps on delete cascade,
    found_by text not null check (found_by in ('check', 'connect', 'refresh')),
    -- What is wrong, in our words, with the service's as a quotation.
    message text not null check (char_length(message) <= 2000),
    -- What to do about it, where that is known.
    mend text check (char_length(mend) <= 2000),
    noted_at timestamptz not null default latchkey_now()
);

-- The built-in definition as it was when one of an operator's own took its place, to say what changed in it since.
create table integration_definition_bases (
    integration text primary key,
    -- YAML, laid over its family.
    document text not null check (octet_length(document) <= 1048576),
    taken_at timestamptz not null default latchkey_now()
);

-- Values that a definition asks the operator for and marks as secrets, as one sealed JSON object.
alter table apps
    add column secrets_sealed bytea,
    -- Goes up with each new value.
    add column secrets_generation bigint not null default 0,
    -- What there is, without opening it.
    add column secret_names text[] not null default '{}',
    add constraint apps_secrets_have_names check ((secrets_sealed is null) = (secret_names = '{}'));
create index apps_by_secrets_key on apps (substring(secrets_sealed from 5 for 16), id) where secrets_sealed is not null;
create trigger apps_secrets_sealed_key_new after insert on apps
    for each row when (octet_length(new.secrets_sealed) > 20) execute function data_key_exists('secrets_sealed');
create trigger apps_secrets_sealed_key_changed after update of secrets_sealed on apps
    for each row when (octet_length(new.secrets_sealed) > 20
        and substring(new.secrets_sealed from 5 for 16) is distinct from substring(old.secrets_sealed from 5 for 16))
    execute function data_key_exists('secrets_sealed');
