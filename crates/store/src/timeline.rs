//! A connection's timeline: its events, newest first, also after it was deleted.

use chrono::{DateTime, Utc};
use serde_json::Value;
use vault::Environment;

use crate::{ConnectionId, EventId, ProjectId, Store, StoreError};

/// An event of a connection.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// Its id; later ones sort behind earlier ones.
    pub id: EventId,
    /// As `connection.created`.
    pub kind: String,
    /// Ids, states and words; never a secret.
    pub payload: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// An event of a project.
#[derive(Clone, Debug)]
pub struct ProjectEvent {
    /// Its id; later ones sort behind earlier ones.
    pub id: EventId,
    /// As `connection.created`.
    pub kind: String,
    /// The connection that it is about.
    pub connection: Option<ConnectionId>,
    /// Ids, states and words; never a secret.
    pub payload: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which events a list shows.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this type.
    pub kind: Option<String>,
    /// At this time or later.
    pub from: Option<DateTime<Utc>>,
    /// At this time or earlier.
    pub until: Option<DateTime<Utc>>,
    /// Rows to leave out at the start.
    pub skip: i64,
    /// Most rows.
    pub limit: i64,
}

/// What a timeline says beside its entries.
#[derive(Clone, Debug)]
pub struct TimelineOf {
    /// The connection.
    pub id: ConnectionId,
    /// Its key.
    pub key: String,
    /// When it was last called through, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Store {
    /// A connection of a project and environment, deleted or not, by its id or its key. Served by the primary key or the
    /// unique index on `key`.
    pub async fn timeline_of(
        &self,
        project: ProjectId,
        environment: Environment,
        id: Option<ConnectionId>,
        key: &str,
    ) -> Result<Option<TimelineOf>, StoreError> {
        Ok(sqlx::query_as!(
            TimelineOf,
            r#"select id as "id: ConnectionId", key, last_used_at, deleted_at from connections
               where id = coalesce($1, (select id from connections where key = $2)) and project_id = $3 and environment = $4"#,
            id.map(|id| id.0),
            key,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Events of a connection before this one, newest first. Served by `events_by_connection`.
    pub async fn timeline(
        &self,
        connection: ConnectionId,
        before: Option<EventId>,
        limit: i64,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        Ok(sqlx::query_as!(
            TimelineEntry,
            r#"select id as "id: EventId", type as kind, payload, created_at as at from events
               where connection_id = $1 and id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
               order by id desc limit $3"#,
            connection.0,
            before.map(|id| id.0),
            limit
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// A page of a project's events in one environment, newest first, and how many the same filter finds, in one
    /// snapshot. Served by `events_by_project`.
    pub async fn events(
        &self,
        project: ProjectId,
        environment: Environment,
        filter: &EventFilter,
    ) -> Result<(Vec<ProjectEvent>, i64), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "count!" from events
               where project_id = $1 and environment = $2 and ($3::text is null or type = $3)
                 and ($4::timestamptz is null or created_at >= $4) and ($5::timestamptz is null or created_at <= $5)"#,
            project.0,
            environment.as_str(),
            filter.kind,
            filter.from,
            filter.until
        )
        .fetch_one(&mut *transaction)
        .await?;
        let rows = sqlx::query_as!(
            ProjectEvent,
            r#"select id as "id: EventId", type as kind, connection_id as "connection: ConnectionId", payload,
                      created_at as at
               from events
               where project_id = $1 and environment = $2 and ($3::text is null or type = $3)
                 and ($4::timestamptz is null or created_at >= $4) and ($5::timestamptz is null or created_at <= $5)
               order by id desc limit $6 offset $7"#,
            project.0,
            environment.as_str(),
            filter.kind,
            filter.from,
            filter.until,
            filter.limit,
            filter.skip
        )
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((rows, total))
    }
}
