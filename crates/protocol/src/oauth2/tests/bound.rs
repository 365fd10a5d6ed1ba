//! Tokens that are bound to a key (RFC 9449).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use vault::Credential;

use super::sent::{Wire, wire};
use super::*;
use crate::testing::{definition, signing_in};

const LINES: &str = r#"authorize: { url: "${instance.public_url}/authorize" }
token: { url: "${instance.sandbox_url}/token" }
dpop: true"#;

fn bound_service() -> Arc<Integration> {
    let text = crate::testing::SERVICE.replace("CLIENT_AUTH", "basic").replace(
        "    headers: { Authorization: \"Bearer",
        "    dpop: true\n    headers: { Authorization: \"DPoP",
    );
    definition(&text)
}

fn lines() -> Arc<Integration> {
    // `signing_in` writes a Bearer header, which a bound token is none of.
    let text = crate::testing::SERVICE
        .split("    title: Sign in\n")
        .next()
        .unwrap()
        .to_owned();
    let own: String = LINES.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    definition(&format!(
        "{text}    title: Sign in\n{own}    headers: {{ Authorization: \"DPoP ${{credential.access_token}}\" }}\napi:\n  base_url: \"${{instance.sandbox_url}}/api\"\n"
    ))
}

/// Header and claims of the proof.
fn proof(request: &Wire) -> (Value, Value) {
    let proof = request.header("dpop").unwrap();
    let parts: Vec<&str> = proof.split('.').collect();
    let json = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (json(parts[0]), json(parts[1]))
}

fn asks() -> ResponseTemplate {
    ResponseTemplate::new(400)
        .insert_header("dpop-nonce", "nonce-1")
        .set_body_json(json!({ "error": "use_dpop_nonce" }))
}

fn bound(refresh: &str) -> ResponseTemplate {
    ok(json!({ "access_token": "at-1", "token_type": "dpop", "refresh_token": refresh, "expires_in": 60 }))
}

#[tokio::test]
async fn the_code_is_bound_and_a_nonce_is_learnt_once() {
    let server = stub(
        "/token",
        vec![
            asks(),
            bound("rt-1"),
            bound("rt-2").insert_header("dpop-nonce", "nonce-2"),
            bound("rt-3"),
        ],
    )
    .await;
    let setting = Setting::new(&server, lines());
    let key = DpopKey::generate().unwrap();
    let client = Client {
        dpop: Some(&key),
        ..setting.client()
    };
    let protocol = protocol(&server);
    let url = protocol.authorize(&client, "s", Some(&verifier()), &[]).await.unwrap();
    let thumbprint = key.thumbprint();
    assert!(
        url.query_pairs()
            .any(|(name, value)| name == "dpop_jkt" && value == thumbprint)
    );

    let granted = protocol
        .exchange(&client, &"code".into(), Some(&verifier()), &Value::Null)
        .await
        .unwrap();
    assert_eq!(granted.tokens.token_type, "dpop");
    let kept = granted.tokens.dpop_key.as_ref().unwrap();
    assert_eq!(kept.expose_secret(), key.secret().expose_secret());
    let again = DpopKey::read(kept).unwrap();
    let client = Client {
        dpop: Some(&again),
        ..setting.client()
    };
    let refreshed = protocol.refresh(&client, &"rt-1".into()).await.unwrap();
    assert!(refreshed.tokens.dpop_key.is_some());
    protocol.refresh(&client, &"rt-2".into()).await.unwrap();

    let sent = wire(&server).await;
    let nonces: Vec<Value> = sent.iter().map(|request| proof(request).1["nonce"].clone()).collect();
    assert_eq!(
        nonces,
        [Value::Null, json!("nonce-1"), json!("nonce-1"), json!("nonce-2")]
    );
    let mut once = std::collections::HashSet::new();
    for request in &sent {
        let (header, claims) = proof(request);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!(header["jwk"]["kty"], "EC");
        assert!(header["jwk"].get("d").is_none());
        assert_eq!(
            (&claims["htm"], &claims["htu"]),
            (&json!("POST"), &json!(format!("{}/token", server.uri())))
        );
        assert!(claims.get("ath").is_none());
        assert!(once.insert(claims["jti"].as_str().unwrap().to_owned()));
    }
    // The same code twice: the first request was refused before it was looked at.
    assert_eq!(sent[0].form()["code"], sent[1].form()["code"]);
}

#[tokio::test]
async fn a_service_that_asks_again_and_again_is_asked_twice() {
    let server = MockServer::start().await;
    Mock::given(path("/token")).respond_with(asks()).mount(&server).await;
    let setting = Setting::new(&server, lines());
    let key = DpopKey::generate().unwrap();
    let client = Client {
        dpop: Some(&key),
        ..setting.client()
    };
    let error = protocol(&server).refresh(&client, &"rt".into()).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("use_dpop_nonce"));
    assert_eq!(error.class(), FailureClass::Transient);
    assert_eq!(wire(&server).await.len(), 2);

    // Without a nonce beside it there is nothing to say again.
    let server = stub(
        "/token",
        vec![ResponseTemplate::new(400).set_body_json(json!({ "error": "use_dpop_nonce" }))],
    )
    .await;
    let setting = Setting::new(&server, lines());
    let client = Client {
        dpop: Some(&key),
        ..setting.client()
    };
    protocol(&server).refresh(&client, &"rt".into()).await.unwrap_err();
    assert_eq!(wire(&server).await.len(), 1);
}

#[tokio::test]
async fn a_token_that_is_bound_to_nothing_is_refused() {
    let key = DpopKey::generate().unwrap();
    for body in [
        json!({ "access_token": "at", "token_type": "Bearer" }),
        json!({ "access_token": "at", "refresh_token": "rt-canary-2" }),
    ] {
        let renewed = body["refresh_token"].as_str().map(str::to_owned);
        let server = stub("/token", vec![ok(body)]).await;
        let setting = Setting::new(&server, lines());
        let client = Client {
            dpop: Some(&key),
            ..setting.client()
        };
        let error = protocol(&server).refresh(&client, &"rt".into()).await.unwrap_err();
        let TokenError::NotBound { status: 200, tokens } = &error else {
            panic!("{error}")
        };
        // It may be all that is left of the grant.
        let kept = tokens
            .refresh_token
            .as_ref()
            .map(|token| token.expose_secret().to_owned());
        assert_eq!(kept, renewed);
        assert_eq!(
            tokens.dpop_key.as_ref().unwrap().expose_secret(),
            key.secret().expose_secret()
        );
        assert!(!format!("{error:?} {error}").contains("canary"));
        assert!(error.to_string().contains("token_type is not DPoP"));
        assert_eq!(error.class(), FailureClass::AppBroken);
        assert!(!error.surely_not_sent());
    }
    // And the other way round: nobody asked for a bound token.
    let server = stub(
        "/token",
        vec![ok(json!({ "access_token": "at", "token_type": "DPoP" }))],
    )
    .await;
    let plain = signing_in(
        "authorize: { url: \"${instance.public_url}/authorize\" }\ntoken: { url: \"${instance.sandbox_url}/token\" }",
    );
    let setting = Setting::new(&server, plain);
    let error = protocol(&server)
        .refresh(&setting.client(), &"rt".into())
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Answer { .. }), "{error}");
}

fn credential(key: Option<&DpopKey>) -> Credential {
    Credential::OAuth2(OAuth2Tokens {
        access_token: "at-canary-1".into(),
        refresh_token: None,
        token_type: "DPoP".into(),
        client: None,
        dpop_key: key.map(|key| key.secret().clone()),
    })
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_anywhere() {
    let server = MockServer::start().await;
    let setting = Setting::new(&server, bound_service());
    let (client, protocol) = (setting.client(), protocol(&server));
    for error in [
        protocol
            .authorize(&client, "s", Some(&verifier()), &[])
            .await
            .unwrap_err(),
        protocol
            .exchange(&client, &"code".into(), Some(&verifier()), &Value::Null)
            .await
            .unwrap_err(),
    ] {
        assert!(error.to_string().contains("bound to no key"), "{error}");
        assert!(error.surely_not_sent());
    }
    // This connection must be made anew; the app is not to blame.
    let gone = protocol.refresh(&client, &"rt".into()).await.unwrap_err();
    assert_eq!(gone.class(), FailureClass::GrantGone);
    let damaged = Credential::OAuth2(OAuth2Tokens {
        dpop_key: Some("canary".into()),
        ..credential(None).tokens().unwrap().clone()
    });
    for credential in [credential(None), damaged] {
        let error = protocol
            .check(&setting.integration, ("oauth2", &credential), &client.inputs)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("bound to no key"), "{error}");
        let error = protocol
            .passthrough_request(
                &setting.integration,
                ("oauth2", &credential),
                &client.inputs,
                http::Method::GET,
                "/me",
                &http::HeaderMap::new(),
            )
            .unwrap_err();
        assert!(error.to_string().contains("bound to no key"), "{error}");
    }
    assert!(wire(&server).await.is_empty());
}

#[tokio::test]
async fn calls_have_a_proof_of_their_token_and_address() {
    let challenge = ResponseTemplate::new(401)
        .insert_header("dpop-nonce", "nonce-r")
        .insert_header("www-authenticate", "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"");
    let server = stub(
        "/api/me",
        vec![challenge, ok(json!({ "ok": true, "id": "1" })), ok(json!({}))],
    )
    .await;
    let setting = Setting::new(&server, bound_service());
    let key = DpopKey::generate().unwrap();
    let (credential, protocol) = (credential(Some(&key)), protocol(&server));
    let inputs = setting.client().inputs;
    let account = protocol
        .check(&setting.integration, ("oauth2", &credential), &inputs)
        .await
        .unwrap();
    assert_eq!(account.id.as_deref(), Some("1"));
    let mut theirs = http::HeaderMap::new();
    theirs.insert("dpop", "canary".parse().unwrap());
    let parts = protocol
        .passthrough_request(
            &setting.integration,
            ("oauth2", &credential),
            &inputs,
            http::Method::PUT,
            "/me?a=b",
            &theirs,
        )
        .unwrap();
    protocol.passthrough(parts, crate::body_of(Vec::new())).await.unwrap();

    let sent = wire(&server).await;
    let nonces: Vec<Value> = sent.iter().map(|request| proof(request).1["nonce"].clone()).collect();
    assert_eq!(nonces, [Value::Null, json!("nonce-r"), json!("nonce-r")]);
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest("at-canary-1"));
    for (request, method) in sent.iter().zip(["GET", "GET", "PUT"]) {
        assert_eq!(request.header("authorization"), Some("DPoP at-canary-1"));
        let claims = proof(request).1;
        assert_eq!((&claims["htm"], &claims["ath"]), (&json!(method), &json!(ath)));
        assert_eq!(claims["htu"], format!("{}/api/me", server.uri()));
    }
    assert_eq!(sent[2].query["a"], "b");
}

#[tokio::test]
async fn only_an_answer_that_asks_for_it_is_marked() {
    for (status, nonce, asks, expected) in [
        (401, Some("n"), "DPoP error=\"use_dpop_nonce\"", true),
        (401, None, "DPoP error=\"use_dpop_nonce\"", false),
        (401, Some("n"), "DPoP error=\"invalid_token\"", false),
        (401, Some("bad\"nonce"), "DPoP error=\"use_dpop_nonce\"", false),
        (200, Some("n"), "DPoP error=\"use_dpop_nonce\"", false),
    ] {
        let mut answer = ResponseTemplate::new(status).insert_header("www-authenticate", asks);
        if let Some(nonce) = nonce {
            answer = answer.insert_header("dpop-nonce", nonce);
        }
        let server = stub("/api/me", vec![answer]).await;
        let setting = Setting::new(&server, bound_service());
        let key = DpopKey::generate().unwrap();
        let protocol = protocol(&server);
        let parts = protocol
            .passthrough_request(
                &setting.integration,
                ("oauth2", &credential(Some(&key))),
                &setting.client().inputs,
                http::Method::GET,
                "/me",
                &http::HeaderMap::new(),
            )
            .unwrap();
        let answer = protocol.passthrough(parts, crate::body_of(Vec::new())).await.unwrap();
        assert_eq!(
            answer.extensions().get::<NonceWanted>().is_some(),
            expected,
            "{status} {nonce:?} {asks}"
        );
    }
}
