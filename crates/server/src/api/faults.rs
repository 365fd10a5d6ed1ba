//! `/v1/sandbox/faults`: what the built-in service does wrong, for a project or for one connection.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, SandboxFaults};
use serde::Serialize;
use serde_json::Value;
use store::sandbox::Faults;
use utoipa::ToSchema;

use super::connections::id_or_key;
use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::problems::Problem;

/// What goes wrong. An empty object is a provider that is well.
#[derive(Debug, ToSchema)]
#[schema(as = Faults, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "the description of `store::sandbox::Faults`, which reads itself"
)]
pub(crate) struct Choice {
    /// What happens to calls: `slow` and `answer_lost` come after the work is done, all others in place of it.
    #[schema(value_type = Option<String>, pattern = "^(slow|hanging|server_error|rate_limited|html|error_in_success|expired_code|refresh_refused|client_refused|answer_lost)$")]
    fault: Option<String>,
    /// Which calls: `exchange`, `refresh`, `revoke`, `api`. Without, `refresh`; for `expired_code`, `exchange`.
    on: Option<Vec<String>>,
    /// How many calls, 1 to 1000. Without, all until it is cleared.
    times: Option<u32>,
    /// How long the answer waits, in milliseconds, at most 60000. `slow` waits 2000 without.
    delay_ms: Option<u32>,
    /// `Retry-After` of `rate_limited`, sent as it is; `date+N` is the HTTP date in N seconds. 5 without.
    retry_after: Option<String>,
    /// The `error` member of `error_in_success`; `temporarily_unavailable` without.
    error: Option<String>,
    /// `refuse` (a used refresh token is refused), `strict` (its reuse revokes the grant), `grace` (it works on for a
    /// time), `none` (it is kept). `refuse` without.
    rotation: Option<String>,
    /// How long a used refresh token works on in `grace`, in seconds, at most 86400. 60 without.
    grace_seconds: Option<u32>,
    /// What it gets in that time: `new` tokens, or the `same` refresh token that the first use got.
    grace_answer: Option<String>,
    /// Lifetime of access tokens, in seconds, instead of the one that was chosen at consent.
    token_seconds: Option<u32>,
    /// Leave `expires_in` out of token answers.
    omit_expires_in: Option<bool>,
    /// Grant only these scopes, separated by spaces.
    scope: Option<String>,
    /// What the revocation endpoint says: `works`, `not_found` or `unsupported_token_type`.
    revocation: Option<String>,
}

/// What is set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SandboxFaults)]
pub(crate) struct Setting {
    /// The connection's id; null for the whole project.
    connection: Option<String>,
    /// What is set; null when nothing is. A connection without faults of its own meets the project's.
    #[schema(value_type = Option<Choice>)]
    faults: Option<Faults>,
    /// Calls that were hit since it was set.
    hits: i32,
}

fn answer(set: SandboxFaults) -> HttpResponse {
    HttpResponse::Ok().json(Setting {
        connection: set.connection.map(|connection| connection.to_string()),
        faults: set.setting.faults,
        hits: set.setting.hits,
    })
}

/// What goes wrong with all of the project's connections to the sandbox.
#[utoipa::path(
    get, path = "/v1/sandbox/faults", operation_id = "getSandboxFaults", tag = "Sandbox",
    responses(
        (status = 200, body = Setting, description = "What is set"),
        (status = 403, description = "The key is of `live`, or does not have the scope `connections:write`"),
        (status = 409, description = "The project has no sandbox yet")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    Ok(answer(broker.sandbox_faults(&caller.0, None).await?))
}

/// Sets what goes wrong with all of the project's connections to the sandbox, but for those with faults of their own.
#[utoipa::path(
    put, path = "/v1/sandbox/faults", operation_id = "setSandboxFaults", tag = "Sandbox",
    request_body(content = Choice, description = "Replaces what was set"),
    responses(
        (status = 200, body = Setting, description = "What is set now"),
        (status = 400, description = "A field does not exist or has a value that cannot be; the message names it"),
        (status = 403, description = "The key is of `live`, or does not have the scope `connections:write`"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The project has no sandbox yet"),
        (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(broker::Scope::ConnectionsWrite)?;
    let choice: Value = body(&site, &request, payload).await?;
    Ok(answer(broker.set_sandbox_faults(&caller.0, None, &choice).await?))
}

/// Takes away what was set for the project.
#[utoipa::path(
    delete, path = "/v1/sandbox/faults", operation_id = "clearSandboxFaults", tag = "Sandbox",
    responses(
        (status = 200, body = Setting, description = "Nothing is set"),
        (status = 403, description = "The key is of `live`, or does not have the scope `connections:write`"),
        (status = 409, description = "The project has no sandbox yet")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    Ok(answer(broker.clear_sandbox_faults(&caller.0, None).await?))
}

/// What goes wrong with one connection to the sandbox.
#[utoipa::path(
    get, path = "/v1/sandbox/faults/{connection}", operation_id = "getSandboxFaultsOfConnection", tag = "Sandbox",
    params(("connection" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = Setting, description = "What is set"),
        (status = 403, description = "The key is of `live`, or does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours"),
        (status = 409, description = "The sandbox has no grant for this connection")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get_one(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let connection = connection(&request)?;
    Ok(answer(broker.sandbox_faults(&caller.0, Some(&connection)).await?))
}

/// Sets what goes wrong with one connection to the sandbox, in place of what is set for the project. An empty object makes
/// it well. A person who connects again gets a new grant, without faults.
#[utoipa::path(
    put, path = "/v1/sandbox/faults/{connection}", operation_id = "setSandboxFaultsOfConnection", tag = "Sandbox",
    params(("connection" = String, Path, description = "The id, or the connection key")),
    request_body(content = Choice, description = "Replaces what was set"),
    responses(
        (status = 200, body = Setting, description = "What is set now"),
        (status = 400, description = "A field does not exist or has a value that cannot be; the message names it"),
        (status = 403, description = "The key is of `live`, or does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The sandbox has no grant for this connection"),
        (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put_one(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(broker::Scope::ConnectionsWrite)?;
    let connection = connection(&request)?;
    let choice: Value = body(&site, &request, payload).await?;
    let set = broker.set_sandbox_faults(&caller.0, Some(&connection), &choice).await?;
    Ok(answer(set))
}

/// Takes away what was set for one connection; it meets what is set for the project then.
#[utoipa::path(
    delete, path = "/v1/sandbox/faults/{connection}", operation_id = "clearSandboxFaultsOfConnection", tag = "Sandbox",
    params(("connection" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = Setting, description = "Nothing is set"),
        (status = 403, description = "The key is of `live`, or does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours"),
        (status = 409, description = "The sandbox has no grant for this connection")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete_one(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let connection = connection(&request)?;
    Ok(answer(broker.clear_sandbox_faults(&caller.0, Some(&connection)).await?))
}

fn connection(request: &HttpRequest) -> Result<String, Problem> {
    let path = request.uri().path();
    id_or_key(path.split_once("/faults/").map_or("", |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn the_description_has_the_fields_that_are_read() {
        let schema = serde_json::to_value(Choice::schema()).unwrap();
        for field in schema["properties"].as_object().unwrap().keys() {
            // A field that is read refuses a value of no type at all by its name.
            let refused = Faults::read(&json!({ field: { "no": "type" } }))
                .unwrap_err()
                .to_string();
            assert!(refused.starts_with(&format!("{field} must be")), "{field}: {refused}");
        }
        let all = schema["properties"].as_object().unwrap().len();
        assert_eq!(all, Faults::fields().count());
    }
}
