//! GET `/v1/vault/connections/{id}/events`: what happened to a connection.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, TimelineItem};
use serde::Serialize;
use serde_json::Value;
use store::EventId;
use utoipa::ToSchema;

use super::connections::name_before;
use super::on_demand::text;
use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::Problem;

/// A page of a timeline, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelinePage {
    /// The connection's id.
    id: String,
    /// The connection's key.
    key: String,
    /// When it was last called through, to about a minute.
    last_used_at: Option<String>,
    /// When it was deleted; a deleted connection keeps its timeline.
    deleted_at: Option<String>,
    /// What happened.
    rows: Vec<TimelineRow>,
    /// `cursor` of the next page; null on the last.
    next_cursor: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelineRow {
    /// The event's id.
    id: String,
    /// As `connection.created`, `oauth.refreshed`, `oauth.failed`, `connection.reconnected`, `connection.tested`.
    r#type: String,
    /// When.
    created_at: String,
    /// A sentence for people, with the service's words where it said some.
    message: String,
    /// The event's details, as webhooks carry them.
    data: Value,
}

impl From<TimelineItem> for TimelineRow {
    fn from(item: TimelineItem) -> Self {
        Self {
            id: item.id.to_string(),
            r#type: item.kind,
            created_at: text(item.at),
            message: item.summary,
            data: item.data,
        }
    }
}

/// What happened to a connection, newest first; also to one that was deleted.
#[utoipa::path(
    get, path = "/v1/vault/connections/{id}/events", operation_id = "listConnectionEvents", tag = "Connections",
    params(
        ("id" = String, Path, description = "The id, or the connection key"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "At most 100; 20 unless given")
    ),
    responses(
        (status = 200, body = TimelinePage, description = "A page of what happened"),
        (status = 400, description = "`cursor` is none of ours"),
        (status = 403, description = "The key does not have the scope `connections:read`"),
        (status = 404, description = "Never there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn events(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let cursor = query
        .get("cursor")
        .map(str::parse::<EventId>)
        .transpose()
        .map_err(|_| {
            Problem::bad_request("`cursor` is none of ours. Send `nextCursor` of the page before, or none.")
        })?;
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
    let page = broker
        .timeline(&caller.0, &name_before(&request, "/events")?, cursor, limit)
        .await?;
    Ok(HttpResponse::Ok().json(TimelinePage {
        id: page.connection.to_string(),
        key: page.key,
        last_used_at: page.last_used_at.map(text),
        deleted_at: page.deleted_at.map(text),
        rows: page.items.into_iter().map(Into::into).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}
