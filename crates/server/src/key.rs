//! Who calls the API: the project's secret key, from a header and from nowhere else.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use broker::{Broker, Caller};
use futures_util::future::LocalBoxFuture;
use zeroize::Zeroizing;

use crate::Site;
use crate::api::tenant;
use crate::problems::{Kind, Problem};
use crate::requests::Note;

/// A caller whose key is known.
#[derive(Debug)]
pub(crate) struct Authenticated(pub Caller);

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { required(&request).await.map(Self) })
    }
}

/// A caller, or nobody: for lists that are open. A wrong key is an error here too.
#[derive(Debug)]
pub(crate) struct Perhaps(pub Option<Caller>);

impl FromRequest for Perhaps {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match secret(request.headers())? {
                Some(key) => Ok(Self(Some(caller(&request, &key).await?))),
                None => Ok(Self(None)),
            }
        })
    }
}

/// The caller, for an endpoint that refuses in words of its own.
pub(crate) async fn required(request: &HttpRequest) -> Result<Caller, Problem> {
    let key = secret(request.headers())?.ok_or_else(missing)?;
    caller(request, &key).await
}

/// The client of the token endpoint: the same headers, or HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1) with the
/// secret key as the password, or as the user name of an empty password.
pub(crate) async fn client(request: &HttpRequest) -> Result<Caller, Problem> {
    let basic = basic_key(request.headers())?;
    let key = match (secret(request.headers())?, basic) {
        (Some(one), Some(other)) if one != other => return Err(contradiction()),
        (found, basic) => found.or(basic),
    };
    caller(request, &key.ok_or_else(missing)?).await
}

/// Whether the caller came with HTTP Basic, and is to be answered with its challenge (RFC 6749 §5.2).
pub(crate) fn came_with_basic(headers: &HeaderMap) -> bool {
    basic(headers).is_some()
}

fn basic(headers: &HeaderMap) -> Option<&str> {
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| text.trim())
}

fn basic_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(text) = basic(headers) else { return Ok(None) };
    let unreadable = || {
        Problem::new(
            Kind::Unauthorized,
            "`Authorization: Basic` holds no user name and password. Send the project's secret key as the password.",
        )
    };
    let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| unreadable())?);
    let (name, password) = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|pair| pair.split_once(':'))
        .ok_or_else(unreadable)?;
    // Both are form-encoded before they are joined.
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    };
    let chosen = if password.is_empty() { name } else { password };
    decoded(chosen)
        .filter(|key| !key.is_empty())
        .map(Some)
        .ok_or_else(unreadable)
}

async fn caller(request: &HttpRequest, key: &str) -> Result<Caller, Problem> {
    let lost = || Problem::general(Kind::Internal);
    let broker = request.app_data::<web::Data<Broker>>().ok_or_else(lost)?;
    let site = request.app_data::<web::Data<Site>>().ok_or_else(lost)?;
    let caller = broker.authenticate(key, site.limits.who(request)).await?;
    if let Some(note) = request.extensions().get::<Arc<Note>>() {
        note.came_from(&caller);
    }
    if let Some(allowance) = site.limits.key(&caller)? {
        request.extensions_mut().insert(allowance);
    }
    tenant::require(request, &caller)?;
    Ok(caller)
}

fn missing() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "No secret key came with this request. Send the project's key in `X-One-Secret`, `X-Pica-Secret` or \
         `Authorization: Bearer`; `latchkey keys create` makes one.",
    )
}

/// The key in the headers. Two spellings that differ are refused: which one a proxy in front checked is unknown.
///
/// An `Authorization` beside the other two counts only when it looks like a key of ours: callers of passthrough send
/// their own headers along.
pub(crate) fn secret(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut found: Option<&str> = None;
    let named = ["x-pica-secret", "x-one-secret"]
        .into_iter()
        .flat_map(|name| headers.get_all(name));
    for value in named {
        let text = value.to_str().map_err(|_| contradiction())?.trim();
        if found.is_some_and(|other| other != text) {
            return Err(contradiction());
        }
        found = Some(text);
    }
    for value in headers.get_all(header::AUTHORIZATION) {
        let Some(text) = value.to_str().ok().and_then(bearer_key) else {
            continue;
        };
        match found {
            Some(other) if text.starts_with("sk_") && other != text => return Err(contradiction()),
            Some(_) => {}
            None => found = Some(text),
        }
    }
    Ok(found.filter(|text| !text.is_empty()).map(ToOwned::to_owned))
}

fn bearer_key(value: &str) -> Option<&str> {
    let (scheme, text) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

fn contradiction() -> Problem {
    Problem::bad_request("Two different secret keys came with this request. Send one, in one header.")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        secret(&headers)
    }

    #[test]
    fn each_spelling_alone() {
        for name in ["x-pica-secret", "x-one-secret"] {
            assert_eq!(
                read(&[(name, "sk_test_lk_a")]).unwrap().as_deref(),
                Some("sk_test_lk_a")
            );
        }
        assert_eq!(
            read(&[("authorization", "bearer sk_test_lk_a")]).unwrap().as_deref(),
            Some("sk_test_lk_a")
        );
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[("x-pica-secret", "")]).unwrap(), None);
    }

    #[test]
    fn a_key_is_read_from_headers_only() {
        let request = actix_web::test::TestRequest::get()
            .uri("/v1/vault/connections?api_key=sk_test_lk_a&x-pica-secret=sk_test_lk_a")
            .cookie(actix_web::cookie::Cookie::new("x-pica-secret", "sk_test_lk_a"))
            .to_http_request();
        assert_eq!(secret(request.headers()).unwrap(), None);
    }

    #[test]
    fn two_that_differ_are_refused() {
        for wrong in [
            [("x-pica-secret", "a"), ("x-one-secret", "b")],
            [("x-pica-secret", "a"), ("x-pica-secret", "b")],
            [("x-one-secret", "sk_a"), ("authorization", "Bearer sk_b")],
            [("authorization", "Bearer sk_a"), ("authorization", "Bearer sk_b")],
        ] {
            assert_eq!(read(&wrong).unwrap_err().kind(), Kind::BadRequest, "{wrong:?}");
        }
        assert_eq!(
            read(&[("x-pica-secret", "a"), ("x-one-secret", "a")])
                .unwrap()
                .as_deref(),
            Some("a")
        );
    }

    #[test]
    fn a_callers_own_authorization_is_no_key() {
        for other in ["Bearer ya29.token", "Basic abc"] {
            let found = read(&[("x-pica-secret", "sk_a"), ("authorization", other)]).unwrap();
            assert_eq!(found.as_deref(), Some("sk_a"), "{other}");
        }
    }
}
