//! POST `/v1/vault/connections/{id}/refresh`, `…/test` and `…/reconnect`: what is done with a connection now.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, OpenSession, Scope};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::authkit::{TokenPage, token_page};
use super::connections::name_before;
use super::record::{Record, Times, record};
use crate::Site;
use crate::key::Authenticated;
use crate::problems::Problem;

/// How a refresh ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshAnswer {
    /// Whether this call led to it. False: it happened within the last 30 seconds.
    refreshed: bool,
    /// When the credential was refreshed.
    refreshed_at: Option<String>,
    /// When its access token ends.
    expires_at: Option<String>,
    /// How the connection is: `operational`, `degraded`, `failed` or `unknown`.
    state: &'static str,
}

/// Refreshes the credential now. The service is asked at most once in 30 seconds, however many calls come.
#[utoipa::path(
    post, path = "/v1/vault/connections/{id}/refresh", operation_id = "refreshConnection", tag = "Connections",
    params(("id" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = RefreshAnswer, description = "It is fresh: by this call, or by one within the last 30 seconds"),
        (status = 403, description = "The key does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours"),
        (status = 409, description = "It cannot be refreshed: there is no refresh token"),
        (status = 424, description = "The service refused or could not be asked; `Retry-After` says when to try again, where that helps")
    ),
    security(("secret" = []))
)]
pub(crate) async fn refresh(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let done = broker
        .force_refresh(&caller.0, &name_before(&request, "/refresh")?)
        .await?;
    Ok(HttpResponse::Ok().json(RefreshAnswer {
        refreshed: done.refreshed,
        refreshed_at: done.refreshed_at.map(text),
        expires_at: done.expires_at.map(text),
        state: done.state.as_str(),
    }))
}

/// How a test ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestAnswer {
    /// Whether the service accepted the credential as the same account.
    ok: bool,
    /// Whether this call asked the service. False: one within the last 30 seconds did.
    tested: bool,
    /// When it was asked.
    tested_at: Option<String>,
    /// A machine's word for why not: `credential_refused`, `account_changed`, `provider_unavailable`, `check_unexpected`,
    /// `check_impossible`, or why the connection cannot be used.
    reason: Option<String>,
    /// The same for people.
    message: Option<String>,
    /// How the connection is. A test makes no connection worse; a good one makes `unknown` `operational`.
    state: &'static str,
}

/// Calls the service once, as the definition's check says. At most once in 30 seconds; a failed test changes nothing.
#[utoipa::path(
    post, path = "/v1/vault/connections/{id}/test", operation_id = "testConnection", tag = "Connections",
    params(("id" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = TestAnswer, description = "What the test showed, good or bad"),
        (status = 403, description = "The key does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours"),
        (status = 422, description = "The definition names no check"),
        (status = 424, description = "The same call is still waiting for the service")
    ),
    security(("secret" = []))
)]
pub(crate) async fn test(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let result = broker
        .test_connection(&caller.0, &name_before(&request, "/test")?)
        .await?;
    Ok(HttpResponse::Ok().json(TestAnswer {
        ok: result.ok,
        tested: result.tested,
        tested_at: result.tested_at.map(text),
        reason: result.reason,
        message: result.message,
        state: result.state.as_str(),
    }))
}

/// A session in which this connection is connected again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reconnect {
    #[serde(flatten)]
    page: TokenPage,
    /// The connection as it is now.
    connection: Record,
    /// A machine's word for why it has to be connected again; null when it is well.
    reason: Option<String>,
    /// The same for people.
    message: Option<String>,
}

/// Opens a connect session for the same connection: its owner signs in again, key and id stay. The answer is that of
/// `POST /v1/authkit/token`, so an embedding page can hand it on, with the connection beside it.
#[utoipa::path(
    post, path = "/v1/vault/connections/{id}/reconnect", operation_id = "reconnectConnection", tag = "Connect",
    params(("id" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = Reconnect, description = "A new session for this connection"),
        (status = 403, description = "The key does not have the scopes `sessions:write` and `connections:read`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn reconnect(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let connection = broker
        .connection(&caller.0, &name_before(&request, "/reconnect")?)
        .await?;
    let session = OpenSession {
        connection: Some(connection.id),
        ..OpenSession::default()
    };
    let page = token_page(&broker, &site, &caller.0, &request, session).await?;
    Ok(HttpResponse::Ok().json(Reconnect {
        page,
        reason: connection.state_reason.clone(),
        message: connection.state_message.clone(),
        connection: record(&broker, &site, &connection, Times::Text),
    }))
}

pub(crate) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
