//! What a customer's backend wants a session's connection to be called and tagged with.

use sqlx::PgConnection;
use vault::Digest;

use crate::{ConnectionId, SessionId, Store, StoreError};

impl Store {
    /// Keeps name and tags for the connection that a session will make. One that is connected again keeps its own.
    pub async fn name_connection_of(
        &self,
        session: &Digest,
        name: Option<&str>,
        tags: &[String],
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update connect_sessions set connection_name = $2, connection_tags = $3 where request_digest = $1",
            session.as_bytes(),
            name,
            tags
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Gives a new connection what its session has for it. A name that the person wrote stays.
pub(crate) async fn name_new(
    transaction: &mut PgConnection,
    session: SessionId,
    connection: ConnectionId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update connections c set name = coalesce(c.name, s.connection_name), tags = s.connection_tags
         from connect_sessions s
         where s.id = $1 and c.id = $2 and (s.connection_name is not null or s.connection_tags <> '{}')",
        session.0,
        connection.0
    )
    .execute(transaction)
    .await?;
    Ok(())
}
