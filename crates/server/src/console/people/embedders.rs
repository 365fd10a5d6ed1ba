//! Pages that embed the modal: which may, and which were refused.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use askama::Template;
use broker::{Broker, Permission};

use super::{Here, HttpRequest, HttpResponse, Notice, Problem, Section, Sent, ServiceConfig, Shell, Site, When};
use super::{page, post, see, show, web};
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/embedders", page);
    post!(config, "/console/{project}/{environment}/embedders/allow", allow);
    post!(config, "/console/{project}/{environment}/embedders/remove", remove);
}

/// A page that was refused.
#[derive(Debug)]
struct Refused {
    origin: String,
    times: i64,
    first: When,
    last: When,
}

/// `/console/{project}/{environment}/embedders`
#[derive(Debug, Template)]
#[template(path = "console/people/embedders.html")]
struct EmbeddersPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// The API's origin.
    api: &'a str,
    notice: Option<Notice>,
    refused: Vec<Refused>,
    allowed: Vec<String>,
    typed: &'a str,
    problem: Option<&'a str>,
    may_manage: bool,
}

/// GET `/console/{project}/{environment}/embedders`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let notice = match query.get("done") {
        Some("allowed") => Some(Notice::good("The page may embed the modal from now on.")),
        Some("removed") => Some(Notice::good("The page may not embed the modal any more.")),
        Some("gone") => Some(Notice::bad(
            "This page was not on the list; somebody else may have taken it off.",
        )),
        _ => None,
    };
    draw(&broker, &site, &here, notice, ("", None), StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    notice: Option<Notice>,
    (typed, problem): (&str, Option<&str>),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let both = broker.embedders(&caller).await?;
    let now = site.now();
    let refused = both.refused.into_iter().map(|one| Refused {
        times: one.times,
        first: When::new(one.first_at, now),
        last: When::new(one.last_at, now),
        origin: one.origin,
    });
    let nonce = Nonce::generate();
    let page = EmbeddersPage {
        nonce: nonce.as_str(),
        api: &site.public_origin,
        assets: &site.assets,
        shell: Shell::of(here, Section::Embedders),
        notice,
        refused: refused.collect(),
        allowed: both.allowed,
        typed,
        problem,
        may_manage: here.may(Permission::Manage),
        here,
    };
    show(&nonce, status, &page)
}

/// POST `/console/{project}/{environment}/embedders/allow`
async fn allow(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let origin = sent.trimmed("origin");
    match broker.add_origin(&caller, origin).await {
        Ok(_) => Ok(see(&here.at("embedders?done=allowed"))),
        Err(problem) if matches!(problem.kind(), broker::Kind::Unprocessable | broker::Kind::Conflict) => {
            let typed = (origin, Some(problem.message()));
            draw(&broker, &site, &here, None, typed, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// POST `/console/{project}/{environment}/embedders/remove`
async fn remove(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let word = match broker.remove_origin(&caller, sent.trimmed("origin")).await {
        Ok(()) => "removed",
        Err(problem) if problem.kind() == broker::Kind::NotFound => "gone",
        Err(problem) => return Err(problem.into()),
    };
    Ok(see(&here.at(&format!("embedders?done={word}"))))
}
