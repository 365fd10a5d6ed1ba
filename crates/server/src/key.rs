//! Who calls the API: the project's secret key, from a header and from nowhere else.

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use broker::{Broker, Caller};
use futures_util::future::LocalBoxFuture;

use crate::Site;
use crate::problems::{Kind, Problem};

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

async fn caller(request: &HttpRequest, key: &str) -> Result<Caller, Problem> {
    let lost = || Problem::general(Kind::Internal);
    let broker = request.app_data::<web::Data<Broker>>().ok_or_else(lost)?;
    let site = request.app_data::<web::Data<Site>>().ok_or_else(lost)?;
    let caller = broker.authenticate(key).await?;
    if let Some(allowance) = site.limits.key(&caller)? {
        request.extensions_mut().insert(allowance);
    }
    Ok(caller)
}

fn missing() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "No secret key came with this request. Send the project's key in `X-Pica-Secret`, `X-One-Secret` or \
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
