//! The press of a link's button.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use vault::Digest;

use crate::sessions::insert_session;
use crate::{LinkId, NewSession, Session, Store, StoreError};

/// A session that a link opened.
#[derive(Clone, Copy, Debug)]
pub struct LinkOpened {
    /// When the session ends.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the first of the link.
    pub first: bool,
}

impl Store {
    /// Opens a session by a link. Sessions that it opened before, or other links of its connection, and that connected
    /// nothing end: one person is at it at a time, and one connection comes of it. `None` when the link is over.
    pub async fn open_link(
        &self,
        link: LinkId,
        request: &Digest,
        new: &NewSession,
    ) -> Result<Option<LinkOpened>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // In the order of a commit: sessions, then the credential, whose lock keeps a reconnect out until the end, then the
        // link. Served by the primary key and connect_links_by_connection.
        sqlx::query!(
            "select from connect_sessions where id in (
                 select o.session_id from connect_links l
                 join connect_links o on o.id = l.id or o.connection_id = l.connection_id
                 where l.id = $1) order by id for update",
            link.0
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "select from credentials where connection_id = (select connection_id from connect_links where id = $1) for update",
            link.0
        )
        .execute(&mut *transaction)
        .await?;
        let open = sqlx::query!(
            r#"select l.opened_at is null as "first!" from connect_links l
               left join credentials k on k.connection_id = l.connection_id
               left join connections c on c.id = l.connection_id
               where l.id = $1 and l.expires_at > latchkey_now() and l.revoked_at is null and l.used_at is null
                 and (l.connection_id is null or (k.generation = l.generation and c.deleted_at is null))
               for update of l"#,
            link.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(open) = open else { return Ok(None) };
        // Served by the primary keys, connect_links_by_connection and connect_sessions_by_parent.
        sqlx::query!(
            "with before as (
                 select o.session_id from connect_links l
                 join connect_links o on o.id = l.id or o.connection_id = l.connection_id
                 where l.id = $1 and o.session_id is not null)
             update connect_sessions set revoked_at = latchkey_now()
             where (id in (select session_id from before) or parent_id in (select session_id from before))
               and revoked_at is null and uses = 0",
            link.0
        )
        .execute(&mut *transaction)
        .await?;
        let (session, expires_at) = insert_session(&mut transaction, request, new).await?;
        sqlx::query!(
            "update connect_links set session_id = $2, opened_at = coalesce(opened_at, latchkey_now()) where id = $1",
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

/// A session makes its connection: the link that opened it is spent. `false` when that link was revoked. Served by
/// `connect_links_by_session`.
pub(crate) async fn spend_link(transaction: &mut PgConnection, session: &Session) -> Result<bool, StoreError> {
    let revoked = sqlx::query_scalar!(
        r#"update connect_links set used_at = latchkey_now() where session_id = $1 and purpose = 'connect'
           returning revoked_at is not null as "revoked!""#,
        session.id.0
    )
    .fetch_optional(transaction)
    .await?;
    Ok(revoked != Some(true))
}
