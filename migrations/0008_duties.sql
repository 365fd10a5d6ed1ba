-- The remaining duties: typed-in keys that nobody uses are checked, data keys can be rotated, sessions tell how they ended.
-- Safe beside the previous version: columns with defaults, indexes, and triggers that its own writes pass.

alter table connections
    -- When the definition's check is next due; null for never: signed in by OAuth, or failed. The default holds for what
    -- the previous version writes too. Use does not move it: the look does, once it is due.
    add column check_at timestamptz default latchkey_now() + interval '7 days',
    -- The last check that the service answered.
    add column checked_at timestamptz,
    -- Refusals in a row; the second one counts.
    add column check_refusals smallint not null default 0;
-- The look: overdue first.
create index connections_check_due on connections (check_at) where check_at is not null and deleted_at is null;

-- Rows by the data key that sealed them: the key's id is in the header. For re-sealing, and for the question whether a
-- key is in use.
create index credentials_by_key on credentials (substring(sealed from 5 for 16), connection_id);
create index apps_by_key on apps (substring(sealed from 5 for 16), id) where sealed is not null;
create index flows_by_key on flows (substring(sealed from 5 for 16), id) where sealed is not null;
create index flows_by_quarantine_key on flows (substring(quarantined from 5 for 16), id) where quarantined is not null;
create index revocations_by_key on revocations (substring(sealed from 5 for 16), id) where sealed is not null;
create index sandbox_clients_by_key on sandbox_clients (substring(sealed from 5 for 16), id);
create index webhook_endpoints_by_key on webhook_endpoints (substring(sealed from 5 for 16), id)
    where sealed is not null;
create index webhook_endpoints_by_previous_key on webhook_endpoints (substring(previous_sealed from 5 for 16), id)
    where previous_sealed is not null;
create index data_keys_old on data_keys (created_at) where not is_current;

-- A value that was sealed just before its key was retired must not be written after it: nobody could open it again. The
-- share lock makes the retirement wait for writers, or them for it. Writes under the key that the row has already, as each
-- refresh, ask nothing.
create function data_key_exists() returns trigger language plpgsql as $$
begin
    -- As JSON, bytes are hexadecimal behind `\x`: the key's id follows four bytes.
    perform from data_keys where id = substring(to_jsonb(new) ->> tg_argv[0] from 11 for 32)::uuid for key share;
    if not found then
        raise exception 'the data key of %.% was retired', tg_table_name, tg_argv[0] using errcode = '40001';
    end if;
    return null;
end
$$;
create trigger credentials_sealed_key_new after insert on credentials
    for each row when (octet_length(new.sealed) > 20) execute function data_key_exists('sealed');
create trigger credentials_sealed_key_changed after update of sealed on credentials
    for each row when (octet_length(new.sealed) > 20
        and substring(new.sealed from 5 for 16) is distinct from substring(old.sealed from 5 for 16))
    execute function data_key_exists('sealed');
create trigger apps_sealed_key_new after insert on apps
    for each row when (octet_length(new.sealed) > 20) execute function data_key_exists('sealed');
create trigger apps_sealed_key_changed after update of sealed on apps
    for each row when (octet_length(new.sealed) > 20
        and substring(new.sealed from 5 for 16) is distinct from substring(old.sealed from 5 for 16))
    execute function data_key_exists('sealed');
create trigger flows_sealed_key_new after insert on flows
    for each row when (octet_length(new.sealed) > 20) execute function data_key_exists('sealed');
create trigger flows_sealed_key_changed after update of sealed on flows
    for each row when (octet_length(new.sealed) > 20
        and substring(new.sealed from 5 for 16) is distinct from substring(old.sealed from 5 for 16))
    execute function data_key_exists('sealed');
create trigger flows_quarantined_key_new after insert on flows
    for each row when (octet_length(new.quarantined) > 20) execute function data_key_exists('quarantined');
create trigger flows_quarantined_key_changed after update of quarantined on flows
    for each row when (octet_length(new.quarantined) > 20
        and substring(new.quarantined from 5 for 16) is distinct from substring(old.quarantined from 5 for 16))
    execute function data_key_exists('quarantined');
create trigger revocations_sealed_key_new after insert on revocations
    for each row when (octet_length(new.sealed) > 20) execute function data_key_exists('sealed');
create trigger revocations_sealed_key_changed after update of sealed on revocations
    for each row when (octet_length(new.sealed) > 20
        and substring(new.sealed from 5 for 16) is distinct from substring(old.sealed from 5 for 16))
    execute function data_key_exists('sealed');
create trigger sandbox_clients_sealed_key_new after insert on sandbox_clients
    for each row when (octet_length(new.sealed) > 20) execute function data_key_exists('sealed');
create trigger sandbox_clients_sealed_key_changed after update of sealed on sandbox_clients
    for each row when (octet_length(new.sealed) > 20
        and substring(new.sealed from 5 for 16) is distinct from substring(old.sealed from 5 for 16))
    execute function data_key_exists('sealed');
create trigger webhook_endpoints_sealed_key_new after insert on webhook_endpoints
    for each row when (octet_length(new.sealed) > 20) execute function data_key_exists('sealed');
create trigger webhook_endpoints_sealed_key_changed after update of sealed on webhook_endpoints
    for each row when (octet_length(new.sealed) > 20
        and substring(new.sealed from 5 for 16) is distinct from substring(old.sealed from 5 for 16))
    execute function data_key_exists('sealed');
create trigger webhook_endpoints_previous_sealed_key_new after insert on webhook_endpoints
    for each row when (octet_length(new.previous_sealed) > 20) execute function data_key_exists('previous_sealed');
create trigger webhook_endpoints_previous_sealed_key_changed after update of previous_sealed on webhook_endpoints
    for each row when (octet_length(new.previous_sealed) > 20
        and substring(new.previous_sealed from 5 for 16) is distinct from substring(old.previous_sealed from 5 for 16))
    execute function data_key_exists('previous_sealed');

alter table connect_sessions
    -- `session.expired` was recorded. Sessions that are over already are not told of.
    add column expiry_told boolean not null default true;
alter table connect_sessions alter column expiry_told set default false;
update connect_sessions set expiry_told = false where expires_at > latchkey_now();
create index connect_sessions_untold on connect_sessions (expires_at)
    where uses = 0 and revoked_at is null and not expiry_told;
