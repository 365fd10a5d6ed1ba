-- Indexes of the audit log. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- What the audit log is searched by; `audit_log_by_project` serves the whole of it. An action is looked for by its
-- beginning, so it is compared byte by byte.
create index audit_log_by_actor on audit_log (project_id, actor, id);
create index audit_log_by_action on audit_log (project_id, action collate "C", id);
create index audit_log_by_thing on audit_log (project_id, subject, id) where subject is not null;
