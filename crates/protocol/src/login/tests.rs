use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use catalog::{AuthKind, Integration};
use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use vault::Credential;
use wiremock::matchers::{body_json, body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::Clock;
use crate::testing::{definition, protocol};

const NOW: i64 = 1_800_000_000;

/// A definition with this way to sign in.
fn service(auth: &str) -> std::sync::Arc<Integration> {
    definition(&format!(
        "id: service
name: Service
description: A service for tests.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
auth:
{auth}
api: {{ base_url: \"${{instance.sandbox_url}}/api\" }}
check: {{ get: /me, account: {{ id: \"${{body.id}}\" }} }}
"
    ))
}

fn typed(integration: &Integration) -> &ApiKeyAuth {
    match &integration.auth[0].kind {
        AuthKind::ApiKey(typed) => typed,
        AuthKind::OAuth2(_) | AuthKind::OAuth1(_) => panic!("it is a form"),
    }
}

fn fields(values: &[(&str, &str)]) -> Fields {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), SecretString::from(*value));
    values.iter().map(field).collect()
}

async fn log_in(server: &MockServer, integration: &Integration, values: &[(&str, &str)]) -> Result<Issued, CheckError> {
    let url = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &url);
    let protocol = protocol(server).with_clock(Clock::new(|| NOW));
    let issued = protocol
        .log_in(typed(integration), &fields(values), None, &inputs)
        .await?;
    Ok(issued.expect("there is a log-in"))
}

const STEPS: &str = r#"
  - kind: login
    title: Log in
    fields: [{ name: user, title: User }, { name: password, title: Password }]
    requests:
      - post: "${instance.sandbox_url}/session"
        json: { user: "${credential.user}", remember: true, device: [latchkey, 1] }
        ok: /ok
        keep: { session: "${body.session.id}" }
      - post: "${instance.sandbox_url}/token"
        headers: { X-Session: "${kept.session}" }
        query: { format: json }
        form: { password: "${credential.password}", a: b c }
    token: { access_token: /data/token, expires_at: /data/ends }
    learn: { site: { from: "${token.data.site}", pattern: "[a-z]+" } }
    headers: { Authorization: "Token ${credential.access_token}" }
"#;

#[tokio::test]
async fn steps_hand_values_on_and_the_last_answer_holds_the_token() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/session"))
        .and(body_json(
            json!({ "user": "ann", "remember": true, "device": ["latchkey", 1] }),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "ok": true, "session": { "id": 77 } })))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/token"))
        .and(header("x-session", "77"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(query_param("format", "json"))
        .and(body_string("a=b+c&password=p%26w"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("date", "Fri, 15 Jan 2027 08:00:00 GMT")
                .set_body_json(json!({ "data": { "token": "t-1", "ends": "2027-01-15T08:10:00Z", "site": "main" } })),
        )
        .expect(1)
        .mount(&server)
        .await;
    let integration = service(STEPS);
    let issued = log_in(&server, &integration, &[("user", "ann"), ("password", "p&w")])
        .await
        .unwrap();
    assert_eq!(issued.token.access_token.expose_secret(), "t-1");
    assert_eq!(issued.token.fields["password"].expose_secret(), "p&w");
    assert_eq!(issued.expires_in, Some(600));
    assert_eq!(issued.learned["site"], "main");

    // What was bought goes into the calls.
    Mock::given(path("/api/me"))
        .and(header("authorization", "Token t-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": "a-1" })))
        .mount(&server)
        .await;
    let url = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &url);
    let credential = Credential::Issued(issued.token);
    let account = protocol(&server)
        .check(&integration, ("key", &credential), &inputs)
        .await
        .unwrap();
    assert_eq!(account.id.as_deref(), Some("a-1"));
}

#[tokio::test]
async fn a_refusal_has_the_services_words_without_the_values() {
    let server = MockServer::start().await;
    let integration = service(STEPS);
    for (status, body) in [
        (401, json!({ "message": "No user ann-canary-1 here" })),
        (422, json!({ "message": "No user ann-canary-1 here" })),
        (200, json!({ "ok": false, "message": "No user ann-canary-1 here" })),
    ] {
        server.reset().await;
        Mock::given(path("/session"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .mount(&server)
            .await;
        let error = log_in(&server, &integration, &[("user", "ann-canary-1"), ("password", "x")])
            .await
            .unwrap_err();
        let CheckError::Refused { provider_message, .. } = &error else {
            panic!("{error:?}")
        };
        let words = provider_message.as_deref().unwrap();
        assert!(words.starts_with("No user") && !words.contains("canary"), "{words}");
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn answers_that_hold_no_token_are_told_apart() {
    let server = MockServer::start().await;
    let integration = service(STEPS);
    let cases = [
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            "the answer is not JSON",
        ),
        (
            ResponseTemplate::new(200).set_body_json(json!({ "ok": true })),
            "the answer lacks what the next request needs",
        ),
        (ResponseTemplate::new(503), "HTTP 503"),
        (
            ResponseTemplate::new(302).insert_header("location", "https://evil.test"),
            "redirects",
        ),
    ];
    for (answer, words) in cases {
        server.reset().await;
        Mock::given(path("/session")).respond_with(answer).mount(&server).await;
        let error = log_in(&server, &integration, &[("user", "a"), ("password", "b")])
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn client_credentials_are_a_log_in_with_one_request() {
    let server = MockServer::start().await;
    let auth = |client_auth: &str| {
        format!(
            "
  - kind: oauth2_client_credentials
    title: Own app
    token: {{ url: \"${{instance.sandbox_url}}/token\", client_auth: {client_auth}, params: {{ audience: api }} }}
    scopes: [read, write]
    headers: {{ Authorization: \"Bearer ${{credential.access_token}}\" }}
"
        )
    };
    let token = json!({ "access_token": "t-2", "token_type": "bearer", "expires_in": 3600 });
    Mock::given(path("/token"))
        // RFC 6749 §2.3.1: both are form-encoded before they are joined.
        .and(header("authorization", format!("Basic {}", base64("a+b:s%3A1"))))
        .and(body_string(
            "audience=api&grant_type=client_credentials&scope=read+write",
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(&token))
        .expect(1)
        .mount(&server)
        .await;
    let values = [("client_id", "a b"), ("client_secret", "s:1")];
    let issued = log_in(&server, &service(&auth("basic")), &values).await.unwrap();
    assert_eq!(
        (issued.token.access_token.expose_secret(), issued.expires_in),
        ("t-2", Some(3600))
    );

    server.reset().await;
    Mock::given(path("/token"))
        .and(body_string(
            "audience=api&client_id=a+b&client_secret=s%3A1&grant_type=client_credentials&scope=read+write",
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(&token))
        .expect(1)
        .mount(&server)
        .await;
    log_in(&server, &service(&auth("body")), &values).await.unwrap();
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn jwt_service(algorithm: &str, key: &str) -> std::sync::Arc<Integration> {
    service(&format!(
        "
  - kind: jwt
    title: Key
    fields: [{{ name: key, title: Key }}]
    sign:
      algorithm: {algorithm}
      {key}
      header: {{ kid: \"${{part(credential.key, \\\":\\\", \\\"0\\\")}}\" }}
      claims: {{ aud: /admin/ }}
      lifetime: 5m
    headers: {{ Authorization: \"Ghost ${{signed.jwt}}\" }}
"
    ))
}

fn parts(jwt: &str) -> (Value, Value, String, Vec<u8>) {
    let read = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let all: Vec<_> = jwt.split('.').collect();
    let json = |part: &str| serde_json::from_slice(&read(part)).unwrap();
    (
        json(all[0]),
        json(all[1]),
        format!("{}.{}", all[0], all[1]),
        read(all[2]),
    )
}

#[tokio::test]
async fn a_token_is_signed_for_each_call() {
    let server = MockServer::start().await;
    let integration = jwt_service(
        "HS256",
        "key: \"${part(credential.key, \\\":\\\", \\\"1\\\")}\"\n      key_format: hex",
    );
    Mock::given(path("/api/me"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": 1 })))
        .mount(&server)
        .await;
    let url = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &url);
    let protocol = protocol(&server).with_clock(Clock::new(|| NOW));
    let credential = Credential::Fields(fields(&[("key", "id7:00ff10")]));
    protocol
        .check(&integration, ("key", &credential), &inputs)
        .await
        .unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    let sent = request.headers["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Ghost ")
        .unwrap();
    let (head, claims, message, signature) = parts(sent);
    assert_eq!(head, json!({ "alg": "HS256", "typ": "JWT", "kid": "id7" }));
    assert_eq!(
        claims,
        json!({ "aud": "/admin/", "iat": NOW - 30, "exp": NOW - 30 + 300 })
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[0, 255, 16]);
    ring::hmac::verify(&key, message.as_bytes(), &signature).unwrap();

    // A key that is none is the person's to mend.
    let wrong = Credential::Fields(fields(&[("key", "id7:zz-canary")]));
    let error = protocol
        .check(&integration, ("key", &wrong), &inputs)
        .await
        .unwrap_err();
    assert!(
        matches!(error, CheckError::Key(_)) && !error.to_string().contains("canary"),
        "{error}"
    );
}

/// A key of RFC 7515 would do as well; this one is made anew.
fn elliptic() -> (String, Vec<u8>) {
    let pair = rcgen::KeyPair::generate().unwrap();
    (pair.serialize_pem(), pair.public_key_raw().to_vec())
}

#[test]
fn elliptic_and_rsa_keys_sign_what_their_public_keys_verify() {
    let (pem, public) = elliptic();
    let signed = |integration: &Integration, key: &str| {
        let fields = fields(&[("key", key)]);
        let inputs = Inputs::new().text("credential", "key", fields["key"].expose_secret());
        let jwt = sign(typed(integration).sign.as_ref().unwrap(), &inputs, NOW).unwrap();
        parts(jwt.expose_secret())
    };
    let integration = jwt_service("ES256", "key: \"${credential.key}\"");
    // As a form's single line, and with written-out line ends as in a JSON file.
    for key in [pem.clone(), pem.replace('\n', " "), pem.replace('\n', "\\n")] {
        let (head, _, message, signature) = signed(&integration, &key);
        assert_eq!(head["alg"], "ES256");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public)
            .verify(message.as_bytes(), &signature)
            .unwrap();
    }

    let integration = jwt_service("RS256", "key: \"${credential.key}\"");
    for pem in [include_str!("tests/rsa.pkcs8.pem"), include_str!("tests/rsa.pkcs1.pem")] {
        let (head, _, message, signature) = signed(&integration, pem);
        assert_eq!(head["alg"], "RS256");
        let der = rustls::pki_types::PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("tests/rsa.pkcs8.pem")).unwrap();
        let pair = ring::signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
            .verify(message.as_bytes(), &signature)
            .unwrap();
    }
    let inputs = Inputs::new().text("credential", "key", "no key");
    let error = sign(typed(&integration).sign.as_ref().unwrap(), &inputs, NOW).unwrap_err();
    assert_eq!(error.to_string(), "it is no key for RS256");
}
