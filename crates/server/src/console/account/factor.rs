//! The second factor: set up, confirmed by a code, recovery codes, switched off.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, FactorSetup, RecoveryCodes, Signed};
use secrecy::ExposeSecret;

use super::super::door::in_place;
use super::super::operator::{Operator, unproved, visitor};
use super::super::pages::{Notice, Shell};
use super::super::sent::Sent;
use super::super::{see, show};
use super::square::Square;
use super::{BACK, Said, draw, shell};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// What an app is given, and the place for its first code.
#[derive(Template)]
#[template(path = "console/account/factor.html")]
struct SetupPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    square: Option<Square>,
    /// In groups of four.
    secret: Vec<&'a str>,
    plain: &'a str,
    url: &'a str,
    problem: Option<&'a str>,
}

/// Recovery codes, once.
#[derive(Template)]
#[template(path = "console/account/codes.html")]
struct CodesPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    /// Whether the factor began to count with them.
    is_first: bool,
    codes: Vec<&'a str>,
    all: String,
}

fn show_setup(
    site: &Site,
    signed: &Signed,
    setup: &FactorSetup,
    (status, problem): (StatusCode, Option<&str>),
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let (plain, url) = (setup.secret.expose_secret(), setup.url.expose_secret());
    let groups = (0..plain.len()).step_by(4);
    let page = SetupPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: shell(signed),
        square: Square::of(url),
        secret: groups.filter_map(|at| plain.get(at..plain.len().min(at + 4))).collect(),
        plain,
        url,
        problem,
    };
    show(&nonce, status, &page)
}

fn show_codes(site: &Site, signed: &Signed, codes: &RecoveryCodes, is_first: bool) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let codes: Vec<&str> = codes.0.iter().map(ExposeSecret::expose_secret).collect();
    let page = CodesPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: shell(signed),
        is_first,
        all: codes.join("\n"),
        codes,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// The account page again, with what went wrong above everything.
async fn refused(
    broker: &Broker,
    site: &Site,
    signed: &Signed,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    let (status, words) = in_place(problem)?;
    let said = Said {
        notice: Some(Notice::bad(&words)),
        ..Said::default()
    };
    draw(broker, site, signed, said, status).await
}

/// POST `/console/account/factor`
pub(super) async fn begin(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    if let Some(ask) = unproved(&signed, BACK) {
        return Ok(ask);
    }
    match broker.begin_factor(&signed, &visitor(&site, &request)).await {
        Ok(setup) => show_setup(&site, &signed, &setup, (StatusCode::OK, None)),
        Err(problem) => refused(&broker, &site, &signed, problem).await,
    }
}

/// POST `/console/account/factor/confirm`
pub(super) async fn confirm(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    let sent = Sent::read(&site, &request, payload).await?;
    let confirmed = broker
        .confirm_factor(&signed, sent.text("code"), &visitor(&site, &request))
        .await;
    match confirmed {
        Ok(codes) => show_codes(&site, &signed, &codes, true),
        Err(problem) if problem.kind() == broker::Kind::Conflict => refused(&broker, &site, &signed, problem).await,
        Err(problem) => {
            let (status, words) = in_place(problem)?;
            let setup = broker.begun_factor(&signed).await?;
            show_setup(&site, &signed, &setup, (status, Some(&words)))
        }
    }
}

/// POST `/console/account/factor/codes`
pub(super) async fn renew_codes(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    if let Some(ask) = unproved(&signed, BACK) {
        return Ok(ask);
    }
    match broker.renew_recovery_codes(&signed, &visitor(&site, &request)).await {
        Ok(codes) => show_codes(&site, &signed, &codes, false),
        Err(problem) => refused(&broker, &site, &signed, problem).await,
    }
}

/// POST `/console/account/factor/remove`
pub(super) async fn remove(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    let sent = Sent::read(&site, &request, payload).await?;
    let removed = broker
        .remove_factor(&signed, sent.text("code"), &visitor(&site, &request))
        .await;
    match removed {
        Ok(()) => Ok(see("/console/account?done=factor-off")),
        Err(problem) if problem.kind() == broker::Kind::Conflict => refused(&broker, &site, &signed, problem).await,
        Err(problem) => {
            let (status, words) = in_place(problem)?;
            let said = Said {
                code: Some(words),
                ..Said::default()
            };
            draw(&broker, &site, &signed, said, status).await
        }
    }
}
