//! Connections: the lasting result of a flow. This module holds what they are; `credentials` holds what is sealed.

mod change;
mod grant;
mod list;
mod owned;
mod parting;
mod search;
mod tags;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use vault::Environment;

pub use self::change::ConnectionChange;
pub use self::grant::{Grant, NewConnection, NewCredential};
pub use self::list::ConnectionFilter;
pub use self::owned::{Connected, OwnedBy};
pub use self::parting::{Parting, RevocationStatus};
pub use self::search::{ConnectionSearch, FoundConnections, LastUse};
pub use self::tags::{MOST_TAGS, TagChange};
use crate::{AppId, ConnectionId, NewEvent, Owner, ProjectId, Store, StoreError};

/// How a connection is, on the wire too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionState {
    /// Works.
    Operational,
    /// A refresh fails, the token is still good; it is tried again.
    Degraded,
    /// Not usable: the person must connect again.
    Failed,
    /// Never proved.
    Unknown,
}

impl ConnectionState {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for ConnectionState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "operational" => Ok(Self::Operational),
            "degraded" => Ok(Self::Degraded),
            "failed" => Ok(Self::Failed),
            "unknown" => Ok(Self::Unknown),
            other => Err(format!(
                "`{other}` is no state: write operational, degraded, failed or unknown"
            )),
        }
    }
}

/// A connection without its credential.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The app that it was made with.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method of the definition.
    pub auth_method: String,
    /// The key that callers name it by.
    pub key: String,
    /// The name that the person gave.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// The customer's tags.
    pub tags: Vec<String>,
    /// The operator's switch.
    pub active: bool,
    /// How it is.
    pub state: ConnectionState,
    /// A machine's word for why.
    pub state_reason: Option<String>,
    /// A sentence for people.
    pub state_message: Option<String>,
    /// The account at the service.
    pub account_id: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
    /// Non-secret values, given or learnt.
    pub variables: BTreeMap<String, String>,
    /// Scopes that the service granted.
    pub scopes: Option<Vec<String>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was last called through, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When its access token ends.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: ConnectionId,
    project_id: ProjectId,
    environment: String,
    app_id: AppId,
    integration: String,
    auth_method: String,
    key: String,
    name: Option<String>,
    identity: Option<String>,
    identity_type: Option<String>,
    group_name: Option<String>,
    label: Option<String>,
    tags: Vec<String>,
    active: bool,
    state: String,
    state_reason: Option<String>,
    state_message: Option<String>,
    account_id: Option<String>,
    account_name: Option<String>,
    variables: sqlx::types::Json<BTreeMap<String, String>>,
    scopes: Option<Vec<String>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Connection {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let record = row.id.0;
        let inconsistent = |what| StoreError::Inconsistent {
            table: "connections",
            record,
            what,
        };
        Ok(Self {
            environment: crate::database::environment("connections", record, &row.environment)?,
            owner: crate::sessions::owner(
                "connections",
                record,
                row.identity,
                row.identity_type,
                row.group_name,
                row.label,
            )?,
            state: row.state.parse().map_err(inconsistent)?,
            id: row.id,
            project: row.project_id,
            app: row.app_id,
            integration: row.integration,
            auth_method: row.auth_method,
            key: row.key,
            name: row.name,
            tags: row.tags,
            active: row.active,
            state_reason: row.state_reason,
            state_message: row.state_message,
            account_id: row.account_id,
            account_name: row.account_name,
            variables: row.variables.0,
            scopes: row.scopes,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        })
    }
}

macro_rules! select_connections {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select c.id as "id: ConnectionId", c.project_id as "project_id: ProjectId", c.environment,
                      c.app_id as "app_id: AppId", c.integration, c.auth_method, c.key, c.name, c.identity, c.identity_type,
                      c.group_name, c.label, c.tags, c.active, c.state, c.state_reason, c.state_message, c.account_id,
                      c.account_name, c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", c.scopes,
                      c.created_at, c.updated_at, c.last_used_at, k.expires_at as "expires_at?"
               from connections c left join credentials k on k.connection_id = c.id "# + $tail
            $(, $argument)*
        )
    };
}

use select_connections;

impl Store {
    /// A connection by its id, inside a project and environment.
    pub async fn connection(
        &self,
        project: ProjectId,
        environment: Environment,
        id: ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        select_connections!(
            "where c.id = $1 and c.project_id = $2 and c.environment = $3 and c.deleted_at is null",
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// The connection of a fence, if it was deleted.
    pub(crate) async fn deleted_connection(
        &self,
        transaction: &mut sqlx::PgConnection,
        fence: &crate::Fence,
    ) -> Result<Option<Connection>, StoreError> {
        select_connections!(
            "where c.id = $1 and c.project_id = $2 and c.deleted_at is not null",
            fence.connection.0,
            fence.project.0
        )
        .fetch_optional(transaction)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// Some live connections of a project, of both environments. Served by `connections_by_project`.
    pub async fn some_connections(&self, project: ProjectId, limit: i64) -> Result<Vec<Connection>, StoreError> {
        let rows = select_connections!(
            "where c.project_id = $1 and c.deleted_at is null limit $2",
            project.0,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A connection by its key, inside a project and environment. Served by the unique index on `key`.
    pub async fn connection_by_key(
        &self,
        project: ProjectId,
        environment: Environment,
        key: &str,
    ) -> Result<Option<Connection>, StoreError> {
        select_connections!(
            "where c.key = $1 and c.project_id = $2 and c.environment = $3 and c.deleted_at is null",
            key,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }
}

pub(crate) fn event<'a>(connection: &Connection, kind: &'static str, payload: &'a serde_json::Value) -> NewEvent<'a> {
    NewEvent {
        project: connection.project,
        environment: connection.environment,
        kind,
        connection: Some(connection.id),
        payload,
    }
}
