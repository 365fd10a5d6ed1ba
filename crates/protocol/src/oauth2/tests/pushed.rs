//! Requests that are sent ahead (RFC 9126).

use super::sent::wire;
use super::*;
use crate::testing::signing_in;

const LINES: &str = r#"authorize: { url: "${instance.public_url}/authorize", pushed: { url: "${instance.sandbox_url}/ahead" }, params: { prompt: consent } }
token: { url: "${instance.sandbox_url}/token", client_auth: AUTH, headers: { X-Team: blue } }
scopes: { default: [read, write] }"#;

async fn ahead(answer: ResponseTemplate, auth: &str) -> (Result<Url, TokenError>, Vec<super::sent::Wire>) {
    let server = stub("/ahead", vec![answer]).await;
    let setting = Setting::new(&server, signing_in(&LINES.replace("AUTH", auth)));
    let url = protocol(&server)
        .authorize(&setting.client(), "state-canary-1", Some(&verifier()), &[])
        .await;
    let sent = wire(&server).await;
    (url, sent)
}

fn created(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(201).set_body_json(body)
}

#[tokio::test]
async fn the_parameters_go_ahead_and_the_browser_carries_a_reference() {
    for auth in ["basic", "body", "none"] {
        let answer = created(&json!({ "request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 5 }));
        let (url, sent) = ahead(answer, auth).await;
        assert_eq!(
            url.unwrap().as_str(),
            "http://localhost:8080/authorize?client_id=my+client&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A1"
        );
        let form = sent[0].form();
        for (name, value) in [
            ("client_id", "my client"),
            ("response_type", "code"),
            ("state", "state-canary-1"),
            ("redirect_uri", REDIRECT),
            ("code_challenge_method", "S256"),
            ("scope", "read write"),
            ("prompt", "consent"),
        ] {
            assert_eq!(form[name], value, "{auth} {name}");
        }
        // Each parameter once, and the client proves itself as at the token endpoint.
        assert_eq!(sent[0].pairs(), form.len());
        assert_eq!(sent[0].header("authorization").is_some(), auth == "basic");
        assert_eq!(form.contains_key("client_secret"), auth == "body");
        assert_eq!(sent[0].header("x-team"), Some("blue"));
        assert!(!form.contains_key("grant_type"));
    }
}

#[tokio::test]
async fn what_the_endpoint_refuses_has_its_class_and_no_secret() {
    let refused = |status, body: &Value| ResponseTemplate::new(status).set_body_json(body);
    let (error, _) = ahead(
        refused(
            400,
            &json!({ "error": "invalid_scope", "error_description": "no write for state-canary-1" }),
        ),
        "basic",
    )
    .await;
    let error = error.unwrap_err();
    assert!(matches!(error, TokenError::Refused { status: 400, .. }), "{error}");
    assert_eq!(error.provider_code(), Some("invalid_scope"));
    assert_eq!(error.provider_message(), Some("no write for [hidden]"));
    let (error, _) = ahead(refused(401, &json!({ "error": "invalid_client" })), "basic").await;
    assert!(matches!(error.unwrap_err(), TokenError::AppBroken { .. }));
    let (error, _) = ahead(ResponseTemplate::new(503), "basic").await;
    assert!(matches!(error.unwrap_err(), TokenError::Transient { .. }));
}

#[tokio::test]
async fn an_answer_without_a_reference_that_lives_is_refused() {
    for (body, why) in [
        (json!({}), "no request_uri"),
        (json!({ "request_uri": "" }), "no request_uri"),
        (json!({ "request_uri": "a b" }), "no request_uri"),
        (json!({ "request_uri": 7 }), "no request_uri"),
        (json!({ "request_uri": "urn:x", "expires_in": 0 }), "ended already"),
        (json!({ "request_uri": "urn:x", "expires_in": -5 }), "ended already"),
        (json!({ "request_uri": "urn:x", "expires_in": "soon" }), "ended already"),
    ] {
        let error = ahead(created(&body), "basic").await.0.unwrap_err().to_string();
        assert!(error.contains(why), "{body} {error}");
    }
    let error = ahead(ResponseTemplate::new(201).set_body_string("<html>"), "basic").await;
    assert!(error.0.unwrap_err().to_string().contains("not JSON"));
}

#[tokio::test]
async fn an_issuer_that_takes_no_others_gets_them_so() {
    for (pushed, requires, endpoint, expected) in [
        ("", true, true, "request_uri"),
        ("", false, true, "scope"),
        ("authorize: { pushed: {} }\n", false, true, "request_uri"),
        ("authorize: { pushed: {} }\n", false, false, "an error"),
    ] {
        let server = MockServer::start().await;
        let issuer = server.uri();
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "require_pushed_authorization_requests": requires,
        });
        if endpoint {
            metadata["pushed_authorization_request_endpoint"] = json!(format!("{issuer}/ahead"));
        }
        Mock::given(path("/.well-known/openid-configuration"))
            .respond_with(ok(metadata))
            .mount(&server)
            .await;
        Mock::given(path("/ahead"))
            .respond_with(created(&json!({ "request_uri": "urn:x", "expires_in": 60 })))
            .mount(&server)
            .await;
        let lines =
            format!("discover: {{ issuer: \"${{instance.sandbox_url}}\" }}\n{pushed}scopes: {{ default: [read] }}");
        let setting = Setting::new(&server, signing_in(&lines));
        let url = protocol(&server)
            .authorize(&setting.client(), "s", Some(&verifier()), &[])
            .await;
        match url {
            Ok(url) => assert!(url.query_pairs().any(|(name, _)| name == expected), "{pushed} {url}"),
            Err(error) => {
                assert_eq!(expected, "an error", "{error}");
                assert!(
                    error.to_string().contains("pushed_authorization_request_endpoint"),
                    "{error}"
                );
            }
        }
    }
}
