//! Clients that prove themselves with a private key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::sent::wire;
use super::*;
use crate::testing::signing_in;
use crate::{Clock, SigningKey};

const NOW: i64 = 1_800_000_000;
const LINES: &str = r#"
authorize: { url: "${instance.public_url}/authorize" }
token: { url: "${instance.sandbox_url}/token", client_auth: private_key_jwt ASSERTION }
revoke: { url: "${instance.sandbox_url}/revoke" }
"#;

fn lines(assertion: &str) -> String {
    LINES.trim().replace("ASSERTION", assertion)
}

/// Header and claims, if the signature is that of the key.
fn read(assertion: &str, key: &SigningKey) -> (Value, Value) {
    let parts: Vec<&str> = assertion.split('.').collect();
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let jwk = key.public_jwk();
    let point = [
        vec![4],
        bytes(jwk["x"].as_str().unwrap()),
        bytes(jwk["y"].as_str().unwrap()),
    ]
    .concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &bytes(parts[2]))
        .unwrap();
    let json = |text: &str| serde_json::from_slice(&bytes(text)).unwrap();
    (json(parts[0]), json(parts[1]))
}

#[tokio::test]
async fn each_request_has_an_assertion_of_its_own_and_no_secret() {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ok(json!({ "access_token": "at", "refresh_token": "rt2" })))
        .mount(&server)
        .await;
    let issuer = server.uri();
    for (assertion, audience, lifetime) in [
        ("", format!("{issuer}/token"), 60),
        (
            ", assertion: { algorithm: ES256, lifetime: 5m }",
            format!("{issuer}/token"),
            300,
        ),
    ] {
        server.reset().await;
        Mock::given(wiremock::matchers::any())
            .respond_with(ok(json!({ "access_token": "at", "refresh_token": "rt2" })))
            .mount(&server)
            .await;
        let setting = Setting::new(&server, signing_in(&lines(assertion)));
        let key = SigningKey::generate().unwrap().0.named(Some("k 1".to_owned()));
        let client = Client {
            key: Some(&key),
            ..setting.client()
        };
        let protocol = protocol(&server).with_clock(Clock::new(|| NOW));
        let granted = protocol
            .exchange(&client, &"code".into(), Some(&verifier()), &Value::Null)
            .await
            .unwrap();
        protocol.refresh(&client, &"rt".into()).await.unwrap();
        protocol.revoke(&client, &granted.tokens).await.unwrap();
        let sent = wire(&server).await;
        let mut once = std::collections::HashSet::new();
        for request in &sent {
            let form = request.form();
            assert_eq!(form["client_id"], "my client");
            assert_eq!(
                form["client_assertion_type"],
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            assert!(!form.contains_key("client_secret") && request.header("authorization").is_none());
            let (header, claims) = read(&form["client_assertion"], &key);
            assert_eq!(header, json!({ "alg": "ES256", "kid": "k 1", "typ": "JWT" }));
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&json!("my client"), &json!("my client"))
            );
            assert_eq!(claims["aud"], audience);
            assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + lifetime)));
            assert!(once.insert(claims["jti"].as_str().unwrap().to_owned()));
        }
        // Exchange, refresh, and the revocation of both tokens.
        assert_eq!(sent.len(), 4);
    }
}

#[tokio::test]
async fn an_issuer_is_the_audience_where_it_is_wanted() {
    let server = MockServer::start().await;
    let issuer = server.uri();
    Mock::given(path("/.well-known/openid-configuration"))
        .respond_with(ok(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
        })))
        .mount(&server)
        .await;
    Mock::given(path("/token"))
        .respond_with(ok(json!({ "access_token": "at" })))
        .mount(&server)
        .await;
    let audience = "client_auth: private_key_jwt, assertion: { audience: issuer }";
    let written = format!(
        "issuer: \"${{instance.sandbox_url}}\"\nauthorize: {{ url: \"${{instance.public_url}}/authorize\" }}\n\
         token: {{ url: \"${{instance.sandbox_url}}/token\", {audience} }}"
    );
    let discovered = format!("discover: {{ issuer: \"${{instance.sandbox_url}}\" }}\ntoken: {{ {audience} }}");
    let key = SigningKey::generate().unwrap().0;
    for lines in [written, discovered] {
        let setting = Setting::new(&server, signing_in(&lines));
        let client = Client {
            key: Some(&key),
            ..setting.client()
        };
        protocol(&server).refresh(&client, &"rt".into()).await.unwrap();
        let sent = wire(&server).await;
        let (header, claims) = read(&sent.last().unwrap().form()["client_assertion"], &key);
        assert_eq!(claims["aud"], issuer);
        assert_eq!(header["kid"], key.thumbprint());
    }
}

#[tokio::test]
async fn without_a_key_that_fits_nothing_is_sent() {
    let server = MockServer::start().await;
    let elliptic = SigningKey::generate().unwrap().0;
    for (assertion, key, why) in [
        ("", None, "the app has no private key"),
        (
            ", assertion: { algorithm: PS256 }",
            Some(&elliptic),
            "PS256 takes an RSA key, and this is another one",
        ),
    ] {
        let setting = Setting::new(&server, signing_in(&lines(assertion)));
        let client = Client {
            key,
            ..setting.client()
        };
        let error = protocol(&server).refresh(&client, &"rt".into()).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.surely_not_sent() && error.class() == FailureClass::AppBroken);
    }
    assert!(wire(&server).await.is_empty());
}

#[tokio::test]
async fn a_refused_assertion_is_the_apps_fault_and_is_not_repeated() {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(|request: &Request| {
            let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
            ResponseTemplate::new(401).set_body_json(json!({
                "error": "invalid_client",
                "error_description": format!("no key verifies {}", form["client_assertion"]),
            }))
        })
        .mount(&server)
        .await;
    let setting = Setting::new(&server, signing_in(&lines("")));
    let key = SigningKey::generate().unwrap().0;
    let client = Client {
        key: Some(&key),
        ..setting.client()
    };
    let error = protocol(&server).refresh(&client, &"rt".into()).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::AppBroken);
    assert!(error.to_string().contains("its secret or key"), "{error}");
    assert_eq!(error.provider_message(), Some("no key verifies [hidden]"));
}
