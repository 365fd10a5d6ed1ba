//! Client authentication with a private key: `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core 1.0 §9).

use catalog::{AssertionAudience, ClientAssertion, Endpoints, Slot};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Client, Resolved, TokenError, unrenderable};
use crate::signing::{SigningKey, UnusableKey, object, once};

/// `client_assertion_type` of RFC 7523 §2.2.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// All that assertions of one client to one server have in common.
#[derive(Clone)]
pub(crate) struct Assertions<'a> {
    pub(crate) key: &'a SigningKey,
    pub(crate) written: ClientAssertion,
    pub(crate) client_id: &'a str,
    pub(crate) audience: String,
    pub(crate) now: i64,
}

fn unusable(error: UnusableKey) -> TokenError {
    TokenError::Configuration(format!("the private key of the app cannot be used: {error}"))
}

impl<'a> Assertions<'a> {
    pub(super) fn of(client: &Client<'a>, resolved: &Resolved, now: i64) -> Result<Self, TokenError> {
        let key = client
            .key
            .ok_or_else(|| TokenError::Configuration("the app has no private key".to_owned()))?;
        let written = client.method.assertion;
        let audience = match written.audience {
            AssertionAudience::TokenEndpoint => resolved.token.to_string(),
            AssertionAudience::Issuer => issuer(client, resolved)?,
        };
        Ok(Self {
            key,
            written,
            client_id: client.id(),
            audience,
            now,
        })
    }

    /// One that was never sent: services take the `jti` of each once.
    pub(crate) fn next(&self) -> Result<SecretString, TokenError> {
        let algorithm = self.key.algorithm(self.written.algorithm).map_err(unusable)?;
        let lifetime = i64::try_from(self.written.lifetime).unwrap_or(0);
        let header = object([("kid", json!(self.key.id())), ("typ", json!("JWT"))]);
        let claims = object([
            ("iss", json!(self.client_id)),
            ("sub", json!(self.client_id)),
            ("aud", json!(self.audience)),
            ("jti", json!(once().map_err(unusable)?)),
            ("iat", json!(self.now)),
            ("exp", json!(self.now + lifetime)),
        ]);
        self.key.sign(algorithm, header, claims).map_err(unusable)
    }
}

/// The issuer, letter for letter as it is written.
fn issuer(client: &Client<'_>, resolved: &Resolved) -> Result<String, TokenError> {
    if let Some(metadata) = &resolved.metadata {
        return Ok(metadata.issuer.clone());
    }
    let Endpoints::Fixed {
        issuer: Some(issuer), ..
    } = &client.method.endpoints
    else {
        return Err(TokenError::Configuration("nothing says who the issuer is".to_owned()));
    };
    let text = issuer.template().render(&client.inputs(None), Slot::Plain);
    Ok(text.map_err(unrenderable("issuer"))?.expose_secret().to_owned())
}
