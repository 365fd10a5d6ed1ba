//! `/v1/audit`: who did what in the key's project.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{AuditLine, AuditNames, AuditPart, AuditSearch, Broker};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::Problem;

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditRow {
    /// The id.
    id: String,
    /// When.
    created_at: String,
    /// `test`, `live`, or null for what holds in both.
    environment: Option<&'static str>,
    /// What was done, as `connection.delete`.
    action: String,
    /// Who did it, as `key:<id>`, `operator:<id>`, `session:<id>`, `browser` or `cli`.
    actor: String,
    /// The name of a key or an operator that is still there.
    actor_name: Option<String>,
    /// What it was done to, as `connection:<id>`.
    subject: Option<String>,
    /// Its number in the project's chain; null outside of it.
    number: Option<i64>,
    /// Details, without secrets.
    #[schema(value_type = Object)]
    detail: Value,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRows {
    /// The newest first.
    rows: Vec<AuditRow>,
    /// What `before` of the next page is; null on the last.
    next: Option<String>,
}

fn row(line: AuditLine, names: &AuditNames) -> AuditRow {
    AuditRow {
        id: line.id.to_string(),
        created_at: line.created_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        environment: line.environment.map(broker::Environment::as_str),
        action: line.action,
        actor_name: names.get(&line.actor).map(ToOwned::to_owned),
        actor: line.actor,
        subject: line.subject,
        number: line.number,
        detail: line.detail,
    }
}

/// Lists what was done in the project, in both environments, the newest first.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "listAudit", tag = "Team",
    params(
        ("actor" = Option<String>, Query, description = "Done by, as `key:<id>`"),
        ("action" = Option<String>, Query, description = "Begins so, as `connection.`"),
        ("subject" = Option<String>, Query, description = "Done to, as `connection:<id>`, which also finds lines about its credential, whose subject is the id alone"),
        ("from" = Option<String>, Query, description = "Not before, as `2026-01-31T00:00:00Z`"),
        ("to" = Option<String>, Query, description = "Before"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 1000; 100 without")
    ),
    responses(
        (status = 200, body = AuditRows, description = "A page of lines"),
        (status = 400, description = "A filter has a value that cannot be"),
        (status = 403, description = "The key is no live key with the scope `admin`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let part = AuditPart::Project(caller.0);
    let query = Query::parse(request.query_string());
    let time = |name: &str| -> Result<Option<DateTime<Utc>>, Problem> {
        let read = |value: &str| DateTime::parse_from_rfc3339(value).ok();
        match query.get(name) {
            None => Ok(None),
            Some(value) => read(value)
                .map(|time| Some(time.to_utc()))
                .ok_or_else(|| Problem::bad_request(format!("`{name}` is no time. Write it as 2026-01-31T00:00:00Z."))),
        }
    };
    let before = query.get("before").map(str::parse).transpose();
    let text = |name: &str| query.get(name).map(ToOwned::to_owned);
    let search = AuditSearch {
        project: None,
        actor: text("actor"),
        action: text("action"),
        subject: text("subject"),
        from: time("from")?,
        to: time("to")?,
        before: before.map_err(|_| Problem::bad_request("`before` is no id. Send `next` of the page before."))?,
        limit: query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100),
    };
    let page = broker.audit_page(&part, search).await?;
    let names = broker.audit_names(&part, &page.lines).await?;
    Ok(HttpResponse::Ok().json(AuditRows {
        rows: page.lines.into_iter().map(|line| row(line, &names)).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}
