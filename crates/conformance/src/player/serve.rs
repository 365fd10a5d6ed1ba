//! HTTPS on a port of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Address, Asked, Reply, Role, lock};
use crate::authority::Authority;

/// Begins to listen.
pub(super) async fn start(authority: Authority, role: Arc<Mutex<Option<Role>>>) -> Result<SocketAddr, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(authority));
    let acceptor = TlsAcceptor::from(Arc::new(configuration));
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, role) = (acceptor.clone(), Arc::clone(&role));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
                let service = service_fn(|request| {
                    let (role, name) = (Arc::clone(&role), name.clone());
                    async move { Ok::<_, Infallible>(answer(request, &name, &role).await) }
                });
                let serving =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A client that hangs up is no trouble of ours.
                drop(serving.await);
            });
        }
    });
    Ok(address)
}

async fn answer(
    request: hyper::Request<Incoming>,
    name: &str,
    role: &Mutex<Option<Role>>,
) -> hyper::Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let reply = match Address::parse(&format!("https://{host}{target}")) {
        // The name in the handshake is the one that the certificate was checked against.
        Ok(_) if host != name => Reply::json(421, &json!({ "error": format!("{host} is not {name}") })),
        Ok(address) => {
            let asked = Asked {
                method: parts.method.to_string(),
                address,
                headers: headers.collect(),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            match lock(role).as_mut() {
                Some(role) => role.answer(&asked),
                None => Reply::json(503, &json!({ "error": "nothing is played" })),
            }
        }
        Err(error) => Reply::json(400, &json!({ "error": error })),
    };
    let mut answer = hyper::Response::new(Full::new(Bytes::from(reply.body)));
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    *answer.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or_default();
    answer
        .headers_mut()
        .entry("content-type")
        .or_insert(http::HeaderValue::from_static("application/json"));
    answer
}
