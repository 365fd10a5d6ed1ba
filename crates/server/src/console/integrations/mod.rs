//! What can be connected: the catalogue, the apps, and definitions of one's own.

mod actions;
mod app_form;
mod attempt;
mod catalogue;
mod definition;
mod difference;
mod history;
mod one;
mod own;
mod tried;
mod words;

use actix_web::web::ServiceConfig;
use broker::{Broker, Permission, ProjectId, Shelved};

use super::operator::Here;
use super::routing::{form, page, post};
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/integrations", catalogue::page);
    page!(
        config,
        "/console/{project}/{environment}/integrations/{integration}",
        one::page
    );
    post!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/switch",
        actions::switch
    );
    post!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/app",
        actions::save
    );
    post!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/doctor",
        actions::doctor
    );
    post!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/agree/{change}",
        actions::agree,
        2
    );
    post!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/try",
        attempt::attempt
    );
    post!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/remove-test",
        tried::remove
    );
    page!(
        config,
        "/console/{project}/{environment}/integrations/{integration}/definition",
        definition::page
    );
    form!(
        config,
        "/console/{project}/{environment}/add-connection",
        attempt::page,
        attempt::add
    );
    page!(config, "/console/{project}/{environment}/definitions", own::list);
    form!(
        config,
        "/console/{project}/{environment}/definitions/edit",
        own::page,
        own::sent
    );
    page!(
        config,
        "/console/{project}/{environment}/definitions/{definition}/history",
        history::page
    );
    post!(
        config,
        "/console/{project}/{environment}/definitions/{definition}/reviewed",
        definition::reviewed,
        2
    );
    post!(
        config,
        "/console/{project}/{environment}/definitions/{definition}/restore",
        history::restore,
        2
    );
    post!(
        config,
        "/console/{project}/{environment}/definitions/{definition}/delete",
        history::delete,
        2
    );
}

/// Where an integration is set.
fn place(here: &Here) -> (ProjectId, broker::Environment) {
    (here.project.id, here.environment)
}

/// The operator as one who changes definitions, which hold for `live` as well, whichever environment they look at.
fn definer(here: &Here) -> Result<broker::Caller, Problem> {
    let live = broker::Environment::Live;
    Ok(here.signed.caller(here.project.id, live, Permission::Manage)?)
}

/// Whether they may: elsewhere nothing leads there.
async fn may_define(broker: &Broker, here: &Here) -> Result<bool, Problem> {
    match definer(here) {
        Ok(caller) => Ok(broker.may_define(&caller).await?),
        Err(_) => Ok(false),
    }
}

/// An integration here, as somebody at a page is told when there is none.
async fn shelved(broker: &Broker, here: &Here, id: &str) -> Result<Shelved, Problem> {
    let found = broker.shelved(&here.caller(Permission::See)?, id).await;
    found.map_err(|problem| match problem.key() {
        "integration_not_found" => unknown(),
        _ => problem.into(),
    })
}

fn unknown() -> Problem {
    let message = "This integration does not exist in this environment. Its definition may have been deleted.";
    Problem::new(Kind::NotFound, message)
}

/// A value of a form.
fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let found = form.iter().find(|(other, _)| other == name);
    found.map_or("", |(_, value)| value.as_str())
}
