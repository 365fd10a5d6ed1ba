//! Apps that need attention: a check found them wrong, or their service refused them when somebody connected or was
//! refreshed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use vault::Environment;

use crate::{AppId, ProjectId, Store, StoreError};

/// Longest sentence that is kept.
const LONGEST: usize = 2_000;

/// What found that an app needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// The check of the app.
    Check,
    /// Somebody who connected.
    Connect,
    /// A refresh.
    Refresh,
}

impl FoundBy {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Connect => "connect",
            Self::Refresh => "refresh",
        }
    }
}

/// Why an app needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppAttention {
    /// What found it.
    pub found_by: FoundBy,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub mend: Option<String>,
    /// When it was found last.
    pub noted_at: DateTime<Utc>,
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

struct Row {
    app: AppId,
    found_by: String,
    message: String,
    mend: Option<String>,
    noted_at: DateTime<Utc>,
}

impl From<Row> for (AppId, AppAttention) {
    fn from(row: Row) -> Self {
        let found_by = match row.found_by.as_str() {
            "check" => FoundBy::Check,
            "refresh" => FoundBy::Refresh,
            _ => FoundBy::Connect,
        };
        let attention = AppAttention {
            found_by,
            message: row.message,
            mend: row.mend,
            noted_at: row.noted_at,
        };
        (row.app, attention)
    }
}

impl Store {
    /// Notes why an app needs attention, in place of what was noted before.
    pub async fn note_app_attention(
        &self,
        app: AppId,
        found_by: FoundBy,
        message: &str,
        mend: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        note(&mut connection, app, found_by, message, mend).await
    }

    /// A check or a sign-in was good: whatever was noted is over.
    pub async fn app_is_well(&self, app: AppId) -> Result<(), StoreError> {
        sqlx::query!("delete from app_attention where app_id = $1", app.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Apps of a place that need attention. Served by the primary key, from the apps of the place.
    pub async fn app_attention(
        &self,
        project: ProjectId,
        environment: Environment,
    ) -> Result<HashMap<AppId, AppAttention>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select t.app_id as "app: AppId", t.found_by, t.message, t.mend, t.noted_at
               from app_attention t join apps a on a.id = t.app_id
               where a.project_id = $1 and a.environment = $2"#,
            project.0,
            environment.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Why one app needs attention, where it does.
    pub async fn attention_of(&self, app: AppId) -> Result<Option<AppAttention>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select app_id as "app: AppId", found_by, message, mend, noted_at from app_attention where app_id = $1"#,
            app.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| <(AppId, AppAttention)>::from(row).1))
    }
}

/// The same within a transaction. What a check or a person who connected found says more than a refresh that fails after
/// it, which leaves it as it is.
pub(crate) async fn note(
    connection: &mut PgConnection,
    app: AppId,
    found_by: FoundBy,
    message: &str,
    mend: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app_attention as t (app_id, found_by, message, mend) values ($1, $2, $3, $4)
         on conflict (app_id) do update set found_by = $2, message = $3, mend = $4, noted_at = latchkey_now()
             where $2 <> 'refresh' or t.found_by = 'refresh'",
        app.0,
        found_by.as_str(),
        cut(message),
        mend.map(cut)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A refresh was good: the service takes the client. Whether people can connect it does not say.
pub(crate) async fn refreshed(connection: &mut PgConnection, app: AppId) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from app_attention where app_id = $1 and found_by = 'refresh'",
        app.0
    )
    .execute(connection)
    .await?;
    Ok(())
}
