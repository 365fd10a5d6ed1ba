//! The authorization code grant (RFC 6749 §4.1, with PKCE and RFC 9207), the device authorization grant (RFC 8628), refresh
//! and revocation.

mod answer;
mod authorize;
mod callback;
mod client_assertion;
mod device;
mod discovery;
mod dpop;
mod error;
mod expiry;
mod grant;
mod learn;
mod pushed;
mod register;
mod request;
mod resource;
mod revoke;
mod scopes;
mod scrub;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::{ClientAuth, Endpoints, Inputs, OAuth2, RenderError, UrlTemplate};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use vault::{OAuth2Tokens, RegisteredClient};

pub(crate) use self::answer::said;
pub use self::authorize::{PkceVerifier, UnusableVerifier, is_reserved_parameter};
pub(crate) use self::client_assertion::Assertions;
pub use self::device::{DeviceAuthorization, DeviceCode, Polled};
pub use self::discovery::Discovery;
pub(crate) use self::discovery::Metadata;
pub use self::dpop::{DpopKey, NonceWanted};
pub(crate) use self::dpop::{NO_KEY, Nonces, PROOF, Party, asks_at_resource};
pub use self::error::{FailureClass, TokenError};
pub(crate) use self::expiry::{lifetime, told_by_token, until};
pub(crate) use self::learn::learn;
use self::resource::Resource;
pub(crate) use self::scrub::Scrub;

use crate::{Protocol, SigningKey};

/// A client of an authorization server: a definition's sign-in with the app of one project.
#[derive(Clone)]
pub struct Client<'a> {
    /// The sign-in.
    pub method: &'a OAuth2,
    /// The app's client id.
    pub client_id: &'a str,
    /// The app's client secret; public clients have none.
    pub client_secret: Option<&'a SecretString>,
    /// The app's private key, where it proves itself with one.
    pub key: Option<&'a SigningKey>,
    /// The key that the tokens of this grant are bound to, where the definition wants that.
    pub dpop: Option<&'a DpopKey>,
    /// The callback address, letter for letter the same in the authorization and the token request.
    pub redirect_uri: &'a str,
    /// Scopes to ask for in place of the definition's default ones. Its required ones are always added.
    pub scopes: Option<&'a [String]>,
    /// The client that was registered for this grant alone, in place of the app's.
    pub registered: Option<&'a RegisteredClient>,
    /// `variables` and `instance`.
    pub inputs: Inputs<'a>,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl<'a> Client<'a> {
    /// `client_id`.
    fn id(&self) -> &'a str {
        self.registered.map_or(self.client_id, |client| client.id.as_str())
    }

    /// `client_secret`.
    fn secret(&self) -> Option<&'a SecretString> {
        match self.registered {
            Some(client) => client.secret.as_ref(),
            None => self.client_secret,
        }
    }

    /// How it authenticates where the definition declares this.
    fn authentication(&self, declared: ClientAuth) -> ClientAuth {
        match self.registered.map(|client| client.authentication.as_str()) {
            None => declared,
            Some("client_secret_basic") => ClientAuth::Basic,
            Some("client_secret_post") => ClientAuth::Body,
            Some(_) => ClientAuth::None,
        }
    }

    /// The inputs with `app.client_id`, `app.client_secret` and, with metadata, `discovered`.
    fn inputs<'b>(&self, metadata: Option<&'b Metadata>) -> Inputs<'b>
    where
        'a: 'b,
    {
        let mut inputs: Inputs<'b> = self.inputs.clone().text("app", "client_id", self.id());
        if let Some(secret) = self.secret() {
            inputs.insert_text("app", "client_secret", secret.expose_secret());
        }
        if let Some(metadata) = metadata {
            inputs.insert_json("discovered", &metadata.document);
        }
        inputs
    }

    /// The key that its tokens are bound to.
    fn bound(&self) -> Result<Option<&'a DpopKey>, TokenError> {
        match (self.method.dpop, self.dpop) {
            (true, None) => Err(TokenError::Configuration(NO_KEY.to_owned())),
            (_, key) => Ok(key),
        }
    }

    /// An address that the definition writes out.
    fn address(&self, template: &UrlTemplate, at: &str) -> Result<Url, TokenError> {
        template.render(&self.inputs(None)).map_err(unrenderable(at))
    }
}

/// What a grant or a refresh gave.
#[derive(Clone, Debug)]
pub struct Granted {
    /// After a refresh, with the old refresh token where the answer has none.
    pub tokens: OAuth2Tokens,
    /// Whether the answer itself carried a refresh token.
    pub refresh_token_in_answer: bool,
    /// Lifetime of the access token in seconds: the answer's if it makes sense, else the definition's. `None`: it does
    /// not expire by itself.
    pub expires_in: Option<u64>,
    /// The granted scopes, when the answer names them.
    pub scopes: Option<Vec<String>>,
    /// Who the person is in the provider's words (OpenID Connect Core 1.0 §2). Nothing about it was checked.
    pub id_token: Option<SecretString>,
    /// Values to keep with the connection as variables, checked against the definition.
    pub learned: BTreeMap<String, String>,
    /// Variables whose value in the answer is not what the definition allows. At an exchange the grant must not become
    /// a connection then; whoever asked has its tokens to revoke.
    pub forbidden: Vec<String>,
}

/// How a revocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The service confirmed it, or no longer knew the tokens.
    Revoked,
    /// The service has no revocation endpoint, or none for such tokens.
    Unsupported,
}

/// What `iss` in the authorization response must be (RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedIssuer {
    /// Compared letter for letter.
    pub issuer: String,
    /// Whether a response without `iss` must be refused.
    pub required: bool,
}

/// The endpoints that each client has, filled in.
struct Resolved {
    /// None where the person enters a code.
    authorize: Option<Url>,
    token: Url,
    metadata: Option<Arc<Metadata>>,
    /// What the service itself said, where it names its authorization server.
    resource: Option<Arc<Resource>>,
}

pub(crate) fn unrenderable(at: &str) -> impl FnOnce(RenderError) -> TokenError {
    move |error| TokenError::Configuration(format!("`{at}` cannot be filled in: {error}"))
}

impl Protocol {
    async fn resolve(&self, client: &Client<'_>) -> Result<Resolved, TokenError> {
        match &client.method.endpoints {
            Endpoints::Fixed { authorize, token, .. } => Ok(Resolved {
                authorize: match authorize {
                    None => None,
                    Some(page) => Some(self.for_browsers(page, client.address(page, "authorize.url")?)?),
                },
                token: client.address(token, "token.url")?,
                metadata: None,
                resource: None,
            }),
            Endpoints::Discovered { issuer } => {
                let metadata = self.metadata(issuer, &client.inputs(None)).await?;
                Ok(Resolved {
                    authorize: Some(metadata.authorization_endpoint.clone()),
                    token: metadata.token_endpoint.clone(),
                    metadata: Some(metadata),
                    resource: None,
                })
            }
            Endpoints::Resource { resource } => {
                let resource = self.resource(resource, &client.inputs(None)).await?;
                let metadata = &resource.metadata;
                Ok(Resolved {
                    authorize: Some(metadata.authorization_endpoint.clone()),
                    token: metadata.token_endpoint.clone(),
                    metadata: Some(Arc::clone(metadata)),
                    resource: Some(resource),
                })
            }
        }
    }

    /// The address that a browser is sent to. No outbound call guards it, so an origin that came from a variable must
    /// itself be https or allowed; our own public address may be plain http while developing.
    pub(crate) fn for_browsers(&self, template: &UrlTemplate, url: Url) -> Result<Url, TokenError> {
        let ours = template
            .template()
            .names()
            .first()
            .is_some_and(|name| name.namespace == "instance");
        if ours || url.scheme() == "https" || self.egress().admit(&url).is_ok() {
            return Ok(url);
        }
        Err(TokenError::Configuration(format!(
            "the address of the sign-in page at {} is not https, and its origin is not in LATCHKEY_ALLOW_PRIVATE_HOSTS",
            url.origin().ascii_serialization()
        )))
    }

    pub(crate) async fn metadata(
        &self,
        issuer: &UrlTemplate,
        inputs: &Inputs<'_>,
    ) -> Result<Arc<Metadata>, TokenError> {
        let issuer = issuer.render(inputs).map_err(unrenderable("discover.issuer"))?;
        self.discovery().metadata(self.egress(), &issuer).await
    }

    /// What the authorization server says about itself, where a definition finds it by discovery.
    pub async fn server_document(&self, client: &Client<'_>) -> Result<Option<serde_json::Value>, TokenError> {
        let resolved = self.resolve(client).await?;
        Ok(resolved.metadata.map(|metadata| metadata.document.clone()))
    }

    async fn resource(&self, resource: &UrlTemplate, inputs: &Inputs<'_>) -> Result<Arc<Resource>, TokenError> {
        let url = resource.render(inputs).map_err(unrenderable("url"))?;
        self.discovery().resource(self.egress(), &url).await
    }

    /// What `iss` of a callback must be. `None`: nothing is known about the issuer, and `iss` proves nothing.
    ///
    /// An issuer that the definition writes out is always required; one from metadata when the metadata says that
    /// responses carry it.
    pub async fn expected_issuer(&self, client: &Client<'_>) -> Result<Option<ExpectedIssuer>, TokenError> {
        let inputs = client.inputs(None);
        match &client.method.endpoints {
            Endpoints::Fixed { issuer: None, .. } => Ok(None),
            Endpoints::Fixed {
                issuer: Some(issuer), ..
            } => {
                // The host rule is proved on the parsed address; the comparison wants the text as it is written.
                issuer.render(&inputs).map_err(unrenderable("issuer"))?;
                let text = issuer
                    .template()
                    .render(&inputs, catalog::Slot::Plain)
                    .map_err(unrenderable("issuer"))?;
                Ok(Some(ExpectedIssuer {
                    issuer: text.expose_secret().to_owned(),
                    required: true,
                }))
            }
            Endpoints::Discovered { issuer } => {
                let metadata = self.metadata(issuer, &inputs).await?;
                let required = metadata.iss_parameter_supported;
                Ok(Some(ExpectedIssuer {
                    issuer: metadata.issuer.clone(),
                    required,
                }))
            }
            Endpoints::Resource { resource } => {
                let metadata = &self.resource(resource, &inputs).await?.metadata;
                Ok(Some(ExpectedIssuer {
                    issuer: metadata.issuer.clone(),
                    required: metadata.iss_parameter_supported,
                }))
            }
        }
    }
}
