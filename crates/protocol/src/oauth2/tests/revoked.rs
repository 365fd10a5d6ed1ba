//! Revocation.

use super::*;

#[tokio::test]
async fn a_revocation_ends_in_one_of_two_ways() {
    let error = |code: &str| ResponseTemplate::new(400).set_body_json(json!({ "error": code }));
    let good = || ResponseTemplate::new(200);
    let tokens = OAuth2Tokens {
        access_token: "at".into(),
        refresh_token: Some("rt".into()),
        token_type: "Bearer".to_owned(),
        client: None,
        dpop_key: None,
    };
    for (answers, expected) in [
        (vec![good(), good()], Some(Revocation::Revoked)),
        (vec![good(), error("invalid_token")], Some(Revocation::Revoked)),
        (vec![error("unsupported_token_type"), good()], Some(Revocation::Revoked)),
        (
            vec![error("unsupported_token_type"), error("unsupported_token_type")],
            Some(Revocation::Unsupported),
        ),
        (vec![ResponseTemplate::new(503), good()], None),
        (vec![error("invalid_client"), good()], None),
    ] {
        let server = stub("/revoke", answers).await;
        let setting = Setting::new(&server, service("basic"));
        assert_eq!(
            protocol(&server).revoke(&setting.client(), &tokens).await.ok(),
            expected
        );
    }
    let without = crate::testing::SERVICE
        .replace("CLIENT_AUTH", "basic")
        .replace("    revoke: { url: \"${instance.sandbox_url}/revoke\" }\n", "");
    let server = MockServer::start().await;
    let setting = Setting::new(&server, definition(&without));
    assert_eq!(
        protocol(&server).revoke(&setting.client(), &tokens).await.unwrap(),
        Revocation::Unsupported
    );
}

fn tokens() -> OAuth2Tokens {
    OAuth2Tokens {
        access_token: "at-canary-1".into(),
        refresh_token: Some("rt-canary-2".into()),
        token_type: "Bearer".to_owned(),
        client: None,
        dpop_key: None,
    }
}

async fn revoke(revoke: &str, answers: Vec<ResponseTemplate>) -> (Result<Revocation, TokenError>, Vec<Request>) {
    let server = stub("/revoke", answers).await;
    let lines = format!(
        r#"authorize: {{ url: "${{instance.public_url}}/authorize" }}
token: {{ url: "${{instance.sandbox_url}}/token", client_auth: basic, headers: {{ Version: "7" }} }}
revoke: {{ url: "${{instance.sandbox_url}}/revoke", {revoke} }}"#
    );
    let setting = Setting::new(&server, crate::testing::signing_in(&lines));
    let end = protocol(&server).revoke(&setting.client(), &tokens()).await;
    (end, server.received_requests().await.unwrap())
}

#[tokio::test]
async fn a_token_can_be_its_own_proof() {
    let answers = || vec![ResponseTemplate::new(200).set_body_string("null")];
    let (end, seen) = revoke("client_auth: bearer, body: none, tokens: [access_token]", answers()).await;
    assert_eq!((end.unwrap(), seen.len()), (Revocation::Revoked, 1));
    assert_eq!(seen[0].headers["authorization"], "Bearer at-canary-1");
    assert!(seen[0].body.is_empty() && !seen[0].headers.contains_key("content-type"));
    assert!(!seen[0].headers.contains_key("version"), "it went with another proof");

    let (end, seen) = revoke(
        "method: delete, client_auth: bearer, body: none, tokens: [access_token]",
        answers(),
    )
    .await;
    assert_eq!((end.unwrap(), seen[0].method.as_str()), (Revocation::Revoked, "DELETE"));
}

#[tokio::test]
async fn a_revocation_is_sent_as_it_is_declared() {
    let good = || ResponseTemplate::new(200);
    let (_, seen) = revoke(
        r#"client_auth: header, headers: { Authorization: "Client ${app.client_id}", X-Secret: "${base64(app.client_secret)}" }, body: json, parameter: access_token, tokens: [access_token], params: { client_id: "${app.client_id}", only: true }"#,
        vec![good()],
    )
    .await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers["authorization"], "Client my client");
    let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(
        body,
        json!({ "access_token": "at-canary-1", "client_id": "my client", "only": true })
    );

    let (_, seen) = revoke("tokens: [access_token, refresh_token]", vec![good(), good()]).await;
    let sent: Vec<String> = seen.iter().map(|one| super::seen(one).body["token"].clone()).collect();
    assert_eq!(sent, ["at-canary-1", "rt-canary-2"], "in the order that is declared");
    assert!(
        seen.iter()
            .all(|one| one.headers["version"] == "7" && one.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn a_refused_revocation_has_its_class_in_every_form() {
    let error = |code: &str| {
        ResponseTemplate::new(400)
            .set_body_json(json!({ "error": code, "error_description": "at-canary-1 rt-canary-2" }))
    };
    for form in [
        "body: json, client_auth: body, tokens: [access_token]",
        "method: get, client_auth: query, tokens: [access_token]",
        "client_auth: bearer, body: none, tokens: [access_token]",
    ] {
        let gone = revoke(form, vec![error("invalid_token")]).await.0;
        assert_eq!(gone.unwrap(), Revocation::Revoked, "{form}: it is not known any more");
        let broken = revoke(form, vec![error("invalid_client")]).await.0.unwrap_err();
        assert_eq!(broken.class(), FailureClass::AppBroken, "{form}");
        assert_eq!(
            broken.provider_message(),
            Some("[hidden] rt-canary-2"),
            "{form}: what was sent is hidden"
        );
        let later = revoke(form, vec![ResponseTemplate::new(503)]).await.0.unwrap_err();
        assert!(
            matches!(later, TokenError::Transient { status: Some(503), .. }),
            "{form}"
        );
    }
    let without = OAuth2Tokens {
        refresh_token: None,
        ..tokens()
    };
    let server = MockServer::start().await;
    let lines = r#"authorize: { url: "${instance.public_url}/authorize" }
token: { url: "${instance.sandbox_url}/token" }
revoke: { url: "${instance.sandbox_url}/revoke", tokens: [refresh_token] }"#;
    let setting = Setting::new(&server, crate::testing::signing_in(lines));
    assert_eq!(
        protocol(&server).revoke(&setting.client(), &without).await.unwrap(),
        Revocation::Unsupported,
        "there is no such token"
    );
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_address_of_a_learnt_value_is_filled_in_when_it_is_needed() {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ok(json!({ "access_token": "at", "home": "https://eu.example.com" })))
        .mount(&server)
        .await;
    let lines = r#"authorize: { url: "${instance.public_url}/authorize" }
token: { url: "${instance.sandbox_url}/token" }
refresh: { url: "${variables.home}/token" }
revoke: { url: "${variables.home}/revoke" }
learn:
  home: { from: "${token.home}", type: origin, hosts: [.example.com] }"#;
    let setting = Setting::new(&server, crate::testing::signing_in(lines));
    let (client, protocol, code) = (setting.client(), protocol(&server), SecretString::from("code"));
    protocol.authorize(&client, "s", Some(&verifier()), &[]).await.unwrap();
    let granted = protocol
        .exchange(&client, &code, Some(&verifier()), &json!({}))
        .await
        .unwrap();
    assert_eq!(granted.learned["home"], "https://eu.example.com");
    let refused = protocol.refresh(&client, &code).await.unwrap_err();
    assert!(
        refused.to_string().contains("refresh.url") && refused.surely_not_sent(),
        "{refused}"
    );
}

#[tokio::test]
async fn a_discovered_endpoint_is_spoken_to_as_declared() {
    let server = MockServer::start().await;
    let document = json!({
        "issuer": server.uri(),
        "authorization_endpoint": format!("{}/authorize", server.uri()),
        "token_endpoint": format!("{}/token", server.uri()),
        "revocation_endpoint": format!("{}/revoke", server.uri()),
    });
    Mock::given(path("/.well-known/openid-configuration"))
        .respond_with(ok(document))
        .mount(&server)
        .await;
    Mock::given(path("/revoke"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let lines = r#"discover: { issuer: "${instance.sandbox_url}" }
token: { client_auth: basic }
revoke: { client_auth: none, tokens: [refresh_token] }"#;
    let setting = Setting::new(&server, crate::testing::signing_in(lines));
    let end = protocol(&server).revoke(&setting.client(), &tokens()).await;
    assert_eq!(end.unwrap(), Revocation::Revoked);
    let sent: Vec<Seen> = requests(&server).await;
    assert_eq!(sent.len(), 2, "the metadata and one token");
    assert!(sent[1].basic.is_none() && sent[1].body["client_id"] == "my client");
    assert_eq!(sent[1].body["token"], "rt-canary-2");
}
