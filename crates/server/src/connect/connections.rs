//! A person's own connections, by the session of the modal or of a link to them.

use actix_web::{HttpResponse, web};
use broker::{Broker, ConnectionId};
use serde::Deserialize;
use serde_json::json;

use crate::guard::{FromOurPage, RequestToken};
use crate::problems::{Kind, Problem};
use crate::{Site, only};

/// The routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/connect/api/connections")
                .route(web::post().to(list))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/connections/{id}/disconnect")
                .route(web::post().to(disconnect))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/connections/{id}/reconnect")
                .route(web::post().to(reconnect))
                .default_service(only("POST")),
        );
}

/// Which page of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    embedder: Option<String>,
    after: Option<ConnectionId>,
}

/// POST `/connect/api/connections`
async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    session: RequestToken,
    body: FromOurPage<Listing>,
) -> Result<HttpResponse, Problem> {
    let listed = broker
        .own_connections(&session.0, body.0.embedder.as_deref(), body.0.after)
        .await?;
    let mut listed = serde_json::to_value(listed).map_err(|_| Problem::general(Kind::Internal))?;
    for connection in listed["connections"].as_array_mut().into_iter().flatten() {
        site.address_logo(connection);
    }
    Ok(HttpResponse::Ok().json(listed))
}

/// Who embeds the modal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pressing {
    embedder: Option<String>,
}

/// POST `/connect/api/connections/{id}/disconnect`
async fn disconnect(
    broker: web::Data<Broker>,
    session: RequestToken,
    id: web::Path<String>,
    body: FromOurPage<Pressing>,
) -> Result<HttpResponse, Problem> {
    let done = broker
        .disconnect(&session.0, body.0.embedder.as_deref(), connection(&id)?)
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "revocation": done.revocation })))
}

/// POST `/connect/api/connections/{id}/reconnect`
async fn reconnect(
    broker: web::Data<Broker>,
    session: RequestToken,
    id: web::Path<String>,
    body: FromOurPage<Pressing>,
) -> Result<HttpResponse, Problem> {
    let opened = broker
        .reconnect_own(&session.0, body.0.embedder.as_deref(), connection(&id)?)
        .await?;
    Ok(HttpResponse::Ok().json(json!({
        "requestId": opened.request_id.expose(),
        "expiresAt": opened.expires_at,
    })))
}

fn connection(id: &str) -> Result<ConnectionId, Problem> {
    id.parse().map_err(|_| Problem::general(Kind::NotFound))
}
