//! The list of links.

use actix_web::http::StatusCode;
use askama::Template;
use broker::{Broker, Permission};
use store::{LinkId, LinkSearch, LinkState};

use super::make::{LIVES, Typed};
use super::{Line, state_words};
use crate::Site;
use crate::assets::Assets;
use crate::console::listing::{Filter, Filters, Whom, behind, choices, integrations, one_of};
use crate::console::once;
use crate::console::people::{
    Chip, Choice, Here, HttpRequest, HttpResponse, Notice, Problem, Section, Shell, see, show, web,
};
use crate::headers::Nonce;
use crate::paging::Query;

/// Rows of a page.
const ROWS: i64 = 50;

/// States, as addresses have them.
const STATES: [LinkState; 5] = [
    LinkState::Open,
    LinkState::Opened,
    LinkState::Used,
    LinkState::Revoked,
    LinkState::Expired,
];

/// `/console/{project}/{environment}/links`
#[derive(Debug, Template)]
#[template(path = "console/people/links.html")]
struct LinksPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    /// Whom it is narrowed to, as addresses have them.
    who: Option<&'a str>,
    states: Vec<Choice>,
    chips: Vec<Chip>,
    is_narrowed: bool,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
    may_help: bool,
    /// Whether the customer's backend can be asked who finished: an address is set, or the project has nobody asked.
    can_confirm: bool,
    typed: Typed,
    /// The id of the form that makes one.
    once: String,
    kinds: [(&'static str, &'static str); 4],
    lives: [(i64, &'static str); 5],
    integrations: Vec<Choice>,
    api: String,
}

/// GET `/console/{project}/{environment}/links`
pub(super) async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    if let Some(address) = Whom::moved(&broker, &here, "links", &query)? {
        return Ok(see(&address));
    }
    let notice = (query.flag("revoked") == Some(true))
        .then(|| Notice::good("The link was taken back. It opens nothing any more."));
    draw(&broker, &site, &here, &query, notice, Typed::default(), StatusCode::OK).await
}

pub(super) async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    query: &Query,
    notice: Option<Notice>,
    mut typed: Typed,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let whom = Whom::read(broker, here, query)?;
    let state = query
        .get("state")
        .map(|text| one_of(&STATES, text, "state", LinkState::as_str));
    let state = state.transpose()?;
    let before: Option<LinkId> = behind(query, "before", "a link")?;
    let search = LinkSearch {
        identity: whom.as_ref().map(|whom| whom.identity.id.clone()),
        identity_type: whom.as_ref().and_then(Whom::kind),
        state: state.map(|state| state.as_str().to_owned()),
        before,
        limit: ROWS,
    };
    let found = broker.search_links(&caller, search).await?;
    let owners: Vec<_> = found.rows.iter().map(|link| &link.owner).collect();
    let names = broker.people_names(&caller, &owners).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let words = |state: LinkState| (state.as_str(), state_words(state).word);
    let filters = Filters::of(
        "links",
        [
            Filter::worded("state", "State", state.map(words)),
            Filter::worded("who", "Identity", whom.as_ref().map(Whom::filter)),
        ],
    );
    if let Some(whom) = &whom
        && typed.identity.is_empty()
        && typed.problem.is_none()
    {
        typed.identity.clone_from(&whom.identity.id);
        typed.kind = whom.kind().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
    }
    let nonce = Nonce::generate();
    let page = LinksPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Links),
        notice,
        states: choices(STATES, state, words),
        is_narrowed: !filters.is_empty() || before.is_some(),
        chips: filters.chips(here),
        lines: found
            .rows
            .iter()
            .map(|link| Line::new(here, &catalog, link, &names, now))
            .collect(),
        first: before.map(|_| filters.first(here)),
        next: found.next.map(|id| filters.behind(here, "before", &id.to_string())),
        may_help: here.may(Permission::Help),
        can_confirm: here.project.verify == store::Verify::Off || here.project.verify_url.is_some(),
        typed,
        once: once::form_id(),
        kinds: [
            ("user", "User"),
            ("team", "Team"),
            ("organization", "Organization"),
            ("project", "Project"),
        ],
        lives: LIVES,
        integrations: integrations(broker, here, None).await?,
        api: format!("{}/v1/connect/links", site.public_origin),
        who: whom.as_ref().map(|whom| whom.reference.as_str()),
        here,
    };
    show(&nonce, status, &page)
}
