//! The audit log: who did what, without secrets.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{ProjectId, Store, StoreError};
use vault::Environment;

/// A line of the audit log.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// The project, when it is known.
    pub project: Option<ProjectId>,
    /// The environment, when it is known.
    pub environment: Option<Environment>,
    /// As `flow.state_cookie_missing`.
    pub action: &'static str,
    /// `key:<id>`, `session:<id>`, `browser`, `cli`.
    pub actor: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// Details without secrets.
    pub detail: &'a serde_json::Value,
}

/// Writes a line with what it is about, in one transaction.
pub(crate) async fn note(connection: &mut PgConnection, entry: AuditEntry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into audit_log (id, project_id, environment, action, actor, subject, detail)
         values ($1, $2, $3, $4, $5, $6, $7)",
        Uuid::now_v7(),
        entry.project.map(|id| id.0),
        entry.environment.map(Environment::as_str),
        entry.action,
        entry.actor,
        entry.subject,
        entry.detail
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Writes a line.
    pub async fn audit(&self, entry: AuditEntry<'_>) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        note(&mut connection, entry).await
    }

    /// Writes a line unless the log has `limit` of this action about this subject already. Served by
    /// `audit_log_by_subject`.
    pub async fn audit_at_most(&self, entry: AuditEntry<'_>, limit: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into audit_log (id, project_id, environment, action, actor, subject, detail)
             select $1, $2, $3, $4, $5, $6, $7
             where (select count(*) from audit_log where subject = $6 and action = $4) < $8",
            Uuid::now_v7(),
            entry.project.map(|id| id.0),
            entry.environment.map(Environment::as_str),
            entry.action,
            entry.actor,
            entry.subject,
            entry.detail,
            limit
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How often an action was logged; for the doctor and for tests.
    pub async fn audit_count(&self, action: &str) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from audit_log where action = $1"#,
            action
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
