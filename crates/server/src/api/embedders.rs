//! GET `/v1/embedders`: pages that embed the modal, and those that were refused.

use actix_web::{HttpResponse, web};
use broker::Broker;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::problems::Problem;

/// A page that tried to embed the modal and was refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusedRow {
    /// Its origin. Anybody can put one here by trying.
    origin: String,
    /// How often, where one try a minute counts.
    times: i64,
    /// When it was first refused.
    first_at: String,
    /// When it was last refused, to about a minute.
    last_at: String,
}

/// Both lists of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmbeddersView {
    /// Were refused: the last first, the newest 100.
    rows: Vec<RefusedRow>,
    /// May embed, in the order of the alphabet.
    allowed: Vec<String>,
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Lists pages that tried to embed the modal and were refused, and the origins that may, of test and live together. To
/// allow one, add its origin to the project.
#[utoipa::path(
    get, path = "/v1/embedders", operation_id = "listEmbedders", tag = "Project",
    responses(
        (status = 200, body = EmbeddersView, description = "Both lists", example = json!({
            "rows": [{
                "origin": "https://staging.example.com", "times": 4, "firstAt": "2026-11-28T12:00:00.000Z",
                "lastAt": "2026-11-29T12:00:00.000Z"
            }],
            "allowed": ["https://app.example.com"]
        })),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    let both = broker.embedders(&caller.0).await?;
    let rows = both.refused.into_iter().map(|one| RefusedRow {
        origin: one.origin,
        times: one.times,
        first_at: text(one.first_at),
        last_at: text(one.last_at),
    });
    Ok(HttpResponse::Ok().json(EmbeddersView {
        rows: rows.collect(),
        allowed: both.allowed,
    }))
}
