//! Who calls the API: an access token (RFC 6750) or an API key.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use store::sandbox::{Access, Account};
use store::{Store, StoreError};
use vault::Digest;

use crate::answer;
use crate::scope::Scope;

/// The header of an API key.
pub(crate) const API_KEY: &str = "x-api-key";

/// Whoever sent a request with a good credential.
#[derive(Debug)]
pub(crate) enum Caller {
    /// An access token speaks for an account.
    Account {
        client: uuid::Uuid,
        account: Account,
        scopes: Vec<String>,
    },
    /// An API key speaks for itself. `digest` is the hex SHA-256 of it, `sites` how many sites it reaches.
    Key { digest: String, sites: usize },
}

impl Caller {
    /// The caller of a request.
    pub(crate) async fn of(store: &Store, headers: &HeaderMap) -> Result<Self, AccessError> {
        match presented(headers)? {
            Presented::Key(key) => {
                if !key_is_good(key) {
                    return Err(AccessError::Key);
                }
                Ok(Self::Key {
                    digest: hex::encode(Digest::of(key).as_bytes()),
                    sites: sites_of_key(key),
                })
            }
            Presented::Token(token) => match store.sandbox_access(Digest::of(token)).await? {
                Access::Granted {
                    client,
                    account,
                    scopes,
                } => Ok(Self::Account {
                    client,
                    account,
                    scopes,
                }),
                Access::Expired => Err(AccessError::Token("the access token has expired")),
                Access::Revoked => Err(AccessError::Token("the access token was revoked")),
                Access::Unknown => Err(AccessError::Token("the access token is unknown")),
            },
        }
    }

    /// The caller, if it may do what `scope` allows. An API key may do all.
    pub(crate) async fn with(store: &Store, headers: &HeaderMap, scope: Scope) -> Result<Self, AccessError> {
        let caller = Self::of(store, headers).await?;
        match &caller {
            Self::Account { scopes, .. } if !scopes.iter().any(|name| name == scope.as_str()) => {
                Err(AccessError::Scope(scope))
            }
            _ => Ok(caller),
        }
    }

    /// Whose items these are.
    pub(crate) fn owner(&self) -> String {
        match self {
            Self::Account { client, account, .. } => format!("client:{client}:{}", account.as_str()),
            Self::Key { digest, .. } => format!("key:{digest}"),
        }
    }
}

/// The digest of the access token in a request, good or not; `None` where there is none, or more than a token.
pub(crate) fn access_token(headers: &HeaderMap) -> Option<Digest> {
    match presented(headers) {
        Ok(Presented::Token(token)) => Some(Digest::of(token)),
        _ => None,
    }
}

/// Any key of ours is good, but for those that say that they were revoked.
fn key_is_good(key: &str) -> bool {
    key.starts_with("sandbox_key_") && !key.starts_with("sandbox_key_revoked")
}

/// `sandbox_key_sites_N` reaches N sites, a thousand at most; every other key one.
fn sites_of_key(key: &str) -> usize {
    let number = key.strip_prefix("sandbox_key_sites_");
    number
        .and_then(|number| number.parse().ok())
        .map_or(1, |number: usize| number.min(1000))
}

#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Token(&'a str),
    Key(&'a str),
}

fn presented(headers: &HeaderMap) -> Result<Presented<'_>, AccessError> {
    let mut given = headers.get_all(AUTHORIZATION).map(|value| (true, value));
    let mut keys = headers.get_all(API_KEY).map(|value| (false, value));
    let first = given.next().or_else(|| keys.next());
    if given.next().is_some() || keys.next().is_some() {
        return Err(AccessError::Twice);
    }
    let (is_authorization, value) = first.ok_or(AccessError::Missing)?;
    let text = value.to_str().map_err(|_| AccessError::Missing)?.trim();
    if !is_authorization {
        return Ok(Presented::Key(text));
    }
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Presented::Token(token.trim())),
        _ => Err(AccessError::Missing),
    }
}

/// Why a request may not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("send an access token as Authorization: Bearer, or an API key as X-Api-Key")]
    Missing,
    #[error("send one credential, not several")]
    Twice,
    #[error("{0}")]
    Token(&'static str),
    #[error("the API key is not valid: it begins with sandbox_key_ and was not revoked")]
    Key,
    #[error("the access token does not allow this: it needs the scope {}", .0.as_str())]
    Scope(Scope),
    #[error("the sandbox cannot use its database")]
    Store(#[from] StoreError),
}

impl AccessError {
    /// The `error` of RFC 6750 §3.1 and the challenge, where there is one.
    fn parts(&self) -> (StatusCode, &'static str, Option<String>) {
        const REALM: &str = r#"realm="Latchkey sandbox""#;
        match self {
            // No error code for a request without credential (RFC 6750 §3).
            Self::Missing => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                Some(format!("Bearer {REALM}")),
            ),
            Self::Twice => (StatusCode::BAD_REQUEST, "invalid_request", None),
            Self::Token(why) => {
                let challenge = format!(r#"Bearer {REALM}, error="invalid_token", error_description="{why}""#);
                (StatusCode::UNAUTHORIZED, "invalid_token", Some(challenge))
            }
            Self::Key => (
                StatusCode::UNAUTHORIZED,
                "invalid_api_key",
                Some(format!("ApiKey {REALM}")),
            ),
            Self::Scope(scope) => {
                let scope = scope.as_str();
                let challenge = format!(r#"Bearer {REALM}, error="insufficient_scope", scope="{scope}""#);
                (StatusCode::FORBIDDEN, "insufficient_scope", Some(challenge))
            }
            Self::Store(error) if error.is_unavailable() => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", None)
            }
            Self::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", None),
        }
    }
}

impl ResponseError for AccessError {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, challenge) = self.parts();
        if let Self::Store(error) = self {
            tracing::error!(%error, "the sandbox could not use the database");
        }
        let mut response = answer::json(status);
        if let Some(challenge) = challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, "2"));
        }
        response.json(json!({ "error": code, "error_description": self.to_string() }))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> Result<String, AccessError> {
        let mut request = TestRequest::get();
        for header in headers {
            request = request.append_header(*header);
        }
        presented(request.to_http_request().headers()).map(|found| format!("{found:?}"))
    }

    #[test]
    fn one_credential_is_read() {
        assert_eq!(read(&[("authorization", "bearer  abc ")]).unwrap(), r#"Token("abc")"#);
        assert_eq!(
            read(&[("X-Api-Key", "sandbox_key_1")]).unwrap(),
            r#"Key("sandbox_key_1")"#
        );
        assert!(matches!(read(&[]), Err(AccessError::Missing)));
        assert!(matches!(
            read(&[("authorization", "Basic abc")]),
            Err(AccessError::Missing)
        ));
        let both = [("authorization", "Bearer a"), ("x-api-key", "b")];
        assert!(matches!(read(&both), Err(AccessError::Twice)));
        assert!(matches!(read(&[both[1], both[1]]), Err(AccessError::Twice)));
        assert!(matches!(read(&[both[0], both[0]]), Err(AccessError::Twice)));
    }

    #[test]
    fn keys_are_good_unless_they_say_otherwise() {
        for good in ["sandbox_key_", "sandbox_key_ok", "sandbox_key_ok_1"] {
            assert!(key_is_good(good), "{good}");
        }
        for bad in [
            "",
            "sandbox_key",
            "sk_test_1",
            "sandbox_key_revoked",
            "sandbox_key_revoked_2",
            " sandbox_key_ok",
        ] {
            assert!(!key_is_good(bad), "{bad}");
        }
    }

    #[test]
    fn refusals_carry_a_challenge() {
        let challenge = |error: AccessError| {
            let response = error.error_response();
            let header = response
                .headers()
                .get(WWW_AUTHENTICATE)
                .map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), header.unwrap_or_default())
        };
        assert_eq!(
            challenge(AccessError::Missing),
            (401, r#"Bearer realm="Latchkey sandbox""#.to_owned())
        );
        let (status, header) = challenge(AccessError::Token("the access token has expired"));
        assert_eq!(status, 401);
        assert!(header.contains(r#"error="invalid_token""#), "{header}");
        assert_eq!(challenge(AccessError::Key).0, 401);
        let (status, header) = challenge(AccessError::Scope(Scope::Items));
        assert_eq!(status, 403);
        assert!(header.contains(r#"scope="items""#), "{header}");
        assert_eq!(challenge(AccessError::Twice), (400, String::new()));
    }
}
