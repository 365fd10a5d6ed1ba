-- Indexes of mails. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- The end of a project.
create index mails_by_project on mails (project_id);
