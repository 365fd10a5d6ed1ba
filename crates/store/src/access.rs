//! Secret keys of projects.

use chrono::{DateTime, Utc};
use vault::{ApiKey, Digest, Environment};

use crate::{ApiKeyId, ProjectId, Store, StoreError};

/// A key as lists show it: never the key itself.
#[derive(Clone, Debug)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: ApiKeyId,
    /// The project that it speaks for.
    pub project: ProjectId,
    /// Its environment.
    pub environment: Environment,
    /// What people call it.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether its use should be noted anew.
    pub use_is_old: bool,
}

struct Row {
    id: ApiKeyId,
    project_id: ProjectId,
    environment: String,
    name: String,
    hint: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    use_is_old: bool,
}

impl TryFrom<Row> for ApiKeyRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            environment: crate::database::environment("api_keys", row.id.0, &row.environment)?,
            id: row.id,
            project: row.project_id,
            name: row.name,
            hint: row.hint,
            scopes: row.scopes,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            use_is_old: row.use_is_old,
        })
    }
}

impl Store {
    /// Stores a new key by its digest.
    pub async fn create_api_key(
        &self,
        project: ProjectId,
        key: &ApiKey,
        name: &str,
        scopes: &[String],
    ) -> Result<ApiKeyId, StoreError> {
        let id = ApiKeyId::generate();
        let digest = key.digest();
        sqlx::query!(
            "insert into api_keys (id, project_id, environment, name, hint, digest, scopes) values ($1, $2, $3, $4, $5, $6, $7)",
            id.0,
            project.0,
            key.environment().as_str(),
            name,
            key.hint(),
            digest.as_bytes(),
            scopes
        )
        .execute(&self.pool)
        .await?;
        Ok(id)
    }

    /// The live key with this digest, served by its unique index. Notes its use at most once a minute.
    pub async fn api_key(&self, digest: &Digest) -> Result<Option<ApiKeyRow>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: ApiKeyId", project_id as "project_id: ProjectId", environment, name, hint, scopes,
                      created_at, last_used_at, expires_at, revoked_at,
                      coalesce(last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!"
               from api_keys
               where digest = $1 and revoked_at is null and (expires_at is null or expires_at > latchkey_now())"#,
            digest.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Notes that a key was used.
    pub async fn touch_api_key(&self, id: ApiKeyId) -> Result<(), StoreError> {
        sqlx::query!(
            "update api_keys set last_used_at = latchkey_now()
             where id = $1 and (last_used_at is null or last_used_at < latchkey_now() - interval '1 minute')",
            id.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All keys of a project, oldest first.
    pub async fn api_keys(&self, project: ProjectId) -> Result<Vec<ApiKeyRow>, StoreError> {
        sqlx::query_as!(
            Row,
            r#"select id as "id: ApiKeyId", project_id as "project_id: ProjectId", environment, name, hint, scopes,
                      created_at, last_used_at, expires_at, revoked_at,
                      coalesce(last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!"
               from api_keys where project_id = $1 order by id"#,
            project.0
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Ends a key at once on all replicas. `false` when there is no such live key.
    pub async fn revoke_api_key(&self, project: ProjectId, id: ApiKeyId) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "update api_keys set revoked_at = latchkey_now() where id = $1 and project_id = $2 and revoked_at is null",
            id.0,
            project.0
        )
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected() == 1)
    }
}
