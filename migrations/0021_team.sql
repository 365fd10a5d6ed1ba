-- The team, the audit log and the settings of projects in the console. Beside the previous version: it writes none of this.

-- Goes up with each change of the settings: whoever saves what they read before is told.
alter table projects add column settings_revision bigint not null default 1;

-- Invitations that are still open, for whoever manages a team.
create index operator_links_invitations on operator_links (project_id, ends_at) where purpose = 'invitation' and used_at is null;
