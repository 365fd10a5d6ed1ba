//! What is about an identity beside its live connections, taken away in bites: after it, rows that must stay hold ids only.

use vault::Environment;

use crate::{FlowId, Identity, ProjectId, Store, StoreError};

/// Rows of one statement at most.
const BITE: i64 = 500;

/// What is kept of an event: ids, states and words of ours.
const KEPT: [&str; 11] = [
    "id",
    "platform",
    "environment",
    "state",
    "reason",
    "revocation",
    "connectionId",
    "flowId",
    "ok",
    "origin",
    "reconnected",
];

/// What one turn took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedNames {
    /// Links.
    pub links: u64,
    /// Connect sessions, with their sign-ins.
    pub sessions: u64,
    /// Names of connections that were deleted.
    pub connections: u64,
    /// Events that named it.
    pub events: u64,
    /// Whether there may be more.
    pub more: bool,
}

impl Store {
    /// Takes one bite of everything that names an identity: links and sessions end and are deleted, a grant that waits is
    /// queued to be revoked, its mail address is forgotten, and of deleted connections and of events the names go.
    pub async fn erase_names(
        &self,
        project: ProjectId,
        environment: Environment,
        identity: &Identity,
    ) -> Result<ErasedNames, StoreError> {
        let of = (
            project.0,
            environment.as_str(),
            identity.id.as_str(),
            identity.kind.as_str(),
        );
        // Links first: from here on none opens a session.
        let links = self.erase_links(of).await?;
        let sessions = self.erase_sessions(of).await?;
        // Served by the primary key.
        sqlx::query!(
            "delete from contacts where project_id = $1 and environment = $2 and identity = $3 and identity_type = $4",
            of.0,
            of.1,
            of.2,
            of.3
        )
        .execute(&self.pool)
        .await?;
        // Rows before events: what is recorded from here on finds no name to carry.
        let connections = self.erase_deleted(of).await?;
        let events = self.erase_events(of).await?;
        Ok(ErasedNames {
            links,
            sessions,
            connections,
            events,
            // What came in between is found by another turn.
            more: links + sessions + connections + events > 0,
        })
    }

    /// Served by `connect_links_by_identity`.
    async fn erase_links(&self, of: (uuid::Uuid, &str, &str, &str)) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from connect_links where id = any (array(
                 select id from connect_links
                 where project_id = $1 and environment = $2 and identity = $3 and coalesce(identity_type, 'user') = $4
                 limit $5))",
            of.0,
            of.1,
            of.2,
            of.3,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }

    /// Served by `connect_sessions_by_identity` and `flows_by_session`. One whose sign-in is being exchanged right now is
    /// revoked and loses its names: the sweep deletes it.
    async fn erase_sessions(&self, of: (uuid::Uuid, &str, &str, &str)) -> Result<u64, StoreError> {
        let ids = sqlx::query_scalar!(
            "update connect_sessions set revoked_at = coalesce(revoked_at, latchkey_now()), expiry_told = true
             where id = any (array(
                 select id from connect_sessions
                 where project_id = $1 and environment = $2 and identity = $3 and coalesce(identity_type, 'user') = $4
                 limit $5))
             returning id",
            of.0,
            of.1,
            of.2,
            of.3,
            BITE
        )
        .fetch_all(&self.pool)
        .await?;
        let waiting = sqlx::query_scalar!(
            r#"select id as "id: FlowId" from flows where session_id = any ($1) and status in ('choosing', 'verifying')"#,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        for flow in waiting {
            self.refuse_waiting(
                flow,
                "identity_erased",
                "Whoever this was for was erased. Nothing was connected.",
            )
            .await?;
        }
        sqlx::query!(
            "delete from connect_sessions s where s.id = any ($1) and not exists (
                 select from flows f where f.session_id = s.id and f.status in ('exchanging', 'choosing', 'verifying'))",
            &ids
        )
        .execute(&self.pool)
        .await?;
        sqlx::query!(
            "update connect_sessions set identity = null, identity_type = null, group_name = null, label = null,
                    browser = null, connection_name = null, connection_tags = '{}'
             where id = any ($1)",
            &ids
        )
        .execute(&self.pool)
        .await?;
        Ok(ids.len() as u64)
    }

    /// Served by `events_by_identity`; what endpoints were sent and answered by `webhook_deliveries_event_id_endpoint_id_key` and
    /// `webhook_attempts_by_delivery`. A delivery that is under way carries ids.
    async fn erase_events(&self, of: (uuid::Uuid, &str, &str, &str)) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let kept: Vec<String> = KEPT.iter().map(|name| (*name).to_owned()).collect();
        let ids = sqlx::query_scalar!(
            "update events e set payload = (
                 select coalesce(jsonb_object_agg(p.key, p.value), '{}') from jsonb_each(e.payload) p where p.key = any ($6))
             where e.id = any (array(
                 select id from events
                 where project_id = $1 and environment = $2 and payload ->> 'identity' = $3
                   and coalesce(payload ->> 'identityType', 'user') = $4
                 limit $5))
             returning e.id",
            of.0,
            of.1,
            of.2,
            of.3,
            BITE,
            &kept
        )
        .fetch_all(&mut *transaction)
        .await?;
        sqlx::query!(
            "update webhook_attempts set response = null, request = null, request_body = null
             where (response is not null or request is not null or request_body is not null) and delivery_id in (
                 select id from webhook_deliveries where event_id = any ($1))",
            &ids
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(ids.len() as u64)
    }

    /// Served by `connections_deleted_of_identity`. The rows stay their thirty days, so that somebody who has an id is told
    /// that it was deleted.
    async fn erase_deleted(&self, of: (uuid::Uuid, &str, &str, &str)) -> Result<u64, StoreError> {
        let ids = sqlx::query_scalar!(
            "select id from connections
             where project_id = $1 and environment = $2 and identity = $3 and deleted_at is not null
               and coalesce(identity_type, 'user') = $4
             limit $5",
            of.0,
            of.1,
            of.2,
            of.3,
            BITE
        )
        .fetch_all(&self.pool)
        .await?;
        // Before the rows: until they lose the name, another turn finds them.
        for id in &ids {
            self.erase_paths(*id).await?;
        }
        Ok(sqlx::query!(
            "update connections set identity = null, identity_type = null, group_name = null, label = null, name = null,
                    tags = '{}', account_id = null, account_name = null, variables = '{}', scopes = null,
                    state_message = null, key = 'erased::' || id
             where id = any ($1) and deleted_at is not null",
            &ids
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }

    /// What was called through a connection, in bites from the newest line on. Served by `requests_by_connection`.
    async fn erase_paths(&self, connection: uuid::Uuid) -> Result<(), StoreError> {
        let mut before = uuid::Uuid::max();
        loop {
            let ids = sqlx::query_scalar!(
                "select id from requests where connection_id = $1 and id < $2 order by id desc limit $3",
                connection,
                before,
                BITE
            )
            .fetch_all(&self.pool)
            .await?;
            let Some(oldest) = ids.last() else { return Ok(()) };
            before = *oldest;
            // Served by requests_pkey.
            sqlx::query!(
                "update requests set path = '…', query_names = '' where id = any ($1) and path <> '…'",
                &ids
            )
            .execute(&self.pool)
            .await?;
        }
    }
}
