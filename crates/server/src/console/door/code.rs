//! The second step of the sign-in: the code.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::Broker;

use super::super::operator::{end_half, half, let_in, visitor};
use super::super::sent::Sent;
use super::super::{see, show};
use super::{After, in_place, inside};
use crate::Site;
use crate::assets::Assets;
use crate::guard::same_origin;
use crate::headers::Nonce;
use crate::place::Arrived as _;
use crate::problems::Problem;

/// `/console/sign-in/code`
#[derive(Debug, Template)]
#[template(path = "console/door/code.html")]
struct CodePage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    next: &'a str,
    problem: Option<&'a str>,
}

/// The page's address, on the way to another.
pub(super) fn address(next: &str) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", inside(next))
        .finish();
    format!("/console/sign-in/code?{query}")
}

fn draw(site: &Site, status: StatusCode, next: &str, problem: Option<&str>) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = CodePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        next: inside(next),
        problem,
    };
    show(&nonce, status, &page)
}

/// GET `/console/sign-in/code`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    after: web::Query<After>,
) -> Result<HttpResponse, Problem> {
    match half(&site, &request) {
        Some(half) if broker.is_half_signed_in(&half).await? => draw(&site, StatusCode::OK, &after.next, None),
        _ => Ok(see("/console/sign-in")),
    }
}

/// POST `/console/sign-in/code`
pub(super) async fn send(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    same_origin(request.headers(), &request.place(&site.public_origin).origin)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let Some(half) = half(&site, &request) else {
        return Ok(see("/console/sign-in"));
    };
    let next = sent.text("next");
    let visitor = visitor(&site, &request);
    match broker.finish_sign_in(&half, sent.text("code"), &visitor).await {
        Ok(cookie) => {
            let mut response = see(inside(next));
            let_in(&mut response, &site, &cookie);
            end_half(&mut response, &site);
            Ok(response)
        }
        Err(problem) if problem.kind() == broker::Kind::Gone => {
            let mut response = see("/console/sign-in?over=true");
            end_half(&mut response, &site);
            Ok(response)
        }
        Err(problem) => {
            let (status, problem) = in_place(problem)?;
            draw(&site, status, next, Some(&problem))
        }
    }
}
