//! Events and their outbox: both are written in the transaction of the change.

use sqlx::PgConnection;
use vault::Environment;

use crate::{ConnectionId, EventId, ProjectId, StoreError};

/// What happened. Payloads hold ids and states only, never a secret.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// As `connection.created`.
    pub kind: &'static str,
    /// The connection that it is about.
    pub connection: Option<ConnectionId>,
    /// Details for subscribers.
    pub payload: &'a serde_json::Value,
}

/// Writes an event and one delivery for each endpoint that subscribes to its type.
pub(crate) async fn record(connection: &mut PgConnection, event: NewEvent<'_>) -> Result<(), StoreError> {
    let id = EventId::generate();
    sqlx::query!(
        "insert into events (id, project_id, environment, type, connection_id, payload) values ($1, $2, $3, $4, $5, $6)",
        id.0,
        event.project.0,
        event.environment.as_str(),
        event.kind,
        event.connection.map(|id| id.0),
        event.payload
    )
    .execute(&mut *connection)
    .await?;
    // Served by webhook_endpoints_by_project.
    sqlx::query!(
        "insert into webhook_deliveries (id, event_id, endpoint_id)
         select gen_random_uuid(), $1, e.id from webhook_endpoints e
         where e.project_id = $2 and e.environment = $3 and e.active and (e.types = '{}' or $4 = any (e.types))",
        id.0,
        event.project.0,
        event.environment.as_str(),
        event.kind
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}
