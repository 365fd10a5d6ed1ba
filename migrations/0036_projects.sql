-- The end of a project, and its name for people. Safe beside the previous version: columns that may be null, and an index.

-- From `deleted_at` on a project answers nothing; a background loop takes away what it has, and its row last.
alter table projects
    add column deleted_at timestamptz,
    -- Who the audit log says it was.
    add column deleted_by text,
    -- One replica works on it until then.
    add column deletion_lease_until timestamptz,
    add constraint projects_deleted_by_somebody check ((deleted_at is null) = (deleted_by is null)),
    -- What people read in the modal where it is not the project's name.
    add column brand_name text check (char_length(brand_name) between 1 and 120);

create index revocations_by_project on revocations (project_id);
