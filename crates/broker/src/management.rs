//! What a backend manages with a secret key: which integrations its project shows, which keys there are, how many
//! connections.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::{Integration, SetBy};
use chrono::{DateTime, Utc};
use serde_json::json;
use store::{
    APP_CHANGED, ApiKeyRow, App, AppSettings, AuditEntry, Connection, ConnectionCount, Environment, StoreError,
};
use vault::{ExposeSecret, SecretString};

use crate::app_addresses::ChangedValues;
use crate::client_key::GivenKey;
use crate::connections::ListRequest;
use crate::operators::{Permission, Signed};
use crate::sessions::Platform;
use crate::texts::quoted;
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

impl KeyView {
    pub(crate) fn new(key: ApiKeyRow, now: DateTime<Utc>) -> Self {
        Self {
            has_ended: key.expires_at.is_some_and(|end| end <= now),
            key,
        }
    }
}

/// How a project's modal shows one integration.
#[derive(Debug, Default)]
pub struct PlatformSettings {
    /// The integration.
    pub integration: String,
    /// Whether people can connect it.
    pub active: bool,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// The OAuth client's secret.
    pub client_secret: Option<SecretString>,
    /// The OAuth client's private key, and its id at the service.
    pub client_key: Option<(GivenKey, Option<String>)>,
    /// Scopes instead of the definition's; with none in it, those of the definition again.
    pub scopes: Option<Vec<String>>,
    /// Values that the definition asks the operator for, in place of all that there were. Some may be secrets.
    pub variables: Option<BTreeMap<String, SecretString>>,
    /// Of those that are secrets, the names of those to keep no longer, but for those that are given anew.
    pub removed_secrets: BTreeSet<String>,
    /// The revision of the app that this was made from, 0 for none: with another one nothing is changed.
    pub revision: Option<i64>,
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
            .map(|key| KeyView::new(key, now))
            .collect())
    }

    /// Sets how the modal of the caller's project shows an integration. What is not given stays; the secret is never given
    /// back.
    ///
    /// # Errors
    /// `integration_not_found`, `not_an_oauth_app`, `client_missing`, `sandbox_not_set_up`, a value that cannot be, the scope
    /// `admin` is missing, the database is away.
    pub async fn set_platform(&self, caller: &Caller, mut wanted: PlatformSettings) -> Result<Platform, Problem> {
        caller.require(Scope::Admin)?;
        // On the wire, an empty list is one that was not given.
        wanted.scopes = wanted.scopes.filter(|scopes| !scopes.is_empty());
        self.keep_platform(caller, wanted, Lack::Refused, None).await
    }

    /// The same for a caller who may; for an operator with who they are.
    pub(crate) async fn keep_platform(
        &self,
        caller: &Caller,
        wanted: PlatformSettings,
        lack: Lack,
        operator: Option<&Signed>,
    ) -> Result<Platform, Problem> {
        let integration = self.manageable(caller.environment, &wanted.integration)?;
        let known = self
            .store()
            .app_of(caller.project, caller.environment, &wanted.integration)
            .await?;
        let mut settings = checked(&integration, known.as_ref(), wanted, lack)?;
        let seen = known.as_ref().map_or(0, |app| app.revision);
        if settings.revision.is_some_and(|given| given != seen) {
            return Err(app_changed(StoreError::Conflict(APP_CHANGED.to_owned())));
        }
        let changed = ChangedValues::new(&integration, known.as_ref(), &settings);
        if let Some(name) = changed.addresses.keys().next() {
            // What is kept is looked at now: nobody gives a secret between this and the save.
            settings.revision = Some(seen);
            if let Some(known) = &known {
                let mover = operator
                    .map(|signed| Ok::<_, Problem>((signed, signed.require(caller.project, Permission::Build)?)))
                    .transpose()?;
                self.require_may_move(mover, &integration, known, &settings, name)
                    .await?;
            }
        }
        let detail = json!({
            "integration": integration.id,
            "active": settings.enabled,
            "client_id": settings.client_id,
            "client_secret_changed": settings.client_secret.is_some(),
            "client_key_changed": settings.client_key.is_some(),
            "scopes": settings.scopes,
            "variables_changed": changed.names,
            "addresses_changed": changed.moved(),
        });
        let noted = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action: "app.set",
            actor: caller.actor(),
            subject: Some(known.map_or_else(
                || format!("integration:{}", integration.id.as_str()),
                |app| format!("app:{}", app.id),
            )),
            detail: &detail,
        };
        self.store().audit(noted).await?;
        let app = self
            .set_app(caller.project, caller.environment, &integration, settings)
            .await?;
        Ok(Platform { integration, app })
    }

    pub(crate) fn manageable(&self, environment: Environment, id: &str) -> Result<Arc<Integration>, Problem> {
        let found = self.catalog().get(id).cloned();
        found
            .filter(|integration| integration.environments.iter().any(|name| name == environment.as_str()))
            .ok_or_else(|| {
                Problem::new(
                    Kind::NotFound,
                    "integration_not_found",
                    format!("There is no such integration in `{environment}`. GET /v1/integrations lists the ids."),
                )
            })
    }
}

/// Whether an integration may be switched on before it has the client that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// It stays hidden until somebody gives it one.
    Allowed,
    /// It is refused.
    Refused,
}

/// What is stored, or why it cannot be.
fn checked(
    integration: &Integration,
    known: Option<&App>,
    wanted: PlatformSettings,
    lack: Lack,
) -> Result<AppSettings, Problem> {
    let name = &integration.name;
    let client_id = wanted.client_id.map(|id| id.trim().to_owned());
    let gives_client = client_id.is_some() || wanted.client_secret.is_some() || wanted.client_key.is_some();
    let is_plain = |text: &str, most: usize| {
        !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    let of_sandbox = SANDBOXES.contains(&integration.id.as_str());
    if gives_client && (of_sandbox || !takes_client(integration)) {
        return Err(Problem::new(
            Kind::Unprocessable,
            "not_an_oauth_app",
            format!("{name} takes no OAuth client of yours. Leave `clientId`, `clientSecret` and `clientKey` out."),
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
    let must_be_whole = wanted.active && lack == Lack::Refused;
    let has_client = client_id.is_some() || known.is_some_and(|app| app.client_id.is_some());
    if must_be_whole && !has_client && of_sandbox {
        return Err(Problem::new(
            Kind::Conflict,
            "sandbox_not_set_up",
            format!(
                "The sandbox makes its own client. An operator switches it on with `latchkey integrations enable {}`.",
                integration.id.as_str()
            ),
        ));
    }
    if must_be_whole && !has_client && only_oauth(integration) {
        return Err(Problem::new(
            Kind::Unprocessable,
            "client_missing",
            format!(
                "{name} needs an OAuth client. Send `clientId` and `clientSecret` of the app that you registered there."
            ),
        ));
    }
    let client_key = wanted
        .client_key
        .map(|(key, id)| key.for_client_of(integration, id))
        .transpose()?;
    let has_key = client_key.is_some() || known.is_some_and(|app| app.public_key.is_some());
    if must_be_whole && !has_key && only_by_key(integration) {
        return Err(Problem::new(
            Kind::Unprocessable,
            "client_key_missing",
            format!(
                "{name} needs a private key of the OAuth client. Send `clientKey`, or `generateClientKey` and register the `jwks` of the answer there."
            ),
        ));
    }
    let scopes = wanted.scopes;
    let given = scopes.as_deref().unwrap_or_default();
    if given.len() > SCOPES || given.iter().any(|scope| !is_plain(scope, SCOPE)) {
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
        client_key,
        scopes,
        variables: wanted
            .variables
            .map(|values| checked_variables(integration, values))
            .transpose()?,
        removed_secrets: wanted.removed_secrets,
        revision: wanted.revision,
        ..AppSettings::default()
    })
}

/// The values of an operator's variables. Empty ones are left out.
fn checked_variables(
    integration: &Integration,
    values: BTreeMap<String, SecretString>,
) -> Result<BTreeMap<String, String>, Problem> {
    let values = values
        .into_iter()
        .map(|(name, value)| (name, value.expose_secret().to_owned()));
    let values: BTreeMap<String, String> = values.filter(|(_, value)| !value.is_empty()).collect();
    for (name, value) in &values {
        let variable = integration.variables.get(name);
        let Some(variable) = variable.filter(|variable| variable.set_by == SetBy::Operator) else {
            return Err(Problem::bad_request(
                "bad_variable",
                format!("{} asks the operator for no `{}`.", integration.name, quoted(name)),
            ));
        };
        variable
            .check(value)
            .map_err(|message| Problem::bad_request("bad_variable", message).with_meta(json!({ "variable": name })))?;
    }
    Ok(values)
}

/// The answer to settings that were made from an app that is another by now.
pub(crate) fn app_changed(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict(what) if what == APP_CHANGED => Problem::new(
            Kind::PreconditionFailed,
            "app_changed",
            "Somebody else changed these settings since you opened them, and nothing of yours was saved. Look at what is there now, and save again.",
        ),
        other => other.into(),
    }
}

fn takes_client(integration: &Integration) -> bool {
    integration.auth.iter().any(|method| method.kind.needs_app())
}

/// Whether no way to sign in works without a private key of the client.
fn only_by_key(integration: &Integration) -> bool {
    integration
        .auth
        .iter()
        .all(|method| method.kind.client_assertion().is_some())
}

fn only_oauth(integration: &Integration) -> bool {
    integration.auth.iter().all(|method| method.kind.needs_app())
}
