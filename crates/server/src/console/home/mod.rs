//! Where the console begins: what needs somebody, how connections are, and the numbers of the last days.

mod needs;
mod plots;
mod steps;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use askama::Template;
use broker::{Broker, Caller, ConnectionSearch, ConnectionState, Permission};

pub(super) use self::plots::grouped;

use self::needs::Need;
use self::plots::{Funnel, Plot};
use self::steps::Step;
use super::navigation::Section;
use super::operator::{Here, Operator};
use super::pages::{Count, NothingPage, Row, Shell, StateWords};
use super::routing::page;
use super::{see, show};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console", first);
    page!(config, "/console/", first);
    page!(config, "/console/{project}/{environment}", page);
}

/// How many of each state are shown that need attention.
const SHOWN: i64 = 5;

/// `/console/{project}/{environment}`
#[derive(Debug, Template)]
#[template(path = "console/home/home.html")]
struct HomePage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    total: i64,
    /// What is still to do before people can connect; none when they can.
    steps: Vec<Step>,
    counts: Vec<Count>,
    attention: Vec<Row>,
    needs: Vec<Need>,
    /// Whether anything was counted here lately.
    has_numbers: bool,
    plots: Vec<Plot>,
    funnel: Funnel,
    /// The address to embed.
    embed: String,
}

/// GET `/console`: the first project that the operator has a role in.
pub(super) async fn first(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    if let Some(project) = broker.first_project_of(&signed).await? {
        return Ok(see(&format!("/console/{}/test", project.id)));
    }
    let nonce = Nonce::generate();
    let page = NothingPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell {
            here: None,
            section: Section::Home,
            email: &signed.operator.email,
        },
        is_owner: signed.is_owner(),
    };
    show(&nonce, StatusCode::OK, &page)
}

/// GET `/console/{project}/{environment}`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::See)?;
    let known = broker.count_states(&caller).await?;
    let total = known.values().sum();
    let steps = steps::of(&broker, &here, &caller, total).await?;
    let states = [
        ConnectionState::Operational,
        ConnectionState::Degraded,
        ConnectionState::Failed,
        ConnectionState::Unknown,
    ];
    let counts = states.into_iter().map(|state| Count {
        number: plots::grouped(known.get(&state).copied().unwrap_or_default()),
        state: StateWords::of(state),
        href: here.at(&format!("connections?state={}", state.as_str())),
    });
    let attention = in_trouble(&broker, &site, &here, &caller).await?;
    let numbers = broker.home_numbers(&caller).await?;
    let catalog = broker.catalog();
    let name_of = |id: &str| {
        let known = catalog.get(id);
        known.map_or_else(|| id.to_owned(), |one| one.name.clone())
    };
    let needs = needs::of(&here, &broker.attention(&caller).await?, site.now(), name_of);
    let plots = plots::of(&numbers);
    let funnel = Funnel::of(&numbers, name_of);
    let nonce = Nonce::generate();
    let page = HomePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Home),
        total,
        steps,
        counts: counts.collect(),
        attention,
        needs,
        has_numbers: !funnel.is_empty || plots.iter().any(|plot| !plot.is_empty),
        plots,
        funnel,
        embed: format!("{}/embed/{}", site.public_origin, here.project.publishable_id),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// The newest connections that failed, then those whose refresh fails.
async fn in_trouble(broker: &Broker, site: &Site, here: &Here, caller: &Caller) -> Result<Vec<Row>, Problem> {
    let (catalog, now) = (broker.catalog(), site.now());
    let mut rows = Vec::new();
    for state in [ConnectionState::Failed, ConnectionState::Degraded] {
        let search = ConnectionSearch {
            state: Some(state),
            limit: SHOWN,
            ..ConnectionSearch::default()
        };
        let found = broker.search_connections(caller, search).await?;
        let shown = found
            .rows
            .iter()
            .map(|connection| Row::new(here, &site.assets, &catalog, connection, now));
        rows.extend(shown);
    }
    Ok(rows)
}
