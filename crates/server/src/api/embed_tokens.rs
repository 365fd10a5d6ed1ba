//! What `@picahq/authkit-node` 1.x asks for, one after the other, to give its page an embed token (wire contract §3.2).
//! The session is made by the second call; the third only writes down what the package put together.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Platform, Scope};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::authkit::{Id, TokenRequest, scopes, session_request};
use super::record::{definition_id, image};
use super::{ids, users};
use crate::Site;
use crate::guard::{body, large_body};
use crate::key::Authenticated;
use crate::problems::Problem;

/// What can be connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsAnswer {
    connected_platforms: Vec<ConnectedPlatform>,
    features: Vec<Feature>,
}

/// An integration that is switched on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectedPlatform {
    /// The integration.
    r#type: String,
    title: String,
    /// The `_id` of its definition.
    connection_definition_id: String,
    active: bool,
    image: Option<String>,
    activated_at: i64,
    /// Scopes that are asked for, separated by spaces.
    scopes: String,
    /// The provider's documents.
    connection_guide: String,
    environment: &'static str,
    secret: Display,
}

/// What may be seen of the app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Display {
    /// The OAuth client id, which is public.
    client_id: Option<String>,
    /// Never more than that there is one.
    client_secret_display: Option<&'static str>,
}

/// A switch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Feature {
    key: &'static str,
    value: &'static str,
}

/// The first call: what can be connected in the key's environment. A body is not read.
#[utoipa::path(
    post, path = "/v1/settings/get", operation_id = "getSettings", tag = "Connect",
    responses(
        (status = 200, body = SettingsAnswer, description = "What can be connected, and the project's switches"),
        (status = 403, description = "The key does not have the scope `sessions:write`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn settings(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let environment = caller.0.environment.as_str();
    let white_label = users::project(&broker, &caller.0).await?.white_label;
    let platforms = broker.enabled(&caller.0).await?;
    Ok(HttpResponse::Ok().json(SettingsAnswer {
        connected_platforms: platforms
            .iter()
            .map(|platform| connected(&site, environment, platform))
            .collect(),
        features: white_label
            .then_some(Feature {
                key: "authkit::white-label",
                value: "enabled",
            })
            .into_iter()
            .collect(),
    }))
}

fn connected(site: &Site, environment: &'static str, platform: &Platform) -> ConnectedPlatform {
    let integration = &platform.integration;
    ConnectedPlatform {
        r#type: integration.id.as_str().to_owned(),
        title: integration.name.clone(),
        connection_definition_id: definition_id(integration.id.as_str()),
        active: true,
        image: image(site, integration),
        activated_at: platform.app.created_at.timestamp_millis(),
        scopes: scopes(platform),
        connection_guide: integration.docs.to_string(),
        environment,
        secret: Display {
            client_id: platform.app.client_id.clone(),
            client_secret_display: platform.app.client_id.as_ref().map(|_| "****"),
        },
    }
}

/// The session as the old clients call it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventLink {
    /// The session: unguessable, for one identity, for 30 minutes.
    token: String,
    identity: Option<String>,
    identity_type: Option<&'static str>,
    /// Older word for the identity; the identity unless it was given.
    group: Option<String>,
    /// A name for people; the group unless it was given.
    label: Option<String>,
    environment: &'static str,
    /// When the session ends, in milliseconds since 1970.
    expires_at: i64,
}

/// The second call: opens a connect session. `ttl`, `environment` and `usageSource` are not read: the key decides.
#[utoipa::path(
    post, path = "/v1/event-links/create", operation_id = "createEventLink", tag = "Connect",
    request_body(content = TokenRequest, description = "For whom; nothing at all is accepted too"),
    responses(
        (status = 200, body = EventLink, description = "A new session"),
        (status = 400, description = "A field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn event_link(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let session = session_request(body(&site, &request, payload).await?)?;
    let owner = session.owner.clone();
    let opened = broker.open_session(&caller.0, session).await?;
    let group = owner.group.or_else(|| owner.identity.clone());
    Ok(HttpResponse::Ok().json(EventLink {
        token: opened.request_id.expose(),
        identity: owner.identity,
        identity_type: owner.identity_type.map(store::IdentityType::as_str),
        label: owner.label.or_else(|| group.clone()),
        group,
        environment: caller.0.environment.as_str(),
        expires_at: opened.expires_at.timestamp_millis(),
    }))
}

/// What the package put together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbedTokenRequest {
    #[serde(default)]
    link_settings: LinkSettings,
    identity: Option<Id>,
    identity_type: Option<String>,
    group: Option<Id>,
    label: Option<String>,
    /// Milliseconds since 1970. The session ends when it ends, whatever stands here.
    expires_at: Option<i64>,
    session_id: Option<String>,
    #[schema(value_type = Vec<Object>)]
    features: Option<Vec<Value>>,
}

/// The rows of the first call and the session of the second.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LinkSettings {
    #[schema(value_type = Vec<Object>)]
    connected_platforms: Vec<Value>,
    /// The `token` of `POST /v1/event-links/create`.
    event_inc_token: String,
}

/// An embed token: what a customer's token endpoint answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbedToken {
    #[serde(rename = "_id")]
    id: String,
    link_settings: LinkSettings,
    identity: Option<String>,
    identity_type: Option<String>,
    group: Option<String>,
    label: Option<String>,
    environment: &'static str,
    /// Milliseconds since 1970.
    created_at: i64,
    created_date: String,
    expires_at: i64,
    session_id: String,
    #[schema(value_type = Vec<Object>)]
    features: Vec<Value>,
}

/// How long an embed token says that it lives, when the caller does not say so.
const LIFETIME: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// The third call: writes an embed token. It proves nothing by itself; what counts is the session in `eventIncToken`.
#[utoipa::path(
    post, path = "/v1/embed-tokens/create", operation_id = "createEmbedToken", tag = "Connect",
    request_body(content = EmbedTokenRequest, description = "The rows of the first call and the session of the second"),
    responses(
        (status = 200, body = EmbedToken, description = "The embed token"),
        (status = 400, description = "`linkSettings.eventIncToken` is missing, or a field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn embed_token(
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let asked: EmbedTokenRequest = large_body(&site, &request, payload).await?;
    if asked.link_settings.event_inc_token.trim().is_empty() {
        return Err(Problem::bad_request(
            "`linkSettings.eventIncToken` is missing. Send the `token` that POST /v1/event-links/create gave.",
        ));
    }
    Ok(HttpResponse::Ok().json(write(asked, caller.0.environment.as_str(), site.now())))
}

fn write(asked: EmbedTokenRequest, environment: &'static str, now: DateTime<Utc>) -> EmbedToken {
    EmbedToken {
        id: ids::generate("embed_tk"),
        link_settings: asked.link_settings,
        identity: asked.identity.and_then(Id::text),
        identity_type: asked.identity_type,
        group: asked.group.and_then(Id::text),
        label: asked.label,
        environment,
        created_at: now.timestamp_millis(),
        created_date: now.to_rfc3339_opts(SecondsFormat::Millis, true),
        expires_at: asked.expires_at.unwrap_or_else(|| (now + LIFETIME).timestamp_millis()),
        session_id: asked.session_id.unwrap_or_else(|| ids::generate("session_id")),
        features: asked.features.unwrap_or_default(),
    }
}
