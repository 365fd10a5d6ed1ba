//! Accounts at the provider of single sign-on that sign the person in: linked and unlinked.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, OperatorLoginId, SignOnFor, Signed};
use chrono::{DateTime, Utc};

use super::super::door::{at_the_form, leave};
use super::super::operator::{Operator, unproved};
use super::super::pages::{Notice, When};
use super::super::see;
use super::{BACK, Said, draw};
use crate::Site;
use crate::problems::{Kind, Problem};

/// One of them.
#[derive(Debug)]
pub(super) struct LoginRow {
    pub(super) id: String,
    pub(super) label: String,
    /// Where it is, if that is not the provider that is set up.
    pub(super) elsewhere: Option<String>,
    pub(super) linked: When,
    pub(super) used: Option<When>,
}

/// All of the person's.
pub(super) async fn rows(broker: &Broker, signed: &Signed, now: DateTime<Utc>) -> Result<Vec<LoginRow>, Problem> {
    let issuer = broker.single_sign_on().map(|provider| provider.party.issuer());
    let rows = broker.logins_of(signed).await?.into_iter().map(|login| LoginRow {
        id: login.id.to_string(),
        label: login.label,
        elsewhere: (issuer != Some(login.issuer.as_str())).then_some(login.issuer),
        linked: When::new(login.created_at, now),
        used: login.used_at.map(|used| When::new(used, now)),
    });
    Ok(rows.collect())
}

/// The page again, with what went wrong above everything.
async fn refused(
    broker: &Broker,
    site: &Site,
    signed: &Signed,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    let (status, words) = at_the_form(problem)?;
    let said = Said {
        notice: Some(Notice::bad(&words)),
        ..Said::default()
    };
    draw(broker, site, signed, said, status).await
}

/// POST `/console/account/logins/link`
pub(super) async fn link(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    if let Some(ask) = unproved(&signed, BACK) {
        return Ok(ask);
    }
    match leave(&broker, &site, &request, SignOnFor::Link(&signed)).await {
        Ok(response) => Ok(response),
        Err(problem) => refused(&broker, &site, &signed, problem).await,
    }
}

/// POST `/console/account/logins/{login}/unlink`
pub(super) async fn unlink(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    let login: OperatorLoginId = path.parse().map_err(|_| Problem::general(Kind::NotFound))?;
    if let Some(ask) = unproved(&signed, BACK) {
        return Ok(ask);
    }
    match broker.unlink_login(&signed, login).await {
        Ok(()) => Ok(see("/console/account?done=unlinked")),
        Err(problem) => refused(&broker, &site, &signed, problem).await,
    }
}
