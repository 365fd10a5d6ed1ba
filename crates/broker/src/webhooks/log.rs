//! The delivery log, tests, and deliveries that are made once more.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;
use store::{
    DELIVERIES_KEPT_DAYS, Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, DeliveryWithAttempts, Range,
    Redelivered, WebhookEndpoint,
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
        self.note_webhook(caller, "webhook.tested", endpoint.id).await?;
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
        self.note_webhook(caller, "webhook.redelivered", endpoint.id).await?;
        if !self.store().redeliver(caller.project, caller.environment, id).await? {
            return Err(Problem::new(
                Kind::Conflict,
                "delivery_running",
                "This delivery is being made at this moment. Look at it again in a minute.",
            ));
        }
        let again = self.store().delivery(caller.project, caller.environment, id).await?;
        again.ok_or_else(|| Problem::not_found("This delivery"))
    }

    /// Makes what ended in a range of time once more, at most 10,000 in a call.
    ///
    /// # Errors
    /// `range_not_kept` when a part of the range is older than what is kept: how many there were nobody knows any more.
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
        if request.to.is_some_and(|to| to < request.from) {
            return Err(Problem::bad_request(
                "range_reversed",
                "`to` is before `from`, so there is nothing between them. Send them the other way round.",
            ));
        }
        let now = self.store().now().await?;
        match request.after {
            // The call before was asked the same; the limit moves on meanwhile.
            Some(after) => self.must_be_of(caller, &endpoint, after).await?,
            None => self.must_be_kept(caller, request.from, now).await?,
        }
        // The range must not grow while its deliveries are made.
        let to = request.to.unwrap_or(now);
        let range = Range {
            endpoint: endpoint.id,
            from: request.from,
            to,
            status: request.status,
            after: request.after,
        };
        self.note_webhook(caller, "webhook.redelivered", endpoint.id).await?;
        Ok(self.store().redeliver_range(range).await?)
    }
}

impl Broker {
    async fn must_be_kept(&self, caller: &Caller, from: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Problem> {
        let project = self.store().project(caller.project).await?;
        let project = project.ok_or_else(|| Problem::not_found("This project"))?;
        let events = TimeDelta::days(self.kept_days().of(&project).events.into());
        let kept = events.min(TimeDelta::days(DELIVERIES_KEPT_DAYS.into()));
        let earliest = now - kept;
        if from >= earliest {
            return Ok(());
        }
        let days = kept.num_days();
        // Still good when it is sent in a few minutes.
        let next = (earliest + TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
        Err(Problem::bad_request(
            "range_not_kept",
            format!(
                "Deliveries are kept for {days} days, and what was before {} may be gone. Send a `from` of {next} or later.",
                earliest.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
        )
        .with_meta(json!({ "keptDays": days, "from": next })))
    }

    /// Without its row, `after` would say that nothing is left.
    async fn must_be_of(&self, caller: &Caller, endpoint: &WebhookEndpoint, after: DeliveryId) -> Result<(), Problem> {
        let found = self.store().delivery(caller.project, caller.environment, after).await?;
        if found.is_some_and(|delivery| delivery.endpoint == endpoint.id) {
            return Ok(());
        }
        Err(Problem::bad_request(
            "after_unknown",
            "`after` is no delivery of this subscription, or one that is not kept any more. Send the `next` of the call before.",
        ))
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
