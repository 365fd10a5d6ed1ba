//! ANY `/v1/passthrough/{path}`: a call to a service through a connection, streamed both ways.
//!
//! Path and query go on as they were sent, byte by byte; what comes back keeps the provider's status and body. Its
//! headers do not speak for our origin: a few plain ones pass, all others under a prefix.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use broker::{Broker, Caller, PassthroughCall};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use protocol::{BodyStream, EgressError};
use tokio::sync::mpsc;

use super::actions::parse_action_id;
use crate::Site;
use crate::envelope::AsItIs;
use crate::key::Authenticated;
use crate::problems::{Kind, Problem};
use crate::requests::Note;

pub(crate) const PREFIX: &str = "/v1/passthrough";
const COPY: &str = "x-pica-passthrough-";
/// Chunks on their way from the caller to the service; the caller waits when they are not taken.
const IN_FLIGHT: usize = 4;

/// Says whose failure an answer is; a provider's own answer never has it.
const SOURCES: [HeaderName; 2] = [
    HeaderName::from_static("x-pica-error-source"),
    HeaderName::from_static("x-latchkey-error-source"),
];

/// Headers that pass under their own name: none of them can make a browser do something on our origin.
const PLAIN: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_RANGE,
    header::CONTENT_DISPOSITION,
    header::ACCEPT_RANGES,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
];

/// Headers of one connection (RFC 9110 §7.6.1) and those that would act on our origin even under a prefix's reading.
const DROPPED: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "set-cookie",
    "set-cookie2",
];

/// The methods that pass.
pub(crate) const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Calls the service's API through the connection named in `x-pica-connection-key` or `x-one-connection-key`.
#[utoipa::path(
    method(get, post, put, patch, delete, head, options), path = "/v1/passthrough/{path}", tag = "Passthrough",
    params(
        ("path" = String, Path, description = "The service's own path and query, sent on unchanged; without one (`/v1/passthrough`) the base address itself is called"),
        ("x-pica-connection-key" = Option<String>, Header, description = "The connection's `key`; this header or the next"),
        ("x-one-connection-key" = Option<String>, Header, description = "The connection's `key`; this header or the one before"),
        ("x-latchkey-host" = Option<String>, Header, description = "Another host of the service, of those that its definition lists; the path stands behind it alone"),
        ("x-pica-action-id" = Option<String>, Header, description = "An action's `systemId`, as a check that the connection is to its service; `x-one-action-id` is the same"),
    ),
    responses(
        (status = "default", description = "The service's status, body and type; its other headers as `x-pica-passthrough-*`. Without `x-latchkey-error-source` the answer is the service's, whatever its status", content_type = "*/*"),
        (status = 400, description = "No connection key, two that differ, an action of another service, or a path that leaves the service"),
        (status = 403, description = "The key does not have the scope `passthrough`"),
        (status = 404, description = "No such connection"),
        (status = 409, description = "The connection is switched off"),
        (status = 408, description = "The body stopped coming for 60 seconds"),
        (status = 424, description = "The connection needs its person, or the service cannot be reached")
    ),
    security(("secret" = []))
)]
pub(crate) async fn call(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    match forward(&broker, &caller.0, &request, body, site.pace.streamed_idle).await {
        Ok(answer) => provider_answer(answer),
        Err(problem) => problem.response(None),
    }
}

/// Marks a failure as ours, whichever part of the server it came from.
pub(crate) fn mark_as_ours(head: &mut HeaderMap) {
    for name in SOURCES {
        head.insert(name, HeaderValue::from_static("latchkey"));
    }
}

async fn forward(
    broker: &Broker,
    caller: &Caller,
    request: &HttpRequest,
    body: web::Payload,
    idle: Duration,
) -> Result<http::Response<BodyStream>, Problem> {
    let stalled = Rc::new(Cell::new(false));
    let note = request.extensions().get::<Arc<Note>>().cloned();
    let call = PassthroughCall {
        connection_key: connection_key(request.headers())?,
        action_of: action_of(broker, request.headers())?,
        method: http::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| Problem::general(Kind::MethodNotAllowed))?,
        path_and_query: raw_target(request),
        headers: onward(request.headers()),
        called: note.as_ref().map(|note| Arc::clone(&note.called)).unwrap_or_default(),
        body: incoming(body, idle, stalled.clone(), note),
    };
    broker.passthrough(caller, call).await.map_err(|problem| {
        if stalled.get() {
            Problem::general(Kind::RequestTimeout)
        } else {
            problem.into()
        }
    })
}

/// The connection key of either header family; two that differ are refused.
fn connection_key(headers: &HeaderMap) -> Result<String, Problem> {
    either(headers, ["x-pica-connection-key", "x-one-connection-key"])
        .map_err(|()| Problem::bad_request("Two different connection keys came with this request. Send one."))?
        .ok_or_else(|| {
            Problem::bad_request(
                "No connection key came with this request. Send the `key` of a connection in `x-pica-connection-key` or \
                 `x-one-connection-key`.",
            )
        })
}

/// The integration whose action is named. Ids from elsewhere mean nothing here: method and path say what is called.
fn action_of(broker: &Broker, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let id = either(headers, ["x-pica-action-id", "x-one-action-id"])
        .map_err(|()| Problem::bad_request("Two different action ids came with this request. Send one, or none."))?;
    let named = id
        .as_deref()
        .and_then(parse_action_id)
        .map(|(integration, _)| integration);
    Ok(named
        .filter(|integration| broker.catalog().get(integration).is_some())
        .map(ToOwned::to_owned))
}

/// The one value of these headers; an error when two differ. An empty one is none.
fn either(headers: &HeaderMap, names: [&str; 2]) -> Result<Option<String>, ()> {
    let mut found: Option<&[u8]> = None;
    for value in names.into_iter().flat_map(|name| headers.get_all(name)) {
        if found.is_some_and(|other| other != value.as_bytes()) {
            return Err(());
        }
        found = Some(value.as_bytes());
    }
    Ok(found
        .and_then(|text| std::str::from_utf8(text).ok())
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty()))
}

/// Path and query as they were sent. Clients made from an OpenAPI text send the whole path as one parameter, with its
/// slashes encoded; only then are they decoded.
fn raw_target(request: &HttpRequest) -> String {
    let uri = request.uri();
    let path = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let inner = path.strip_prefix('/').unwrap_or(path);
    // Without a path it is the base address itself, to which no `/` belongs.
    let path = if path.is_empty() || inner.contains('/') {
        path.to_owned()
    } else {
        format!(
            "/{}",
            inner.replace("%2F", "/").replace("%2f", "/").trim_start_matches('/')
        )
    };
    match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

/// The caller's headers in the outbound client's types. What may not go on is taken out there.
fn onward(headers: &HeaderMap) -> http::HeaderMap {
    headers
        .iter()
        .filter_map(|(name, value)| {
            let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
            Some((name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .fold(http::HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

/// The caller's body. It stays on this worker's thread and is handed over chunk by chunk, so that a slow service slows
/// the caller down instead of filling memory. A caller that sends nothing for `idle` has stalled; waiting for the service
/// does not count.
fn incoming<B>(mut body: B, idle: Duration, stalled: Rc<Cell<bool>>, note: Option<Arc<Note>>) -> BodyStream
where
    B: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    actix_web::rt::spawn(async move {
        loop {
            let chunk = match tokio::time::timeout(idle, body.next()).await {
                Ok(None) => break,
                Ok(Some(chunk)) => chunk.map_err(|error| EgressError::RequestBody(error.to_string())),
                Err(_) => {
                    stalled.set(true);
                    Err(EgressError::RequestBody("it stopped coming".to_owned()))
                }
            };
            if let (Some(note), Ok(chunk)) = (&note, &chunk) {
                note.received(chunk.len());
            }
            let broken = chunk.is_err();
            if sender.send(chunk).await.is_err() || broken {
                break;
            }
        }
    });
    Box::pin(Incoming(receiver))
}

struct Incoming(mpsc::Receiver<Result<Bytes, EgressError>>);

impl Stream for Incoming {
    type Item = Result<Bytes, EgressError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// The service's answer on our origin.
fn provider_answer(answer: http::Response<BodyStream>) -> HttpResponse {
    let (parts, body) = answer.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    for (name, value) in outgoing(&parts.headers) {
        response.append_header((name, value));
    }
    // Whatever it is, a browser that opens it shows text and runs nothing.
    response.insert_header((
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'; frame-ancestors 'none'",
    ));
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let length = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let body = body.map(|chunk| chunk.map_err(std::io::Error::other));
    let mut response = match length {
        Some(length) => response.body(SizedStream::new(length, body)),
        None => response.streaming(body),
    };
    response.extensions_mut().insert(AsItIs);
    response
}

/// Plain headers and prefixed copies.
fn outgoing(headers: &http::HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let named_by_connection: Vec<String> = headers
        .get_all(http::header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| {
            value
                .split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
        .collect();
    let mut out = Vec::new();
    for (name, value) in headers {
        let name = name.as_str();
        let dropped = DROPPED.contains(&name)
            || name.starts_with("access-control-")
            || named_by_connection.iter().any(|named| named == name);
        let (false, Ok(value)) = (dropped, HeaderValue::from_bytes(value.as_bytes())) else {
            continue;
        };
        if let Some(plain) = PLAIN.iter().find(|plain| plain.as_str() == name) {
            out.push((plain.clone(), value.clone()));
        }
        if let Ok(copy) = HeaderName::from_bytes(format!("{COPY}{name}").as_bytes()) {
            out.push((copy, value));
        }
    }
    out
}

#[cfg(test)]
mod tests;
