//! GET `/v1/webhooks/events`: what happened in a project, whether or not anybody was subscribed (wire contract §6.1).

use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use store::{EventFilter, ProjectEvent};
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::Problem;

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventView {
    /// The id that deliveries of it carry as `id`.
    id: String,
    /// As `connection.created`.
    event_type: String,
    /// What webhooks carry of it: ids and states, never a secret.
    #[schema(value_type = Object)]
    payload: Value,
    metadata: EventMetadata,
    /// When it happened.
    timestamp: String,
    /// The project: there is nothing above it.
    organization_id: String,
    project_id: String,
    created_at: String,
    updated_at: String,
    version: &'static str,
    active: bool,
    deleted: bool,
    tags: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EventMetadata {
    environment: &'static str,
    connection_id: Option<String>,
}

/// Lists what happened in the key's environment, newest first, as long as events are kept.
#[utoipa::path(
    get, path = "/v1/webhooks/events", operation_id = "listEvents", tag = "Webhooks",
    params(
        ("eventType" = Option<String>, Query, description = "As `connection.created`"),
        ("after" = Option<String>, Query, description = "At this time or later, as `2026-11-25T08:00:00Z`"),
        ("before" = Option<String>, Query, description = "At this time or earlier"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<EventView>, description = "A page of events", example = json!({
            "rows": [{
                "id": "01900000-0000-7000-8000-000000000001", "eventType": "connection.created",
                "payload": { "id": "01900000-0000-7000-8000-000000000002", "platform": "gmail", "environment": "test", "identity": "u-42", "state": "operational" },
                "metadata": { "environment": "test", "connectionId": "01900000-0000-7000-8000-000000000002" },
                "timestamp": "2026-11-29T12:00:00.000Z",
                "organizationId": "01900000-0000-7000-8000-000000000003", "projectId": "01900000-0000-7000-8000-000000000003",
                "createdAt": "2026-11-29T12:00:00.000Z", "updatedAt": "2026-11-29T12:00:00.000Z",
                "version": "1.0.0", "active": true, "deleted": false, "tags": []
            }],
            "total": 1, "pages": 1, "page": 1, "skip": 0, "limit": 20
        })),
        (status = 400, description = "`after` or `before` is no time"),
        (status = 403, description = "The key does not have the scope `webhooks:write`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let paging = Paging::read(&query);
    let filter = EventFilter {
        kind: query.get("eventType").map(ToOwned::to_owned),
        from: time(&query, "after")?,
        until: time(&query, "before")?,
        skip: paging.skip,
        limit: paging.limit,
    };
    let project = caller.0.project.to_string();
    let environment = caller.0.environment.as_str();
    let (events, total) = broker.events(&caller.0, &filter).await?;
    let rows = events
        .into_iter()
        .map(|event| view(event, &project, environment))
        .collect();
    Ok(HttpResponse::Ok().json(Page::new(rows, total, paging)))
}

fn time(query: &Query, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    // A plus sign that was not encoded arrives as a space.
    let read = |text: &str| DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
    query
        .get(name)
        .map(|text| {
            read(text)
                .map(|time| time.to_utc())
                .ok_or_else(|| Problem::bad_request(format!("`{name}` is no time. Write it as 2026-11-25T08:00:00Z.")))
        })
        .transpose()
}

fn view(event: ProjectEvent, project: &str, environment: &'static str) -> EventView {
    let at = event.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    EventView {
        id: event.id.to_string(),
        event_type: event.kind,
        payload: event.payload,
        metadata: EventMetadata {
            environment,
            connection_id: event.connection.map(|id| id.to_string()),
        },
        timestamp: at.clone(),
        organization_id: project.to_owned(),
        project_id: project.to_owned(),
        created_at: at.clone(),
        updated_at: at,
        version: "1.0.0",
        active: true,
        deleted: false,
        tags: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_zone() {
        for raw in [
            "after=2026-11-25T08:00:00Z",
            "after=2026-11-25T09:00:00%2B01:00",
            "after=2026-11-25T09:00:00+01:00",
            "after=2026-11-25T08:00:00.000Z",
        ] {
            let found = time(&Query::parse(raw), "after").unwrap().unwrap();
            assert_eq!(found.timestamp(), 1_795_593_600, "{raw}");
        }
        assert!(time(&Query::parse("after="), "after").unwrap().is_none());
        for raw in ["after=yesterday", "after=2026-11-25", "after=1795593600"] {
            assert!(time(&Query::parse(raw), "after").is_err(), "{raw}");
        }
    }
}
