-- Indexes of events. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- The erasure of an identity.
create index events_by_identity on events (project_id, environment, (payload ->> 'identity'))
    where payload ->> 'identity' is not null;
