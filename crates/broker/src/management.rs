//! What a backend manages with a secret key: which integrations its project shows, which keys there are, how many
//! connections.

use std::sync::Arc;

use catalog::Integration;
use serde_json::json;
use store::{ApiKeyRow, App, AppSettings, AuditEntry, Connection, ConnectionCount, Environment, ProjectId};
use vault::{ExposeSecret, SecretString};

use crate::connections::ListRequest;
use crate::sessions::Platform;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// How many connections a project has in one environment.
#[derive(Debug)]
pub struct Metrics {
    /// Of each integration, the most first.
    pub counts: Vec<ConnectionCount>,
    /// The newest, at most [`Metrics::NEWEST`].
    pub newest: Vec<Connection>,
}

impl Metrics {
    /// Most connections that are named one by one.
    pub const NEWEST: i64 = 150;
}

/// A key as its project sees it.
#[derive(Debug)]
pub struct KeyView {
    /// The key, never its text.
    pub key: ApiKeyRow,
    /// Whether its time is over.
    pub has_ended: bool,
}

/// How a project's modal shows one integration.
#[derive(Debug)]
pub struct PlatformSettings {
    /// The integration.
    pub integration: String,
    /// Whether people can connect it.
    pub active: bool,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// The OAuth client's secret.
    pub client_secret: Option<SecretString>,
    /// Scopes instead of the definition's.
    pub scopes: Option<Vec<String>>,
}

/// The integrations of the built-in service, as it is and with a site to choose: their clients are ours to make.
pub const SANDBOXES: [&str; 2] = ["sandbox", "sandbox-sites"];

/// Longest client id and client secret.
const CLIENT: usize = 2048;
/// Most scopes of an app, and the longest of them.
const SCOPES: usize = 200;
const SCOPE: usize = 500;

impl Broker {
    /// How many connections there are, of what, and the newest of them.
    ///
    /// # Errors
    /// The key does not have the scope `connections:read`; the database is away.
    pub async fn metrics(&self, caller: &Caller) -> Result<Metrics, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let (project, environment) = (caller.project, caller.environment);
        let newest = ListRequest {
            limit: Metrics::NEWEST,
            ..ListRequest::default()
        };
        Ok(Metrics {
            counts: self.store().connection_counts(project, environment).await?,
            newest: self.store().list_connections(project, environment, &newest).await?.0,
        })
    }

    /// The keys of the caller's project and environment that were not revoked, oldest first.
    ///
    /// # Errors
    /// The key does not have the scope `admin`; the database is away.
    pub async fn keys(&self, caller: &Caller) -> Result<Vec<KeyView>, Problem> {
        caller.require(Scope::Admin)?;
        let now = self.store().now().await?;
        let keys = self.store().api_keys(caller.project).await?;
        Ok(keys
            .into_iter()
            .filter(|key| key.environment == caller.environment && key.revoked_at.is_none())
            .map(|key| KeyView {
                has_ended: key.expires_at.is_some_and(|end| end <= now),
                key,
            })
            .collect())
    }

    /// Sets how the modal of the caller's project shows an integration. What is not given stays; the secret is never given
    /// back.
    ///
    /// # Errors
    /// `integration_not_found`, `not_an_oauth_app`, `client_missing`, `sandbox_not_set_up`, a value that cannot be, the scope
    /// `admin` is missing, the database is away.
    pub async fn set_platform(&self, caller: &Caller, wanted: PlatformSettings) -> Result<Platform, Problem> {
        caller.require(Scope::Admin)?;
        let integration = self.manageable(caller.environment, &wanted.integration)?;
        let known = self
            .store()
            .app_of(caller.project, caller.environment, &wanted.integration)
            .await?;
        let settings = checked(&integration, known.as_ref(), wanted)?;
        let detail = json!({
            "active": settings.enabled,
            "client_id": settings.client_id,
            "client_secret_changed": settings.client_secret.is_some(),
            "scopes": settings.scopes,
        });
        let id = integration.id.as_str();
        let app = self.set_app(caller.project, caller.environment, id, settings).await?;
        let noted = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action: "app.set",
            actor: caller.actor(),
            subject: Some(format!("app:{}", app.id)),
            detail: &detail,
        };
        self.store().audit(noted).await?;
        Ok(Platform { integration, app })
    }

    async fn set_app(
        &self,
        project: ProjectId,
        environment: Environment,
        integration: &str,
        settings: AppSettings,
    ) -> Result<App, Problem> {
        Ok(self
            .store()
            .set_app(project, environment, integration, self.public_origin(), settings)
            .await?)
    }

    fn manageable(&self, environment: Environment, id: &str) -> Result<Arc<Integration>, Problem> {
        let found = self.catalog().get(id).cloned();
        found
            .filter(|integration| integration.environments.iter().any(|name| name == environment.as_str()))
            .ok_or_else(|| {
                Problem::new(
                    Kind::NotFound,
                    "integration_not_found",
                    format!(
                        "There is no such integration in `{environment}`. GET /v1/connection-definitions lists the ids."
                    ),
                )
            })
    }
}

/// What is stored, or why it cannot be.
fn checked(integration: &Integration, known: Option<&App>, wanted: PlatformSettings) -> Result<AppSettings, Problem> {
    let name = &integration.name;
    let client_id = wanted.client_id.map(|id| id.trim().to_owned());
    let gives_client = client_id.is_some() || wanted.client_secret.is_some();
    let is_plain = |text: &str, most: usize| {
        !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    let of_sandbox = SANDBOXES.contains(&integration.id.as_str());
    if gives_client && (of_sandbox || !takes_client(integration)) {
        return Err(Problem::new(
            Kind::Unprocessable,
            "not_an_oauth_app",
            format!("{name} takes no OAuth client of yours. Leave `clientId` and `clientSecret` out."),
        ));
    }
    if client_id.as_deref().is_some_and(|id| !is_plain(id, CLIENT)) {
        return Err(Problem::bad_request(
            "bad_client_id",
            format!("`clientId` is empty, too long or not plain text. Send the client id that {name} shows."),
        ));
    }
    let secret = wanted.client_secret.as_ref().map(ExposeSecret::expose_secret);
    if secret.is_some_and(|secret| !is_plain(secret, CLIENT)) {
        return Err(Problem::bad_request(
            "bad_client_secret",
            format!("`clientSecret` is empty, too long or not plain text. Send the client secret that {name} shows."),
        ));
    }
    let has_client = client_id.is_some() || known.is_some_and(|app| app.client_id.is_some());
    if wanted.active && !has_client && of_sandbox {
        return Err(Problem::new(
            Kind::Conflict,
            "sandbox_not_set_up",
            format!(
                "The sandbox makes its own client. An operator switches it on with `latchkey integrations enable {}`.",
                integration.id.as_str()
            ),
        ));
    }
    if wanted.active && !has_client && only_oauth(integration) {
        return Err(Problem::new(
            Kind::Unprocessable,
            "client_missing",
            format!(
                "{name} needs an OAuth client. Send `clientId` and `clientSecret` of the app that you registered there."
            ),
        ));
    }
    let scopes = wanted.scopes.unwrap_or_default();
    if scopes.len() > SCOPES || scopes.iter().any(|scope| !is_plain(scope, SCOPE)) {
        return Err(Problem::bad_request(
            "bad_scopes",
            format!(
                "`scopes` holds more than {SCOPES} scopes, or one that is longer than {SCOPE} characters or not plain text."
            ),
        ));
    }
    Ok(AppSettings {
        enabled: Some(wanted.active),
        client_id,
        client_secret: wanted.client_secret,
        scopes: (!scopes.is_empty()).then_some(scopes),
        ..AppSettings::default()
    })
}

fn takes_client(integration: &Integration) -> bool {
    integration.auth.iter().any(|method| method.kind.needs_app())
}

fn only_oauth(integration: &Integration) -> bool {
    integration.auth.iter().all(|method| method.kind.needs_app())
}
