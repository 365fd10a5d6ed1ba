//! `/connect/link/{id}`: a link, as mails carry it and customers' backends make it. Its secret stands behind `#`, so
//! opening the page says nothing to the server and spends nothing; nor does the look that the page's script takes.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;
use serde::Deserialize;
use serde_json::json;

use super::pages::LinkPage;
use super::{brand_here, page as show};
use crate::Site;
use crate::guard::{FromOurPage, TokenText};
use crate::headers::{Nonce, Set};
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};
use crate::texts::Texts;
use crate::{only, reading};

/// The routes of links.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/connect/link/{id}")
                .route(reading().to(page))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/connect/api/links/peek")
                .route(web::post().to(peek))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/links/open")
                .route(web::post().to(open))
                .default_service(only("POST")),
        );
}

/// The page: the same for every link, known or not.
pub(crate) async fn page(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let template = LinkPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        brand: brand_here(&request),
        texts: Texts::asked_by(&request),
    };
    show(Set::Full, &nonce, StatusCode::OK, &template)
}

/// Which link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Looking {
    secret: TokenText,
}

/// POST `/connect/api/links/peek`
pub(crate) async fn peek(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Looking>,
) -> Result<HttpResponse, Problem> {
    let place = request.place(&site.public_origin).project;
    let view = broker.link_view(&body.0.secret.0, place).await?;
    let mut view = serde_json::to_value(view).map_err(|_| Problem::general(Kind::Internal))?;
    if view["service"].is_object() {
        site.address_logo(&mut view["service"]);
    }
    for service in view["services"].as_array_mut().into_iter().flatten() {
        site.address_logo(service);
    }
    Ok(HttpResponse::Ok().json(view))
}

/// The button was pressed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pressing {
    secret: TokenText,
    click: bool,
}

/// POST `/connect/api/links/open`
pub(crate) async fn open(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Pressing>,
) -> Result<HttpResponse, Problem> {
    if !body.0.click {
        return Err(Problem::keyed(
            Kind::BadRequest,
            "not_pressed",
            "A link is opened by a press of its button. Send `click: true` with it.",
        ));
    }
    let place = request.place(&site.public_origin).project;
    let opened = broker.open_link(&body.0.secret.0, place).await?;
    Ok(HttpResponse::Ok().json(json!({
        "requestId": opened.request_id.expose(),
        "expiresAt": opened.expires_at,
    })))
}
