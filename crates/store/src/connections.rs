//! Connections: the lasting result of a flow. This module holds what they are; `credentials` holds what is sealed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Postgres, QueryBuilder};
use vault::{Credential, Environment};

use crate::{AppId, ConnectionId, IdentityType, NewEvent, Owner, ProjectId, Store, StoreError, events};

/// How a connection is, on the wire too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
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

/// What an owner has connected of one integration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connected {
    /// The integration.
    pub integration: String,
    /// How many live connections there are.
    pub count: i64,
    /// The given names, else the accounts' names, of the oldest five that have one.
    pub accounts: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
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

/// Whose connections a person sees as their own. An identity without a type is a user's.
#[derive(Clone, Copy, Debug)]
pub struct OwnedBy<'a> {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The identity.
    pub identity: &'a str,
    /// Its type.
    pub identity_type: IdentityType,
    /// Only of these integrations; of all without.
    pub integrations: Option<&'a [String]>,
}

/// Which connections a list shows.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Of this identity.
    pub identity: Option<String>,
    /// Of this kind of identity.
    pub identity_type: Option<String>,
    /// Of this integration.
    pub integration: Option<String>,
    /// With this name.
    pub name: Option<String>,
    /// With one of these keys; an empty list means all.
    pub keys: Vec<String>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// Switched on or off.
    pub active: Option<bool>,
    /// In this state.
    pub state: Option<ConnectionState>,
    /// Rows to leave out at the start.
    pub skip: i64,
    /// Most rows.
    pub limit: i64,
}

/// Changes to a connection; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectionChange {
    /// New name; `Some(None)` takes it away.
    pub name: Option<Option<String>>,
    /// New tags, replacing all.
    pub tags: Option<Vec<String>>,
    /// On or off.
    pub active: Option<bool>,
}

/// A connection to make.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The app.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// The key.
    pub key: String,
    /// The person's name for it.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// What the service granted.
    pub grant: Grant,
}

/// What a service granted: the credential, the account and what was learnt.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whether a check proved it.
    pub proved: bool,
    /// The account at the service.
    pub account_id: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
    /// Non-secret values.
    pub variables: BTreeMap<String, String>,
    /// Granted scopes.
    pub scopes: Option<Vec<String>>,
    /// What is sealed.
    pub credential: NewCredential,
}

/// A credential to seal.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// The secret.
    pub credential: Credential,
    /// Seconds until the access token ends.
    pub expires_in: Option<u64>,
    /// Seconds until it should be refreshed; `None` when it cannot be.
    pub refresh_in: Option<u64>,
}

/// What became of a connection's grant after it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationStatus {
    /// It will be revoked at the provider within a day, or reported as failed.
    Pending,
    /// The provider confirmed.
    Revoked,
    /// The provider has no way to revoke; the credential was erased here.
    Unsupported,
    /// The provider did not confirm within a day, or could not be asked.
    Failed,
}

/// What becomes of the grant of a connection that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// How its revocation stands.
    pub revocation: RevocationStatus,
    /// Why it is not revoked: a word for machines and a sentence for people.
    pub why: Option<(&'static str, &'static str)>,
}

impl Parting {
    pub(crate) const fn of(revocation: RevocationStatus) -> Self {
        Self { revocation, why: None }
    }

    /// The credential is there and nobody can read it: its key is lost, or its row is damaged.
    pub(crate) const UNREADABLE: Self = Self {
        revocation: RevocationStatus::Failed,
        why: Some((
            "credential_unreadable",
            "The connection is deleted, and its grant was not revoked at the service: the credential here cannot be opened, because its key is lost or its row is damaged. End the access at the service.",
        )),
    };
}

impl RevocationStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Revoked => "revoked",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
        }
    }
}

impl Store {
    /// A page of connections and the exact total of the same filter, in one snapshot.
    pub async fn list_connections(
        &self,
        project: ProjectId,
        environment: Environment,
        filter: &ConnectionFilter,
    ) -> Result<(Vec<Connection>, i64), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        let mut count = QueryBuilder::new("select count(*) from connections c");
        narrow(&mut count, project, environment, filter);
        let total: i64 = count.build_query_scalar().fetch_one(&mut *transaction).await?;
        let mut rows = QueryBuilder::new(
            "select c.*, k.expires_at from connections c left join credentials k on k.connection_id = c.id",
        );
        narrow(&mut rows, project, environment, filter);
        rows.push(" order by c.id desc limit ")
            .push_bind(filter.limit)
            .push(" offset ")
            .push_bind(filter.skip);
        let rows: Vec<Row> = rows.build_query_as().fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok((
            rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            total,
        ))
    }

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

    /// Live connections of an owner by integration, for the modal: how many, and the names of the oldest five.
    pub async fn connected(
        &self,
        project: ProjectId,
        environment: Environment,
        identity: &str,
        identity_type: IdentityType,
    ) -> Result<Vec<Connected>, StoreError> {
        // Served by connections_by_identity.
        let rows = sqlx::query_as!(
            Connected,
            r#"select integration, count(*) as "count!",
                      coalesce((array_agg(coalesce(name, account_name) order by created_at)
                                filter (where coalesce(name, account_name) is not null))[1:5], '{}') as "accounts!"
               from connections
               where project_id = $1 and environment = $2 and identity = $3 and coalesce(identity_type, 'user') = $4
                 and deleted_at is null and state <> 'failed'
               group by integration"#,
            project.0,
            environment.as_str(),
            identity,
            identity_type.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    /// A page of an owner's connections, newest first, and how many there are. `after` is the last one of the page before.
    pub async fn owned_connections(
        &self,
        scope: &OwnedBy<'_>,
        after: Option<ConnectionId>,
        limit: i64,
    ) -> Result<(Vec<Connection>, i64), StoreError> {
        // Both served by connections_by_identity.
        let rows = select_connections!(
            "where c.project_id = $1 and c.environment = $2 and c.identity = $3 and c.deleted_at is null
               and coalesce(c.identity_type, 'user') = $4 and ($5::text[] is null or c.integration = any ($5))
               and ($6::uuid is null or c.id < $6)
             order by c.id desc limit $7",
            scope.project.0,
            scope.environment.as_str(),
            scope.identity,
            scope.identity_type.as_str(),
            scope.integrations,
            after.map(|id| id.0),
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "count!" from connections
               where project_id = $1 and environment = $2 and identity = $3 and deleted_at is null
                 and coalesce(identity_type, 'user') = $4 and ($5::text[] is null or integration = any ($5))"#,
            scope.project.0,
            scope.environment.as_str(),
            scope.identity,
            scope.identity_type.as_str(),
            scope.integrations
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((
            rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            total,
        ))
    }

    /// Changes name, tags or the switch; writes the event in the same transaction.
    pub async fn change_connection(
        &self,
        connection: &Connection,
        change: &ConnectionChange,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let changed = sqlx::query!(
            "update connections set name = case when $2 then $3 else name end, tags = coalesce($4, tags),
                    active = coalesce($5, active), updated_at = latchkey_now()
             where id = $1 and deleted_at is null",
            connection.id.0,
            change.name.is_some(),
            change.name.clone().flatten(),
            change.tags.as_deref(),
            change.active
        )
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 1 {
            events::record(&mut transaction, event(connection, "connection.updated", &json!({}))).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a connection: in one transaction its credential leaves for `revocations` and nothing can read it any
    /// more. `revocable` tells whether the provider can be asked. One that nobody can open is erased, and the event says
    /// that it was not revoked. `None` when somebody else deleted it first.
    pub async fn delete_connection(
        &self,
        connection: &Connection,
        revocable: bool,
    ) -> Result<Option<Parting>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Everybody locks the credential first.
        sqlx::query!(
            "select generation from credentials where connection_id = $1 for update",
            connection.id.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let deleted = sqlx::query!(
            "update connections set deleted_at = latchkey_now(), active = false, updated_at = latchkey_now()
             where id = $1 and deleted_at is null",
            connection.id.0
        )
        .execute(&mut *transaction)
        .await?;
        if deleted.rows_affected() == 0 {
            return Ok(None);
        }
        let parting = self.revoke_credential(&mut transaction, connection, revocable).await?;
        let payload = match parting.why {
            None => json!({ "revocation": parting.revocation }),
            Some((reason, message)) => {
                json!({ "revocation": parting.revocation, "reason": reason, "message": message })
            }
        };
        events::record(&mut transaction, event(connection, "connection.deleted", &payload)).await?;
        transaction.commit().await?;
        Ok(Some(parting))
    }
}

fn narrow(query: &mut QueryBuilder<Postgres>, project: ProjectId, environment: Environment, filter: &ConnectionFilter) {
    query
        .push(" where c.deleted_at is null and c.project_id = ")
        .push_bind(project);
    query.push(" and c.environment = ").push_bind(environment.as_str());
    let texts = [
        ("c.identity", &filter.identity),
        ("c.identity_type", &filter.identity_type),
        ("c.integration", &filter.integration),
        ("c.name", &filter.name),
    ];
    for (column, value) in texts {
        if let Some(value) = value {
            query.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if !filter.keys.is_empty() {
        query.push(" and c.key = any(").push_bind(filter.keys.clone()).push(")");
    }
    if !filter.tags.is_empty() {
        query.push(" and c.tags @> ").push_bind(filter.tags.clone());
    }
    if let Some(active) = filter.active {
        query.push(" and c.active = ").push_bind(active);
    }
    if let Some(state) = filter.state {
        query.push(" and c.state = ").push_bind(state.as_str());
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
