-- What the console's home shows: numbers by the hour, and what an index has to serve there. Nothing here is about a person.

-- One row for each hour, kind of number and integration ('' where there is none). Replicas add what they counted in memory;
-- nothing is read here on the way of a call.
create table hourly_numbers (
    project_id uuid not null references projects on delete cascade,
    environment text not null check (environment in ('test', 'live')),
    name text not null,
    hour timestamptz not null,
    integration text not null,
    count bigint not null,
    primary key (project_id, environment, name, hour, integration)
) with (fillfactor = 80);
-- For the purge. A count that goes up does not touch it.
create index hourly_numbers_by_hour on hourly_numbers (hour);

-- What was made and lost, written in the transaction of the change, so that it is neither lost nor counted twice; replicas
-- add it to the hours and delete it here.
create table number_marks (
    id bigint generated always as identity primary key,
    project_id uuid not null,
    environment text not null,
    name text not null,
    hour timestamptz not null,
    integration text not null
);

-- What a replica says of itself.
alter table replicas
    add column version text check (char_length(version) <= 64),
    add column has_journal boolean;
