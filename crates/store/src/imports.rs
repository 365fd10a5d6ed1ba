//! Connections that were made elsewhere and are brought here with their credential.

use serde_json::json;
use sqlx::PgConnection;
use vault::Environment;

use crate::connections::event;
use crate::{Connection, ConnectionId, NewConnection, ProjectId, Store, StoreError, events};

/// How a connection was brought here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By a caller of the API, from any other place.
    Import,
    /// From another instance's export.
    Move,
}

impl Origin {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Move => "move",
        }
    }
}

/// What makes a request the same as an earlier one: tags of its `Idempotency-Key` and of its body.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable {
    pub(crate) key: [u8; 32],
    pub(crate) request: [u8; 32],
}

/// What became of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is a new connection.
    New(ConnectionId),
    /// The same request made this one earlier.
    Earlier(ConnectionId),
    /// Another request came under the same `Idempotency-Key`.
    OtherRequest,
}

impl Store {
    /// Tags of a request. They are keyed: a body holds secrets that could be guessed from a plain digest.
    pub fn repeatable(&self, key: &str, body: &[u8]) -> Repeatable {
        Repeatable {
            key: self.ring.tag("idempotency key", key.as_bytes()),
            request: self.ring.tag("request", body),
        }
    }

    /// What an earlier request under the same `Idempotency-Key` made in the last day. Served by the primary key.
    pub async fn made_earlier(
        &self,
        project: ProjectId,
        environment: Environment,
        repeatable: &Repeatable,
    ) -> Result<Option<Imported>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        earlier(&mut connection, project, environment, repeatable).await
    }

    /// Writes a connection with its credential and its event.
    pub async fn import_connection(
        &self,
        new: &NewConnection,
        tags: &[String],
        origin: Origin,
        repeatable: Option<&Repeatable>,
    ) -> Result<Imported, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let id = self
            .insert_connection(&mut transaction, new, Some((origin, tags)))
            .await?;
        if let Some(repeatable) = repeatable {
            // Served by idempotency_keys_old.
            sqlx::query!("delete from idempotency_keys where created_at < latchkey_now() - interval '1 day'")
                .execute(&mut *transaction)
                .await?;
            // A second request under the same key waits here until the first is through.
            let first = sqlx::query!(
                "insert into idempotency_keys (project_id, environment, key_tag, request_tag, connection_id)
                 values ($1, $2, $3, $4, $5) on conflict do nothing",
                new.project.0,
                new.environment.as_str(),
                &repeatable.key,
                &repeatable.request,
                id.0
            )
            .execute(&mut *transaction)
            .await?;
            if first.rows_affected() == 0 {
                transaction.rollback().await?;
                let earlier = self.made_earlier(new.project, new.environment, repeatable).await?;
                return Ok(earlier.unwrap_or(Imported::OtherRequest));
            }
        }
        transaction.commit().await?;
        Ok(Imported::New(id))
    }

    /// Says with a new import why it was not proved. By the primary key.
    pub async fn note_unproved(&self, id: ConnectionId, reason: &str, message: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update connections set state_reason = $2, state_message = $3, updated_at = latchkey_now()
             where id = $1 and state = 'unknown' and state_reason is null",
            id.0,
            reason,
            message
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes an import back that did not prove good. Its grant is the caller's and is not revoked.
    pub async fn discard_import(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("delete from credentials where connection_id = $1", connection.id.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!("delete from idempotency_keys where connection_id = $1", connection.id.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "update connections set deleted_at = latchkey_now(), active = false, updated_at = latchkey_now()
             where id = $1 and deleted_at is null",
            connection.id.0
        )
        .execute(&mut *transaction)
        .await?;
        let payload = json!({ "revocation": "unsupported", "reason": "import_not_proved" });
        events::record(&mut transaction, event(connection, "connection.deleted", &payload)).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn earlier(
    connection: &mut PgConnection,
    project: ProjectId,
    environment: Environment,
    repeatable: &Repeatable,
) -> Result<Option<Imported>, StoreError> {
    let row = sqlx::query!(
        r#"select request_tag, connection_id as "connection: ConnectionId" from idempotency_keys
           where project_id = $1 and environment = $2 and key_tag = $3
             and created_at >= latchkey_now() - interval '1 day'"#,
        project.0,
        environment.as_str(),
        &repeatable.key
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        if row.request_tag == repeatable.request {
            Imported::Earlier(row.connection)
        } else {
            Imported::OtherRequest
        }
    }))
}
