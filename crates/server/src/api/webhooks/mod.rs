//! `/v1/webhooks`: where events are delivered to (wire contract §6.1).

pub(crate) mod deliveries;

use std::time::Duration;

use actix_web::web::{self, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, EndpointPatch, EndpointRequest, MadeEndpoint, Scope};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use store::{EndpointId, Environment, ProjectId, WebhookEndpoint};
use utoipa::ToSchema;

use crate::Site;
use crate::api::import::idempotency_key;
use crate::api::tenant::Subject;
use crate::guard::{body, whole_body};
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::{Kind, Problem};

/// Where events are delivered to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    #[schema(value_type = String)]
    id: EndpointId,
    /// Your own name for it.
    key: Option<String>,
    url: String,
    /// Types and wildcards; empty is everything.
    events: Vec<String>,
    description: Option<String>,
    /// Your own; it comes with each delivery.
    #[schema(value_type = Object)]
    metadata: Value,
    active: bool,
    #[schema(value_type = String)]
    project_id: ProjectId,
    #[schema(value_type = String)]
    environment: Environment,
    /// `gone` (it answered 410) or `switched_off`.
    disabled_reason: Option<&'static str>,
    disabled_at: Option<DateTime<Utc>>,
    /// Failed attempts since the last that counted.
    failures: i32,
    /// Nothing is sent before this time: it failed too often in a row, or asked for a pause.
    paused_until: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
    /// Until then, deliveries are signed with the secret before, too.
    previous_secret_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<WebhookEndpoint> for Subscription {
    fn from(endpoint: WebhookEndpoint) -> Self {
        Self {
            id: endpoint.id,
            key: endpoint.key,
            url: endpoint.url,
            events: endpoint.types,
            description: endpoint.description,
            metadata: endpoint.metadata,
            active: endpoint.active,
            project_id: endpoint.project,
            environment: endpoint.environment,
            disabled_reason: endpoint.disabled_reason.map(store::DisabledReason::as_str),
            disabled_at: endpoint.disabled_at,
            failures: endpoint.failures,
            paused_until: endpoint.not_before,
            last_success_at: endpoint.last_success_at,
            last_failure_at: endpoint.last_failure_at,
            previous_secret_until: endpoint.previous_until,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

/// A subscription with the secret that is shown this one time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    #[serde(flatten)]
    subscription: Subscription,
    /// `whsec_…`, with which you check signatures. Not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    secret: Option<Shown>,
}

/// A secret that leaves in an answer.
struct Shown(SecretString);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl From<MadeEndpoint> for Made {
    fn from(made: MadeEndpoint) -> Self {
        Self {
            subscription: made.endpoint.into(),
            secret: made.secret.map(Shown),
        }
    }
}

/// A subscription as it should be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// https and public, unless an operator allowed its origin.
    url: String,
    /// Types such as `connection.created` and wildcards such as `connection.*`; empty is everything.
    #[serde(default)]
    events: Vec<String>,
    /// `whsec_` and 24 to 64 bytes in base64; made for you when it is not given.
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
    /// true unless given.
    active: Option<bool>,
    /// At most 300 characters.
    description: Option<String>,
    /// An object of at most 8 KiB; it comes with each delivery.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Your own name for it, at most 120 characters.
    key: Option<String>,
    /// For a PUT with another secret: also while the one before the present one still signs, which then ends.
    #[serde(default)]
    force: bool,
}

impl From<Wanted> for EndpointRequest {
    fn from(wanted: Wanted) -> Self {
        Self {
            key: wanted.key,
            url: wanted.url,
            events: wanted.events,
            secret: wanted.secret,
            active: wanted.active,
            description: wanted.description,
            metadata: wanted.metadata,
            force: wanted.force,
            repeatable: None,
        }
    }
}

/// Subscribes an endpoint to events. The secret is shown this one time, and to the same request under the same
/// `Idempotency-Key`.
#[utoipa::path(
    post, path = "/v1/webhooks/subscriptions", operation_id = "createWebhook", tag = "Webhooks",
    params(("idempotency-key" = Option<String>, Header, description = "At most 255 characters; the same request under the same key within a day makes one subscription")),
    request_body(content = Wanted, description = "Where to, and what of"),
    responses(
        (status = 200, body = Made, description = "The same request made this subscription earlier; with its secret as long as that was not rotated"),
        (status = 201, body = Made, description = "The subscription with its secret"),
        (status = 400, description = "A field is missing or has a value that cannot be, or the address may not be called"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The `key` is taken, or there are too many"), (status = 413, description = "The body is too large"),
        (status = 422, description = "The `Idempotency-Key` belongs to another request")
    ),
    security(("secret" = []))
)]
pub(crate) async fn create(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::WebhooksWrite)?;
    let (wanted, bytes) = whole_body::<Wanted>(&site, &request, payload).await?;
    let mut asked = EndpointRequest::from(wanted);
    if let Some(key) = idempotency_key(&request)? {
        asked.repeatable = Some(broker.store().repeatable(&key, &bytes));
    }
    let made = broker.create_webhook_endpoint(&caller.0, asked).await?;
    let mut response = if made.created {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    Ok(response.json(Made::from(made)))
}

/// Makes the subscription of a key, or makes the one that is there as the body says. Another secret rotates: the one
/// before signs too for a day.
#[utoipa::path(
    put, path = "/v1/webhooks/subscriptions/by-key/{key}", operation_id = "upsertWebhook", tag = "Webhooks",
    params(("key" = String, Path, description = "Your own name for it")),
    request_body(content = Wanted, description = "The subscription as it should be; `key` in it counts for nothing"),
    responses(
        (status = 200, body = Made, description = "It was there and is now like this"),
        (status = 201, body = Made, description = "It was made; the secret is shown this one time"),
        (status = 400, description = "A field is missing or has a value that cannot be, or the address may not be called"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "There are too many, or the secret before the present one still signs"), (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn upsert(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    key: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::WebhooksWrite)?;
    let mut wanted: Wanted = body(&site, &request, payload).await?;
    wanted.key = Some(key.into_inner());
    let made = broker.upsert_webhook_endpoint(&caller.0, wanted.into()).await?;
    let mut response = if made.created {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    Ok(response.json(Made::from(made)))
}

/// Lists subscriptions, oldest first.
#[utoipa::path(
    get, path = "/v1/webhooks/subscriptions", operation_id = "listWebhooks", tag = "Webhooks",
    params(
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<Subscription>, description = "A page of subscriptions"),
        (status = 403, description = "The key does not have the scope `webhooks:write`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::read(&Query::parse(request.query_string()));
    let endpoints = broker.webhook_endpoints(&caller.0).await?;
    let rows: Vec<Subscription> = endpoints.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(paging.cut(rows)))
}

/// One subscription.
#[utoipa::path(
    get, path = "/v1/webhooks/subscriptions/{id}", operation_id = "getWebhook", tag = "Webhooks",
    params(("id" = String, Path, description = "The subscription's id")),
    responses(
        (status = 200, body = Subscription, description = "The subscription"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
) -> Result<HttpResponse, Problem> {
    let endpoint = broker.webhook_endpoint(&caller.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(Subscription::from(endpoint)))
}

/// What may be changed; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    /// Another address; what failed before counts no more.
    url: Option<String>,
    /// Replaces all.
    events: Option<Vec<String>>,
    /// false pauses: nothing is recorded for it in the meantime. true begins anew, also after a 410.
    active: Option<bool>,
    /// null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent, null and a text are three different wishes")]
    description: Option<Option<String>>,
    /// Replaces all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Not changed here; its presence is refused, so that nobody takes it for changed.
    #[schema(ignore)]
    secret: Option<IgnoredAny>,
}

/// Tells an explicit null from a field that is not there.
#[expect(clippy::option_option, reason = "absent, null and a text are three different wishes")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes a subscription. Its secret is changed by `rotate-secret`.
#[utoipa::path(
    patch, path = "/v1/webhooks/subscriptions/{id}", operation_id = "changeWebhook", tag = "Webhooks",
    params(("id" = String, Path, description = "The subscription's id")),
    request_body(content = Change, description = "What is to be different"),
    responses(
        (status = 200, body = Subscription, description = "The subscription as it is now"),
        (status = 400, description = "A field has a value that cannot be, or the address may not be called"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours"), (status = 408, description = "The body did not come in time"),
        (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn patch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: Subject,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::WebhooksWrite)?;
    let change: Change = body(&site, &request, payload).await?;
    if change.secret.is_some() {
        return Err(Problem::keyed(
            Kind::BadRequest,
            "secret_not_changed",
            "A secret is not changed here, and nothing was changed. POST /v1/webhooks/subscriptions/{id}/rotate-secret with `secret` rotates it, and the old one signs on for a day.",
        ));
    }
    let patch = EndpointPatch {
        url: change.url,
        events: change.events,
        active: change.active,
        description: change.description,
        metadata: change.metadata,
    };
    let endpoint = broker.change_webhook_endpoint(&caller.0, &id.0, patch).await?;
    Ok(HttpResponse::Ok().json(Subscription::from(endpoint)))
}

/// Deletes a subscription at once, with what was on its way to it.
#[utoipa::path(
    delete, path = "/v1/webhooks/subscriptions/{id}", operation_id = "deleteWebhook", tag = "Webhooks",
    params(("id" = String, Path, description = "The subscription's id")),
    responses(
        (status = 200, body = Subscription, description = "The subscription that was"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
) -> Result<HttpResponse, Problem> {
    let endpoint = broker.delete_webhook_endpoint(&caller.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(Subscription::from(endpoint)))
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rotation {
    /// The new secret; made for you when it is not given.
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
    /// How long the old one signs too: 86400 (a day) unless given, 604800 at most.
    #[serde(alias = "overlap_seconds")]
    overlap_seconds: Option<u32>,
    /// Also while the secret before the present one still signs, which then ends at once.
    #[serde(default)]
    force: bool,
}

/// Gives a subscription a new secret. Until the overlap is over, deliveries carry a signature of each.
#[utoipa::path(
    post, path = "/v1/webhooks/subscriptions/{id}/rotate-secret", operation_id = "rotateWebhookSecret", tag = "Webhooks",
    params(("id" = String, Path, description = "The subscription's id")),
    request_body(content = Rotation, description = "How; may be empty"),
    responses(
        (status = 200, body = Made, description = "The subscription with its new secret, shown this one time"),
        (status = 400, description = "A field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `webhooks:write`"),
        (status = 404, description = "Not there, or not yours"), (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The secret before the present one still signs, until `meta.until`"),
        (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn rotate(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: Subject,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::WebhooksWrite)?;
    let Rotation {
        secret,
        overlap_seconds,
        force,
    } = body(&site, &request, payload).await?;
    let overlap = overlap_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let made = broker
        .rotate_webhook_secret(&caller.0, &id.0, secret, overlap, force)
        .await?;
    Ok(HttpResponse::Ok().json(Made::from(made)))
}
