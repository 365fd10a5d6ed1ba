//! What the server says about itself: one span a request, without query strings, and metrics with bounded labels.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// The span of a request: method, route pattern and id. Paths, queries and headers can hold keys, codes and states, so
/// none of them is in it.
pub struct Spans;

impl RootSpanBuilder for Spans {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.request_id_text();
        tracing::info_span!(
            "request",
            method = method_label(request.method()),
            route = route_label(request.match_pattern()),
            correlation_id = id,
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        let _inside = span.enter();
        tracing::info!("answered");
    }
}

/// The id under which logs and error bodies know a request.
pub trait Correlated {
    /// Its text; empty outside the tracing middleware.
    fn request_id_text(&self) -> String;
}

impl<T: actix_web::HttpMessage> Correlated for T {
    fn request_id_text(&self) -> String {
        self.extensions()
            .get::<RequestId>()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}

/// A method as a label: an unknown one must not make a new time series.
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A route pattern as a label.
pub fn route_label(pattern: Option<String>) -> String {
    pattern
        .filter(|pattern| !pattern.is_empty())
        .unwrap_or_else(|| "unmatched".to_owned())
}

/// Counts an answered request.
pub fn answered(method: &'static str, route: String, status: u16, since: Instant) {
    metrics::counter!("latchkey_http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("latchkey_http_request_duration_seconds", "method" => method, "route" => route)
        .record(since.elapsed().as_secs_f64());
}

/// The process's metrics. Installed at the first call; several servers in one process share it.
///
/// # Errors
/// Another recorder was installed before.
pub fn recorder() -> Result<&'static PrometheusHandle, BuildError> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = RECORDER.get() {
        return Ok(handle);
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".to_owned()),
            &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
        )?
        .install_recorder();
    match handle {
        Ok(handle) => Ok(RECORDER.get_or_init(|| handle)),
        // Two servers started at the same moment: the other one won.
        Err(error) => {
            std::thread::sleep(Duration::from_millis(10));
            RECORDER.get().ok_or(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded() {
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(route_label(None), "unmatched");
        assert_eq!(
            route_label(Some("/v1/passthrough/{path}".to_owned())),
            "/v1/passthrough/{path}"
        );
    }

    #[test]
    fn the_recorder_is_shared() {
        let first = recorder().unwrap();
        answered("GET", "/healthz".to_owned(), 200, Instant::now());
        assert!(first.render().contains("latchkey_http_requests_total"));
        assert!(recorder().unwrap().render().contains("/healthz"));
    }
}
