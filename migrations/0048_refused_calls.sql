-- A call that the service refuses makes the check of its connection due. Safe beside the previous version: a column that may be
-- null, which it neither reads nor writes.

alter table connections
    -- When a call was last refused (401) with a credential that nothing renews, noted once an hour.
    add column refused_at timestamptz;
