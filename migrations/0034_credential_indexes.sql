-- Indexes of credentials. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- What ends soon and cannot be renewed, of one project and environment.
create index credentials_ending on credentials (project_id, environment, expires_at)
    where refresh_at is null and expires_at is not null;
