//! `/v1/management/keys`: keys that are made, replaced and ended with a key of scope `admin`. None may do more than the one
//! that makes it.

use std::time::Duration;

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{ApiKeyId, Broker, DEFAULT_SCOPES, KeyRequest, MadeKey, Scope};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::management::{self, ApiKeyView};
use crate::Site;
use crate::api::tenant::Subject;
use crate::guard::body;
use crate::key::Authenticated;
use crate::paging::Page;
use crate::problems::Problem;

/// A key that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WantedKey {
    /// What people call it, 120 characters at most.
    name: String,
    /// What it may do; without, what an application needs.
    scopes: Option<Vec<String>>,
    /// When it ends; never without.
    expires_at: Option<DateTime<Utc>>,
    /// Networks and addresses that it is good from, as `203.0.113.0/24`; without, everywhere.
    #[serde(default)]
    ip_allow: Vec<String>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Roll {
    /// How long the old key works beside the new one: a day unless given, 604800 (a week) at most.
    overlap_seconds: Option<u64>,
}

/// A new key with its text, which is shown this one time.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    #[serde(flatten)]
    view: ApiKeyView,
    /// The key itself. Only its digest is kept.
    secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewKey").finish_non_exhaustive()
    }
}

impl From<MadeKey> for NewKey {
    fn from(made: MadeKey) -> Self {
        Self {
            view: management::row(made.key, false),
            secret: made.secret.expose_secret().to_owned(),
        }
    }
}

/// The keys of the project in the key's environment that were not revoked, oldest first.
#[utoipa::path(
    get, path = "/v1/management/keys", operation_id = "listManagedKeys", tag = "Project",
    params(
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<ApiKeyView>, description = "A page of keys, without the keys themselves"),
        (status = 403, description = "The key does not have the scope `admin`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    management::keys(broker, caller, request).await
}

/// Makes a key of the same project and environment. It may do at most what the one that asks may, ends with it at the
/// latest, and is good from no other address.
#[utoipa::path(
    post, path = "/v1/management/keys", operation_id = "createKey", tag = "Project",
    request_body(content = WantedKey, description = "The key", example = json!({
        "name": "backend", "scopes": ["sessions:write", "passthrough"], "expiresAt": "2027-11-29T12:00:00Z",
        "ipAllow": ["203.0.113.0/24"]
    })),
    responses(
        (status = 201, body = NewKey, description = "The key; `secret` is shown this one time"),
        (status = 400, description = "The body is no such object"),
        (status = 403, description = "The key does not have the scope `admin`, or has not a scope that it would give"),
        (status = 408, description = "The body did not come in time"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "The name, a scope, the end or an address cannot be")
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
    let keeper = broker.key_keeper(&caller.0).await?;
    let wanted: WantedKey = body(&site, &request, payload).await?;
    let scopes = match wanted.scopes {
        None => DEFAULT_SCOPES.to_vec(),
        Some(names) => {
            let scopes: Result<Vec<Scope>, String> = names.iter().map(|name| name.parse()).collect();
            scopes.map_err(|message| Problem::bad_request(format!("{message}.")))?
        }
    };
    let made = broker
        .make_key(
            &keeper,
            KeyRequest {
                id: ApiKeyId::generate(),
                name: wanted.name,
                scopes,
                ends: wanted.expires_at,
                ip_allow: wanted.ip_allow,
            },
        )
        .await?;
    Ok(HttpResponse::Created().json(NewKey::from(made)))
}

/// Makes a key with the same rights in the place of another, which goes on working for a while.
#[utoipa::path(
    post, path = "/v1/management/keys/{id}/roll", operation_id = "rollKey", tag = "Project",
    params(("id" = String, Path, description = "The key's id")),
    request_body(content = Roll, description = "The overlap", example = json!({ "overlapSeconds": 86400 })),
    responses(
        (status = 201, body = NewKey, description = "The new key; `secret` is shown this one time"),
        (status = 400, description = "The body is no such object"),
        (status = 403, description = "The key does not have the scope `admin`, or has not a scope that it would give"),
        (status = 404, description = "Not there, or not yours"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "It does not work any more, or was replaced already"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "The overlap is longer than a week, or the new key would be good where the one that asks is not")
    ),
    security(("secret" = []))
)]
pub(crate) async fn roll(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: Subject,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let keeper = broker.key_keeper(&caller.0).await?;
    let Roll { overlap_seconds } = body(&site, &request, payload).await?;
    let overlap = overlap_seconds.map_or(Duration::from_hours(24), Duration::from_secs);
    let made = broker.roll_key(&keeper, &id.0, ApiKeyId::generate(), overlap).await?;
    Ok(HttpResponse::Created().json(NewKey::from(made)))
}

/// Ends a key at once, also the one that asks.
#[utoipa::path(
    delete, path = "/v1/management/keys/{id}", operation_id = "revokeKey", tag = "Project",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 200, body = ApiKeyView, description = "The key as it was; it works no more"),
        (status = 403, description = "The key does not have the scope `admin`"),
        (status = 404, description = "Not there, not yours, or revoked already")
    ),
    security(("secret" = []))
)]
pub(crate) async fn revoke(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: Subject,
) -> Result<HttpResponse, Problem> {
    let keeper = broker.key_keeper(&caller.0).await?;
    let revoked = broker.revoke_key(&keeper, &id.0).await?;
    Ok(HttpResponse::Ok().json(management::row(revoked, true)))
}
