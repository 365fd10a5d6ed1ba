//! Coming in and going out: the sign-in with its second step, links that let somebody in once, and the page that asks
//! somebody who is in to confirm it.

mod code;
mod confirm;
mod sign_on;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Acceptance, Broker, Entered, OperatorLinkPurpose, SignIn};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

pub(super) use self::sign_on::{at_the_form, leave};
use super::operator::{Operator, let_half_in, let_in, let_out, token, visitor};
use super::pages::{SignInPage, WelcomePage};
use super::routing::{call, form, page, post};
use super::sent::Sent;
use super::{see, show};
use crate::Site;
use crate::guard::{FromOurPage, TokenText, same_origin};
use crate::headers::Nonce;
use crate::place::Arrived as _;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    form!(config, "/console/sign-in", page, sign_in);
    form!(config, "/console/sign-in/code", code::page, code::send);
    form!(config, "/console/confirm", confirm::page, confirm::send);
    post!(config, "/console/confirm/sso", sign_on::confirm_by_it);
    post!(config, "/console/sso/start", sign_on::start, 2);
    page!(config, "/console/sso/callback", sign_on::callback);
    page!(config, "/console/welcome", welcome);
    call!(config, "/console/api/welcome", open);
    call!(config, "/console/api/welcome/accept", accept);
    post!(config, "/console/sign-out", sign_out);
}

/// Where to go after the sign-in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    next: String,
    /// Whether the code came too late.
    #[serde(default)]
    over: bool,
}

/// A page of the console, else its first: no other site is ever led to.
fn inside(next: &str) -> &str {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let fits = next == "/console" || next.starts_with("/console/") || next.starts_with("/console?");
    if plain && fits && !next.contains("//") && !next.starts_with("/console/sign-in") {
        next
    } else {
        "/console"
    }
}

fn sign_in_page(
    broker: &Broker,
    site: &Site,
    (status, problem): (StatusCode, Option<&str>),
    next: &str,
    email: &str,
    is_new: bool,
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = SignInPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        next: inside(next),
        email,
        problem,
        is_new,
        provider: broker.single_sign_on().map(|provider| provider.name.as_str()),
    };
    show(&nonce, status, &page)
}

/// GET `/console/sign-in`
pub(crate) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    after: web::Query<After>,
) -> Result<HttpResponse, Problem> {
    let signed = match token(&site, &request) {
        Some(token) => broker.signed_in(&token).await?,
        None => None,
    };
    if signed.is_some() {
        return Ok(see(inside(&after.next)));
    }
    let is_new = broker.store().count_operators().await.map_err(broker::Problem::from)? == 0;
    let late = "This sign-in took more than five minutes, or was finished elsewhere. Begin again with your password.";
    let problem = after.over.then_some(late);
    sign_in_page(&broker, &site, (StatusCode::OK, problem), &after.next, "", is_new)
}

/// POST `/console/sign-in`
pub(crate) async fn sign_in(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    same_origin(request.headers(), &request.place(&site.public_origin).origin)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let (email, next) = (sent.text("email"), sent.text("next"));
    let sign_in = SignIn {
        email: email.to_owned(),
        password: sent.secret("password"),
    };
    match broker.sign_in(&sign_in, &visitor(&site, &request)).await {
        Ok(Entered::In(cookie)) => {
            let mut response = see(inside(next));
            let_in(&mut response, &site, &cookie);
            Ok(response)
        }
        Ok(Entered::Half(half)) => {
            let mut response = see(&code::address(next));
            let_half_in(&mut response, &site, &half);
            Ok(response)
        }
        Err(problem) => {
            let (status, problem) = in_place(problem)?;
            sign_in_page(&broker, &site, (status, Some(&problem)), next, email, false)
        }
    }
}

/// A refusal that is said at the form, as its status and words. Any other is a page of its own.
pub(super) fn in_place(problem: broker::Problem) -> Result<(StatusCode, String), Problem> {
    use broker::Kind::{Conflict, TooManyRequests, Unauthorized, Unprocessable};
    let words = problem.message().to_owned();
    let is_here = matches!(
        problem.kind(),
        Conflict | TooManyRequests | Unauthorized | Unprocessable
    );
    let problem = Problem::from(problem);
    if is_here {
        Ok((problem.kind().status(), words))
    } else {
        Err(problem)
    }
}

/// POST `/console/sign-out`
pub(crate) async fn sign_out(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
) -> Result<HttpResponse, Problem> {
    broker.sign_out(&operator.0, operator.0.session.id).await?;
    let mut response = see("/console/sign-in");
    let_out(&mut response, &site);
    Ok(response)
}

/// GET `/console/welcome`: the same page for every link, known or not. Its script reads the secret behind `#`.
pub(crate) async fn welcome(broker: web::Data<Broker>, site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = WelcomePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shortest: broker::SHORTEST_PASSWORD,
        longest: broker::LONGEST_PASSWORD,
        development: broker.settings().development,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// Which link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Looking {
    secret: TokenText,
}

/// POST `/console/api/welcome`: what a link is for. One that only signs in is spent, and signs in.
pub(crate) async fn open(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Looking>,
) -> Result<HttpResponse, Problem> {
    let opened = broker.open_operator_link(&body.0.secret.0).await?;
    let view = match opened.purpose() {
        OperatorLinkPurpose::SignIn(_) => {
            let cookie = broker
                .sign_in_by_link(&body.0.secret.0, &visitor(&site, &request))
                .await?;
            let mut response = HttpResponse::Ok().json(json!({ "purpose": "sign_in", "next": "/console" }));
            let_in(&mut response, &site, &cookie);
            return Ok(response);
        }
        OperatorLinkPurpose::Setup => json!({ "purpose": "setup" }),
        OperatorLinkPurpose::Reset(_) => json!({ "purpose": "reset" }),
        OperatorLinkPurpose::Invitation { email, role, .. } => {
            json!({ "purpose": "invitation", "email": email, "role": role.as_str() })
        }
    };
    Ok(HttpResponse::Ok().json(view))
}

/// What the person gives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accepting {
    secret: TokenText,
    email: Option<String>,
    #[serde(default)]
    name: String,
    password: SecretString,
}

/// POST `/console/api/welcome/accept`
pub(crate) async fn accept(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Accepting>,
) -> Result<HttpResponse, Problem> {
    let body = body.0;
    let acceptance = Acceptance {
        email: body.email,
        name: body.name,
        password: body.password,
    };
    let cookie = broker
        .accept_operator_link(&body.secret.0, &acceptance, &visitor(&site, &request))
        .await?;
    let mut response = HttpResponse::Ok().json(json!({ "next": "/console" }));
    let_in(&mut response, &site, &cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn only_pages_of_the_console_are_led_to() {
        let page = "/console/0192/test/connections?state=failed";
        assert_eq!(inside(page), page);
        for next in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/console//evil.example",
            "/consoleevil",
            "/console/../v1",
            "/console/\\evil.example",
            "/console/sign-in?next=/console/sign-in",
            "/console/a\r\nSet-Cookie: x",
        ] {
            let led = inside(next);
            assert!(led == "/console" || next == "/console/../v1", "{next} leads to {led}");
        }
    }
}
