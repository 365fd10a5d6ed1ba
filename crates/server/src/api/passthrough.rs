//! ANY `/v1/passthrough/{path}`: a call to a service through a connection, streamed both ways.
//!
//! Path and query go on as they were sent, byte by byte; what comes back keeps the provider's status and body. Its
//! headers do not speak for our origin: a few plain ones pass, all others under a prefix.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::SizedStream;
use actix_web::guard::GuardContext;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Caller, PassthroughCall};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use protocol::{BodyStream, EgressError};
use tokio::sync::mpsc;

use crate::envelope::AsItIs;
use crate::key::Authenticated;
use crate::problems::{Kind, Problem};

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
pub(crate) fn is_known_method(context: &GuardContext<'_>) -> bool {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    KNOWN.contains(&context.head().method)
}

/// Calls the service's API through the connection named in `x-pica-connection-key` or `x-one-connection-key`.
#[utoipa::path(
    get, path = "/v1/passthrough/{path}", tag = "Passthrough",
    params(
        ("path" = String, Path, description = "The service's own path and query, sent on unchanged. Also POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("x-pica-connection-key" = String, Header, description = "Or `x-one-connection-key`")
    ),
    responses(
        (status = 200, description = "The service's status, body and type; its other headers as `x-pica-passthrough-*`"),
        (status = 404, description = "No such connection"), (status = 424, description = "The connection needs its person")
    ),
    security(("secret" = []))
)]
pub(crate) async fn call(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    match forward(&broker, &caller.0, &request, body).await {
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
) -> Result<http::Response<BodyStream>, Problem> {
    let call = PassthroughCall {
        connection_key: connection_key(request.headers())?,
        method: http::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| Problem::general(Kind::MethodNotAllowed))?,
        path_and_query: raw_target(request),
        headers: onward(request.headers()),
        body: incoming(body),
    };
    Ok(broker.passthrough(caller, call).await?)
}

/// The connection key of either header family; two that differ are refused.
fn connection_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut found: Option<&[u8]> = None;
    for value in ["x-pica-connection-key", "x-one-connection-key"]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
    {
        if found.is_some_and(|other| other != value.as_bytes()) {
            return Err(Problem::bad_request(
                "Two different connection keys came with this request. Send one.",
            ));
        }
        found = Some(value.as_bytes());
    }
    found
        .and_then(|key| std::str::from_utf8(key).ok())
        .map(|key| key.trim().to_owned())
        .filter(|key| !key.is_empty())
        .ok_or_else(|| {
            Problem::bad_request(
                "No connection key came with this request. Send the `key` of a connection in `x-pica-connection-key` or \
                 `x-one-connection-key`.",
            )
        })
}

/// Path and query as they were sent. Clients made from an OpenAPI text send the whole path as one parameter, with its
/// slashes encoded; only then are they decoded.
fn raw_target(request: &HttpRequest) -> String {
    let uri = request.uri();
    let path = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let inner = path.strip_prefix('/').unwrap_or(path);
    let path = if inner.contains('/') {
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
/// the caller down instead of filling memory.
fn incoming(mut body: web::Payload) -> BodyStream {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    actix_web::rt::spawn(async move {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| EgressError::RequestBody(error.to_string()));
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
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;

    fn target(uri: &str) -> String {
        raw_target(&TestRequest::get().uri(uri).to_http_request())
    }

    #[test]
    fn path_and_query_stay_as_they_were_sent() {
        for path in [
            "/me",
            "/a/b%2Fc/d@e:f,g",
            "/a//b/./c/../d/",
            "/users/%20/x?ids[]=1&ids[]=2&a=b%20c&a=&z",
            "/a/b?x=1+2&y=%7E|%7C&redirect=http://h/p?q=1",
        ] {
            assert_eq!(target(&format!("/v1/passthrough{path}")), path);
        }
    }

    #[test]
    fn a_path_that_came_as_one_parameter_gets_its_slashes_back() {
        assert_eq!(
            target("/v1/passthrough/gmail%2Fv1%2Fusers?x=%2F"),
            "/gmail/v1/users?x=%2F"
        );
        assert_eq!(target("/v1/passthrough/%2F%2Fevil.test%2Fx"), "/evil.test/x");
        assert_eq!(target("/v1/passthrough/"), "/");
        assert_eq!(target("/v1/passthrough"), "/");
    }

    #[test]
    fn one_connection_key_of_either_family() {
        let key = |pairs: &[(&str, &str)]| {
            let request = pairs
                .iter()
                .fold(TestRequest::get(), |request, pair| request.append_header(*pair));
            connection_key(request.to_http_request().headers())
        };
        assert_eq!(key(&[("X-One-Connection-Key", "test::a|u")]).unwrap(), "test::a|u");
        assert_eq!(
            key(&[("x-one-connection-key", "a"), ("x-pica-connection-key", "a")]).unwrap(),
            "a"
        );
        for wrong in [
            &[][..],
            &[("x-pica-connection-key", "")],
            &[("x-one-connection-key", "a"), ("x-pica-connection-key", "b")],
        ] {
            assert_eq!(key(wrong).unwrap_err().kind(), Kind::BadRequest);
        }
    }

    fn provider(headers: &[(&str, &str)], body: &'static str) -> http::Response<BodyStream> {
        let mut response = http::Response::builder().status(404);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let stream: BodyStream = Box::pin(futures_util::stream::iter([Ok(Bytes::from_static(body.as_bytes()))]));
        response.body(stream).unwrap()
    }

    #[actix_web::test]
    async fn a_providers_answer_cannot_act_on_our_origin() {
        let response = provider_answer(provider(
            &[
                ("content-type", "text/html"),
                ("content-length", "5"),
                ("set-cookie", "a=b"),
                ("access-control-allow-origin", "*"),
                ("refresh", "0;url=//evil.test"),
                ("clear-site-data", "\"*\""),
                ("connection", "x-hop"),
                ("x-hop", "1"),
                ("content-security-policy", "default-src *"),
                ("location", "https://evil.test"),
                ("retry-after", "7"),
            ],
            "<b>hi",
        ));
        assert_eq!(response.status(), 404);
        let headers = response.headers();
        assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), "text/html");
        assert_eq!(headers.get("x-pica-passthrough-content-type").unwrap(), "text/html");
        assert_eq!(headers.get("x-pica-passthrough-location").unwrap(), "https://evil.test");
        assert_eq!(headers.get(header::RETRY_AFTER).unwrap(), "7");
        assert_eq!(
            headers.get(header::CONTENT_SECURITY_POLICY).unwrap(),
            "sandbox; default-src 'none'; frame-ancestors 'none'"
        );
        for gone in [
            "set-cookie",
            "x-pica-passthrough-set-cookie",
            "access-control-allow-origin",
            "refresh",
            "location",
            "clear-site-data",
            "x-hop",
            "x-pica-passthrough-x-hop",
            "x-pica-passthrough-connection",
            "x-pica-error-source",
        ] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
        assert!(response.extensions().get::<AsItIs>().is_some());
        assert_eq!(to_bytes(response.into_body()).await.unwrap(), "<b>hi");
    }

    #[actix_web::test]
    async fn a_body_of_unknown_length_streams() {
        let response = provider_answer(provider(&[], "abc"));
        assert_eq!(to_bytes(response.into_body()).await.unwrap(), "abc");
    }
}
