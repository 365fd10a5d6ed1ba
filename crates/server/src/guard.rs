//! What a browser's call must look like before anything is read from it: ours by origin, JSON by type, small, and
//! without a field that nobody asked for.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use vault::Token;

use crate::Site;
use crate::limits::JSON_BYTES;
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
            same_origin(request.headers(), &site.public_origin)?;
            json_type(request.headers())?;
            let body = read(request.headers(), &mut payload, JSON_BYTES).await?;
            Ok(Self(parse(&body)?))
        })
    }
}

/// The body of an API call. An empty one is `{}`, with or without a type: published clients send both.
#[derive(Debug)]
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let body = read(request.headers(), &mut payload, JSON_BYTES).await?;
            let empty = body.iter().all(u8::is_ascii_whitespace) || body == b"null";
            Ok(Self(parse(if empty { b"{}" } else { &body })?))
        })
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

/// Reads a body of at most `most` bytes.
pub(crate) async fn read(headers: &HeaderMap, payload: &mut Payload, most: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::general(Kind::PayloadTooLarge);
    let told = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(told.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("The body broke off. Send the request again."))?;
        if body.len() + chunk.len() > most {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads JSON. The message names the place, never a value: a value may be a secret.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let message = match error.classify() {
            serde_json::error::Category::Data => {
                format!(
                    "The body does not fit at {place}: {}.",
                    field_of(&error).unwrap_or("a value of the wrong type")
                )
            }
            _ => format!("The body is no JSON (at {place})."),
        };
        Problem::bad_request(message)
    })
}

/// What serde says of fields names only what the schema or the caller called a field; other messages quote values.
fn field_of(error: &serde_json::Error) -> Option<&'static str> {
    let text = error.to_string();
    [
        ("unknown field", "a field that this call does not have"),
        ("missing field", "a field is missing"),
        ("duplicate field", "a field is there twice"),
    ]
    .into_iter()
    .find(|(start, _)| text.starts_with(start))
    .map(|(_, words)| words)
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

/// A session's value in `Authorization: Bearer`.
#[derive(Debug)]
pub(crate) struct RequestToken(pub Token);

impl FromRequest for RequestToken {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(bearer(request.headers()).map(Self).ok_or_else(|| {
            Problem::keyed(
                Kind::Unauthorized,
                "session_unknown",
                "This connect session is not known. The app around this page can open a new one.",
            )
        }))
    }
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

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its presence matters")]
        integration: String,
        #[serde(default)]
        values: Values,
    }

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

    #[test]
    fn unknown_doubled_and_deep_are_refused_without_an_echo() {
        let good: Sample = parse(br#"{"integration":"stripe","values":{"api_key":"k"}}"#).unwrap();
        assert_eq!(good.values.0.len(), 1);
        let deep = format!("{{\"integration\":{}", "[".repeat(100_000));
        for wrong in [
            r#"{"integration":"stripe","project":"canary"}"#,
            r#"{"integration":"stripe","integration":"canary"}"#,
            r#"{"integration":"stripe","values":{"a":"canary","a":"2"}}"#,
            r#"{"integration":{"canary":1}}"#,
            r#"{"integration":"canary"#,
            "[]",
            "",
            &deep,
        ] {
            let problem = parse::<Sample>(wrong.as_bytes()).unwrap_err();
            assert_eq!(problem.kind(), Kind::BadRequest, "{wrong:.40}");
            assert!(!problem.to_string().contains("canary"), "{problem}");
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
