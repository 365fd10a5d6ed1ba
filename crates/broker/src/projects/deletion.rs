//! The end of a project: marked at once, taken away by a background loop that ends the grants at the services first. Each
//! step can be done twice, so a restart goes on where it stopped.

use serde_json::{Value, json};
use store::{AuditEntry, Belongings, COUNTED, Deletion, DeletionBegun, ProjectId, RevocationStatus};

use super::unknown;
use crate::operators::Signed;
use crate::{Actor, Broker, Caller, Environment, Kind, Problem, Scope};

/// Rounds of one turn of the loop.
const ROUNDS: usize = 40;
/// Connections of one round.
const CONNECTIONS: i64 = 100;

/// A project whose deletion began.
#[derive(Clone, Debug)]
pub struct DeletedProject {
    /// Its name.
    pub name: String,
    /// What it had, unless that could not be counted in time.
    pub had: Option<Belongings>,
    /// The project that is the default one from now on, where that was this one.
    pub heir: Option<String>,
}

/// The answer to everything that is asked of a project which is being deleted.
pub(crate) fn project_deleted() -> Problem {
    Problem::new(
        Kind::Gone,
        "project_deleted",
        "This project was deleted, with its keys, links and connections. Nothing of it works any more.",
    )
}

fn not_an_owner() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "missing_permission",
        "To delete a project takes the role owner. Ask an owner of this server.",
    )
    .with_meta(json!({ "role": "owner" }))
}

/// What it had, for the log and for the API.
fn told(had: &Belongings) -> Value {
    json!({
        "connections": had.connections.min(COUNTED), "identities": had.identities.min(COUNTED), "integrations": had.apps,
        "keys": had.keys, "webhooks": had.webhooks, "links": had.links.min(COUNTED), "members": had.members,
    })
}

impl Broker {
    /// What a project has, for an owner who thinks of deleting it.
    ///
    /// # Errors
    /// The operator is no owner; the project is not there.
    pub async fn belongings_of(&self, owner: &Signed, project: ProjectId) -> Result<Belongings, Problem> {
        if !owner.is_owner() {
            return Err(not_an_owner());
        }
        Ok(self.store().belongings(project).await?)
    }

    /// Whether a project could be deleted, but for its name: not the only one, and not the one that the settings name.
    ///
    /// # Errors
    /// `last_project`, `operator_project`.
    pub async fn require_deletable(&self, project: ProjectId) -> Result<(), Problem> {
        if self.settings().operator_project == Some(project) {
            return Err(Problem::new(
                Kind::Conflict,
                "operator_project",
                "`LATCHKEY_OPERATOR_PROJECT` names this project. Whoever runs the server names another one there first.",
            ));
        }
        if self.store().project_count().await? <= 1 {
            return Err(last());
        }
        Ok(())
    }

    /// Begins to delete a project, for an owner who typed its name.
    ///
    /// # Errors
    /// The operator is no owner; `proof_needed`, `wrong_name`, `last_project`, `operator_project`; the project is not there.
    pub async fn delete_project(
        &self,
        owner: &Signed,
        project: ProjectId,
        typed: &str,
    ) -> Result<DeletedProject, Problem> {
        if !owner.is_owner() {
            return Err(not_an_owner());
        }
        owner.require_proof()?;
        self.begin_deletion(project, owner.actor(), typed).await
    }

    /// The same for a key: a live one with the scope `admin`, of the project that `LATCHKEY_OPERATOR_PROJECT` names.
    ///
    /// # Errors
    /// `missing_scope`, `not_the_operator`; as [`Broker::delete_project`].
    pub async fn delete_project_by_key(
        &self,
        caller: &Caller,
        project: &str,
        typed: &str,
    ) -> Result<DeletedProject, Problem> {
        caller.require(Scope::Admin)?;
        let of_operator = self.settings().operator_project == Some(caller.project);
        let is_key = matches!(caller.actor, Actor::Key(_));
        if !is_key || !of_operator || caller.environment != Environment::Live {
            return Err(Problem::new(
                Kind::Forbidden,
                "not_the_operator",
                "Projects are deleted by an owner of this server, in the console, or with a live key of the project that `LATCHKEY_OPERATOR_PROJECT` names.",
            ));
        }
        let id = project.parse().map_err(|_| unknown())?;
        self.begin_deletion(id, caller.actor(), typed).await
    }

    async fn begin_deletion(&self, id: ProjectId, by: String, typed: &str) -> Result<DeletedProject, Problem> {
        let project = self.store().project(id).await?.ok_or_else(unknown)?;
        self.require_deletable(id).await?;
        if typed.trim() != project.name.trim() {
            return Err(Problem::new(
                Kind::Unprocessable,
                "wrong_name",
                "This is not the name of the project. Give it exactly as it is written.",
            ));
        }
        let had = match self.store().belongings(id).await {
            Ok(had) => Some(had),
            Err(error) => {
                tracing::warn!(project = %id, %error, "what a project has was not counted before its deletion");
                None
            }
        };
        let detail = json!({ "name": project.name, "had": had.as_ref().map(told) });
        let entry = of_none("project.deleted", by.clone(), id, &detail);
        match self.store().begin_deletion(id, &by, entry).await? {
            DeletionBegun::Last => Err(last()),
            DeletionBegun::Unknown => Err(unknown()),
            DeletionBegun::Yes(heir) => {
                tracing::info!(project = %id, connections = had.map(|had| had.connections), "a project is being deleted");
                Ok(DeletedProject {
                    name: project.name,
                    had,
                    heir,
                })
            }
        }
    }

    /// The projects that are being deleted, for an owner.
    pub async fn deletions(&self, owner: &Signed) -> Result<Vec<Deletion>, Problem> {
        if !owner.is_owner() {
            return Ok(Vec::new());
        }
        Ok(self.store().deletions().await?)
    }

    /// Goes on with one project that is being deleted; whether there was one. A copy that nobody adopted ends no grants of
    /// the original.
    pub async fn deletion_tick(&self) -> Result<bool, Problem> {
        if !self.is_at_home().await {
            return Ok(false);
        }
        let Some(deletion) = self.store().claim_deletion().await? else {
            return Ok(false);
        };
        let ended = self.delete_further(&deletion).await;
        if !matches!(ended, Ok(true)) {
            self.store().leave_deletion(deletion.id).await?;
        }
        ended?;
        Ok(true)
    }

    /// `true` when nothing of it is left.
    async fn delete_further(&self, deletion: &Deletion) -> Result<bool, Problem> {
        let project = deletion.id;
        if !self.delete_what_connects(project).await? {
            return Ok(false);
        }
        // The services are asked for a day at most; what the answers need is kept until then.
        if self.store().has_waiting_revocations(project).await? {
            tracing::debug!(%project, "a project waits for the services to end its grants");
            return Ok(false);
        }
        for _ in 0..ROUNDS {
            if !self.store().delete_belongings(project).await? {
                let left = self.store().grants_left(project).await?;
                let detail = json!({ "name": deletion.name, "began": deletion.since, "notRevoked": left });
                let entry = of_none("project.erased", deletion.by.clone(), project, &detail);
                let ended = self.store().end_deletion(project, entry).await?;
                if ended {
                    tracing::info!(%project, left, "a project is deleted");
                }
                return Ok(ended);
            }
        }
        Ok(false)
    }

    /// Links, sessions and connections; `true` when none is left.
    async fn delete_what_connects(&self, project: ProjectId) -> Result<bool, Problem> {
        let mut revoking = false;
        let mut is_done = false;
        for _ in 0..ROUNDS {
            let more = self.store().delete_ways_in(project).await?;
            let connections = self.store().some_connections(project, CONNECTIONS).await?;
            is_done = !more && connections.is_empty();
            if is_done {
                break;
            }
            let mut left = 0;
            for connection in connections {
                let reach = self.reach(&connection.integration, &connection.auth_method);
                // Another replica may be first.
                let parting = self.store().delete_connection(&connection, reach).await?;
                match parting.map(|parting| parting.revocation) {
                    Some(RevocationStatus::Pending) => revoking = true,
                    Some(RevocationStatus::Failed) => left += 1,
                    _ => {}
                }
            }
            if left > 0 {
                self.store().note_grants_left(project, left).await?;
            }
        }
        if revoking {
            self.revoke_soon();
        }
        Ok(is_done)
    }

    /// A project that is not there, or was deleted.
    pub(crate) async fn missing_project(&self, id: ProjectId) -> Result<Problem, Problem> {
        Ok(if self.store().is_being_deleted(id).await? {
            project_deleted()
        } else {
            unknown()
        })
    }
}

fn last() -> Problem {
    Problem::new(
        Kind::Conflict,
        "last_project",
        "This is the only project of this server, and one stays. Make another project first, then delete this one.",
    )
}

/// A line that owners read in whichever project they are: the one that it is about is gone.
fn of_none<'a>(action: &'static str, actor: String, project: ProjectId, detail: &'a Value) -> AuditEntry<'a> {
    AuditEntry {
        project: None,
        environment: None,
        action,
        actor,
        subject: Some(format!("project:{project}")),
        detail,
    }
}
