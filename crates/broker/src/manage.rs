//! A person's own connections, by their session: seen, connected again, ended.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use store::{
    AuditEntry, Connection, ConnectionId, ConnectionState, IdentityType, OwnedBy, Reach, RevocationStatus, Session,
    SessionPurpose,
};
use vault::Token;

use crate::links::OpenedLink;
use crate::{Broker, Kind, Problem};

/// Connections of one answer.
const PAGE: i64 = 50;

/// A page of a person's connections, newest first.
#[derive(Debug, Serialize)]
pub struct OwnConnections {
    /// The connections.
    pub connections: Vec<OwnConnection>,
    /// How many there are in all.
    pub total: i64,
    /// Where the next page begins; null after the last.
    pub next: Option<ConnectionId>,
}

/// A connection as its person sees it.
#[derive(Debug, Serialize)]
pub struct OwnConnection {
    id: ConnectionId,
    integration: String,
    service: String,
    /// A file name; the server turns it into an address.
    pub logo: Option<String>,
    name: Option<String>,
    account: Option<String>,
    /// `operational`, `degraded`, `failed`, `unknown`, or `off` where the app switched it off.
    state: &'static str,
    /// A sentence of ours about the state.
    message: Option<String>,
    since: DateTime<Utc>,
    last_used: Option<DateTime<Utc>>,
    /// Whether it can be connected again here.
    reconnectable: bool,
    /// What ending it does at the service: `revoked`, `shared` (another connection lives on the same grant), `kept` (a
    /// sign-in that the service has no way to end), `key`, or `nothing` where nobody signed in.
    ending: &'static str,
}

/// What became of a connection that its person ended.
#[derive(Clone, Copy, Debug)]
pub struct Disconnected {
    /// What becomes of the grant at the service.
    pub revocation: RevocationStatus,
}

impl Broker {
    /// A page of the connections of a session's identity.
    pub async fn own_connections(
        &self,
        request_id: &Token,
        embedder: Option<&str>,
        after: Option<ConnectionId>,
    ) -> Result<OwnConnections, Problem> {
        let session = self.managing_session(request_id, embedder).await?;
        let (rows, total) = self.store().owned_connections(&owned(&session)?, after, PAGE).await?;
        let offered = self.session_platforms(&session).await?;
        let full = i64::try_from(rows.len()).unwrap_or(PAGE) == PAGE;
        let next = rows.last().filter(|_| full).map(|last| last.id);
        let shared = self.sharing(&rows).await?;
        let connections = rows
            .into_iter()
            .map(|connection| {
                let reconnectable = connection.active
                    && offered
                        .iter()
                        .any(|platform| platform.integration.id.as_str() == connection.integration);
                let is_shared = shared.contains(&connection.id);
                self.own(connection, reconnectable, is_shared)
            })
            .collect();
        Ok(OwnConnections {
            connections,
            total,
            next,
        })
    }

    /// How many there are.
    pub(crate) async fn own_connections_count(&self, session: &Session) -> Result<i64, Problem> {
        Ok(self.store().owned_connections(&owned(session)?, None, 0).await?.1)
    }

    /// Ends a connection of the session's identity, as deleting it by the API does.
    pub async fn disconnect(
        &self,
        request_id: &Token,
        embedder: Option<&str>,
        connection: ConnectionId,
    ) -> Result<Disconnected, Problem> {
        let session = self.managing_session(request_id, embedder).await?;
        let connection = self.own_connection(&session, connection).await?;
        let id = connection.id;
        let deleted = self
            .part_with(connection)
            .await
            .map_err(|problem| match problem.kind() {
                // Two clicks, or somebody else was first.
                Kind::NotFound => gone(),
                _ => problem,
            })?;
        let entry = AuditEntry {
            project: Some(session.project),
            environment: Some(session.environment),
            action: "connection.disconnected",
            actor: format!("session:{}", session.id),
            subject: Some(format!("connection:{id}")),
            detail: &json!({ "revocation": deleted.parting.revocation }),
        };
        self.store().audit(entry).await?;
        Ok(Disconnected {
            revocation: deleted.parting.revocation,
        })
    }

    /// Opens a session in which a connection of the session's identity is connected again. It is revoked with the session.
    pub async fn reconnect_own(
        &self,
        request_id: &Token,
        embedder: Option<&str>,
        connection: ConnectionId,
    ) -> Result<OpenedLink, Problem> {
        let session = self.managing_session(request_id, embedder).await?;
        let connection = self.own_connection(&session, connection).await?;
        let request_id = Token::generate();
        let expires_at = self
            .store()
            .open_reconnecting_session(session.id, connection.id, &request_id.digest())
            .await?
            .ok_or_else(too_often)?;
        tracing::info!(session = %session.id, connection = %connection.id, "a person connects again");
        Ok(OpenedLink { request_id, expires_at })
    }

    async fn managing_session(&self, request_id: &Token, embedder: Option<&str>) -> Result<Session, Problem> {
        let session = self.live_session(request_id).await?;
        if !session.hosted {
            self.require_embedder(session.project, session.environment, embedder)
                .await?;
        }
        if session.purpose == SessionPurpose::Manage {
            return Ok(session);
        }
        Err(not_managing())
    }

    async fn own_connection(&self, session: &Session, id: ConnectionId) -> Result<Connection, Problem> {
        let scope = owned(session)?;
        let connection = self.store().connection(scope.project, scope.environment, id).await?;
        connection
            .filter(|connection| {
                let owner = &connection.owner;
                owner.identity.as_deref() == Some(scope.identity)
                    && owner.identity_type.unwrap_or(IdentityType::User) == scope.identity_type
                    && scope
                        .integrations
                        .is_none_or(|only| only.contains(&connection.integration))
            })
            .ok_or_else(gone)
    }

    /// Those of them whose grant is not revoked with them.
    async fn sharing(&self, connections: &[Connection]) -> Result<BTreeSet<ConnectionId>, Problem> {
        let of_grants: Vec<(ConnectionId, bool)> = connections
            .iter()
            .filter_map(
                |connection| match self.reach(&connection.integration, &connection.auth_method) {
                    Reach::Grant { by_account } => Some((connection.id, by_account)),
                    Reach::Nothing | Reach::Token => None,
                },
            )
            .collect();
        if of_grants.is_empty() {
            return Ok(BTreeSet::new());
        }
        Ok(self.store().sharing(&of_grants).await?)
    }

    fn own(&self, connection: Connection, reconnectable: bool, is_shared: bool) -> OwnConnection {
        let catalog = self.catalog();
        let integration = catalog.get(&connection.integration);
        let method = integration.and_then(|integration| integration.method(Some(&connection.auth_method)));
        let ending = match method.map(|method| &method.kind) {
            // Nothing is left at a service that never asked who calls.
            Some(catalog::AuthKind::ApiKey(typed)) if typed.kind == catalog::TypedKind::Nothing => "nothing",
            Some(catalog::AuthKind::ApiKey(_)) => "key",
            _ if is_shared => "shared",
            _ if self.reach(&connection.integration, &connection.auth_method) != Reach::Nothing => "revoked",
            _ => "kept",
        };
        OwnConnection {
            service: integration.map_or_else(
                || connection.integration.clone(),
                |integration| integration.name.clone(),
            ),
            logo: integration.and_then(|integration| integration.logo.clone()),
            state: if connection.active {
                connection.state.as_str()
            } else {
                "off"
            },
            message: connection
                .state_message
                .filter(|_| connection.state != ConnectionState::Operational),
            id: connection.id,
            integration: connection.integration,
            name: connection.name,
            account: connection.account_name,
            since: connection.created_at,
            last_used: connection.last_used_at,
            reconnectable,
            ending,
        }
    }
}

fn owned(session: &Session) -> Result<OwnedBy<'_>, Problem> {
    Ok(OwnedBy {
        project: session.project,
        environment: session.environment,
        identity: session.owner.identity.as_deref().ok_or_else(not_managing)?,
        identity_type: session.owner.identity_type.unwrap_or(IdentityType::User),
        integrations: session.integrations.as_deref(),
    })
}

fn not_managing() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "manage_not_allowed",
        "Connections cannot be looked after in this session. Open them in the app.",
    )
}

fn gone() -> Problem {
    Problem::new(
        Kind::NotFound,
        "connection_gone",
        "This connection is not there any more.",
    )
}

fn too_often() -> Problem {
    Problem::new(
        Kind::TooManyRequests,
        "too_many_reconnects",
        "This connection was connected again too often within the hour. Wait a while, then try again.",
    )
    .with_retry_after(std::time::Duration::from_mins(10))
}
