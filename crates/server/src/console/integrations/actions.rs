//! What is done to an integration: its switch, its app, its check, and agreement to new addresses.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Permission, SANDBOXES};

use super::app_form::Sent;
use super::catalogue::Filters;
use super::one::{self, Path, Shown};
use super::{field, place, shelved};
use crate::Site;
use crate::console::operator::{Here, Operator};
use crate::console::pages::Notice;
use crate::console::see;
use crate::guard;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// POST `…/integrations/{integration}/switch`
pub(super) async fn switch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let form = guard::form(&site, &request, payload).await?;
    let on = field(&form, "on") != "false";
    let id = path.2.as_str();
    let signed = &here.signed;
    signed.require(here.project.id, Permission::Build)?;
    let known = shelved(&broker, &here, id).await?;
    broker.switch_integration(signed, place(&here), id, on).await?;
    if on && SANDBOXES.contains(&id) {
        // Its client is ours to make. Answers go on to the project's own domain, where they did.
        let origin = known.app.map(|app| app.callback_origin);
        let own = origin.filter(|origin| here.project.domain.as_ref() == Some(origin));
        crate::enable_sandbox(&broker, here.project.id, id, own.as_deref()).await?;
    }
    let back = form.iter().find(|(name, _)| name == "back");
    Ok(see(&match back {
        Some((_, query)) => {
            let filters = Filters::read(&Query::parse(query));
            format!("{}#{id}", filters.address(&here, Some(("switched", id))))
        }
        None => here.at(&format!("integrations/{id}?done=switched")),
    }))
}

/// POST `…/integrations/{integration}/app`
pub(super) async fn save(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.signed.require(here.project.id, Permission::Build)?;
    let form = guard::form(&site, &request, payload).await?;
    let shelved = shelved(&broker, &here, &path.2).await?;
    let sent = Sent::read(&form, &shelved);
    let wanted = sent.wanted(&shelved);
    let kept = match wanted {
        Ok(wanted) => broker.set_integration(&here.signed, place(&here), wanted).await,
        Err(problem) => Err(problem),
    };
    match kept {
        Ok(_) => Ok(see(&here.at(&format!("integrations/{}?done=saved", path.2)))),
        Err(problem) => {
            let message = match problem.key() {
                // What was typed in stays on this page.
                "proof_needed" => format!(
                    "This address decides where secrets go, and you confirmed more than ten minutes ago that it is you. Do so at {}/console/confirm in another tab, then save here.",
                    site.public_origin
                ),
                _ => problem.message().to_owned(),
            };
            let shown = Shown {
                sent: Some((sent, problem.key(), message, problem.meta().cloned())),
                status: Some(Problem::from(problem).kind().status()),
                ..Shown::default()
            };
            one::draw(&broker, &site, &here, &path.2, shown).await
        }
    }
}

/// POST `…/integrations/{integration}/doctor`
pub(super) async fn doctor(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.signed.require(here.project.id, Permission::Build)?;
    shelved(&broker, &here, &path.2).await?;
    let shown = match broker.examine_app_for(&here.signed, place(&here), &path.2).await {
        Ok(found) => Shown {
            diagnosis: Some(found),
            ..Shown::default()
        },
        Err(problem) if problem.kind() == broker::Kind::TooManyRequests => Shown {
            too_soon: Some(problem.message().to_owned()),
            status: Some(Kind::TooManyRequests.status()),
            ..Shown::default()
        },
        Err(problem) => return Err(problem.into()),
    };
    one::draw(&broker, &site, &here, &path.2, shown).await
}

/// POST `…/integrations/{integration}/agree/{change}`
pub(super) async fn agree(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    match broker.agree(&caller, &path.3).await {
        Ok(_) => Ok(see(&here.at(&format!("integrations/{}?done=agreed", path.2)))),
        Err(problem) if problem.kind() == broker::Kind::NotFound => {
            let gone =
                "This change does not wait any more: somebody agreed to it, or the definition was changed again.";
            let shown = Shown {
                notice: Some(Notice::bad(gone)),
                status: Some(Kind::NotFound.status()),
                ..Shown::default()
            };
            one::draw(&broker, &site, &here, &path.2, shown).await
        }
        Err(problem) => Err(problem.into()),
    }
}
