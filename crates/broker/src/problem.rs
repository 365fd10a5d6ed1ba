//! The one error of this layer: what happened, in a form that a caller can act on.

use std::time::Duration;

use serde_json::Value;
use store::StoreError;

/// The family of a problem; the server gives each its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be understood.
    BadRequest,
    /// No key, session or handle that is known.
    Unauthorized,
    /// Known, but not allowed.
    Forbidden,
    /// Not there, or not yours: the same answer.
    NotFound,
    /// Another was first, or the state does not allow it.
    Conflict,
    /// It was there and is over.
    Gone,
    /// Understood, but a value is not acceptable.
    Unprocessable,
    /// It was changed since the caller looked.
    PreconditionFailed,
    /// Too many requests.
    TooManyRequests,
    /// The service that we asked refused.
    FailedDependency,
    /// A fault of ours.
    Internal,
    /// Not now: the database or a service is away.
    Unavailable,
}

impl Kind {
    /// Every kind, for tests that walk them.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Gone,
        Self::Unprocessable,
        Self::PreconditionFailed,
        Self::TooManyRequests,
        Self::FailedDependency,
        Self::Internal,
        Self::Unavailable,
    ];
}

/// A problem with a word for machines and a sentence for people. Never holds a secret.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    key: &'static str,
    message: String,
    meta: Option<Value>,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    /// A problem.
    pub fn new(kind: Kind, key: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            key,
            message: message.into(),
            meta: None,
            retry_after: None,
            cause: None,
        }
    }

    /// Adds details for machines.
    #[must_use]
    pub fn with_meta(mut self, meta: Value) -> Self {
        self.meta = Some(meta);
        self
    }

    /// Adds when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The same with other words for people.
    #[must_use]
    pub(crate) fn reworded(mut self, words: impl FnOnce(&str) -> String) -> Self {
        self.message = words(&self.message);
        self
    }

    /// The family.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The word for machines.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Details for machines.
    pub fn meta(&self) -> Option<&Value> {
        self.meta.as_ref()
    }

    /// When to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.cause.as_deref()
    }

    pub(crate) fn bad_request(key: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, key, message)
    }

    pub(crate) fn unprocessable(key: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Unprocessable, key, message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            "not_found",
            format!("{what} does not exist, or belongs to somebody else."),
        )
    }

    pub(crate) fn internal(message: &str) -> Self {
        Self::new(Kind::Internal, "internal", message)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for Problem {}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Unstorable) {
            let message = "A text holds a character that cannot be stored, such as NUL. Leave it out.";
            return Self::bad_request("value_not_plain", message);
        }
        if error.is_unavailable() {
            tracing::warn!(%error, "the database is not available");
            Self::new(
                Kind::Unavailable,
                "database_unavailable",
                "The database is not available at the moment. Nothing was changed; try again in a few seconds.",
            )
            .with_retry_after(Duration::from_secs(3))
            .with_cause(error)
        } else {
            tracing::error!(%error, "a query failed");
            Self::internal("Something went wrong on our side. The reference helps to find it in the log.")
                .with_cause(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_not_in_the_text() {
        let problem = Problem::internal("It failed.").with_cause(std::io::Error::other("canary"));
        assert!(!problem.to_string().contains("canary"));
        assert!(problem.cause().is_some());
    }
}
