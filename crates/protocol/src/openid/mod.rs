//! Signing people in (OpenID Connect Core 1.0 §3.1): the request, and who its answer names. Discovery, PKCE, the exchange of the
//! code and its errors are those of [`crate::oauth2`].

mod id_token;
mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use catalog::{AuthKind, Inputs, Integration};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use vault::RegisteredClient;

use self::id_token::{Expected, IdToken};
pub use self::id_token::{Identity, RefusedIdToken};
pub(crate) use self::keys::KeySet;
use crate::Protocol;
use crate::oauth2::{Client, ExpectedIssuer, PkceVerifier, TokenError};

/// What is sent and how an answer is read, as for any other authorization server that is found by its issuer.
const DEFINITION: &str = r#"
id: sign-in
name: Single sign-on
description: Who signs in to the console.
categories: [identity]
docs: https://openid.net/specs/openid-connect-core-1_0.html
sources: [https://openid.net/specs/openid-connect-core-1_0.html]
variables:
  issuer: { title: Issuer, type: url, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    discover: { issuer: "${variables.issuer}" }
    scopes: { default: [openid, email, profile], required: [openid] }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.issuer}"
"#;

/// Whoever relies on a provider to say who somebody is: a client of one issuer.
#[derive(Clone)]
pub struct RelyingParty {
    issuer: Url,
    client_id: String,
    client_secret: SecretString,
    redirect_uri: String,
    definition: Arc<Integration>,
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RelyingParty")
            .field("issuer", &self.issuer.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why nobody was identified.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The provider could not be asked, or refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It answered, and what it said of the person does not count.
    #[error("the ID token is refused: {0}")]
    IdToken(#[from] RefusedIdToken),
}

/// What binds an answer to its request. Each is random and used once.
#[derive(Debug)]
pub struct Binding {
    /// Goes through the browser and comes back.
    pub state: String,
    /// Goes through the browser and comes back inside the ID token.
    pub nonce: String,
    /// PKCE (RFC 7636).
    pub verifier: PkceVerifier,
}

impl RelyingParty {
    /// A client of this issuer. `redirect_uri` is where browsers come back to.
    pub fn new(
        issuer: Url,
        client_id: String,
        client_secret: SecretString,
        redirect_uri: String,
    ) -> Result<Self, TokenError> {
        let loaded = catalog::load_sources([("sign-in.yaml", DEFINITION)]);
        if let Some(problem) = loaded.problems.first() {
            return Err(TokenError::Configuration(problem.to_string()));
        }
        let definition = loaded.catalog.iter().next().map(Arc::clone);
        Ok(Self {
            issuer,
            client_id,
            client_secret,
            redirect_uri,
            definition: definition.ok_or_else(|| TokenError::Configuration("no sign-in is defined".to_owned()))?,
        })
    }

    /// The issuer as it is kept beside a subject: the same however the last slash of an origin is written.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// Where browsers come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    fn registered(&self, authentication: &str) -> RegisteredClient {
        RegisteredClient {
            id: self.client_id.clone(),
            secret: Some(self.client_secret.clone()),
            authentication: authentication.to_owned(),
        }
    }

    fn client<'a>(&'a self, registered: &'a RegisteredClient) -> Result<Client<'a>, TokenError> {
        let method = self.definition.auth.first().map(|method| &method.kind);
        let Some(AuthKind::OAuth2(method)) = method else {
            return Err(TokenError::Configuration("no sign-in is defined".to_owned()));
        };
        Ok(Client {
            method,
            client_id: &self.client_id,
            client_secret: Some(&self.client_secret),
            key: None,
            dpop: None,
            redirect_uri: &self.redirect_uri,
            scopes: None,
            registered: Some(registered),
            inputs: Inputs::new().text("variables", "issuer", self.issuer.as_str()),
        })
    }
}

/// How the client proves itself: `client_secret_basic` unless the provider takes only the other (Discovery 1.0 §3).
fn authentication(document: &Value) -> &'static str {
    let methods = document
        .get("token_endpoint_auth_methods_supported")
        .and_then(Value::as_array);
    let takes = |name: &str| methods.is_some_and(|methods| methods.iter().any(|one| one == name));
    if takes("client_secret_post") && !takes("client_secret_basic") {
        "client_secret_post"
    } else {
        "client_secret_basic"
    }
}

impl Protocol {
    async fn about(&self, party: &RelyingParty) -> Result<Value, TokenError> {
        let registered = party.registered("client_secret_basic");
        let document = self.server_document(&party.client(&registered)?).await?;
        document.ok_or_else(|| TokenError::Configuration("the issuer says nothing of itself".to_owned()))
    }

    /// Looks whether the provider says of itself what a sign-in needs.
    pub async fn look_at_provider(&self, party: &RelyingParty) -> Result<(), TokenError> {
        let document = self.about(party).await?;
        self.keys_of(&document).await.map(|_| ())
    }

    /// The address to which a browser is sent. `again`: the provider asks the person to sign in now, even if they are signed in.
    pub async fn authentication_request(
        &self,
        party: &RelyingParty,
        binding: &Binding,
        again: bool,
    ) -> Result<Url, TokenError> {
        let registered = party.registered("client_secret_basic");
        let mut parameters = vec![("nonce".to_owned(), binding.nonce.clone())];
        if again {
            parameters.push(("prompt".to_owned(), "login".to_owned()));
            parameters.push(("max_age".to_owned(), "0".to_owned()));
        }
        self.authorization_address(
            &party.client(&registered)?,
            &binding.state,
            Some(&binding.verifier),
            &parameters,
        )
        .await
    }

    /// What `iss` of the answer must be (RFC 9207).
    pub async fn answering_issuer(&self, party: &RelyingParty) -> Result<Option<ExpectedIssuer>, TokenError> {
        let registered = party.registered("client_secret_basic");
        self.expected_issuer(&party.client(&registered)?).await
    }

    /// Exchanges the code and reads who it was.
    pub async fn identify(
        &self,
        party: &RelyingParty,
        code: &SecretString,
        verifier: &PkceVerifier,
        nonce: &str,
    ) -> Result<Identity, IdentifyError> {
        let document = self.about(party).await?;
        // Before the code is spent: what cannot be checked is not asked for.
        let keys = self.keys_of(&document).await?;
        let registered = party.registered(authentication(&document));
        let client = party.client(&registered)?;
        let granted = self.exchange(&client, code, Some(verifier), &json!({})).await?;
        let token = granted.id_token.ok_or(RefusedIdToken::Missing)?;
        let token = IdToken::read(&token)?;
        let expected = Expected {
            issuer: document.get("issuer").and_then(Value::as_str).unwrap_or_default(),
            audience: &party.client_id,
            nonce,
            now: self.now(),
        };
        match token.verified(&keys, &expected) {
            Err(RefusedIdToken::UnknownKey) => {
                let renewed = self.renewed_keys_of(&document).await?;
                Ok(token.verified(&renewed, &expected)?)
            }
            judged => Ok(judged?),
        }
    }
}
