//! What a definition declares about its check: each kind of expectation, body, header and address.

use std::sync::Arc;

use serde_json::json;
use wiremock::matchers::{any, body_json, body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::super::*;
use crate::testing::{definition, protocol};

const SERVICE: &str = r#"
id: service
name: Service
description: A service for tests.
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  team: { title: Team, pattern: "[A-Za-z /]+", optional: true }
auth:
  - kind: api_key
    title: Key
    fields:
      - { name: api_key, title: Key }
      - { name: second, title: Second key, optional: true }
      - { name: account, title: Account, secret: false }
    headers: { X-Key: "${credential.api_key}", X-Second: "${credential.second}", X-Team: "${variables.team}" }
    check:
      CHECK
  - kind: basic
    title: User
    check: { get: "/users/${variables.username}", account: { id: "${body.id}" } }
  - kind: none
    title: Nothing
api:
  base_url: "${instance.sandbox_url}/api"
check:
  get: /anybody
  account: { id: "${body.id}" }
"#;

fn with_check(check: &str) -> Arc<Integration> {
    definition(&SERVICE.replace("CHECK", check))
}

fn fields(pairs: &[(&str, &str)]) -> Credential {
    let all = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    Credential::Fields(all.collect())
}

/// The check of `auth[0]`, the service's answer, and the call that it saw.
async fn made(
    check: &str,
    variables: &[(&str, &str)],
    answer: ResponseTemplate,
) -> (Result<Account, CheckError>, Request) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let origin = server.uri();
    let mut inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    for (name, value) in variables {
        inputs.insert_text("variables", name, value);
    }
    let key = fields(&[("api_key", "key-canary")]);
    let result = protocol(&server)
        .check(&with_check(check), ("api_key", &key), &inputs)
        .await;
    let seen = server.received_requests().await.unwrap().remove(0);
    (result, seen)
}

fn json_answer(body: serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

const ACCOUNT: &[(&str, &str)] = &[("account", "a/b")];

#[tokio::test]
async fn every_condition_must_hold() {
    let check = "{ get: /me, ok: /ok, expect: { /type: known, /level: 2, /error: { present: false }, /user/id: { present: true } } }";
    let good = json!({ "ok": true, "type": "known", "level": 2, "error": null, "user": { "id": 1 } });
    let (result, _) = made(check, ACCOUNT, json_answer(good.clone())).await;
    assert_eq!(result.unwrap(), Account::default());
    for (pointer, value) in [
        ("ok", json!(false)),
        ("ok", json!("true")),
        ("type", json!("anonymous")),
        ("type", json!(null)),
        ("level", json!("2")),
        ("error", json!("none")),
        ("user", json!({ "id": null })),
        ("user", json!({})),
    ] {
        let mut bad = good.clone();
        bad[pointer] = value;
        let (result, _) = made(check, ACCOUNT, json_answer(bad.clone())).await;
        assert!(
            matches!(result, Err(CheckError::Refused { status: 200, .. })),
            "{bad}: {result:?}"
        );
    }
    let (result, _) = made(check, ACCOUNT, ResponseTemplate::new(200).set_body_string("<html>")).await;
    assert!(matches!(result, Err(CheckError::Unexpected { .. })), "{result:?}");
}

#[tokio::test]
async fn an_account_that_must_be_named_is() {
    let required = r#"{ get: /me, account: { id: "${body.id}", required: true } }"#;
    let (result, _) = made(required, ACCOUNT, json_answer(json!({ "id": 7 }))).await;
    assert_eq!(result.unwrap().id.as_deref(), Some("7"));
    for nobody in [
        json!({ "type": "anonymous" }),
        json!({ "id": null }),
        json!({ "id": " " }),
    ] {
        let (result, _) = made(required, ACCOUNT, json_answer(nobody.clone())).await;
        assert!(
            matches!(result, Err(CheckError::Refused { .. })),
            "{nobody}: {result:?}"
        );
        let (result, _) = made(&required.replace(", required: true", ""), ACCOUNT, json_answer(nobody)).await;
        assert_eq!(result.unwrap(), Account::default());
    }
}

#[tokio::test]
async fn a_path_takes_values_and_encodes_them() {
    let (result, seen) = made(
        r#"{ get: "/accounts/${variables.account}?of=${variables.account}" }"#,
        ACCOUNT,
        json_answer(json!({})),
    )
    .await;
    result.unwrap();
    assert_eq!(
        (seen.url.path(), seen.url.query()),
        ("/api/accounts/a%2Fb", Some("of=a%2Fb"))
    );
    let evil = made(
        r#"{ get: "/accounts/${variables.account}" }"#,
        &[("account", "x")],
        json_answer(json!({})),
    );
    assert_eq!(evil.await.1.url.path(), "/api/accounts/x");
}

#[tokio::test]
async fn headers_of_the_check_win_and_absent_optional_inputs_are_left_out() {
    let check = r#"{ get: /me, headers: { X-Key: "OAuth ${credential.api_key}", X-Extra: "1" } }"#;
    let (result, seen) = made(check, ACCOUNT, json_answer(json!({}))).await;
    result.unwrap();
    assert_eq!(seen.headers["x-key"], "OAuth key-canary");
    assert_eq!(seen.headers["x-extra"], "1");
    assert!(!seen.headers.contains_key("x-second") && !seen.headers.contains_key("x-team"));
    let (_, seen) = made(check, &[("account", "a"), ("team", "Blue")], json_answer(json!({}))).await;
    assert_eq!(seen.headers["x-team"], "Blue");
}

#[tokio::test]
async fn bodies_are_json_or_a_form_or_nothing() {
    let sent = async |check: &str| {
        let (result, seen) = made(check, ACCOUNT, json_answer(json!({}))).await;
        result.unwrap();
        let kind = seen
            .headers
            .get("content-type")
            .map(|kind| kind.to_str().unwrap().to_owned());
        (seen.method.to_string(), kind, String::from_utf8(seen.body).unwrap())
    };
    let json = Some("application/json".to_owned());
    assert_eq!(sent("{ post: /me }").await, ("POST".to_owned(), None, String::new()));
    assert_eq!(
        sent("{ post: /me, body: null }").await,
        ("POST".to_owned(), json.clone(), "null".to_owned())
    );
    let templated = r#"{ post: /me, body: { key: "${credential.api_key}", second: "${credential.second}", deep: [{ n: 1, of: 'say "${variables.account}"' }] } }"#;
    let (_, kind, body) = sent(templated).await;
    assert_eq!(kind, json);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        json!({ "key": "key-canary", "deep": [{ "n": 1, "of": "say \"a/b\"" }] })
    );
    assert_eq!(
        sent(r#"{ post: /me, form: { key: "${credential.api_key}", second: "${credential.second}", who: "${variables.account}" } }"#).await,
        (
            "POST".to_owned(),
            Some("application/x-www-form-urlencoded".to_owned()),
            "key=key-canary&who=a%2Fb".to_owned()
        )
    );
}

#[tokio::test]
async fn each_way_to_sign_in_has_its_own_check_or_that_of_the_definition() {
    let server = MockServer::start().await;
    let account = |id: &str| ResponseTemplate::new(200).set_body_json(json!({ "id": id }));
    Mock::given(method("GET"))
        .and(path("/api/users/Ann%20Lee"))
        // RFC 7617 §2.
        .and(header("authorization", "Basic QW5uIExlZTpwOnc="))
        .respond_with(account("basic"))
        .mount(&server)
        .await;
    Mock::given(path("/api/anybody"))
        .respond_with(account("none"))
        .mount(&server)
        .await;
    Mock::given(path("/api/me"))
        .and(query_param("a", "1"))
        .and(body_json(json!(null)))
        .respond_with(account("key"))
        .mount(&server)
        .await;
    Mock::given(body_string("never"))
        .respond_with(account("never"))
        .mount(&server)
        .await;
    let service = with_check(r#"{ post: "/me?a=1", body: null, account: { id: "${body.id}" } }"#);
    let origin = server.uri();
    let inputs = Inputs::new()
        .text("instance", "sandbox_url", &origin)
        .text("variables", "username", "Ann Lee")
        .text("variables", "account", "a");
    let id_of = async |auth_method: &str, credential: &Credential| {
        let checked = protocol(&server)
            .check(&service, (auth_method, credential), &inputs)
            .await;
        checked.unwrap().id.unwrap()
    };
    assert_eq!(id_of("api_key", &fields(&[("api_key", "k")])).await, "key");
    assert_eq!(id_of("basic", &fields(&[("password", "p:w")])).await, "basic");
    assert_eq!(id_of("none", &fields(&[])).await, "none");
    // A definition that does not have the way any more: what asks for the same.
    assert_eq!(id_of("gone", &fields(&[("password", "p:w")])).await, "basic");
    let seen = server.received_requests().await.unwrap();
    let agent = concat!("Latchkey/", env!("CARGO_PKG_VERSION"));
    assert!(seen.iter().all(|call| call.headers["user-agent"] == agent));
}

#[tokio::test]
async fn a_path_that_the_person_names_stays_at_the_host() {
    let yaml = r#"
id: generic
name: Generic
description: A service for tests.
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  address: { title: Address, type: url }
  check_path: { title: Path, type: path }
auth:
  - kind: api_key
    title: In a header
    fields:
      - { name: key, title: Key }
      - { name: header, title: Header, secret: false, default: X-API-Key }
    headers: { "${variables.header}": "${credential.key}" }
  - kind: api_key
    id: in_query
    title: In the query
    fields:
      - { name: key, title: Key }
      - { name: parameter, title: Parameter, secret: false, default: api_key }
    query: { "${variables.parameter}": "${credential.key}" }
api: { base_url: "${variables.address}" }
check: { get: "${variables.check_path}" }
"#;
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(json_answer(json!({})))
        .mount(&server)
        .await;
    let address = format!("{}/v1", server.uri());
    let service = definition(yaml);
    let make = async |way: &str, path: &str, name: &str| {
        let inputs = Inputs::new()
            .text("variables", "address", &address)
            .text("variables", "check_path", path)
            .text("variables", "header", name)
            .text("variables", "parameter", name);
        let key = fields(&[("key", "key&canary")]);
        protocol(&server).check(&service, (way, &key), &inputs).await
    };
    make("api_key", "/me?a=1", "X-Acme-Key").await.unwrap();
    make("in_query", "/me?a=1&to ken=x".replace(' ', "%20").as_str(), "to ken")
        .await
        .unwrap();
    let seen = server.received_requests().await.unwrap();
    assert_eq!(seen[0].headers["x-acme-key"], "key&canary");
    assert_eq!(seen[0].url.path(), "/v1/me");
    assert_eq!(seen[1].url.query(), Some("a=1&to+ken=key%26canary"));
    for path in [
        "//evil.test/me",
        "https://evil.test/me",
        "/../me",
        "/%2e%2e/me",
        "@evil.test",
        "/a\\b",
        "/a#b",
        "",
    ] {
        let error = make("api_key", path, "X-Acme-Key").await.unwrap_err();
        assert!(matches!(error, CheckError::Configuration(_)), "{path}: {error:?}");
    }
    for name in [
        "Host",
        "Content_Length",
        "transfer-encoding",
        "Proxy-Authorization",
        "a b",
        "a:b",
        "a\r\nb",
        "",
    ] {
        let error = make("api_key", "/me", name).await.unwrap_err();
        assert!(matches!(error, CheckError::Configuration(_)), "{name}: {error:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}
