//! What the console shows, for an operator who may see it.

use serde_json::json;
use store::{AuditEntry, Connection, ConnectionSearch, Environment, Page, Project, ProjectId};

use crate::operators::{Permission, Signed};
use crate::{Actor, Broker, Caller, Problem, Scope};

/// A page of connections.
#[derive(Debug)]
pub struct ConnectionPage {
    /// The newest first.
    pub rows: Vec<Connection>,
    /// Where the next page begins.
    pub next: Option<store::ConnectionId>,
    /// How many were looked through, where that ended the look before it had enough.
    pub looked_through: Option<i64>,
}

impl Signed {
    /// The person as a caller of a project's API, with the scopes that their role has.
    ///
    /// # Errors
    /// The project is not there for them, or their role has not the permission.
    pub fn caller(
        &self,
        project: ProjectId,
        environment: Environment,
        permission: Permission,
    ) -> Result<Caller, Problem> {
        let role = self.require(project, permission)?;
        let scopes = [
            (Permission::See, Scope::ConnectionsRead),
            (Permission::Help, Scope::ConnectionsWrite),
            (Permission::Help, Scope::SessionsWrite),
            (Permission::Build, Scope::WebhooksWrite),
            (Permission::Manage, Scope::BrandingWrite),
            (Permission::Manage, Scope::Admin),
        ];
        let scopes = scopes
            .into_iter()
            .filter(|(permission, _)| crate::operators::may(role, *permission));
        Ok(Caller {
            project,
            environment,
            actor: Actor::Operator(self.operator.id),
            scopes: scopes.map(|(_, scope)| scope).collect(),
        })
    }
}

impl Broker {
    /// A page of the projects that an operator has a role in, by name, behind `after`; and whether there are others behind
    /// them.
    pub async fn projects_of(
        &self,
        signed: &Signed,
        after: Option<&Project>,
        limit: i64,
    ) -> Result<(Vec<Project>, bool), Problem> {
        let only = signed.projects();
        let limit = limit.clamp(1, 100);
        let projects = self.store().projects_by_name(only.as_deref(), after, limit + 1).await?;
        let page = Page::cut(projects, limit, |project| project.id);
        Ok((page.rows, page.next.is_some()))
    }

    /// A project that an operator has a role in.
    pub async fn project_of(&self, signed: &Signed, id: ProjectId) -> Result<Option<Project>, Problem> {
        if signed.role(id).is_none() {
            return Ok(None);
        }
        Ok(self.store().project(id).await?)
    }

    /// Where an operator comes to without saying where: the default project, else the first by name.
    pub async fn first_project_of(&self, signed: &Signed) -> Result<Option<Project>, Problem> {
        let default = self.store().default_project().await?;
        if let Some(default) = default.filter(|project| signed.role(project.id).is_some()) {
            return Ok(Some(default));
        }
        Ok(self.projects_of(signed, None, 1).await?.0.into_iter().next())
    }

    /// A page of connections that fit.
    pub async fn search_connections(
        &self,
        caller: &Caller,
        mut search: ConnectionSearch,
    ) -> Result<ConnectionPage, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        search.limit = search.limit.clamp(1, 100);
        let found = self
            .store()
            .search_connections(caller.project, caller.environment, &search)
            .await?;
        Ok(ConnectionPage {
            rows: found.rows,
            next: found.next,
            looked_through: found.looked_through,
        })
    }

    /// Writes down what an operator is about to do to a connection.
    pub async fn note_operator(
        &self,
        caller: &Caller,
        action: &'static str,
        connection: &Connection,
    ) -> Result<(), Problem> {
        let entry = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action,
            actor: caller.actor(),
            subject: Some(format!("connection:{}", connection.id)),
            detail: &json!({ "integration": connection.integration }),
        };
        Ok(self.store().audit(entry).await?)
    }
}
