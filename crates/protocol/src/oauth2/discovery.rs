//! Metadata of an authorization server (OpenID Connect Discovery 1.0 §4, RFC 8414), with a small cache.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::error::TokenError;
use crate::egress::{ANSWER_LIMIT, Egress};

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
    /// Whether each authorization response carries `iss` (RFC 9207 §3).
    pub(crate) iss_parameter_supported: bool,
    /// The whole document, as `discovered.NAME` in templates.
    pub(crate) document: Value,
}

type Known = Result<Arc<Metadata>, TokenError>;

/// Metadata by issuer: ten minutes for a document, ten seconds for a failure.
#[derive(Debug, Default)]
pub struct Discovery {
    entries: Mutex<HashMap<String, (Instant, Known)>>,
}

impl Discovery {
    /// The metadata of an issuer. An error is always one of before the real request.
    pub(crate) async fn metadata(&self, egress: &Egress, issuer: &Url) -> Known {
        let now = Instant::now();
        if let Some(known) = self.known(issuer.as_str(), now) {
            return known;
        }
        let found = fetch(egress, issuer)
            .await
            .map(Arc::new)
            .map_err(TokenError::before_sending);
        let until = Instant::now() + if found.is_ok() { FRESH } else { FAILED };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= REMEMBERED {
            entries.retain(|_, (until, _)| *until > now);
        }
        if entries.len() >= REMEMBERED {
            entries.clear();
        }
        entries.insert(issuer.as_str().to_owned(), (until, found.clone()));
        found
    }

    fn known(&self, issuer: &str, now: Instant) -> Option<Known> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(issuer)
            .filter(|(until, _)| *until > now)
            .map(|(_, known)| known.clone())
    }
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
