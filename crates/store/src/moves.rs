//! Connections on their way to another instance: one row at a time, so that a refresh in flight is never handed over.

use serde_json::json;
use sqlx::PgConnection;
use vault::{Credential, Environment};

use crate::connections::event;
use crate::credentials::{place, read};
use crate::{Connection, ConnectionId, NewEvent, ProjectId, Store, StoreError, events};

/// Why a moved connection is `failed` here.
pub const MOVED: &str = "moved";

const AWAY: &str = "This connection was moved to another instance. Call it there.";
const TAKEN_BACK: &str = "The move to another instance was taken back. This connection is used here again.";

/// A connection taken out for another instance.
#[derive(Debug)]
pub enum TakenOut {
    /// With its credential.
    Whole(Box<Credential>),
    /// A refresh is in flight: its tokens may be spent in this moment.
    Busy,
    /// It was deleted meanwhile.
    Gone,
}

impl Store {
    /// Connections of a project and environment that can be moved, oldest first. Served by `connections_by_project`.
    pub async fn movable(&self, project: ProjectId, environment: Environment) -> Result<Vec<ConnectionId>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select id as "id: ConnectionId" from connections
               where project_id = $1 and environment = $2 and deleted_at is null
                 and (state <> 'failed' or state_reason = 'moved')
               order by id"#,
            project.0,
            environment.as_str()
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Opens a credential for a move. With `release` it is never refreshed here again: the connection is `failed`, with
    /// the reason `moved`, in the same transaction.
    pub async fn take_out(&self, connection: &Connection, release: bool) -> Result<TakenOut, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query!(
            r#"select sealed, generation, lease_owner is not null as "busy!" from credentials
               where connection_id = $1 for update"#,
            connection.id.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(TakenOut::Gone) };
        if row.busy {
            return Ok(TakenOut::Busy);
        }
        let place = place(
            connection.project.0,
            connection.environment,
            connection.id.0,
            row.generation,
        );
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        let credential = read("credentials", connection.id.0, &plaintext)?;
        if release && connection.state_reason.as_deref() != Some(MOVED) {
            release_row(&mut transaction, connection).await?;
        }
        transaction.commit().await?;
        Ok(TakenOut::Whole(Box::new(credential)))
    }

    /// Makes released connections usable here again, where the other instance did not take them, under one
    /// `connection.recovered` each. A key is as it was; a grant is `unknown` until its refresh, which is due at once.
    /// Returns how many.
    pub async fn take_back(&self, project: ProjectId, environment: Environment) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Served by connections_by_project, and for what it was before by events_by_connection.
        let ids = sqlx::query_scalar!(
            "update connections c
             set state = case when c.auth_method not like 'oauth%' and (
                         select e.payload->>'before' from events e
                         where e.connection_id = c.id and e.type = 'connection.failed' and e.payload->>'reason' = 'moved'
                         order by e.id desc limit 1) = 'operational' then 'operational' else 'unknown' end,
                 state_reason = null, state_message = null, updated_at = latchkey_now()
             where project_id = $1 and environment = $2 and deleted_at is null and state = 'failed'
               and state_reason = 'moved'
             returning id",
            project.0,
            environment.as_str()
        )
        .fetch_all(&mut *transaction)
        .await?;
        // Whether there is a refresh token the next refresh sees, and copes without.
        sqlx::query!(
            "update credentials k set refresh_at = latchkey_now() from connections c
             where k.connection_id = any($1) and c.id = k.connection_id and c.auth_method like 'oauth%'",
            &ids
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update connections set check_at = latchkey_now() where id = any($1) and auth_method not like 'oauth%'",
            &ids
        )
        .execute(&mut *transaction)
        .await?;
        let payload = json!({ "reason": "taken_back", "message": TAKEN_BACK });
        let recovered = ids.iter().map(|id| NewEvent {
            project,
            environment,
            kind: "connection.recovered",
            connection: Some(ConnectionId(*id)),
            payload: &payload,
        });
        events::record_all(&mut transaction, &recovered.collect::<Vec<_>>()).await?;
        transaction.commit().await?;
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }

    /// Whether a key is taken, by whomever. Served by the unique index on `key`.
    pub async fn is_key_taken(&self, key: &str) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from connections where key = $1) as "taken!""#,
            key
        )
        .fetch_one(&self.pool)
        .await?)
    }
}

async fn release_row(transaction: &mut PgConnection, connection: &Connection) -> Result<(), StoreError> {
    sqlx::query!(
        "update credentials set refresh_at = null, lease_owner = null, lease_boot = null, lease_until = null
         where connection_id = $1",
        connection.id.0
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "update connections set state = 'failed', state_reason = 'moved',
                state_message = $2, updated_at = latchkey_now()
         where id = $1",
        connection.id.0,
        AWAY
    )
    .execute(&mut *transaction)
    .await?;
    let payload = json!({ "reason": MOVED, "message": AWAY, "before": connection.state });
    events::record(transaction, event(connection, "connection.failed", &payload)).await
}
