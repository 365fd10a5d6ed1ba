//! Where a project's modal stands: the pages that may embed it, and its own domain.

use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Permission};

use super::settings::{Given, Shown, draw};
use crate::Site;
use crate::console::domain::{self, Answer};
use crate::console::operator::{Here, Operator};
use crate::console::pages::Notice;
use crate::console::routing::post;
use crate::console::see;
use crate::console::sent::Sent;
use crate::console::team::Wrong;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(
        config,
        "/console/{project}/{environment}/projects/settings/origins/add",
        add,
        2
    );
    post!(
        config,
        "/console/{project}/{environment}/projects/settings/origins/remove",
        remove,
        2
    );
    post!(
        config,
        "/console/{project}/{environment}/projects/settings/domain",
        set_domain
    );
}

/// The place in an address.
type Path = web::Path<(String, String)>;

/// The page again, with what was typed and what is wrong with it.
async fn refused(
    broker: &Broker,
    site: &Site,
    here: &Here,
    field: &'static str,
    given: Given,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    if matches!(problem.kind(), broker::Kind::Internal | broker::Kind::Unavailable) {
        return Err(problem.into());
    }
    let text = problem.message().to_owned();
    let shown = Shown {
        given,
        wrong: Some(Wrong { field, text }),
        ..Shown::default()
    };
    let status = Problem::from(problem).kind().status();
    draw(broker, site, here, shown, status).await
}

/// POST `/console/{project}/{environment}/projects/settings/origins/add`
pub(super) async fn add(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    match broker.add_origin(&caller, sent.text("origin")).await {
        Ok(_) => Ok(see(&here.at("projects/settings?done=added"))),
        Err(problem) => {
            let given = Given {
                origin: sent.text("origin").to_owned(),
                domain: None,
            };
            refused(&broker, &site, &here, "origin", given, problem).await
        }
    }
}

/// POST `/console/{project}/{environment}/projects/settings/origins/remove`
pub(super) async fn remove(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    match broker.remove_origin(&caller, sent.text("origin")).await {
        Ok(()) => Ok(see(&here.at("projects/settings?done=removed"))),
        Err(problem) if problem.kind() == broker::Kind::NotFound => {
            let shown = Shown {
                notice: Some(Notice::bad(problem.message())),
                ..Shown::default()
            };
            let status = Problem::from(problem).kind().status();
            draw(&broker, &site, &here, shown, status).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// POST `/console/{project}/{environment}/projects/settings/domain`
pub(super) async fn set_domain(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    match domain::save(&broker, &site, &here, &request, payload).await? {
        Answer::Saved(leads) => Ok(see(&here.at(&format!("projects/settings?{}", domain::query(&leads))))),
        Answer::TakenAway => Ok(see(&here.at("projects/settings?done=no-domain"))),
        Answer::Refused { typed, problem } => {
            let given = Given {
                origin: String::new(),
                domain: Some(typed),
            };
            refused(&broker, &site, &here, "domain", given, problem).await
        }
    }
}
