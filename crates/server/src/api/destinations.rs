//! `/v1/destination-changes`: addresses for secrets that a definition names and nobody agreed to.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, PendingChange};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_demand::text;
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::Problem;

/// A change that waits. Nothing is sent for its connections until somebody agrees.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DestinationChange)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeView {
    /// Names the change.
    id: String,
    /// The integration.
    platform: String,
    environment: &'static str,
    /// The way to sign in.
    auth_method: String,
    /// Where secrets go now: origins, and what their inputs may be.
    agreed: Vec<String>,
    /// What the definition names.
    wanted: Vec<String>,
    /// What of it is new.
    added: Vec<String>,
    /// How many connections wait.
    connections: i64,
    /// When it was seen first.
    since: String,
}

impl From<PendingChange> for ChangeView {
    fn from(change: PendingChange) -> Self {
        Self {
            id: change.id,
            platform: change.integration,
            environment: change.environment.as_str(),
            auth_method: change.auth_method,
            agreed: change.agreed,
            wanted: change.wanted,
            added: change.added,
            connections: change.connections,
            since: text(change.since),
        }
    }
}

/// What waits in the key's project and environment.
#[utoipa::path(
    get, path = "/v1/destination-changes", operation_id = "listDestinationChanges", tag = "Catalogue",
    params(
        ("platform" = Option<String>, Query, description = "Of one integration"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<ChangeView>, description = "A page of changes", example = json!({
            "rows": [{
                "id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "platform": "acme", "environment": "live", "authMethod": "oauth2",
                "agreed": ["https://acme.com", "https://api.acme.com"], "wanted": ["https://api.acme.com", "https://id.acme.com"],
                "added": ["https://id.acme.com"], "connections": 412, "since": "2026-11-29T12:00:00.000Z"
            }],
            "total": 1, "pages": 1, "page": 1, "skip": 0, "limit": 20
        })),
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
    let changes = broker.pending_changes(&caller.0, query.get("platform")).await?;
    let rows: Vec<ChangeView> = changes.into_iter().map(ChangeView::from).collect();
    Ok(HttpResponse::Ok().json(Paging::read(&query).cut(rows)))
}

/// Agrees to a change: from now on secrets go to what was added, too.
#[utoipa::path(
    post, path = "/v1/destination-changes/{id}/agree", operation_id = "agreeToDestinationChange", tag = "Catalogue",
    params(("id" = String, Path, description = "The change's id")),
    responses(
        (status = 200, body = ChangeView, description = "What was agreed to"),
        (status = 403, description = "The key does not have the scope `admin`"),
        (status = 404, description = "Not there, agreed to already, not yours, or the definition was changed since")
    ),
    security(("secret" = []))
)]
pub(crate) async fn agree(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let change = broker.agree(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(ChangeView::from(change)))
}
