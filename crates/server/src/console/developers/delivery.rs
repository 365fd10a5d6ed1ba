//! One delivery: what was sent, what came back, and once more.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{Broker, Connection, IdentityType, Owner, Permission};
use chrono::{DateTime, Utc};
use serde_json::Value;
use store::{AttemptRow, DeliveryStatus, DeliveryWithAttempts};

use super::super::listing::Whom;
use super::super::navigation::Section;
use super::super::operator::{Here, Operator};
use super::super::pages::{Notice, Row, Shell, When};
use super::super::routing::{page, post};
use super::super::{see, show};
use super::endpoint::mark;
use super::lines::took;
use super::wire::{Header, Sent};
use super::{Mark, lines, wire};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(
        config,
        "/console/{project}/{environment}/webhooks/{endpoint}/deliveries/{delivery}",
        page
    );
    post!(
        config,
        "/console/{project}/{environment}/webhooks/{endpoint}/deliveries/{delivery}/redeliver",
        redeliver
    );
}

/// A place, an endpoint, a delivery.
type Path = web::Path<(String, String, String, String)>;

/// An attempt as the page shows it.
#[derive(Debug)]
struct AttemptView {
    state: Mark,
    took: String,
    at: When,
    error: Option<String>,
    /// The beginning of what came back, and whether there was more.
    answer: Option<(String, bool)>,
    headers: Vec<Header>,
}

impl AttemptView {
    fn new(row: &AttemptRow, now: DateTime<Utc>) -> Self {
        let status = row.status.and_then(|status| u16::try_from(status).ok());
        Self {
            state: status.map_or_else(
                || Mark::bad("No answer"),
                |status| match status {
                    200..300 => lines::mark(status),
                    _ => Mark::bad(&status.to_string()),
                },
            ),
            took: took(row.duration_ms),
            at: When::new(row.attempted_at, now),
            error: row.error.clone(),
            answer: wire::answer(row),
            headers: wire::headers(row),
        }
    }
}

/// Whom an event is about.
#[derive(Debug)]
struct Person {
    href: String,
    who: String,
    /// The identity's name for people, where it has one besides.
    whose: Option<String>,
}

/// What an event is about.
#[derive(Debug)]
struct About {
    connection: Option<Row>,
    /// The id of a connection that was deleted.
    gone: Option<String>,
    person: Option<Person>,
}

impl About {
    /// By the connection while it is there, else by what the event says itself.
    async fn find(
        broker: &Broker,
        site: &Site,
        here: &Here,
        whole: &DeliveryWithAttempts,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let caller = here.caller(Permission::See)?;
        let written = || whole.payload["connectionId"].as_str().map(ToOwned::to_owned);
        let id = whole.delivery.connection.map(|id| id.to_string()).or_else(written);
        let connection: Option<Connection> = match &id {
            None => None,
            Some(id) => match broker.connection(&caller, id).await {
                Ok(connection) => Some(connection),
                Err(problem) if problem.kind() == broker::Kind::NotFound => None,
                Err(problem) => return Err(problem.into()),
            },
        };
        let owner = connection
            .as_ref()
            .map_or_else(|| owner_in(&whole.payload), |connection| connection.owner.clone());
        let names = broker.people_names(&caller, &[&owner]).await?;
        let kind = owner.identity_type.unwrap_or(IdentityType::User);
        Ok(Self {
            person: owner.identity.as_deref().map(|identity| Person {
                href: Whom::of(broker, here, identity, kind).page(here),
                who: identity.to_owned(),
                whose: names.of(&owner).map(ToOwned::to_owned),
            }),
            gone: id.filter(|_| connection.is_none()),
            connection: connection
                .as_ref()
                .map(|connection| Row::new(here, &site.assets, &broker.catalog(), connection, now)),
        })
    }
}

/// Whom an event's own words name. Those of an identity that was erased name nobody.
fn owner_in(payload: &Value) -> Owner {
    let kind = payload["identityType"].as_str();
    Owner {
        identity: payload["identity"].as_str().map(ToOwned::to_owned),
        identity_type: kind.and_then(|kind| kind.parse().ok()),
        ..Owner::default()
    }
}

#[derive(Debug, Template)]
#[template(path = "console/developers/delivery.html")]
struct DeliveryPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    endpoint: String,
    url: String,
    href: String,
    id: String,
    event: String,
    kind: String,
    state: Mark,
    waits: bool,
    may_redeliver: bool,
    made: When,
    next: Option<When>,
    about: About,
    /// What was sent last; none before the first attempt.
    sent: Option<Sent>,
    /// What is told, in lines.
    payload: String,
    attempts: Vec<AttemptView>,
    api: String,
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    path: &Path,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Build)?;
    let endpoint = broker.webhook_endpoint(&caller, &path.2).await?;
    let whole = broker.webhook_delivery(&caller, &path.3).await?;
    let delivery = &whole.delivery;
    if delivery.endpoint != endpoint.id {
        return Err(unknown());
    }
    let now = site.now();
    let about = About::find(broker, site, here, &whole, now).await?;
    let nonce = Nonce::generate();
    let page = DeliveryPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Webhooks),
        notice,
        endpoint: here.at(&format!("webhooks/{}", endpoint.id)),
        url: endpoint.url.clone(),
        href: here.at(&format!("webhooks/{}/deliveries/{}", endpoint.id, delivery.id)),
        id: delivery.id.to_string(),
        event: delivery.event.to_string(),
        kind: delivery.kind.clone(),
        state: mark(delivery),
        waits: delivery.waits,
        may_redeliver: endpoint.active,
        made: When::new(delivery.created_at, now),
        next: delivery.next_attempt_at.map(|at| When::new(at, now)),
        about,
        sent: whole.attempts.iter().rev().find_map(Sent::new),
        payload: serde_json::to_string_pretty(&whole.payload).unwrap_or_default(),
        attempts: whole
            .attempts
            .iter()
            .rev()
            .map(|row| AttemptView::new(row, now))
            .collect(),
        api: format!("{}/v1/webhooks/deliveries/{}", site.public_origin, delivery.id),
        here,
    };
    show(&nonce, status, &page)
}

fn unknown() -> Problem {
    Problem::new(
        crate::problems::Kind::NotFound,
        "This delivery does not exist here, or is not kept any more.",
    )
}

/// How a test went.
fn tested(whole: &DeliveryWithAttempts) -> Notice {
    let last = whole.attempts.last();
    if whole.delivery.status == DeliveryStatus::Delivered {
        let status = last.and_then(|row| row.status).unwrap_or_default();
        return Notice::good(&format!("Your endpoint took the test and answered {status}."));
    }
    let why = last.and_then(|row| row.error.clone()).unwrap_or_default();
    Notice::bad(&format!("The test did not arrive. {why}"))
}

/// GET `…/deliveries/{delivery}`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let notice = match Query::parse(request.query_string()).get("done") {
        Some("tested") => {
            let caller = here.caller(Permission::Build)?;
            Some(tested(&broker.webhook_delivery(&caller, &path.3).await?))
        }
        Some("redelivered") => Some(Notice::good("It goes out once more. Look again in a few seconds.")),
        _ => None,
    };
    draw(&broker, &site, &here, &path, notice, StatusCode::OK).await
}

/// POST `…/deliveries/{delivery}/redeliver`
async fn redeliver(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    let endpoint = broker.webhook_endpoint(&caller, &path.2).await?;
    if broker.webhook_delivery(&caller, &path.3).await?.delivery.endpoint != endpoint.id {
        return Err(unknown());
    }
    match broker.redeliver_webhook(&caller, &path.3).await {
        Ok(delivery) => {
            let address = format!(
                "webhooks/{}/deliveries/{}?done=redelivered",
                delivery.endpoint, delivery.id
            );
            Ok(see(&here.at(&address)))
        }
        Err(problem) if problem.kind() == broker::Kind::NotFound => Err(problem.into()),
        Err(problem) => {
            let notice = Notice::bad(problem.message());
            let status = Problem::from(problem).kind().status();
            draw(&broker, &site, &here, &path, Some(notice), status).await
        }
    }
}
