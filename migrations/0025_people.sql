-- What the console shows of those who connect: identities, connect attempts with where they stopped, links; and their
-- erasure. Safe beside the previous version: columns without a value, and a new table. Its indexes are in files of their own,
-- so that no lock of a table waits for an index.

alter table connect_sessions
    -- When its modal was first opened, and by which browser.
    add column opened_at timestamptz,
    add column browser text check (char_length(browser) <= 300);

alter table flows
    -- When it left for the service, and when it came back.
    add column sent_at timestamptz,
    add column returned_at timestamptz;

-- What the modal or its last page told somebody, under the reference that it showed. Twenty a session at most; goes with
-- its session.
create table connect_problems (
    id uuid primary key,
    session_id uuid not null references connect_sessions on delete cascade,
    project_id uuid not null,
    environment text not null,
    flow_id uuid,
    integration text,
    reference text not null check (char_length(reference) between 1 and 100),
    code text not null check (char_length(code) <= 100),
    message text not null check (char_length(message) <= 1000),
    created_at timestamptz not null default latchkey_now()
);
create index connect_problems_by_session on connect_problems (session_id, id);
create index connect_problems_by_reference on connect_problems (project_id, environment, reference);
