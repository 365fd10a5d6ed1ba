//! One box that finds whatever an operator has in hand: pages, integrations, identities, connections, attempts, requests. An
//! id that is whole leads straight to its object.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Caller, ConnectionId, ConnectionSearch, Permission, RequestSearch};
use store::IdentitySearch;

use super::developers::lines::LineRow;
use super::listing::{Whom, kind_word};
use super::navigation::{self, Section};
use super::operator::{Here, Operator};
use super::pages::{Row, Shell};
use super::routing::page;
use super::{see, show};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/search", first);
    page!(config, "/console/{project}/{environment}/search", results);
}

/// Rows of a group.
const ROWS: i64 = 6;
/// Characters that are looked for.
const LONGEST: usize = 300;

/// `/console/{project}/{environment}/search`
#[derive(Debug, Template)]
#[template(path = "console/search.html")]
struct SearchPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    text: &'a str,
    found: Found,
    /// The other environment, and this search there.
    other: &'static str,
    in_other: String,
}

/// What was found, by kind.
#[derive(Debug, Default)]
struct Found {
    pages: Vec<Hit>,
    integrations: Vec<Hit>,
    identities: Vec<Hit>,
    connections: Vec<Row>,
    /// Where all connections that fit are, when there are more.
    more_connections: Option<String>,
    more_identities: Option<String>,
    requests: Vec<LineRow>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.pages.is_empty()
            && self.integrations.is_empty()
            && self.identities.is_empty()
            && self.connections.is_empty()
            && self.requests.is_empty()
    }
}

/// A line with a link.
#[derive(Debug)]
struct Hit {
    href: String,
    name: String,
    more: String,
}

fn query(text: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", text)
        .finish()
}

/// GET `/console/search`: in the first project.
async fn first(broker: web::Data<Broker>, operator: Operator, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let asked = Query::parse(request.query_string());
    let Some(project) = broker.first_project_of(&operator.0).await? else {
        return Ok(see("/console"));
    };
    let query = query(asked.get("q").unwrap_or_default());
    Ok(see(&format!("/console/{}/test/search?{query}", project.id)))
}

/// GET `/console/{project}/{environment}/search`
async fn results(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::See)?;
    let asked = Query::parse(request.query_string());
    let text = asked.get("q").unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(Problem::bad_request(
            "The text to search for is too long. Take at most 300 characters.",
        ));
    }
    if let Some(address) = exact(&broker, &here, &caller, text).await? {
        return Ok(see(&address));
    }
    let found = if text.is_empty() {
        Found::default()
    } else {
        find(&broker, &site, &here, &caller, text).await?
    };
    let other = match here.environment {
        broker::Environment::Test => "live",
        broker::Environment::Live => "test",
    };
    let nonce = Nonce::generate();
    let page = SearchPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Search),
        other,
        in_other: format!("/console/{}/{other}/search?{}", here.project.id, query(text)),
        text,
        found,
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// Where the object is that a whole id or key names. Each is one look: `connections_pkey`, `connections_key_key`,
/// `connect_problems_by_reference`, `connect_sessions_pkey`, `flows_pkey`, `connect_links_pkey`, `requests_pkey`,
/// `requests_by_correlation`.
async fn exact(broker: &Broker, here: &Here, caller: &Caller, text: &str) -> Result<Option<String>, Problem> {
    let folded = text.to_lowercase();
    let is_id = folded.parse::<ConnectionId>().is_ok();
    if is_id || text.contains("::") {
        let named = if is_id { folded.as_str() } else { text };
        if let Some(found) = there(broker.connection(caller, named).await)? {
            return Ok(Some(here.at(&format!("connections/{}", found.id))));
        }
    }
    if let Some(session) = broker.attempt_of_reference(caller, &folded).await? {
        return Ok(Some(here.at(&format!("sessions/{session}"))));
    }
    if !is_id {
        return Ok(None);
    }
    if there(broker.seen_link(caller, &folded).await)?.is_some() {
        return Ok(Some(here.at(&format!("links/{folded}"))));
    }
    if !here.may(Permission::Build) {
        return Ok(None);
    }
    let building = here.caller(Permission::Build)?;
    if there(broker.request(&building, &folded).await)?.is_some() {
        return Ok(Some(here.at(&format!("requests/{folded}"))));
    }
    // One call may leave several lines under its correlation id.
    let lines = broker.requests(&building, by_correlation(&folded)).await?.rows;
    Ok(match lines.as_slice() {
        [only] => Some(here.at(&format!("requests/{}", only.id))),
        _ => None,
    })
}

fn by_correlation(id: &str) -> RequestSearch {
    RequestSearch {
        correlation_id: Some(id.to_owned()),
        limit: ROWS,
        ..RequestSearch::default()
    }
}

/// What is there; not there is no failure here.
fn there<T>(found: Result<T, broker::Problem>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(problem) if matches!(problem.kind(), broker::Kind::NotFound | broker::Kind::BadRequest) => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

/// Everything that fits, a few of each kind. Identities are served by `connections_by_identity_order`,
/// `connections_by_label_start` and `connections_by_label_words`; connections by these, `connections_by_account_start`,
/// `connections_by_name_start` and `connections_by_account_id`; requests by `requests_by_correlation`. Integrations and
/// pages are in memory.
async fn find(broker: &Broker, site: &Site, here: &Here, caller: &Caller, text: &str) -> Result<Found, Problem> {
    let (catalog, now) = (broker.catalog(), site.now());
    let folded = text.to_lowercase();
    let pages = navigation::found(here, &folded).map(|(name, href)| Hit {
        href,
        name: name.to_owned(),
        more: String::new(),
    });
    let fits = |id: &str, name: &str| id.starts_with(&folded) || begins(&name.to_lowercase(), &folded);
    let mut integrations: Vec<Hit> = catalog
        .iter()
        .filter(|one| fits(one.id.as_str(), &one.name))
        .filter(|one| one.environments.iter().any(|name| name == here.environment.as_str()))
        .map(|one| Hit {
            href: here.at(&format!("integrations/{}", one.id.as_str())),
            name: one.name.clone(),
            more: one.id.as_str().to_owned(),
        })
        .collect();
    integrations.sort_by_key(|hit| hit.name.to_lowercase());
    integrations.truncate(usize::try_from(ROWS).unwrap_or_default());

    let search = IdentitySearch {
        beginning: Some(text.to_owned()),
        after: None,
        limit: ROWS,
    };
    let identities = broker.identities(caller, search).await?;
    // Half of them at most are there for their name.
    let by_name = |one: &&store::FoundIdentity| !one.identity.id.to_lowercase().starts_with(&folded);
    let named = identities.rows.iter().filter(by_name).count();
    let more_identities = identities.next.is_some() || named * 2 >= usize::try_from(ROWS).unwrap_or_default();
    let (connections, more) = connections(broker, caller, text).await?;
    let requests = if here.may(Permission::Build) && text.len() <= 100 {
        let building = here.caller(Permission::Build)?;
        broker.requests(&building, by_correlation(text)).await?.rows
    } else {
        Vec::new()
    };
    Ok(Found {
        pages: pages.collect(),
        integrations,
        identities: identities
            .rows
            .into_iter()
            .map(|one| Hit {
                href: Whom::of(broker, here, &one.identity.id, one.identity.kind).page(here),
                more: match one.label {
                    Some(label) => format!("{} · {label}", kind_word(one.identity.kind)),
                    None => kind_word(one.identity.kind).to_owned(),
                },
                name: one.identity.id,
            })
            .collect(),
        more_identities: more_identities.then(|| here.at(&format!("identities?{}", query(text)))),
        connections: connections
            .iter()
            .map(|one| Row::new(here, &site.assets, &catalog, one, now))
            .collect(),
        more_connections: more.then(|| here.at(&format!("connections?{}", query(text)))),
        requests: requests.iter().map(|line| LineRow::new(here, line, now)).collect(),
    })
}

/// Whether a name, or a word in it, begins so.
pub(super) fn begins(name: &str, start: &str) -> bool {
    name.starts_with(start) || name.split(' ').any(|word| word.starts_with(start))
}

/// Connections by the beginning of what people know them by, or by words of a person's name, then those of an account with
/// this id; and whether there are others.
async fn connections(broker: &Broker, caller: &Caller, text: &str) -> Result<(Vec<broker::Connection>, bool), Problem> {
    let by_text = ConnectionSearch {
        text: Some(text.to_owned()),
        limit: ROWS,
        ..ConnectionSearch::default()
    };
    let found = broker.search_connections(caller, by_text).await?;
    let more = found.next.is_some();
    let mut rows = found.rows;
    let by_account = ConnectionSearch {
        account: Some(text.to_owned()),
        limit: ROWS,
        ..ConnectionSearch::default()
    };
    let known: Vec<ConnectionId> = rows.iter().map(|row| row.id).collect();
    let of_account = broker.search_connections(caller, by_account).await?.rows;
    rows.extend(of_account.into_iter().filter(|row| !known.contains(&row.id)));
    let most = usize::try_from(ROWS).unwrap_or_default();
    let more = more || rows.len() > most;
    rows.truncate(most);
    Ok((rows, more))
}
