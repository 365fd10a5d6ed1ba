//! POST `/connect/api/codes`: a sign-in with a code that the person enters at the service (RFC 8628).

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, NewCodeRequest};
use serde::Deserialize;
use serde_json::json;

use crate::Site;
use crate::guard::{FromOurPage, RequestToken, Values};
use crate::only;
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// The route of a sign-in with a code.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/connect/api/codes")
            .route(web::post().to(create))
            .default_service(only("POST")),
    );
}

/// A sign-in to begin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beginning {
    integration: String,
    auth: Option<String>,
    #[serde(default)]
    values: Values,
    name: Option<String>,
    embedder: Option<String>,
}

/// POST `/connect/api/codes`
pub(crate) async fn create(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    session: RequestToken,
    body: FromOurPage<Beginning>,
) -> Result<HttpResponse, Problem> {
    let new = NewCodeRequest {
        integration: body.0.integration,
        auth: body.0.auth,
        values: body.0.values.0,
        name: body.0.name,
        embedder: body.0.embedder,
        place: request.place(&site.public_origin),
    };
    // A task of its own: who goes away must not leave a flow half begun.
    let started = tokio::spawn(async move { broker.start_code(&session.0, new).await });
    let started = started.await.map_err(|panic| {
        tracing::error!(%panic, "a sign-in with a code panicked");
        Problem::general(Kind::Internal)
    })??;
    Ok(HttpResponse::Created().json(json!({
        "flow": started.flow.to_string(),
        "result": started.result.expose(),
        "user_code": started.user_code,
        "verification_uri": started.verification_uri,
        "verification_uri_complete": started.verification_uri_complete,
        "expires_in": started.expires_in,
    })))
}
