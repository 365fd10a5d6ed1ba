//! Errors of the OAuth endpoints, in the form of RFC 6749 §4.1.2.1 and §5.2.

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use store::StoreError;

use crate::answer;
use crate::parameters::Repeated;

/// The `error` of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UnsupportedTokenType,
    AccessDenied,
    TemporarilyUnavailable,
    ServerError,
}

impl ErrorCode {
    /// The registered name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::AccessDenied => "access_denied",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// An error with a sentence for developers. The sentence keeps to the characters that RFC 6749 allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub(crate) struct OAuthError {
    pub(crate) code: ErrorCode,
    pub(crate) description: String,
}

impl OAuthError {
    pub(crate) fn new(code: ErrorCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }
}

impl From<Repeated> for OAuthError {
    fn from(Repeated(name): Repeated) -> Self {
        Self::invalid_request(format!("{name} is given more than once"))
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the sandbox could not use the database");
        if error.is_unavailable() {
            Self::new(
                ErrorCode::TemporarilyUnavailable,
                "the sandbox cannot reach its database, try again",
            )
        } else {
            Self::new(ErrorCode::ServerError, "the sandbox failed, its log says why")
        }
    }
}

/// The answer of the token and revocation endpoints.
impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = answer::json(self.code.status());
        match self.code {
            ErrorCode::InvalidClient => {
                response.insert_header((WWW_AUTHENTICATE, r#"Basic realm="Latchkey sandbox""#));
            }
            ErrorCode::TemporarilyUnavailable => {
                response.insert_header((RETRY_AFTER, "2"));
            }
            _ => {}
        }
        response.json(json!({ "error": self.code.as_str(), "error_description": self.description }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_status_and_headers_of_the_standard() {
        let refused = OAuthError::new(ErrorCode::InvalidClient, "x").error_response();
        assert_eq!(refused.status(), 401);
        assert!(refused.headers().contains_key(WWW_AUTHENTICATE));
        let gone = OAuthError::new(ErrorCode::InvalidGrant, "x").error_response();
        assert_eq!(gone.status(), 400);
        assert_eq!(gone.headers().get("cache-control").unwrap(), "no-store");
        let away = OAuthError::new(ErrorCode::TemporarilyUnavailable, "x").error_response();
        assert_eq!(
            (
                away.status().as_u16(),
                away.headers().get(RETRY_AFTER).unwrap().to_str().unwrap()
            ),
            (503, "2")
        );
    }
}
