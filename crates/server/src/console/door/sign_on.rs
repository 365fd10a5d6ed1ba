//! Single sign-on: the way to the provider, and back.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, SignOnFor, SignOnRefused, SignedOn, WayBack};
use url::Url;
use vault::Token;

use super::super::operator::{Operator, end_sign_on, keep_sign_on, let_in, sign_on, token, visitor};
use super::super::pages::MessagePage;
use super::super::sent::Sent;
use super::super::{see, show};
use super::{confirm, in_place, inside, sign_in_page};
use crate::Site;
use crate::assets::Assets;
use crate::guard::same_origin;
use crate::headers::Nonce;
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// On the way to the provider. A page and no redirect: forms of ours lead to no other site (`form-action`).
#[derive(Debug, Template)]
#[template(path = "console/door/away.html")]
struct AwayPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    provider: &'a str,
    address: &'a str,
}

/// Sends a browser to the provider.
pub(in super::super) async fn leave(
    broker: &Broker,
    site: &Site,
    request: &HttpRequest,
    wanted: SignOnFor<'_>,
) -> Result<HttpResponse, broker::Problem> {
    // Of two tabs, neither takes the other's way back.
    let browser = sign_on(site, request).unwrap_or_else(Token::generate);
    let address = broker.begin_sign_on(wanted, &browser, &visitor(site, request)).await?;
    let mut response = away(broker, site, &address).map_err(|problem| {
        tracing::error!(%problem, "a page could not be written");
        broker::Problem::new(
            broker::Kind::Internal,
            "page_unwritten",
            "This page could not be written.",
        )
    })?;
    keep_sign_on(&mut response, site, &browser);
    Ok(response)
}

fn away(broker: &Broker, site: &Site, address: &Url) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = AwayPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        provider: broker.single_sign_on().map_or("", |provider| provider.name.as_str()),
        address: address.as_str(),
    };
    show(&nonce, StatusCode::OK, &page)
}

/// A refusal that is said at the form that was sent, a provider that is away too.
pub(in super::super) fn at_the_form(problem: broker::Problem) -> Result<(StatusCode, String), Problem> {
    if problem.key() == "sso_unreachable" {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, problem.message().to_owned()));
    }
    in_place(problem)
}

/// POST `/console/sso/start`: to sign in, or to accept the invitation whose secret is sent.
pub(super) async fn start(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    same_origin(request.headers(), &request.place(&site.public_origin).origin)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let next = inside(sent.text("next"));
    if let Some(secret) = sent.given("secret") {
        let unknown = || {
            Problem::new(
                Kind::NotFound,
                "This invitation does not exist. Copy its whole link again.",
            )
        };
        let secret = Token::parse(secret).ok_or_else(unknown)?;
        let wanted = SignOnFor::Join {
            secret: &secret,
            name: sent.text("name"),
        };
        return match leave(&broker, &site, &request, wanted).await {
            Ok(response) => Ok(response),
            Err(problem) => refused(&site, problem, &WayBack::Invitation),
        };
    }
    match leave(&broker, &site, &request, SignOnFor::SignIn { next }).await {
        Ok(response) => Ok(response),
        Err(problem) => {
            let (status, words) = at_the_form(problem)?;
            sign_in_page(&broker, &site, (status, Some(&words)), next, "", false)
        }
    }
}

/// POST `/console/confirm/sso`
pub(super) async fn confirm_by_it(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let sent = Sent::read(&site, &request, payload).await?;
    let next = inside(sent.text("next"));
    let signed = &operator.0;
    match leave(&broker, &site, &request, SignOnFor::Confirm { signed, next }).await {
        Ok(response) => Ok(response),
        Err(problem) => {
            let (status, words) = at_the_form(problem)?;
            confirm::draw(&broker, &site, signed, next, (status, Some(&words))).await
        }
    }
}

/// GET `/console/sso/callback`
pub(super) async fn callback(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let signed = match token(&site, &request) {
        Some(token) => broker.signed_in(&token).await?,
        None => None,
    };
    let finished = broker
        .finish_sign_on(
            request.query_string(),
            sign_on(&site, &request).as_ref(),
            signed.as_ref(),
            &visitor(&site, &request),
        )
        .await;
    let (cookie, next) = match finished {
        Ok(SignedOn::In { cookie, next } | SignedOn::Confirmed { cookie, next }) => (Some(cookie), next),
        Ok(SignedOn::Joined(cookie)) => (Some(cookie), "/console".to_owned()),
        Ok(SignedOn::Linked) => (None, "/console/account?done=linked".to_owned()),
        Err(SignOnRefused { problem, back }) => return refused(&site, problem, &back),
    };
    let mut response = see(inside(&next));
    if let Some(cookie) = cookie {
        let_in(&mut response, &site, &cookie);
    }
    end_sign_on(&mut response, &site);
    Ok(response)
}

/// A page that says what happened and how to go on. Faults of ours are told as everywhere.
fn refused(site: &Site, problem: broker::Problem, back: &WayBack) -> Result<HttpResponse, Problem> {
    if problem.kind() == broker::Kind::Internal || problem.key() == "database_unavailable" {
        return Err(problem.into());
    }
    let confirm;
    let (title, way_on, way_on_label) = match back {
        WayBack::SignIn => ("You are not signed in", "/console/sign-in", "Go to the sign-in"),
        WayBack::Account => ("Nothing was linked", "/console/account", "Go to your account"),
        WayBack::Invitation => ("You have not joined", "/console/invitation", "Back to the invitation"),
        WayBack::Confirm(next) => {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("next", inside(next))
                .finish();
            confirm = format!("/console/confirm?{query}");
            ("This confirms nothing", confirm.as_str(), "Try again")
        }
    };
    let message = problem.message().to_owned();
    let status = Problem::from(problem).kind().status();
    let nonce = Nonce::generate();
    let page = MessagePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        title,
        message: &message,
        way_on,
        way_on_label,
        reference: None,
    };
    show(&nonce, status, &page)
}
