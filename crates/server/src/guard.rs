//! What a browser's call must look like before anything is read from it: ours by origin, JSON by type, small, and
//! without a field that nobody asked for.

mod json;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use broker::Broker;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use vault::Token;
use zeroize::Zeroizing;

use self::json::parse;
use crate::Site;
use crate::limits::{JSON_BYTES, LARGE_JSON_BYTES};
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// The body of a call that only our own pages make.
#[derive(Debug)]
pub(crate) struct FromOurPage<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for FromOurPage<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let site = site(&request)?;
            same_origin(request.headers(), &request.place(&site.public_origin).origin)?;
            json_type(request.headers())?;
            let body = read(request.headers(), &mut payload, JSON_BYTES, site.pace).await?;
            Ok(Self(parse(&body)?))
        })
    }
}

/// Reads the body of an API call. An empty one is `{}`, with or without a type: published clients send both.
///
/// No extractor: what a key may do is judged before its body is waited for.
pub(crate) async fn body<T: DeserializeOwned>(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, Problem> {
    let body = read(request.headers(), &mut payload.into_inner(), JSON_BYTES, site.pace).await?;
    let empty = body.iter().all(u8::is_ascii_whitespace) || body == b"null";
    parse(if empty { b"{}" } else { &body })
}

/// The same for a body that holds a row for each integration.
pub(crate) async fn large_body<T: DeserializeOwned>(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, Problem> {
    let body = read(
        request.headers(),
        &mut payload.into_inner(),
        LARGE_JSON_BYTES,
        site.pace,
    )
    .await?;
    parse(&body)
}

/// The same with the bytes it was read from, wiped when they are dropped.
pub(crate) async fn whole_body<T: DeserializeOwned>(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(T, Zeroizing<Vec<u8>>), Problem> {
    let body = read(request.headers(), &mut payload.into_inner(), JSON_BYTES, site.pace).await?;
    let body = Zeroizing::new(body);
    Ok((parse(&body)?, body))
}

/// A body of at most `most` bytes as it is; a longer one is cut off with the caller's own problem.
pub(crate) async fn bytes(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
    most: usize,
) -> Result<Vec<u8>, Problem> {
    read(request.headers(), &mut payload.into_inner(), most, site.pace).await
}

/// The pairs of a form, whatever the content type says.
pub(crate) async fn form(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Vec<(String, String)>, Problem> {
    form_of(site, request, payload, JSON_BYTES).await
}

/// The same with a long text in it.
pub(crate) async fn large_form(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Vec<(String, String)>, Problem> {
    form_of(site, request, payload, LARGE_JSON_BYTES).await
}

async fn form_of(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Vec<(String, String)>, Problem> {
    let body = read(request.headers(), &mut payload.into_inner(), limit, site.pace).await?;
    let pairs: Vec<_> = url::form_urlencoded::parse(&body).into_owned().collect();
    if pairs
        .iter()
        .any(|(name, value)| name.contains('\0') || value.contains('\0'))
    {
        return Err(Problem::bad_request(
            "A value of the form holds a NUL character, which nothing here has. Send it without.",
        ));
    }
    Ok(pairs)
}

/// How slowly a body may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Longest time without a byte of a JSON body.
    pub idle: Duration,
    /// Longest time for a whole JSON body.
    pub total: Duration,
    /// Longest time without a byte of a body that is passed through; as a whole it may take any time.
    pub streamed_idle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            streamed_idle: Duration::from_mins(1),
        }
    }
}

fn site(request: &HttpRequest) -> Result<&web::Data<Site>, Problem> {
    request
        .app_data::<web::Data<Site>>()
        .ok_or_else(|| Problem::general(Kind::Internal))
}

/// `Origin` must be ours, and `Sec-Fetch-Site`, when the browser sends it, must say so too.
pub(crate) fn same_origin(headers: &HeaderMap, own: &str) -> Result<(), Problem> {
    let refused = |what: &str| {
        Err(Problem::keyed(
            Kind::Forbidden,
            "foreign_origin",
            format!("{what} Only pages of {own} may make this call; open Latchkey at that address."),
        ))
    };
    let mut origins = headers.get_all(header::ORIGIN);
    match (origins.next(), origins.next()) {
        (Some(origin), None) if origin.as_bytes() == own.as_bytes() => {}
        (None, _) => return refused("The call has no `Origin`."),
        _ => return refused("The call comes from another origin."),
    }
    match headers.get("sec-fetch-site") {
        None => Ok(()),
        Some(site) if site.as_bytes() == b"same-origin" => Ok(()),
        Some(_) => refused("The browser says that the call comes from another site."),
    }
}

fn json_type(headers: &HeaderMap) -> Result<(), Problem> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .eq_ignore_ascii_case("application/json")
        });
    if is_json {
        return Ok(());
    }
    Err(Problem::keyed(
        Kind::Forbidden,
        "not_json",
        "Send the body as `Content-Type: application/json`.",
    ))
}

/// Reads a body of at most `most` bytes that comes at the pace.
async fn read(headers: &HeaderMap, payload: &mut Payload, most: usize, pace: Pace) -> Result<Vec<u8>, Problem> {
    tokio::time::timeout(pace.total, collect(headers, payload, most, pace.idle))
        .await
        .unwrap_or_else(|_| Err(Problem::general(Kind::RequestTimeout)))
}

async fn collect(headers: &HeaderMap, payload: &mut Payload, most: usize, idle: Duration) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::general(Kind::PayloadTooLarge);
    let told = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(told.unwrap_or_default());
    let late = |_| Problem::general(Kind::RequestTimeout);
    while let Some(chunk) = tokio::time::timeout(idle, payload.next()).await.map_err(late)? {
        let chunk = chunk.map_err(|_| Problem::bad_request("The body broke off. Send the request again."))?;
        if body.len() + chunk.len() > most {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The token in `Authorization: Bearer`, when it has the shape of one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Token> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Token::parse(token.trim()))
        .flatten()
}

/// A session's value in `Authorization: Bearer`. On a project's own domain, only one of that project.
#[derive(Debug)]
pub(crate) struct RequestToken(pub Token);

impl FromRequest for RequestToken {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let token = bearer(request.headers()).ok_or_else(|| {
                Problem::keyed(
                    Kind::Unauthorized,
                    "session_unknown",
                    "This connect session is not known. The app around this page can open a new one.",
                )
            })?;
            session_here(&request, &token).await?;
            Ok(Self(token))
        })
    }
}

/// A project's own domain knows the sessions of that project alone.
pub(crate) async fn session_here(request: &HttpRequest, session: &Token) -> Result<(), Problem> {
    let broker = request
        .app_data::<web::Data<Broker>>()
        .ok_or_else(|| Problem::general(Kind::Internal))?;
    let place = request.place(broker.public_origin()).project;
    Ok(broker.require_session_here(session, place).await?)
}

/// A token in a JSON body: 43 base64url characters.
#[derive(Clone, Debug)]
pub(crate) struct TokenText(pub Token);

impl<'de> Deserialize<'de> for TokenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Token::parse(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no token"))
    }
}

/// What a person typed: names to secrets, each name once.
#[derive(Debug, Default)]
pub(crate) struct Values(pub BTreeMap<String, SecretString>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Values;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if values.insert(name, SecretString::from(value)).is_some() {
                        return Err(serde::de::Error::custom("duplicate field"));
                    }
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_our_own_pages_call() {
        const OWN: &str = "https://latchkey.example.test";
        same_origin(&headers(&[("origin", OWN)]), OWN).unwrap();
        same_origin(&headers(&[("origin", OWN), ("sec-fetch-site", "same-origin")]), OWN).unwrap();
        for wrong in [
            headers(&[]),
            headers(&[("origin", "null")]),
            headers(&[("origin", "https://latchkey.example.test.evil.test")]),
            headers(&[("origin", OWN), ("origin", OWN)]),
            headers(&[("origin", OWN), ("sec-fetch-site", "cross-site")]),
            headers(&[("origin", OWN), ("sec-fetch-site", "same-site")]),
            headers(&[("origin", OWN), ("sec-fetch-site", "none")]),
        ] {
            assert_eq!(same_origin(&wrong, OWN).unwrap_err().key(), "foreign_origin");
        }
    }

    #[test]
    fn only_json_is_read() {
        json_type(&headers(&[("content-type", "application/json; charset=utf-8")])).unwrap();
        for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            let headers = headers(&[("content-type", wrong)]);
            assert_eq!(json_type(&headers).unwrap_err().kind(), Kind::Forbidden, "{wrong}");
        }
        assert!(json_type(&headers(&[])).is_err());
    }

    #[actix_web::test]
    async fn a_body_that_stops_or_drips_is_given_up() {
        let pace = Pace {
            idle: Duration::from_millis(100),
            total: Duration::from_millis(400),
            streamed_idle: Duration::ZERO,
        };
        let at_pace = |wait: Duration, chunks: usize| {
            let drip = futures_util::stream::unfold(0, move |sent| async move {
                tokio::time::sleep(wait).await;
                (sent < chunks).then(|| (Ok(bytes::Bytes::from_static(b" ")), sent + 1))
            });
            let drip: actix_web::dev::Payload = Payload::Stream {
                payload: Box::pin(drip),
            };
            drip
        };
        for (wait, chunks, good) in [(5, 3, true), (10_000, 3, false), (20, 1_000, false)] {
            let mut payload = at_pace(Duration::from_millis(wait), chunks);
            let read = read(&HeaderMap::new(), &mut payload, 5_000, pace).await;
            match read {
                Ok(body) => assert!(good && body.len() == chunks, "{wait}"),
                Err(problem) => assert!(!good && problem.kind() == Kind::RequestTimeout, "{wait} {problem}"),
            }
        }
    }

    #[test]
    fn bearers_have_the_shape_of_tokens() {
        let token = Token::generate().expose();
        let mut map = HeaderMap::new();
        map.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(&format!("bearer {token}")).unwrap(),
        );
        assert!(bearer(&map).is_some());
        assert!(bearer(&headers(&[("authorization", "Bearer short")])).is_none());
        assert!(bearer(&headers(&[("authorization", "Basic abc")])).is_none());
    }
}
