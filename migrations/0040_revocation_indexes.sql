-- Indexes of revocations. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- The end of an app, which no revocation may name any more.
create index revocations_by_app on revocations (app_id);
-- The claim: of each app those that are due longest.
create index revocations_due_by_app on revocations (app_id, next_attempt_at) where status = 'pending';
-- Whether a project that is being deleted still waits for some.
create index revocations_waiting on revocations (project_id) where status = 'pending';
