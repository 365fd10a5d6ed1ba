//! GET `/v1/requests`: the log of what was asked with the project's keys.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, LoggedRequest, RequestSearch};
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::paging::{Paging, Query};
use crate::problems::Problem;

/// A request that was made. Bodies, headers and values of queries are not kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedRequestView {
    id: String,
    /// When it came.
    at: String,
    /// The id that its answer had in `x-request-id`.
    correlation_id: String,
    /// `passthrough` or `api`.
    kind: &'static str,
    method: String,
    /// Of a passthrough, the service's own path. What looks like a secret is left out.
    path: String,
    /// Names in its query.
    query_names: Vec<String>,
    /// The service's host, where one was called.
    host: Option<String>,
    /// What the caller was answered.
    status: u16,
    /// What the service answered.
    upstream_status: Option<u16>,
    /// From its first byte to the last of its answer.
    duration_ms: i32,
    request_bytes: Option<i64>,
    response_bytes: Option<i64>,
    key_id: Option<String>,
    connection_id: Option<String>,
    /// Why it failed, where the failure is ours.
    error_code: Option<String>,
}

/// A page by key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestsView {
    rows: Vec<LoggedRequestView>,
    /// The `after` of the next page.
    next: Option<String>,
}

impl From<LoggedRequest> for LoggedRequestView {
    fn from(line: LoggedRequest) -> Self {
        Self {
            at: line.at().to_rfc3339_opts(SecondsFormat::Millis, true),
            id: line.id.to_string(),
            correlation_id: line.correlation_id,
            kind: line.kind.as_str(),
            method: line.method,
            path: line.path,
            query_names: line
                .query_names
                .split('&')
                .filter(|name| !name.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
            host: line.host,
            status: line.status,
            upstream_status: line.upstream_status,
            duration_ms: line.duration_ms,
            request_bytes: line.request_bytes,
            response_bytes: line.response_bytes,
            key_id: line.key.map(|id| id.to_string()),
            connection_id: line.connection.map(|id| id.to_string()),
            error_code: line.error_code,
        }
    }
}

/// Requests with keys of the project in the key's environment, newest first, as long as they are kept. One that was just
/// answered comes into the log within a second.
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "listRequests", tag = "Project",
    params(
        ("kind" = Option<String>, Query, description = "`passthrough` or `api`"),
        ("status" = Option<String>, Query, description = "`2xx`, `3xx`, `4xx` or `5xx`"),
        ("connectionId" = Option<String>, Query, description = "Of this connection"),
        ("correlationId" = Option<String>, Query, description = "With this `x-request-id`"),
        ("keyId" = Option<String>, Query, description = "With this key"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<i64>, Query, description = "At most 100")
    ),
    responses(
        (status = 200, body = RequestsView, description = "A page of requests", example = json!({
            "rows": [{
                "id": "01900000-0000-7000-8000-000000000006", "at": "2026-11-29T12:00:00.000Z",
                "correlationId": "0b1b5c9a-593f-4631-98ff-407c9b1087e0", "kind": "passthrough", "method": "GET",
                "path": "/gmail/v1/users/me/messages", "queryNames": ["maxResults"], "host": "gmail.googleapis.com",
                "status": 200, "upstreamStatus": 200, "durationMs": 214, "requestBytes": 0, "responseBytes": 5120,
                "keyId": "01900000-0000-7000-8000-000000000004", "connectionId": "01900000-0000-7000-8000-000000000002",
                "errorCode": null
            }],
            "next": null
        })),
        (status = 400, description = "A filter has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `admin`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let search = RequestSearch {
        kind: query
            .get("kind")
            .map(str::parse)
            .transpose()
            .map_err(Problem::bad_request)?,
        status_class: query.get("status").map(status_class).transpose()?,
        connection: id(&query, "connectionId")?,
        correlation_id: query.get("correlationId").map(ToOwned::to_owned),
        key: id(&query, "keyId")?,
        before: id(&query, "after")?,
        limit: Paging::read(&query).limit,
    };
    let page = broker.requests(&caller.0, search).await?;
    Ok(HttpResponse::Ok().json(RequestsView {
        rows: page.rows.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// `4xx` as 4.
pub(crate) fn status_class(text: &str) -> Result<u8, Problem> {
    match text {
        "2xx" => Ok(2),
        "3xx" => Ok(3),
        "4xx" => Ok(4),
        "5xx" => Ok(5),
        _ => Err(Problem::bad_request(
            "`status` is no class of statuses. Write 2xx, 3xx, 4xx or 5xx.",
        )),
    }
}

fn id<T: std::str::FromStr>(query: &Query, name: &str) -> Result<Option<T>, Problem> {
    let wrong = |_| Problem::bad_request(format!("`{name}` is no id. Copy it as it was answered."));
    query.get(name).map(str::parse).transpose().map_err(wrong)
}
