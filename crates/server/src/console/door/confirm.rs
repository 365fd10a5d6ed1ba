//! Confirming that it is you, for what a session alone must not do.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Proof, Signed};

use super::super::operator::{Operator, let_in, visitor};
use super::super::sent::Sent;
use super::super::{see, show};
use super::{After, in_place, inside};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// `/console/confirm`
#[derive(Debug, Template)]
#[template(path = "console/door/confirm.html")]
struct ConfirmPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    email: &'a str,
    next: &'a str,
    has_password: bool,
    has_factor: bool,
    /// With which it can be confirmed, too.
    provider: Option<&'a str>,
    problem: Option<&'a str>,
}

pub(super) async fn draw(
    broker: &Broker,
    site: &Site,
    signed: &Signed,
    next: &str,
    (status, problem): (StatusCode, Option<&str>),
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let can_sign_on = broker.can_sign_on(signed).await?;
    let provider = broker.single_sign_on().filter(|_| can_sign_on);
    let page = ConfirmPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        email: &signed.operator.email,
        next: inside(next),
        has_password: broker.has_password(signed).await?,
        has_factor: broker.factor_of(signed).await?.is_some(),
        provider: provider.map(|provider| provider.name.as_str()),
        problem,
    };
    show(&nonce, status, &page)
}

/// GET `/console/confirm`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    after: web::Query<After>,
) -> Result<HttpResponse, Problem> {
    draw(&broker, &site, &operator.0, &after.next, (StatusCode::OK, None)).await
}

/// POST `/console/confirm`
pub(super) async fn send(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let sent = Sent::read(&site, &request, payload).await?;
    let proof = Proof {
        password: sent.secret("password"),
        code: sent.text("code").to_owned(),
    };
    let next = sent.text("next");
    match broker.prove_again(&operator.0, &proof, &visitor(&site, &request)).await {
        Ok(cookie) => {
            let mut response = see(inside(next));
            let_in(&mut response, &site, &cookie);
            Ok(response)
        }
        Err(problem) => {
            let (status, problem) = in_place(problem)?;
            draw(&broker, &site, &operator.0, next, (status, Some(&problem))).await
        }
    }
}
