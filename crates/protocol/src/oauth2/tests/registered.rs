//! Services that name their authorization server, and clients that register themselves.

use vault::RegisteredClient;
use wiremock::matchers::{body_partial_json, header};

use super::*;

const SERVER: &str = r#"
id: tools
name: Tools
description: A server of tools.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  issuer: { title: Address, type: url }
auth:
  - kind: mcp
    title: Sign in
    url: "${variables.issuer}"
api: { base_url: "${variables.issuer}" }
"#;

/// A server of tools with these documents; the sign-in of `setting` is to its origin.
async fn tools(documents: &[(&str, Value)], challenge: Option<&str>) -> (MockServer, Setting) {
    let server = MockServer::start().await;
    let origin = server.uri();
    let mut refusal = ResponseTemplate::new(401);
    if let Some(challenge) = challenge {
        refusal = refusal.insert_header("www-authenticate", challenge.replace("ORIGIN", &origin).as_str());
    }
    Mock::given(method("POST"))
        .and(path("/"))
        .respond_with(refusal)
        .mount(&server)
        .await;
    for (at, document) in documents {
        let document: Value = serde_json::from_str(&document.to_string().replace("ORIGIN", &origin)).unwrap();
        Mock::given(method("GET"))
            .and(path(*at))
            .respond_with(ok(document))
            .mount(&server)
            .await;
    }
    let setting = Setting::new(&server, definition(SERVER));
    (server, setting)
}

fn metadata(authentication: &[&str]) -> Value {
    json!({
        "issuer": "ORIGIN", "authorization_endpoint": "ORIGIN/authorize", "token_endpoint": "ORIGIN/token",
        "revocation_endpoint": "ORIGIN/revoke", "registration_endpoint": "ORIGIN/register",
        "token_endpoint_auth_methods_supported": authentication,
    })
}

const METADATA: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

#[tokio::test]
async fn a_client_is_registered_and_authenticates_as_the_server_said() {
    for (authentication, expected) in [
        (&["client_secret_post", "none"][..], "none"),
        (&["client_secret_post"], "client_secret_post"),
        (&["client_secret_post", "client_secret_basic"], "client_secret_basic"),
    ] {
        let resource =
            json!({ "resource": "ORIGIN", "authorization_servers": ["ORIGIN"], "scopes_supported": ["tools"] });
        let (server, setting) = tools(&[(RESOURCE, resource), (METADATA, metadata(authentication))], None).await;
        let secret = (expected != "none").then_some("secret-canary");
        Mock::given(path("/register"))
            .and(body_partial_json(
                json!({ "client_name": "Shop", "token_endpoint_auth_method": expected }),
            ))
            .respond_with(ResponseTemplate::new(201).set_body_json(
                json!({ "client_id": "registered 1", "client_secret": secret, "token_endpoint_auth_method": expected }),
            ))
            .expect(1)
            .mount(&server)
            .await;
        Mock::given(path("/token"))
            .respond_with(ok(
                json!({ "access_token": "at", "refresh_token": "rt", "expires_in": 60 }),
            ))
            .mount(&server)
            .await;
        let protocol = protocol(&server);
        let registered = protocol.register(&setting.client(), "Shop").await.unwrap();
        assert!(!format!("{registered:?}").contains("canary"));
        let client = Client {
            registered: Some(&registered),
            ..setting.client()
        };

        let url = protocol.authorize(&client, "s", Some(&verifier()), &[]).await.unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["client_id"], "registered 1");
        assert_eq!(
            (query["scope"].as_str(), query["resource"].as_str()),
            ("tools", server.uri().as_str())
        );

        let code = SecretString::from("c");
        let granted = protocol
            .exchange(&client, &code, Some(&verifier()), &json!({}))
            .await
            .unwrap();
        assert_eq!(granted.tokens.client.as_ref().unwrap().id, "registered 1");
        let refreshed = protocol
            .refresh(&client, granted.tokens.refresh_token.as_ref().unwrap())
            .await
            .unwrap();
        assert_eq!(refreshed.tokens.client.as_ref().unwrap().authentication, expected);

        let asked = server.received_requests().await.unwrap();
        let asked: Vec<Seen> = asked
            .iter()
            .filter(|one| one.url.path() == "/token")
            .map(seen)
            .collect();
        assert_eq!(asked.len(), 2);
        for one in asked {
            assert_eq!(one.body["resource"], server.uri());
            let basic = expected == "client_secret_basic";
            assert_eq!(one.basic.is_some(), basic);
            assert_eq!(one.body.contains_key("client_id"), !basic);
            assert_eq!(one.body.contains_key("client_secret"), expected == "client_secret_post");
        }
    }
}

#[tokio::test]
async fn the_challenge_names_the_metadata_and_the_scopes() {
    let resource = json!({ "resource": "ORIGIN/", "authorization_servers": ["ORIGIN"], "scopes_supported": ["all"] });
    let challenge = r#"Bearer resource_metadata="ORIGIN/elsewhere", scope="read write""#;
    let (server, setting) = tools(
        &[("/elsewhere", resource), (METADATA, metadata(&["none"]))],
        Some(challenge),
    )
    .await;
    let client = RegisteredClient {
        id: "c".to_owned(),
        secret: None,
        authentication: "none".to_owned(),
    };
    let client = Client {
        registered: Some(&client),
        ..setting.client()
    };
    let url = protocol(&server)
        .authorize(&client, "s", Some(&verifier()), &[])
        .await
        .unwrap();
    let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(query["scope"], "read write");
}

#[tokio::test]
async fn a_server_without_metadata_of_its_own_is_its_own_authorization_server() {
    let (server, setting) = tools(&[("/.well-known/openid-configuration", metadata(&["none"]))], None).await;
    let url = protocol(&server)
        .authorize(&setting.client(), "s", Some(&verifier()), &[])
        .await
        .unwrap();
    assert!(url.as_str().starts_with(&format!("{}/authorize?", server.uri())));
}

#[tokio::test]
async fn what_cannot_be_signed_in_to_is_told_before_anything_is_sent() {
    let good = || json!({ "resource": "ORIGIN", "authorization_servers": ["ORIGIN"] });
    let mut unregistered = metadata(&["none"]);
    unregistered.as_object_mut().unwrap().remove("registration_endpoint");
    let cases = [
        (
            vec![(RESOURCE, good()), (METADATA, unregistered)],
            "takes no clients that register themselves",
        ),
        (
            vec![(RESOURCE, good()), (METADATA, metadata(&["private_key_jwt"]))],
            "no client authentication of ours",
        ),
        (
            vec![(
                RESOURCE,
                json!({ "resource": "https://evil.test", "authorization_servers": ["ORIGIN"] }),
            )],
            "about another address",
        ),
        (
            vec![(RESOURCE, json!({ "resource": "ORIGIN" }))],
            "names no authorization server",
        ),
        (
            vec![(
                RESOURCE,
                json!({ "resource": "ORIGIN", "authorization_servers": ["http://10.0.0.1"] }),
            )],
            "authorization server is refused",
        ),
        (vec![], "metadata cannot be used"),
    ];
    for (documents, words) in cases {
        let (server, setting) = tools(&documents, None).await;
        let error = protocol(&server).register(&setting.client(), "Shop").await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_refused_registration_and_an_odd_answer_are_errors() {
    let resource = json!({ "resource": "ORIGIN", "authorization_servers": ["ORIGIN"] });
    for (answer, words) in [
        (
            ResponseTemplate::new(400).set_body_json(json!({ "error": "invalid_redirect_uri" })),
            "invalid_redirect_uri",
        ),
        (ResponseTemplate::new(201).set_body_json(json!({})), "no client_id"),
        (
            ResponseTemplate::new(201)
                .set_body_json(json!({ "client_id": "c", "token_endpoint_auth_method": "private_key_jwt" })),
            "client authentication that we do not have",
        ),
        (
            ResponseTemplate::new(201)
                .set_body_json(json!({ "client_id": "c", "token_endpoint_auth_method": "client_secret_basic" })),
            "client authentication that we do not have",
        ),
    ] {
        let documents = [(RESOURCE, resource.clone()), (METADATA, metadata(&["none"]))];
        let (server, setting) = tools(&documents, None).await;
        Mock::given(path("/register"))
            .and(header("content-type", "application/json"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let error = protocol(&server).register(&setting.client(), "Shop").await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
