//! Data keys: a new one for a project, how much each still seals, and the end of one that seals nothing.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vault::DataKeyId;

use crate::reseal::SealedColumn;
use crate::{ProjectId, Store, StoreError};

/// A data key, never the key itself.
#[derive(Clone, Debug)]
pub struct DataKeyRow {
    /// Its id, as in the header of what it sealed.
    pub id: Uuid,
    /// The project that it seals for.
    pub project: ProjectId,
    /// Whether new values are sealed with it.
    pub is_current: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// How the end of a data key went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It is gone.
    Yes,
    /// Its project writes with it: rotate first.
    Current,
    /// So many values are sealed with it.
    InUse(i64),
    /// There is no such key.
    Unknown,
}

impl Store {
    /// Makes a new data key the current one of a project. It holds for all replicas at once; what is sealed already stays
    /// readable. `None` when there is no such project.
    pub async fn rotate_data_key(&self, project: ProjectId) -> Result<Option<Uuid>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // One rotation of a project at a time.
        let found = sqlx::query_scalar!("select id from projects where id = $1 for no key update", project.0)
            .fetch_optional(&mut *transaction)
            .await?;
        if found.is_none() {
            return Ok(None);
        }
        sqlx::query!(
            "update data_keys set is_current = false where project_id = $1 and is_current",
            project.0
        )
        .execute(&mut *transaction)
        .await?;
        let id = self.create_data_key(&mut *transaction, project).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// All data keys, the oldest of each project first.
    pub async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        Ok(sqlx::query_as!(
            DataKeyRow,
            r#"select id, project_id as "project: ProjectId", is_current, created_at from data_keys
               order by project_id, created_at, id"#
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Keys that are no longer written with, and not retired. Served by `data_keys_old`.
    pub async fn old_data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        Ok(sqlx::query_as!(
            DataKeyRow,
            r#"select id, project_id as "project: ProjectId", is_current, created_at from data_keys
               where not is_current order by created_at, id"#
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Values that a key seals. Counts in the index of each column.
    pub async fn sealed_rows(&self, key: Uuid) -> Result<i64, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut rows = 0;
        for column in SealedColumn::ALL {
            rows += column.count(&mut connection, key).await?;
        }
        Ok(rows)
    }

    /// Deletes a key that seals nothing any more.
    ///
    /// The row is deleted first: whoever writes under this key just now holds a share of it, and is waited for and
    /// counted; whoever comes later finds it gone and writes nothing (`data_key_exists`).
    pub async fn retire_data_key(&self, key: Uuid) -> Result<Retired, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let deleted = sqlx::query!("delete from data_keys where id = $1 and not is_current", key)
            .execute(&mut *transaction)
            .await?;
        if deleted.rows_affected() == 0 {
            let found = sqlx::query_scalar!("select id from data_keys where id = $1", key)
                .fetch_optional(&mut *transaction)
                .await?;
            return Ok(if found.is_some() {
                Retired::Current
            } else {
                Retired::Unknown
            });
        }
        let mut rows = 0;
        for column in SealedColumn::ALL {
            rows += column.count(&mut transaction, key).await?;
        }
        if rows > 0 {
            transaction.rollback().await?;
            return Ok(Retired::InUse(rows));
        }
        transaction.commit().await?;
        self.ring.forget(DataKeyId(key));
        Ok(Retired::Yes)
    }
}
