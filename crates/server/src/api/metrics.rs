//! GET `/v1/connections/metrics`: how many connections there are, and of what.

use actix_web::{HttpResponse, web};
use broker::Broker;
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::problems::Problem;

/// How many connections there are in the key's environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricsView {
    /// All of them, whatever their state.
    total: i64,
    /// The newest 150, newest first; those that are switched on or off alike.
    connections: Vec<Counted>,
    /// One row: the key's environment.
    by_environment: Vec<Share>,
    /// The most first.
    by_platform: Vec<Share>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Counted {
    platform: String,
    environment: &'static str,
    created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Share {
    name: String,
    count: i64,
    /// Of the total, with two digits behind the point.
    percentage: f64,
}

/// How many connections there are in the key's environment, and of what.
#[utoipa::path(
    get, path = "/v1/connections/metrics", operation_id = "getConnectionMetrics", tag = "Connections",
    responses(
        (status = 200, body = MetricsView, description = "The numbers", example = json!({
            "total": 3,
            "connections": [{ "platform": "gmail", "environment": "test", "createdAt": "2026-11-29T12:00:00.000Z" }],
            "byEnvironment": [{ "name": "test", "count": 3, "percentage": 100.0 }],
            "byPlatform": [{ "name": "gmail", "count": 2, "percentage": 66.67 }, { "name": "slack", "count": 1, "percentage": 33.33 }]
        })),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn metrics(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    let metrics = broker.metrics(&caller.0).await?;
    let total = metrics.counts.iter().map(|one| one.count).sum();
    let environment = caller.0.environment.as_str();
    let share = |name: &str, count| Share {
        name: name.to_owned(),
        count,
        percentage: percentage(count, total),
    };
    Ok(HttpResponse::Ok().json(MetricsView {
        total,
        connections: metrics
            .newest
            .into_iter()
            .map(|connection| Counted {
                platform: connection.integration,
                environment,
                created_at: connection.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            })
            .collect(),
        by_environment: (total > 0).then(|| share(environment, total)).into_iter().collect(),
        by_platform: metrics
            .counts
            .iter()
            .map(|one| share(&one.integration, one.count))
            .collect(),
    }))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn percentage(count: i64, total: i64) -> f64 {
    if total == 0 {
        return 0.0;
    }
    (count as f64 * 10_000.0 / total as f64).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_two_digits() {
        for (count, total, expected) in [(1, 3, "33.33"), (2, 3, "66.67"), (3, 3, "100"), (0, 0, "0")] {
            assert_eq!(percentage(count, total).to_string(), expected);
        }
    }
}
