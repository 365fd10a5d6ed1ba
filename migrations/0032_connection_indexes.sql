-- Indexes of connections. Building them lets reads through and holds writes of this one table: see "Upgrade" in
-- docs/operations.md.

-- Identities in their order, for a walk from one to the next; its beginning serves the search.
-- `connections_by_identity_start`, which the previous version searches with, goes in a later one.
create index connections_by_identity_order on connections
    (project_id, environment, (lower(identity) collate "C"), (identity collate "C"), (coalesce(identity_type, 'user') collate "C"))
    where deleted_at is null and identity is not null;
-- Of people one knows the name.
create index connections_by_label_start on connections (project_id, environment, lower(label) text_pattern_ops)
    where deleted_at is null and label is not null;
create index connections_by_name_start on connections (project_id, environment, lower(name) text_pattern_ops)
    where deleted_at is null and name is not null;
-- Filters of the list. `last_used_at` is in no index on purpose: each use writes it, and would write all indexes then.
create index connections_by_account_id on connections (project_id, environment, account_id)
    where deleted_at is null and account_id is not null;
create index connections_off on connections (project_id, environment, id desc) where deleted_at is null and not active;
create index connections_by_words on connections using gin (tags, scopes) where deleted_at is null;

-- The erasure of an identity.
create index connections_deleted_of_identity on connections (project_id, environment, identity)
    where deleted_at is not null and identity is not null;
