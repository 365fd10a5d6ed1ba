//! A flow leaves for the provider: state, nonce and PKCE verifier are made now and sealed with the flow.

use catalog::{AuthKind, AuthMethod, Endpoints, OAuth2, Pkce};
use protocol::oauth2::{Client, PkceVerifier};
use serde::{Deserialize, Serialize};
use store::{App, Flow, FlowId};
use url::Url;
use vault::{ExposeSecret as _, OAuth2Tokens, RegisteredClient, SecretString, Token};
use zeroize::Zeroizing;

use super::choice::ChoiceList;
use super::expired;
use crate::sessions::effective_variables;
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
    pub(super) fn to_plaintext(&self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let bytes = serde_json::to_vec(self).map_err(|_| Problem::internal("The sign-in could not be prepared."))?;
        Ok(Zeroizing::new(bytes))
    }
}

/// All that a request to a provider needs, owned.
pub(crate) struct ClientParts {
    pub(crate) integration: std::sync::Arc<catalog::Integration>,
    pub(crate) auth_method: String,
    pub(crate) app: App,
    pub(crate) secret: Option<SecretString>,
    pub(crate) variables: std::collections::BTreeMap<String, String>,
    pub(crate) redirect_uri: String,
    /// The client that was registered for this grant alone.
    pub(crate) registered: Option<RegisteredClient>,
}

impl ClientParts {
    /// The same for a grant: with the client that was registered for it.
    pub(crate) fn of_grant(mut self, tokens: Option<&OAuth2Tokens>) -> Self {
        self.registered = tokens.and_then(|tokens| tokens.client.clone());
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
            AuthKind::ApiKey(typed) => &typed.login.as_ref()?.requests.first()?.url,
        };
        let is_own = address
            .host_names()
            .into_iter()
            .any(|name| name.namespace == "variables" && !self.app.variables.contains_key(&name.path));
        if !is_own {
            return None;
        }
        let url = address.render(&self.inputs(broker)).ok()?;
        url.host_str().map(ToOwned::to_owned)
    }

    /// `variables` and `instance`.
    fn inputs<'a>(&'a self, broker: &'a Broker) -> catalog::Inputs<'a> {
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
            client_secret: self.secret.as_ref(),
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
        own: &std::collections::BTreeMap<String, String>,
        redirect_uri: Option<String>,
    ) -> Result<ClientParts, Problem> {
        let secret = self.store().client_secret(&app).await?;
        self.client_parts_with(app, secret, auth_method, own, redirect_uri)
    }

    /// The same with a secret that is known.
    pub(crate) fn client_parts_with(
        &self,
        app: App,
        secret: Option<SecretString>,
        auth_method: &str,
        own: &std::collections::BTreeMap<String, String>,
        redirect_uri: Option<String>,
    ) -> Result<ClientParts, Problem> {
        let integration = self
            .catalog()
            .get(&app.integration)
            .cloned()
            .ok_or_else(|| gone_definition(&app.integration))?;
        let variables = effective_variables(&integration, &app.variables, own);
        let redirect_uri = redirect_uri.unwrap_or_else(|| app.redirect_uri());
        Ok(ClientParts {
            integration,
            auth_method: auth_method.to_owned(),
            app,
            secret,
            variables,
            redirect_uri,
            registered: None,
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
        if parts.method()?.registers_clients() {
            let name = self.project(flow.project).await?.name;
            let registered = self.protocol().register(&parts.client(self)?, &name).await;
            let registered = registered.map_err(|error| unreachable_provider(&parts.integration.name, &error))?;
            parts.registered = Some(registered);
        }
        let client = parts.client(self)?;
        let state = Token::generate();
        let verifier = matches!(client.method.pkce, Pkce::S256).then(PkceVerifier::random);
        let url = self
            .protocol()
            .authorize(&client, &state.expose(), verifier.as_ref(), &[])
            .await
            .map_err(|error| unreachable_provider(&parts.integration.name, &error))?;
        let mut secrets = self.flow_secrets(&flow).await?;
        secrets.client = parts.registered.as_ref().map(FlowClient::of);
        secrets.verifier = verifier.map(|verifier| Zeroizing::new(verifier.secret().expose_secret().to_owned()));
        if !self
            .store()
            .send_flow(&flow, &state.digest(), &parts.redirect_uri, &secrets.to_plaintext()?)
            .await?
        {
            return Err(expired());
        }
        Ok(url)
    }
}

fn unreachable_provider(name: &str, error: &protocol::oauth2::TokenError) -> Problem {
    tracing::warn!(%error, integration = name, "the address of a sign-in could not be made");
    Problem::new(
        Kind::Unavailable,
        "provider_unavailable",
        format!("{name} cannot be reached at the moment. Try again in a minute."),
    )
    .with_retry_after(std::time::Duration::from_secs(10))
}
