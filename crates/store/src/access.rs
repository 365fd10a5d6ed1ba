//! Secret keys of projects.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
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
    /// Networks and addresses that it is good from; empty is everywhere.
    pub ip_allow: Vec<String>,
    /// The key that was made in its place.
    pub replaced_by: Option<ApiKeyId>,
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
    /// Whether its project is being deleted.
    pub project_deleted: bool,
}

struct Row {
    id: ApiKeyId,
    project_id: ProjectId,
    environment: String,
    name: String,
    hint: String,
    scopes: Vec<String>,
    ip_allow: Vec<String>,
    replaced_by: Option<ApiKeyId>,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    use_is_old: bool,
    project_deleted: bool,
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
            ip_allow: row.ip_allow,
            replaced_by: row.replaced_by,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            use_is_old: row.use_is_old,
            project_deleted: row.project_deleted,
        })
    }
}

/// A key that is made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The project that it speaks for.
    pub project: ProjectId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Networks and addresses that it is good from; empty is everywhere.
    pub ip_allow: Vec<String>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

async fn insert(connection: &mut PgConnection, key: &ApiKey, new: &NewApiKey) -> Result<bool, StoreError> {
    let digest = key.digest();
    let made = sqlx::query!(
        "insert into api_keys (id, project_id, environment, name, hint, digest, scopes, ip_allow, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing",
        new.id.0,
        new.project.0,
        key.environment().as_str(),
        new.name,
        key.hint(),
        digest.as_bytes(),
        &new.scopes,
        &new.ip_allow,
        new.expires_at
    )
    .execute(connection)
    .await?;
    Ok(made.rows_affected() == 1)
}

impl Store {
    /// Stores a new key by its digest. `false` when there is one with this id.
    pub async fn create_api_key(&self, key: &ApiKey, new: &NewApiKey) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        insert(&mut connection, key, new).await
    }

    /// Stores a new key in the place of another, which ends in so many seconds unless it ends before that. `false` when
    /// the other does not work any more or was replaced already, or there is one with the new id; nothing is changed then.
    pub async fn roll_api_key(
        &self,
        old: ApiKeyId,
        key: &ApiKey,
        new: &NewApiKey,
        overlap: Duration,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update api_keys
             set expires_at = least(expires_at, latchkey_now() + make_interval(secs => $4)), replaced_by = $5
             where id = $1 and project_id = $2 and environment = $3 and revoked_at is null and replaced_by is null
               and (expires_at is null or expires_at > latchkey_now())",
            old.0,
            new.project.0,
            key.environment().as_str(),
            overlap.as_secs_f64(),
            new.id.0
        )
        .execute(&mut *transaction)
        .await?;
        let done = ended.rows_affected() == 1 && insert(&mut transaction, key, new).await?;
        if done {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(done)
    }

    /// A key of a project and environment, also one that has ended. Served by the primary key.
    pub async fn api_key_by_id(
        &self,
        project: ProjectId,
        environment: Environment,
        id: ApiKeyId,
    ) -> Result<Option<ApiKeyRow>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: ApiKeyId", project_id as "project_id: ProjectId", environment, name, hint, scopes,
                      ip_allow, replaced_by as "replaced_by: ApiKeyId", created_at, last_used_at, expires_at, revoked_at,
                      coalesce(last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!",
                      exists (select from projects p where p.id = project_id and p.deleted_at is not null)
                          as "project_deleted!"
               from api_keys where id = $1 and project_id = $2 and environment = $3"#,
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// A page of a project's keys, the newest first, with those that have ended. Served by `api_keys_by_project`.
    pub async fn api_key_page(
        &self,
        project: ProjectId,
        environment: Environment,
        before: Option<ApiKeyId>,
        limit: i64,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        sqlx::query_as!(
            Row,
            r#"select id as "id: ApiKeyId", project_id as "project_id: ProjectId", environment, name, hint, scopes,
                      ip_allow, replaced_by as "replaced_by: ApiKeyId", created_at, last_used_at, expires_at, revoked_at,
                      coalesce(last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!",
                      exists (select from projects p where p.id = project_id and p.deleted_at is not null)
                          as "project_deleted!"
               from api_keys
               where project_id = $1 and environment = $2 and ($3::uuid is null or id < $3)
               order by id desc limit $4"#,
            project.0,
            environment.as_str(),
            before.map(|id| id.0),
            limit
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// The live key with this digest, or one that ended with its project, which is being deleted. Served by its unique index.
    /// Its use is noted at most once a minute.
    pub async fn api_key(&self, digest: &Digest) -> Result<Option<ApiKeyRow>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: ApiKeyId", project_id as "project_id: ProjectId", environment, name, hint, scopes,
                      ip_allow, replaced_by as "replaced_by: ApiKeyId", created_at, last_used_at, expires_at, revoked_at,
                      coalesce(last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!",
                      exists (select from projects p where p.id = project_id and p.deleted_at is not null)
                          as "project_deleted!"
               from api_keys
               where digest = $1 and (expires_at is null or expires_at > latchkey_now())
                 and (revoked_at is null
                      or exists (select from projects p where p.id = project_id and p.deleted_at <= revoked_at))"#,
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
                      ip_allow, replaced_by as "replaced_by: ApiKeyId", created_at, last_used_at, expires_at, revoked_at,
                      coalesce(last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!",
                      exists (select from projects p where p.id = project_id and p.deleted_at is not null)
                          as "project_deleted!"
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
