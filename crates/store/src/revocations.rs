//! Grants that wait to be revoked at the provider. Only the revoker opens them; they are erased when it is done, or
//! after a day.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Credential, Environment, Place};

use crate::{
    AppId, ConnectionId, FlowId, NewEvent, ProjectId, RevocationId, RevocationStatus, Store, StoreError, events,
};

pub(crate) struct NewRevocation<'a> {
    pub(crate) id: RevocationId,
    pub(crate) project: ProjectId,
    pub(crate) environment: Environment,
    pub(crate) app: AppId,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) flow: Option<FlowId>,
    /// The connection that had the grant and lives on with another.
    pub(crate) held_by: Option<ConnectionId>,
    /// The account of a grant that never became a connection.
    pub(crate) account: Option<&'a str>,
    pub(crate) integration: &'a str,
    pub(crate) auth_method: &'a str,
    pub(crate) variables: &'a BTreeMap<String, String>,
    pub(crate) plaintext: &'a [u8],
}

/// A claimed revocation.
#[derive(Debug)]
pub struct Revocation {
    /// Its id.
    pub id: RevocationId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The app whose client asks.
    pub app: AppId,
    /// The connection that was deleted, unless the grant never became one.
    pub connection: Option<ConnectionId>,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// Non-secret values.
    pub variables: BTreeMap<String, String>,
    /// The grant.
    pub credential: Credential,
    /// Attempts so far, with this one.
    pub attempts: i32,
}

fn place(project: Uuid, environment: Environment, revocation: Uuid) -> Place {
    Place {
        project,
        environment,
        record: revocation,
        column: "revocations.sealed",
        generation: 0,
    }
}

impl Store {
    pub(crate) async fn insert_revocation(
        &self,
        transaction: &mut PgConnection,
        new: NewRevocation<'_>,
    ) -> Result<(), StoreError> {
        let sealed = self
            .seal(
                &mut *transaction,
                &place(new.project.0, new.environment, new.id.0),
                new.plaintext,
            )
            .await?;
        sqlx::query!(
            "insert into revocations (id, project_id, environment, app_id, connection_id, flow_id, integration, auth_method,
                    variables, sealed, held_by, account_id, next_attempt_at, deadline_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, latchkey_now(),
                     latchkey_now() + interval '24 hours')",
            new.id.0,
            new.project.0,
            new.environment.as_str(),
            new.app.0,
            new.connection.map(|id| id.0),
            new.flow.map(|id| id.0),
            new.integration,
            new.auth_method,
            sqlx::types::Json(new.variables) as _,
            sealed.as_bytes(),
            new.held_by.map(|id| id.0),
            new.account,
        )
        .execute(&mut *transaction)
        .await?;
        Ok(())
    }

    /// Claims revocations that are due for two minutes: of each app in turn the one that waited longest, so that no app
    /// takes all places while others wait. Served by `revocations_due_by_app`.
    pub async fn claim_revocations(&self, limit: i64) -> Result<Vec<Revocation>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // From one app to the next in the index, however many of one wait.
        let picked = sqlx::query_scalar!(
            r#"with recursive waiting as (
                   (select app_id from revocations where status = 'pending' order by app_id, next_attempt_at limit 1)
                   union all
                   select (select r.app_id from revocations r where r.status = 'pending' and r.app_id > w.app_id
                           order by r.app_id, r.next_attempt_at limit 1)
                   from waiting w where w.app_id is not null)
               select t.id as "id!" from (
                   select d.id, d.next_attempt_at,
                          row_number() over (partition by w.app_id order by d.next_attempt_at) as turn
                   from waiting w cross join lateral (
                       select r.id, r.next_attempt_at from revocations r
                       where r.app_id = w.app_id and r.status = 'pending' and r.next_attempt_at <= latchkey_now()
                         and r.deadline_at > latchkey_now() and (r.lease_until is null or r.lease_until < latchkey_now())
                       order by r.next_attempt_at limit $1 for update skip locked) d) t
               order by t.turn, t.next_attempt_at limit $1"#,
            limit
        )
        .fetch_all(&mut *transaction)
        .await?;
        let rows = sqlx::query!(
            r#"update revocations set lease_until = latchkey_now() + interval '2 minutes', attempts = attempts + 1
               where id = any ($1)
               returning id, project_id, environment, app_id, connection_id, integration, auth_method,
                         variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", sealed, attempts"#,
            &picked
        )
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            let environment = crate::database::environment("revocations", row.id, &row.environment)?;
            let Some(sealed) = row.sealed else { continue };
            let opened = self
                .open("revocations", sealed, &place(row.project_id, environment, row.id))
                .await;
            let credential = match opened {
                Ok(plaintext) => Credential::from_plaintext(&plaintext).map_err(|_| ()),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(_) => Err(()),
            };
            let Ok(credential) = credential else {
                self.end_revocation(
                    RevocationId(row.id),
                    RevocationStatus::Failed,
                    Some("the grant cannot be opened"),
                )
                .await?;
                continue;
            };
            claimed.push(Revocation {
                id: RevocationId(row.id),
                project: ProjectId(row.project_id),
                environment,
                app: AppId(row.app_id),
                connection: row.connection_id.map(ConnectionId),
                integration: row.integration,
                auth_method: row.auth_method,
                variables: row.variables.0,
                credential,
                attempts: row.attempts,
            });
        }
        Ok(claimed)
    }

    /// Ends a revocation, erases its grant and says how it ended, in one transaction.
    pub async fn end_revocation(
        &self,
        id: RevocationId,
        status: RevocationStatus,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        if status == RevocationStatus::Pending {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query_as!(
            Ended,
            r#"update revocations set status = $2, last_error = $3, sealed = null, account_id = null, lease_until = null,
                      next_attempt_at = null, ended_at = latchkey_now()
               where id = $1 and status = 'pending'
               returning id, project_id, environment, connection_id, integration"#,
            id.0,
            status.as_str(),
            error
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(ended) = ended {
            record(&mut transaction, &ended, status).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Tries again later.
    pub async fn postpone_revocation(&self, id: RevocationId, seconds: f64, error: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update revocations set next_attempt_at = latchkey_now() + make_interval(secs => $2), last_error = $3,
                    lease_until = null
             where id = $1 and status = 'pending'",
            id.0,
            seconds,
            error
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives up on those past their day; their grants are erased, and each is told. At most a hundred at once. Served
    /// by `revocations_due`.
    pub async fn expire_revocations(&self) -> Result<usize, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let expired = sqlx::query_as!(
            Ended,
            r#"update revocations r set status = 'failed', sealed = null, account_id = null, next_attempt_at = null,
                      ended_at = latchkey_now()
               where r.id in (
                   select d.id from revocations d where d.status = 'pending' and d.deadline_at <= latchkey_now()
                   limit 100 for update skip locked)
               returning id, project_id, environment, connection_id, integration"#
        )
        .fetch_all(&mut *transaction)
        .await?;
        for ended in &expired {
            record(&mut transaction, ended, RevocationStatus::Failed).await?;
        }
        transaction.commit().await?;
        Ok(expired.len())
    }
}

struct Ended {
    id: Uuid,
    project_id: Uuid,
    environment: String,
    connection_id: Option<Uuid>,
    integration: String,
}

/// The end of a revocation, as it was: only this says whether the grant is gone at the provider.
async fn record(transaction: &mut PgConnection, ended: &Ended, status: RevocationStatus) -> Result<(), StoreError> {
    // Without a connection nobody else says where the grant was.
    let payload = json!({ "id": ended.connection_id, "platform": ended.integration, "revocation": status });
    let event = NewEvent {
        project: ProjectId(ended.project_id),
        environment: crate::database::environment("revocations", ended.id, &ended.environment)?,
        kind: "revocation.ended",
        connection: ended.connection_id.map(ConnectionId),
        payload: &payload,
    };
    events::record(transaction, event).await
}
