-- A sign-in with a code (RFC 8628) waits in `away` without a browser, and is asked for by one replica at a time. Safe beside
-- the previous version: it makes none and asks for none; one that waits then goes on with the new version or expires.

alter table flows
    -- When the service may be asked next, and the seconds between two questions. Null in all other flows.
    add column poll_at timestamptz,
    add column poll_interval integer check (poll_interval > 0),
    -- Whoever asks has it until then.
    add column poll_until timestamptz;
create index flows_polled on flows (poll_at) where status = 'away' and poll_at is not null;
