//! Reading the answer of a token endpoint (RFC 6749 §5). Pure: bytes in, tokens or a classified error out.

use catalog::TokenAnswer;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::form_urlencoded;
use vault::OAuth2Tokens;

use super::error::TokenError;
use super::expiry::{lifetime, told_by_token, until};
use super::scrub::Scrub;
use crate::retry_after::retry_after;

/// Error codes that mean `invalid_grant`: the standard's, and spellings that services use in its place.
const GRANT_GONE: &[&str] = &[
    "invalid_grant",
    "bad_refresh_token",
    "invalid_refresh_token",
    "bad_verification_code",
    "invalid_code",
];
/// Error codes that mean `invalid_client` or `unauthorized_client`.
const APP_BROKEN: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "invalid_client_id",
    "invalid_client_secret",
    "bad_client_secret",
    "incorrect_client_credentials",
];
/// Error codes that ask to come back later.
const COME_BACK: &[&str] = &[
    "temporarily_unavailable",
    "server_error",
    "internal_error",
    "slow_down",
    "rate_limited",
    "ratelimited",
];
/// Names of tokens that are used as Bearer tokens (RFC 6750) whatever the service calls them. Others, such as `mac`,
/// would need a signature with each call.
const BEARER: &[&str] = &[
    "bearer",
    "bearertoken",
    "token",
    "bot",
    "user",
    "user access token",
    "application access token",
];

/// What a definition says about the answers of its token endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    /// Where the token and its companions stand.
    pub(crate) answer: &'a TokenAnswer,
    /// Lifetime in seconds when the answer tells none that makes sense.
    pub(crate) lifetime: Option<u64>,
    /// Whether the token must be bound to a key (RFC 9449 §5).
    pub(crate) bound: bool,
}

/// A good token answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The tokens, as they are in the answer.
    pub(crate) tokens: OAuth2Tokens,
    /// Seconds.
    pub(crate) expires_in: Option<u64>,
    /// The granted scopes, when the answer names them.
    pub(crate) scopes: Option<Vec<String>>,
    /// The whole answer, to learn values from. It holds secrets.
    pub(crate) document: Value,
}

/// Reads an answer of any status.
pub(crate) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    shape: Shape<'_>,
    scrub: &Scrub,
) -> Result<Answer, TokenError> {
    let wanted = shape.answer;
    let document = document(headers, body, wanted.access_token.trim_start_matches('/'));
    let not_ok = document
        .as_ref()
        .and_then(|document| failure(document, wanted.ok.as_deref()));
    if !status.is_success() || not_ok.is_some() {
        return Err(refused(status, headers, document.as_ref(), scrub));
    }
    let malformed = |reason| TokenError::Answer {
        status: status.as_u16(),
        reason,
        provider_code: None,
        provider_message: None,
    };
    if body.is_empty() {
        return Err(malformed("it is empty"));
    }
    let document = document.ok_or_else(|| malformed("it is neither JSON nor a form"))?;
    let token = match &wanted.object {
        None => Some(&document),
        Some(pointer) => document.pointer(pointer),
    };
    let token = token
        .filter(|token| token.is_object())
        .ok_or_else(|| malformed("it has no object with a token"))?;
    let access_token = match token.pointer(&wanted.access_token) {
        None | Some(Value::Null) => return Err(malformed("it has no access_token")),
        Some(Value::String(text)) if text.is_empty() => return Err(malformed("its access_token is empty")),
        Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_graphic()) => text.as_str(),
        Some(Value::String(_)) => return Err(malformed("its access_token has characters that a header cannot carry")),
        Some(_) => return Err(malformed("its access_token is not a text")),
    };
    let known_type = if shape.bound {
        bound_type(token)
    } else {
        Some(token_type(token).ok_or_else(|| malformed("its token_type is not known"))?)
    };
    let is_bound = known_type.is_some();
    let tokens = OAuth2Tokens {
        access_token: SecretString::from(access_token),
        refresh_token: token
            .pointer(&wanted.refresh_token)
            .and_then(refresh_token)
            .map(SecretString::from),
        token_type: known_type.unwrap_or_else(|| "Bearer".to_owned()),
        client: None,
        dpop_key: None,
    };
    if !is_bound {
        return Err(TokenError::NotBound {
            status: status.as_u16(),
            tokens: Box::new(tokens),
        });
    }
    Ok(Answer {
        tokens,
        expires_in: token
            .pointer(&wanted.expires_in)
            .and_then(|value| lifetime(value, wanted.in_milliseconds))
            .or_else(|| until(token.pointer(wanted.expires_at.as_deref()?)?, headers))
            .or_else(|| told_by_token(access_token))
            .or(shape.lifetime),
        scopes: match &wanted.scope {
            Some(pointer) => token.pointer(pointer),
            None => token.get("scope").or_else(|| token.get("scopes")),
        }
        .and_then(scopes),
        document,
    })
}

/// Reads an answer that needs no content, such as that of a revocation.
pub(crate) fn accepted(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    ok_pointer: Option<&str>,
    scrub: &Scrub,
) -> Result<(), TokenError> {
    let document = document(headers, body, "error");
    let not_ok = document.as_ref().and_then(|document| failure(document, ok_pointer));
    if status.is_success() && not_ok.is_none() {
        return Ok(());
    }
    Err(refused(status, headers, document.as_ref(), scrub))
}

/// Reads an answer that is an object without a token, such as that of a device authorization request. `wanted` is a key
/// of it.
pub(crate) fn object(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    wanted: &str,
    scrub: &Scrub,
) -> Result<Value, TokenError> {
    let document = document(headers, body, wanted);
    let not_ok = document.as_ref().and_then(|document| failure(document, None));
    if !status.is_success() || not_ok.is_some() {
        return Err(refused(status, headers, document.as_ref(), scrub));
    }
    document.ok_or(TokenError::Answer {
        status: status.as_u16(),
        reason: "it is neither JSON nor a form",
        provider_code: None,
        provider_message: None,
    })
}

/// The answer as an object: JSON, or the form that some services send in its place, which has the wanted key or an
/// error. `serde_json` refuses what is nested
/// deeper than 128 levels.
fn document(headers: &HeaderMap, body: &[u8], wanted: &str) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(document) = serde_json::from_slice::<Value>(body) {
        return document.is_object().then_some(document);
    }
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    if !kind.starts_with("application/x-www-form-urlencoded") && !kind.starts_with("text/plain") {
        return None;
    }
    let pairs: Map<String, Value> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect();
    (pairs.contains_key(wanted) || pairs.contains_key("error")).then_some(Value::Object(pairs))
}

/// What makes a document of a good status an error.
fn failure<'a>(document: &'a Value, ok_pointer: Option<&str>) -> Option<&'a Value> {
    let error = document
        .get("error")
        .filter(|error| !matches!(error, Value::Null | Value::Bool(false)) && **error != "");
    let not_ok = ok_pointer
        .and_then(|pointer| document.pointer(pointer))
        .filter(|ok| **ok != Value::Bool(true));
    error.or(not_ok)
}

fn refused(status: StatusCode, headers: &HeaderMap, document: Option<&Value>, scrub: &Scrub) -> TokenError {
    let (code, message) = document.map_or((None, None), said);
    let lower = code.unwrap_or_default().to_ascii_lowercase();
    let provider_code = code.and_then(|code| scrub.code(code));
    let provider_message = message.and_then(|message| scrub.message(message));

    let status_code = status.as_u16();
    let wait = retry_after(headers);
    let busy = matches!(status_code, 408 | 425 | 429) || status.is_server_error();
    if !busy && GRANT_GONE.contains(&lower.as_str()) {
        TokenError::GrantGone {
            provider_code,
            provider_message,
        }
    } else if !busy && APP_BROKEN.contains(&lower.as_str()) {
        TokenError::AppBroken {
            provider_code,
            provider_message,
        }
    } else if busy || COME_BACK.contains(&lower.as_str()) || wait.is_some() {
        TokenError::Transient {
            reason: format!("it answered with HTTP {status_code}"),
            status: Some(status_code),
            retry_after: wait,
            not_sent: false,
            provider_code,
            provider_message,
        }
    } else if document.is_some() && !status.is_redirection() {
        TokenError::Refused {
            status: status_code,
            provider_code,
            provider_message,
        }
    } else {
        let reason = if status.is_redirection() {
            "it redirects, which is not followed"
        } else {
            "it is not JSON"
        };
        TokenError::Answer {
            status: status_code,
            reason,
            provider_code,
            provider_message,
        }
    }
}

/// The code and the words of an error: `error` and `error_description`, or what stands in their place.
pub(crate) fn said(document: &Value) -> (Option<&str>, Option<&str>) {
    let error = document.get("error");
    let code = match error {
        Some(Value::String(code)) if !code.is_empty() => Some(code.as_str()),
        Some(object @ Value::Object(_)) => pick(Some(object), &["code", "type", "status", "error"]),
        _ => pick(Some(document), &["error_code", "errorCode", "code", "status"]),
    };
    let message = pick(
        Some(document),
        &[
            "error_description",
            "error_message",
            "errorMessage",
            "message",
            "detail",
        ],
    )
    .or_else(|| pick(error, &["message", "description", "error_description"]));
    (code, message)
}

/// The first of these members that is a text with something in it.
fn pick<'a>(object: Option<&'a Value>, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|name| object?.get(name)?.as_str().filter(|text| !text.is_empty()))
}

/// `None` when it is a kind that cannot be used as Bearer.
fn token_type(token: &Value) -> Option<String> {
    match token.get("token_type") {
        None | Some(Value::Null) => Some("Bearer".to_owned()),
        Some(Value::String(text)) if text.trim().is_empty() => Some("Bearer".to_owned()),
        Some(Value::String(text)) => BEARER
            .contains(&text.trim().to_ascii_lowercase().as_str())
            .then(|| text.trim().to_owned()),
        Some(_) => None,
    }
}

/// The kind of a token that is bound to a key (RFC 9449 §5).
fn bound_type(token: &Value) -> Option<String> {
    let text = token.get("token_type")?.as_str()?.trim();
    text.eq_ignore_ascii_case("dpop").then(|| text.to_owned())
}

/// A malformed refresh token counts as none: the access token beside it is still good.
fn refresh_token(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    // RFC 6749 appendix A.17
    (!text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))).then_some(text)
}

/// Scopes as a text with spaces or commas, or as a list.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let scopes: Vec<String> = match value {
        Value::String(text) => text
            .split([' ', ',', '\n', '\t'])
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    (!scopes.is_empty()).then_some(scopes)
}

#[cfg(test)]
mod tests;
