//! The end of a project: what goes is said in numbers, and its name is typed.

use actix_web::http::StatusCode;
use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Belongings, Broker, COUNTED, Permission};

use crate::Site;
use crate::assets::Assets;
use crate::console::home::grouped;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator, unproved};
use crate::console::pages::Shell;
use crate::console::routing::form;
use crate::console::sent::Sent;
use crate::console::{see, show};
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    form!(config, "/console/{project}/{environment}/projects/delete", page, delete);
}

/// `/console/{project}/{environment}/projects/delete`
#[derive(Debug, Template)]
#[template(path = "console/projects/delete.html")]
struct DeletePage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// What goes, in words.
    goes: Vec<String>,
    typed: &'a str,
    problem: Option<String>,
    /// Why it cannot be deleted at all.
    kept: Option<String>,
    api: String,
}

/// How many, as people say it; nothing of none.
fn some(number: i64, one: &str, many: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number if number > COUNTED => Some(format!("more than {} {many}", grouped(COUNTED))),
        number => Some(format!("{} {many}", grouped(number))),
    }
}

fn words(had: &Belongings) -> Vec<String> {
    [
        some(
            had.connections,
            "connection, whose access ends at its service",
            "connections, whose access ends at their services",
        ),
        some(had.identities, "identity", "identities").map(|identities| {
            // They are counted within the connections that are.
            if had.connections > COUNTED && had.identities <= COUNTED {
                format!("at least {identities}")
            } else {
                identities
            }
        }),
        some(
            had.apps,
            "integration that is set up, with its OAuth app",
            "integrations that are set up, with their OAuth apps",
        ),
        some(had.keys, "API key", "API keys"),
        some(had.webhooks, "webhook", "webhooks"),
        some(had.links, "link that is open", "links that are open"),
        some(
            had.members,
            "person with a role in this project alone",
            "people with a role in this project alone",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// GET `/console/{project}/{environment}/projects/delete`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::Own)?;
    draw(&broker, &site, &here, "", None, StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    typed: &str,
    problem: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let had = broker.belongings_of(&here.signed, here.project.id).await?;
    let kept = match broker.require_deletable(here.project.id).await {
        Ok(()) => None,
        Err(problem) if problem.kind() == broker::Kind::Conflict => Some(problem.message().to_owned()),
        Err(problem) => return Err(problem.into()),
    };
    let nonce = Nonce::generate();
    let page = DeletePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Projects),
        goes: words(&had),
        api: format!("{}/v1/projects/{}", site.public_origin, here.project.id),
        here,
        typed,
        problem,
        kept,
    };
    show(&nonce, status, &page)
}

/// POST `/console/{project}/{environment}/projects/delete`
pub(super) async fn delete(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::Own)?;
    let sent = Sent::read(&site, &request, payload).await?;
    if let Some(ask) = unproved(&here.signed, &here.at("projects/delete")) {
        return Ok(ask);
    }
    let typed = sent.trimmed("typed");
    let problem = match broker.delete_project(&here.signed, here.project.id, typed).await {
        Ok(deleted) => {
            let Some(next) = broker.first_project_of(&here.signed).await? else {
                return Ok(see("/console"));
            };
            let done = if deleted.heir.is_some() {
                "deleted_default"
            } else {
                "deleted"
            };
            return Ok(see(&format!("/console/{}/test/projects?done={done}", next.id)));
        }
        Err(problem) => problem,
    };
    match problem.key() {
        "wrong_name" => {
            let text = "This is not the name. Type it exactly as it stands above.".to_owned();
            draw(
                &broker,
                &site,
                &here,
                typed,
                Some(text),
                StatusCode::UNPROCESSABLE_ENTITY,
            )
            .await
        }
        // Said at the head of the page.
        "last_project" | "operator_project" => draw(&broker, &site, &here, typed, None, StatusCode::CONFLICT).await,
        _ => Err(problem.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_said_in_numbers() {
        let had = Belongings {
            connections: COUNTED + 1,
            identities: 1_200,
            keys: 1,
            ..Belongings::default()
        };
        assert_eq!(
            words(&had),
            [
                "more than 10,000 connections, whose access ends at their services",
                "at least 1,200 identities",
                "1 API key"
            ]
        );
        assert!(words(&Belongings::default()).is_empty());
    }
}
