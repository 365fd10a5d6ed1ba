//! Apps: an integration switched on in one project and environment, with its OAuth client.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vault::{Environment, ExposeSecret as _, KeyRing, Place, SecretString};
use zeroize::Zeroizing;

use crate::{Agreed, AppId, Destinations, ProjectId, Store, StoreError};

/// An integration switched on in one project and environment.
#[derive(Clone, Debug)]
pub struct App {
    /// Its id, which is in the callback address.
    pub id: AppId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The integration.
    pub integration: String,
    /// Whether people can connect it now.
    pub enabled: bool,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// Whether a client secret is kept.
    pub has_client_secret: bool,
    /// The public half of the client's private key, as a JWK with `kid` and `alg`, where one is kept.
    pub public_key: Option<serde_json::Value>,
    /// Scopes instead of the definition's.
    pub scopes: Option<Vec<String>>,
    /// Values of variables that the operator sets, but for those that are secrets.
    pub variables: BTreeMap<String, String>,
    /// The names of those that are secrets, which [`Store::app_secrets`] opens.
    pub secret_names: BTreeSet<String>,
    /// The origin in its callback address.
    pub callback_origin: String,
    /// Whether it is registered with the plain callback address.
    pub plain_callback: bool,
    /// Goes up with each new secret.
    pub generation: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Goes up with each change of its settings.
    pub revision: i64,
    /// When the client secret that is kept was given, where that was noted.
    pub secret_given_at: Option<DateTime<Utc>>,
    /// When the private key that is kept was given, where that was noted.
    pub key_given_at: Option<DateTime<Utc>>,
    /// Where its secrets may go.
    pub destinations: Agreed,
}

impl App {
    /// The address to register at the provider.
    pub fn redirect_uri(&self) -> String {
        let origin = &self.callback_origin;
        if self.plain_callback {
            format!("{origin}/connections/oauth/callback")
        } else {
            format!("{origin}/connections/oauth/callback/{}", self.id)
        }
    }

    /// The address of its public keys (RFC 7591 §2), where it has any.
    pub fn jwks_uri(&self) -> Option<String> {
        self.public_key.as_ref()?;
        Some(format!("{}/connections/oauth/jwks/{}", self.callback_origin, self.id))
    }

    /// Whether the operator gave a value of this variable. One that was given as a secret is none of a variable that is no
    /// secret any more.
    pub fn has_variable(&self, name: &str, is_secret: bool) -> bool {
        self.variables.contains_key(name) || (is_secret && self.secret_names.contains(name))
    }

    /// Its public keys as a JWK Set (RFC 7517 §5).
    pub fn jwks(&self) -> Option<serde_json::Value> {
        let key = self.public_key.as_ref()?;
        Some(serde_json::json!({ "keys": [key] }))
    }
}

/// How many connections there are of one integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionCount {
    /// The integration.
    pub integration: String,
    /// How many.
    pub count: i64,
}

pub(crate) struct Row {
    pub(crate) id: AppId,
    pub(crate) project_id: ProjectId,
    pub(crate) environment: String,
    pub(crate) integration: String,
    pub(crate) enabled: bool,
    pub(crate) client_id: Option<String>,
    pub(crate) has_client_secret: Option<bool>,
    pub(crate) key_public: Option<serde_json::Value>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) variables: sqlx::types::Json<BTreeMap<String, String>>,
    pub(crate) secret_names: Vec<String>,
    pub(crate) callback_origin: String,
    pub(crate) plain_callback: bool,
    pub(crate) generation: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) revision: i64,
    pub(crate) secret_given_at: Option<DateTime<Utc>>,
    pub(crate) key_given_at: Option<DateTime<Utc>>,
    pub(crate) destinations: Option<sqlx::types::Json<Destinations>>,
    pub(crate) destinations_tag: Option<Vec<u8>>,
}

impl App {
    fn read(ring: &KeyRing, row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            destinations: Agreed::read(ring, row.id.0, row.destinations, row.destinations_tag.as_deref()),
            environment: crate::database::environment("apps", row.id.0, &row.environment)?,
            id: row.id,
            project: row.project_id,
            integration: row.integration,
            enabled: row.enabled,
            client_id: row.client_id,
            has_client_secret: row.has_client_secret.unwrap_or(false),
            public_key: row.key_public,
            scopes: row.scopes,
            variables: row.variables.0,
            secret_names: row.secret_names.into_iter().collect(),
            callback_origin: row.callback_origin,
            plain_callback: row.plain_callback,
            generation: row.generation,
            created_at: row.created_at,
            revision: row.revision,
            secret_given_at: row.secret_given_at,
            key_given_at: row.key_given_at,
        })
    }
}

macro_rules! select_apps {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id: AppId", project_id as "project_id: ProjectId", environment, integration, enabled, client_id,
                      sealed is not null as has_client_secret, key_public, scopes,
                      variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", secret_names,
                      callback_origin, plain_callback, generation, created_at, revision, secret_given_at, key_given_at,
                      destinations as "destinations: sqlx::types::Json<Destinations>", destinations_tag
               from apps "# + $tail
            $(, $argument)*
        )
    };
}

/// A private key of an OAuth client, with its public half.
#[derive(Debug)]
pub struct ClientKey {
    /// In PEM, or as a JWK.
    pub private: SecretString,
    /// As a JWK with `kid` and `alg`.
    pub public: serde_json::Value,
}

/// What an operator sets. `None` leaves a value as it is.
#[derive(Default)]
pub struct AppSettings {
    /// On or off.
    pub enabled: Option<bool>,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// The OAuth client's secret.
    pub client_secret: Option<SecretString>,
    /// The OAuth client's private key.
    pub client_key: Option<ClientKey>,
    /// Scopes instead of the definition's; those of the definition again when there is none in it.
    pub scopes: Option<Vec<String>>,
    /// Values of variables; they replace all earlier ones.
    pub variables: Option<BTreeMap<String, String>>,
    /// Values of variables that are secrets. Those that are not given stay.
    pub secret_variables: BTreeMap<String, SecretString>,
    /// Of those that are kept, the names of those that go, but for those that are given anew.
    pub removed_secrets: BTreeSet<String>,
    /// The plain callback address.
    pub plain_callback: Option<bool>,
    /// The origin in the callback address; it must be registered anew at the service then.
    pub callback_origin: Option<String>,
    /// The [`App::revision`] that these settings were made from, 0 for none: with another one nothing is changed.
    pub revision: Option<i64>,
}

impl fmt::Debug for AppSettings {
    /// Values are not shown: until they are parted from the others, there are secrets among them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AppSettings")
            .field("enabled", &self.enabled)
            .field("client_id", &self.client_id)
            .field("variables", &self.variables.as_ref().map(BTreeMap::keys))
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// The [`StoreError::Conflict`] of settings that were made from another revision.
pub const APP_CHANGED: &str = "app_changed";

const SECRET: &str = "apps.sealed";
const KEY: &str = "apps.key_sealed";
const SECRETS: &str = "apps.secrets_sealed";

/// Where the client's secret (`apps.sealed`), its private key (`apps.key_sealed`) or the values that are secrets
/// (`apps.secrets_sealed`) are.
fn secret_place(
    column: &'static str,
    (project, environment): (ProjectId, Environment),
    app: Uuid,
    generation: i64,
) -> Place {
    Place {
        project: project.0,
        environment,
        record: app,
        column,
        generation,
    }
}

impl Store {
    /// Switches an integration on, or changes its settings. A new secret has a new generation; the id stays.
    pub async fn set_app(
        &self,
        project: ProjectId,
        environment: Environment,
        integration: &str,
        callback_origin: &str,
        settings: AppSettings,
    ) -> Result<App, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query!(
            "insert into apps (id, project_id, environment, integration, callback_origin)
             values ($1, $2, $3, $4, $5)
             on conflict (project_id, environment, integration) do update set updated_at = latchkey_now()
             returning id, generation, key_generation, revision, secrets_sealed, secrets_generation, secret_names",
            AppId::generate().0,
            project.0,
            environment.as_str(),
            integration,
            callback_origin
        )
        .fetch_one(&mut *transaction)
        .await?;
        if settings.revision.is_some_and(|seen| seen != row.revision) {
            return Err(StoreError::Conflict(APP_CHANGED.to_owned()));
        }
        let (generation, sealed) = match &settings.client_secret {
            None => (row.generation, None),
            Some(secret) => {
                let generation = row.generation + 1;
                let place = secret_place(SECRET, (project, environment), row.id, generation);
                let sealed = self
                    .seal(&mut *transaction, &place, secret.expose_secret().as_bytes())
                    .await?;
                (generation, Some(sealed))
            }
        };
        let (key_generation, key_sealed) = match &settings.client_key {
            None => (row.key_generation, None),
            Some(key) => {
                let generation = row.key_generation + 1;
                let place = secret_place(KEY, (project, environment), row.id, generation);
                let plaintext = key.private.expose_secret().as_bytes();
                (generation, Some(self.seal(&mut *transaction, &place, plaintext).await?))
            }
        };
        let place = |generation| secret_place(SECRETS, (project, environment), row.id, generation);
        let removes = row
            .secret_names
            .iter()
            .any(|name| settings.removed_secrets.contains(name));
        let (secrets_generation, secrets) = if settings.secret_variables.is_empty() && !removes {
            (row.secrets_generation, None)
        } else {
            let mut all = match row.secrets_sealed {
                Some(sealed) => {
                    self.opened_values(row.id, sealed, &place(row.secrets_generation))
                        .await?
                }
                None => BTreeMap::new(),
            };
            all.retain(|name, _| !settings.removed_secrets.contains(name));
            all.extend(settings.secret_variables);
            let generation = row.secrets_generation + 1;
            let names: Vec<String> = all.keys().cloned().collect();
            let sealed = if all.is_empty() {
                None
            } else {
                let plaintext = values_text(&all);
                let place = place(generation);
                Some(self.seal(&mut *transaction, &place, plaintext.as_bytes()).await?)
            };
            (generation, Some((sealed, names)))
        };
        sqlx::query!(
            "update apps set enabled = coalesce($2, enabled), client_id = coalesce($3, client_id),
                    sealed = coalesce($4, sealed), generation = $5, scopes = nullif(coalesce($6, scopes), '{}'),
                    variables = coalesce($7, variables), plain_callback = coalesce($8, plain_callback),
                    callback_origin = coalesce($9, callback_origin), key_sealed = coalesce($10, key_sealed),
                    key_generation = $11, key_public = coalesce($12, key_public), revision = revision + 1,
                    secret_given_at = case when $4::bytea is null then secret_given_at else latchkey_now() end,
                    key_given_at = case when $10::bytea is null then key_given_at else latchkey_now() end,
                    secrets_sealed = case when $15::text[] is null then secrets_sealed else $13 end, secrets_generation = $14,
                    secret_names = coalesce($15, secret_names)
             where id = $1",
            row.id,
            settings.enabled,
            settings.client_id,
            sealed.as_ref().map(vault::Sealed::as_bytes),
            generation,
            settings.scopes.as_deref(),
            settings.variables.map(sqlx::types::Json) as _,
            settings.plain_callback,
            settings.callback_origin,
            key_sealed.as_ref().map(vault::Sealed::as_bytes),
            key_generation,
            settings.client_key.map(|key| key.public),
            secrets.as_ref().and_then(|(sealed, _)| Some(sealed.as_ref()?.as_bytes())),
            secrets_generation,
            secrets.as_ref().map(|(_, names)| names.as_slice()) as _,
        )
        .execute(&mut *transaction)
        .await?;
        self.probe_soon(&mut transaction, AppId(row.id)).await?;
        transaction.commit().await?;
        self.app(AppId(row.id)).await?.ok_or(StoreError::NoDataKey)
    }

    /// An app by its id.
    pub async fn app(&self, id: AppId) -> Result<Option<App>, StoreError> {
        select_apps!("where id = $1", id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(|row| App::read(&self.ring, row))
            .transpose()
    }

    /// The app of an integration.
    pub async fn app_of(
        &self,
        project: ProjectId,
        environment: Environment,
        integration: &str,
    ) -> Result<Option<App>, StoreError> {
        select_apps!(
            "where project_id = $1 and environment = $2 and integration = $3",
            project.0,
            environment.as_str(),
            integration
        )
        .fetch_optional(&self.pool)
        .await?
        .map(|row| App::read(&self.ring, row))
        .transpose()
    }

    /// All apps of a project and environment.
    pub async fn apps(&self, project: ProjectId, environment: Environment) -> Result<Vec<App>, StoreError> {
        select_apps!(
            "where project_id = $1 and environment = $2 order by integration",
            project.0,
            environment.as_str()
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| App::read(&self.ring, row))
        .collect()
    }

    /// The integrations of a project and environment with a connection that can be used, by id.
    pub async fn connected_integrations(
        &self,
        project: ProjectId,
        environment: Environment,
    ) -> Result<Vec<String>, StoreError> {
        // Served by the unique index of apps and by connections_by_app.
        let integrations = sqlx::query_scalar!(
            "select integration from apps where project_id = $1 and environment = $2 and exists (
                 select 1 from connections where app_id = apps.id and deleted_at is null and active and state <> 'failed'
             ) order by integration",
            project.0,
            environment.as_str()
        );
        Ok(integrations.fetch_all(&self.pool).await?)
    }

    /// How many live connections of an integration are in each state, of its newest `most`. Served by
    /// `connections_by_integration`.
    pub async fn states_of_integration(
        &self,
        project: ProjectId,
        environment: Environment,
        integration: &str,
        most: i64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query!(
            r#"select state, count(*) as "count!" from (
                   select state from connections
                   where project_id = $1 and environment = $2 and integration = $3 and deleted_at is null
                   order by id desc limit $4) newest
               group by state"#,
            project.0,
            environment.as_str(),
            integration,
            most
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.state, row.count)).collect())
    }

    /// How many live connections there are of each integration that was set up, counted up to `most`: what it costs does
    /// not grow with them. Served by `connections_by_integration`.
    pub async fn connection_counts_to(
        &self,
        project: ProjectId,
        environment: Environment,
        most: i64,
    ) -> Result<Vec<ConnectionCount>, StoreError> {
        let counts = sqlx::query_as!(
            ConnectionCount,
            r#"select a.integration, counted.count as "count!" from apps a cross join lateral (
                   select count(*) as count from (
                       select from connections c
                       where c.project_id = a.project_id and c.environment = a.environment
                         and c.integration = a.integration and c.deleted_at is null limit $3) found) counted
               where a.project_id = $1 and a.environment = $2"#,
            project.0,
            environment.as_str(),
            most
        );
        Ok(counts.fetch_all(&self.pool).await?)
    }

    /// How many live connections there are of each integration, the most first. Served by `connections_by_project`.
    pub async fn connection_counts(
        &self,
        project: ProjectId,
        environment: Environment,
    ) -> Result<Vec<ConnectionCount>, StoreError> {
        let counts = sqlx::query_as!(
            ConnectionCount,
            r#"select integration, count(*) as "count!" from connections
               where project_id = $1 and environment = $2 and deleted_at is null
               group by integration order by 2 desc, integration"#,
            project.0,
            environment.as_str()
        );
        Ok(counts.fetch_all(&self.pool).await?)
    }

    /// The OAuth client's secret, only for a request to the provider.
    pub async fn client_secret(&self, app: &App) -> Result<Option<SecretString>, StoreError> {
        let row = sqlx::query!("select sealed, generation from apps where id = $1", app.id.0)
            .fetch_optional(&self.pool)
            .await?;
        let Some((sealed, generation)) = row.and_then(|row| Some((row.sealed?, row.generation))) else {
            return Ok(None);
        };
        let place = secret_place(SECRET, (app.project, app.environment), app.id.0, generation);
        self.opened_text(app, sealed, &place).await.map(Some)
    }

    /// The OAuth client's private key, only to sign with.
    pub async fn client_key(&self, app: &App) -> Result<Option<SecretString>, StoreError> {
        let row = sqlx::query!("select key_sealed, key_generation from apps where id = $1", app.id.0)
            .fetch_optional(&self.pool)
            .await?;
        let Some((sealed, generation)) = row.and_then(|row| Some((row.key_sealed?, row.key_generation))) else {
            return Ok(None);
        };
        let place = secret_place(KEY, (app.project, app.environment), app.id.0, generation);
        self.opened_text(app, sealed, &place).await.map(Some)
    }

    /// The values of the operator's variables that are secrets, only for a request to the provider.
    pub async fn app_secrets(&self, app: &App) -> Result<BTreeMap<String, SecretString>, StoreError> {
        if app.secret_names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let row = sqlx::query!(
            "select secrets_sealed, secrets_generation from apps where id = $1",
            app.id.0
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some((sealed, generation)) = row.and_then(|row| Some((row.secrets_sealed?, row.secrets_generation))) else {
            return Ok(BTreeMap::new());
        };
        let place = secret_place(SECRETS, (app.project, app.environment), app.id.0, generation);
        self.opened_values(app.id.0, sealed, &place).await
    }

    async fn opened_values(
        &self,
        app: Uuid,
        sealed: Vec<u8>,
        place: &Place,
    ) -> Result<BTreeMap<String, SecretString>, StoreError> {
        let plaintext = self.open("apps", sealed, place).await?;
        let values: BTreeMap<String, String> =
            serde_json::from_slice(&plaintext).map_err(|_| StoreError::Inconsistent {
                table: "apps",
                record: app,
                what: format!("{} is no object of texts", place.column),
            })?;
        Ok(values
            .into_iter()
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect())
    }

    async fn opened_text(&self, app: &App, sealed: Vec<u8>, place: &Place) -> Result<SecretString, StoreError> {
        let plaintext = self.open("apps", sealed, place).await?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| StoreError::Inconsistent {
            table: "apps",
            record: app.id.0,
            what: format!("{} is not text", place.column),
        })?;
        Ok(SecretString::from(text))
    }
}

/// Values as they are sealed.
fn values_text(values: &BTreeMap<String, SecretString>) -> Zeroizing<String> {
    let all: BTreeMap<&str, &str> = values
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()))
        .collect();
    // A map of texts can always be written.
    Zeroizing::new(serde_json::to_string(&all).unwrap_or_default())
}
