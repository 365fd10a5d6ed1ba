//! Discovery, issuers and where the browser may be sent.

use super::*;

const DISCOVERED: &str = r#"
id: service
name: Service
description: A service for tests.
categories: [identity]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  issuer: { title: Issuer, type: url, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    discover: { issuer: "${variables.issuer}" }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.issuer}"
check:
  get: "${discovered.userinfo_endpoint}"
  account: { id: "${body.sub}" }
"#;

#[tokio::test]
async fn endpoints_are_discovered_once_and_the_issuer_must_match() {
    let server = MockServer::start().await;
    let at = "/.well-known/openid-configuration";
    let document = |issuer: String| {
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{}/authorize", server.uri()),
            "token_endpoint": format!("{}/token", server.uri()),
            "userinfo_endpoint": format!("{}/userinfo", server.uri()),
            "authorization_response_iss_parameter_supported": true,
        })
    };
    Mock::given(path(at))
        .respond_with(ok(document(server.uri())))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/token"))
        .respond_with(ok(json!({ "access_token": "at" })))
        .mount(&server)
        .await;
    Mock::given(path("/userinfo"))
        .respond_with(ok(json!({ "sub": "u1" })))
        .mount(&server)
        .await;
    let setting = Setting::new(&server, definition(DISCOVERED));
    let (client, protocol) = (setting.client(), protocol(&server));
    let expected = ExpectedIssuer {
        issuer: server.uri(),
        required: true,
    };
    assert_eq!(protocol.expected_issuer(&client).await.unwrap(), Some(expected));
    let url = protocol
        .authorize(&client, "state", Some(&verifier()), &[])
        .await
        .unwrap();
    assert_eq!(url.path(), "/authorize");
    let granted = protocol
        .exchange(&client, &SecretString::from("c"), Some(&verifier()), &json!({}))
        .await
        .unwrap();
    assert_eq!(
        protocol.revoke(&client, &granted.tokens).await.unwrap(),
        Revocation::Unsupported
    );
    let account = protocol
        .check(
            &setting.integration,
            ("oauth2", &vault::Credential::OAuth2(granted.tokens)),
            &client.inputs,
        )
        .await;
    assert_eq!(account.unwrap().id.as_deref(), Some("u1"));

    let evil = MockServer::start().await;
    Mock::given(path(at))
        .respond_with(ok(document(server.uri())))
        .expect(1)
        .mount(&evil)
        .await;
    let setting = Setting::new(&evil, definition(DISCOVERED));
    let protocol = crate::testing::protocol(&evil);
    for _ in 0..2 {
        let error = protocol
            .refresh(&setting.client(), &SecretString::from("rt"))
            .await
            .unwrap_err();
        assert!(
            error.surely_not_sent() && error.to_string().contains("another issuer"),
            "{error:?}"
        );
    }
    // Endpoints inside are refused although the document came from an allowed origin.
    let inside = MockServer::start().await;
    let mut hostile = document(inside.uri());
    hostile["token_endpoint"] = json!("http://169.254.169.254/token");
    Mock::given(path(at)).respond_with(ok(hostile)).mount(&inside).await;
    let setting = Setting::new(&inside, definition(DISCOVERED));
    let allow = vec![inside.uri().parse().unwrap(), server.uri().parse().unwrap()];
    let protocol = Protocol::new(
        crate::Egress::new(crate::EgressPolicy {
            allow,
            ..Default::default()
        })
        .unwrap(),
    );
    let error = protocol
        .refresh(&setting.client(), &SecretString::from("rt"))
        .await
        .unwrap_err();
    assert!(
        error.surely_not_sent() && error.to_string().contains("token_endpoint is refused"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_sign_in_page_without_tls_must_be_allowed() {
    let server = MockServer::start().await;
    let fixed = DISCOVERED
        .replace("discover: { issuer: \"${variables.issuer}\" }", FIXED)
        .replace("${discovered.userinfo_endpoint}", "/me");
    let setting = Setting::new(&server, definition(&fixed));
    let allowed = protocol(&server)
        .authorize(&setting.client(), "state", Some(&verifier()), &[])
        .await;
    assert!(allowed.unwrap().as_str().starts_with(&server.uri()));
    let closed = Protocol::new(crate::Egress::new(crate::EgressPolicy::default()).unwrap());
    let refused = closed
        .authorize(&setting.client(), "state", Some(&verifier()), &[])
        .await;
    assert!(matches!(refused, Err(TokenError::Configuration(_))));
}

const FIXED: &str = r#"authorize: { url: "${variables.issuer}/a" }
    token: { url: "${variables.issuer}/t" }
    issuer: https://id.example.com"#;

#[tokio::test]
async fn a_written_issuer_is_expected_letter_for_letter() {
    let server = MockServer::start().await;
    for issuer in [
        "https://id.example.com",
        "https://id.example.com/",
        "https://id.example.com/realms/a",
    ] {
        let fixed = DISCOVERED
            .replace("discover: { issuer: \"${variables.issuer}\" }", FIXED)
            .replace("${discovered.userinfo_endpoint}", "/me")
            .replace("issuer: https://id.example.com", &format!("issuer: {issuer}"));
        let setting = Setting::new(&server, definition(&fixed));
        let expected = ExpectedIssuer {
            issuer: issuer.to_owned(),
            required: true,
        };
        assert_eq!(
            protocol(&server).expected_issuer(&setting.client()).await.unwrap(),
            Some(expected)
        );
    }
    let setting = Setting::new(&server, service("basic"));
    assert_eq!(
        protocol(&server).expected_issuer(&setting.client()).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_token_goes_to_what_the_issuer_of_its_own_way_names() {
    let server = MockServer::start().await;
    for way in ["a", "b"] {
        let issuer = format!("{}/{way}", server.uri());
        Mock::given(path(format!("/{way}/.well-known/openid-configuration")))
            .respond_with(ok(json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
            })))
            .mount(&server)
            .await;
        Mock::given(path(format!("/{way}/userinfo")))
            .respond_with(ok(json!({ "sub": way })))
            .mount(&server)
            .await;
    }
    let two = DISCOVERED
        .replace(
            "variables:\n",
            "variables:\n  other: { title: Other, type: url, set_by: operator }\n",
        )
        .replace(
            "api:\n",
            "  - kind: oauth2\n    id: oauth2-other\n    title: Sign in elsewhere\n    discover: { issuer: \"${variables.other}\" }\n    headers: { Authorization: \"Bearer ${credential.access_token}\" }\napi:\n",
        );
    let integration = definition(&two);
    let (first, other) = (format!("{}/a", server.uri()), format!("{}/b", server.uri()));
    let inputs = Inputs::new()
        .text("variables", "issuer", &first)
        .text("variables", "other", &other);
    let credential = vault::Credential::OAuth2(OAuth2Tokens {
        access_token: SecretString::from("at"),
        refresh_token: None,
        token_type: "Bearer".to_owned(),
        client: None,
        dpop_key: None,
    });
    for (way, account) in [("oauth2", "a"), ("oauth2-other", "b")] {
        let found = protocol(&server)
            .check(&integration, (way, &credential), &inputs)
            .await
            .unwrap();
        assert_eq!(found.id.as_deref(), Some(account), "{way}");
    }
}
