//! The delivery log, tests, and deliveries that are made once more.

use chrono::{DateTime, Utc};
use store::{
    Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, DeliveryWithAttempts, Range, Redelivered, WebhookEndpoint,
};

use crate::{Broker, Caller, Kind, Problem, Scope};

/// Which deliveries go out again.
#[derive(Clone, Copy, Debug)]
pub struct RangeRequest {
    /// Written at this time or later.
    pub from: DateTime<Utc>,
    /// Written before this time; now unless given.
    pub to: Option<DateTime<Utc>>,
    /// `failed` unless given; `None` in it is both that ended.
    pub status: Option<DeliveryStatus>,
    /// Behind this one, which ended the call before.
    pub after: Option<DeliveryId>,
}

impl Broker {
    /// Sends a test event to an endpoint now, whether or not it is on. It is tried once.
    pub async fn test_webhook(&self, caller: &Caller, id: &str) -> Result<DeliveryWithAttempts, Problem> {
        let endpoint = self.webhook_endpoint(caller, id).await?;
        let claimed = self
            .store()
            .claim_test_delivery(caller.project, caller.environment, endpoint.id)
            .await?
            .ok_or_else(|| Problem::internal("The test could not be signed. The log has the cause."))?;
        self.deliver(&claimed).await?;
        self.delivery_of(caller, claimed.id).await
    }

    /// Deliveries of an endpoint, newest first.
    pub async fn webhook_deliveries(
        &self,
        caller: &Caller,
        id: &str,
        status: Option<DeliveryStatus>,
        after: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Problem> {
        let endpoint = self.webhook_endpoint(caller, id).await?;
        let filter = DeliveryFilter {
            endpoint: endpoint.id,
            status,
            after,
            limit,
        };
        Ok(self
            .store()
            .deliveries(caller.project, caller.environment, filter)
            .await?)
    }

    /// A delivery with its attempts.
    pub async fn webhook_delivery(&self, caller: &Caller, id: &str) -> Result<DeliveryWithAttempts, Problem> {
        caller.require(Scope::WebhooksWrite)?;
        self.delivery_of(caller, delivery_id(id)?).await
    }

    async fn delivery_of(&self, caller: &Caller, id: DeliveryId) -> Result<DeliveryWithAttempts, Problem> {
        self.store()
            .delivery_with_attempts(caller.project, caller.environment, id)
            .await?
            .ok_or_else(|| Problem::not_found("This delivery"))
    }

    /// Makes a delivery once more, with the same id; it goes out with the next turn.
    pub async fn redeliver_webhook(&self, caller: &Caller, id: &str) -> Result<Delivery, Problem> {
        caller.require(Scope::WebhooksWrite)?;
        let id = delivery_id(id)?;
        let found = self.store().delivery(caller.project, caller.environment, id).await?;
        let delivery = found.ok_or_else(|| Problem::not_found("This delivery"))?;
        let endpoint = self.webhook_endpoint(caller, &delivery.endpoint.to_string()).await?;
        must_be_on(&endpoint)?;
        if !self.store().redeliver(caller.project, caller.environment, id).await? {
            return Err(Problem::new(
                Kind::Conflict,
                "delivery_running",
                "This delivery is being made at this moment. Look at it again in a minute.",
            ));
        }
        self.note_webhook(caller, "webhook.redelivered", endpoint.id).await?;
        let again = self.store().delivery(caller.project, caller.environment, id).await?;
        again.ok_or_else(|| Problem::not_found("This delivery"))
    }

    /// Makes what ended in a range of time once more, at most 10,000 in a call.
    pub async fn redeliver_webhooks(
        &self,
        caller: &Caller,
        id: &str,
        request: RangeRequest,
    ) -> Result<Redelivered, Problem> {
        let endpoint = self.webhook_endpoint(caller, id).await?;
        must_be_on(&endpoint)?;
        if request.status == Some(DeliveryStatus::Pending) {
            return Err(Problem::bad_request(
                "status_not_ended",
                "What is pending is on its way already. Write `failed`, `delivered` or `all`.",
            ));
        }
        let to = match request.to {
            Some(to) => to,
            // The range must not grow while its deliveries are made.
            None => self.store().now().await?,
        };
        let range = Range {
            endpoint: endpoint.id,
            from: request.from,
            to,
            status: request.status,
            after: request.after,
        };
        let done = self.store().redeliver_range(range).await?;
        self.note_webhook(caller, "webhook.redelivered", endpoint.id).await?;
        Ok(done)
    }
}

fn must_be_on(endpoint: &WebhookEndpoint) -> Result<(), Problem> {
    if endpoint.active {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Conflict,
        "webhook_off",
        "This subscription is switched off. Switch it on with `\"active\": true` first.",
    ))
}

fn delivery_id(text: &str) -> Result<DeliveryId, Problem> {
    text.parse().map_err(|_| Problem::not_found("This delivery"))
}
