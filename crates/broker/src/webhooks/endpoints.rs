//! Endpoints of a project: made, changed, deleted, and given new secrets.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use protocol::EgressError;
use serde_json::{Value, json};
use store::{
    AuditEntry, ENDPOINTS_AT_MOST, EndpointChange, EndpointId, NewEndpoint, Repeatable, Rotated, Rotation, StoreError,
    Subscribed, Upserted, WebhookEndpoint, is_event_pattern,
};
use url::Url;
use vault::{SecretString, WebhookSecret};

use crate::texts::plain;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// How long the secret before signs too, unless the caller says otherwise.
pub const ROTATION_OVERLAP: Duration = Duration::from_hours(24);
/// And at most.
const OVERLAP_AT_MOST: Duration = Duration::from_hours(7 * 24);

/// A new endpoint, as a caller wants it.
#[derive(Debug, Default)]
pub struct EndpointRequest {
    /// The customer's own name for it; needed for an upsert.
    pub key: Option<String>,
    /// Where deliveries go: https, and public unless an operator allowed the origin.
    pub url: String,
    /// Types and wildcards; empty is everything.
    pub events: Vec<String>,
    /// A secret of the caller's own.
    pub secret: Option<SecretString>,
    /// On unless said otherwise.
    pub active: Option<bool>,
    /// For people, 300 characters at most.
    pub description: Option<String>,
    /// An object of at most 8 KiB; it comes with each delivery.
    pub metadata: Option<Value>,
    /// For an upsert with another secret: also while the one before the present one still signs.
    pub force: bool,
    /// The tags of the request, when it came with an `Idempotency-Key`.
    pub repeatable: Option<Repeatable>,
}

/// Changes; `None` leaves a value as it is.
#[derive(Debug, Default)]
pub struct EndpointPatch {
    /// Another address.
    pub url: Option<String>,
    /// Replaces all.
    pub events: Option<Vec<String>>,
    /// On or off.
    pub active: Option<bool>,
    /// `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// Replaces all.
    pub metadata: Option<Value>,
}

/// An endpoint with the secret that is shown this one time.
#[derive(Debug)]
pub struct MadeEndpoint {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// What signs; `None` where it was there before.
    pub secret: Option<SecretString>,
    /// Whether it was made by this call.
    pub created: bool,
}

impl Broker {
    /// The endpoints of the caller's project and environment, oldest first.
    pub async fn webhook_endpoints(&self, caller: &Caller) -> Result<Vec<WebhookEndpoint>, Problem> {
        caller.require(Scope::WebhooksWrite)?;
        Ok(self.store().endpoints(caller.project, caller.environment).await?)
    }

    /// An endpoint.
    pub async fn webhook_endpoint(&self, caller: &Caller, id: &str) -> Result<WebhookEndpoint, Problem> {
        caller.require(Scope::WebhooksWrite)?;
        let missing = || Problem::not_found("This subscription");
        let id: EndpointId = id.parse().map_err(|_| missing())?;
        self.store()
            .endpoint(caller.project, caller.environment, id)
            .await?
            .ok_or_else(missing)
    }

    /// Makes an endpoint and its secret; the same request under the same `Idempotency-Key` gets both again, the secret as
    /// long as no other has replaced it.
    pub async fn create_webhook_endpoint(
        &self,
        caller: &Caller,
        request: EndpointRequest,
    ) -> Result<MadeEndpoint, Problem> {
        caller.require(Scope::WebhooksWrite)?;
        let repeatable = request.repeatable;
        let new = self.checked_endpoint(caller, request)?;
        let actor = caller.actor();
        let made = self.store().create_endpoint(&new, repeatable.as_ref(), &actor).await;
        let (id, created, secret) = match made.map_err(key_taken)? {
            Subscribed::New(id) => (id, true, Some(new.secret)),
            Subscribed::Earlier(id) => {
                let first = self
                    .store()
                    .first_endpoint_secret(caller.project, caller.environment, id);
                (id, false, first.await?)
            }
            Subscribed::OtherRequest => return Err(key_reused()),
            Subscribed::TooMany => return Err(too_many()),
        };
        Ok(MadeEndpoint {
            endpoint: self.webhook_endpoint(caller, &id.to_string()).await?,
            secret: secret.map(|secret| secret.expose()),
            created,
        })
    }

    /// Makes the endpoint of the request's key, or makes the one that is there as the request says. A secret that differs
    /// from the present one rotates it, as [`Broker::rotate_webhook_secret`] does.
    pub async fn upsert_webhook_endpoint(
        &self,
        caller: &Caller,
        request: EndpointRequest,
    ) -> Result<MadeEndpoint, Problem> {
        caller.require(Scope::WebhooksWrite)?;
        let rotation = request.secret.as_ref().map(|_| Rotation {
            overlap: ROTATION_OVERLAP.as_secs_f64(),
            force: request.force,
        });
        let new = self.checked_endpoint(caller, request)?;
        let done = self.store().upsert_endpoint(&new, rotation, &caller.actor()).await;
        let (id, created) = match done.map_err(key_taken)?.ok_or_else(too_many)? {
            Upserted::Created(id) => (id, true),
            Upserted::Changed(id) => (id, false),
            Upserted::Overlapping(until) => return Err(overlapping(until)),
        };
        Ok(MadeEndpoint {
            endpoint: self.webhook_endpoint(caller, &id.to_string()).await?,
            secret: created.then(|| new.secret.expose()),
            created,
        })
    }

    /// Changes an endpoint. A new address, or switching it on again, forgets what failed before.
    pub async fn change_webhook_endpoint(
        &self,
        caller: &Caller,
        id: &str,
        patch: EndpointPatch,
    ) -> Result<WebhookEndpoint, Problem> {
        self.change_webhook(caller, id, patch, None).await
    }

    /// The same over what was read: where its owner last changed it at `read`.
    ///
    /// # Errors
    /// `webhook_changed`, where somebody was faster.
    pub async fn save_webhook_endpoint(
        &self,
        caller: &Caller,
        id: &str,
        read: DateTime<Utc>,
        patch: EndpointPatch,
    ) -> Result<WebhookEndpoint, Problem> {
        self.change_webhook(caller, id, patch, Some(read)).await
    }

    async fn change_webhook(
        &self,
        caller: &Caller,
        id: &str,
        patch: EndpointPatch,
        read: Option<DateTime<Utc>>,
    ) -> Result<WebhookEndpoint, Problem> {
        let endpoint = self.webhook_endpoint(caller, id).await?;
        let change = EndpointChange {
            url: patch.url.map(|url| self.checked_url(&url)).transpose()?,
            types: patch.events.map(checked_events).transpose()?,
            description: patch
                .description
                .map(|text| plain("description", text, 300))
                .transpose()?,
            metadata: patch.metadata.map(checked_metadata).transpose()?,
            active: patch.active,
            read,
        };
        let (project, environment) = (caller.project, caller.environment);
        let changed = self
            .store()
            .change_endpoint(project, environment, endpoint.id, &change, &caller.actor())
            .await?;
        let endpoint = self.webhook_endpoint(caller, id).await?;
        if changed {
            Ok(endpoint)
        } else {
            // It is there, so it is another than was read.
            Err(Problem::new(
                Kind::Conflict,
                "webhook_changed",
                "Somebody changed this webhook after you opened it. Compare, then save again to put yours in its place.",
            ))
        }
    }

    /// Deletes an endpoint at once; what was on its way to it is dropped. Returns it as it was.
    pub async fn delete_webhook_endpoint(&self, caller: &Caller, id: &str) -> Result<WebhookEndpoint, Problem> {
        let endpoint = self.webhook_endpoint(caller, id).await?;
        let deleted = self
            .store()
            .delete_endpoint(caller.project, caller.environment, endpoint.id, &caller.actor())
            .await?;
        if !deleted {
            return Err(Problem::not_found("This subscription"));
        }
        Ok(endpoint)
    }

    /// Gives an endpoint a new secret. The one before signs too for `overlap`, a day unless given, a week at most.
    ///
    /// # Errors
    /// `secret_overlap` while the secret before the present one still signs, unless it is forced: receivers may use it.
    pub async fn rotate_webhook_secret(
        &self,
        caller: &Caller,
        id: &str,
        secret: Option<SecretString>,
        overlap: Option<Duration>,
        force: bool,
    ) -> Result<MadeEndpoint, Problem> {
        let endpoint = self.webhook_endpoint(caller, id).await?;
        let overlap = overlap.unwrap_or(ROTATION_OVERLAP);
        if overlap > OVERLAP_AT_MOST {
            return Err(Problem::bad_request(
                "overlap_too_long",
                "`overlapSeconds` may be 604800 (a week) at most.",
            ));
        }
        let secret = checked_secret(secret)?;
        let rotation = Rotation {
            overlap: overlap.as_secs_f64(),
            force,
        };
        let (project, environment) = (caller.project, caller.environment);
        let rotated = self
            .store()
            .rotate_endpoint_secret(project, environment, endpoint.id, &secret, rotation, &caller.actor())
            .await?;
        match rotated {
            Rotated::Done => {}
            Rotated::Missing => return Err(Problem::not_found("This subscription")),
            Rotated::Overlapping(until) => return Err(overlapping(until)),
        }
        Ok(MadeEndpoint {
            endpoint: self.webhook_endpoint(caller, id).await?,
            secret: Some(secret.expose()),
            created: false,
        })
    }

    pub(super) async fn note_webhook(
        &self,
        caller: &Caller,
        action: &'static str,
        endpoint: EndpointId,
    ) -> Result<(), Problem> {
        let entry = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action,
            actor: caller.actor(),
            subject: Some(format!("webhook:{endpoint}")),
            detail: &json!({}),
        };
        Ok(self.store().audit(entry).await?)
    }

    fn checked_endpoint(&self, caller: &Caller, request: EndpointRequest) -> Result<NewEndpoint, Problem> {
        Ok(NewEndpoint {
            project: caller.project,
            environment: caller.environment,
            key: plain("key", request.key, 120)?,
            url: self.checked_url(&request.url)?,
            types: checked_events(request.events)?,
            description: plain("description", request.description, 300)?,
            metadata: checked_metadata(request.metadata.unwrap_or_else(|| json!({})))?,
            active: request.active.unwrap_or(true),
            secret: checked_secret(request.secret)?,
        })
    }

    /// The same rules as for every call that leaves; they are asked again at each delivery.
    fn checked_url(&self, text: &str) -> Result<String, Problem> {
        let refused = |why: &str| {
            Problem::bad_request(
                "url_not_allowed",
                format!("Nothing can be delivered to this address: {why}."),
            )
        };
        if text.trim().is_empty() || text.len() > 2_000 {
            return Err(refused("write an https address of at most 2000 characters"));
        }
        let mut url = Url::parse(text.trim()).map_err(|_| refused("it is not an address; write https://…"))?;
        url.set_fragment(None);
        self.protocol().egress().admit(&url).map_err(|error| match error {
            EgressError::Refused(refusal) => refused(&refusal.to_string()),
            other => refused(&other.to_string()),
        })?;
        Ok(url.into())
    }
}

fn key_taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict(_) => Problem::new(
            Kind::Conflict,
            "webhook_key_taken",
            "A subscription with this `key` exists. PUT /v1/webhooks/subscriptions/by-key/{key} changes it.",
        ),
        error => error.into(),
    }
}

fn key_reused() -> Problem {
    Problem::new(
        Kind::Unprocessable,
        "idempotency_key_reused",
        "This `Idempotency-Key` came with another request in the last day. Send a new key with a new request.",
    )
}

/// A third secret would silence the first, which receivers may still check with.
fn overlapping(until: DateTime<Utc>) -> Problem {
    let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    Problem::new(
        Kind::Conflict,
        "secret_overlap",
        format!(
            "The secret was replaced a short time ago, and the one before it signs until {until} for receivers that still use it. Rotate after that, or send `\"force\": true` (`--force`): then that one ends at once."
        ),
    )
    .with_meta(json!({ "until": until }))
}

fn too_many() -> Problem {
    Problem::new(
        Kind::Conflict,
        "too_many_webhooks",
        format!("This project has {ENDPOINTS_AT_MOST} subscriptions in this environment. Delete one first."),
    )
}

fn checked_events(events: Vec<String>) -> Result<Vec<String>, Problem> {
    let mut known: Vec<String> = Vec::with_capacity(events.len().min(100));
    for event in events {
        if !is_event_pattern(&event) {
            let name: String = event.chars().filter(|letter| !letter.is_control()).take(60).collect();
            return Err(Problem::bad_request(
                "unknown_event",
                format!(
                    "`{name}` is no event type. Write a type such as connection.created, a wildcard such as connection.*, or leave `events` empty for everything."
                ),
            )
            .with_meta(json!({ "events": store::EVENT_TYPES })));
        }
        if !known.contains(&event) {
            known.push(event);
        }
    }
    Ok(known)
}

fn checked_metadata(metadata: Value) -> Result<Value, Problem> {
    if !metadata.is_object() || metadata.to_string().len() > 8 * 1024 {
        return Err(Problem::bad_request(
            "metadata_not_allowed",
            "`metadata` must be an object of at most 8 KiB.",
        ));
    }
    Ok(metadata)
}

fn checked_secret(secret: Option<SecretString>) -> Result<WebhookSecret, Problem> {
    use vault::ExposeSecret as _;

    match secret {
        None => Ok(WebhookSecret::generate()),
        Some(text) => WebhookSecret::parse(text.expose_secret())
            .map_err(|error| Problem::bad_request("secret_malformed", format!("`secret` cannot be used: {error}."))),
    }
}
