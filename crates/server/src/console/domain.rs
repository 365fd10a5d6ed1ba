//! The form with a project's own domain. Two rooms have it, each with its own words around it.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use broker::{Broker, Leads, Permission};

use super::operator::Here;
use super::pages::Notice;
use super::sent::Sent;
use crate::Site;
use crate::paging::Query;
use crate::problems::Problem;

/// Characters of what was typed that are shown again.
const SHOWN: usize = 300;

/// What became of it.
#[derive(Debug)]
pub(super) enum Answer {
    /// There is a domain from now on, and where it leads.
    Saved(Leads),
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
    let saved = broker.set_domain(&caller, sent.given("domain")).await;
    Ok(match saved {
        Ok(Some(domain)) => Answer::Saved(broker.where_leads(&domain).await),
        Ok(None) => Answer::TakenAway,
        Err(problem) => Answer::Refused {
            typed: sent.trimmed("domain").chars().take(SHOWN).collect(),
            problem,
        },
    })
}

/// The query of the page that says what became of it.
pub(super) const fn query(leads: &Leads) -> &'static str {
    match leads {
        Leads::Here => "done=domain&leads=here",
        Leads::Elsewhere(_) => "done=domain&leads=elsewhere",
        Leads::Nowhere(_) => "done=domain",
    }
}

/// What that page says.
pub(super) fn notice(here: &Here, query: &Query) -> Notice {
    let notice = match query.get("leads") {
        Some("here") => return Notice::good("The domain was saved, and leads to this server."),
        Some("elsewhere") => Notice::bad(
            "The domain was saved, but something else answers there. Have its DNS entry and your proxy bring its requests here.",
        ),
        _ => Notice::attention(
            "The domain was saved. This server could not reach it: have its DNS entry and your proxy bring its requests here, and open it from outside.",
        ),
    };
    if here.may(Permission::Own) {
        notice.leading(here.at("system/checks"), "Run checks")
    } else {
        notice
    }
}
