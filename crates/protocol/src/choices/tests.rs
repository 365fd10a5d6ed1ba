//! Lists of a stub, and what becomes of their entries.

use serde_json::json;
use vault::OAuth2Tokens;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::testing::{definition, protocol};

const SITES: &str = r#"
id: service
name: Service
description: A service whose connections are for one site each.
docs: https://docs.example.com
sources: [https://docs.example.com]
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${instance.public_url}/authorize" }
    token: { url: "${instance.sandbox_url}/token" }
    headers: { Authorization: "Bearer ${credential.access_token}", X-Site: "${variables.site}" }
    choose:
      get: "${instance.sandbox_url}/sites"
      LIST
      id: "${item.id}"
      name: "${item.name}"
      description: "${item.url}"
      learn:
        site: { from: "${item.id}", pattern: "[a-z0-9-]{1,36}" }
api:
  base_url: "${instance.sandbox_url}/api"
"#;

fn credential() -> Credential {
    Credential::OAuth2(OAuth2Tokens {
        access_token: "access-canary".into(),
        refresh_token: None,
        token_type: "Bearer".to_owned(),
        client: None,
        dpop_key: None,
    })
}

async fn asked(list: &str, answer: ResponseTemplate) -> Result<Choices, CheckError> {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/sites"))
        .and(header("authorization", "Bearer access-canary"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let integration = definition(&SITES.replace("LIST", list));
    let way = &integration.auth[0];
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    let choices = protocol(&server)
        .choices(&integration, way, way.choose.as_ref().unwrap(), &credential(), &inputs)
        .await;
    // What needs the choice cannot be sent with the question for it.
    for request in server.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("x-site"));
    }
    choices
}

fn json(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn entries_come_in_order_and_each_once() {
    let list = json!([
        { "id": "a-1", "name": "Acme", "url": "https://acme.example.com" },
        { "id": "a-1", "name": "Acme again" },
        { "id": "b-2" },
        { "name": "without an id" },
        { "id": "NOT/ALLOWED", "name": "Evil" },
        "a text",
    ]);
    let choices = asked("", json(&list)).await.unwrap();
    let values = |site: &str| [("site".to_owned(), site.to_owned())].into();
    assert_eq!(
        choices.entries,
        [
            Choice {
                id: "a-1".to_owned(),
                name: "Acme".to_owned(),
                description: Some("https://acme.example.com".to_owned()),
                values: values("a-1"),
            },
            Choice {
                id: "b-2".to_owned(),
                name: "b-2".to_owned(),
                description: None,
                values: values("b-2"),
            },
        ]
    );
    assert_eq!(choices.unusable, 3);
}

#[tokio::test]
async fn a_list_stands_where_the_definition_says() {
    let list = r"list: /data/sites";
    let found = asked(list, json(&json!({ "data": { "sites": [{ "id": "a" }] } }))).await;
    assert_eq!(found.unwrap().entries.len(), 1);
    for nothing in [json!({ "data": {} }), json!({ "data": { "sites": null } }), json!({})] {
        assert_eq!(asked(list, json(&nothing)).await.unwrap(), Choices::default());
    }
    for wrong in [json!({ "data": { "sites": "a" } }), json!({ "data": { "sites": {} } })] {
        let error = asked(list, json(&wrong)).await.unwrap_err();
        assert!(matches!(error, CheckError::Unexpected { .. }), "{error:?}");
    }
    let page = ResponseTemplate::new(200).set_body_string("<html>");
    assert!(matches!(asked("", page).await, Err(CheckError::Unexpected { .. })));
}

#[tokio::test]
async fn entries_may_be_texts() {
    let server = MockServer::start().await;
    Mock::given(path("/sites"))
        .respond_with(json(&json!(["one", 2])))
        .mount(&server)
        .await;
    let text = SITES
        .replace("LIST", "")
        .replace("${item.id}", "${item.value}")
        .replace("      description: \"${item.url}\"\n", "");
    let integration = definition(&text);
    let way = &integration.auth[0];
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    let choices = protocol(&server)
        .choices(&integration, way, way.choose.as_ref().unwrap(), &credential(), &inputs)
        .await
        .unwrap();
    let names: Vec<&str> = choices.entries.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["one", "2"]);
}

#[tokio::test]
async fn a_long_list_is_read_up_to_its_limit() {
    let long: Vec<Value> = (0..1100).map(|number| json!({ "id": format!("s-{number}") })).collect();
    let choices = asked("", json(&json!(long))).await.unwrap();
    assert_eq!(choices.entries.len(), CHOICES_LIMIT);
}

#[tokio::test]
async fn a_refusal_carries_no_secret() {
    let body = json!({ "message": "the token access-canary has no sites" });
    let error = asked("", ResponseTemplate::new(403).set_body_json(body))
        .await
        .unwrap_err();
    assert!(matches!(error, CheckError::Refused { status: 403, .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"));
}
