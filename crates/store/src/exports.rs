//! A credential on its way to a caller who may have it: the secret and what is told beside it, from one row.

use chrono::{DateTime, Utc};
use vault::{Credential, Environment};

use crate::credentials::{place, read};
use crate::{ConnectionId, ProjectId, Store, StoreError};

/// A credential with what belongs to the same generation.
#[derive(Debug)]
pub struct Exportable {
    /// The connection.
    pub connection: ConnectionId,
    /// Its key.
    pub key: String,
    /// The integration.
    pub integration: String,
    /// The secret.
    pub credential: Credential,
    /// Its generation.
    pub generation: i64,
    /// Changes with everything here but the seconds that are left, and tells nothing of it: keyed, so that neither a
    /// guessed secret nor the number of refreshes can be read from it.
    pub tag: [u8; 16],
    /// When the access token ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Seconds until then; negative when it has ended.
    pub expires_in: Option<i64>,
    /// When it was last refreshed.
    pub refreshed_at: Option<DateTime<Utc>>,
    /// Whether that was within the last half minute.
    pub refreshed_lately: bool,
    /// Scopes that the service granted.
    pub scopes: Option<Vec<String>>,
    /// The account at the service.
    pub account_id: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
}

impl Store {
    /// The credential of a connection that is there, opened. Served by the primary keys.
    pub async fn exportable(
        &self,
        project: ProjectId,
        environment: Environment,
        id: ConnectionId,
    ) -> Result<Option<Exportable>, StoreError> {
        let row = sqlx::query!(
            r#"select c.key, c.integration, c.scopes, c.account_id, c.account_name, k.sealed, k.generation, k.expires_at,
                      k.refreshed_at, floor(extract(epoch from k.expires_at - latchkey_now()))::bigint as expires_in,
                      coalesce(k.refreshed_at > latchkey_now() - interval '30 seconds', false) as "refreshed_lately!"
               from connections c join credentials k on k.connection_id = c.id
               where c.id = $1 and c.project_id = $2 and c.environment = $3 and c.deleted_at is null"#,
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let place = place(project.0, environment, id.0, row.generation);
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        let told = serde_json::json!([
            id,
            row.generation,
            row.key,
            row.scopes,
            row.account_id,
            row.account_name,
            row.expires_at
        ]);
        let mut tagged = zeroize::Zeroizing::new(told.to_string().into_bytes());
        tagged.extend_from_slice(&plaintext);
        let whole = self.ring.tag("credential entity tag", &tagged);
        let mut tag = [0; 16];
        tag.copy_from_slice(&whole[..16]);
        Ok(Some(Exportable {
            connection: id,
            tag,
            key: row.key,
            integration: row.integration,
            credential: read("credentials", id.0, &plaintext)?,
            generation: row.generation,
            expires_at: row.expires_at,
            expires_in: row.expires_in,
            refreshed_at: row.refreshed_at,
            refreshed_lately: row.refreshed_lately,
            scopes: row.scopes,
            account_id: row.account_id,
            account_name: row.account_name,
        }))
    }
}
