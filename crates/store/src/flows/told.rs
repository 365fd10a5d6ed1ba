//! What a session's end is told as: `session.completed`, `session.failed` for an attempt that ended with a named failure,
//! `session.expired` for a session that nobody used. Each in the transaction of the change.

use serde_json::json;
use sqlx::PgConnection;

use crate::{ConnectionId, FlowId, NewConnection, NewEvent, ProjectId, Session, SessionId, Store, StoreError, events};

/// Rows of one transaction.
const BITE: i64 = 500;

/// A session made its connection.
pub(super) async fn completed(
    transaction: &mut PgConnection,
    session: &Session,
    connection: ConnectionId,
    new: &NewConnection,
) -> Result<(), StoreError> {
    let payload = json!({
        "id": session.id, "platform": new.integration, "environment": session.environment,
        "identity": session.owner.identity, "identityType": session.owner.identity_type, "connectionId": connection,
        "reconnected": session.connection.is_some(),
    });
    let completed = NewEvent {
        project: session.project,
        environment: session.environment,
        kind: "session.completed",
        connection: None,
        payload: &payload,
    };
    events::record(transaction, completed).await
}

/// A flow has just ended with the failure that its row names. The session may be good for another attempt.
pub(crate) async fn failed(transaction: &mut PgConnection, flow: FlowId) -> Result<(), StoreError> {
    let row = sqlx::query!(
        r#"select s.id as "session: SessionId", s.project_id as "project: ProjectId", s.environment, s.identity,
                  s.identity_type, s.connection_id as "connection: ConnectionId", f.integration, f.error_code,
                  f.error_message
           from flows f join connect_sessions s on s.id = f.session_id where f.id = $1"#,
        flow.0
    )
    .fetch_one(&mut *transaction)
    .await?;
    let payload = json!({
        "id": row.session, "flowId": flow, "platform": row.integration, "environment": row.environment,
        "identity": row.identity, "identityType": row.identity_type, "connectionId": row.connection,
        "reason": row.error_code, "message": row.error_message,
    });
    let failed = NewEvent {
        project: row.project,
        environment: crate::database::environment("connect_sessions", row.session.0, &row.environment)?,
        kind: "session.failed",
        connection: None,
        payload: &payload,
    };
    events::record(transaction, failed).await
}

impl Store {
    /// Records `session.expired` for one bite of sessions that ended unused; how many. Those of links to one's own connections
    /// were not there to connect. Served by `connect_sessions_untold`.
    pub async fn tell_expired_sessions(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query!(
            r#"update connect_sessions s set expiry_told = true
               where s.id = any (array(
                   select u.id from connect_sessions u
                   where u.uses = 0 and u.revoked_at is null and not u.expiry_told and u.expires_at <= latchkey_now()
                     and not (u.hosted and u.manages)
                   order by u.expires_at limit $1 for update skip locked))
               returning s.id as "id: SessionId", s.project_id as "project: ProjectId", s.environment, s.identity,
                         s.identity_type, s.connection_id as "connection: ConnectionId", s.expires_at"#,
            BITE
        )
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            let payload = json!({
                "id": row.id, "environment": row.environment, "identity": row.identity,
                "identityType": row.identity_type, "connectionId": row.connection, "expiredAt": row.expires_at,
            });
            let expired = NewEvent {
                project: row.project,
                environment: crate::database::environment("connect_sessions", row.id.0, &row.environment)?,
                kind: "session.expired",
                connection: None,
                payload: &payload,
            };
            events::record(&mut transaction, expired).await?;
        }
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}
