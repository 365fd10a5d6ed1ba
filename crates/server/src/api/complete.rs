//! POST `/v1/connect/complete`: the customer's backend says who finished a flow (connect-flow §1 g).

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authkit::identity_type;
use super::record::{Record, Times, record};
use crate::Site;
use crate::guard::{TokenText, body};
use crate::key::Authenticated;
use crate::problems::Problem;

/// Who finished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Completion {
    /// The code that the finishing browser brought.
    #[schema(value_type = String)]
    code: TokenText,
    /// Who that browser's own session belongs to.
    identity: String,
    /// `user`, `team`, `organization` or `project`.
    #[serde(alias = "identity_type")]
    identity_type: Option<String>,
}

/// The connection, now usable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Completed {
    connection: Record,
    /// Where to send the browser.
    return_url: Option<String>,
}

/// Completes a flow that waits for verification. Another identity than the session's ends it.
#[utoipa::path(
    post, path = "/v1/connect/complete", operation_id = "completeConnection", tag = "Connect",
    request_body(content = Completion, description = "The code, and whose session brought it"),
    responses(
        (status = 200, body = Completed, description = "The connection, now usable"),
        (status = 400, description = "A field is missing or has a value that cannot be"),
        (status = 403, description = "Another identity, and the grant is revoked; or the key does not have the scope `sessions:write`"),
        (status = 404, description = "No flow has this code"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "Completed before"), (status = 410, description = "Too late"),
        (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn complete(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let Completion {
        code,
        identity,
        identity_type: kind,
    } = body(&site, &request, payload).await?;
    let kind = kind.as_deref().map(identity_type).transpose()?;
    let (connection, return_url) = broker.complete(&caller.0, &code.0, &identity, kind).await?;
    Ok(HttpResponse::Ok().json(Completed {
        connection: record(&broker, &site, &connection, Times::Milliseconds),
        return_url,
    }))
}
