//! The second exchange, and tokens that buy the next one themselves.

use super::sent::wire;
use super::*;
use crate::testing::signing_in;

const LONG_LIVED: &str = r#"authorize: { url: "${instance.public_url}/authorize" }
token:
  url: "${instance.sandbox_url}/token"
  client_auth: body
  object: /data/0
  then:
    url: "${instance.sandbox_url}/long"
    method: get
    omit: [client_id]
    params: { grant_type: exchange_token, access_token: "${token.data.0.access_token}" }
refresh: { url: "${instance.sandbox_url}/again", method: get, client_auth: none, omit: [client_id], with: access_token, grant_type: refresh_long }
revoke: { url: "${instance.sandbox_url}/revoke" }
learn:
  person: { from: "${token.data.0.user_id}", pattern: "[0-9]+" }
  kind: { from: "${token.kind}", pattern: "[a-z]+" }
"#;

fn short() -> Value {
    json!({ "kind": "short", "data": [{ "access_token": "short", "user_id": 17, "scope": "a,b", "expires_in": 3600 }] })
}

async fn serve(at: &str, answers: Vec<ResponseTemplate>, server: &MockServer) {
    for (turn, answer) in answers.into_iter().enumerate() {
        let priority = u8::try_from(turn + 1).unwrap();
        let mock = Mock::given(path(at))
            .respond_with(answer)
            .up_to_n_times(1)
            .with_priority(priority);
        mock.mount(server).await;
    }
}

#[tokio::test]
async fn the_answer_of_the_second_exchange_is_the_grant() {
    let server = MockServer::start().await;
    serve("/token", vec![ok(short())], &server).await;
    let long = json!({ "access_token": "long", "token_type": "bearer", "expires_in": 5_183_944, "kind": "long" });
    serve("/long", vec![ok(long)], &server).await;
    serve(
        "/again",
        vec![ok(json!({ "access_token": "longer", "expires_in": 5_184_000 }))],
        &server,
    )
    .await;
    serve("/revoke", vec![ok(json!({}))], &server).await;
    let setting = Setting::new(&server, signing_in(LONG_LIVED));
    let (client, protocol, code) = (setting.client(), protocol(&server), SecretString::from("code"));
    let granted = protocol
        .exchange(&client, &code, Some(&verifier()), &json!({}))
        .await
        .unwrap();
    assert_eq!(granted.tokens.access_token.expose_secret(), "long");
    assert_eq!(granted.expires_in, Some(5_183_944));
    assert_eq!(
        granted.scopes.as_deref(),
        Some(&["a".to_owned(), "b".to_owned()][..]),
        "the first one's"
    );
    let learned = [("person", "17"), ("kind", "long")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(granted.learned, learned.into(), "from both, the second on top");
    let token = granted.tokens.refresh_token.clone().unwrap();
    assert_eq!(token.expose_secret(), "long", "it buys the next one itself");

    let refreshed = protocol.refresh(&client, &token).await.unwrap();
    assert_eq!(refreshed.tokens.access_token.expose_secret(), "longer");
    assert_eq!(
        refreshed.tokens.refresh_token.as_ref().unwrap().expose_secret(),
        "longer"
    );
    assert_eq!(
        protocol.revoke(&client, &refreshed.tokens).await.unwrap(),
        Revocation::Revoked
    );

    let seen = wire(&server).await;
    let lines: Vec<&str> = seen.iter().map(|one| one.line.as_str()).collect();
    assert_eq!(
        lines,
        ["POST /token", "GET /long", "GET /again", "POST /revoke"],
        "one token is revoked once"
    );
    let query = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let secret = setting.secret.expose_secret();
    assert_eq!(
        seen[1].query,
        query(&[
            ("client_secret", secret),
            ("grant_type", "exchange_token"),
            ("access_token", "short")
        ])
    );
    assert_eq!(
        seen[2].query,
        query(&[("grant_type", "refresh_long"), ("access_token", "long")])
    );
}

#[tokio::test]
async fn a_second_exchange_that_fails_never_sends_the_code_again() {
    let gone = ResponseTemplate::new(400).set_body_json(json!({
        "error": { "code": "invalid_grant", "message": "short is not good" }
    }));
    let answers = [
        (short(), Some(gone), "grant gone"),
        (short(), Some(ResponseTemplate::new(503)), "transient"),
        (short(), Some(ok(json!({ "other": 1 }))), "answer"),
        // Nothing to send: the second call is not made.
        (
            json!({ "data": [{ "access_token": "short" }], "kind": {} }),
            None,
            "answer",
        ),
    ];
    for (first, second, expected) in answers {
        let server = MockServer::start().await;
        serve("/token", vec![ok(first)], &server).await;
        let is_asked = second.is_some();
        serve("/long", second.into_iter().collect(), &server).await;
        let lines = if is_asked {
            LONG_LIVED.to_owned()
        } else {
            LONG_LIVED.replace("${token.data.0.access_token}", "${token.kind}")
        };
        let setting = Setting::new(&server, signing_in(&lines));
        let code = SecretString::from("code");
        let error = protocol(&server)
            .exchange(&setting.client(), &code, Some(&verifier()), &json!({}))
            .await
            .unwrap_err();
        let class = match &error {
            TokenError::GrantGone { .. } => "grant gone",
            TokenError::Transient { .. } => "transient",
            TokenError::Answer { .. } => "answer",
            _ => "other",
        };
        assert_eq!(class, expected, "{error:?}");
        assert!(!error.surely_not_sent(), "{error:?}");
        assert_eq!(
            server.received_requests().await.unwrap().len(),
            1 + usize::from(is_asked)
        );
    }
    // A host that cannot be reached: nothing was sent there, but the code is spent.
    let server = MockServer::start().await;
    serve("/token", vec![ok(short())], &server).await;
    let lines = LONG_LIVED.replace("${instance.sandbox_url}/long", "https://long.invalid/long");
    let setting = Setting::new(&server, signing_in(&lines));
    let code = SecretString::from("code");
    let error = protocol(&server)
        .exchange(&setting.client(), &code, Some(&verifier()), &json!({}))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TokenError::Transient { not_sent: false, .. }),
        "{error:?}"
    );
    assert!(!error.surely_not_sent());
}
