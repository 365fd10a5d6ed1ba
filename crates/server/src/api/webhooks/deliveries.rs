//! What was delivered, a test, and once more.

use std::collections::BTreeMap;

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, RangeRequest, Scope};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    AttemptRow, ConnectionId, Delivery, DeliveryId, DeliveryStatus, DeliveryWithAttempts, EndpointId, EventId,
};
use utoipa::ToSchema;

use crate::Site;
use crate::api::tenant::Subject;
use crate::guard::body;
use crate::key::Authenticated;
use crate::paging::{Paging, Query};
use crate::problems::Problem;

/// An event on its way to one subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    #[schema(value_type = String)]
    id: DeliveryId,
    #[schema(value_type = String)]
    subscription_id: EndpointId,
    /// The same over all attempts; it is the header `webhook-id`.
    #[schema(value_type = String)]
    event_id: EventId,
    event_type: String,
    #[schema(value_type = Option<String>)]
    connection_id: Option<ConnectionId>,
    /// `pending`, `delivered` or `failed`.
    #[schema(value_type = String)]
    status: DeliveryStatus,
    /// It waits for an earlier delivery of the same connection.
    waits_for_earlier: bool,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    /// The last HTTP status.
    last_status: Option<i32>,
    /// Why the last attempt did not count.
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            subscription_id: delivery.endpoint,
            event_id: delivery.event,
            event_type: delivery.kind,
            connection_id: delivery.connection,
            status: delivery.status,
            waits_for_earlier: delivery.waits,
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
            created_at: delivery.created_at,
            ended_at: delivery.ended_at,
        }
    }
}

/// A request as it was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestView {
    /// The address, without the values of its query.
    url: Option<String>,
    /// By their names in lower case; signatures are hidden.
    headers: BTreeMap<String, String>,
    /// 64 KiB at most, without the signing secrets.
    body: Option<String>,
}

/// What one attempt met.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// What was sent; null for attempts of versions that did not keep it.
    request: Option<RequestView>,
    /// The HTTP status, when there was an answer.
    status: Option<i32>,
    duration_ms: i32,
    /// The beginning of the answer, 2 KiB at most, without secrets and markup.
    response: Option<String>,
    /// Why it did not count.
    error: Option<String>,
    attempted_at: DateTime<Utc>,
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        let body = row.request_body;
        let request = row.request.map(|request| RequestView {
            url: request["url"].as_str().map(ToOwned::to_owned),
            headers: serde_json::from_value(request["headers"].clone()).unwrap_or_default(),
            body,
        });
        Self {
            request,
            status: row.status,
            duration_ms: row.duration_ms,
            response: row.response,
            error: row.error,
            attempted_at: row.attempted_at,
        }
    }
}

/// A delivery with what was sent and what came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WholeDelivery {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// What was sent as `data` and `payload`.
    #[schema(value_type = Object)]
    payload: Value,
    /// When it happened.
    timestamp: DateTime<Utc>,
    /// All attempts, oldest first.
    log: Vec<AttemptView>,
}

impl From<DeliveryWithAttempts> for WholeDelivery {
    fn from(whole: DeliveryWithAttempts) -> Self {
        Self {
            delivery: whole.delivery.into(),
            payload: whole.payload,
            timestamp: whole.happened_at,
            log: whole.attempts.into_iter().map(Into::into).collect(),
        }
    }
}

/// A page by key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deliveries {
    /// Newest first.
    rows: Vec<DeliveryView>,
    /// Send it as `after` for the next page; null at the end.
    #[schema(value_type = Option<String>)]
    next: Option<DeliveryId>,
}

/// Lists the deliveries of a subscription, newest first.
#[utoipa::path(
    get, path = "/v1/webhooks/subscriptions/{id}/deliveries", operation_id = "listDeliveries", tag = "Webhooks",
    params(
        ("id" = String, Path, description = "The subscription's id"),
        ("status" = Option<String>, Query, description = "`pending`, `delivered` or `failed`"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<i64>, Query, description = "20 unless given, at most 150")
    ),
    responses(
        (status = 200, body = Deliveries, description = "A page of deliveries"),
        (status = 400, description = "A filter has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let status = query.get("status").map(status).transpose()?;
    let after = query.get("after").map(after).transpose()?;
    let limit = Paging::read(&query).limit;
    // One more tells whether there is a next page.
    let mut found = broker
        .webhook_deliveries(&caller.0, &id.0, status, after, limit + 1)
        .await?;
    let most = usize::try_from(limit).unwrap_or_default();
    let more = found.len() > most;
    found.truncate(most);
    let next = found.last().filter(|_| more).map(|delivery| delivery.id);
    let rows = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Deliveries { rows, next }))
}

fn status(text: &str) -> Result<DeliveryStatus, Problem> {
    text.parse().map_err(Problem::bad_request)
}

fn after(text: &str) -> Result<DeliveryId, Problem> {
    text.parse()
        .map_err(|_| Problem::bad_request("`after` is the `next` of the page before."))
}

/// One delivery with what was sent and what came back.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries/{id}", operation_id = "getDelivery", tag = "Webhooks",
    params(("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, body = WholeDelivery, description = "The delivery"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
) -> Result<HttpResponse, Problem> {
    let whole = broker.webhook_delivery(&caller.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(WholeDelivery::from(whole)))
}

/// Sends a `webhook.test` event now, once, whether or not the subscription is on.
#[utoipa::path(
    post, path = "/v1/webhooks/subscriptions/{id}/test", operation_id = "testWebhook", tag = "Webhooks",
    params(("id" = String, Path, description = "The subscription's id")),
    responses(
        (status = 200, body = WholeDelivery, description = "How it went: `status` and `log`"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn test(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
) -> Result<HttpResponse, Problem> {
    let whole = broker.test_webhook(&caller.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(WholeDelivery::from(whole)))
}

/// Makes a delivery once more, with the same id, or a waiting one at once.
#[utoipa::path(
    post, path = "/v1/webhooks/deliveries/{id}/redeliver", operation_id = "redeliver", tag = "Webhooks",
    params(("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, body = DeliveryView, description = "It is on its way"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours"),
        (status = 409, description = "The subscription is off, or the delivery is being made at this moment")
    ),
    security(("secret" = []))
)]
pub(crate) async fn redeliver(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
) -> Result<HttpResponse, Problem> {
    let delivery = broker.redeliver_webhook(&caller.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(DeliveryView::from(delivery)))
}

/// A range of time.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Again {
    /// From here on, as `2026-11-25T08:00:00Z`.
    from: DateTime<Utc>,
    /// Before this; until now unless given.
    to: Option<DateTime<Utc>>,
    /// `failed` unless given, `delivered`, or `all` for both.
    status: Option<String>,
    /// `next` of the call before.
    after: Option<String>,
}

/// What is on its way again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnItsWay {
    /// How many deliveries.
    redelivered: usize,
    /// Send it as `after`, with the same `from` and `to`, for the rest; null when nothing is left.
    #[schema(value_type = Option<String>)]
    next: Option<DeliveryId>,
}

/// Makes what ended in a range of time once more, at most 10,000 deliveries in a call.
#[utoipa::path(
    post, path = "/v1/webhooks/subscriptions/{id}/redeliver", operation_id = "redeliverRange", tag = "Webhooks",
    params(("id" = String, Path, description = "The subscription's id")),
    request_body(content = Again, description = "Of which time"),
    responses(
        (status = 200, body = OnItsWay, description = "They are on their way"),
        (status = 400, description = "A field is missing or has a value that cannot be, or `from` is before what is kept (`meta.from`)"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours"), (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The subscription is off"), (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn redeliver_range(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: Subject,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::WebhooksWrite)?;
    let again: Again = body(&site, &request, payload).await?;
    let range = RangeRequest {
        from: again.from,
        to: again.to,
        status: match again.status.as_deref() {
            None => Some(DeliveryStatus::Failed),
            Some("all") => None,
            Some(text) => Some(status(text)?),
        },
        after: again.after.as_deref().map(after).transpose()?,
    };
    let done = broker.redeliver_webhooks(&caller.0, &id.0, range).await?;
    Ok(HttpResponse::Ok().json(OnItsWay {
        redelivered: done.count,
        next: done.next,
    }))
}
