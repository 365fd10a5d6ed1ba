//! Calls as the service sees them.

mod typed;

use futures_util::StreamExt as _;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::body_of;
use crate::testing::{protocol, service};

fn oauth() -> Credential {
    Credential::OAuth2(vault::OAuth2Tokens {
        access_token: "at-canary".into(),
        refresh_token: None,
        token_type: "Bearer".to_owned(),
        client: None,
        dpop_key: None,
    })
}

fn pair() -> Credential {
    Credential::Fields([("user".to_owned(), "u&1".into()), ("password".to_owned(), "p".into())].into())
}

fn caller(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

async fn parts(
    credential: &Credential,
    method: Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<request::Parts, PassthroughError> {
    let server = MockServer::start().await;
    let inputs = Inputs::new().text("instance", "sandbox_url", "http://127.0.0.1:9");
    protocol(&server).passthrough_request(&service("basic"), ("gone", credential), &inputs, method, path, headers)
}

#[tokio::test]
async fn the_definitions_part_is_put_in() {
    let built = parts(
        &oauth(),
        Method::GET,
        "/a?b=1&b=2",
        &caller(&[("authorization", "Bearer mine")]),
    )
    .await
    .unwrap();
    assert_eq!(built.uri, "http://127.0.0.1:9/api/a?b=1&b=2&style=plain");
    assert_eq!(built.headers["authorization"], "Bearer at-canary");
    assert_eq!(built.headers["service-version"], "2026-01-01");
    assert!(built.headers["authorization"].is_sensitive());

    let built = parts(&pair(), Method::GET, "/a?user=other", &HeaderMap::new())
        .await
        .unwrap();
    assert_eq!(
        built.headers["authorization"], "Basic dSYxOnA=",
        "the sign-in with these fields"
    );
    let mut query: Vec<&str> = built.uri.query().unwrap().split('&').collect();
    query.sort_unstable();
    assert_eq!(query, ["style=plain", "user=u%261"]);
}

#[tokio::test]
async fn defaults_without_a_secret_give_way_to_the_caller() {
    let headers = caller(&[("service-version", "2027-01-01")]);
    let built = parts(&oauth(), Method::GET, "/a?style=fancy", &headers).await.unwrap();
    assert_eq!(built.headers["service-version"], "2027-01-01");
    assert_eq!(built.uri.query(), Some("style=fancy"));
}

#[tokio::test]
async fn methods_and_paths_outside_the_rules_are_refused() {
    for method in [Method::CONNECT, Method::TRACE, Method::from_bytes(b"PROPFIND").unwrap()] {
        let result = parts(&oauth(), method, "/a", &HeaderMap::new()).await;
        assert!(matches!(result, Err(PassthroughError::Method(_))));
    }
    for path in ["/../x", "/\\x", "https://evil.test/", "//evil.test/"] {
        if let Ok(built) = parts(&oauth(), Method::GET, path, &HeaderMap::new()).await {
            assert_eq!(built.uri.authority().unwrap(), "127.0.0.1:9", "{path}");
            assert!(built.uri.path().starts_with("/api/"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_call_passes_through() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(207)
        .insert_header("set-cookie", "a=b")
        .insert_header("etag", "\"1\"")
        .set_body_string("answer");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let protocol = protocol(&server);
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    let headers = caller(&[
        ("host", "evil.test"),
        ("connection", "authorization, x-hop"),
        ("x-hop", "1"),
        ("cookie", "a=b"),
        ("x-pica-secret", "sk"),
        ("content-type", "application/json"),
        ("content-length", "2"),
    ]);
    let integration = service("basic");
    let parts = protocol
        .passthrough_request(
            &integration,
            ("oauth2", &oauth()),
            &inputs,
            Method::POST,
            "/a//b%2Fc",
            &headers,
        )
        .unwrap();
    let answer = protocol.passthrough(parts, body_of("{}")).await.unwrap();
    assert_eq!(answer.status(), 207);
    assert!(answer.headers().contains_key("etag") && !answer.headers().contains_key("set-cookie"));
    let pieces: Vec<_> = answer.into_body().map(Result::unwrap).collect().await;
    assert_eq!(pieces.concat(), b"answer");

    let seen = &server.received_requests().await.unwrap()[0];
    assert_eq!(
        (seen.url.path(), seen.url.query()),
        ("/api/a//b%2Fc", Some("style=plain"))
    );
    assert_eq!(seen.body, b"{}");
    assert_eq!(seen.headers["authorization"], "Bearer at-canary");
    assert_eq!(seen.headers["host"], origin.strip_prefix("http://").unwrap());
    assert_eq!(seen.headers["accept-encoding"], "identity");
    for name in ["x-hop", "cookie", "x-pica-secret"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_private_base_is_refused_unless_allowed() {
    let server = MockServer::start().await;
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    let closed = Protocol::new(crate::Egress::new(crate::EgressPolicy::default()).unwrap());
    let integration = service("basic");
    let parts = closed
        .passthrough_request(
            &integration,
            ("oauth2", &oauth()),
            &inputs,
            Method::GET,
            "/a",
            &HeaderMap::new(),
        )
        .unwrap();
    assert!(matches!(
        closed.passthrough(parts, body_of("")).await,
        Err(EgressError::Refused(_))
    ));
    assert!(server.received_requests().await.unwrap().is_empty());
}
