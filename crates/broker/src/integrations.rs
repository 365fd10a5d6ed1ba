//! Integrations as the console shows and sets them: on or off here, what an app still lacks, and what uses it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use catalog::{Integration, SetBy};
use store::{
    App, AppAttention, ConnectionState, Environment, LinkPurpose, Owner, PendingChange, ProjectId, Repeatable, Verify,
};

use crate::management::Lack;
use crate::operators::{Permission, Signed};
use crate::sessions::Platform;
use crate::{Broker, Caller, LinkRequest, MadeLink, PlatformSettings, Problem, Scope};

/// Whether people can connect an integration here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They can.
    On,
    /// It is switched on and lacks something, so nobody sees it.
    Lacking,
    /// It is switched off.
    Off,
}

impl Standing {
    /// The name on the wire: `on`, `lacking` or `off`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Lacking => "lacking",
            Self::Off => "off",
        }
    }
}

/// Something that an app lacks before anybody can connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The client id.
    ClientId,
    /// The client secret.
    ClientSecret,
    /// The private key.
    ClientKey,
    /// The value of this variable.
    Variable(String),
}

/// An integration with its settings in one project and environment.
#[derive(Clone, Debug)]
pub struct Shelved {
    /// Its definition.
    pub integration: Arc<Integration>,
    /// Its settings, once it was set up.
    pub app: Option<App>,
    /// Whether people can connect it.
    pub standing: Standing,
    /// How many connections there are.
    pub connections: Counted,
    /// Why its app needs attention, where a check or its service found that it does.
    pub attention: Option<AppAttention>,
}

/// How many there are. A count of very many stops: looking at a page must not take longer the more there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// So many were counted.
    pub number: i64,
    /// And there are more.
    pub is_more: bool,
}

impl Counted {
    /// Of integrations in a list.
    const IN_A_LIST: i64 = 1_000;
    /// Of one that somebody looks at.
    const OF_ONE: i64 = 10_000;

    /// What a count gave that was to stop behind one more than `most`.
    fn to(most: i64, found: i64) -> Self {
        Self {
            number: found.min(most),
            is_more: found > most,
        }
    }
}

impl Shelved {
    fn new(
        integration: Arc<Integration>,
        app: Option<App>,
        connections: Counted,
        attention: Option<AppAttention>,
    ) -> Self {
        let standing = match &app {
            Some(app) if app.enabled => {
                let platform = Platform {
                    integration: Arc::clone(&integration),
                    app: app.clone(),
                };
                if platform.methods().next().is_some() {
                    Standing::On
                } else {
                    Standing::Lacking
                }
            }
            _ => Standing::Off,
        };
        Self {
            integration,
            app,
            standing,
            connections,
            attention,
        }
    }

    /// What has to be given before every way to sign in works.
    pub fn missing(&self) -> Vec<Missing> {
        Self::lacking(&self.integration, self.app.as_ref())
    }

    pub(crate) fn lacking(integration: &Integration, app: Option<&App>) -> Vec<Missing> {
        let kinds = || integration.auth.iter().map(|method| &method.kind);
        let mut missing = Vec::new();
        if kinds().any(catalog::AuthKind::needs_app) && app.is_none_or(|app| app.client_id.is_none()) {
            missing.push(Missing::ClientId);
        }
        let wants_secret = |kind: &catalog::AuthKind| kind.needs_app() && kind.needs_client_secret();
        if kinds().any(wants_secret) && !app.is_some_and(|app| app.has_client_secret) {
            missing.push(Missing::ClientSecret);
        }
        let has_key = app.is_some_and(|app| app.public_key.is_some());
        if kinds().any(|kind| kind.client_assertion().is_some()) && !has_key {
            missing.push(Missing::ClientKey);
        }
        for (name, variable) in &integration.variables {
            let is_given = app.is_some_and(|app| app.has_variable(name, variable.secret));
            let may_lack = variable.optional || variable.default.is_some();
            if variable.set_by == SetBy::Operator && !may_lack && !is_given {
                missing.push(Missing::Variable(name.clone()));
            }
        }
        missing
    }
}

impl Broker {
    /// What is set up in the caller's environment, by id.
    ///
    /// # Errors
    /// The caller may not see connections; the database is away.
    pub async fn apps(&self, caller: &Caller) -> Result<Vec<App>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        Ok(self.store().apps(caller.project, caller.environment).await?)
    }

    /// Every integration of the caller's environment with its settings there, by name.
    ///
    /// # Errors
    /// The caller may not see connections; the database is away.
    pub async fn shelf(&self, caller: &Caller) -> Result<Vec<Shelved>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let (project, environment) = (caller.project, caller.environment);
        let apps = self.store().apps(project, environment).await?;
        let mut apps: HashMap<String, App> = apps.into_iter().map(|app| (app.integration.clone(), app)).collect();
        // Of integrations that nobody set up there is none.
        let counts = if apps.is_empty() {
            Vec::new()
        } else {
            let most = Counted::IN_A_LIST + 1;
            self.store().connection_counts_to(project, environment, most).await?
        };
        let mut attention = self.store().app_attention(project, environment).await?;
        let counts: HashMap<&str, i64> = counts.iter().map(|one| (one.integration.as_str(), one.count)).collect();
        let shelved = self.integrations(Some(caller)).into_iter().map(|integration| {
            let id = integration.id.as_str();
            let found = counts.get(id).copied().unwrap_or_default();
            let app = apps.remove(id);
            let attention = app.as_ref().and_then(|app| attention.remove(&app.id));
            Shelved::new(integration, app, Counted::to(Counted::IN_A_LIST, found), attention)
        });
        Ok(shelved.collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// `integration_not_found`; as above.
    pub async fn shelved(&self, caller: &Caller, id: &str) -> Result<Shelved, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let integration = self.manageable(caller.environment, id)?;
        let app = self.store().app_of(caller.project, caller.environment, id).await?;
        let states = self.states_of(caller, id).await?;
        let connections = Counted::to(Counted::OF_ONE, states.values().sum());
        let attention = match &app {
            Some(app) => self.store().attention_of(app.id).await?,
            None => None,
        };
        Ok(Shelved::new(integration, app, connections, attention))
    }

    /// How many connections of an integration are in each state, of the newest ten thousand and one.
    ///
    /// # Errors
    /// As above.
    pub async fn states_of(&self, caller: &Caller, id: &str) -> Result<BTreeMap<ConnectionState, i64>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let counts = self
            .store()
            .states_of_integration(caller.project, caller.environment, id, Counted::OF_ONE + 1)
            .await?;
        let known = counts
            .into_iter()
            .filter_map(|(state, count)| Some((state.parse().ok()?, count)));
        Ok(known.collect())
    }

    /// The changes of addresses that wait for somebody's agreement, for whoever may see the project.
    ///
    /// # Errors
    /// As above.
    pub async fn waiting_here(&self, caller: &Caller, id: &str) -> Result<Vec<PendingChange>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        self.waiting_changes(Some((caller.project, caller.environment)), Some(id))
            .await
    }

    /// Switches an integration on or off. One that lacks its app stays hidden until it has it.
    ///
    /// # Errors
    /// `integration_not_found`; the operator may not; the database is away.
    pub async fn switch_integration(
        &self,
        signed: &Signed,
        (project, environment): (ProjectId, Environment),
        integration: &str,
        on: bool,
    ) -> Result<Platform, Problem> {
        let wanted = PlatformSettings {
            integration: integration.to_owned(),
            active: on,
            ..PlatformSettings::default()
        };
        self.set_integration(signed, (project, environment), wanted).await
    }

    /// Sets an integration's app. What is not given stays; the secret is never given back.
    ///
    /// # Errors
    /// As [`Broker::set_platform`], and `app_changed` when somebody else changed it since; `address_is_kept` and
    /// `proof_needed` where what is kept would go to another address.
    pub async fn set_integration(
        &self,
        signed: &Signed,
        (project, environment): (ProjectId, Environment),
        wanted: PlatformSettings,
    ) -> Result<Platform, Problem> {
        let caller = signed.caller(project, environment, Permission::Build)?;
        self.keep_platform(&caller, wanted, Lack::Allowed, Some(signed)).await
    }

    /// A link by which somebody connects one integration, made by an operator who helps; it opens the real modal. It lives
    /// an hour. `is_own`: the operator connects as themselves; whoever else finishes is confirmed by the customer's backend,
    /// where the project has an address for that. The same request, by `repeatable`, gets it again.
    ///
    /// # Errors
    /// As [`Broker::make_link`]; the operator may not help.
    pub async fn operator_link(
        &self,
        signed: &Signed,
        (project, environment): (ProjectId, Environment),
        integration: &str,
        owner: Owner,
        is_own: bool,
        repeatable: Option<Repeatable>,
    ) -> Result<MadeLink, Problem> {
        let mut caller = signed.caller(project, environment, Permission::Help)?;
        // Who helps makes links; other sessions are the customer's backend's to open.
        caller.scopes.insert(Scope::SessionsWrite);
        let settings = self.project(project).await?;
        // A customer's backend knows no operator, and without an address nobody can be asked.
        let trusts = is_own || settings.verify_url.is_none();
        let verify = (trusts && settings.verify != Verify::Always).then_some(false);
        let request = LinkRequest {
            purpose: LinkPurpose::Connect,
            owner,
            integrations: Some(vec![integration.to_owned()]),
            connection: None,
            ttl: Some(3600),
            verify,
            repeatable,
            locale: None,
            inviter: None,
        };
        self.make_link(&caller, request).await
    }
}

#[cfg(test)]
mod tests {
    use catalog::load_sources;

    use super::*;

    const BOTH: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
variables:
  place: { title: Place, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: https://acme.example/authorize }
    token: { url: https://acme.example/token, client_auth: body }
    headers: { Authorization: \"Bearer ${credential.access_token}\" }
api: { base_url: \"https://api.acme.example/${variables.place}\" }
check: { get: /me, account: { id: \"${body.id}\" } }
";

    #[test]
    fn what_an_app_lacks_is_named() {
        let loaded = load_sources([("acme.yaml", BOTH)]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let shelved = Shelved::new(
            Arc::clone(loaded.catalog.get("acme").unwrap()),
            None,
            Counted::default(),
            None,
        );
        assert_eq!(shelved.standing, Standing::Off);
        assert_eq!(
            shelved.missing(),
            [
                Missing::ClientId,
                Missing::ClientSecret,
                Missing::Variable("place".to_owned())
            ]
        );
    }
}
