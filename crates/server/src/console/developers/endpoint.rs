//! One webhook: its deliveries, a test, its secret, its end.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{Broker, Permission};
use chrono::{DateTime, Utc};
use store::{Delivery, DeliveryId, DeliveryStatus};

use super::super::navigation::Section;
use super::super::operator::{Here, Operator, unproved};
use super::super::pages::{Chip, Choice, Notice, Shell, When};
use super::super::routing::{page, post};
use super::super::{see, show};
use super::secrets::{Shown, show_secret};
use super::webhooks::EndpointRow;
use super::{Mark, Sent, Thing};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/webhooks/{endpoint}", page);
    post!(
        config,
        "/console/{project}/{environment}/webhooks/{endpoint}/test",
        test
    );
    post!(
        config,
        "/console/{project}/{environment}/webhooks/{endpoint}/secret",
        secret
    );
    post!(
        config,
        "/console/{project}/{environment}/webhooks/{endpoint}/delete",
        delete
    );
}

/// Deliveries of a page.
const ROWS: i64 = 50;

/// A delivery in the list.
#[derive(Debug)]
struct DeliveryRow {
    href: String,
    kind: String,
    state: Mark,
    answer: String,
    attempts: i32,
    next: Option<When>,
    at: When,
}

/// How a delivery stands.
pub(super) fn mark(delivery: &Delivery) -> Mark {
    match delivery.status {
        DeliveryStatus::Delivered => Mark::good("Delivered"),
        DeliveryStatus::Failed => Mark::bad("Given up"),
        DeliveryStatus::Pending if delivery.waits => Mark::waits("Waits"),
        DeliveryStatus::Pending if delivery.attempts > 0 => Mark::attention("Tried again"),
        DeliveryStatus::Pending => Mark::waits("On its way"),
    }
}

impl DeliveryRow {
    fn new(endpoint: &EndpointRow, delivery: &Delivery, now: DateTime<Utc>) -> Self {
        Self {
            href: format!("{}/deliveries/{}", endpoint.href, delivery.id),
            kind: delivery.kind.clone(),
            state: mark(delivery),
            answer: match (delivery.last_status, &delivery.last_error) {
                (Some(status), _) => status.to_string(),
                (None, Some(_)) => "none".to_owned(),
                (None, None) => "–".to_owned(),
            },
            attempts: delivery.attempts,
            next: delivery.next_attempt_at.map(|at| When::new(at, now)),
            at: When::new(delivery.created_at, now),
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "console/developers/webhook.html")]
struct EndpointPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    row: EndpointRow,
    id: String,
    /// While the secret before signs too.
    overlap: Option<When>,
    statuses: Vec<Choice>,
    chips: Vec<Chip>,
    deliveries: Vec<DeliveryRow>,
    first: Option<String>,
    next: Option<String>,
    api: String,
}

/// What an address asks for.
#[derive(Clone, Copy, Debug, Default)]
struct Filters {
    status: Option<DeliveryStatus>,
    before: Option<DeliveryId>,
}

impl Filters {
    fn read(query: &Query) -> Result<Self, Problem> {
        let before = query.get("before").map(str::parse).transpose();
        Ok(Self {
            status: query
                .get("status")
                .map(str::parse)
                .transpose()
                .map_err(Problem::bad_request)?,
            before: before.map_err(|_| {
                Problem::bad_request("`before` is no id of a delivery. Begin again with the newest deliveries.")
            })?,
        })
    }

    fn address(self, row: &EndpointRow) -> String {
        let status = self.status.map(|status| format!("status={}", status.as_str()));
        let before = self.before.map(|id| format!("before={id}"));
        let parts: Vec<String> = [status, before].into_iter().flatten().collect();
        if parts.is_empty() {
            row.href.clone()
        } else {
            format!("{}?{}", row.href, parts.join("&"))
        }
    }
}

const fn status_words(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "On their way",
        DeliveryStatus::Delivered => "Delivered",
        DeliveryStatus::Failed => "Given up",
    }
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    filters: Filters,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Build)?;
    let endpoint = broker.webhook_endpoint(&caller, id).await?;
    let id = endpoint.id.to_string();
    let mut found = broker
        .webhook_deliveries(&caller, &id, filters.status, filters.before, ROWS + 1)
        .await?;
    let more = i64::try_from(found.len()).is_ok_and(|number| number > ROWS);
    if more {
        found.pop();
    }
    let now = site.now();
    let row = EndpointRow::new(here, &endpoint, now);
    let last = found.last().filter(|_| more).map(|delivery| delivery.id);
    let all = [
        DeliveryStatus::Pending,
        DeliveryStatus::Delivered,
        DeliveryStatus::Failed,
    ];
    let nonce = Nonce::generate();
    let page = EndpointPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Webhooks),
        notice,
        overlap: endpoint
            .previous_until
            .filter(|until| *until > now)
            .map(|at| When::new(at, now)),
        statuses: all
            .into_iter()
            .map(|status| Choice {
                value: status.as_str().to_owned(),
                label: status_words(status).to_owned(),
                chosen: filters.status == Some(status),
            })
            .collect(),
        chips: filters
            .status
            .into_iter()
            .map(|status| Chip {
                name: "Deliveries",
                value: status_words(status).to_owned(),
                href: row.href.clone(),
            })
            .collect(),
        deliveries: found
            .iter()
            .map(|delivery| DeliveryRow::new(&row, delivery, now))
            .collect(),
        first: filters.before.map(|_| {
            Filters {
                before: None,
                ..filters
            }
            .address(&row)
        }),
        next: last.map(|id| {
            Filters {
                before: Some(id),
                ..filters
            }
            .address(&row)
        }),
        api: format!("{}/v1/webhooks/subscriptions/{id}", site.public_origin),
        row,
        id,
        here,
    };
    show(&nonce, status, &page)
}

/// GET `…/webhooks/{endpoint}`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let query = Query::parse(request.query_string());
    let notice = (query.get("done") == Some("changed")).then(|| Notice::good("The webhook was changed."));
    let filters = Filters::read(&query)?;
    draw(&broker, &site, &here, &path.2, filters, notice, StatusCode::OK).await
}

/// The page again, with what went wrong.
async fn refused(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    if problem.kind() == broker::Kind::NotFound {
        return Err(problem.into());
    }
    let notice = Notice::bad(problem.message());
    let status = Problem::from(problem).kind().status();
    draw(broker, site, here, id, Filters::default(), Some(notice), status).await
}

/// POST `…/webhooks/{endpoint}/test`: leads to the delivery, which tells how it went.
async fn test(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    match broker.test_webhook(&caller, &path.2).await {
        Ok(made) => {
            let delivery = made.delivery;
            let address = format!("webhooks/{}/deliveries/{}?done=tested", delivery.endpoint, delivery.id);
            Ok(see(&here.at(&address)))
        }
        Err(problem) => refused(&broker, &site, &here, &path.2, problem).await,
    }
}

/// POST `…/webhooks/{endpoint}/secret`
async fn secret(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    if let Some(ask) = unproved(&here.signed, &here.at(&format!("webhooks/{}", path.2))) {
        return Ok(ask);
    }
    let sent = Sent::read(&site, &request, payload).await?;
    let (hours, words) = match sent.trimmed("overlap") {
        "1h" => (1, "in an hour"),
        "7d" => (7 * 24, "in a week"),
        _ => (24, "in a day"),
    };
    let overlap = Some(Duration::from_hours(hours));
    match broker
        .rotate_webhook_secret(&caller, &path.2, None, overlap, false)
        .await
    {
        Ok(made) => {
            let shown = Shown::endpoint(&here, &made, Some(words)).ok_or_else(|| Problem::general(Kind::Internal))?;
            show_secret(&site, &here, &shown)
        }
        Err(problem) => refused(&broker, &site, &here, &path.2, problem).await,
    }
}

/// POST `…/webhooks/{endpoint}/delete`
async fn delete(broker: web::Data<Broker>, operator: Operator, path: Thing) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    broker.delete_webhook_endpoint(&caller, &path.2).await?;
    Ok(see(&here.at("webhooks?done=deleted")))
}
