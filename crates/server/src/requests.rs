//! What the log of requests is told: facts about a call with a secret key, put together while it is answered.
//!
//! Nothing here waits or asks the database. A body that is passed through is counted as it goes by; its line is written
//! when it is over.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpResponse, web};
use broker::{Actor, Broker, Called, Caller, Environment, LoggedRequest, ProjectId, RequestId, RequestKind};
use bytes::Bytes;
use store::ApiKeyId;

use crate::api::passthrough;
use crate::envelope::AsItIs;
use crate::problems::Problem;

/// Where callers with a secret key ask.
const PREFIXES: [&str; 2] = ["/v1/", "/internal/v1/"];

/// A request that may get a line.
#[derive(Debug)]
pub(crate) struct Note {
    id: RequestId,
    since: Instant,
    kind: RequestKind,
    method: &'static str,
    path: String,
    query_names: String,
    correlation: String,
    announced: Option<i64>,
    received: AtomicU64,
    caller: OnceLock<(ProjectId, Environment, ApiKeyId)>,
    /// What becomes known of a call to a service.
    pub(crate) called: Arc<Called>,
}

impl Note {
    /// Whose key it came with. A request without one gets no line: it is nobody's.
    pub(crate) fn came_from(&self, caller: &Caller) {
        if let Actor::Key(key) = caller.actor {
            self.caller.get_or_init(|| (caller.project, caller.environment, key));
        }
    }

    /// Bytes of a body that is passed through.
    pub(crate) fn received(&self, bytes: usize) {
        self.received
            .fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
    }

    fn line(&self, end: &End, response_bytes: Option<u64>) -> Option<LoggedRequest> {
        let (project, environment, key) = *self.caller.get()?;
        let passed = self.kind == RequestKind::Passthrough;
        let received = self.received.load(Ordering::Relaxed);
        Some(LoggedRequest {
            id: self.id,
            project,
            environment,
            correlation_id: self.correlation.clone(),
            kind: self.kind,
            method: self.method.to_owned(),
            path: self.path.clone(),
            query_names: self.query_names.clone(),
            host: self.called.host().map(ToOwned::to_owned),
            status: end.status,
            upstream_status: end.is_services.then_some(end.status),
            duration_ms: i32::try_from(self.since.elapsed().as_millis()).unwrap_or(i32::MAX),
            request_bytes: if passed {
                i64::try_from(received).ok()
            } else {
                self.announced
            },
            response_bytes: response_bytes.and_then(|bytes| i64::try_from(bytes).ok()),
            key: Some(key),
            connection: self.called.connection(),
            error_code: end.error_code.clone(),
        })
    }
}

/// How a request ended.
#[derive(Debug)]
struct End {
    status: u16,
    /// Whether a service answered, and not we.
    is_services: bool,
    error_code: Option<String>,
}

/// Takes note of a request, where requests are logged.
pub(crate) fn begin(broker: &Broker, request: &ServiceRequest, correlation: &str) -> Option<Arc<Note>> {
    let path = request.path();
    if !broker.logs_requests() || !PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
        return None;
    }
    let behind = path
        .strip_prefix(passthrough::PREFIX)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let note = Arc::new(Note {
        id: RequestId::generate(),
        since: Instant::now(),
        kind: if behind.is_some() {
            RequestKind::Passthrough
        } else {
            RequestKind::Api
        },
        method: crate::telemetry::method_label(request.method()),
        path: broker::shown_path(behind.unwrap_or(path)),
        query_names: broker::query_names(request.uri().query()),
        correlation: correlation.to_owned(),
        announced: announced.and_then(|value| value.to_str().ok()?.parse().ok()),
        received: AtomicU64::new(0),
        caller: OnceLock::new(),
        called: Arc::default(),
    });
    request.extensions_mut().insert(Arc::clone(&note));
    Some(note)
}

/// Writes the line now, or once the answer's body has gone by.
pub(crate) fn end<B: MessageBody + 'static>(
    broker: &web::Data<Broker>,
    note: Arc<Note>,
    response: ServiceResponse<EitherBody<B>>,
) -> ServiceResponse<EitherBody<B>> {
    if note.caller.get().is_none() {
        return response;
    }
    let end = End::of(&note, response.response());
    if !end.is_services {
        let bytes = match response.response().body().size() {
            BodySize::Sized(bytes) => Some(bytes),
            BodySize::None => Some(0),
            BodySize::Stream => None,
        };
        write(broker, &note, &end, bytes);
        return response;
    }
    let log = (broker.clone(), note, end);
    response
        .map_into_boxed_body()
        .map_body(|_, body| EitherBody::right(BoxBody::new(Counted { body, bytes: 0, log })))
}

/// The same for an answer whose request is gone already.
pub(crate) fn end_without_request(broker: &Broker, note: &Note, response: &HttpResponse) {
    write(broker, note, &End::of(note, response), None);
}

fn write(broker: &Broker, note: &Note, end: &End, bytes: Option<u64>) {
    if let Some(line) = note.line(end, bytes) {
        broker.log_request(line);
    }
}

impl End {
    fn of<B>(note: &Note, response: &HttpResponse<B>) -> Self {
        let extensions = response.extensions();
        let problem = extensions.get::<Problem>().map(|problem| problem.key().to_owned());
        Self {
            status: response.status().as_u16(),
            is_services: note.kind == RequestKind::Passthrough && extensions.get::<AsItIs>().is_some(),
            error_code: problem,
        }
    }
}

/// A service's answer that is counted as it goes by. Its line is written when it is dropped, which is also when the
/// caller goes away.
struct Counted {
    body: BoxBody,
    bytes: u64,
    log: (web::Data<Broker>, Arc<Note>, End),
}

impl MessageBody for Counted {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            self.bytes += u64::try_from(chunk.len()).unwrap_or(0);
        }
        next
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let (broker, note, end) = &self.log;
        write(broker, note, end, Some(self.bytes));
    }
}
