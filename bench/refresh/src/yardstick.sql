\set n random(1, ROWS)
update credentials set lease_owner = '00000000-0000-0000-0000-00000000000a', lease_boot = '00000000-0000-0000-0000-00000000000b', lease_number = lease_number + 1, leased_at = latchkey_now(), lease_until = latchkey_now() + interval '5 minutes' where connection_id = lpad(:n::text, 32, '0')::uuid;
begin;
update credentials set sealed = 'SEALED', generation = generation + 1, refreshed_at = latchkey_now(), issued_at = latchkey_now(), expires_at = latchkey_now() + interval '1 hour', refresh_at = latchkey_now() + interval '10 days', lease_owner = null, lease_boot = null, lease_until = null, attempts = 0, refusals = 0, interrupted = false, rejected_until = null, uncertain_since = null, uncertain_reason = null, forecast_days = 0, updated_at = latchkey_now() where connection_id = lpad(:n::text, 32, '0')::uuid;
insert into events (id, project_id, environment, type, connection_id, payload) values (gen_random_uuid(), 'PROJECT', 'test', 'oauth.refreshed', lpad(:n::text, 32, '0')::uuid, '{"id": "00000000-0000-0000-0000-000000000000", "generation": 2}');
commit;
