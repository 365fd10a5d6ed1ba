-- What a large installation holds: :connections connections and :events events of the last 30 days in one project's test
-- environment, twenty services, a state each, numbers of every hour, and what belongs to them: deliveries, attempts to connect,
-- links, requests, operators, the audit log. Rows are made by SQL alone; nothing is sealed, so
-- their credentials open nothing.
\set ON_ERROR_STOP on
set session_replication_role = replica;
set synchronous_commit = off;

create function pg_temp.id_at(at timestamptz, salt text) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(salt), 1, 3) || '8'
            || substr(md5(salt), 4, 15))::uuid
$$;

create temp table service as
    select row_number() over () - 1 as number, name from unnest(array['gmail', 'slack', 'stripe', 'github', 'hubspot',
        'notion', 'salesforce', 'outlook', 'asana', 'jira', 'linear', 'intercom', 'zendesk', 'shopify', 'airtable',
        'dropbox', 'box', 'zoom', 'calendly', 'mailchimp']) as name;

insert into apps (id, project_id, environment, integration, client_id, callback_origin)
    select gen_random_uuid(), :'project', 'test', name, 'client', 'http://127.0.0.1' from service
    on conflict (project_id, environment, integration) do nothing;

create temp table known as
    select s.number, a.id as app, s.name from service s
    join apps a on a.project_id = :'project' and a.environment = 'test' and a.integration = s.name;

-- The square makes the first services more common than the last, as they are. Two surnames that every 90th person has.
insert into connections (id, project_id, environment, app_id, integration, auth_method, key, name, identity, identity_type, label,
        account_id, account_name, tags, scopes, state, state_reason, state_message, created_at, updated_at, last_used_at)
    select pg_temp.id_at(at, 'c' || n), :'project', 'test', k.app, k.name, 'oauth2', 'test::' || k.name || '::default::' || n,
           null, 'user-' || person, 'user',
           'Customer ' || person || case person % 90 when 0 then ' Müller' when 1 then ' Moreau' else '' end,
           'account-' || n, 'person' || n || '@example.com',
           case when n % 400 = 0 then '{vip,eu}'::text[] when n % 3 = 0 then '{eu}' else '{}' end,
           case when n % 250 = 0 then '{read,admin}'::text[] else '{read,write}' end,
           case when n % 200 = 0 then 'failed' when n % 150 = 0 then 'degraded' when n % 97 = 0 then 'unknown'
                else 'operational' end,
           case when n % 200 = 0 then 'invalid_grant' end, case when n % 200 = 0 then 'The grant was revoked.' end,
           at, at, case when n % 700 > 0 then at + interval '1 hour' end
    from (select n, now() - interval '30 days' * (1 - n::float8 / :connections) as at, n % (:connections / 3 + 1) as person,
                 floor(20 * power((n * 7919 % 1000)::float8 / 1000, 2))::int as service
          from generate_series(1, :connections::bigint) n) rows
    join known k on k.number = rows.service;

insert into credentials (connection_id, project_id, environment, app_id, sealed, expires_at, refresh_at)
    select id, project_id, environment, app_id, '\x00'::bytea, now() + interval '1 hour' + random() * interval '30 days',
           case when random() < 0.98 then now() + interval '1 hour' + random() * interval '1 day' end
    from connections where project_id = :'project' and environment = 'test' and key like 'test::%::default::%';

create temp table numbered as
    select id, row_number() over () as number from connections where project_id = :'project' and environment = 'test';
create index on numbered (number);

insert into events (id, project_id, environment, type, connection_id, payload, created_at)
    select pg_temp.id_at(at, 'e' || n), :'project', 'test',
           (array['connection.created', 'oauth.refreshed', 'oauth.refreshed', 'oauth.refreshed', 'connection.tested',
                  'connection.degraded', 'connection.recovered', 'connection.failed'])[(n % 8 + 1)::int],
           c.id, '{}', at
    from (select n, now() - interval '30 days' * (1 - n::float8 / :events) as at,
                 n * 7919 % :connections + 1 as number from generate_series(1, :events::bigint) n) rows
    left join numbered c on c.number = rows.number;

insert into hourly_numbers (project_id, environment, name, hour, integration, count)
    select :'project', 'test', counted, date_trunc('hour', now()) - interval '1 hour' * hour, s.name, 1 + (hour * 31 + s.number) % 400
    from generate_series(0, 24 * 90 - 1) hour, service s,
         unnest(array['made', 'lost', 'connected', 'picked', 'sent', 'refreshed', 'not_refreshed', 'called', 'not_answered',
                      'time_50', 'time_100', 'time_200', 'time_400']) as counted
    on conflict do nothing;

insert into webhook_endpoints (id, project_id, environment, url, types, active)
    select gen_random_uuid(), :'project', 'test', 'https://hooks.example.com/' || n, '{}', false from generate_series(1, 10) n;

create temp table endpoint as
    select row_number() over () - 1 as number, id from webhook_endpoints where project_id = :'project' and environment = 'test';

-- A twentieth of the events went somewhere.
create temp table delivered as
    select gen_random_uuid() as id, e.id as event, e.connection_id as connection, e.created_at as at, row_number() over () as number
    from events e where e.project_id = :'project' and e.environment = 'test' and right(e.id::text, 1) = '0' limit :events / 20;
insert into webhook_deliveries (id, event_id, endpoint_id, status, attempts, last_status, created_at, ended_at, lane)
    select d.id, d.event, p.id, case when d.number % 50 = 0 then 'failed' else 'delivered' end, 1,
           case when d.number % 50 = 0 then 500 else 200 end, d.at, d.at + interval '1 second', d.connection
    from delivered d join endpoint p on p.number = d.number % 10;
insert into webhook_attempts (id, delivery_id, status, duration_ms, response, attempted_at)
    select gen_random_uuid(), id, case when number % 50 = 0 then 500 else 200 end, 80, 'ok', at from delivered;

-- A third as many attempts to connect as connections; a tenth of them stopped at the service.
create temp table attempt as
    select n, now() - interval '20 days' * (1 - n::float8 * 3 / :connections) as at, k.app, k.name
    from generate_series(1, :connections::bigint / 3) n
    join known k on k.number = floor(20 * power((n * 7919 % 1000)::float8 / 1000, 2))::int;
insert into connect_sessions (id, project_id, environment, request_digest, identity, identity_type, uses, created_at, expires_at,
        opened_at, browser)
    select pg_temp.id_at(at, 's' || n), :'project', 'test', sha256(('s' || n)::bytea), 'user-' || n, 'user', 1, at,
           at + interval '1 hour', at + interval '10 seconds', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36'
    from attempt;
insert into flows (id, session_id, project_id, environment, app_id, integration, auth_method, mode, status, result_digest, code,
        error_code, error_message, created_at, updated_at, expires_at, ended_at, sent_at, returned_at)
    select pg_temp.id_at(at, 'f' || n), pg_temp.id_at(at, 's' || n), :'project', 'test', app, name, 'oauth2', 'popup',
           case when n % 10 = 0 then 'failed' else 'succeeded' end, sha256(('f' || n)::bytea), 'ABCD',
           case when n % 10 = 0 then 'access_denied' end, case when n % 10 = 0 then 'The person said no.' end,
           at, at, at + interval '1 hour', at + interval '40 seconds', at + interval '20 seconds', at + interval '39 seconds'
    from attempt;
insert into connect_problems (id, session_id, project_id, environment, flow_id, integration, reference, code, message, created_at)
    select pg_temp.id_at(at, 'p' || n), pg_temp.id_at(at, 's' || n), :'project', 'test', pg_temp.id_at(at, 'f' || n), name,
           'ref-' || n, 'access_denied', 'The person said no.', at
    from attempt where n % 10 = 0;
insert into connect_links (id, project_id, environment, digest, source, identity, identity_type, created_at, expires_at)
    select pg_temp.id_at(at, 'l' || n), :'project', 'test', sha256(('l' || n)::bytea), 'api', 'user-' || n, 'user', at,
           at + interval '30 days'
    from attempt where n % 10 = 1;

insert into api_keys (id, project_id, environment, name, hint, digest, scopes, created_at, last_used_at)
    select gen_random_uuid(), :'project', 'test', 'Key ' || n, 'sk_test_' || n, sha256(('k' || n)::bytea), '{connect}', now(), now()
    from generate_series(1, 50) n;

-- As many requests as connections.
insert into requests (id, project_id, environment, correlation_id, kind, method, path, host, status, upstream_status, duration_ms,
        key_id, connection_id)
    select pg_temp.id_at(at, 'r' || n), :'project', 'test', 'correlation-' || n, case when n % 3 = 0 then 'api' else 'passthrough' end,
           'GET', '/v1/passthrough/users/' || n, 'api.example.com', case when n % 40 = 0 then 502 else 200 end,
           case when n % 40 = 0 then 502 else 200 end, 40 + n % 300, (select id from api_keys where name = 'Key 1' limit 1), c.id
    from (select n, now() - interval '7 days' * (1 - n::float8 / :connections) as at, n * 7919 % :connections + 1 as number
          from generate_series(1, :connections::bigint) n) rows
    left join numbered c on c.number = rows.number;

insert into operators (id, email, email_key, name)
    select gen_random_uuid(), 'operator' || n || '@example.com', 'operator' || n || '@example.com', 'Operator ' || n
    from generate_series(1, 500) n;
insert into operator_roles (operator_id, project_id, role)
    select id, :'project', 'support' from operators where email_key like 'operator%@example.com';

-- Half as many lines of the log as connections; they are not of its chain.
insert into audit_log (id, project_id, environment, action, actor, subject, created_at)
    select pg_temp.id_at(at, 'a' || n), :'project', 'test',
           (array['connection.removed', 'key.created', 'credential.read', 'connection.refreshed'])[(n % 4 + 1)::int],
           'operator:' || (select id from operators where email_key = 'operator1@example.com'), 'thing-' || n % 1000, at
    from (select n, now() - interval '30 days' * (1 - n::float8 * 2 / :connections) as at
          from generate_series(1, :connections::bigint / 2) n) rows;

set session_replication_role = default;
vacuum analyze;
select pg_size_pretty(pg_database_size(current_database())) as "size of the database",
       pg_size_pretty(pg_total_relation_size('connections')) as connections,
       pg_size_pretty(pg_total_relation_size('events')) as events,
       pg_size_pretty(pg_total_relation_size('hourly_numbers')) as numbers;
