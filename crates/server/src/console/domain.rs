//! The form with a project's own domain. Two rooms have it, each with its own words around it.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use broker::{Broker, Permission};

use super::operator::Here;
use super::sent::Sent;
use crate::Site;
use crate::problems::Problem;

/// Characters of what was typed that are shown again.
const SHOWN: usize = 300;

/// What became of it.
#[derive(Debug)]
pub(super) enum Answer {
    /// There is a domain from now on.
    Saved,
    /// There is none from now on.
    TakenAway,
    /// Nothing changed.
    Refused { typed: String, problem: broker::Problem },
}

/// Reads the form and does what it asks for. A domain is an address of the whole server, to which a proxy has to bring its
/// requests; so it is for owners.
pub(super) async fn save(
    broker: &Broker,
    site: &Site,
    here: &Here,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Answer, Problem> {
    let caller = here.caller(Permission::Own)?;
    let sent = Sent::read(site, request, payload).await?;
    Ok(match broker.set_domain(&caller, sent.given("domain")).await {
        Ok(Some(_)) => Answer::Saved,
        Ok(None) => Answer::TakenAway,
        Err(problem) => Answer::Refused {
            typed: sent.trimmed("domain").chars().take(SHOWN).collect(),
            problem,
        },
    })
}
