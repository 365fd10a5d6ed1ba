-- Indexes of flows. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- The end of an app, which no flow may name any more.
create index flows_by_app on flows (app_id);
