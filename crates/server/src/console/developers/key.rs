//! One key: replace it, end it.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{ApiKeyId, Broker, KeyView, Scope};

use super::super::navigation::Section;
use super::super::operator::{Here, Operator, unproved};
use super::super::pages::{Notice, Shell};
use super::super::routing::{page, post};
use super::super::{see, show};
use super::keys::{KeyRow, words};
use super::secrets::{Shown, show_secret};
use super::{Sent, Thing};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/keys/{key}", page);
    post!(config, "/console/{project}/{environment}/keys/{key}/roll", roll);
    post!(config, "/console/{project}/{environment}/keys/{key}/revoke", revoke);
}

#[derive(Debug, Template)]
#[template(path = "console/developers/key.html")]
struct KeyPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    row: KeyRow,
    id: String,
    scopes: Vec<(String, &'static str)>,
    addresses: &'a [String],
    /// The page of the key in its place.
    replaced_by: Option<String>,
    /// The id that a new key will have.
    new_id: String,
    /// Whether this operator may make such a key.
    may_roll: bool,
    requests: String,
    api: String,
}

fn draw(
    site: &Site,
    here: &Here,
    view: &KeyView,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    let key = &view.key;
    let known = |name: &String| name.parse::<Scope>().ok();
    let nonce = Nonce::generate();
    let page = KeyPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Keys),
        notice,
        row: KeyRow::new(here, view, site.now()),
        id: key.id.to_string(),
        scopes: key
            .scopes
            .iter()
            .map(|name| {
                (
                    name.clone(),
                    known(name).map_or("This version does not know it.", words),
                )
            })
            .collect(),
        addresses: &key.ip_allow,
        replaced_by: key.replaced_by.map(|id| here.at(&format!("keys/{id}"))),
        new_id: ApiKeyId::generate().to_string(),
        may_roll: key
            .scopes
            .iter()
            .all(|name| known(name).is_some_and(|scope| keeper.may_give(scope))),
        requests: here.at(&format!("requests?key={}", key.id)),
        api: format!("{}/v1/management/keys/{}", site.public_origin, key.id),
        here,
    };
    show(&nonce, status, &page)
}

/// GET `…/keys/{key}`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    let view = broker.kept_key(&keeper, &path.2).await?;
    draw(&site, &here, &view, None, StatusCode::OK)
}

/// POST `…/keys/{key}/roll`
async fn roll(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    if let Some(ask) = unproved(&here.signed, &here.at(&format!("keys/{}", path.2))) {
        return Ok(ask);
    }
    let sent = Sent::read(&site, &request, payload).await?;
    let (hours, words) = match sent.trimmed("overlap") {
        "1h" => (1, "in an hour"),
        "7d" => (7 * 24, "in a week"),
        _ => (24, "in a day"),
    };
    let new = sent.trimmed("id").parse().unwrap_or_else(|_| ApiKeyId::generate());
    match broker
        .roll_key(&keeper, &path.2, new, Duration::from_hours(hours))
        .await
    {
        Ok(made) => show_secret(&site, &here, &Shown::key(&here, &site, &made, Some(words))),
        Err(problem) if problem.kind() == broker::Kind::NotFound => Err(problem.into()),
        Err(problem) => {
            let notice = Notice::bad(problem.message());
            let status = Problem::from(problem).kind().status();
            let view = broker.kept_key(&keeper, &path.2).await?;
            draw(&site, &here, &view, Some(notice), status)
        }
    }
}

/// POST `…/keys/{key}/revoke`
async fn revoke(broker: web::Data<Broker>, operator: Operator, path: Thing) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    broker.revoke_key(&keeper, &path.2).await?;
    Ok(see(&here.at("keys?done=revoked")))
}
