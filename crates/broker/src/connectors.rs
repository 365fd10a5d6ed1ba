//! The catalogue as callers see it.

use std::sync::Arc;

use catalog::{AuthKind, Integration};

use crate::sessions::Platform;
use crate::{Broker, Caller, Problem, Scope};

/// An integration in the catalogue.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Its definition.
    pub integration: Arc<Integration>,
    /// Whether the caller's project has it switched on and able to work.
    pub enabled: bool,
}

impl Connector {
    /// The scopes of its OAuth 2 method, if it has one, with their separator.
    pub fn oauth_scopes(&self) -> Option<(&[String], &str)> {
        self.integration.auth.iter().find_map(|method| match &method.kind {
            AuthKind::OAuth2(oauth2) => Some((oauth2.scopes.default.as_slice(), oauth2.scopes.separator.as_str())),
            AuthKind::OAuth1(_) | AuthKind::ApiKey(_) => None,
        })
    }
}

impl Broker {
    /// All integrations by name; with a caller, marked with what its project can use.
    pub async fn connectors(&self, caller: Option<&Caller>) -> Result<Vec<Connector>, Problem> {
        let enabled = match caller {
            Some(caller) => self.platforms(caller.project, caller.environment).await?,
            None => Vec::new(),
        };
        Ok(self
            .integrations(caller)
            .into_iter()
            .map(|integration| Connector {
                enabled: enabled.iter().any(|platform| platform.integration.id == integration.id),
                integration,
            })
            .collect())
    }

    /// The integrations that the caller's project has a usable connection to, in its environment, by name.
    pub async fn connected_connectors(&self, caller: &Caller) -> Result<Vec<Connector>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let connected = self
            .store()
            .connected_integrations(caller.project, caller.environment)
            .await?;
        let mut connectors = self.connectors(Some(caller)).await?;
        connectors.retain(|connector| connected.iter().any(|id| id == connector.integration.id.as_str()));
        Ok(connectors)
    }

    /// All integrations by name; with a caller, those of its environment.
    pub fn integrations(&self, caller: Option<&Caller>) -> Vec<Arc<Integration>> {
        let is_here = |integration: &&Arc<Integration>| {
            caller.is_none_or(|caller| {
                integration
                    .environments
                    .iter()
                    .any(|name| name == caller.environment.as_str())
            })
        };
        let mut integrations: Vec<Arc<Integration>> = self.catalog().iter().filter(is_here).cloned().collect();
        integrations.sort_by_key(|integration| integration.name.to_lowercase());
        integrations
    }

    /// What the caller's project has switched on and can connect, by name.
    ///
    /// # Errors
    /// The key does not have the scope `sessions:write`; the database is away.
    pub async fn enabled(&self, caller: &Caller) -> Result<Vec<Platform>, Problem> {
        caller.require(Scope::SessionsWrite)?;
        self.platforms(caller.project, caller.environment).await
    }

    /// The address behind which a service's paths stand, without a slash at its end. What only a connection knows
    /// stands in double braces.
    pub fn base_url(&self, integration: &Integration) -> String {
        let base = &integration.api.base_url;
        let text = base
            .render(&self.instance_inputs())
            .map_or_else(|_| base.template().in_braces(), |url| url.to_string());
        text.trim_end_matches('/').to_owned()
    }
}
