//! Where an invitation leads: a new colleague chooses a password, one who is known signs in and joins.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Acceptance, Broker};
use serde::Deserialize;
use serde_json::json;
use vault::SecretString;

use crate::Site;
use crate::assets::Assets;
use crate::console::operator::{Operator, let_in, token, visitor};
use crate::console::routing::{call, page};
use crate::console::show;
use crate::guard::{FromOurPage, TokenText};
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/invitation", page);
    call!(config, "/console/api/invitation", open);
    call!(config, "/console/api/invitation/accept", accept);
    call!(config, "/console/api/invitation/join", join);
}

/// `/console/invitation`
#[derive(Debug, Template)]
#[template(path = "console/team/invitation.html")]
struct InvitationPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shortest: usize,
    longest: usize,
    /// The provider of single sign-on, where one is set up.
    provider: Option<&'a str>,
}

/// GET `/console/invitation`: the same page for every link, known or not. Its script reads the secret behind `#`.
pub(super) async fn page(broker: web::Data<Broker>, site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = InvitationPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shortest: broker::SHORTEST_PASSWORD,
        longest: broker::LONGEST_PASSWORD,
        provider: broker.single_sign_on().map(|provider| provider.name.as_str()),
    };
    show(&nonce, StatusCode::OK, &page)
}

/// Which invitation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    secret: TokenText,
}

/// POST `/console/api/invitation`: what it is for, and whether this browser's operator can join.
pub(super) async fn open(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Which>,
) -> Result<HttpResponse, Problem> {
    let signed = match token(&site, &request) {
        Some(token) => broker.signed_in(&token).await?,
        None => None,
    };
    let view = broker.open_invitation(&body.0.secret.0, signed.as_ref()).await?;
    Ok(HttpResponse::Ok().json(json!({
        "email": view.email,
        "role": view.role.as_str(),
        "project": view.project,
        "known": view.is_known,
        "theirs": view.is_theirs,
        "signed_in_as": signed.map(|signed| signed.operator.email),
    })))
}

/// What a new colleague gives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepting {
    secret: TokenText,
    #[serde(default)]
    name: String,
    password: SecretString,
}

/// POST `/console/api/invitation/accept`: makes the operator, and signs them in.
pub(super) async fn accept(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Accepting>,
) -> Result<HttpResponse, Problem> {
    let body = body.0;
    // Only an invitation: links of other kinds have a page of their own.
    broker.open_invitation(&body.secret.0, None).await?;
    let acceptance = Acceptance {
        email: None,
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

/// POST `/console/api/invitation/join`: gives the role to the operator who is signed in, where the invitation is theirs.
pub(super) async fn join(
    broker: web::Data<Broker>,
    operator: Operator,
    body: FromOurPage<Which>,
) -> Result<HttpResponse, Problem> {
    let project = broker.join(&body.0.secret.0, &operator.0).await?;
    let next = project.map_or_else(|| "/console".to_owned(), |id| format!("/console/{id}/test"));
    Ok(HttpResponse::Ok().json(json!({ "next": next })))
}
