//! Refreshes: claimed (committed before the request goes out), done without a transaction, and committed only while the
//! generation is still the claimed one. A late loser overwrites nothing.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;
use vault::{Credential, Environment};

use crate::credentials::{place, read, seconds};
use crate::{
    Connection, ConnectionId, ConnectionState, NewCredential, NewEvent, ProjectId, RevocationId, Store, StoreError,
    events,
};

/// Who holds a lease: a replica, and which of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The same over restarts.
    pub id: Uuid,
    /// New at each start. A lease of an earlier life of the same replica is free.
    pub boot: Uuid,
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

impl Store {
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
                    lease_owner = null, lease_boot = null, lease_until = null, uncertain_since = null,
                    uncertain_reason = null, forecast_days = 0, updated_at = latchkey_now()
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

    /// The connection of a lease, for the event's payload and the refresh itself.
    pub async fn leased_connection(&self, lease: &Lease) -> Result<Option<Connection>, StoreError> {
        self.connection(lease.project, lease.environment, lease.connection)
            .await
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
