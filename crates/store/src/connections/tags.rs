//! A tag for many connections at once: all of them or none.

use serde_json::json;
use vault::Environment;

use crate::{ConnectionId, NewEvent, ProjectId, Store, StoreError, events};

/// What happens to a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagChange {
    /// They have it afterwards.
    Add,
    /// They have it no more.
    Remove,
}

/// Tags of one connection at most.
pub const MOST_TAGS: usize = 50;

impl Store {
    /// Which of these connections are live in this project and environment. Served by the primary key.
    pub async fn known_connections(
        &self,
        project: ProjectId,
        environment: Environment,
        ids: &[ConnectionId],
    ) -> Result<Vec<ConnectionId>, StoreError> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        Ok(sqlx::query_scalar!(
            r#"select id as "id: ConnectionId" from connections
               where id = any ($1) and project_id = $2 and environment = $3 and deleted_at is null order by id desc"#,
            &ids,
            project.0,
            environment.as_str()
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Adds a tag to connections or takes it away, in one transaction, each with its event. `None`, and nothing done, when
    /// one of them is not there or would have too many. Else how many changed.
    pub async fn tag_connections(
        &self,
        project: ProjectId,
        environment: Environment,
        ids: &[ConnectionId],
        tag: &str,
        change: TagChange,
    ) -> Result<Option<u64>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let wanted: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select id as "id: ConnectionId", tags from connections
               where id = any ($1) and project_id = $2 and environment = $3 and deleted_at is null
               order by id for update"#,
            &wanted,
            project.0,
            environment.as_str()
        )
        .fetch_all(&mut *transaction)
        .await?;
        let has = |tags: &[String]| tags.iter().any(|one| one == tag);
        let too_many = |tags: &[String]| change == TagChange::Add && !has(tags) && tags.len() >= MOST_TAGS;
        if rows.len() != ids.len() || rows.iter().any(|row| too_many(&row.tags)) {
            return Ok(None);
        }
        let changing: Vec<ConnectionId> = rows
            .iter()
            .filter(|row| has(&row.tags) == (change == TagChange::Remove))
            .map(|row| row.id)
            .collect();
        let raw: Vec<_> = changing.iter().map(|id| id.0).collect();
        match change {
            TagChange::Add => {
                sqlx::query!(
                    "update connections set tags = array_append(tags, $2), updated_at = latchkey_now() where id = any ($1)",
                    &raw,
                    tag
                )
                .execute(&mut *transaction)
                .await?;
            }
            TagChange::Remove => {
                sqlx::query!(
                    "update connections set tags = array_remove(tags, $2), updated_at = latchkey_now() where id = any ($1)",
                    &raw,
                    tag
                )
                .execute(&mut *transaction)
                .await?;
            }
        }
        let nothing = json!({});
        let told: Vec<NewEvent<'_>> = changing
            .iter()
            .map(|id| NewEvent {
                project,
                environment,
                kind: "connection.updated",
                connection: Some(*id),
                payload: &nothing,
            })
            .collect();
        events::record_all(&mut transaction, &told).await?;
        transaction.commit().await?;
        Ok(Some(changing.len() as u64))
    }

    /// When a connection's credential is refreshed next, and how often that failed in a row. Served by the primary key.
    pub async fn next_refresh(
        &self,
        id: ConnectionId,
    ) -> Result<Option<(Option<chrono::DateTime<chrono::Utc>>, i32)>, StoreError> {
        let row = sqlx::query!(
            "select refresh_at, attempts from credentials where connection_id = $1",
            id.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| (row.refresh_at, row.attempts)))
    }
}
