//! The project's own domain, beside the looks that people see there.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Permission};

use super::{Said, draw};
use crate::Site;
use crate::console::domain::{self, Answer};
use crate::console::operator::Here;
use crate::console::refusal::Refusal;
use crate::console::see;
use crate::problems::Problem;

/// POST `…/branding/domain`
pub(super) async fn save(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (typed, problem) = match domain::save(&broker, &site, &here, &request, payload).await? {
        Answer::Saved(leads) => return Ok(see(&here.at(&format!("branding?{}", domain::query(&leads))))),
        Answer::TakenAway => return Ok(see(&here.at("branding?done=no-domain"))),
        Answer::Refused { typed, problem } => (typed, problem),
    };
    let view = broker.shown_branding(&here.caller(Permission::Own)?).await?;
    let Refusal { message, status } = problem.into();
    let said = Said {
        domain: Some((typed, message)),
        ..Said::default()
    };
    draw(&site, &here, &view, said, status)
}
