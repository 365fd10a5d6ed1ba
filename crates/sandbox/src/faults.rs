//! How a call that is hit by a fault is answered.

use std::time::{Duration, SystemTime};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HttpDate, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::rt::time::sleep;
use actix_web::{Error, HttpResponse, ResponseError as _, web};
use futures_util::stream;
use serde_json::json;
use store::sandbox::{Fault, FaultedCall, Faults, Met, Refusal};
use vault::Digest;

use crate::access::{self, AccessError};
use crate::oauth_error::{ErrorCode, OAuthError};
use crate::{Sandbox, answer, token};

/// A call that hangs is given up after this long.
pub const HANGING_LIMIT: Duration = Duration::from_mins(1);
/// `Retry-After` of a 429, unless another is chosen.
const RETRY_SECONDS: &str = "5";

/// Answers a call: as `done` does, or wrongly. A fault that comes in place of the work leaves `done` unpolled.
pub(crate) async fn answer(
    sandbox: &Sandbox,
    met: &Met,
    done: impl Future<Output = Result<HttpResponse, OAuthError>>,
) -> HttpResponse {
    match in_place(sandbox, met).await {
        Some(response) => response,
        None => after(met, done.await.unwrap_or_else(|error| error.error_response())).await,
    }
}

/// The answer in place of the work, when a call is hit by such a fault.
async fn in_place(sandbox: &Sandbox, met: &Met) -> Option<HttpResponse> {
    let response = match met.faults.fault.filter(|_| met.is_hit) {
        None | Some(Fault::Slow | Fault::AnswerLost) => return None,
        Some(Fault::Hanging) => {
            sleep(HANGING_LIMIT).await;
            lost()
        }
        Some(fault) => {
            let response = instead(sandbox, fault, &met.faults).await;
            let response = response.unwrap_or_else(|error| error.error_response());
            sleep(delay(met)).await;
            response
        }
    };
    Some(response)
}

/// What becomes of the answer when the work is done.
async fn after(met: &Met, response: HttpResponse) -> HttpResponse {
    match met.faults.fault.filter(|_| met.is_hit) {
        Some(Fault::Slow) => {
            sleep(delay(met)).await;
            response
        }
        Some(Fault::AnswerLost) => {
            sleep(delay(met)).await;
            lost()
        }
        _ => response,
    }
}

fn delay(met: &Met) -> Duration {
    Duration::from_millis(met.faults.delay_ms().into())
}

/// The answer that comes in place of the work.
async fn instead(sandbox: &Sandbox, fault: Fault, faults: &Faults) -> Result<HttpResponse, OAuthError> {
    const WISHED: &str = "the sandbox was asked to fail";
    Ok(match fault {
        Fault::RateLimited => {
            let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS);
            response.insert_header((RETRY_AFTER, retry_after(sandbox, faults).await?));
            response.json(json!({ "error": "rate_limited", "error_description": WISHED }))
        }
        Fault::Html => answer::plain(StatusCode::OK)
            .insert_header(ContentType::html())
            .body("<!doctype html><title>Maintenance</title><h1>We are back soon</h1>"),
        Fault::ErrorInSuccess => {
            let code = faults.error.as_deref().unwrap_or("temporarily_unavailable");
            answer::json(StatusCode::OK).json(json!({ "error": code, "error_description": WISHED }))
        }
        Fault::ExpiredCode => return Err(token::refused("code", Refusal::Expired)),
        Fault::RefreshRefused => return Err(token::refused("refresh token", Refusal::Revoked)),
        Fault::ClientRefused => return Err(OAuthError::new(ErrorCode::InvalidClient, WISHED)),
        Fault::ServerError | Fault::Slow | Fault::Hanging | Fault::AnswerLost => {
            return Err(OAuthError::new(ErrorCode::ServerError, WISHED));
        }
    })
}

/// The value as it was chosen; `date+N` is written out by the database's clock.
async fn retry_after(sandbox: &Sandbox, faults: &Faults) -> Result<String, OAuthError> {
    let chosen = faults.retry_after.as_deref().unwrap_or(RETRY_SECONDS);
    let Some(seconds) = chosen.strip_prefix("date+").and_then(|text| text.parse::<u32>().ok()) else {
        return Ok(chosen.to_owned());
    };
    let then = SystemTime::from(sandbox.store.now().await?) + Duration::from_secs(seconds.into());
    Ok(HttpDate::from(then).to_string())
}

/// Closes the connection: a body that fails before its first byte takes the head with it.
fn lost() -> HttpResponse {
    let broken = stream::once(async { Err::<web::Bytes, _>(std::io::Error::other("the sandbox was asked to fail")) });
    answer::plain(StatusCode::OK).force_close().streaming(broken)
}

/// What a call of a client meets.
pub(crate) async fn met(
    sandbox: &Sandbox,
    client: uuid::Uuid,
    call: FaultedCall,
    presented: &str,
) -> Result<Met, OAuthError> {
    let presented = Digest::of(presented);
    Ok(sandbox.store.meet_sandbox_faults(client, call, presented).await?)
}

/// Surrounds the API. Calls without an access token that was issued meet no fault: nothing tells whose they are.
pub(crate) async fn around_api<B: MessageBody + 'static>(
    sandbox: web::Data<Sandbox>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse, Error> {
    let met = match access::access_token(request.headers()) {
        Some(token) => sandbox.store.meet_sandbox_api_faults(token).await,
        None => Ok(Met::default()),
    };
    let met = met.map_err(AccessError::from)?;
    if let Some(response) = in_place(&sandbox, &met).await {
        return Ok(request.into_response(response));
    }
    // The request is not kept meanwhile: the router needs it for itself alone.
    let (request, response) = next.call(request).await?.map_into_boxed_body().into_parts();
    let response = after(&met, response).await;
    Ok(ServiceResponse::new(request, response))
}
