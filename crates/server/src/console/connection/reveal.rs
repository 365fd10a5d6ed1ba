//! The credential itself, shown once.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Permission};
use secrecy::ExposeSecret as _;

use super::super::navigation::Section;
use super::super::operator::{Here, unproved, visitor};
use super::super::pages::{Row, Shell, When};
use super::super::show;
use super::{Path, find, refused};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// `…/reveal`
#[derive(Template)]
#[template(path = "console/reveal.html")]
struct RevealPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    row: Row,
    kind: &'a str,
    values: Vec<(&'a str, &'a str)>,
    ends: Option<When>,
}

/// POST `…/reveal`
pub(super) async fn reveal(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Reveal)?;
    let connection = find(&broker, &caller, &path.2).await?;
    let id = connection.id.to_string();
    if let Some(ask) = unproved(&here.signed, &here.at(&format!("connections/{id}?done=proved"))) {
        return Ok(ask);
    }
    let place = (here.project.id, here.environment);
    let from = visitor(&site, &request).address;
    let revealed = match broker.reveal_credential(&here.signed, place, &id, from).await {
        Ok(revealed) => revealed,
        Err(problem) => return refused(&broker, &site, &here, &connection, problem).await,
    };
    let (catalog, now, nonce) = (broker.catalog(), site.now(), Nonce::generate());
    let values = revealed
        .values
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()));
    let page = RevealPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Connections),
        row: Row::new(&here, &site.assets, &catalog, &connection, now),
        kind: revealed.kind,
        values: values.collect(),
        ends: revealed.expires_at.map(|at| When::new(at, now)),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}
