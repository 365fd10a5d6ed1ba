//! Checks against stubs: what proves a credential and what says nothing about it.

use serde_json::json;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

mod declared;
mod signed;

use super::*;
use crate::testing::{protocol, service};

fn key() -> Credential {
    Credential::Fields([("api_key".to_owned(), "key-canary-0123".into())].into())
}

async fn check_with(answer: ResponseTemplate, credential: &Credential) -> Result<Account, CheckError> {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/me"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    protocol(&server)
        .check(&service("basic"), ("api_key", credential), &inputs)
        .await
}

#[tokio::test]
async fn a_good_answer_names_the_account() {
    let server = MockServer::start().await;
    Mock::given(path("/api/me"))
        .and(header("x-api-key", "key-canary-0123"))
        .and(header("service-version", "2026-01-01"))
        .and(query_param("style", "plain"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "ok": true, "id": 42, "email": "a@b.test" })))
        .mount(&server)
        .await;
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    let account = protocol(&server)
        .check(&service("basic"), ("api_key", &key()), &inputs)
        .await
        .unwrap();
    assert_eq!(
        account,
        Account {
            id: Some("42".to_owned()),
            name: Some("a@b.test".to_owned())
        }
    );

    let nameless = check_with(ResponseTemplate::new(200).set_body_json(json!({ "ok": true })), &key()).await;
    assert_eq!(nameless.unwrap(), Account::default());
}

#[tokio::test]
async fn every_answer_has_its_meaning() {
    let json = |status, body| ResponseTemplate::new(status).set_body_json(body);
    for (answer, expected) in [
        (json(401, json!({ "error": "invalid_token" })), "refused"),
        (json(403, json!({})), "refused"),
        (
            json(400, json!({ "error": { "message": "API key not valid" } })),
            "refused",
        ),
        (json(200, json!({ "ok": false, "error": "invalid_auth" })), "refused"),
        (json(200, json!({ "id": 1 })), "refused"),
        (
            ResponseTemplate::new(429).insert_header("retry-after", "7"),
            "unavailable",
        ),
        (
            ResponseTemplate::new(403).insert_header("retry-after", "7"),
            "unavailable",
        ),
        (json(500, json!({})), "unavailable"),
        (ResponseTemplate::new(503), "unavailable"),
        (ResponseTemplate::new(404), "unexpected"),
        (
            ResponseTemplate::new(302).insert_header("location", "https://example.com/"),
            "unexpected",
        ),
        (ResponseTemplate::new(200).set_body_string("<html>"), "unexpected"),
    ] {
        let result = check_with(answer, &key()).await;
        let got = match &result {
            Ok(_) => "good",
            Err(CheckError::Refused { .. }) => "refused",
            Err(CheckError::Unavailable { .. }) => "unavailable",
            Err(CheckError::Unexpected { .. }) => "unexpected",
            Err(_) => "other",
        };
        assert_eq!(got, expected, "{result:?}");
    }
}

#[tokio::test]
async fn words_of_the_service_carry_no_secret() {
    let body = json!({ "message": "key key-canary-0123 is <i>wrong</i>" });
    let error = check_with(ResponseTemplate::new(401).set_body_json(body), &key())
        .await
        .unwrap_err();
    let CheckError::Refused { provider_message, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(provider_message.as_deref(), Some("key [hidden] is i wrong /i"));
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[tokio::test]
async fn a_value_that_no_header_can_carry_is_not_sent() {
    let credential = Credential::Fields([("api_key".to_owned(), "a\r\nX-Evil: 1".into())].into());
    let error = check_with(ResponseTemplate::new(200), &credential).await.unwrap_err();
    assert!(matches!(error, CheckError::Configuration(_)), "{error:?}");
}
