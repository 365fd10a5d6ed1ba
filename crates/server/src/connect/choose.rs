//! A sign-in that reaches several accounts: the list, the person's choice, and the page that shows both in the window that
//! was at the service. And what a grant left out, granted to the same connection.

use actix_web::http::{StatusCode, header};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Chooser};
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::json;
use store::FlowId;
use vault::Token;

use super::events::Watched;
use super::flows::{Nothing, flow_id};
use super::pages::ChoosePage;
use super::{brand_here, cookies, page as show, query_value};
use crate::Site;
use crate::guard::{FromOurPage, RequestToken, bearer, session_here};
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};
use crate::texts::Texts;
use crate::{only, reading};

/// The routes of a choice.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/connect/choose")
                .route(reading().to(page))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/connect/api/flows/{flow}/choices")
                .route(web::post().to(choices))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/flows/{flow}/choose")
                .route(web::post().to(choose))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/flows/{flow}/widen")
                .route(web::post().to(widen))
                .default_service(only("POST")),
        );
}

/// GET `/connect/choose?f=`. What does not wait for a choice, or not in this browser, is the done page's to say.
pub(crate) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let flow = query_value(&request, "f").and_then(|text| flow_id(&text).ok());
    let browser = cookies::Kind::Browser.read(&request, site.secure);
    let Some(flow) = flow else {
        return Ok(see(&"/connect/done"));
    };
    if !broker.waits_for_choice(flow, browser.as_ref()).await? {
        return Ok(see(&format!("/connect/done?f={flow}")));
    }
    let nonce = Nonce::generate();
    let template = ChoosePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        texts: Texts::on_the_way(&request, site.secure),
        brand: brand_here(&request),
        flow: &flow.to_string(),
    };
    show(Set::Pass, &nonce, StatusCode::OK, &template)
}

/// 303 to another page of ours.
pub(super) fn see(address: &dyn std::fmt::Display) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address.to_string()))
        .finish()
}

/// Who asks: the modal's session when it is sent, else the browser that holds the flow.
enum Asking {
    Session(Token),
    Browser(Token),
}

impl Asking {
    async fn of(request: &HttpRequest, site: &Site) -> Result<Self, Problem> {
        if let Some(session) = bearer(request.headers()) {
            session_here(request, &session).await?;
            return Ok(Self::Session(session));
        }
        cookies::Kind::Browser
            .read(request, site.secure)
            .map(Self::Browser)
            .ok_or_else(super::flows::unknown)
    }

    fn chooser(&self) -> Chooser<'_> {
        match self {
            Self::Session(session) => Chooser::Session(session),
            Self::Browser(browser) => Chooser::Browser(browser),
        }
    }
}

/// POST `/connect/api/flows/{flow}/choices`: what there is to choose from.
pub(crate) async fn choices(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    flow: web::Path<String>,
    request: HttpRequest,
    _body: FromOurPage<Nothing>,
) -> Result<HttpResponse, Problem> {
    let asking = Asking::of(&request, &site).await?;
    let view = broker.choices(flow_id(&flow)?, asking.chooser()).await?;
    let mut view = serde_json::to_value(view).map_err(|_| Problem::general(Kind::Internal))?;
    let logo = view["service"]["logo"].as_str().and_then(|name| site.assets.logo(name));
    view["service"]["logo"] = json!(logo);
    Ok(HttpResponse::Ok().json(view))
}

/// A place in the list; none to stop.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Picking {
    pick: Option<u32>,
}

/// POST `/connect/api/flows/{flow}/choose`: the person's choice.
pub(crate) async fn choose(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    watched: web::Data<Watched>,
    flow: web::Path<String>,
    request: HttpRequest,
    body: FromOurPage<Picking>,
) -> Result<HttpResponse, Problem> {
    let asking = Asking::of(&request, &site).await?;
    let pick = body.0.pick.map(|pick| usize::try_from(pick).unwrap_or(usize::MAX));
    let flow: FlowId = flow_id(&flow)?;
    let answer = broker.choose(flow, asking.chooser(), pick).await;
    watched.moved();
    Ok(HttpResponse::Ok().json(json!({ "url": answer? })))
}

/// POST `/connect/api/flows/{flow}/widen`: a session that grants the rest to the connection which this flow made.
pub(crate) async fn widen(
    broker: web::Data<Broker>,
    flow: web::Path<String>,
    session: RequestToken,
    _body: FromOurPage<Nothing>,
) -> Result<HttpResponse, Problem> {
    let widening = broker.widen(&session.0, flow_id(&flow)?).await?;
    Ok(HttpResponse::Created().json(json!({
        "requestId": widening.request_id.expose(),
        "expiresAt": widening.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    })))
}
