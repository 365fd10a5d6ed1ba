//! Credentials: the hot half of a connection. Sealed bytes, generation, expiry, and the lease of a refresh.
//!
//! A refresh is claimed (committed before the request goes out), done without a transaction, and committed only while
//! the generation is still the claimed one. A late loser overwrites nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Credential, Environment, Place};

use crate::connections::{connection_payload, event};
use crate::{
    AppId, Connection, ConnectionId, ConnectionState, NewConnection, NewCredential, NewEvent, ProjectId, RevocationId,
    RevocationStatus, Store, StoreError, events,
};

/// Who holds a lease: a replica, and which of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The same over restarts.
    pub id: Uuid,
    /// New at each start. A lease of an earlier life of the same replica is free.
    pub boot: Uuid,
}

/// All that a call through a connection needs, from one query.
#[derive(Debug)]
pub struct Callable {
    /// The connection.
    pub connection: ConnectionId,
    /// The app that it was made with.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// The operator's switch.
    pub active: bool,
    /// How it is.
    pub state: ConnectionState,
    /// The sentence for people, when it is not well.
    pub state_message: Option<String>,
    /// Non-secret values.
    pub variables: BTreeMap<String, String>,
    /// The secret.
    pub credential: Credential,
    /// Its generation.
    pub generation: i64,
    /// Seconds until the access token ends; `None` when it does not.
    pub expires_in: Option<i64>,
    /// Whether it can be refreshed.
    pub refreshable: bool,
    /// Whether its use should be noted anew.
    pub use_is_old: bool,
}

/// A claimed refresh.
#[derive(Debug)]
pub struct Lease {
    /// The connection.
    pub connection: ConnectionId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The generation that it replaces.
    pub generation: i64,
    /// The secret to refresh.
    pub credential: Credential,
    /// Failed attempts so far.
    pub attempts: i32,
    /// When the access token ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it has ended already.
    pub expired: bool,
    /// Who claimed it.
    pub replica: Replica,
}

/// How a claim for a waiting call went.
#[derive(Debug)]
pub enum Claim {
    /// This caller refreshes.
    Mine(Box<Lease>),
    /// Somebody else refreshes, or did.
    Somebodys,
    /// The last attempt failed; the next may come after this pause.
    NotYet {
        /// Seconds.
        seconds: u64,
    },
}

/// How a refresh failed.
#[derive(Clone, Debug)]
pub struct RefreshFailure {
    /// The state that the connection gets.
    pub state: ConnectionState,
    /// A machine's word, as `invalid_grant`.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// Seconds until the next attempt; `None` ends refreshing.
    pub retry_in: Option<f64>,
}

fn place(project: Uuid, environment: Environment, connection: Uuid, generation: i64) -> Place {
    Place {
        project,
        environment,
        record: connection,
        column: "credentials.sealed",
        generation,
    }
}

fn read(table: &'static str, record: Uuid, plaintext: &[u8]) -> Result<Credential, StoreError> {
    Credential::from_plaintext(plaintext).map_err(|error| StoreError::Inconsistent {
        table,
        record,
        what: error.to_string(),
    })
}

impl Store {
    /// Writes a connection, its sealed credential and the event, in the caller's transaction.
    pub(crate) async fn insert_connection(
        &self,
        transaction: &mut PgConnection,
        new: &NewConnection,
    ) -> Result<ConnectionId, StoreError> {
        let id = ConnectionId::generate();
        let state = if new.grant.proved {
            ConnectionState::Operational
        } else {
            ConnectionState::Unknown
        };
        sqlx::query!(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, name, identity,
                    identity_type, group_name, label, state, account_id, account_name, variables, scopes)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            id.0,
            new.project.0,
            new.environment.as_str(),
            new.app.0,
            new.integration,
            new.auth_method,
            new.key,
            new.name,
            new.owner.identity,
            new.owner.identity_type.map(crate::IdentityType::as_str),
            new.owner.group,
            new.owner.label,
            state.as_str(),
            new.grant.account_id,
            new.grant.account_name,
            sqlx::types::Json(&new.grant.variables) as _,
            new.grant.scopes.as_deref(),
        )
        .execute(&mut *transaction)
        .await?;
        let place = place(new.project.0, new.environment, id.0, 1);
        let sealed = self
            .seal(
                &mut *transaction,
                &place,
                &new.grant.credential.credential.to_plaintext(),
            )
            .await?;
        sqlx::query!(
            "insert into credentials (connection_id, project_id, environment, sealed, expires_at, refresh_at)
             values ($1, $2, $3, $4, latchkey_now() + make_interval(secs => $5), latchkey_now() + make_interval(secs => $6))",
            id.0,
            new.project.0,
            new.environment.as_str(),
            sealed.as_bytes(),
            seconds(new.grant.credential.expires_in),
            seconds(new.grant.credential.refresh_in),
        )
        .execute(&mut *transaction)
        .await?;
        let payload = json!({
            "id": id, "key": new.key, "platform": new.integration, "environment": new.environment,
            "identity": new.owner.identity, "identityType": new.owner.identity_type, "state": state,
        });
        let created = NewEvent {
            project: new.project,
            environment: new.environment,
            kind: "connection.created",
            connection: Some(id),
            payload: &payload,
        };
        events::record(transaction, created).await?;
        Ok(id)
    }

    /// Replaces the credential of a connection by a new grant of the same account: generation + 1, same id and key.
    /// `false` when the connection was deleted in the meantime; nothing was written then.
    pub(crate) async fn replace_credential(
        &self,
        transaction: &mut PgConnection,
        connection: ConnectionId,
        new: &NewConnection,
    ) -> Result<bool, StoreError> {
        // The lock makes a refresh in flight lose: it commits under the old generation.
        let old = sqlx::query!(
            r#"select k.generation, k.sealed, c.app_id, c.auth_method,
                      c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>"
               from credentials k join connections c on c.id = k.connection_id
               where k.connection_id = $1 and c.deleted_at is null for update of k"#,
            connection.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(old) = old else { return Ok(false) };
        // A grant of the same client is left alone: at many services revoking it would end the new one too.
        if old.app_id != new.app.0 || old.auth_method != new.auth_method {
            let old_place = place(new.project.0, new.environment, connection.0, old.generation);
            let plaintext = self.open("credentials", old.sealed, &old_place).await?;
            let revocation = crate::revocations::NewRevocation {
                id: RevocationId::generate(),
                project: new.project,
                environment: new.environment,
                app: AppId(old.app_id),
                connection: None,
                flow: None,
                integration: &new.integration,
                auth_method: &old.auth_method,
                variables: &old.variables.0,
                plaintext: &plaintext,
            };
            self.insert_revocation(transaction, revocation).await?;
        }
        let generation = old.generation + 1;
        let state = if new.grant.proved {
            ConnectionState::Operational
        } else {
            ConnectionState::Unknown
        };
        let place = place(new.project.0, new.environment, connection.0, generation);
        let sealed = self
            .seal(
                &mut *transaction,
                &place,
                &new.grant.credential.credential.to_plaintext(),
            )
            .await?;
        sqlx::query!(
            "update credentials set sealed = $2, generation = $3, expires_at = latchkey_now() + make_interval(secs => $4),
                    refresh_at = latchkey_now() + make_interval(secs => $5), refreshed_at = null, lease_owner = null,
                    lease_boot = null, lease_until = null, attempts = 0, updated_at = latchkey_now()
             where connection_id = $1",
            connection.0,
            sealed.as_bytes(),
            generation,
            seconds(new.grant.credential.expires_in),
            seconds(new.grant.credential.refresh_in),
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update connections set state = $8, state_reason = null, state_message = null,
                    account_id = coalesce($2, account_id), account_name = coalesce($3, account_name), variables = $4, scopes = $5, app_id = $6, auth_method = $7,
                    updated_at = latchkey_now()
             where id = $1",
            connection.0,
            new.grant.account_id,
            new.grant.account_name,
            sqlx::types::Json(&new.grant.variables) as _,
            new.grant.scopes.as_deref(),
            new.app.0,
            new.auth_method,
            state.as_str(),
        )
        .execute(&mut *transaction)
        .await?;
        let payload = json!({
            "id": connection, "key": new.key, "platform": new.integration, "environment": new.environment,
            "identity": new.owner.identity, "identityType": new.owner.identity_type, "state": state,
        });
        let reconnected = NewEvent {
            project: new.project,
            environment: new.environment,
            kind: "connection.reconnected",
            connection: Some(connection),
            payload: &payload,
        };
        events::record(transaction, reconnected).await?;
        Ok(true)
    }

    /// The connection with this key and its opened credential, inside a project and environment: one query authorises
    /// all three together. Served by the unique index on `connections.key`.
    pub async fn callable(
        &self,
        project: ProjectId,
        environment: Environment,
        key: &str,
    ) -> Result<Option<Callable>, StoreError> {
        let row = sqlx::query!(
            r#"select c.id, c.app_id, c.integration, c.auth_method, c.active, c.state, c.state_message,
                      c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", k.sealed, k.generation,
                      k.refresh_at is not null as "refreshable!",
                      coalesce(c.last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!",
                      extract(epoch from k.expires_at - latchkey_now())::bigint as expires_in
               from connections c join credentials k on k.connection_id = c.id
               where c.key = $1 and c.project_id = $2 and c.environment = $3 and c.deleted_at is null"#,
            key,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let place = place(project.0, environment, row.id, row.generation);
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        Ok(Some(Callable {
            connection: ConnectionId(row.id),
            app: AppId(row.app_id),
            integration: row.integration,
            auth_method: row.auth_method,
            active: row.active,
            state: row.state.parse().map_err(|what| StoreError::Inconsistent {
                table: "connections",
                record: row.id,
                what,
            })?,
            state_message: row.state_message,
            variables: row.variables.0,
            credential: read("credentials", row.id, &plaintext)?,
            generation: row.generation,
            expires_in: row.expires_in,
            refreshable: row.refreshable,
            use_is_old: row.use_is_old,
        }))
    }

    /// The generation of a connection's credential; `None` when it has none any more.
    pub async fn generation(&self, id: ConnectionId) -> Result<Option<i64>, StoreError> {
        Ok(
            sqlx::query_scalar!("select generation from credentials where connection_id = $1", id.0)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Notes that a connection was called through, at most once a minute.
    pub async fn touch_connection(&self, id: ConnectionId) -> Result<(), StoreError> {
        sqlx::query!(
            "update connections set last_used_at = latchkey_now()
             where id = $1 and (last_used_at is null or last_used_at < latchkey_now() - interval '1 minute')",
            id.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Claims refreshes that are due, the longest overdue first. Served by `credentials_due`. A lease of another
    /// replica is free after five minutes, one of an earlier life of this replica at once.
    pub async fn claim_due(&self, replica: Replica, limit: i64) -> Result<Vec<Lease>, StoreError> {
        let rows = sqlx::query_as!(
            LeaseRow,
            r#"update credentials k set lease_owner = $1, lease_boot = $2, lease_until = latchkey_now() + interval '5 minutes'
               where k.connection_id in (
                   select d.connection_id from credentials d
                   where d.refresh_at <= latchkey_now()
                     and (d.lease_until is null or d.lease_until < latchkey_now() or (d.lease_owner = $1 and d.lease_boot <> $2))
                   order by d.refresh_at limit $3 for update skip locked)
               returning k.connection_id, k.project_id, k.environment, k.sealed, k.generation, k.attempts, k.expires_at,
                         coalesce(k.expires_at <= latchkey_now(), false) as "expired!""#,
            replica.id,
            replica.boot,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let mut leases = Vec::with_capacity(rows.len());
        for row in rows {
            let connection = row.connection_id;
            // One row that does not open must not stop the others.
            match self.lease(row, replica).await {
                Ok(lease) => leases.push(lease),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    tracing::error!(%connection, %error, "a credential cannot be opened and is not refreshed");
                    self.park_unreadable(ConnectionId(connection)).await?;
                }
            }
        }
        Ok(leases)
    }

    /// Claims the refresh of one connection for a call that waits for it, unless somebody holds it, the generation
    /// moved on, or an earlier attempt failed and its pause is not over.
    pub async fn claim_one(
        &self,
        replica: Replica,
        connection: ConnectionId,
        generation: i64,
    ) -> Result<Claim, StoreError> {
        let row = sqlx::query_as!(
            LeaseRow,
            r#"update credentials k set lease_owner = $1, lease_boot = $2, lease_until = latchkey_now() + interval '5 minutes'
               where k.connection_id = $3 and k.generation = $4
                 and (k.attempts = 0 or k.refresh_at <= latchkey_now())
                 and (k.lease_until is null or k.lease_until < latchkey_now() or (k.lease_owner = $1 and k.lease_boot <> $2))
               returning k.connection_id, k.project_id, k.environment, k.sealed, k.generation, k.attempts, k.expires_at,
                         coalesce(k.expires_at <= latchkey_now(), false) as "expired!""#,
            replica.id,
            replica.boot,
            connection.0,
            generation
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(row) = row {
            return Ok(Claim::Mine(Box::new(self.lease(row, replica).await?)));
        }
        let pause = sqlx::query_scalar!(
            r#"select greatest(extract(epoch from refresh_at - latchkey_now()), 0)::bigint as "pause" from credentials
               where connection_id = $1 and generation = $2 and attempts > 0 and refresh_at > latchkey_now()
                 and (lease_until is null or lease_until < latchkey_now())"#,
            connection.0,
            generation
        )
        .fetch_optional(&self.pool)
        .await?
        .flatten();
        Ok(pause.map_or(Claim::Somebodys, |seconds| Claim::NotYet {
            seconds: seconds.unsigned_abs(),
        }))
    }

    async fn lease(&self, row: LeaseRow, replica: Replica) -> Result<Lease, StoreError> {
        let environment = crate::database::environment("credentials", row.connection_id, &row.environment)?;
        let place = place(row.project_id, environment, row.connection_id, row.generation);
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        Ok(Lease {
            connection: ConnectionId(row.connection_id),
            project: ProjectId(row.project_id),
            environment,
            generation: row.generation,
            credential: read("credentials", row.connection_id, &plaintext)?,
            attempts: row.attempts,
            expires_at: row.expires_at,
            expired: row.expired,
            replica,
        })
    }

    async fn park_unreadable(&self, connection: ConnectionId) -> Result<(), StoreError> {
        sqlx::query!(
            "update credentials set refresh_at = latchkey_now() + interval '1 hour', lease_until = null where connection_id = $1",
            connection.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Commits a refreshed credential with its event, if the generation is still the claimed one. `false` means that a
    /// newer one is there and nothing was written.
    pub async fn commit_refresh(&self, lease: &Lease, new: &NewCredential) -> Result<bool, StoreError> {
        let generation = lease.generation + 1;
        let mut transaction = self.pool.begin().await?;
        let place = place(lease.project.0, lease.environment, lease.connection.0, generation);
        let sealed = self
            .seal(&mut *transaction, &place, &new.credential.to_plaintext())
            .await?;
        let written = sqlx::query!(
            "update credentials set sealed = $3, generation = $2 + 1, refreshed_at = latchkey_now(), attempts = 0,
                    expires_at = latchkey_now() + make_interval(secs => $4),
                    refresh_at = latchkey_now() + make_interval(secs => $5),
                    lease_owner = null, lease_boot = null, lease_until = null, updated_at = latchkey_now()
             where connection_id = $1 and generation = $2",
            lease.connection.0,
            lease.generation,
            sealed.as_bytes(),
            seconds(new.expires_in),
            seconds(new.refresh_in),
        )
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "update connections set state = 'operational', state_reason = null, state_message = null, updated_at = latchkey_now()
             where id = $1 and state <> 'operational'",
            lease.connection.0
        )
        .execute(&mut *transaction)
        .await?;
        let payload = json!({ "id": lease.connection, "generation": generation });
        events::record(&mut transaction, lease_event(lease, "oauth.refreshed", &payload)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes a failed refresh, if the generation is still the claimed one, and frees the lease.
    pub async fn fail_refresh(&self, lease: &Lease, failure: &RefreshFailure) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let written = sqlx::query!(
            "update credentials set attempts = attempts + 1, refresh_at = latchkey_now() + make_interval(secs => $3),
                    lease_owner = null, lease_boot = null, lease_until = null, updated_at = latchkey_now()
             where connection_id = $1 and generation = $2",
            lease.connection.0,
            lease.generation,
            failure.retry_in
        )
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        let before = sqlx::query_scalar!(
            "update connections c set state = $2, state_reason = $3, state_message = $4, updated_at = latchkey_now()
             from (select id, state from connections where id = $1 for update) old
             where c.id = old.id and c.deleted_at is null returning old.state",
            lease.connection.0,
            failure.state.as_str(),
            failure.reason,
            failure.message
        )
        .fetch_optional(&mut *transaction)
        .await?;
        // One event for each change of state, not one for each attempt.
        if before.is_some_and(|before| before != failure.state.as_str()) {
            let payload = json!({ "id": lease.connection, "state": failure.state, "reason": failure.reason });
            events::record(&mut transaction, lease_event(lease, "oauth.failed", &payload)).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Frees a lease without a verdict, as when the request was never sent; it is due again after `seconds`.
    pub async fn release_lease(&self, lease: &Lease, seconds: f64) -> Result<(), StoreError> {
        sqlx::query!(
            "update credentials set lease_owner = null, lease_boot = null, lease_until = null,
                    refresh_at = latchkey_now() + make_interval(secs => $3)
             where connection_id = $1 and generation = $2",
            lease.connection.0,
            lease.generation,
            seconds
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A refreshed credential came back after its connection was deleted: it is queued to be revoked. `false` when the
    /// connection is there, and another generation was first.
    pub async fn revoke_late_refresh(
        &self,
        lease: &Lease,
        connection: &Connection,
        late: &Credential,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let deleted = sqlx::query_scalar!(
            r#"select deleted_at is not null as "deleted!" from connections where id = $1"#,
            lease.connection.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if deleted != Some(true) {
            return Ok(false);
        }
        let revocation = crate::NewRevocation {
            id: RevocationId::generate(),
            project: connection.project,
            environment: connection.environment,
            app: connection.app,
            connection: Some(connection.id),
            flow: None,
            integration: &connection.integration,
            auth_method: &connection.auth_method,
            variables: &connection.variables,
            plaintext: &late.to_plaintext(),
        };
        self.insert_revocation(&mut transaction, revocation).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Moves the credential of a deleted connection to `revocations`, in the caller's transaction.
    pub(crate) async fn revoke_credential(
        &self,
        transaction: &mut PgConnection,
        connection: &Connection,
        revocable: bool,
    ) -> Result<RevocationStatus, StoreError> {
        let row = sqlx::query!(
            "delete from credentials where connection_id = $1 returning sealed, generation",
            connection.id.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row.filter(|_| revocable) else {
            return Ok(RevocationStatus::Unsupported);
        };
        let place = place(
            connection.project.0,
            connection.environment,
            connection.id.0,
            row.generation,
        );
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        let revocation = crate::NewRevocation {
            id: RevocationId::generate(),
            project: connection.project,
            environment: connection.environment,
            app: connection.app,
            connection: Some(connection.id),
            flow: None,
            integration: &connection.integration,
            auth_method: &connection.auth_method,
            variables: &connection.variables,
            plaintext: &plaintext,
        };
        self.insert_revocation(transaction, revocation).await?;
        Ok(RevocationStatus::Pending)
    }

    /// The connection of a lease, for the event's payload and the refresh itself.
    pub async fn leased_connection(&self, lease: &Lease) -> Result<Option<Connection>, StoreError> {
        self.connection(lease.project, lease.environment, lease.connection)
            .await
    }

    /// Writes the event of a state change that the broker decided on.
    pub async fn record_connection_event(&self, connection: &Connection, kind: &'static str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let payload = connection_payload(connection);
        events::record(&mut transaction, event(connection, kind, &payload)).await?;
        transaction.commit().await?;
        Ok(())
    }
}

struct LeaseRow {
    connection_id: Uuid,
    project_id: Uuid,
    environment: String,
    sealed: Vec<u8>,
    generation: i64,
    attempts: i32,
    expires_at: Option<DateTime<Utc>>,
    expired: bool,
}

fn lease_event<'a>(lease: &Lease, kind: &'static str, payload: &'a serde_json::Value) -> NewEvent<'a> {
    NewEvent {
        project: lease.project,
        environment: lease.environment,
        kind,
        connection: Some(lease.connection),
        payload,
    }
}

/// Seconds as `make_interval` takes them. A hundred years are as good as never.
#[expect(clippy::cast_precision_loss, reason = "at most a hundred years in seconds")]
pub(crate) fn seconds(value: Option<u64>) -> Option<f64> {
    value.map(|seconds| seconds.min(3_153_600_000) as f64)
}
