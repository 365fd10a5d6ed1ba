//! Odd authorization requests, and scopes.

use super::*;
use crate::testing::signing_in;

async fn address(lines: &str, scopes: Option<&[String]>) -> String {
    let server = MockServer::start().await;
    let setting = Setting::new(&server, signing_in(lines));
    let client = Client {
        scopes,
        ..setting.client()
    };
    let url = protocol(&server)
        .authorize(&client, "s", Some(&verifier()), &[])
        .await
        .unwrap();
    url.as_str().replace("http://localhost:8080", "")
}

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn parameters_can_have_other_names_and_stand_behind_a_fragment() {
    let redirect: String = url::form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect();
    let lines = r#"authorize: { url: "${instance.public_url}/a", names: { client_id: client_key, redirect_uri: back, response_type: kind, code_challenge: proof, code_challenge_method: how }, params: { thing: "other thing" } }
token: { url: "${instance.sandbox_url}/token" }
callback: { state: ticket }"#;
    assert_eq!(
        address(lines, None).await,
        format!(
            "/a?kind=code&client_key=my+client&ticket=s&proof={CHALLENGE}&how=S256&back={redirect}&thing=other+thing"
        )
    );
    let lines = r#"authorize: { url: "${instance.public_url}/a#!/apps/${variables.site}/authorize" }
token: { url: "${instance.sandbox_url}/token" }
pkce: off
pkce_off_reason: A test."#;
    assert_eq!(
        address(lines, None).await,
        format!("/a#!/apps/main/authorize?response_type=code&client_id=my+client&state=s&redirect_uri={redirect}")
    );
}

#[tokio::test]
async fn renamed_parameters_cannot_be_set_from_outside() {
    let server = MockServer::start().await;
    let lines = r#"authorize: { url: "${instance.public_url}/a", names: { client_id: client_key } }
token: { url: "${instance.sandbox_url}/token" }
scopes: { default: [a], optional: [b], optional_parameter: optional_scope }
callback: { state: ticket }"#;
    let setting = Setting::new(&server, signing_in(lines));
    for name in ["client_key", "ticket", "optional_scope", "client_id", "state", "scope"] {
        let extra = [(name.to_owned(), "evil".to_owned())];
        let result = protocol(&server)
            .authorize(&setting.client(), "s", Some(&verifier()), &extra)
            .await;
        assert!(matches!(result, Err(TokenError::Configuration(_))), "{name}");
    }
}

#[tokio::test]
async fn scopes_are_sent_as_the_service_wants_them() {
    let scope_of = |address: String| {
        let query = address.split_once('?').unwrap().1.to_owned();
        query
            .split('&')
            .filter(|pair| pair.contains("scope="))
            .collect::<Vec<_>>()
            .join("&")
    };
    let lines = |scopes: &str| {
        format!(
            "authorize: {{ url: \"${{instance.public_url}}/a\" }}\ntoken: {{ url: \"${{instance.sandbox_url}}/token\" }}\nscopes: {{ {scopes} }}"
        )
    };
    let chosen = ["b:read".to_owned(), "d".to_owned()];
    for (scopes, app, expected) in [
        ("default: ['a:x', b]", None, "scope=a%3Ax+b"),
        ("default: ['a:x', b], separator: ','", None, "scope=a%3Ax%2Cb"),
        (
            "default: ['a:x', b], separator: ',', unescaped: true",
            None,
            "scope=a:x,b",
        ),
        ("default: [a, b], unescaped: true", None, "scope=a%20b"),
        ("default: [a, b], separator: '+', unescaped: true", None, "scope=a+b"),
        ("default: ['a&x=1#%'], unescaped: true", None, "scope=a%26x%3D1%23%25"),
        ("known: { a: See }", None, ""),
        (
            "default: [a], required: [r], optional: ['b:read', c], optional_parameter: optional_scope",
            None,
            "scope=a+r&optional_scope=b%3Aread+c",
        ),
        (
            "default: [a], required: [r], optional: ['b:read', c], optional_parameter: optional_scope",
            Some(&chosen[..]),
            "scope=d+r&optional_scope=b%3Aread",
        ),
        (
            "default: [a], optional: [c], optional_parameter: optional_scope",
            Some(&chosen[..1]),
            "scope=b%3Aread",
        ),
    ] {
        assert_eq!(scope_of(address(&lines(scopes), app).await), expected, "{scopes}");
    }
}

#[tokio::test]
async fn scopes_of_an_answer_are_spelt_as_they_were_asked_for() {
    let base = r#"authorize: { url: "${instance.public_url}/a" }
token: { url: "${instance.sandbox_url}/token" }
scopes: { default: [Mail.Read, "https://graph.example.com/Whole"], required: [User.Read], known: { Files.Read: See files }"#;
    let answered = "https://graph.example.com/mail.read HTTPS://GRAPH.EXAMPLE.COM/files.read user.read \
                    https://graph.example.com/whole https://graph.example.com/Other profile App.Only";
    let app = ["App.only".to_owned()];
    for (extra, expected) in [
        (
            ", answer_prefix: \"https://graph.example.com/\", ignore_case: true }",
            "Mail.Read Files.Read User.Read https://graph.example.com/Whole Other profile App.only",
        ),
        (
            ", answer_prefix: \"https://graph.example.com/\" }",
            "mail.read HTTPS://GRAPH.EXAMPLE.COM/files.read user.read whole Other profile App.Only",
        ),
        (" }", answered),
    ] {
        let answer = || ok(json!({ "access_token": "at", "scope": answered }));
        let server = stub("/token", vec![answer(), answer()]).await;
        let setting = Setting::new(&server, signing_in(&format!("{base}{extra}")));
        let client = Client {
            scopes: Some(&app),
            ..setting.client()
        };
        let code = SecretString::from("code");
        let granted = protocol(&server)
            .exchange(&client, &code, Some(&verifier()), &json!({}))
            .await
            .unwrap();
        assert_eq!(granted.scopes.unwrap().join(" "), expected, "{extra}");
        let refreshed = protocol(&server).refresh(&client, &code).await.unwrap();
        assert_eq!(refreshed.scopes.unwrap().join(" "), expected, "{extra}");
    }
}
