//! Which of our origins a request came to. Found once, by the envelope; a `Host` that nobody stored means our own origin.

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest};
use broker::{Broker, Looks, Place};

use crate::problems::{Kind, Problem};

/// What an own domain serves: the modal, the pages around a sign-in, what they load, and the API.
const SERVED: [&str; 9] = [
    "/embed",
    "/connect/",
    "/connections/oauth/callback",
    "/connections/oauth/jwks/",
    "/oauth/callback",
    "/assets/",
    "/favicon.ico",
    "/v1/",
    "/internal/v1/",
];

/// Finds the place of a request. What belongs to the whole server is not there on a project's own domain.
pub(crate) async fn find(broker: &Broker, request: &ServiceRequest) -> Result<(), Problem> {
    // Whether this process is alive is no question about a domain, nor about the database.
    if request.path() == "/healthz" {
        return Ok(());
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let place = broker.place(host).await;
    let path = request.path();
    if place.project.is_some() && path != "/" && !SERVED.iter().any(|start| path.starts_with(start)) {
        return Err(Problem::general(Kind::NotFound));
    }
    request.extensions_mut().insert(place);
    Ok(())
}

/// The place of a request.
pub(crate) trait Arrived {
    /// Where it came to; our own origin (`main`) unless an own domain is known.
    fn place(&self, main: &str) -> Place;
}

impl Arrived for HttpRequest {
    fn place(&self, main: &str) -> Place {
        self.extensions()
            .get::<Place>()
            .cloned()
            .unwrap_or_else(|| Place::main(main))
    }
}

/// How the project looks whose own domain this is.
pub(crate) fn looks(request: &HttpRequest) -> Option<std::sync::Arc<Looks>> {
    request.extensions().get::<Place>()?.looks.clone()
}
