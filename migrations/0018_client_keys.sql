-- The private key of an app's OAuth client (RFC 7523), beside its secret or in place of one. Safe beside the previous
-- version, which does not know the columns; it renews no data key of them, so let it go before `keys rotate`.

alter table apps
    add column key_sealed bytea,
    -- Goes up with each new key.
    add column key_generation bigint not null default 0,
    -- The public half as a JWK, which anybody may read.
    add column key_public jsonb,
    add constraint apps_key_has_both_halves check ((key_sealed is null) = (key_public is null));
create index apps_by_private_key on apps (substring(key_sealed from 5 for 16), id) where key_sealed is not null;
create trigger apps_key_sealed_key_new after insert on apps
    for each row when (octet_length(new.key_sealed) > 20) execute function data_key_exists('key_sealed');
create trigger apps_key_sealed_key_changed after update of key_sealed on apps
    for each row when (octet_length(new.key_sealed) > 20
        and substring(new.key_sealed from 5 for 16) is distinct from substring(old.key_sealed from 5 for 16))
    execute function data_key_exists('key_sealed');
