//! The one mapping of errors to HTTP: every refusal of this server, whatever its cause, leaves as the same JSON body.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::limits::Allowance;

/// What kind of refusal it is. Codes 2000 to 2011 are what published clients know; the rest are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 400
    BadRequest,
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 408
    RequestTimeout,
    /// 409
    Conflict,
    /// 410
    Gone,
    /// 412
    PreconditionFailed,
    /// 413
    PayloadTooLarge,
    /// 415
    UnsupportedMediaType,
    /// 422
    Unprocessable,
    /// 424
    FailedDependency,
    /// 429
    TooManyRequests,
    /// 431
    HeadersTooLarge,
    /// 500
    Internal,
    /// 501
    NotImplemented,
    /// 503
    Unavailable,
}

impl Kind {
    /// Every kind, for the test that walks them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 18] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::Gone,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::Unprocessable,
        Self::FailedDependency,
        Self::TooManyRequests,
        Self::HeadersTooLarge,
        Self::Internal,
        Self::NotImplemented,
        Self::Unavailable,
    ];

    /// Status, `type`, `code` and the general `key` on the wire.
    const fn facts(self) -> (StatusCode, &'static str, u16, &'static str) {
        match self {
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "BadRequest",
                2000,
                "err::application::bad_request",
            ),
            Self::Conflict => (StatusCode::CONFLICT, "Conflict", 2001, "err::application::conflict"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden", 2002, "err::application::forbidden"),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerError",
                2003,
                "err::application::internal_server_error",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                2004,
                "err::application::method_not_allowed",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "NotFound", 2005, "err::application::not_found"),
            Self::NotImplemented => (
                StatusCode::NOT_IMPLEMENTED,
                "NotImplemented",
                2006,
                "err::application::not_implemented",
            ),
            Self::FailedDependency => (
                StatusCode::FAILED_DEPENDENCY,
                "FailedDependency",
                2007,
                "err::application::failed_dependency",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                2008,
                "err::application::service_unavailable",
            ),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequests",
                2009,
                "err::application::too_many_requests",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                2010,
                "err::application::unauthorized",
            ),
            Self::Unprocessable => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "UnprocessableEntity",
                2011,
                "err::application::unprocessable_entity",
            ),
            Self::Gone => (StatusCode::GONE, "Gone", 2012, "err::application::gone"),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLarge",
                2013,
                "err::application::payload_too_large",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                2014,
                "err::application::unsupported_media_type",
            ),
            Self::HeadersTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "RequestHeaderFieldsTooLarge",
                2015,
                "err::application::headers_too_large",
            ),
            Self::RequestTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "RequestTimeout",
                2016,
                "err::application::request_timeout",
            ),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "PreconditionFailed",
                2017,
                "err::application::precondition_failed",
            ),
        }
    }

    /// The HTTP status.
    pub(crate) const fn status(self) -> StatusCode {
        self.facts().0
    }

    /// The nearest kind of a status that the framework made by itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            412 => Self::PreconditionFailed,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            422 => Self::Unprocessable,
            424 => Self::FailedDependency,
            429 => Self::TooManyRequests,
            431 => Self::HeadersTooLarge,
            501 => Self::NotImplemented,
            503 => Self::Unavailable,
            code if code >= 500 => Self::Internal,
            _ => Self::BadRequest,
        }
    }

    /// What is said when nothing better is known.
    const fn general_message(self) -> &'static str {
        match self {
            Self::NotFound => "There is nothing at this address. Check the path and the method against /docs.",
            Self::MethodNotAllowed => "This address does not take this method. Check the method against /docs.",
            Self::RequestTimeout => "The body did not come in time. Check the connection and send the request again.",
            Self::PayloadTooLarge => "The body is larger than this address takes. Send less.",
            Self::HeadersTooLarge => {
                "Address and headers are larger than this server takes. Send fewer or shorter headers."
            }
            Self::Unavailable => "The server cannot answer now. Try again in a few seconds.",
            Self::Internal => {
                "Something failed inside the server. Its operator can find the cause in the log by `correlationId`."
            }
            _ => "The request was not accepted. Check it against /docs.",
        }
    }
}

/// A refusal on its way out.
///
/// `message` is for the caller and never holds a secret; what only the operator may see goes to the log where it
/// happened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Problem {
    kind: Kind,
    key: Cow<'static, str>,
    message: String,
    meta: Option<Value>,
    retry_after: Option<Duration>,
    allowance: Option<Box<Allowance>>,
}

impl Problem {
    /// A refusal with the general key of its kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self::keyed(kind, kind.facts().3, message)
    }

    /// A refusal with its own short key, as `not_from_app`.
    pub(crate) fn keyed(kind: Kind, key: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            key: Cow::Borrowed(key),
            message: message.into(),
            meta: None,
            retry_after: None,
            allowance: None,
        }
    }

    /// A refusal in general words.
    pub(crate) fn general(kind: Kind) -> Self {
        Self::new(kind, kind.general_message())
    }

    /// 400
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// When to try again.
    #[must_use]
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What is left of the limit that was met.
    #[must_use]
    pub(crate) fn with_allowance(mut self, allowance: Allowance) -> Self {
        self.allowance = Some(Box::new(allowance));
        self
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it says no more than its kind does.
    pub(crate) fn is_general(&self) -> bool {
        self.message == self.kind.general_message()
    }

    /// Its short name.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// After how many seconds to try again.
    pub(crate) fn wait(&self) -> Option<u64> {
        // Rounded up: a client that comes back at the second told must be let in.
        let seconds = |wait: Duration| wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.retry_after.map(|wait| seconds(wait).max(1))
    }

    /// The role of the console that it takes, where that is known.
    pub(crate) fn role(&self) -> Option<&str> {
        self.meta.as_ref().and_then(|meta| meta["role"].as_str())
    }

    /// The answer. `correlation` is the id under which the log knows the request.
    pub(crate) fn response(&self, correlation: Option<&str>) -> HttpResponse {
        let (status, name, code, _) = self.kind.facts();
        let body = ErrorBody {
            r#type: name,
            code,
            status: status.as_u16(),
            key: &self.key,
            message: &self.message,
            meta: self.meta.as_ref(),
            correlation_id: correlation,
        };
        let mut response = HttpResponse::build(status);
        if let Some(seconds) = self.wait() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.kind == Kind::Unauthorized {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.kind == Kind::RequestTimeout {
            // The rest of the body may still come; it must not be read as the next request.
            response.force_close();
        }
        let mut response = response.json(body);
        if let Some(allowance) = self.allowance.as_deref() {
            allowance.write(response.headers_mut());
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// The one error body (wire contract §6.3).
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody<'a> {
    /// The kind's name, as `NotFound`.
    r#type: &'static str,
    /// The kind's number, as 2005.
    code: u16,
    /// The HTTP status.
    status: u16,
    /// A short name for machines, stable over versions.
    key: &'a str,
    /// What happened, who can mend it, how.
    message: &'a str,
    /// More for machines, where there is more.
    #[schema(value_type = Option<Value>)]
    meta: Option<&'a Value>,
    /// The id under which the log knows the request.
    correlation_id: Option<&'a str>,
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response(None)
    }
}

impl From<broker::Problem> for Problem {
    fn from(problem: broker::Problem) -> Self {
        let kind = of_broker(problem.kind());
        if matches!(kind, Kind::Internal | Kind::Unavailable) {
            let cause = problem.cause().map(ToString::to_string);
            tracing::error!(key = problem.key(), cause, "{problem}");
        }
        Self {
            kind,
            key: Cow::Borrowed(problem.key()),
            message: problem.message().to_owned(),
            meta: problem.meta().cloned(),
            retry_after: problem
                .retry_after()
                .or((kind == Kind::Unavailable).then_some(Duration::from_secs(3))),
            allowance: None,
        }
    }
}

const fn of_broker(kind: broker::Kind) -> Kind {
    match kind {
        broker::Kind::BadRequest => Kind::BadRequest,
        broker::Kind::Unauthorized => Kind::Unauthorized,
        broker::Kind::Forbidden => Kind::Forbidden,
        broker::Kind::NotFound => Kind::NotFound,
        broker::Kind::Conflict => Kind::Conflict,
        broker::Kind::Gone => Kind::Gone,
        broker::Kind::Unprocessable => Kind::Unprocessable,
        broker::Kind::PreconditionFailed => Kind::PreconditionFailed,
        broker::Kind::TooManyRequests => Kind::TooManyRequests,
        broker::Kind::FailedDependency => Kind::FailedDependency,
        broker::Kind::Internal => Kind::Internal,
        broker::Kind::Unavailable => Kind::Unavailable,
    }
}

#[cfg(test)]
mod tests;
