//! The list of connections, and what is done to many of them.

mod bulk;
mod export;
mod filters;
pub(super) mod one;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, ConnectionId, ConnectionState, Permission};

use self::filters::{Filters, Switch, Used, state_words};
use super::listing::{Whom, choices, integrations, with_query};
use super::navigation::Section;
use super::operator::Here;
use super::pages::{Chip, Choice, Notice, Row, Shell};
use super::routing::page;
use super::{once, see, show};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/connections", page);
    bulk::routes(config);
    export::routes(config);
    one::routes(config);
}

/// Rows of a page.
const ROWS: i64 = 50;

/// States to choose from.
const STATES: [ConnectionState; 4] = [
    ConnectionState::Operational,
    ConnectionState::Degraded,
    ConnectionState::Failed,
    ConnectionState::Unknown,
];

/// A connection of the list, and whether it is ticked.
#[derive(Debug)]
struct Line {
    row: Row,
    id: String,
    is_ticked: bool,
}

/// `/console/{project}/{environment}/connections`
#[derive(Debug, Template)]
#[template(path = "console/connections.html")]
struct ConnectionsPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    filters: &'a Filters,
    integrations: Vec<Choice>,
    states: Vec<Choice>,
    used: Vec<Choice>,
    switch: Vec<Choice>,
    chips: Vec<Chip>,
    /// Whether a filter is in force, or this is not the first page.
    is_narrowed: bool,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
    /// How many were looked through, where that ended the look before it had enough.
    looked_through: Option<i64>,
    may_help: bool,
    /// The query of this address, to come back to.
    back: String,
    /// This address, to be kept somewhere.
    address: String,
    /// Where the same list is a file.
    export: String,
    /// The tag that was typed.
    tag: &'a str,
    /// The id of the form with those that are ticked.
    once: String,
    /// The address of the list in the API.
    api: String,
}

/// What the list says besides itself.
#[derive(Debug, Default)]
struct Said<'a> {
    notice: Option<Notice>,
    ticked: &'a [ConnectionId],
    tag: &'a str,
}

/// GET `/console/{project}/{environment}/connections`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    if let Some(address) = Whom::moved(&broker, &here, "connections", &query)? {
        return Ok(see(&address));
    }
    let filters = Filters::read(&broker, &here, &query)?;
    let said = Said {
        notice: query.get("deleted").and_then(deleted).or_else(|| bulk::done(&query)),
        ..Said::default()
    };
    draw(&broker, &site, &here, &filters, said, StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    filters: &Filters,
    said: Said<'_>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let found = broker.search_connections(&caller, filters.search(ROWS)).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let name_of = |id: &str| catalog.get(id).map_or_else(|| id.to_owned(), |one| one.name.clone());
    let shown = filters.shown(name_of);
    let lines = found.rows.iter().map(|connection| Line {
        row: Row::new(here, &site.assets, &catalog, connection, now),
        id: connection.id.to_string(),
        is_ticked: said.ticked.contains(&connection.id),
    });
    let nonce = Nonce::generate();
    let page = ConnectionsPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Connections),
        notice: said.notice,
        integrations: integrations(broker, here, filters.integration.as_deref()).await?,
        states: choices(STATES, filters.state, state_words),
        used: choices(Used::ALL, filters.used, Used::words),
        switch: choices(Switch::ALL, filters.switch, Switch::words),
        is_narrowed: !shown.is_empty() || filters.before.is_some(),
        chips: shown.chips(here),
        lines: lines.collect(),
        first: filters.before.map(|_| shown.first(here)),
        next: found.next.map(|id| shown.behind(here, "before", &id.to_string())),
        looked_through: found.looked_through,
        may_help: here.may(Permission::Help),
        back: filters.query(),
        address: format!("{}{}", site.public_origin, filters.address(here)),
        export: with_query(here.at("connections/export"), &shown.query()),
        tag: said.tag,
        once: once::form_id(),
        api: format!("{}/v1/vault/connections", site.public_origin),
        filters,
        here,
    };
    show(&nonce, status, &page)
}

/// What became of the grant of a connection that was deleted.
fn deleted(revocation: &str) -> Option<Notice> {
    let more = match revocation {
        "pending" => "The access is being ended at the service; the timeline of the API tells how that went.",
        "revoked" => "The access was ended at the service.",
        "unsupported" => "The service has no way to end the access from here; it ends there when the credential ends.",
        "failed" => "The access could not be ended at the service. End it there, where that matters.",
        "shared" => {
            "The access at the service was not ended: another connection uses it, and it ends with the last of them."
        }
        _ => return None,
    };
    Some(Notice::good(&format!("The connection was deleted. {more}")))
}

/// The kind of problem that a page of another place is.
pub(super) fn unknown() -> Problem {
    Problem::new(Kind::NotFound, "This connection does not exist here, or was deleted.")
}
