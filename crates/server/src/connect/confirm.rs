//! `/connect/confirm`: a person says that the sign-in is theirs, where the browser alone could not prove it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, ConfirmView};
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::json;

use super::flows::flow_id;
use super::pages::{Brand, ConfirmPage, Named};
use super::{Message, cookies, page as show, query_value};
use crate::Site;
use crate::guard::FromOurPage;
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};
use crate::texts::Texts;

/// GET `/connect/confirm?f=`. Without this browser's cookie nothing is said about the flow.
pub(crate) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let flow = query_value(&request, "f").and_then(|text| flow_id(&text).ok());
    let browser = cookies::Kind::Browser.read(&request, site.secure);
    let texts = Texts::on_the_way(&request, site.secure);
    let (Some(flow), Some(browser)) = (flow, browser) else {
        return nothing(&site, &request, texts);
    };
    match broker.confirm_view(flow, &browser).await {
        Ok(view) => written(&site, texts, &flow.to_string(), &view),
        Err(problem) if matches!(problem.kind(), broker::Kind::Unavailable | broker::Kind::Internal) => {
            Err(problem.into())
        }
        Err(_) => nothing(&site, &request, texts),
    }
}

fn written(site: &Site, texts: Texts, flow: &str, view: &ConfirmView) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let service_logo = view.integration_logo.as_deref().and_then(|name| site.assets.logo(name));
    let origin = view.embedder.as_deref().map(host);
    let template = ConfirmPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        brand: Brand::of(view.looks.clone()),
        texts,
        flow,
        app: Named {
            name: &view.app_name,
            logo_url: None,
        },
        service: Named {
            name: &view.integration_name,
            logo_url: service_logo.as_deref(),
        },
        access: &view.access,
        owner: view.owner.as_deref(),
        origin: origin.as_deref(),
        started_at: &view.started_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        code_required: view.asks_code,
    };
    show(Set::Confirm, &nonce, StatusCode::OK, &template)
}

/// The host that people know a page by.
fn host(origin: &str) -> String {
    origin.split_once("://").map_or(origin, |(_, host)| host).to_owned()
}

fn nothing(site: &Site, request: &HttpRequest, texts: Texts) -> Result<HttpResponse, Problem> {
    Message::named(texts, "confirm-nothing").page(site, request, StatusCode::NOT_FOUND)
}

/// The person's answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    flow: String,
    code: Option<String>,
    accept: bool,
}

/// POST `/connect/api/confirm`
pub(crate) async fn answer(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Answer>,
) -> Result<HttpResponse, Problem> {
    let gone = || {
        Problem::keyed(
            Kind::Gone,
            "flow_expired",
            "This sign-in is over, or it was started in another browser.",
        )
    };
    let browser = cookies::Kind::Browser.read(&request, site.secure).ok_or_else(gone)?;
    let url = broker
        .confirm(flow_id(&body.0.flow)?, &browser, body.0.code.as_deref(), body.0.accept)
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}
