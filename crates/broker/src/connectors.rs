//! The catalogue as callers see it.

use std::sync::Arc;

use catalog::{AuthKind, Integration};

use crate::{Broker, Caller, Problem};

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
            AuthKind::ApiKey(_) => None,
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
        let mut connectors: Vec<Connector> = self
            .catalog()
            .iter()
            .filter(|integration| {
                caller.is_none_or(|caller| {
                    integration
                        .environments
                        .iter()
                        .any(|name| name == caller.environment.as_str())
                })
            })
            .map(|integration| Connector {
                integration: Arc::clone(integration),
                enabled: enabled.iter().any(|platform| platform.integration.id == integration.id),
            })
            .collect();
        connectors.sort_by_key(|connector| connector.integration.name.to_lowercase());
        Ok(connectors)
    }
}
