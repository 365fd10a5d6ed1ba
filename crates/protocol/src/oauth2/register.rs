//! Dynamic client registration (RFC 7591): where nobody registered an app, each connection gets a client of its own.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use secrecy::SecretString;
use serde_json::{Value, json};
use vault::RegisteredClient;

use super::error::TokenError;
use super::{Client, Metadata, Scrub, said};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;

/// Ways in which our clients authenticate, the one that needs no secret first.
const AUTHENTICATION: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

impl Protocol {
    /// Registers a client at the service's authorization server. `name` is what its page of consent shows.
    pub async fn register(&self, client: &Client<'_>, name: &str) -> Result<RegisteredClient, TokenError> {
        let resolved = self.resolve(client).await?;
        let metadata = resolved
            .metadata
            .ok_or_else(|| TokenError::Configuration("nothing says where clients are registered".to_owned()))?;
        let Some(endpoint) = &metadata.registration_endpoint else {
            return Err(TokenError::Configuration(
                "the service takes no clients that register themselves".to_owned(),
            ));
        };
        let wish = json!({
            "client_name": name,
            "redirect_uris": [client.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": authentication(&metadata)?,
        });
        let request = http::Request::post(endpoint.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(Bytes::from(wish.to_string()))
            .map_err(|_| TokenError::Configuration("the registration endpoint is no address".to_owned()))?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        let document: Option<Value> = serde_json::from_slice(answer.body()).ok();
        if !answer.status().is_success() {
            let (code, message) = document.as_ref().map_or((None, None), said);
            let scrub = Scrub::default();
            return Err(TokenError::Refused {
                status: answer.status().as_u16(),
                provider_code: code.and_then(|code| scrub.code(code)),
                provider_message: message.and_then(|message| scrub.message(message)),
            });
        }
        let text = |name: &str| document.as_ref()?.get(name)?.as_str().filter(|text| !text.is_empty());
        let malformed = |reason| TokenError::Answer {
            status: answer.status().as_u16(),
            reason,
            provider_code: None,
            provider_message: None,
        };
        let id = text("client_id").ok_or_else(|| malformed("it has no client_id"))?;
        let secret = text("client_secret");
        // RFC 7591 §2: the default where the answer does not say, which it should.
        let otherwise = if secret.is_some() {
            "client_secret_basic"
        } else {
            "none"
        };
        let authentication = text("token_endpoint_auth_method").unwrap_or(otherwise);
        if !AUTHENTICATION.contains(&authentication) || (authentication != "none" && secret.is_none()) {
            return Err(malformed("it names a client authentication that we do not have"));
        }
        Ok(RegisteredClient {
            id: id.to_owned(),
            secret: secret.map(SecretString::from),
            authentication: authentication.to_owned(),
        })
    }
}

/// The first of ours that the server has; RFC 8414 §2: Basic alone where it does not say.
fn authentication(metadata: &Metadata) -> Result<&'static str, TokenError> {
    let Some(supported) = metadata.document.get("token_endpoint_auth_methods_supported") else {
        return Ok("client_secret_basic");
    };
    let supports = |name: &str| {
        supported
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == name))
    };
    AUTHENTICATION
        .into_iter()
        .find(|name| supports(name))
        .ok_or_else(|| TokenError::Configuration("the service takes no client authentication of ours".to_owned()))
}
