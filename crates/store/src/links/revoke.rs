//! Revoking a link: it opens nothing any more, and what it opened ends.

use vault::Environment;

use crate::flows::told;
use crate::{FlowId, LinkId, ProjectId, SessionId, Store, StoreError};

/// What a revocation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Whether the link worked, or a session of it did.
    pub link: bool,
    /// Sessions.
    pub sessions: u64,
    /// Sign-ins under way.
    pub flows: u64,
}

/// Told to whoever is at it.
const MESSAGE: &str = "The link was taken back. Nothing was connected.";

impl Store {
    /// Revokes a link with the sessions that it opened and their sign-ins; grants that wait for a confirmation are queued
    /// to be revoked at the service. A link that was used stays so. `None` when there is none.
    pub async fn revoke_link(
        &self,
        project: ProjectId,
        environment: Environment,
        link: LinkId,
    ) -> Result<Option<Revoked>, StoreError> {
        // The link first and by itself: from here on nobody opens it, and a commit that comes later finds it revoked.
        let row = sqlx::query!(
            r#"update connect_links l
               set revoked_at = case when l.used_at is null then coalesce(l.revoked_at, latchkey_now()) end
               from connect_links o
               where l.id = $1 and l.project_id = $2 and l.environment = $3 and o.id = l.id
               returning l.session_id as "session: SessionId",
                         l.revoked_at is not null and o.revoked_at is null as "revoked!""#,
            link.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut ended = Revoked {
            link: row.revoked,
            ..Revoked::default()
        };
        if let Some(session) = row.session {
            self.end_session(session, &mut ended).await?;
        }
        Ok(Some(ended))
    }

    async fn end_session(&self, session: SessionId, ended: &mut Revoked) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Served by the primary key and connect_sessions_by_parent.
        ended.sessions = sqlx::query!(
            "update connect_sessions set revoked_at = latchkey_now()
             where (id = $1 or parent_id = $1) and revoked_at is null and uses = 0 and expires_at > latchkey_now()",
            session.0
        )
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        // Served by flows_by_session. A sign-in that is being exchanged finds its session revoked at the commit.
        let stopped = sqlx::query_scalar!(
            r#"update flows set status = 'rejected', error_code = 'link_revoked', error_message = $2, sealed = null,
                      ended_at = latchkey_now(), updated_at = latchkey_now()
               where session_id in (select id from connect_sessions
                                    where (id = $1 or parent_id = $1) and revoked_at is not null)
                 and status in ('created', 'bound', 'confirming', 'away')
               returning id as "id: FlowId""#,
            session.0,
            MESSAGE
        )
        .fetch_all(&mut *transaction)
        .await?;
        for flow in &stopped {
            told::failed(&mut transaction, *flow).await?;
        }
        let waiting = sqlx::query_scalar!(
            r#"select id as "id: FlowId" from flows
               where session_id in (select id from connect_sessions
                                    where (id = $1 or parent_id = $1) and revoked_at is not null)
                 and status in ('choosing', 'verifying')"#,
            session.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        ended.flows = stopped.len() as u64;
        for flow in waiting {
            ended.flows += u64::from(self.refuse_waiting(flow, "link_revoked", MESSAGE).await?);
        }
        Ok(())
    }
}
