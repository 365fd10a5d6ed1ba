//! How token requests are sent.

use super::*;
use crate::testing::signing_in;

const SECRET: &str = "p:%+&é/= canary";

/// One request as it went over the wire.
pub(super) struct Wire {
    pub(super) line: String,
    pub(super) query: HashMap<String, String>,
    headers: http::HeaderMap,
    body: String,
}

impl Wire {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// How many parameters the form has.
    pub(super) fn pairs(&self) -> usize {
        url::form_urlencoded::parse(self.body.as_bytes()).count()
    }

    pub(super) fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

pub(super) async fn wire(server: &MockServer) -> Vec<Wire> {
    let requests = server.received_requests().await.unwrap();
    let read = |request: &Request| Wire {
        line: format!("{} {}", request.method, request.url.path()),
        query: request.url.query_pairs().into_owned().collect(),
        headers: request.headers.clone(),
        body: String::from_utf8(request.body.clone()).unwrap(),
    };
    requests.iter().map(read).collect()
}

/// Exchange, refresh and revocation with a definition; everything is answered well.
async fn all_calls(lines: &str) -> Vec<Wire> {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ok(json!({ "access_token": "at", "refresh_token": "rt2" })))
        .mount(&server)
        .await;
    let setting = Setting::new(&server, signing_in(lines));
    let (client, protocol) = (setting.client(), protocol(&server));
    let code = SecretString::from("the code");
    let query = json!({ "shop": "a shop" });
    let granted = protocol
        .exchange(&client, &code, Some(&verifier()), &query)
        .await
        .unwrap();
    protocol.refresh(&client, &SecretString::from("rt")).await.unwrap();
    protocol.revoke(&client, &granted.tokens).await.unwrap();
    wire(&server).await
}

const ADDRESSES: &str = r#"
authorize: { url: "${instance.public_url}/authorize" }
"#;

fn with(lines: &str) -> String {
    format!("{}{}", ADDRESSES.trim_start(), lines.trim_start())
}

#[tokio::test]
async fn json_bodies_are_flat_objects_of_the_same_parameters() {
    let seen = all_calls(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", client_auth: body, body: json, headers: { Version: "2026-01-01" }, params: { site: "${variables.site}", expires_in: 172800, forever: false, text: "7", shop: "${query.shop}" } }
refresh: { params: { ttl: 60 } }
revoke: { url: "${instance.sandbox_url}/revoke", body: json }
"#,
    ))
    .await;
    assert_eq!(seen.len(), 4);
    for request in &seen {
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(
            request.header("version"),
            Some("2026-01-01"),
            "wherever the client is proved alike"
        );
        assert!(request.query.is_empty() && request.header("authorization").is_none());
    }
    let client = |mut rest: Value| {
        rest["client_id"] = json!("my client");
        rest["client_secret"] = json!(SECRET);
        rest
    };
    assert_eq!(
        seen[0].json(),
        client(json!({
            "grant_type": "authorization_code", "code": "the code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
            "site": "main", "expires_in": 172_800, "forever": false, "text": "7", "shop": "a shop",
        }))
    );
    assert_eq!(
        seen[1].json(),
        client(json!({ "grant_type": "refresh_token", "refresh_token": "rt", "ttl": 60 }))
    );
    assert_eq!(seen[2].json(), client(json!({ "token": "rt2" })));
    assert_eq!(seen[3].json(), client(json!({ "token": "at" })));
}

#[tokio::test]
async fn a_get_and_a_query_have_no_body() {
    let seen = all_calls(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", method: get, client_auth: body }
refresh: { method: post, body: query }
revoke: { url: "${instance.sandbox_url}/revoke", method: get, tokens: [refresh_token] }
"#,
    ))
    .await;
    let lines: Vec<&str> = seen.iter().map(|one| one.line.as_str()).collect();
    assert_eq!(lines, ["GET /token", "POST /token", "GET /revoke"]);
    for request in &seen {
        assert_eq!((request.body.as_str(), request.header("content-type")), ("", None));
        assert_eq!(request.query["client_secret"], SECRET);
    }
    assert_eq!(seen[0].query["code"], "the code");
    assert_eq!(seen[1].query["refresh_token"], "rt");
    assert_eq!(seen[2].query["token"], "rt2");
    assert!(!seen[2].query.contains_key("token_type_hint"));
}

#[tokio::test]
async fn the_client_can_be_proved_in_the_query_or_in_headers() {
    let seen = all_calls(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", client_auth: query }
revoke: { url: "${instance.sandbox_url}/revoke", client_auth: none }
"#,
    ))
    .await;
    for request in &seen[..2] {
        assert_eq!(
            (&*request.query["client_id"], &*request.query["client_secret"]),
            ("my client", SECRET)
        );
        assert!(!request.form().contains_key("client_secret") && !request.form().contains_key("client_id"));
        assert!(request.form().contains_key("grant_type"));
    }
    assert!(seen[2].query.is_empty() && seen[2].form()["client_id"] == "my client");

    let hidden = SECRET.replace('é', "e");
    let server = MockServer::start().await;
    let echo = ResponseTemplate::new(400)
        .set_body_json(json!({ "error": "invalid_client", "error_description": format!("what is Key {hidden}?") }));
    Mock::given(wiremock::matchers::any())
        .respond_with(echo)
        .mount(&server)
        .await;
    let mut setting = Setting::new(
        &server,
        signing_in(&with(
            r#"
token: { url: "${instance.sandbox_url}/token", client_auth: header, headers: { Authorization: "Key ${app.client_secret}", X-Client: "${app.client_id}" }, params: { client_id: "${app.client_id}" } }
revoke: { url: "${instance.sandbox_url}/revoke" }
"#,
        )),
    );
    setting.secret = SecretString::from(hidden.clone());
    let error = protocol(&server)
        .refresh(&setting.client(), &SecretString::from("rt"))
        .await
        .unwrap_err();
    assert_eq!(error.class(), FailureClass::AppBroken);
    assert_eq!(
        error.provider_message(),
        Some("what is [hidden]?"),
        "whatever the header is made of"
    );
    let code = SecretString::from("code");
    let _ = protocol(&server)
        .exchange(&setting.client(), &code, Some(&verifier()), &json!({}))
        .await;
    let seen = wire(&server).await;
    for request in &seen {
        assert_eq!(request.header("authorization"), Some(format!("Key {hidden}").as_str()));
        assert_eq!(request.header("x-client"), Some("my client"));
        assert!(!request.form().contains_key("client_secret"));
    }
    assert_eq!(
        seen[1].form()["client_id"],
        "my client",
        "beside the proof, where it is asked for"
    );
}

#[tokio::test]
async fn parameters_are_called_as_the_service_calls_them() {
    let seen = all_calls(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", client_auth: body, names: { client_id: client_key, client_secret: key, code: auth_code, redirect_uri: callback, grant_type: type, code_verifier: proof, refresh_token: again } }
revoke: { url: "${instance.sandbox_url}/revoke", parameter: access_token, tokens: [access_token] }
"#,
    ))
    .await;
    let names = |request: &Wire| {
        let mut names: Vec<String> = request.form().into_keys().collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(&seen[0]), "auth_code callback client_key key proof type");
    assert_eq!(names(&seen[1]), "again client_key key type");
    assert_eq!(names(&seen[2]), "access_token client_key key");
    assert_eq!((seen.len(), &*seen[2].form()["access_token"]), (3, "at"));
}

#[tokio::test]
async fn a_refresh_has_an_endpoint_and_parameters_of_its_own() {
    let seen = all_calls(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", client_auth: basic, body: json, omit: [grant_type, redirect_uri] }
refresh: { url: "${instance.sandbox_url}/refresh", method: get, client_auth: none, omit: [client_id], grant_type: again, redirect_uri: true }
"#,
    ))
    .await;
    assert_eq!(seen[0].json(), json!({ "code": "the code", "code_verifier": VERIFIER }));
    assert_eq!(seen[1].line, "GET /refresh");
    assert!(seen[1].header("authorization").is_none());
    let expected = [
        ("grant_type", "again"),
        ("refresh_token", "rt"),
        ("redirect_uri", REDIRECT),
    ];
    assert_eq!(
        seen[1].query,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    );
    assert_eq!(seen.len(), 2, "there is nothing to revoke at");
}

#[tokio::test]
async fn values_cannot_break_out_of_their_slot() {
    let server = stub(
        "/token",
        vec![ok(json!({ "access_token": "at" })), ok(json!({ "access_token": "at" }))],
    )
    .await;
    let definition = signing_in(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", client_auth: header, headers: { X-Secret: "${app.client_secret}" }, body: json, params: { shop: "${query.shop}" } }
"#,
    ));
    let mut setting = Setting::new(&server, definition);
    setting.secret = SecretString::from("plain");
    let shop = "\", \"code\": \"other\", \"${app.client_secret}\\";
    let (code, query) = (SecretString::from("co\"de"), json!({ "shop": shop }));
    protocol(&server)
        .exchange(&setting.client(), &code, Some(&verifier()), &query)
        .await
        .unwrap();
    let sent = wire(&server).await[0].json();
    assert_eq!((&sent["shop"], &sent["code"]), (&json!(shop), &json!("co\"de")));
    setting.secret = SecretString::from("one\r\nX-Other: two");
    let error = protocol(&server)
        .exchange(&setting.client(), &code, Some(&verifier()), &query)
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Configuration(_)) && error.surely_not_sent());
    assert!(!error.to_string().contains("two"), "{error}");
}

#[tokio::test]
async fn named_error_codes_are_read_in_every_shape() {
    let errors = |code: &str| ok(json!({ "ok": false, "error": { "code": code, "message": "no" } }));
    let server = stub("/refresh", vec![errors("TOKEN_DEAD"), errors("off"), errors("wait")]).await;
    let definition = signing_in(&with(
        r#"
token: { url: "${instance.sandbox_url}/token", body: json, ok: /ok }
refresh: { url: "${instance.sandbox_url}/refresh", body: form, errors: { grant_gone: [token_dead], app_broken: [off], transient: [wait] } }
"#,
    ));
    let setting = Setting::new(&server, definition);
    let client = setting.client();
    for expected in [
        FailureClass::GrantGone,
        FailureClass::AppBroken,
        FailureClass::Transient,
    ] {
        let error = protocol(&server)
            .refresh(&client, &SecretString::from("rt"))
            .await
            .unwrap_err();
        assert_eq!(error.class_under(&client.method.refresh.errors), expected, "{error:?}");
    }
}
