-- What the built-in service is to do wrong, as developers choose it: for all of a project's connections (on the client),
-- or for one (on the grant; on the code until the grant is made). `fault_hits` counts the calls that were hit.
alter table sandbox_clients add column faults jsonb, add column fault_hits integer not null default 0;
alter table sandbox_codes add column faults jsonb, add column fault_hits integer not null default 0;
alter table sandbox_grants add column faults jsonb, add column fault_hits integer not null default 0;
