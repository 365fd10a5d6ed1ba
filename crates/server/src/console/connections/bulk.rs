//! What is done to the connections that are ticked.

use actix_web::http::StatusCode;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{Broker, Caller, ConnectionId, MadeReconnect, Permission};
use store::TagChange;

use super::super::csv::cell;
use super::super::listing::with_query;
use super::super::navigation::Section;
use super::super::once;
use super::super::operator::Here;
use super::super::pages::{Notice, Row, Shell};
use super::super::refusal::Refusal;
use super::super::routing::post;
use super::super::sent::Sent;
use super::filters::Filters;
use super::{Said, draw, see, show};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(config, "/console/{project}/{environment}/connections/bulk", chosen);
}

/// What the form asks for.
#[derive(Debug)]
struct Asked {
    ids: Vec<ConnectionId>,
    action: String,
    tag: String,
    is_sure: bool,
    /// The id of the form.
    once: String,
    filters: Filters,
}

impl Asked {
    fn read(broker: &Broker, here: &Here, sent: &Sent) -> Result<Self, Problem> {
        let ids: Result<Vec<ConnectionId>, _> = sent.all("connection").map(str::parse).collect();
        Ok(Self {
            ids: ids.map_err(|_| super::unknown())?,
            action: sent.text("action").to_owned(),
            tag: sent.text("tag").to_owned(),
            is_sure: sent.text("sure") == "yes",
            once: sent.trimmed("once").to_owned(),
            filters: Filters::read(broker, here, &Query::parse(sent.text("back")))?,
        })
    }
}

/// A connection with its link, or with why there is none.
#[derive(Debug)]
struct LinkLine {
    row: Row,
    link: Option<String>,
    problem: Option<String>,
}

/// Links that were made, shown once.
#[derive(Debug, Template)]
#[template(path = "console/connections/links.html")]
struct LinksPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    back: String,
    lines: Vec<LinkLine>,
    made: usize,
    csv: String,
}

/// Asks before connections are deleted.
#[derive(Debug, Template)]
#[template(path = "console/connections/sure.html")]
struct SurePage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    back: String,
    back_query: String,
    rows: Vec<(String, Row)>,
}

/// POST `/console/{project}/{environment}/connections/bulk`
async fn chosen(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Help)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let asked = Asked::read(&broker, &here, &sent)?;
    match act(&broker, &site, &here, &caller, &asked).await {
        Ok(response) => Ok(response),
        // The list again, as it was sent.
        Err(problem) if matches!(problem.kind(), broker::Kind::BadRequest | broker::Kind::Conflict) => {
            let Refusal { message, status } = problem.into();
            let said = Said {
                notice: Some(Notice::bad(&message)),
                ticked: &asked.ids,
                tag: &asked.tag,
            };
            draw(&broker, &site, &here, &asked.filters, said, status).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn act(
    broker: &Broker,
    site: &Site,
    here: &Here,
    caller: &Caller,
    asked: &Asked,
) -> Result<HttpResponse, broker::Problem> {
    let ids = &asked.ids;
    let (word, number) = match asked.action.as_str() {
        "add-tag" => (
            "tagged",
            broker.tag_many(caller, ids, &asked.tag, TagChange::Add).await?,
        ),
        "remove-tag" => (
            "untagged",
            broker.tag_many(caller, ids, &asked.tag, TagChange::Remove).await?,
        ),
        "links" => {
            let repeatable = |id: ConnectionId| once::link(broker, here, &asked.once, &[&id.to_string()]);
            let made = broker.reconnect_many(caller, ids, repeatable).await?;
            return links(broker, site, here, asked, made);
        }
        "delete" if asked.is_sure => ("deleted", broker.delete_many(caller, ids).await?),
        "delete" => return sure(broker, site, here, caller, asked).await,
        _ => {
            // Says what is wrong with what is ticked first.
            broker.count_chosen(caller, ids).await?;
            let message = "This is nothing that can be done to connections. Press one of the buttons below the list.";
            return Err(broker::Problem::new(
                broker::Kind::BadRequest,
                "unknown_action",
                message,
            ));
        }
    };
    let mut back = asked.filters.query();
    if !back.is_empty() {
        back.push('&');
    }
    Ok(see(&format!(
        "{}?{back}done={word}&number={number}",
        here.at("connections")
    )))
}

/// What an action's redirect says.
pub(super) fn done(query: &Query) -> Option<Notice> {
    let number: u64 = query.get("number")?.parse().ok()?;
    let them = if number == 1 {
        "1 connection".to_owned()
    } else {
        format!("{number} connections")
    };
    let text = match query.get("done")? {
        "tagged" => format!("The tag was added to {them}."),
        "untagged" => format!("The tag was taken from {them}."),
        "deleted" => format!(
            "Deleted: {them}. The access is being ended at the services that have a way, where no other connection uses it."
        ),
        _ => return None,
    };
    Some(Notice::good(&text))
}

fn internal(problem: &Problem) -> broker::Problem {
    tracing::error!(%problem, "a page could not be written");
    broker::Problem::new(broker::Kind::Internal, "internal", "The page could not be written.")
}

async fn sure(
    broker: &Broker,
    site: &Site,
    here: &Here,
    caller: &Caller,
    asked: &Asked,
) -> Result<HttpResponse, broker::Problem> {
    let (catalog, now) = (broker.catalog(), site.now());
    let mut rows = Vec::new();
    for id in broker.count_chosen(caller, &asked.ids).await? {
        let connection = broker.connection(caller, &id.to_string()).await?;
        rows.push((id.to_string(), Row::new(here, &site.assets, &catalog, &connection, now)));
    }
    let nonce = Nonce::generate();
    let page = SurePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Connections),
        back: asked.filters.address(here),
        back_query: asked.filters.query(),
        rows,
        here,
    };
    show(&nonce, StatusCode::OK, &page).map_err(|problem| internal(&problem))
}

fn links(
    broker: &Broker,
    site: &Site,
    here: &Here,
    asked: &Asked,
    made: Vec<MadeReconnect>,
) -> Result<HttpResponse, broker::Problem> {
    let (catalog, now) = (broker.catalog(), site.now());
    let mut csv = "connection,integration,identity,account,link\r\n".to_owned();
    let mut lines = Vec::with_capacity(made.len());
    for MadeReconnect { connection, link } in made {
        let (link, problem) = match link {
            Ok(link) => (Some(link), None),
            Err(problem) => (None, Some(problem.message().to_owned())),
        };
        if let Some(link) = &link {
            let id = connection.id.to_string();
            let texts = [
                id.as_str(),
                &connection.integration,
                connection.owner.identity.as_deref().unwrap_or_default(),
                connection.account_name.as_deref().unwrap_or_default(),
                link,
            ];
            csv.push_str(&texts.map(cell).join(","));
            csv.push_str("\r\n");
        }
        lines.push(LinkLine {
            row: Row::new(here, &site.assets, &catalog, &connection, now),
            link,
            problem,
        });
    }
    let nonce = Nonce::generate();
    let page = LinksPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Connections),
        back: with_query(here.at("connections"), &asked.filters.query()),
        made: lines.iter().filter(|line| line.link.is_some()).count(),
        lines,
        csv,
    };
    show(&nonce, StatusCode::OK, &page).map_err(|problem| internal(&problem))
}
