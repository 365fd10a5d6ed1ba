//! Webhooks: where events are delivered to, and what of the outbox is on its way.
//!
//! A delivery waits while an earlier one of its connection to the same endpoint is pending. Whether it does is written in
//! the row (`blocked`), so that a claim looks at nothing that it cannot take: a backlog costs it nothing. The first
//! pending delivery of a lane is never blocked; who ends one unblocks the next.

mod claims;
mod deliveries;
mod endpoints;
mod purge;
mod redelivery;
mod secrets;
mod subscribe;

pub(crate) use claims::unblock;
pub use claims::{Attempt, AttemptEnd, ClaimedDelivery, InFlight, Verdict};
pub use deliveries::{AttemptRow, Delivery, DeliveryFilter, DeliveryStatus, DeliveryWithAttempts, EventDelivery};
pub use endpoints::{DisabledReason, ENDPOINTS_AT_MOST, EndpointChange, NewEndpoint, Upserted, WebhookEndpoint};
pub use purge::{DELIVERIES_KEPT_DAYS, PurgedDeliveries};
pub use redelivery::{Range, Redelivered};
pub use secrets::{Rotated, Rotation};
pub use subscribe::Subscribed;

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Environment, Place, WebhookSecret};

use crate::{AuditEntry, EndpointId, ProjectId, Store, StoreError, audit};

/// Failures in a row after which an endpoint is only probed, one delivery at a time.
pub const FAILURES_UNTIL_PROBES: i32 = 5;

/// The type of a test's event. Nobody subscribes to it, and it is tried once.
pub const TEST_EVENT: &str = "webhook.test";

fn secret_place(project: ProjectId, environment: Environment, endpoint: Uuid, generation: i64) -> Place {
    Place {
        project: project.0,
        environment,
        record: endpoint,
        // Of the secret before, too: it moved to its own column under the generation that it had.
        column: "webhook_endpoints.sealed",
        generation,
    }
}

/// Writes what `actor` did to an endpoint, in the transaction that does it.
async fn noted(
    transaction: &mut PgConnection,
    project: ProjectId,
    environment: Environment,
    endpoint: EndpointId,
    action: &'static str,
    actor: &str,
) -> Result<(), StoreError> {
    let entry = AuditEntry {
        project: Some(project),
        environment: Some(environment),
        action,
        actor: actor.to_owned(),
        subject: Some(format!("webhook:{endpoint}")),
        detail: &json!({}),
    };
    audit::note(transaction, entry).await
}

impl Store {
    async fn open_webhook_secret(&self, sealed: Vec<u8>, place: &Place) -> Result<WebhookSecret, StoreError> {
        let plaintext = self.open("webhook_endpoints", sealed, place).await?;
        WebhookSecret::from_bytes(&plaintext).map_err(|_| StoreError::Inconsistent {
            table: "webhook_endpoints",
            record: place.record,
            what: "the signing secret has a wrong length".to_owned(),
        })
    }
}
