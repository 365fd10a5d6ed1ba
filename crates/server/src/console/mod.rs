//! The console: where operators work. Pages are written by the server; forms are plain, and every one that changes
//! something comes from our own origin or is refused.

mod account;
mod connection;
mod connections;
mod csv;
mod developers;
mod domain;
mod door;
mod home;
mod integrations;
mod listing;
mod looks;
mod marked;
mod navigation;
mod once;
mod operator;
mod pages;
mod people;
mod projects;
mod refusal;
pub(crate) mod refused;
mod routing;
mod search;
mod sent;
mod system;
mod team;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::ServiceConfig;
use askama::Template;

use self::pages::MessagePage;
use crate::Site;
use crate::envelope::AsItIs;
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(actix_web::web::scope(routing::BEGINNING).configure(inside));
}

fn inside(config: &mut ServiceConfig) {
    config
        .configure(door::routes)
        .configure(account::routes)
        .configure(connections::routes)
        .configure(connection::routes)
        .configure(people::routes)
        .configure(integrations::routes)
        .configure(looks::routes)
        .configure(developers::routes)
        .configure(team::routes)
        .configure(projects::routes)
        .configure(system::routes)
        .configure(search::routes)
        // Last: its address of a place would take that of others.
        .configure(home::routes);
}

/// A page with its header set. Forms of ours send their origin only where the policy lets them.
fn show(nonce: &Nonce, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    show_with(Set::Confirm, nonce, status, template)
}

/// The same with another header set.
fn show_with(
    set: Set<'_>,
    nonce: &Nonce,
    status: StatusCode,
    template: &impl Template,
) -> Result<HttpResponse, Problem> {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::general(Kind::Internal)
    })?;
    let mut response = HttpResponse::build(status);
    set.apply(nonce, &mut response);
    response.insert_header((header::REFERRER_POLICY, "same-origin"));
    let mut response = response.body(body);
    response.extensions_mut().insert(AsItIs);
    Ok(response)
}

/// Whether an address is one of pages, whose errors are pages too.
pub(crate) fn is_page(path: &str) -> bool {
    let inside = path == "/console" || path.starts_with("/console/");
    inside && !path.starts_with("/console/api/")
}

/// What a refusal is called, and what it says to people.
fn title_and_message(problem: &Problem) -> (&'static str, String) {
    let title = match problem.kind() {
        Kind::Forbidden => "You may not do this",
        Kind::NotFound | Kind::Gone => "There is nothing here",
        Kind::TooManyRequests => "Too much at once",
        Kind::Internal | Kind::Unavailable => "This did not work",
        _ => "This was not accepted",
    };
    // In general words the API speaks to developers.
    let message = match problem.kind() {
        Kind::NotFound if problem.is_general() => "Nothing is at this address, or it was deleted.".to_owned(),
        Kind::MethodNotAllowed => {
            "This address does not take what was sent to it. Go back to the page that you came from.".to_owned()
        }
        Kind::Internal => {
            "Something failed inside the server. Its owner finds the cause in the log by the reference.".to_owned()
        }
        _ => problem.to_string(),
    };
    (title, message)
}

/// The page that a refusal is for people who are not signed in, or while the database is away.
pub(crate) fn problem_page(site: &Site, problem: &Problem, correlation: &str) -> Result<HttpResponse, Problem> {
    let (title, message) = title_and_message(problem);
    let nonce = Nonce::generate();
    let page = MessagePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        title,
        message: &message,
        way_on: "/console",
        way_on_label: "Go to the console",
        reference: matches!(problem.kind(), Kind::Internal | Kind::Unavailable).then_some(correlation),
    };
    let mut response = show(&nonce, problem.kind().status(), &page)?;
    if let Some(seconds) = problem.wait() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// Sends the browser on after a form.
fn see(address: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .finish();
    response.extensions_mut().insert(AsItIs);
    response
}
