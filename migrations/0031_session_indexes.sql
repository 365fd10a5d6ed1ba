-- Indexes of connect sessions. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- The list of attempts, and of one identity.
create index connect_sessions_by_project on connect_sessions (project_id, environment, id desc);
create index connect_sessions_by_identity on connect_sessions (project_id, environment, identity, id desc)
    where identity is not null;
