//! How far the setting up of a project is.

use vault::Environment;

use crate::{ProjectId, Store, StoreError};

/// What is there already of what a project needs in an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each step is taken or not, whatever the others are"
)]
pub struct FirstSteps {
    /// An integration is switched on.
    pub integration: bool,
    /// A key works.
    pub key: bool,
    /// A page may embed the modal, or a modal was opened.
    pub embed: bool,
    /// Somebody else has a role, or is invited.
    pub colleague: bool,
}

impl Store {
    /// How far it is. Each is one look: `apps_project_id_environment_integration_key`, `api_keys_by_project`,
    /// `project_origins_pkey`, `connect_sessions_by_project`, `operator_roles_by_project`, `operator_links_invitations`.
    pub async fn first_steps(&self, project: ProjectId, environment: Environment) -> Result<FirstSteps, StoreError> {
        Ok(sqlx::query_as!(
            FirstSteps,
            r#"select
                 exists (select from apps where project_id = $1 and environment = $2 and enabled) as "integration!",
                 exists (select from api_keys where project_id = $1 and environment = $2 and revoked_at is null
                         and (expires_at is null or expires_at > latchkey_now())) as "key!",
                 (exists (select from project_origins where project_id = $1)
                  or exists (select from (select opened_at from connect_sessions
                                          where project_id = $1 and environment = $2 order by id desc limit 100) s
                             where s.opened_at is not null)) as "embed!",
                 ((select count(distinct r.operator_id) from operator_roles r join operators o on o.id = r.operator_id
                   where (r.project_id = $1 or r.project_id is null) and o.disabled_at is null) > 1
                  or exists (select from operator_links where purpose = 'invitation' and used_at is null
                             and ends_at > latchkey_now() and (project_id = $1 or project_id is null))) as "colleague!""#,
            project.0,
            environment.as_str()
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
