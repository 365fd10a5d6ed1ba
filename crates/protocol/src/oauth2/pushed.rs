//! Pushed authorization requests (RFC 9126): the parameters go from server to server, the browser carries a reference.

use catalog::{Pushed, RequestBody, RequestMethod, TokenRequest};
use secrecy::SecretString;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::request::Draft;
use super::{Client, Metadata, Resolved, TokenError, answer};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;

/// The longest reference that a browser is sent with.
const LONGEST: usize = 2048;

impl Client<'_> {
    /// Where its parameters are sent ahead: where the definition says so, and where the server takes no others.
    pub(super) fn pushed(&self, metadata: Option<&Metadata>) -> Result<Option<Url>, TokenError> {
        let discovered = metadata.and_then(|metadata| metadata.pushed_endpoint.clone());
        match &self.method.authorize.pushed {
            Some(Pushed::To(url)) => self.address(url, "authorize.pushed.url").map(Some),
            Some(Pushed::Discovered) => discovered.map(Some).ok_or_else(|| {
                TokenError::Configuration(
                    "the issuer names no `pushed_authorization_request_endpoint`, and the definition has `authorize.pushed`"
                        .to_owned(),
                )
            }),
            None => Ok(discovered.filter(|_| metadata.is_some_and(|metadata| metadata.requires_pushed))),
        }
    }
}

impl Protocol {
    /// Sends the parameters of an authorization request, which are encoded as in a query; gives the reference.
    pub(super) async fn push(
        &self,
        client: &Client<'_>,
        resolved: &Resolved,
        endpoint: &Url,
        query: &str,
    ) -> Result<String, TokenError> {
        let method = client.method;
        // RFC 9126 §2: a form, and the client proves itself as at the token endpoint.
        let shape = TokenRequest {
            method: RequestMethod::Post,
            body: RequestBody::Form,
            params: Vec::new(),
            ..method.token.clone()
        };
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut draft = Draft::new(client, &shape, (resolved, self.now()))?;
        for (name, value) in &pairs {
            if *name == method.authorize.state {
                draft.secret(name, &SecretString::from(value.as_str()));
            } else if !draft.has(name) {
                draft.plain(Some(name), value);
            }
        }
        let inputs = client.inputs(resolved.metadata.as_deref());
        let (request, scrub) = draft.request(endpoint, "authorize.pushed", &inputs)?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        answer::accepted(answer.status(), answer.headers(), answer.body(), None, &scrub)?;
        read(answer.body()).map_err(|reason| TokenError::Answer {
            status: answer.status().as_u16(),
            reason,
            provider_code: None,
            provider_message: None,
        })
    }
}

/// The reference of an answer (RFC 9126 §2.2). The browser is sent on at once, so any lifetime will do that is one.
fn read(body: &[u8]) -> Result<String, &'static str> {
    let document: Value = serde_json::from_slice(body).map_err(|_| "it is not JSON")?;
    let reference = document
        .get("request_uri")
        .and_then(Value::as_str)
        .filter(|text| (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or("it has no request_uri")?;
    match document.get("expires_in").map(Value::as_f64) {
        None => Ok(reference.to_owned()),
        Some(Some(seconds)) if seconds >= 1.0 => Ok(reference.to_owned()),
        Some(_) => Err("its request_uri has ended already (expires_in)"),
    }
}
