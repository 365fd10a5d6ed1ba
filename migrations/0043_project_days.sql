-- How long a project keeps what happened, where that is shorter than the server keeps it. Safe beside the previous version:
-- columns that may be null, which it neither reads nor writes. What a project keeps is found by `events_by_project` and
-- `requests_by_project`, which are there.

alter table projects
    -- Events, with the past of webhooks and the timelines; null is as long as the server. Deliveries are tried for three
    -- days.
    add column event_days integer check (event_days between 4 and 3650),
    -- The log of requests; null is as long as the server.
    add column request_days integer check (request_days between 1 and 3650);

-- The purge asks every few seconds. Few rows, built in no time.
create index projects_with_own_days on projects (id) where event_days is not null or request_days is not null;
