//! Connect sessions: opened by a secret key, spent in the browser.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use catalog::{AuthMethod, Integration, SetBy};
use chrono::{DateTime, Utc};
use protocol::mail::EmailAddress;
use serde::Serialize;
use store::{App, Connected, ConnectionId, IdentityType, NewSession, Owner, Project, Session, SessionPurpose};
use vault::{Environment, Token};

use crate::connections::checked_tags;
use crate::numbers::Counted;
use crate::texts::{plain, quoted};
use crate::{Broker, Caller, Kind, Looks, Problem, Scope};

/// A session to open.
#[derive(Clone, Debug, Default)]
pub struct OpenSession {
    /// Whose connection it makes, in the customer's words.
    pub owner: Owner,
    /// The only integrations to offer.
    pub integrations: Option<Vec<String>>,
    /// The connection to connect again.
    pub connection: Option<ConnectionId>,
    /// Whether it shows its identity's connections and ends them; without: for a user, not for a team.
    pub manages: Option<bool>,
    /// Where its owner gets mail, from now on. An empty one is forgotten; without, nothing changes.
    pub email: Option<String>,
    /// What a new connection is called, unless the person writes a name.
    pub connection_name: Option<String>,
    /// The tags of a new connection.
    pub connection_tags: Vec<String>,
}

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Its secret, for the customer's backend to pass on to the browser.
    pub request_id: Token,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// What can be connected.
    pub platforms: Vec<Platform>,
    /// Whether our own line is hidden.
    pub white_label: bool,
}

/// An integration that can be connected now.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Its definition.
    pub integration: Arc<Integration>,
    /// The project's settings for it.
    pub app: App,
}

impl Platform {
    /// The sign-in methods that can work with these settings.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &AuthMethod> {
        self.integration
            .auth
            .iter()
            .filter(|method| method_works(&self.integration, method, &self.app))
    }

    /// Whether one of its methods leads to the service's own sign-in.
    pub(crate) fn signs_in(&self) -> bool {
        self.methods().any(|method| method.kind.is_at_the_service())
    }

    /// A method by its id, or the first.
    pub(crate) fn method(&self, id: Option<&str>) -> Result<&AuthMethod, Problem> {
        self.methods()
            .find(|method| id.is_none_or(|id| id == method.id))
            .ok_or_else(|| {
                Problem::new(
                    Kind::NotFound,
                    "auth_not_offered",
                    format!("{} cannot be connected in this way here.", self.integration.name),
                )
            })
    }
}

/// An OAuth method needs its client; every method needs the values that the operator sets.
fn method_works(integration: &Integration, method: &AuthMethod, app: &App) -> bool {
    let operator_values = integration.variables.iter().all(|(name, variable)| {
        variable.set_by != SetBy::Operator
            || variable.optional
            || variable.default.is_some()
            || app.has_variable(name, variable.secret)
    });
    let kind = &method.kind;
    let client = !kind.needs_app()
        || app.client_id.is_some()
            && (!kind.needs_client_secret() || app.has_client_secret)
            && (kind.client_assertion().is_none() || app.public_key.is_some());
    operator_values && client
}

/// What the modal reads of a session.
#[derive(Debug, Serialize)]
pub struct SessionView {
    app: AppView,
    environment: Environment,
    identity_label: Option<String>,
    expires_at: DateTime<Utc>,
    min_left: i64,
    reconnect: Option<Reconnect>,
    /// How many connections of its own the identity can look after here; null where it cannot.
    manage: Option<i64>,
    verify: &'static str,
    branding: Arc<Looks>,
    white_label: bool,
    integrations: Vec<IntegrationView>,
}

#[derive(Debug, Serialize)]
struct AppView {
    name: String,
    logo_url: Option<String>,
    logo_dark_url: Option<String>,
    home_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct Reconnect {
    integration: String,
    title: String,
    /// Why it does not work, for programs, as `grant_gone`; the page says it in its language.
    reason: Option<String>,
    /// Whether there is nothing wrong with it.
    works: bool,
    /// The account that has to come back, as far as it has a name.
    account: Option<String>,
}

#[derive(Debug, Serialize)]
struct IntegrationView {
    id: String,
    name: String,
    description: String,
    categories: Vec<String>,
    aliases: Vec<String>,
    /// A file name; the server turns it into an address.
    logo: Option<String>,
    auth: Vec<MethodView>,
    connected: i64,
    /// Names of what is connected, five at most.
    accounts: Vec<String>,
}

/// A sign-in method in a list.
#[derive(Debug, Serialize)]
pub(crate) struct MethodView {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) title: String,
}

impl MethodView {
    pub(crate) fn of(method: &AuthMethod) -> Self {
        Self {
            id: method.id.clone(),
            kind: method.kind.name(),
            title: method.title.clone(),
        }
    }
}

/// A session as read by the modal, with the embed cookie to set.
#[derive(Debug)]
pub struct SessionViewed {
    /// The JSON.
    pub view: SessionView,
    /// The embed cookie; a new one when the browser had none.
    pub embed: Token,
}

impl Broker {
    /// Opens a session for an owner.
    pub async fn open_session(&self, caller: &Caller, request: OpenSession) -> Result<Opened, Problem> {
        caller.require(Scope::SessionsWrite)?;
        let mut owner = Owner {
            identity: plain("identity", request.owner.identity, 128)?,
            identity_type: request.owner.identity_type,
            group: plain("group", request.owner.group, 128)?,
            label: plain("label", request.owner.label, 128)?,
        };
        let connection_name = plain("name", request.connection_name, 120)?;
        let connection_tags = checked_tags(request.connection_tags)?;
        let project = self.project(caller.project).await?;
        let mut platforms = self.platforms(caller.project, caller.environment).await?;
        let mut integrations = request.integrations;
        if let Some(id) = request.connection {
            let connection = self
                .store()
                .connection(caller.project, caller.environment, id)
                .await?
                .ok_or_else(|| Problem::not_found("This connection"))?;
            // A reconnect belongs to the connection's owner, whoever is named beside it.
            owner = connection.owner;
            integrations = Some(vec![connection.integration]);
        }
        if let Some(unknown) = integrations
            .iter()
            .flatten()
            .find(|id| self.catalog().get(id).is_none())
        {
            let message = format!(
                "There is no integration `{}`: GET /v1/available-connectors lists all.",
                quoted(unknown)
            );
            return Err(Problem::bad_request("unknown_integration", message));
        }
        if let Some(only) = &integrations {
            platforms.retain(|platform| only.iter().any(|id| id == platform.integration.id.as_str()));
        }
        self.keep_address(caller, &owner, request.email.as_deref()).await?;
        // What a team shares, none of its members ends unless the customer says so.
        let is_one_person = matches!(owner.identity_type, None | Some(IdentityType::User));
        let request_id = Token::generate();
        let new = NewSession {
            project: caller.project,
            environment: caller.environment,
            manages: request.manages.unwrap_or(is_one_person)
                && owner.identity.is_some()
                && request.connection.is_none(),
            owner,
            integrations,
            connection: request.connection,
            hosted: false,
            verify: None,
            parent: None,
        };
        let digest = request_id.digest();
        let expires_at = self.store().open_session(&digest, &new).await?;
        if connection_name.is_some() || !connection_tags.is_empty() {
            self.store()
                .name_connection_of(&digest, connection_name.as_deref(), &connection_tags)
                .await?;
        }
        self.count((caller.project, caller.environment), "", Counted::Opened);
        tracing::info!(project = %caller.project, environment = %caller.environment, "a connect session was opened");
        Ok(Opened {
            request_id,
            expires_at,
            platforms,
            white_label: project.white_label,
        })
    }

    /// Keeps or forgets where an owner gets mail. The last word of the customer's backend counts.
    async fn keep_address(&self, caller: &Caller, owner: &Owner, email: Option<&str>) -> Result<(), Problem> {
        let Some(email) = email.map(str::trim) else {
            return Ok(());
        };
        if owner.identity.is_none() {
            return Err(Problem::bad_request(
                "email_without_identity",
                "`email` belongs to an `identity`: send both, or leave the address out.",
            ));
        }
        let address = (!email.is_empty())
            .then(|| email.parse::<EmailAddress>())
            .transpose()
            .map_err(|_| {
                Problem::bad_request(
                    "email_not_valid",
                    "`email` is not a mail address. Write one as ann@example.com, or leave it out.",
                )
            })?
            .map(|address| address.to_string());
        let kept = self
            .store()
            .set_contact(caller.project, caller.environment, owner, address.as_deref());
        Ok(kept.await?)
    }

    /// What the modal shows of a session. The page that embeds must be on the project's list. `place` is the project whose
    /// own domain the call came to.
    pub async fn session(
        &self,
        request_id: &Token,
        embedder: Option<&str>,
        embed: Option<Token>,
        place: Option<store::ProjectId>,
    ) -> Result<SessionViewed, Problem> {
        let session = self.live_session(request_id).await?;
        crate::branding::require_place(place, session.project)?;
        if session.is_used() {
            return Err(used());
        }
        if !session.hosted {
            self.require_embedder(session.project, session.environment, embedder)
                .await?;
        }
        let project = self.project(session.project).await?;
        let connected = self.connected(&session).await?;
        let integrations = self.session_platforms(&session).await?;
        let reconnect = self.reconnect(&session).await?;
        let manage = if session.purpose == SessionPurpose::Manage {
            Some(self.own_connections_count(&session).await?)
        } else {
            None
        };
        let branding = self.looks(&project);
        let view = SessionView {
            app: AppView {
                name: project.shown_name().to_owned(),
                logo_url: branding.logo_url.clone(),
                logo_dark_url: branding.logo_dark_url.clone(),
                home_url: project.home_url,
            },
            environment: session.environment,
            identity_label: session.owner.display().map(str::to_owned),
            expires_at: session.expires_at,
            min_left: session.seconds_left,
            reconnect,
            manage,
            verify: project.verify.as_str(),
            branding,
            white_label: project.white_label,
            integrations: integrations.iter().map(|platform| view(platform, &connected)).collect(),
        };
        Ok(SessionViewed {
            view,
            embed: embed.unwrap_or_else(Token::generate),
        })
    }

    async fn connected(&self, session: &Session) -> Result<HashMap<String, Connected>, Problem> {
        // Who has a link to connect need not be the person whose connections these are.
        let may_see = !session.hosted || session.purpose == SessionPurpose::Manage;
        let Some(identity) = session.owner.identity.as_deref().filter(|_| may_see) else {
            return Ok(HashMap::new());
        };
        let kind = session.owner.identity_type.unwrap_or(IdentityType::User);
        let counted = self
            .store()
            .connected(session.project, session.environment, identity, kind)
            .await?;
        Ok(counted
            .into_iter()
            .map(|connected| (connected.integration.clone(), connected))
            .collect())
    }

    async fn reconnect(&self, session: &Session) -> Result<Option<Reconnect>, Problem> {
        let Some(id) = session.connection else { return Ok(None) };
        let connection = self
            .store()
            .connection(session.project, session.environment, id)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))?;
        let catalog = self.catalog();
        Ok(Some(Reconnect {
            title: catalog.get(&connection.integration).map_or_else(
                || connection.integration.clone(),
                |integration| integration.name.clone(),
            ),
            integration: connection.integration,
            works: connection.state == store::ConnectionState::Operational,
            reason: connection.state_reason,
            account: connection.account_name.or(connection.name),
        }))
    }

    /// A session that is neither unknown nor over.
    pub(crate) async fn live_session(&self, request_id: &Token) -> Result<Session, Problem> {
        let session = self.store().session(&request_id.digest()).await?.ok_or_else(|| {
            Problem::new(
                Kind::Unauthorized,
                "session_unknown",
                "This connect session is not known. Start again in the app.",
            )
        })?;
        if !session.is_live() {
            if self.store().is_being_deleted(session.project).await? {
                return Err(crate::projects::project_deleted());
            }
            return Err(Problem::new(
                Kind::Unauthorized,
                "session_expired",
                "This connect session has ended. Start again in the app.",
            ));
        }
        Ok(session)
    }

    pub(crate) async fn project(&self, id: store::ProjectId) -> Result<Project, Problem> {
        match self.store().project(id).await? {
            Some(project) => Ok(project),
            None => Err(self.missing_project(id).await?),
        }
    }

    /// What can be connected in a project and environment, by name.
    pub(crate) async fn platforms(
        &self,
        project: store::ProjectId,
        environment: Environment,
    ) -> Result<Vec<Platform>, Problem> {
        let catalog = self.catalog();
        let mut platforms: Vec<Platform> = self
            .store()
            .apps(project, environment)
            .await?
            .into_iter()
            .filter(|app| app.enabled)
            .filter_map(|app| {
                Some(Platform {
                    integration: catalog.get(&app.integration)?.clone(),
                    app,
                })
            })
            .filter(|platform| {
                platform
                    .integration
                    .environments
                    .iter()
                    .any(|name| name == environment.as_str())
            })
            .filter(|platform| platform.methods().next().is_some())
            .collect();
        platforms.sort_by_key(|platform| platform.integration.name.to_lowercase());
        Ok(platforms)
    }

    pub(crate) async fn session_platforms(&self, session: &Session) -> Result<Vec<Platform>, Problem> {
        let mut platforms = self.platforms(session.project, session.environment).await?;
        if let Some(only) = &session.integrations {
            platforms.retain(|platform| only.iter().any(|id| id == platform.integration.id.as_str()));
        }
        Ok(platforms)
    }

    /// One integration of a session.
    pub(crate) async fn session_platform(&self, session: &Session, integration: &str) -> Result<Platform, Problem> {
        self.session_platforms(session)
            .await?
            .into_iter()
            .find(|platform| platform.integration.id.as_str() == integration)
            .ok_or_else(|| {
                Problem::new(
                    Kind::NotFound,
                    "integration_not_offered",
                    "This service cannot be connected here. Whoever runs the app switches it on.",
                )
            })
    }
}

/// The answer to a session that made its connection.
pub(crate) fn used() -> Problem {
    Problem::new(
        Kind::Gone,
        "session_used",
        "This connect session made its connection already. Start again in the app.",
    )
}

fn view(platform: &Platform, connected: &HashMap<String, Connected>) -> IntegrationView {
    let integration = &platform.integration;
    let connected = connected.get(integration.id.as_str());
    IntegrationView {
        id: integration.id.as_str().to_owned(),
        name: integration.name.clone(),
        description: integration.description.clone(),
        categories: integration.categories.clone(),
        aliases: integration.aliases.clone(),
        logo: integration.logo.clone(),
        auth: platform.methods().map(MethodView::of).collect(),
        connected: connected.map_or(0, |connected| connected.count),
        accounts: connected
            .map(|connected| connected.accounts.clone())
            .unwrap_or_default(),
    }
}

/// Values of variables for templates: defaults, then the operator's, then the connection's own.
pub(crate) fn effective_variables(
    integration: &Integration,
    app: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = integration
        .variables
        .iter()
        .filter_map(|(name, variable)| Some((name.clone(), variable.default.clone()?)))
        .collect();
    // What the operator sets, nobody overrides, not even with a value from before it was the operator's.
    let operator = |name: &String| {
        integration
            .variables
            .get(name)
            .is_some_and(|variable| variable.set_by == SetBy::Operator)
    };
    values.extend(
        own.iter()
            .filter(|(name, _)| !operator(name))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    values.extend(
        app.iter()
            .filter(|(name, _)| operator(name))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    values
}
