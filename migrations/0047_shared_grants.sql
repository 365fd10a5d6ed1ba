-- A grant that another connection lives on is not revoked. Safe beside the previous version: columns that it leaves empty, and
-- an end that it does not write.

alter table revocations
    -- The account of a grant that never became a connection. It goes with the end.
    add column account_id text,
    -- The connection that had the grant and lives on with another.
    add column held_by uuid,
    drop constraint revocations_status_check,
    add constraint revocations_status_check
        check (status in ('pending', 'revoked', 'unsupported', 'failed', 'shared'));
