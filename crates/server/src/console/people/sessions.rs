//! Connect attempts: the list, and one of them.

use actix_web::http::StatusCode;
use askama::Template;
use broker::{AttemptDetail, Broker, PeopleNames, Permission};
use catalog::Catalog;
use chrono::{DateTime, Utc};
use store::{AttemptSearch, ConnectAttempt, Outcome, SessionId};

use super::steps::{Step, outcome_words, steps};
use super::{Chip, Choice, Here, HttpRequest, HttpResponse, Notice, Path, Problem, Section, ServiceConfig};
use super::{Shell, Site, StateWords, When, page, see, show, web};
use crate::assets::Assets;
use crate::attempt::{failure, integration_of, stopped};
use crate::browser::browser_words;
use crate::console::listing::{Filter, Filters, Whom, behind, choices, integrations, kind_word};
use crate::headers::Nonce;
use crate::paging::Query;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/sessions", list);
    page!(config, "/console/{project}/{environment}/sessions/{session}", one);
}

/// Rows of a page.
const ROWS: i64 = 50;

/// An attempt in a list.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) who: String,
    /// The identity's name for people, where it has one besides.
    pub(super) whose: Option<String>,
    pub(super) service: String,
    pub(super) logo: Option<String>,
    pub(super) letter: String,
    pub(super) outcome: StateWords,
    pub(super) stopped: &'static str,
    pub(super) why: Option<String>,
    pub(super) browser: String,
    pub(super) at: When,
}

fn service_of(catalog: &Catalog, id: Option<&str>) -> String {
    id.map_or_else(
        || "None picked".to_owned(),
        |id| catalog.get(id).map_or_else(|| id.to_owned(), |one| one.name.clone()),
    )
}

impl Line {
    pub(super) fn new(
        here: &Here,
        assets: &Assets,
        catalog: &Catalog,
        attempt: &ConnectAttempt,
        names: &PeopleNames,
        now: DateTime<Utc>,
    ) -> Self {
        let integration = integration_of(attempt);
        let service = service_of(catalog, integration);
        Self {
            href: here.at(&format!("sessions/{}", attempt.id)),
            who: attempt
                .owner
                .identity
                .as_deref()
                .or(attempt.owner.display())
                .unwrap_or("–")
                .to_owned(),
            whose: names.of(&attempt.owner).map(ToOwned::to_owned),
            logo: integration
                .and_then(|id| catalog.get(id))
                .and_then(|one| one.logo.as_deref())
                .and_then(|name| assets.logo(name)),
            letter: service.chars().next().map(String::from).unwrap_or_default(),
            service,
            outcome: outcome_words(attempt.outcome),
            stopped: stopped(attempt),
            why: failure(attempt).map(|(_, message)| message),
            browser: browser(attempt),
            at: When::new(attempt.created_at, now),
        }
    }
}

fn browser(attempt: &ConnectAttempt) -> String {
    match attempt.browser.as_deref() {
        Some(agent) => browser_words(agent),
        None => "–".to_owned(),
    }
}

/// `/console/{project}/{environment}/sessions`
#[derive(Debug, Template)]
#[template(path = "console/people/sessions.html")]
struct SessionsPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// The API's origin.
    api: &'a str,
    notice: Option<Notice>,
    /// Whom it is narrowed to, as addresses have them.
    who: Option<&'a str>,
    reference: &'a str,
    integrations: Vec<Choice>,
    outcomes: Vec<Choice>,
    chips: Vec<Chip>,
    is_narrowed: bool,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
    looked_through: Option<i64>,
}

/// GET `/console/{project}/{environment}/sessions`
async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let query = Query::parse(request.query_string());
    let reference = query.get("reference").unwrap_or_default();
    let mut notice = None;
    if !reference.is_empty() {
        if let Some(session) = broker.attempt_of_reference(&caller, reference).await? {
            return Ok(see(&here.at(&format!("sessions/{session}"))));
        }
        notice = Some(Notice::bad(
            "No attempt here has this reference. Attempts are kept for a week; look in the other environment too, and for a letter that is missing.",
        ));
    }
    if let Some(address) = Whom::moved(&broker, &here, "sessions", &query)? {
        return Ok(see(&address));
    }
    let outcome: Option<Outcome> = query
        .get("outcome")
        .map(str::parse)
        .transpose()
        .map_err(Problem::bad_request)?;
    let before: Option<SessionId> = behind(&query, "before", "an attempt")?;
    let whom = Whom::read(&broker, &here, &query)?;
    let integration = query.get("integration");
    let search = AttemptSearch {
        session: None,
        identity: whom.as_ref().map(|whom| whom.identity.id.clone()),
        identity_type: whom.as_ref().and_then(Whom::kind),
        integration: integration.map(ToOwned::to_owned),
        outcome,
        before,
        limit: ROWS,
    };
    let found = broker.connect_attempts(&caller, search).await?;
    let owners: Vec<_> = found.rows.iter().map(|attempt| &attempt.owner).collect();
    let names = broker.people_names(&caller, &owners).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let words = |outcome: Outcome| (outcome.as_str(), outcome_words(outcome).word);
    let filters = Filters::of(
        "sessions",
        [
            Filter::worded("outcome", "Outcome", outcome.map(words)),
            Filter::worded(
                "integration",
                "Integration",
                integration.map(|id| (id, service_of(&catalog, Some(id)))),
            ),
            Filter::worded("who", "Identity", whom.as_ref().map(Whom::filter)),
        ],
    );
    let nonce = Nonce::generate();
    let page = SessionsPage {
        nonce: nonce.as_str(),
        api: &site.public_origin,
        assets: &site.assets,
        shell: Shell::of(&here, Section::Sessions),
        notice,
        who: whom.as_ref().map(|whom| whom.reference.as_str()),
        reference,
        integrations: integrations(&broker, &here, integration).await?,
        outcomes: choices(Outcome::ALL, outcome, words),
        is_narrowed: !filters.is_empty() || before.is_some(),
        chips: filters.chips(&here),
        lines: found
            .rows
            .iter()
            .map(|attempt| Line::new(&here, &site.assets, &catalog, attempt, &names, now))
            .collect(),
        first: before.map(|_| filters.first(&here)),
        next: found.next.map(|id| filters.behind(&here, "before", &id.to_string())),
        looked_through: found.looked_through,
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// A sign-in of an attempt.
#[derive(Debug)]
struct FlowLine {
    id: String,
    service: String,
    status: String,
    picked: When,
    sent: Option<When>,
    returned: Option<When>,
    ended: Option<When>,
    code: Option<String>,
    message: Option<String>,
    connection: Option<String>,
    embedder: Option<String>,
}

/// What its person was told.
#[derive(Debug)]
struct ToldLine {
    reference: String,
    code: String,
    message: String,
    at: When,
}

/// `/console/{project}/{environment}/sessions/{session}`
#[derive(Debug, Template)]
#[template(path = "console/people/session.html")]
struct SessionPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// The API's origin.
    api: &'a str,
    id: String,
    line: Line,
    label: Option<&'a str>,
    kind: Option<&'static str>,
    identity: Option<String>,
    offered: String,
    steps: Vec<Step>,
    failure: Option<(String, String)>,
    reconnects: Option<String>,
    hosted: bool,
    ends: When,
    flows: Vec<FlowLine>,
    told: Vec<ToldLine>,
}

/// GET `/console/{project}/{environment}/sessions/{session}`
async fn one(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let AttemptDetail { attempt, flows, told } = broker.connect_attempt(&caller, &path.2).await?;
    let names = broker.people_names(&caller, &[&attempt.owner]).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let connection = |id| here.at(&format!("connections/{id}"));
    let offered = attempt.integrations.as_deref().map_or_else(
        || "All that are switched on".to_owned(),
        |all| {
            let names: Vec<String> = all.iter().map(|id| service_of(&catalog, Some(id))).collect();
            names.join(", ")
        },
    );
    let owner = &attempt.owner;
    let kind = owner.identity_type.unwrap_or(broker::IdentityType::User);
    let flows = flows.into_iter().map(|flow| FlowLine {
        id: flow.id.to_string(),
        service: service_of(&catalog, Some(&flow.integration)),
        status: flow.status,
        picked: When::new(flow.picked_at, now),
        sent: flow.sent_at.map(|at| When::new(at, now)),
        returned: flow.returned_at.map(|at| When::new(at, now)),
        ended: flow.ended_at.map(|at| When::new(at, now)),
        code: flow.code,
        message: flow.message,
        connection: flow.connection.map(connection),
        embedder: flow.embedder,
    });
    let told = told.into_iter().map(|told| ToldLine {
        reference: told.reference,
        code: told.code,
        message: told.message,
        at: When::new(told.at, now),
    });
    let nonce = Nonce::generate();
    let page = SessionPage {
        nonce: nonce.as_str(),
        api: &site.public_origin,
        assets: &site.assets,
        shell: Shell::of(&here, Section::Sessions),
        id: attempt.id.to_string(),
        line: Line::new(&here, &site.assets, &catalog, &attempt, &names, now),
        label: names.of(owner).or(owner.label.as_deref()),
        kind: owner.identity.as_ref().map(|_| kind_word(kind)),
        identity: owner
            .identity
            .as_deref()
            .map(|id| Whom::of(&broker, &here, id, kind).page(&here)),
        offered,
        steps: steps(&attempt, now),
        failure: failure(&attempt),
        reconnects: attempt.reconnects.map(connection),
        hosted: attempt.hosted,
        ends: When::new(attempt.expires_at, now),
        flows: flows.collect(),
        told: told.collect(),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}
