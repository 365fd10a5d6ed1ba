//! Why a token call failed, and what follows from it.

use std::time::Duration;

use vault::OAuth2Tokens;

use super::Client;
use crate::egress::{EgressError, TimeoutPhase};

/// What a failure means for a connection and its app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The grant is gone: the person must connect again (after one confirmation).
    GrantGone,
    /// The app's registration or secret is wrong: operators must act, connections are untouched.
    AppBroken,
    /// Anything else: try again later.
    Transient,
}

/// A failed token call. Texts of the service are plain, at most 300 characters, and free of every secret that was sent.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// `invalid_grant`: the code or the refresh token is expired, used or revoked (RFC 6749 §5.2).
    #[error("the service no longer accepts this sign-in{}; the person must connect again", said(.provider_code.as_ref()))]
    GrantGone {
        /// The service's code.
        provider_code: Option<String>,
        /// The service's words.
        provider_message: Option<String>,
    },
    /// `invalid_client` or `unauthorized_client`: the app's id, secret or registration is wrong.
    #[error("the service does not accept the OAuth app{}; an operator must check its client id, its secret or key, and its redirect address", said(.provider_code.as_ref()))]
    AppBroken {
        /// The service's code.
        provider_code: Option<String>,
        /// The service's words.
        provider_message: Option<String>,
    },
    /// Another definite OAuth error, as `invalid_scope`.
    #[error("the service refused (HTTP {status}){}; try again, and if it stays so an operator should check the app and its scopes", said(.provider_code.as_ref()))]
    Refused {
        /// HTTP status; 200 where the error stood in a good answer.
        status: u16,
        /// The service's code.
        provider_code: Option<String>,
        /// The service's words.
        provider_message: Option<String>,
    },
    /// The service is busy, failing or out of reach.
    #[error("the service could not answer now: {reason}{}; try again later", said(.provider_code.as_ref()))]
    Transient {
        /// What happened, in our words.
        reason: String,
        /// HTTP status, when there was an answer.
        status: Option<u16>,
        /// How long the service asks to wait, at most an hour.
        retry_after: Option<Duration>,
        /// Whether it is certain that the service saw nothing of the request.
        not_sent: bool,
        /// The service's code.
        provider_code: Option<String>,
        /// The service's words.
        provider_message: Option<String>,
    },
    /// An answer that is no token answer: HTML, a redirect, no token, a malformed one. Counts as transient.
    #[error(
        "the service answered with something that is no token answer (HTTP {status}): {reason}; try again later, and if it stays so an operator should check the token address"
    )]
    Answer {
        /// HTTP status.
        status: u16,
        /// What is wrong with it, in our words.
        reason: &'static str,
        /// The service's code.
        provider_code: Option<String>,
        /// The service's words.
        provider_message: Option<String>,
    },
    /// The definition binds tokens to a key (RFC 9449 §5), and the service gave one that is bound to none.
    #[error(
        "the service gave a token that is not bound to the connection's key (its token_type is not DPoP); an operator must switch DPoP on for the app there, or take `dpop` out of the definition"
    )]
    NotBound {
        /// HTTP status.
        status: u16,
        /// The tokens, with which no call may be made. They are to be revoked, or their refresh token to be kept: the one
        /// that was sent may be spent.
        tokens: Box<OAuth2Tokens>,
    },
    /// The app or the definition lacks something. Nothing was sent.
    #[error("the sign-in is not set up completely: {0}; an operator must correct the app or the definition")]
    Configuration(String),
}

/// Only the code: the service's own sentences may hold anything, and errors are logged.
fn said(code: Option<&String>) -> String {
    code.map(|code| format!(" (“{code}”)")).unwrap_or_default()
}

/// What a log-in with typed-in values failed at, as the end of a refresh: values that are refused are gone.
impl From<crate::CheckError> for TokenError {
    fn from(error: crate::CheckError) -> Self {
        use crate::CheckError;
        match error {
            CheckError::Refused { provider_message, .. } => Self::GrantGone {
                provider_code: None,
                provider_message,
            },
            CheckError::Unavailable {
                reason,
                status,
                retry_after,
            } => Self::Transient {
                reason,
                status,
                retry_after,
                not_sent: false,
                provider_code: None,
                provider_message: None,
            },
            CheckError::Unexpected { status, reason } => Self::Answer {
                status,
                reason,
                provider_code: None,
                provider_message: None,
            },
            CheckError::Key(_) => Self::GrantGone {
                provider_code: None,
                provider_message: None,
            },
            CheckError::Configuration(what) => Self::Configuration(what),
        }
    }
}

impl TokenError {
    /// What follows from it.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::GrantGone { .. } => FailureClass::GrantGone,
            Self::AppBroken { .. } | Self::NotBound { .. } | Self::Configuration(_) => FailureClass::AppBroken,
            Self::Refused { .. } | Self::Transient { .. } | Self::Answer { .. } => FailureClass::Transient,
        }
    }

    /// What follows from it where the definition gives the service's own codes a meaning. Those win over the standard's.
    pub fn class_under(&self, errors: &catalog::RefreshErrors) -> FailureClass {
        let Some(code) = self.provider_code().map(str::to_ascii_lowercase) else {
            return self.class();
        };
        [
            (&errors.grant_gone, FailureClass::GrantGone),
            (&errors.app_broken, FailureClass::AppBroken),
            (&errors.transient, FailureClass::Transient),
        ]
        .into_iter()
        .find_map(|(codes, class)| codes.contains(&code).then_some(class))
        .unwrap_or_else(|| self.class())
    }

    /// Whether the service asks to be left alone for a while (429).
    pub fn is_too_many(&self) -> bool {
        matches!(self, Self::Transient { status: Some(429), .. })
    }

    /// Whether the request went out and no answer of the service came back: it may have been carried out.
    pub fn is_unanswered(&self) -> bool {
        matches!(
            self,
            Self::Transient {
                status: None,
                not_sent: false,
                ..
            }
        )
    }

    /// Whether the service as a whole seems to be away: no answer, an answer of 5xx, or none that a token endpoint gives.
    pub fn is_of_the_service(&self) -> bool {
        match self {
            Self::Transient { status, .. } => status.is_none_or(|status| status >= 500),
            Self::Answer { .. } => true,
            _ => false,
        }
    }

    /// Whether it is certain that the service saw nothing of the request: then the refresh token is certainly unspent.
    pub fn surely_not_sent(&self) -> bool {
        matches!(self, Self::Configuration(_) | Self::Transient { not_sent: true, .. })
    }

    /// How long the service asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The service's error code, as `invalid_grant`.
    pub fn provider_code(&self) -> Option<&str> {
        self.said_by_provider().0
    }

    /// The service's words: plain text, to be shown as text and never as a link.
    pub fn provider_message(&self) -> Option<&str> {
        self.said_by_provider().1
    }

    fn said_by_provider(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::GrantGone {
                provider_code,
                provider_message,
            }
            | Self::AppBroken {
                provider_code,
                provider_message,
            }
            | Self::Refused {
                provider_code,
                provider_message,
                ..
            }
            | Self::Transient {
                provider_code,
                provider_message,
                ..
            }
            | Self::Answer {
                provider_code,
                provider_message,
                ..
            } => (provider_code.as_deref(), provider_message.as_deref()),
            Self::NotBound { .. } | Self::Configuration(_) => (None, None),
        }
    }

    /// The tokens of a refusal, if any, belong to this client.
    pub(super) fn of_client(mut self, client: &Client<'_>) -> Self {
        if let Self::NotBound { tokens, .. } = &mut self {
            client.claim(tokens);
        }
        self
    }

    pub(crate) fn transient(reason: impl Into<String>, not_sent: bool) -> Self {
        Self::Transient {
            reason: reason.into(),
            status: None,
            retry_after: None,
            not_sent,
            provider_code: None,
            provider_message: None,
        }
    }

    /// After the code was spent something failed: it must not be sent again.
    pub(super) fn after_the_code(self) -> Self {
        match self {
            Self::Transient {
                reason,
                status,
                retry_after,
                provider_code,
                provider_message,
                ..
            } => Self::Transient {
                reason,
                status,
                retry_after,
                not_sent: false,
                provider_code,
                provider_message,
            },
            Self::Configuration(_) => Self::Answer {
                status: 200,
                reason: "it lacks what the second exchange sends",
                provider_code: None,
                provider_message: None,
            },
            other => other,
        }
    }

    /// Before the real request something failed, so that the code or refresh token surely was not sent.
    pub(crate) fn before_sending(self) -> Self {
        match self {
            Self::Transient {
                reason,
                status,
                retry_after,
                provider_code,
                provider_message,
                ..
            } => Self::Transient {
                reason,
                status,
                retry_after,
                not_sent: true,
                provider_code,
                provider_message,
            },
            other => other,
        }
    }
}

impl From<EgressError> for TokenError {
    fn from(error: EgressError) -> Self {
        let not_sent = error.surely_not_sent();
        let reason = match &error {
            EgressError::Refused(refusal) => refusal.to_string(),
            EgressError::NotSent(why) => format!("it could not be reached ({why})"),
            EgressError::Interrupted(why) => format!("the connection broke ({why})"),
            EgressError::TooLarge { limit, .. } => format!("its answer is larger than {limit} bytes"),
            EgressError::Timeout {
                phase: TimeoutPhase::Connect,
            } => "it could not be reached in time".to_owned(),
            EgressError::Timeout { .. } => "it did not answer in time".to_owned(),
            other => other.to_string(),
        };
        Self::transient(reason, not_sent)
    }
}
