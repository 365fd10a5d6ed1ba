-- The log of requests, and keys that are good from some addresses only. Beside the previous version: it writes no log and
-- does not ask where a key is used from, so a list of addresses holds everywhere once no replica of it is left.

-- Networks and addresses, as 203.0.113.0/24; empty is everywhere.
alter table api_keys add column ip_allow text[] not null default '{}' check (cardinality(ip_allow) <= 50);
-- The key that was made in its place; it ends soon then.
alter table api_keys add column replaced_by uuid;

-- What callers asked: facts about a request, never its body, its headers, or a value of its query. No reference to
-- another table: a line outlives what it names, and writing it must wait for nobody's lock.
create table requests (
    -- UUIDv7, of the moment at which the request came.
    id uuid primary key,
    project_id uuid not null,
    environment text not null check (environment in ('test', 'live')),
    correlation_id text not null check (length(correlation_id) <= 100),
    kind text not null check (kind in ('passthrough', 'api')),
    method text not null check (length(method) <= 20),
    path text not null check (length(path) <= 1000),
    -- Names of the query without their values, separated by `&`.
    query_names text not null default '' check (length(query_names) <= 1000),
    -- The service's, of a passthrough that was sent.
    host text check (length(host) <= 255),
    status integer not null,
    -- The service's own, of a passthrough that it answered.
    upstream_status integer,
    duration_ms integer not null,
    request_bytes bigint,
    response_bytes bigint,
    key_id uuid,
    connection_id uuid,
    error_code text check (length(error_code) <= 100)
);
create index requests_by_project on requests (project_id, environment, id desc);
-- What somebody looks for when something is wrong must not be searched among what went well.
create index requests_failed on requests (project_id, environment, id desc) where status >= 400;
create index requests_by_connection on requests (connection_id, id desc) where connection_id is not null;
create index requests_by_key on requests (key_id, id desc) where key_id is not null;
create index requests_by_correlation on requests (correlation_id);
