//! Definitions that came by the API, and their earlier versions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use vault::KeyRing;

use crate::{AuditEntry, Store, StoreError, audit};

/// Versions that are kept of each definition.
const VERSIONS: i64 = 50;
/// Definitions at most.
const MOST: i64 = 500;

/// A definition in force.
#[derive(Clone, Debug)]
pub struct StoredDefinition {
    /// The integration.
    pub integration: String,
    /// Goes up with each change.
    pub version: i64,
    /// YAML or JSON, as it was sent; `None` when it was changed past this server.
    pub document: Option<String>,
    /// When this version was made.
    pub made_at: DateTime<Utc>,
    /// By whom: `key:…` or `cli`.
    pub made_by: String,
}

/// A version, without its text.
#[derive(Clone, Debug)]
pub struct DefinitionVersion {
    /// Its number.
    pub version: i64,
    /// Whether the definition was taken away with it.
    pub removed: bool,
    /// When.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub made_by: String,
}

/// Which version somebody means to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is none yet.
    None,
    /// This one.
    Version(i64),
    /// Whatever there is.
    Any,
}

/// The built-in definition that one of an operator's own was written from.
#[derive(Clone, Debug)]
pub struct DefinitionBase {
    /// Its text then.
    pub document: String,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// This version is in force.
    Made(i64),
    /// Somebody was first: this is in force, if any.
    Other(Option<i64>),
    /// There are as many as there can be.
    Full,
}

fn tag_of(ring: &KeyRing, integration: &str, version: i64, document: &str) -> [u8; 32] {
    let text = json!([integration, version, document]).to_string();
    ring.tag("definition", text.as_bytes())
}

impl Store {
    /// Name and version of each, to see whether something changed. Few rows.
    pub async fn definition_versions_in_force(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query!("select integration, version from integration_definitions order by integration")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(|row| (row.integration, row.version)).collect())
    }

    /// All that are in force. One that was changed past this server has no document, and is logged.
    pub async fn stored_definitions(&self) -> Result<Vec<StoredDefinition>, StoreError> {
        let rows = sqlx::query!(
            "select integration, version, document, tag, made_at, made_by from integration_definitions order by integration"
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            let is_whole = row.tag == tag_of(&self.ring, &row.integration, row.version, &row.document);
            if !is_whole {
                tracing::error!(
                    integration = row.integration,
                    "a definition was changed past this server and is left out"
                );
            }
            StoredDefinition {
                integration: row.integration,
                version: row.version,
                document: is_whole.then_some(row.document),
                made_at: row.made_at,
                made_by: row.made_by,
            }
        });
        Ok(read.collect())
    }

    /// Versions, the newest first.
    pub async fn definition_versions(&self, integration: &str) -> Result<Vec<DefinitionVersion>, StoreError> {
        // Served by the primary key.
        let rows = sqlx::query_as!(
            DefinitionVersion,
            r#"select version, document is null as "removed!", made_at, made_by from integration_definition_versions
               where integration = $1 order by version desc"#,
            integration
        );
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// The text of a version; `None` when it is not there, was a removal, or was changed past this server.
    pub async fn definition_version(&self, integration: &str, version: i64) -> Result<Option<String>, StoreError> {
        let row = sqlx::query!(
            "select document, tag from integration_definition_versions where integration = $1 and version = $2",
            integration,
            version
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some((document, tag)) = row.and_then(|row| Some((row.document?, row.tag?))) else {
            return Ok(None);
        };
        Ok((tag == tag_of(&self.ring, integration, version, &document)).then_some(document))
    }

    /// The built-in definition that one was written from, where that was noted.
    pub async fn definition_base(&self, integration: &str) -> Result<Option<DefinitionBase>, StoreError> {
        Ok(sqlx::query_as!(
            DefinitionBase,
            "select document, taken_at from integration_definition_bases where integration = $1",
            integration
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Those of all, by integration. Few rows.
    pub async fn definition_bases(&self) -> Result<HashMap<String, DefinitionBase>, StoreError> {
        let rows = sqlx::query!("select integration, document, taken_at from integration_definition_bases")
            .fetch_all(&self.pool)
            .await?;
        let base = |document, taken_at| DefinitionBase { document, taken_at };
        Ok(rows
            .into_iter()
            .map(|row| (row.integration, base(row.document, row.taken_at)))
            .collect())
    }

    /// Notes the built-in definition as it is now as the one that this was written from. `false` where no definition came
    /// by the API.
    pub async fn take_definition_base(
        &self,
        integration: &str,
        document: &str,
        entry: AuditEntry<'_>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if current(&mut transaction, integration).await?.is_none() {
            return Ok(false);
        }
        keep_base(&mut transaction, integration, Some(document), true).await?;
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Puts a definition in force, with a line in the log that tells `detail` of its version. Who the line names made it.
    /// `base` is the built-in one in whose place it stands.
    pub async fn put_definition(
        &self,
        integration: &str,
        (document, base): (&str, Option<&str>),
        expected: Expected,
        entry: AuditEntry<'_>,
        detail: impl FnOnce(i64) -> Value,
    ) -> Result<Change, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let current = current(&mut transaction, integration).await?;
        if !is_expected(current, expected) {
            return Ok(Change::Other(current));
        }
        let number = sqlx::query_scalar!(r#"select count(*) as "count!" from integration_definitions"#)
            .fetch_one(&mut *transaction)
            .await?;
        if current.is_none() && number >= MOST {
            return Ok(Change::Full);
        }
        let version = next_version(&mut transaction, integration).await?;
        let tag = tag_of(&self.ring, integration, version, document);
        sqlx::query!(
            "insert into integration_definitions (integration, version, document, tag, made_by) values ($1, $2, $3, $4, $5)
             on conflict (integration) do update set version = $2, document = $3, tag = $4, made_by = $5,
                 made_at = latchkey_now()",
            integration,
            version,
            document,
            tag.as_slice(),
            entry.actor
        )
        .execute(&mut *transaction)
        .await?;
        keep_base(&mut transaction, integration, base, current.is_none()).await?;
        let kept = Some((document, tag));
        keep_version(&mut transaction, integration, version, kept, &entry.actor).await?;
        note_version(&mut transaction, entry, &detail(version)).await?;
        transaction.commit().await?;
        Ok(Change::Made(version))
    }

    /// Takes a definition away, with a line in the log that tells `detail` of its version. Its versions stay.
    pub async fn remove_definition(
        &self,
        integration: &str,
        expected: Expected,
        entry: AuditEntry<'_>,
        detail: impl FnOnce(i64) -> Value,
    ) -> Result<Change, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let current = current(&mut transaction, integration).await?;
        if current.is_none() || !is_expected(current, expected) {
            return Ok(Change::Other(current));
        }
        let version = next_version(&mut transaction, integration).await?;
        sqlx::query!(
            "delete from integration_definitions where integration = $1",
            integration
        )
        .execute(&mut *transaction)
        .await?;
        keep_base(&mut transaction, integration, None, true).await?;
        keep_version(&mut transaction, integration, version, None, &entry.actor).await?;
        note_version(&mut transaction, entry, &detail(version)).await?;
        transaction.commit().await?;
        Ok(Change::Made(version))
    }

    /// How many connections of an integration there are, in every project.
    pub async fn connections_of_integration(&self, integration: &str) -> Result<i64, StoreError> {
        // Served by connections_by_app; asked when a definition is taken away only.
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from apps a join connections c on c.app_id = a.id
               where a.integration = $1 and c.deleted_at is null"#,
            integration
        )
        .fetch_one(&self.pool)
        .await?)
    }
}

/// The version in force. Nobody else changes definitions until the end of the transaction.
async fn current(transaction: &mut PgConnection, integration: &str) -> Result<Option<i64>, StoreError> {
    // Also new ones are kept out, which have no row to lock. Readers go on.
    sqlx::query!("lock table integration_definitions in share row exclusive mode")
        .execute(&mut *transaction)
        .await?;
    Ok(sqlx::query_scalar!(
        "select version from integration_definitions where integration = $1",
        integration
    )
    .fetch_optional(transaction)
    .await?)
}

fn is_expected(current: Option<i64>, expected: Expected) -> bool {
    match expected {
        Expected::Any => true,
        Expected::None => current.is_none(),
        Expected::Version(version) => current == Some(version),
    }
}

async fn next_version(transaction: &mut PgConnection, integration: &str) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(max(version), 0) + 1 as "next!" from integration_definition_versions where integration = $1"#,
        integration
    )
    .fetch_one(transaction)
    .await?)
}

async fn note_version(transaction: &mut PgConnection, entry: AuditEntry<'_>, detail: &Value) -> Result<(), StoreError> {
    audit::note(transaction, AuditEntry { detail, ..entry }).await
}

/// Keeps what a definition was written from. What is there already stays, unless it is `anew`.
async fn keep_base(
    transaction: &mut PgConnection,
    integration: &str,
    base: Option<&str>,
    anew: bool,
) -> Result<(), StoreError> {
    if base.is_none() || anew {
        sqlx::query!(
            "delete from integration_definition_bases where integration = $1",
            integration
        )
        .execute(&mut *transaction)
        .await?;
    }
    if let Some(document) = base {
        sqlx::query!(
            "insert into integration_definition_bases (integration, document) values ($1, $2)
             on conflict (integration) do nothing",
            integration,
            document
        )
        .execute(transaction)
        .await?;
    }
    Ok(())
}

async fn keep_version(
    transaction: &mut PgConnection,
    integration: &str,
    version: i64,
    document: Option<(&str, [u8; 32])>,
    actor: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into integration_definition_versions (integration, version, document, tag, made_by)
         values ($1, $2, $3, $4, $5)",
        integration,
        version,
        document.map(|(text, _)| text),
        document.as_ref().map(|(_, tag)| tag.as_slice()),
        actor
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "delete from integration_definition_versions where integration = $1 and version <= $2",
        integration,
        version - VERSIONS
    )
    .execute(transaction)
    .await?;
    Ok(())
}
