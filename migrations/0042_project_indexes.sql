-- What the end of a project needs of connections. Building the index lets reads through and holds writes of this one table:
-- see "Upgrade" in docs/operations.md. Safe beside the previous version: a column with a default.

-- All of a project, deleted or not, with an identity or without.
create index connections_of_project on connections (project_id, deleted_at);

-- How many of its grants the services did not end while it was being deleted, as far as their rows are gone already.
alter table projects add column grants_left bigint not null default 0;
