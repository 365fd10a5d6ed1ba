//! Asking for a code and for the person's decision, against stubs.

use std::sync::Arc;

use catalog::{Inputs, Integration};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use secrecy::ExposeSecret as _;

use crate::egress::{Egress, EgressPolicy};
use crate::testing::{definition, oauth2, protocol};

const LINES: &str = r#"
id: service
name: Service
description: A service for tests.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
auth:
  - kind: oauth2_device
    title: Sign in with a code
    device: { url: "${instance.sandbox_url}/device", client_auth: none, params: { audience: api } }
    token: { url: "${instance.sandbox_url}/token", client_auth: body }
    scopes: { default: [read, write], required: [offline], separator: "," }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${instance.sandbox_url}/api"
"#;

struct Setting {
    server: MockServer,
    origin: String,
    integration: Arc<Integration>,
    secret: SecretString,
}

impl Setting {
    async fn new(at: &str, answer: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        Mock::given(path(at)).respond_with(answer).mount(&server).await;
        Self {
            origin: server.uri(),
            server,
            integration: definition(LINES),
            secret: SecretString::from("client-secret-1"),
        }
    }

    fn client(&self) -> Client<'_> {
        Client {
            method: oauth2(&self.integration),
            client_id: "client-1",
            client_secret: Some(&self.secret),
            key: None,
            dpop: None,
            redirect_uri: "",
            scopes: None,
            registered: None,
            inputs: Inputs::new().text("instance", "sandbox_url", &self.origin),
        }
    }

    async fn sent(&self) -> Vec<(String, String)> {
        let requests: Vec<Request> = self.server.received_requests().await.unwrap();
        assert!(requests[0].headers.get("authorization").is_none());
        let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(&requests[0].body).into_owned().collect();
        pairs.sort();
        pairs
    }
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

async fn asked(answer: serde_json::Value) -> Result<DeviceAuthorization, TokenError> {
    let setting = Setting::new("/device", ResponseTemplate::new(200).set_body_json(answer)).await;
    protocol(&setting.server).authorize_device(&setting.client()).await
}

#[tokio::test]
async fn a_code_is_asked_for_as_declared() {
    let answer = json!({
        "device_code": "device-1", "user_code": "WDJB-MJHT", "verification_uri": "https://service.test/device",
        "verification_uri_complete": "https://service.test/device?user_code=WDJB-MJHT", "expires_in": 1800, "interval": 7,
    });
    let setting = Setting::new("/device", ResponseTemplate::new(200).set_body_json(answer)).await;
    let found = protocol(&setting.server)
        .authorize_device(&setting.client())
        .await
        .unwrap();
    assert_eq!(found.code.secret().expose_secret(), "device-1");
    assert_eq!(found.user_code, "WDJB-MJHT");
    assert_eq!(found.verification_uri.as_str(), "https://service.test/device");
    assert_eq!(
        found.verification_uri_complete.as_ref().unwrap().as_str(),
        "https://service.test/device?user_code=WDJB-MJHT"
    );
    assert_eq!((found.expires_in, found.interval), (1800, 7));
    assert!(!format!("{found:?}").contains("device-1"), "the code is a secret");
    assert_eq!(
        setting.sent().await,
        pairs(&[
            ("audience", "api"),
            ("client_id", "client-1"),
            ("scope", "read,write,offline")
        ])
    );
}

#[tokio::test]
async fn what_a_person_is_sent_to_is_safe_and_what_is_missing_has_its_default() {
    let good =
        |uri: &str| json!({ "device_code": "d", "user_code": "A B", "verification_url": uri, "expires_in": "600" });
    let found = asked(good("https://service.test/go")).await.unwrap();
    assert_eq!((found.interval, found.expires_in), (5, 600), "RFC 8628 §3.2");
    assert!(found.verification_uri_complete.is_none());
    for uri in [
        "http://service.test/",
        "javascript:alert(1)",
        "https://a@service.test/",
        "data:text/html,x",
        "/go",
        "",
    ] {
        assert!(
            matches!(asked(good(uri)).await, Err(TokenError::Answer { .. })),
            "{uri}"
        );
        let mut answer = good("https://service.test/go");
        answer["verification_uri_complete"] = json!(uri);
        assert!(
            asked(answer).await.unwrap().verification_uri_complete.is_none(),
            "{uri}"
        );
    }
    for (key, value) in [
        ("device_code", json!("")),
        ("user_code", json!(" ")),
        ("user_code", json!("a\nb")),
        ("user_code", json!("x".repeat(65))),
        ("expires_in", json!(0)),
        ("expires_in", json!(null)),
    ] {
        let mut answer = good("https://service.test/go");
        answer[key] = value.clone();
        assert!(
            matches!(asked(answer).await, Err(TokenError::Answer { .. })),
            "{key}: {value}"
        );
    }
    let refused = asked(json!({ "error": "invalid_client" })).await;
    assert!(matches!(refused, Err(TokenError::AppBroken { .. })), "{refused:?}");
}

async fn polled(answer: ResponseTemplate) -> (Polled, Setting) {
    let setting = Setting::new("/token", answer).await;
    let code = DeviceCode::new(SecretString::from("device-code-1"));
    let polled = protocol(&setting.server).poll_device(&setting.client(), &code).await;
    (polled, setting)
}

#[tokio::test]
async fn a_decision_is_asked_for_as_the_standard_says() {
    let answer = json!({ "access_token": "at", "refresh_token": "rt", "expires_in": 60 });
    let (polled, setting) = polled(ResponseTemplate::new(200).set_body_json(answer)).await;
    let Polled::Granted(granted) = polled else {
        panic!("{polled:?}")
    };
    assert_eq!(granted.tokens.access_token.expose_secret(), "at");
    assert_eq!(granted.expires_in, Some(60));
    assert_eq!(
        setting.sent().await,
        pairs(&[
            ("client_id", "client-1"),
            ("client_secret", "client-secret-1"),
            ("device_code", "device-code-1"),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ])
    );
}

#[tokio::test]
async fn each_answer_says_how_it_goes_on() {
    let said = |error: &str| json!({ "error": error, "error_description": "for device-code-1" });
    for (status, body, expected) in [
        (400, said("authorization_pending"), "Pending"),
        (200, said("authorization_pending"), "Pending"),
        (
            400,
            json!({ "status": 400, "message": "authorization_pending" }),
            "Pending",
        ),
        (400, said("slow_down"), "SlowDown"),
        (429, said("slow_down"), "SlowDown"),
        (429, json!({}), "Later"),
        (503, json!({}), "Later"),
        (400, said("access_denied"), "Denied"),
        (400, said("authorization_declined"), "Denied"),
        (400, said("expired_token"), "Expired"),
        (400, said("invalid_grant"), "Failed"),
        (401, said("invalid_client"), "Failed"),
        (400, said("something_else"), "Failed"),
        (200, json!({ "token": 1 }), "Failed"),
    ] {
        let (polled, _) = polled(ResponseTemplate::new(status).set_body_json(&body)).await;
        let told = format!("{polled:?}");
        assert!(told.starts_with(expected), "{status} {body}: {told}");
        assert!(!told.contains("device-code-1"), "{told}");
    }
    let (polled, _) = polled(ResponseTemplate::new(302).insert_header("location", "https://x.test/")).await;
    assert!(matches!(polled, Polled::Failed(_)), "{polled:?}");
}

#[tokio::test]
async fn a_service_that_is_away_is_asked_later() {
    let integration = definition(LINES);
    // A port that nobody listens to any more.
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let protocol = Protocol::new(
        Egress::new(EgressPolicy {
            allow: vec![gone.parse().unwrap()],
            ..EgressPolicy::default()
        })
        .unwrap(),
    );
    let secret = SecretString::from("client-secret-1");
    let client = Client {
        method: oauth2(&integration),
        client_id: "client-1",
        client_secret: Some(&secret),
        key: None,
        dpop: None,
        redirect_uri: "",
        scopes: None,
        registered: None,
        inputs: Inputs::new().text("instance", "sandbox_url", &gone),
    };
    let code = DeviceCode::new(SecretString::from("device-code-1"));
    let polled = protocol.poll_device(&client, &code).await;
    assert!(matches!(polled, Polled::Later(_)), "{polled:?}");
}
