//! Pages that tried to embed a project's modal and are not on its list. Anybody can write into it by asking for the
//! modal's page, so it is short, and nothing is decided by it.

use chrono::{DateTime, Utc};

use crate::{ProjectId, Store, StoreError};

/// Most pages that are remembered of a project: the newest.
pub const REFUSED_EMBEDDERS_KEPT: i64 = 100;

/// A page that tried to embed and was refused.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RefusedEmbedder {
    /// Its origin.
    pub origin: String,
    /// How often, where one try a minute counts.
    pub times: i64,
    /// When it was first refused.
    pub first_at: DateTime<Utc>,
    /// When it was last refused, to about a minute.
    pub last_at: DateTime<Utc>,
}

impl Store {
    /// Notes that a page was refused, once a minute at most, and forgets the oldest beyond
    /// [`REFUSED_EMBEDDERS_KEPT`].
    pub async fn note_refused_embedder(&self, project: ProjectId, origin: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let noted = sqlx::query!(
            "insert into refused_embedders as known (project_id, origin) values ($1, $2)
             on conflict (project_id, origin) do update set times = known.times + 1, last_at = latchkey_now()
             where known.last_at <= latchkey_now() - interval '1 minute'",
            project.0,
            origin
        )
        .execute(&mut *transaction)
        .await?;
        if noted.rows_affected() > 0 {
            // Served by refused_embedders_by_time.
            sqlx::query!(
                "delete from refused_embedders where project_id = $1 and origin in (
                     select origin from refused_embedders where project_id = $1 order by last_at desc offset $2)",
                project.0,
                REFUSED_EMBEDDERS_KEPT
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The pages that were refused, the last first. Served by `refused_embedders_by_time`.
    pub async fn refused_embedders(&self, project: ProjectId) -> Result<Vec<RefusedEmbedder>, StoreError> {
        Ok(sqlx::query_as!(
            RefusedEmbedder,
            "select origin, times, first_at, last_at from refused_embedders where project_id = $1
             order by last_at desc, origin",
            project.0
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
