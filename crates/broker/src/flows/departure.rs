//! A flow leaves for the provider: state, nonce and PKCE verifier are made now and sealed with the flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::{AuthKind, AuthMethod, Endpoints, OAuth2, Pkce};
use protocol::oauth2::{Client, DpopKey, PkceVerifier, TokenError};
use serde::{Deserialize, Serialize};
use store::{App, Flow, FlowId};
use url::Url;
use vault::{ExposeSecret as _, OAuth2Tokens, RegisteredClient, SecretString, Token};
use zeroize::Zeroizing;

use super::callback::CallbackEnd;
use super::choice::ChoiceList;
use super::exchange::{exchange_problem, provider_error};
use super::expired;
use super::oauth1::Temporary;
use crate::client_key::ClientSecrets;
use crate::numbers::Counted;
use crate::submit::address_unreachable;
use crate::{Broker, Kind, Problem};

/// What is sealed with a flow until it ends.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct FlowSecrets {
    /// PKCE (RFC 7636).
    #[serde(default)]
    pub(super) verifier: Option<Zeroizing<String>>,
    /// The result handle, where the customer's page wants to see it again.
    #[serde(default)]
    pub(super) handle: Option<Zeroizing<String>>,
    /// What there is to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) list: Option<ChoiceList>,
    /// The client that was registered for this flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<FlowClient>,
    /// The key that the tokens will be bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dpop: Option<Zeroizing<String>>,
    /// The device code (RFC 8628).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<Zeroizing<String>>,
    /// Temporary credentials of OAuth 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) temporary: Option<Temporary>,
}

/// A client of a flow's own.
#[derive(Serialize, Deserialize)]
pub(super) struct FlowClient {
    id: String,
    secret: Option<Zeroizing<String>>,
    authentication: String,
}

impl FlowClient {
    fn of(client: &RegisteredClient) -> Self {
        Self {
            id: client.id.clone(),
            secret: client
                .secret
                .as_ref()
                .map(|secret| Zeroizing::new(secret.expose_secret().to_owned())),
            authentication: client.authentication.clone(),
        }
    }

    pub(super) fn registered(&self) -> RegisteredClient {
        RegisteredClient {
            id: self.id.clone(),
            secret: self.secret.as_ref().map(|secret| SecretString::from(secret.as_str())),
            authentication: self.authentication.clone(),
        }
    }
}

impl FlowSecrets {
    pub(super) fn dpop_key(&self) -> Option<Arc<DpopKey>> {
        let text = SecretString::from(self.dpop.as_ref()?.as_str());
        DpopKey::read(&text).ok().map(Arc::new)
    }

    pub(super) fn to_plaintext(&self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let bytes = serde_json::to_vec(self).map_err(|_| Problem::internal("The sign-in could not be prepared."))?;
        Ok(Zeroizing::new(bytes))
    }
}

/// All that a request to a provider needs, owned.
pub(crate) struct ClientParts {
    pub(crate) integration: Arc<catalog::Integration>,
    pub(crate) auth_method: String,
    pub(crate) app: App,
    pub(crate) secrets: ClientSecrets,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) redirect_uri: String,
    /// The client that was registered for this grant alone.
    pub(crate) registered: Option<RegisteredClient>,
    /// The key that the tokens of this grant are bound to.
    pub(crate) dpop: Option<Arc<DpopKey>>,
}

impl ClientParts {
    /// The same for a grant: with the client that was registered for it.
    pub(crate) fn of_grant(mut self, tokens: Option<&OAuth2Tokens>) -> Self {
        self.registered = tokens.and_then(|tokens| tokens.client.clone());
        let key = tokens.and_then(|tokens| tokens.dpop_key.as_ref());
        // One that cannot be read counts as none, and without one nothing is sent.
        self.dpop = key.and_then(|key| DpopKey::read(key).ok()).map(Arc::new);
        self
    }

    pub(crate) fn method(&self) -> Result<&OAuth2, Problem> {
        match self
            .integration
            .method(Some(&self.auth_method))
            .map(|method| &method.kind)
        {
            Some(AuthKind::OAuth2(oauth2)) => Ok(oauth2),
            _ => Err(gone_definition(&self.integration.name)),
        }
    }

    /// The way to sign in, while the definition has it.
    pub(crate) fn auth(&self) -> Option<&AuthMethod> {
        self.integration.method(Some(&self.auth_method))
    }

    /// The host that is asked for new tokens where each connection of the app has its own; `None` where all share one.
    pub(crate) fn own_host(&self, broker: &Broker) -> Option<String> {
        let address = match &self.auth()?.kind {
            AuthKind::OAuth2(method) => match (&method.refresh.url, &method.endpoints) {
                (Some(refresh), _) => refresh,
                (None, Endpoints::Fixed { token, .. }) => token,
                (None, Endpoints::Discovered { issuer }) => issuer,
                (None, Endpoints::Resource { resource }) => resource,
            },
            // Its tokens are never renewed.
            AuthKind::OAuth1(_) => return None,
            AuthKind::ApiKey(typed) => &typed.login.as_ref()?.requests.first()?.url,
        };
        let is_own = address
            .host_names()
            .into_iter()
            .any(|name| name.namespace == "variables" && !self.app.has_variable(&name.path, false));
        if !is_own {
            return None;
        }
        let url = address.render(&self.inputs(broker)).ok()?;
        url.host_str().map(ToOwned::to_owned)
    }

    /// `variables` and `instance`.
    pub(super) fn inputs<'a>(&'a self, broker: &'a Broker) -> catalog::Inputs<'a> {
        let mut inputs = broker.instance_inputs();
        for (name, value) in &self.variables {
            inputs.insert_text("variables", name, value);
        }
        inputs
    }

    /// The client as `protocol` takes it.
    pub(crate) fn client<'a>(&'a self, broker: &'a Broker) -> Result<Client<'a>, Problem> {
        Ok(Client {
            method: self.method()?,
            client_id: self.app.client_id.as_deref().unwrap_or_default(),
            client_secret: self.secrets.secret.as_ref(),
            key: self.secrets.key.as_deref(),
            dpop: self.dpop.as_deref(),
            redirect_uri: &self.redirect_uri,
            scopes: self.app.scopes.as_deref(),
            registered: self.registered.as_ref(),
            inputs: self.inputs(broker),
        })
    }
}

fn gone_definition(name: &str) -> Problem {
    Problem::new(
        Kind::Unavailable,
        "integration_changed",
        format!("The way to sign in to {name} was changed. Start again in the app."),
    )
}

impl Broker {
    /// Puts together what a request to the provider needs.
    pub(crate) async fn client_parts(
        &self,
        app: App,
        auth_method: &str,
        own: &BTreeMap<String, String>,
        redirect_uri: Option<String>,
    ) -> Result<ClientParts, Problem> {
        let secrets = self.client_secrets(&app).await?;
        self.client_parts_with(app, secrets, auth_method, own, redirect_uri)
            .await
    }

    /// The same with secrets that are known.
    pub(crate) async fn client_parts_with(
        &self,
        app: App,
        secrets: ClientSecrets,
        auth_method: &str,
        own: &BTreeMap<String, String>,
        redirect_uri: Option<String>,
    ) -> Result<ClientParts, Problem> {
        let integration = self
            .catalog()
            .get(&app.integration)
            .cloned()
            .ok_or_else(|| gone_definition(&app.integration))?;
        let variables = if integration.method(Some(auth_method)).is_some() {
            self.agreed_variables(&integration, auth_method, &app, own).await?
        } else {
            // Nothing is sent in a way that the definition has no more.
            BTreeMap::new()
        };
        let redirect_uri = redirect_uri.unwrap_or_else(|| app.redirect_uri());
        Ok(ClientParts {
            integration,
            auth_method: auth_method.to_owned(),
            app,
            secrets,
            variables,
            redirect_uri,
            registered: None,
            dpop: None,
        })
    }

    pub(crate) async fn flow_client_parts(&self, flow: &Flow) -> Result<ClientParts, Problem> {
        let app = self
            .store()
            .app(flow.app)
            .await?
            .filter(|app| app.enabled)
            .ok_or_else(|| gone_definition(&self.integration_name(&flow.integration)))?;
        self.client_parts(app, &flow.auth_method, &flow.variables, flow.redirect_uri.clone())
            .await
    }

    /// What was sealed with a flow so far.
    pub(super) async fn flow_secrets(&self, flow: &Flow) -> Result<FlowSecrets, Problem> {
        let Some(secrets) = self.store().flow_secrets(flow).await? else {
            return Ok(FlowSecrets::default());
        };
        serde_json::from_slice(&secrets)
            .map_err(|_| Problem::internal("The sign-in could not be read back. Start again in the app."))
    }

    /// The provider's address for a flow that is bound; an earlier state of it dies.
    pub(super) async fn depart(&self, flow: FlowId) -> Result<Url, Problem> {
        let flow = self.store().flow(flow).await?.ok_or_else(expired)?;
        let mut parts = self.flow_client_parts(&flow).await?;
        if let Some(method) = parts.oauth1() {
            return self.depart_oauth1(&flow, &parts, method).await;
        }
        if parts.method()?.registers_clients() {
            let name = self.project(flow.project).await?.shown_name().to_owned();
            let registered = self.protocol().register(&parts.client(self)?, &name).await;
            match registered {
                Ok(registered) => parts.registered = Some(registered),
                Err(error) => {
                    let problem = departure_problem(self, &parts, &error);
                    if problem.kind() == Kind::Unavailable {
                        return Err(problem);
                    }
                    let secrets = self.flow_secrets(&flow).await?;
                    return self.refused_ahead(&flow, &secrets, &problem).await;
                }
            }
        }
        if parts.method()?.dpop {
            let key = DpopKey::generate().map_err(|error| Problem::internal(&error.to_string()))?;
            parts.dpop = Some(Arc::new(key));
        }
        let client = parts.client(self)?;
        let state = Token::generate();
        let verifier = matches!(client.method.pkce, Pkce::S256).then(PkceVerifier::random);
        let mut secrets = self.flow_secrets(&flow).await?;
        let url = match self
            .protocol()
            .authorize(&client, &state.expose(), verifier.as_ref(), &[])
            .await
        {
            Ok(url) => url,
            Err(error) => {
                self.note_refused_app(&parts, &error).await;
                let problem = departure_problem(self, &parts, &error);
                if problem.kind() != Kind::Unavailable {
                    return self.refused_ahead(&flow, &secrets, &problem).await;
                }
                return Err(problem);
            }
        };
        secrets.client = parts.registered.as_ref().map(FlowClient::of);
        secrets.dpop = parts
            .dpop
            .as_ref()
            .map(|key| Zeroizing::new(key.secret().expose_secret().to_owned()));
        secrets.verifier = verifier.map(|verifier| Zeroizing::new(verifier.secret().expose_secret().to_owned()));
        if !self
            .store()
            .send_flow(&flow, &state.digest(), &parts.redirect_uri, &secrets.to_plaintext()?)
            .await?
        {
            return Err(expired());
        }
        self.count((flow.project, flow.environment), &flow.integration, Counted::Sent);
        Ok(url)
    }

    /// The service refused the request that was sent ahead (RFC 9126 §2.3): the flow ends as if it had come back so.
    async fn refused_ahead(&self, flow: &Flow, secrets: &FlowSecrets, problem: &Problem) -> Result<Url, Problem> {
        self.store()
            .fail_flow(flow.id, problem.key(), problem.message())
            .await?;
        let handle = secrets.handle.as_deref().map(String::as_str);
        match self.end_of(flow, handle, Some(problem.message())).await? {
            CallbackEnd::Redirect(url) => Ok(url),
            CallbackEnd::Page(_) => Err(expired()),
        }
    }
}

/// Why the address of a sign-in could not be made. A definite refusal is told as one in the browser would be.
fn departure_problem(broker: &Broker, parts: &ClientParts, error: &TokenError) -> Problem {
    let name = &parts.integration.name;
    match error {
        TokenError::AppBroken { .. } | TokenError::Configuration(_) => exchange_problem(name, error),
        TokenError::Refused { .. } | TokenError::GrantGone { .. } => {
            tracing::warn!(%error, integration = name, "a request that was sent ahead was refused");
            provider_error(
                name,
                error.provider_code().unwrap_or_default(),
                error.provider_message(),
            )
        }
        _ if error.surely_not_sent() && parts.own_host(broker).is_some() => {
            tracing::warn!(%error, integration = name, "what is at a typed-in address tells of no sign-in");
            address_unreachable(name, None)
        }
        _ => unreachable_provider(name, error),
    }
}

pub(super) fn unreachable_provider(name: &str, error: &TokenError) -> Problem {
    tracing::warn!(%error, integration = name, "the address of a sign-in could not be made");
    Problem::new(
        Kind::Unavailable,
        "provider_unavailable",
        format!("{name} cannot be reached at the moment. Try again in a minute."),
    )
    .with_retry_after(std::time::Duration::from_secs(10))
}
