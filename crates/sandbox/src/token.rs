//! The token endpoint (RFC 6749 §3.2), revocation (RFC 7009) and the metadata document (RFC 8414).

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use store::sandbox::{FaultedCall, Issued, Redemption, Refusal, RegisteredClient, Revocation};
use vault::{Digest, ExposeSecret as _};

use crate::oauth_error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::{PATH, Sandbox, answer, client, faults, scope};

/// What the body extractor gives.
type Body = Result<web::Bytes, actix_web::Error>;

/// `POST /sandbox/oauth/token`.
pub(crate) async fn token(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, OAuthError> {
    let form = form(&request, body)?;
    let client = client::authenticate(&sandbox.store, &request, &form).await?;
    let (call, presented) = match required(&form, "grant_type")? {
        "authorization_code" => (FaultedCall::Exchange, required(&form, "code")?),
        "refresh_token" => (FaultedCall::Refresh, required(&form, "refresh_token")?),
        _ => {
            let description = "grant_type is neither authorization_code nor refresh_token";
            return Err(OAuthError::new(ErrorCode::UnsupportedGrantType, description));
        }
    };
    let met = faults::met(&sandbox, client.id, call, presented).await?;
    let done = async {
        let issued = match call {
            FaultedCall::Exchange => exchange(&sandbox, &client, presented, &form).await?,
            _ => refresh(&sandbox, &client, presented, &form).await?,
        };
        Ok(granted(&issued))
    };
    Ok(faults::answer(&sandbox, &met, done).await)
}

async fn exchange(
    sandbox: &Sandbox,
    client: &RegisteredClient,
    code: &str,
    form: &Parameters,
) -> Result<Issued, OAuthError> {
    let verifier = required(form, "code_verifier")?;
    if !is_verifier(verifier) {
        return Err(OAuthError::invalid_request(
            "code_verifier is not 43 to 128 unreserved characters",
        ));
    }
    let redemption = Redemption {
        client: client.id,
        code: Digest::of(code),
        redirect_uri: required(form, "redirect_uri")?,
        verifier: Digest::of(verifier),
    };
    let issued = sandbox.store.redeem_sandbox_code(&redemption).await?;
    issued.map_err(|refusal| refused("code", refusal))
}

async fn refresh(
    sandbox: &Sandbox,
    client: &RegisteredClient,
    refresh_token: &str,
    form: &Parameters,
) -> Result<Issued, OAuthError> {
    let scopes = form.get("scope")?.map(|text| scope::parse(Some(text))).transpose();
    let scopes = scopes
        .map_err(|_| refused("refresh token", Refusal::Scope))?
        .map(|scopes| names(&scopes));
    let answer = sandbox
        .store
        .refresh_sandbox_token(client.id, refresh_token, scopes)
        .await?;
    answer.map_err(|refusal| refused("refresh token", refusal))
}

/// `POST /sandbox/oauth/revoke`. A token that is unknown counts as revoked (RFC 7009 §2.2).
pub(crate) async fn revoke(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, OAuthError> {
    let form = form(&request, body)?;
    let client = client::authenticate(&sandbox.store, &request, &form).await?;
    // `token_type_hint` would only save a lookup: both kinds are in one table.
    let token = required(&form, "token")?;
    let met = faults::met(&sandbox, client.id, FaultedCall::Revoke, token).await?;
    let done = async {
        match met.faults.revocation.unwrap_or_default() {
            Revocation::Works => {}
            Revocation::NotFound => {
                let description = "the sandbox was asked to have no revocation";
                return Ok(answer::error(StatusCode::NOT_FOUND, "not_found", description));
            }
            Revocation::UnsupportedTokenType => {
                let description = "the sandbox was asked not to revoke";
                return Err(OAuthError::new(ErrorCode::UnsupportedTokenType, description));
            }
        }
        let answer = sandbox.store.revoke_sandbox_token(client.id, Digest::of(token)).await?;
        answer.map_err(|refusal| refused("token", refusal))?;
        Ok(answer::plain(StatusCode::OK).finish())
    };
    Ok(faults::answer(&sandbox, &met, done).await)
}

/// `GET /.well-known/oauth-authorization-server/sandbox`.
pub(crate) async fn metadata(sandbox: web::Data<Sandbox>) -> HttpResponse {
    let issuer = sandbox.issuer();
    answer::json(StatusCode::OK).json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "scopes_supported": names(&scope::Scope::ALL),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{}/docs", issuer.trim_end_matches(PATH)),
    }))
}

fn names(scopes: &[scope::Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

fn form(request: &HttpRequest, body: Body) -> Result<Parameters, OAuthError> {
    let body = body.map_err(|_| OAuthError::invalid_request("the body is too large or did not arrive"))?;
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::invalid_request(
            "the body is not application/x-www-form-urlencoded",
        ));
    }
    Ok(Parameters::parse(&body))
}

fn required<'a>(form: &'a Parameters, name: &'static str) -> Result<&'a str, OAuthError> {
    form.get(name)?
        .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn granted(issued: &Issued) -> HttpResponse {
    let mut body = json!({
        "access_token": issued.access_token.expose_secret(),
        "token_type": "Bearer",
        "scope": issued.scopes.join(" "),
    });
    if issued.tells_lifetime {
        body["expires_in"] = json!(issued.access_lifetime.as_secs());
    }
    if let Some(refresh_token) = &issued.refresh_token {
        body["refresh_token"] = json!(refresh_token.expose_secret());
    }
    answer::json(StatusCode::OK)
        .insert_header(("pragma", "no-cache"))
        .json(body)
}

pub(crate) fn refused(what: &str, refusal: Refusal) -> OAuthError {
    let (code, reason) = match refusal {
        Refusal::Unknown => (ErrorCode::InvalidGrant, "is unknown"),
        Refusal::OtherClient => (ErrorCode::InvalidGrant, "was issued to another client"),
        Refusal::Used => (ErrorCode::InvalidGrant, "was used before"),
        Refusal::Expired => (ErrorCode::InvalidGrant, "has expired"),
        Refusal::Revoked => (ErrorCode::InvalidGrant, "was revoked"),
        Refusal::RedirectUri => (ErrorCode::InvalidGrant, "was issued for another redirect_uri"),
        Refusal::Verifier => (ErrorCode::InvalidGrant, "was issued for another code_verifier"),
        Refusal::Scope => (ErrorCode::InvalidScope, "does not allow the scope asked for"),
    };
    OAuthError::new(code, format!("the {what} {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        assert!(is_verifier(&"a".repeat(43)));
        assert!(is_verifier(&format!("{}-._~09AZ", "z".repeat(120))));
        for bad in [
            "a".repeat(42),
            "a".repeat(129),
            format!("{}+", "a".repeat(42)),
            "é".repeat(43),
        ] {
            assert!(!is_verifier(&bad), "{bad}");
        }
    }

    #[test]
    fn a_refusal_keeps_to_the_characters_of_the_standard() {
        use Refusal::{Expired, OtherClient, RedirectUri, Revoked, Scope, Unknown, Used, Verifier};
        for refusal in [
            Unknown,
            OtherClient,
            Used,
            Expired,
            Revoked,
            RedirectUri,
            Verifier,
            Scope,
        ] {
            let error = refused("code", refusal);
            let expected = if refusal == Scope {
                ErrorCode::InvalidScope
            } else {
                ErrorCode::InvalidGrant
            };
            assert_eq!(error.code, expected);
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(error.description.bytes().all(allowed), "{error}");
        }
    }
}
