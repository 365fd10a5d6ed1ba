//! What a call is signed with is not seen in what a service says to it.

use serde_json::json;
use vault::OAuth1Token;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::super::*;
use crate::testing::{definition, protocol};

const HEAD: &str = r"
id: service
name: Service
description: A service for tests.
docs: https://docs.example.com
sources: [https://docs.example.com]
auth:
";
const TAIL: &str = r#"
api:
  base_url: "${instance.sandbox_url}/api"
check:
  get: /me
  account: { id: "${body.id}" }
"#;
const SIGNED_CALLS: &str = r#"
  - kind: oauth1
    title: Sign in
    request_token: { url: "${instance.sandbox_url}/initiate" }
    authorize: { url: "${instance.public_url}/allow" }
    access_token: { url: "${instance.sandbox_url}/buy" }
    signature: HMAC-SHA1
"#;
const SIGNED_TOKEN: &str = r#"
  - kind: jwt
    title: Key
    fields: [{ name: key, title: Key }]
    sign: { algorithm: HS256, key: "${credential.key}", claims: { aud: me }, lifetime: 5m }
    headers: { Authorization: "Ghost ${signed.jwt}" }
"#;

/// The service's words, as they are told on, where it refuses the check with these.
async fn told(
    way: &str,
    credential: &Credential,
    words: impl Fn(&Request) -> String + Send + Sync + 'static,
) -> String {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(move |request: &Request| {
            ResponseTemplate::new(401).set_body_json(json!({ "message": words(request) }))
        })
        .mount(&server)
        .await;
    let origin = server.uri();
    let inputs = Inputs::new()
        .text("instance", "sandbox_url", &origin)
        .text("instance", "public_url", &origin)
        .text("app", "client_id", "consumer-1")
        .text("app", "client_secret", "cs/canary+77");
    let integration = definition(&format!("{HEAD}{way}{TAIL}"));
    let id = integration.auth[0].id.clone();
    let refused = protocol(&server).check(&integration, (&id, credential), &inputs).await;
    let error = refused.unwrap_err();
    let CheckError::Refused { provider_message, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
    provider_message.clone().unwrap()
}

#[tokio::test]
async fn the_secret_of_the_operators_client_is_hidden_however_it_is_spelt() {
    let credential = Credential::OAuth1(OAuth1Token {
        token: "token-canary".into(),
        secret: "ts canary 42".into(),
    });
    for (said, expected) in [
        ("not cs/canary+77 but another", "not [hidden] but another"),
        // The base of a signature, and the parameter of PLAINTEXT in a header.
        ("cs%2Fcanary%2B77&ts%20canary%2042", "[hidden]&[hidden]"),
        (
            "oauth_signature=cs%252Fcanary%252B77%26ts%2520canary%252042",
            "oauth_signature=[hidden]%26[hidden]",
        ),
        (
            "token-canary of consumer-1 is unknown",
            "[hidden] of consumer-1 is unknown",
        ),
    ] {
        assert_eq!(
            told(SIGNED_CALLS, &credential, move |_| said.to_owned()).await,
            expected
        );
    }
}

#[tokio::test]
async fn a_token_that_was_signed_for_the_call_is_hidden() {
    let credential = Credential::Fields([("key".to_owned(), "key-canary-0123456789".into())].into());
    let echo = |request: &Request| {
        let sent = request.headers["authorization"].to_str().unwrap();
        assert!(sent.starts_with("Ghost eyJ"), "{sent}");
        format!("got {sent}, which has ended")
    };
    assert_eq!(
        told(SIGNED_TOKEN, &credential, echo).await,
        "got Ghost [hidden], which has ended"
    );
}
