-- A sign-in that reaches several accounts waits for the person's choice, and a session may add access to a connection that
-- works. Beside the previous version: it makes neither, and fails to look at flows that
-- wait (docs/operations.md, Upgrade); a session of the new kind is one to reconnect to it.

alter table flows drop constraint flows_status_check;
alter table flows add constraint flows_status_check check (status in ('created', 'bound', 'confirming', 'away', 'exchanging',
    'choosing', 'verifying', 'succeeded', 'failed', 'cancelled', 'expired', 'rejected'));

alter table connect_sessions
    -- What was left out is granted: same connection, same account, never less than before.
    add column widens boolean not null default false;
