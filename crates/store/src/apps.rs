//! Apps: an integration switched on in one project and environment, with its OAuth client.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vault::{Environment, ExposeSecret as _, Place, SecretString};

use crate::{AppId, ProjectId, Store, StoreError};

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
    /// Scopes instead of the definition's.
    pub scopes: Option<Vec<String>>,
    /// Values of variables that the operator sets.
    pub variables: BTreeMap<String, String>,
    /// The origin in its callback address.
    pub callback_origin: String,
    /// Whether it is registered with the plain callback address.
    pub plain_callback: bool,
    /// Goes up with each new secret.
    pub generation: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
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
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) variables: sqlx::types::Json<BTreeMap<String, String>>,
    pub(crate) callback_origin: String,
    pub(crate) plain_callback: bool,
    pub(crate) generation: i64,
    pub(crate) created_at: DateTime<Utc>,
}

impl TryFrom<Row> for App {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            environment: crate::database::environment("apps", row.id.0, &row.environment)?,
            id: row.id,
            project: row.project_id,
            integration: row.integration,
            enabled: row.enabled,
            client_id: row.client_id,
            has_client_secret: row.has_client_secret.unwrap_or(false),
            scopes: row.scopes,
            variables: row.variables.0,
            callback_origin: row.callback_origin,
            plain_callback: row.plain_callback,
            generation: row.generation,
            created_at: row.created_at,
        })
    }
}

macro_rules! select_apps {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id: AppId", project_id as "project_id: ProjectId", environment, integration, enabled, client_id,
                      sealed is not null as has_client_secret, scopes,
                      variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", callback_origin,
                      plain_callback, generation, created_at
               from apps "# + $tail
            $(, $argument)*
        )
    };
}

/// What an operator sets. `None` leaves a value as it is.
#[derive(Debug, Default)]
pub struct AppSettings {
    /// On or off.
    pub enabled: Option<bool>,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// The OAuth client's secret.
    pub client_secret: Option<SecretString>,
    /// Scopes instead of the definition's.
    pub scopes: Option<Vec<String>>,
    /// Values of variables; they replace all earlier ones.
    pub variables: Option<BTreeMap<String, String>>,
    /// The plain callback address.
    pub plain_callback: Option<bool>,
    /// The origin in the callback address; it must be registered anew at the service then.
    pub callback_origin: Option<String>,
}

fn secret_place(project: ProjectId, environment: Environment, app: Uuid, generation: i64) -> Place {
    Place {
        project: project.0,
        environment,
        record: app,
        column: "apps.sealed",
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
             returning id, generation",
            AppId::generate().0,
            project.0,
            environment.as_str(),
            integration,
            callback_origin
        )
        .fetch_one(&mut *transaction)
        .await?;
        let (generation, sealed) = match &settings.client_secret {
            None => (row.generation, None),
            Some(secret) => {
                let generation = row.generation + 1;
                let place = secret_place(project, environment, row.id, generation);
                let sealed = self
                    .seal(&mut *transaction, &place, secret.expose_secret().as_bytes())
                    .await?;
                (generation, Some(sealed))
            }
        };
        sqlx::query!(
            "update apps set enabled = coalesce($2, enabled), client_id = coalesce($3, client_id),
                    sealed = coalesce($4, sealed), generation = $5, scopes = coalesce($6, scopes),
                    variables = coalesce($7, variables), plain_callback = coalesce($8, plain_callback),
                    callback_origin = coalesce($9, callback_origin)
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
            .map(TryInto::try_into)
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
        .map(TryInto::try_into)
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
        .map(TryInto::try_into)
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
        let place = secret_place(app.project, app.environment, app.id.0, generation);
        let plaintext = self.open("apps", sealed, &place).await?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| StoreError::Inconsistent {
            table: "apps",
            record: app.id.0,
            what: "the client secret is not text".to_owned(),
        })?;
        Ok(Some(SecretString::from(text)))
    }
}
