//! Links to reconnect a connection. Only the digest of a link's secret is kept.

use chrono::{DateTime, Utc};
use vault::{Digest, Environment};

use crate::sessions::insert_session;
use crate::{ConnectionId, LinkId, NewSession, ProjectId, Store, StoreError};

/// Whether a link still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It opens sessions.
    Open,
    /// Its connection was connected again, by this link or otherwise.
    Used,
    /// Its time is over.
    Expired,
    /// Its connection was deleted.
    Deleted,
}

/// A link as it is.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The connection.
    pub connection: ConnectionId,
    /// Whether it still works.
    pub state: LinkState,
}

/// A session that a link opened.
#[derive(Clone, Copy, Debug)]
pub struct LinkOpened {
    /// When the session ends.
    pub expires_at: DateTime<Utc>,
    /// Whether no other session of the link is known.
    pub first: bool,
}

impl Store {
    /// The link with this digest, also when it is over. Served by its unique index. Changes nothing.
    pub async fn link(&self, digest: &Digest) -> Result<Option<Link>, StoreError> {
        let row = sqlx::query!(
            r#"select l.id as "id: LinkId", l.project_id as "project: ProjectId", l.environment,
                      l.connection_id as "connection: ConnectionId", c.deleted_at is not null as "deleted!",
                      k.generation is distinct from l.generation as "used!", l.expires_at <= latchkey_now() as "expired!"
               from connect_links l
               join connections c on c.id = l.connection_id
               left join credentials k on k.connection_id = l.connection_id
               where l.digest = $1"#,
            digest.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let state = match (row.deleted, row.used, row.expired) {
            (true, ..) => LinkState::Deleted,
            (_, true, _) => LinkState::Used,
            (.., true) => LinkState::Expired,
            _ => LinkState::Open,
        };
        Ok(Some(Link {
            environment: crate::database::environment("connect_links", row.id.0, &row.environment)?,
            id: row.id,
            project: row.project,
            connection: row.connection,
            state,
        }))
    }

    /// Opens a session by a link. Sessions that links of this connection opened before and that connected nothing end: one
    /// person is at it at a time, and one connection comes of it. `None` when the link is over.
    pub async fn open_link(
        &self,
        link: LinkId,
        request: &Digest,
        new: &NewSession,
    ) -> Result<Option<LinkOpened>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // In the order of a reconnect: sessions, then the credential, whose lock keeps a reconnect out until the end. Served
        // by connect_links_by_connection.
        sqlx::query!(
            "select from connect_sessions where id in (
                 select o.session_id from connect_links l join connect_links o on o.connection_id = l.connection_id
                 where l.id = $1) order by id for update",
            link.0
        )
        .execute(&mut *transaction)
        .await?;
        let open = sqlx::query!(
            r#"select l.connection_id as "connection: ConnectionId", l.session_id is null as "first!" from connect_links l
               join credentials k on k.connection_id = l.connection_id and k.generation = l.generation
               join connections c on c.id = l.connection_id and c.deleted_at is null
               where l.id = $1 and l.expires_at > latchkey_now() for update of k, l"#,
            link.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(open) = open else { return Ok(None) };
        // Served by connect_links_by_connection.
        sqlx::query!(
            "update connect_sessions set revoked_at = latchkey_now()
             where id in (select session_id from connect_links where connection_id = $1)
               and revoked_at is null and uses = 0",
            open.connection.0
        )
        .execute(&mut *transaction)
        .await?;
        let (session, expires_at) = insert_session(&mut transaction, request, new).await?;
        sqlx::query!(
            "update connect_links set session_id = $2 where id = $1",
            link.0,
            session.0
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Some(LinkOpened {
            expires_at,
            first: open.first,
        }))
    }
}
