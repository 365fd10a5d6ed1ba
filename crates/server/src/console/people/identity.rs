//! One identity: its connections, its attempts, and the link to manage them.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use askama::Template;
use broker::{Broker, ConnectionId, LinkPurpose, LinkRequest, MadeLink, Owner, PeopleNames, Permission};
use store::AttemptSearch;

use super::sessions::Line as AttemptLine;
use super::{Here, HttpRequest, HttpResponse, Notice, Path, Problem, Section, Sent, ServiceConfig, Shell, Site};
use super::{page, post, see, show, web};
use crate::assets::Assets;
use crate::console::listing::{Filter, Filters, Whom, behind, kind_of, kind_word};
use crate::console::once;
use crate::console::pages::Row;
use crate::console::refusal::Refusal;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Kind;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    // Before the page of one, whose addresses have anything there.
    page!(config, "/console/{project}/{environment}/identities/of", moved);
    post!(config, "/console/{project}/{environment}/identities/link", link);
    super::erase::routes(config);
    page!(config, "/console/{project}/{environment}/identities/{identity}", page);
}

/// Connections and attempts that are shown together.
const ROWS: i64 = 50;
const ATTEMPTS: i64 = 10;

/// `/console/{project}/{environment}/identities/{identity}`
#[derive(Debug, Template)]
#[template(path = "console/people/identity.html")]
struct IdentityPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    id: &'a str,
    kind: &'static str,
    kind_value: &'static str,
    label: Option<String>,
    total: i64,
    rows: Vec<Row>,
    next: Option<String>,
    attempts: Vec<AttemptLine>,
    all_attempts: String,
    all_links: String,
    link: Option<String>,
    typed: &'a str,
    typed_problem: Option<&'a str>,
    may_help: bool,
    may_erase: bool,
    /// The id of the form that makes a link.
    once: String,
    links_api: String,
    erase_api: String,
}

/// Who is meant, and what the page says besides.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) whom: &'a Whom,
    pub(super) after: Option<ConnectionId>,
    pub(super) notice: Option<Notice>,
    pub(super) link: Option<String>,
    pub(super) typed: &'a str,
    pub(super) typed_problem: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(super) const fn of(whom: &'a Whom) -> Self {
        Self {
            whom,
            after: None,
            notice: None,
            link: None,
            typed: "",
            typed_problem: None,
        }
    }
}

/// There is no identity without a name.
pub(super) fn nobody() -> Problem {
    Problem::new(
        Kind::NotFound,
        "This address names no identity. Choose one of the list.",
    )
}

/// GET `/console/{project}/{environment}/identities/of`: the page's address in earlier versions, which names somebody.
async fn moved(broker: web::Data<Broker>, here: Here, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let id = query.get("id").ok_or_else(nobody)?;
    let whom = Whom::of(&broker, &here, id, kind_of(query.get("type"))?);
    Ok(see(&whom.page(&here)))
}

/// GET `/console/{project}/{environment}/identities/{identity}`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let whom = Whom::by(&broker, &here, &path.2).ok_or_else(nobody)?;
    let asked = Asked {
        after: behind(&query, "after", "a connection")?,
        ..Asked::of(&whom)
    };
    draw(&broker, &site, &here, asked, StatusCode::OK).await
}

pub(super) async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    asked: Asked<'_>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let (id, kind) = (asked.whom.identity.id.as_str(), asked.whom.identity.kind);
    let (found, total) = broker.connections_of(&caller, id, kind, asked.after, ROWS).await?;
    let search = AttemptSearch {
        identity: Some(id.to_owned()),
        identity_type: Some(kind),
        limit: ATTEMPTS,
        ..AttemptSearch::default()
    };
    let attempts = broker.connect_attempts(&caller, search).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let full = i64::try_from(found.len()).is_ok_and(|rows| rows == ROWS);
    let next = found
        .last()
        .filter(|_| full)
        .map(|last| format!("{}?after={}", asked.whom.page(here), last.id));
    let narrowed = |page| Filters::of(page, [Filter::worded("who", "Identity", Some(asked.whom.filter()))]).first(here);
    let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    // The page says once whose they are.
    let nameless = PeopleNames::default();
    let nonce = Nonce::generate();
    let page = IdentityPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Identities),
        notice: asked.notice,
        id,
        kind: kind_word(kind),
        kind_value: kind.as_str(),
        label: found.iter().find_map(|connection| connection.owner.label.clone()),
        total,
        rows: found
            .iter()
            .map(|connection| Row::new(here, &site.assets, &catalog, connection, now))
            .collect(),
        next,
        attempts: attempts
            .rows
            .iter()
            .map(|attempt| AttemptLine::new(here, &site.assets, &catalog, attempt, &nameless, now))
            .collect(),
        all_attempts: narrowed("sessions"),
        all_links: narrowed("links"),
        link: asked.link,
        typed: asked.typed,
        typed_problem: asked.typed_problem,
        may_help: here.may(Permission::Help),
        may_erase: here.may(Permission::Manage),
        once: once::form_id(),
        links_api: format!("{}/v1/connect/links", site.public_origin),
        erase_api: format!(
            "{}/v1/identities/{encoded}?identityType={}",
            site.public_origin,
            kind.as_str()
        ),
        here,
    };
    show(&nonce, status, &page)
}

/// POST `/console/{project}/{environment}/identities/link`: the link stands on the page this once.
async fn link(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Help)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let id = sent.given("id").map(ToOwned::to_owned).ok_or_else(nobody)?;
    let kind = kind_of(sent.given("type"))?;
    let asked = LinkRequest {
        purpose: LinkPurpose::Manage,
        owner: Owner {
            identity: Some(id.clone()),
            identity_type: Some(kind),
            ..Owner::default()
        },
        integrations: None,
        connection: None,
        ttl: None,
        verify: None,
        locale: None,
        inviter: None,
        repeatable: once::link(&broker, &here, sent.trimmed("once"), &[&id, kind.as_str()]),
    };
    let whom = Whom::of(&broker, &here, &id, kind);
    let page = Asked::of(&whom);
    match broker.make_link(&caller, asked).await.and_then(MadeLink::into_address) {
        Ok(link) => {
            let page = Asked {
                link: Some(link),
                ..page
            };
            draw(&broker, &site, &here, page, StatusCode::OK).await
        }
        Err(problem) => {
            let Refusal { message, status } = problem.into();
            let notice = Some(Notice::bad(&message));
            draw(&broker, &site, &here, Asked { notice, ..page }, status).await
        }
    }
}
