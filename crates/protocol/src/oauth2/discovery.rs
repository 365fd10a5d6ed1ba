//! Metadata of an authorization server (OpenID Connect Discovery 1.0 §4, RFC 8414), with a small cache.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::error::TokenError;
use super::resource::{Resource, well_known};
use crate::egress::{ANSWER_LIMIT, Egress};
use crate::openid::KeySet;

/// How long a document is used.
const FRESH: Duration = Duration::from_mins(10);
/// How long a failure is not tried again.
const FAILED: Duration = Duration::from_secs(10);
/// How many issuers are remembered. Persons may name issuers, so the number has a limit.
const REMEMBERED: usize = 512;

/// What an authorization server says about itself.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The issuer, letter for letter as it is compared with `iss`.
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) revocation_endpoint: Option<Url>,
    /// Where authorization requests are sent ahead (RFC 9126 §5).
    pub(crate) pushed_endpoint: Option<Url>,
    /// Whether they must be.
    pub(crate) requires_pushed: bool,
    /// Where a code for a person is asked for (RFC 8628 §4).
    pub(crate) device_authorization_endpoint: Option<Url>,
    /// Where clients register themselves (RFC 7591).
    pub(crate) registration_endpoint: Option<Url>,
    /// Whether each authorization response carries `iss` (RFC 9207 §3).
    pub(crate) iss_parameter_supported: bool,
    /// The whole document, as `discovered.NAME` in templates.
    pub(crate) document: Value,
}

pub(crate) type Known<T> = Result<Arc<T>, TokenError>;

/// What was found at an address: ten minutes for a document, ten seconds for a failure.
#[derive(Debug)]
struct Cache<T>(Mutex<HashMap<String, (Instant, Known<T>)>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Cache<T> {
    fn known(&self, address: &str) -> Option<Known<T>> {
        let now = Instant::now();
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(address)
            .filter(|(until, _)| *until > now)
            .map(|(_, known)| known.clone())
    }

    fn keep(&self, address: &str, found: Result<T, TokenError>) -> Known<T> {
        let found = found.map(Arc::new);
        let now = Instant::now();
        let until = now + if found.is_ok() { FRESH } else { FAILED };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= REMEMBERED {
            entries.retain(|_, (until, _)| *until > now);
        }
        if entries.len() >= REMEMBERED {
            entries.clear();
        }
        entries.insert(address.to_owned(), (until, found.clone()));
        found
    }
}

/// What is remembered about authorization servers, and about services that name theirs.
#[derive(Debug, Default)]
pub struct Discovery {
    issuers: Cache<Metadata>,
    servers: Cache<Metadata>,
    resources: Cache<Resource>,
    keys: Cache<KeySet>,
}

impl Discovery {
    /// The metadata of an issuer. An error is always one of before the real request.
    pub(crate) async fn metadata(&self, egress: &Egress, issuer: &Url) -> Known<Metadata> {
        if let Some(known) = self.issuers.known(issuer.as_str()) {
            return known;
        }
        let found = fetch(egress, issuer).await.map_err(TokenError::before_sending);
        self.issuers.keep(issuer.as_str(), found)
    }

    /// The keys of a provider, where they were asked for a short while ago.
    pub(crate) fn known_keys(&self, address: &Url) -> Option<Known<KeySet>> {
        self.keys.known(address.as_str())
    }

    /// Remembers them.
    pub(crate) fn keep_keys(&self, address: &Url, found: Result<KeySet, TokenError>) -> Known<KeySet> {
        self.keys.keep(address.as_str(), found)
    }

    /// What a service says about signing in to it.
    pub(crate) async fn resource(&self, egress: &Egress, url: &Url) -> Known<Resource> {
        if let Some(known) = self.resources.known(url.as_str()) {
            return known;
        }
        let found = self.ask_resource(egress, url).await;
        self.resources.keep(url.as_str(), found)
    }

    /// The metadata of an authorization server that a service named: RFC 8414, else OpenID Connect.
    pub(super) async fn server(&self, egress: &Egress, server: &Url) -> Known<Metadata> {
        if let Some(known) = self.servers.known(server.as_str()) {
            return known;
        }
        let found = fetch_server(egress, server).await.map_err(TokenError::before_sending);
        self.servers.keep(server.as_str(), found)
    }
}

async fn fetch_server(egress: &Egress, server: &Url) -> Result<Metadata, TokenError> {
    let unusable = |why: &str| TokenError::transient(format!("its metadata cannot be used: {why}"), true);
    for name in ["oauth-authorization-server", "openid-configuration"] {
        if let Some(document) = well_known(egress, server, name).await?
            && document
                .get("issuer")
                .and_then(Value::as_str)
                .is_some_and(|said| is_same_issuer(server, said))
        {
            return read(egress, server, document).map_err(|why| unusable(&why));
        }
    }
    fetch(egress, server).await
}

async fn fetch(egress: &Egress, issuer: &Url) -> Result<Metadata, TokenError> {
    let unusable = |why: &str| TokenError::transient(format!("its metadata cannot be used: {why}"), true);
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.as_str().trim_end_matches('/')
    );
    let request = http::Request::get(address)
        .header(http::header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| TokenError::Configuration("the issuer is no address".to_owned()))?;
    let answer = egress.call(request, ANSWER_LIMIT).await?;
    if !answer.status().is_success() {
        return Err(unusable(&format!("HTTP {}", answer.status().as_u16())));
    }
    let document: Value = serde_json::from_slice(answer.body()).map_err(|_| unusable("it is not JSON"))?;
    read(egress, issuer, document).map_err(|why| unusable(&why))
}

fn read(egress: &Egress, issuer: &Url, document: Value) -> Result<Metadata, String> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let endpoint = |name: &str| -> Result<Option<Url>, String> {
        let Some(text) = text(name) else { return Ok(None) };
        let url = Url::parse(text).map_err(|_| format!("{name} is no address"))?;
        egress
            .admit(&url)
            .map_err(|error| format!("{name} is refused: {error}"))?;
        Ok(Some(url))
    };
    let required = |name: &str| endpoint(name)?.ok_or_else(|| format!("{name} is missing"));
    let said = text("issuer").ok_or("issuer is missing")?;
    if !is_same_issuer(issuer, said) {
        return Err("it names another issuer".to_owned());
    }
    Ok(Metadata {
        issuer: said.to_owned(),
        authorization_endpoint: required("authorization_endpoint")?,
        token_endpoint: required("token_endpoint")?,
        revocation_endpoint: endpoint("revocation_endpoint")?,
        pushed_endpoint: endpoint("pushed_authorization_request_endpoint")?,
        requires_pushed: document
            .get("require_pushed_authorization_requests")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        device_authorization_endpoint: endpoint("device_authorization_endpoint")?,
        registration_endpoint: endpoint("registration_endpoint")?,
        iss_parameter_supported: document
            .get("authorization_response_iss_parameter_supported")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        document,
    })
}

/// RFC 8414 §3.3: identical. A parsed address always has a path, so an origin may be written without its last slash.
fn is_same_issuer(asked: &Url, said: &str) -> bool {
    said == asked.as_str() || (asked.path() == "/" && asked.as_str().strip_suffix('/') == Some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_compared_letter_for_letter() {
        let origin = Url::parse("https://id.example.com").unwrap();
        assert!(is_same_issuer(&origin, "https://id.example.com"));
        assert!(is_same_issuer(&origin, "https://id.example.com/"));
        let path = Url::parse("https://id.example.com/realms/a").unwrap();
        assert!(is_same_issuer(&path, "https://id.example.com/realms/a"));
        for other in [
            "https://id.example.com/realms/a/",
            "https://ID.example.com/realms/a",
            "https://id.example.com/realms/b",
            "http://id.example.com/realms/a",
            "https://id.example.com:443/realms/a",
            "https://id.example.com",
            "",
        ] {
            assert!(!is_same_issuer(&path, other), "{other}");
        }
    }
}
