//! What must hold of an ID token, and where its keys come from. Tokens are signed here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::KeyAlgorithm;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::id_token::{Expected, IdToken};
use super::*;
use crate::signing::object;
use crate::testing::protocol;
use crate::{Clock, SigningKey};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.com";
const RSA: &str = include_str!("../../../conformance/keys/rsa.pem");

fn key(id: &str) -> SigningKey {
    SigningKey::generate().unwrap().0.named(Some(id.to_owned()))
}

fn jwk(key: &SigningKey) -> Value {
    let mut jwk = key.public_jwk();
    jwk.insert("kid".to_owned(), json!(key.id()));
    Value::Object(jwk)
}

fn set(keys: &[&SigningKey]) -> KeySet {
    let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn claims() -> Map<String, Value> {
    object([
        ("iss", json!(ISSUER)),
        ("aud", json!("client")),
        ("sub", json!("u-1")),
        ("nonce", json!("n-1")),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 300)),
        ("email", json!("ann@example.com")),
    ])
}

fn token(key: &SigningKey, algorithm: KeyAlgorithm, claims: Map<String, Value>) -> SecretString {
    key.sign(algorithm, object([("kid", json!(key.id()))]), claims).unwrap()
}

fn judge(token: &SecretString, keys: &KeySet) -> Result<Identity, RefusedIdToken> {
    let expected = Expected {
        issuer: ISSUER,
        audience: "client",
        nonce: "n-1",
        now: NOW,
    };
    IdToken::read(token)?.verified(keys, &expected)
}

fn with(name: &str, value: Value) -> Map<String, Value> {
    let mut claims = claims();
    if value.is_null() {
        claims.remove(name);
    } else {
        claims.insert(name.to_owned(), value);
    }
    claims
}

/// A token whose header is written out, with a signature of the key.
fn written(key: &SigningKey, header: &Value, signature: Option<&[u8]>) -> SecretString {
    let part = |value: String| URL_SAFE_NO_PAD.encode(value);
    let message = format!(
        "{}.{}",
        part(header.to_string()),
        part(Value::Object(claims()).to_string())
    );
    let made = key.signature(KeyAlgorithm::Es256, message.as_bytes()).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(signature.unwrap_or(&made));
    SecretString::from(format!("{message}.{signature}"))
}

#[test]
fn a_token_names_its_person() {
    let curve = key("k1");
    let rsa = SigningKey::read(&SecretString::from(RSA)).unwrap();
    let keys = set(&[&curve, &rsa]);
    for (key, algorithm) in [
        (&curve, KeyAlgorithm::Es256),
        (&rsa, KeyAlgorithm::Rs256),
        (&rsa, KeyAlgorithm::Ps256),
    ] {
        let named = judge(&token(key, algorithm, claims()), &keys).unwrap();
        assert_eq!(
            named,
            Identity {
                subject: "u-1".to_owned(),
                label: "ann@example.com".to_owned(),
                authenticated_ago: None
            }
        );
    }
    let named = |claims| judge(&token(&curve, KeyAlgorithm::Es256, claims), &keys);
    let asked = named(with("auth_time", json!(NOW - 30))).unwrap();
    assert_eq!(asked.authenticated_ago, Some(30));
    assert_eq!(named(with("email", Value::Null)).unwrap().label, "u-1");
    assert_eq!(named(with("email", json!("a\u{7}b\n"))).unwrap().label, "ab");
    assert!(named(with("aud", json!(["client"]))).is_ok());
    let mut both = with("aud", json!(["client", "other"]));
    both.insert("azp".to_owned(), json!("client"));
    assert!(named(both).is_ok());
}

#[test]
fn what_does_not_hold_is_refused() {
    use RefusedIdToken::{Audience, Expired, Issuer, Nonce, Subject, Time};
    let key = key("k1");
    let keys = set(&[&key]);
    for (name, value, why) in [
        ("iss", json!("https://id.example.com/"), Issuer),
        ("iss", json!("https://evil.example"), Issuer),
        ("iss", Value::Null, Issuer),
        ("aud", json!("other"), Audience),
        ("aud", json!(["other"]), Audience),
        ("aud", json!(["client", "other"]), Audience),
        ("aud", Value::Null, Audience),
        ("azp", json!("other"), Audience),
        ("nonce", json!("n-2"), Nonce),
        ("nonce", Value::Null, Nonce),
        ("exp", json!(NOW - 60), Expired),
        ("exp", Value::Null, Time),
        ("exp", json!("soon"), Time),
        ("iat", Value::Null, Time),
        ("iat", json!(NOW + 61), Time),
        ("nbf", json!(NOW + 61), Time),
        ("auth_time", json!(NOW + 61), Time),
        ("auth_time", json!("now"), Time),
        ("sub", Value::Null, Subject),
        ("sub", json!(""), Subject),
        ("sub", json!("x".repeat(256)), Subject),
    ] {
        let refused = judge(&token(&key, KeyAlgorithm::Es256, with(name, value.clone())), &keys);
        assert_eq!(refused, Err(why), "{name}: {value}");
    }
}

#[test]
fn only_the_shown_keys_sign_and_only_in_known_ways() {
    let (own, other, named_alike) = (key("k1"), key("k2"), key("k1"));
    let keys = set(&[&own]);
    let header = |algorithm: &str| json!({ "alg": algorithm, "kid": "k1" });
    assert!(judge(&written(&own, &header("ES256"), None), &keys).is_ok());
    for algorithm in ["none", "None", "HS256", "ES512", "", "es256"] {
        let unsigned = written(&own, &header(algorithm), Some(b""));
        assert_eq!(judge(&unsigned, &keys), Err(RefusedIdToken::Algorithm), "{algorithm}");
    }
    // The public key as the secret of a symmetric signature has no way in either: it is another kind of key.
    let confused = written(&own, &header("RS256"), None);
    assert_eq!(judge(&confused, &keys), Err(RefusedIdToken::UnknownKey));
    let forged = token(&named_alike, KeyAlgorithm::Es256, claims());
    assert_eq!(judge(&forged, &keys), Err(RefusedIdToken::Signature));
    let empty = written(&own, &header("ES256"), Some(b""));
    assert_eq!(judge(&empty, &keys), Err(RefusedIdToken::Signature));
    let unknown = token(&other, KeyAlgorithm::Es256, claims());
    assert_eq!(judge(&unknown, &keys), Err(RefusedIdToken::UnknownKey));
    // Without an id there must be one key alone that fits.
    let unnamed = written(&own, &json!({ "alg": "ES256" }), None);
    assert!(judge(&unnamed, &keys).is_ok());
    assert_eq!(judge(&unnamed, &set(&[&own, &other])), Err(RefusedIdToken::UnknownKey));
    let critical = written(&own, &json!({ "alg": "ES256", "kid": "k1", "crit": ["x"] }), None);
    assert_eq!(judge(&critical, &keys), Err(RefusedIdToken::Malformed));
    for text in ["", "a.b", "a.b.c", "e30.e30", "..", "e30.e30.e30.e30"] {
        assert!(judge(&SecretString::from(text), &keys).is_err(), "{text}");
    }
    // Keys for encrypting, or of another algorithm, do not count.
    for (name, value) in [("use", "enc"), ("alg", "RS512"), ("alg", "PS256"), ("crv", "P-384")] {
        let mut one = jwk(&own);
        one[name] = json!(value);
        let keys = KeySet::read(json!({ "keys": [one] }).to_string().as_bytes()).unwrap();
        let judged = judge(&token(&own, KeyAlgorithm::Es256, claims()), &keys);
        assert_eq!(judged, Err(RefusedIdToken::UnknownKey), "{name}: {value}");
    }
}

#[test]
fn no_refusal_holds_a_part_of_the_token() {
    let signed = token(&key("k1"), KeyAlgorithm::Es256, with("sub", json!("")));
    let refused = judge(&signed, &set(&[&key("k1")])).unwrap_err();
    let told = format!("{refused} {refused:?}");
    for part in signed.expose_secret().split('.') {
        assert!(!told.contains(part), "{told}");
    }
}

#[tokio::test]
async fn keys_are_remembered_and_asked_for_again_for_an_unknown_one() {
    let server = MockServer::start().await;
    let (old, new) = (key("old"), key("new"));
    let document = json!({
        "issuer": server.uri(),
        "authorization_endpoint": format!("{}/authorize", server.uri()),
        "token_endpoint": format!("{}/token", server.uri()),
        "jwks_uri": format!("{}/keys", server.uri()),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    });
    let answer = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(path("/.well-known/openid-configuration"))
        .respond_with(answer(document))
        .expect(1)
        .mount(&server)
        .await;
    for (keys, priority) in [(vec![jwk(&old)], 1), (vec![jwk(&old), jwk(&new)], 2)] {
        Mock::given(path("/keys"))
            .and(method("GET"))
            .respond_with(answer(json!({ "keys": keys })))
            .up_to_n_times(1)
            .with_priority(priority)
            .mount(&server)
            .await;
    }
    let protocol = protocol(&server).with_clock(Clock::new(|| NOW));
    let party = RelyingParty::new(
        server.uri().parse().unwrap(),
        "client".to_owned(),
        SecretString::from("canary secret"),
        "https://connect.example.com/console/sso/callback".to_owned(),
    )
    .unwrap();
    assert!(!format!("{party:?}").contains("canary"));
    let binding = Binding {
        state: "s-1".to_owned(),
        nonce: "n-1".to_owned(),
        verifier: PkceVerifier::random(),
    };
    let sent = protocol.authentication_request(&party, &binding, true).await.unwrap();
    let query: std::collections::HashMap<_, _> = sent.query_pairs().into_owned().collect();
    for (name, value) in [
        ("nonce", "n-1"),
        ("state", "s-1"),
        ("prompt", "login"),
        ("max_age", "0"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
        ("client_id", "client"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
    }
    for (key, asked) in [(&old, 1), (&old, 1), (&new, 2)] {
        let mut claims = with("iss", json!(server.uri()));
        claims.insert("sub".to_owned(), json!(key.id()));
        let id_token = token(key, KeyAlgorithm::Es256, claims);
        let granted = json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token.expose_secret() });
        Mock::given(path("/token"))
            .respond_with(answer(granted))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        let named = protocol
            .identify(&party, &SecretString::from("code"), &binding.verifier, "n-1")
            .await
            .unwrap();
        assert_eq!(named.subject, key.id());
        let requests = server.received_requests().await.unwrap();
        let keys = requests.iter().filter(|request| request.url.path() == "/keys");
        assert_eq!(keys.count(), asked);
        let token = requests.iter().rfind(|request| request.url.path() == "/token").unwrap();
        let body = String::from_utf8_lossy(&token.body).into_owned();
        assert!(body.contains("client_secret=canary"), "{body}");
    }
}
