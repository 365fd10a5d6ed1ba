//! The modal itself, beside the form: its own styles, scripts and texts, with looks that nobody has saved. It holds no
//! session, its policy lets it call nobody, and only our own pages may frame it.

use actix_web::http::StatusCode;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{BrandingDraft, Broker, Permission};
use catalog::Integration;
use serde_json::{Value, json};

use super::fields::Typed;
use crate::Site;
use crate::assets::Assets;
use crate::console::operator::Here;
use crate::console::show_with;
use crate::envelope::AsItIs;
use crate::guard;
use crate::headers::{Nonce, Set};
use crate::problems::Problem;
use crate::texts::Texts;

/// So many services does the preview list.
const SERVICES: usize = 7;

/// `/console/{project}/{environment}/branding/preview`
#[derive(Debug, Template)]
#[template(path = "console/looks/preview.html")]
struct PreviewPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    texts: Texts,
    /// What is saved, as JSON.
    draft: String,
    /// Services to list, as JSON.
    services: String,
}

/// GET `…/branding/preview?locale=de`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let saved = broker.saved_looks(&here.caller(Permission::See)?).await?;
    let catalog = broker.catalog();
    let apps = broker.apps(&here.caller(Permission::See)?).await?;
    let own = apps
        .iter()
        .filter(|app| app.enabled)
        .filter_map(|app| catalog.get(&app.integration));
    let drawn: Vec<_> = catalog.iter().filter(|one| one.logo.is_some()).collect();
    // What people can connect here, then some from all over the alphabet.
    let spread = drawn.iter().step_by((drawn.len() / SERVICES).max(1)).copied();
    let mut listed: Vec<&Integration> = Vec::new();
    for integration in own.map(AsRef::as_ref).chain(spread.map(AsRef::as_ref)) {
        if listed.len() < SERVICES && listed.iter().all(|one| one.id != integration.id) {
            listed.push(integration);
        }
    }
    let services = listed.into_iter().map(|known| {
        json!({
            "id": known.id.as_str(),
            "name": known.name,
            "description": known.description,
            "logo": known.logo.as_deref().and_then(|name| site.assets.logo(name)),
        })
    });
    let nonce = Nonce::generate();
    let page = PreviewPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        texts: Texts::asked_by(&request),
        draft: told(&saved).to_string(),
        services: Value::Array(services.collect()).to_string(),
    };
    show_with(Set::Preview, &nonce, StatusCode::OK, &page)
}

/// POST `…/branding/try`: how the modal would look with what the form holds. Nothing is kept.
pub(super) async fn try_out(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let typed = Typed::read(guard::form(&site, &request, payload).await?);
    let draft = broker.try_branding(&caller, typed.request()?).await?;
    let mut response = HttpResponse::Ok().json(told(&draft));
    response.extensions_mut().insert(AsItIs);
    Ok(response)
}

fn told(draft: &BrandingDraft) -> Value {
    json!({
        "name": draft.name,
        "looks": draft.looks,
        "whiteLabel": draft.looks.white_label,
        "adjusted": draft.adjusted,
        "mistakes": draft.mistakes,
    })
}
