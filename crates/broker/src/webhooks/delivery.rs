//! Delivering: claim, send with no transaction open, note.
//!
//! A slow endpoint holds its own slots and nobody else's; a turn does not wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::WebhookRequest;
use rand::RngExt as _;
use serde_json::json;
use store::{Attempt, AttemptEnd, ClaimedDelivery, EndpointId, InFlight, Verdict};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{message, schedule};
use crate::{Broker, Problem};

/// Deliveries in flight at most, of this replica.
const IN_FLIGHT: i64 = 64;
/// Of them to one endpoint.
const PER_ENDPOINT: i64 = 4;
/// Deliveries that one slot makes before it is free for another endpoint.
const IN_A_ROW: usize = 50;
/// How long a turn waits for what it began. What takes longer goes on by itself.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookTick {
    /// Arrived.
    pub delivered: usize,
    /// Did not; most are tried again.
    pub failed: usize,
    /// Still running, also from turns before.
    pub running: usize,
}

/// Which endpoints this replica is busy with.
#[derive(Clone, Default)]
pub(crate) struct Slots(Arc<Mutex<HashMap<EndpointId, i64>>>);

/// A delivery that is running. Dropping it frees the place.
struct Slot {
    slots: Slots,
    endpoint: EndpointId,
}

impl Slots {
    fn take(&self, endpoint: EndpointId) -> Slot {
        *self.lock().entry(endpoint).or_default() += 1;
        Slot {
            slots: self.clone(),
            endpoint,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<EndpointId, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> Vec<InFlight> {
        let busy = |(endpoint, running): (&EndpointId, &i64)| InFlight {
            endpoint: *endpoint,
            running: *running,
        };
        self.lock().iter().map(busy).collect()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut slots = self.slots.lock();
        if let Some(running) = slots.get_mut(&self.endpoint) {
            *running -= 1;
            if *running <= 0 {
                slots.remove(&self.endpoint);
            }
        }
    }
}

impl Broker {
    /// Claims what is due and delivers it. Called by the scheduler, and by tests step by step. Returns when all of it is
    /// done, or after half a second; the rest goes on.
    pub async fn webhook_tick(&self) -> Result<WebhookTick, Problem> {
        let busy = self.0.webhooks.busy();
        // A copy of a database must not tell what the original tells.
        if !self.is_at_home().await {
            return Ok(WebhookTick::default());
        }
        let free = IN_FLIGHT - busy.iter().map(|busy| busy.running).sum::<i64>();
        let mut tick = WebhookTick::default();
        let mut tasks = JoinSet::new();
        if free > 0 {
            for delivery in self.store().claim_deliveries(None, free, PER_ENDPOINT, &busy).await? {
                let slot = self.0.webhooks.take(delivery.endpoint);
                let broker = self.clone();
                tasks.spawn(async move { broker.deliver_in(slot, delivery).await });
            }
        }
        let end = Instant::now() + PATIENCE;
        while let Ok(Some(done)) = timeout_at(end, tasks.join_next()).await {
            match done {
                Ok((delivered, failed)) => {
                    tick.delivered += delivered;
                    tick.failed += failed;
                }
                Err(panic) => {
                    tracing::error!(%panic, "a delivery panicked; its claim ends by itself");
                    tick.failed += 1;
                }
            }
        }
        tasks.detach_all();
        tick.running = self
            .0
            .webhooks
            .busy()
            .iter()
            .filter_map(|busy| usize::try_from(busy.running).ok())
            .sum();
        Ok(tick)
    }

    /// Delivers one after the other to the same endpoint, as long as they arrive; what arrived and what did not.
    async fn deliver_in(&self, slot: Slot, first: ClaimedDelivery) -> (usize, usize) {
        let (mut next, mut delivered) = (Some(first), 0);
        while let Some(delivery) = next.take() {
            match self.deliver(&delivery).await {
                Ok(Verdict::Delivered) => delivered += 1,
                Ok(_) => return (delivered, 1),
                Err(problem) => {
                    tracing::warn!(%problem, delivery = %delivery.id, "a delivery was not noted; its claim ends by itself");
                    return (delivered, 1);
                }
            }
            if delivered < IN_A_ROW {
                next = self.next_of(&slot).await;
            }
        }
        (delivered, 0)
    }

    async fn next_of(&self, slot: &Slot) -> Option<ClaimedDelivery> {
        let others = self
            .0
            .webhooks
            .lock()
            .get(&slot.endpoint)
            .map_or(0, |running| running - 1);
        let busy = InFlight {
            endpoint: slot.endpoint,
            running: others,
        };
        let claimed = self
            .store()
            .claim_deliveries(Some(slot.endpoint), 1, PER_ENDPOINT, &[busy])
            .await;
        match claimed {
            Ok(mut claimed) => claimed.pop(),
            Err(error) => {
                tracing::warn!(%error, "the next delivery is left to the next turn");
                None
            }
        }
    }

    /// Makes one attempt and notes it.
    pub(super) async fn deliver(&self, delivery: &ClaimedDelivery) -> Result<Verdict, Problem> {
        let unwritable = |error| Problem::internal("An event cannot be written as JSON.").with_cause(error);
        let body = message::body(delivery).map_err(unwritable)?;
        let id = delivery.event.to_string();
        let previous = delivery.previous.as_ref();
        let request = WebhookRequest {
            url: delivery.url.clone(),
            headers: message::headers(&id, delivery.now, &body, &delivery.secret, previous),
            secrets: std::iter::once(&delivery.secret)
                .chain(previous)
                .map(vault::WebhookSecret::expose)
                .collect(),
            body: body.into(),
        };
        let sent = request.as_sent();
        let began = Instant::now();
        let answer = self.protocol().post_webhook(request).await;
        let took = began.elapsed();
        let judged = schedule::judge(
            answer.as_ref(),
            delivery.attempt,
            delivery.is_test(),
            rand::rng().random_range(0.0..1.0),
        );
        let result = if judged.verdict == Verdict::Delivered {
            "success"
        } else {
            "failure"
        };
        metrics::counter!("latchkey_webhook_attempts_total", "result" => result).increment(1);
        metrics::histogram!("latchkey_webhook_seconds").record(took.as_secs_f64());
        let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        tracing::debug!(delivery = %delivery.id, endpoint = %delivery.endpoint, attempt = delivery.attempt, status, result, "a webhook was sent");
        if judged.verdict == Verdict::Gone {
            tracing::warn!(endpoint = %delivery.endpoint, "a webhook endpoint answered 410 and is switched off");
        }
        let end = AttemptEnd {
            attempt: Attempt {
                request: Some(json!({ "url": sent.url, "headers": sent.headers })),
                request_body: Some(sent.body),
                status,
                duration_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
                response: answer.ok().and_then(|answer| answer.excerpt),
                error: judged.error,
            },
            verdict: judged.verdict,
            pause: judged.pause,
            spread: rand::rng().random_range(0.0..1.0),
        };
        if !self.store().note_attempt(delivery, &end).await? {
            tracing::warn!(delivery = %delivery.id, "a delivery ended after its claim; it is made once more");
        }
        Ok(judged.verdict)
    }
}
