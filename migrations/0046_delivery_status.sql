-- The deliveries of an endpoint in one state, as those that were given up. Building the index lets reads through and holds
-- writes of this one table: see "Upgrade" in docs/operations.md. Safe beside the previous version, which fills it and does not
-- ask it.
create index webhook_deliveries_by_status on webhook_deliveries (endpoint_id, status, created_at desc, seq desc);
