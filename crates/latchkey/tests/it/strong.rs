//! Clients with a private key, requests that are sent ahead, tokens that are bound to a key, and the operator's own client.

use std::collections::BTreeMap;

use broker::Scope;
use serde_json::{Value, json};
use store::AppSettings;
use testkit::{Answer, OddProvider, Reply, StartedFlow, TestServer};
use vault::{Environment, SecretString};

const BASE: &str = "variables:
  base: { title: Base, type: origin, set_by: operator }
api:
  base_url: \"${variables.base}/api\"
  headers: { Authorization: \"SCHEME ${credential.access_token}\" }
check:
  get: /me
  account: { id: \"${body.id}\", name: \"${body.name}\" }
auth:
";
/// More headers ride on the type of the body.
const CHALLENGE: &str =
    "application/json\r\ndpop-nonce: nonce-1\r\nwww-authenticate: DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";

/// A definition with this way to sign in.
fn definition(id: &str, scheme: &str, way: &str) -> (String, String) {
    let head = format!(
        "id: {id}\nname: Service {id}\ndescription: A service for tests.\ncategories: [testing]\n\
         docs: https://docs.example.test\nsources: [https://docs.example.test]\n"
    );
    let way: String = way.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    let way = way.replacen("    ", "  - ", 1);
    (
        format!("{id}.yaml"),
        format!("{head}{}{way}", BASE.replace("SCHEME", scheme)),
    )
}

const KEYED: &str = "kind: oauth2
title: Sign in
authorize: { url: \"${variables.base}/authorize\" }
token: { url: \"${variables.base}/token\", client_auth: private_key_jwt, assertion: { algorithm: ES256 } }";
const AHEAD: &str = "kind: oauth2
title: Sign in
authorize: { url: \"${variables.base}/authorize\", pushed: { url: \"${variables.base}/ahead\" } }
token: { url: \"${variables.base}/token\" }";
const BOUND: &str = "kind: oauth2
title: Sign in
authorize: { url: \"${variables.base}/authorize\" }
token: { url: \"${variables.base}/token\" }
revoke: { url: \"${variables.base}/revoke\" }
dpop: true";
const MACHINE: &str = "kind: oauth2_client_credentials
title: The app
set_by: operator
token: { url: \"${variables.base}/token\" }";

struct Setting {
    provider: OddProvider,
    server: TestServer,
}

impl Setting {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .allowing(&provider.url())
            .with_definitions([
                definition("keyed", "Bearer", KEYED),
                definition("ahead", "Bearer", AHEAD),
                definition("bound", "DPoP", BOUND),
                definition("machine", "Bearer", MACHINE),
            ])
            .start()
            .await;
        Self { provider, server }
    }

    /// Sets an app with a client secret.
    async fn set(&self, integration: &str) {
        let settings = AppSettings {
            enabled: Some(true),
            client_id: Some("client-1".to_owned()),
            client_secret: Some(SecretString::from("canary-client-secret-77")),
            variables: Some(BTreeMap::from([("base".to_owned(), self.provider.url())])),
            ..AppSettings::default()
        };
        let (store, project) = (&self.server.store, self.server.project.id);
        store
            .set_app(project, Environment::Test, integration, &self.server.url, settings)
            .await
            .unwrap();
    }

    async fn begin(&self, integration: &str) -> StartedFlow {
        let session = self.server.session(&json!({ "identity": "u-1" })).await;
        self.server.begin_with(&session, integration, "popup").await
    }

    async fn bound(&self) -> Value {
        self.set("bound").await;
        let flow = self.begin("bound").await;
        let browser = self.server.browser();
        let authorize = browser.leave(&flow).await;
        assert!(StartedFlow::parameter(&authorize, "dpop_jkt").is_some());
        self.provider.reply(bound("at-1", "rt-1"));
        browser.get(&testkit::callback_of(&authorize, "code")).await.expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["status"], "success", "{outcome}");
        outcome["connection"].clone()
    }

    async fn state(&self) -> String {
        let query = "select state || coalesce(':' || state_reason, '') from connections";
        self.server.database.text(query).await
    }

    async fn submit(&self) -> Answer {
        let session = self.server.session(&json!({ "identity": "u-1" })).await;
        let body = json!({ "integration": "machine", "auth": null, "embedder": testkit::SHOP, "values": {} });
        let browser = self.server.browser();
        browser.post("/connect/api/submit", Some(&session), &body).await
    }
}

fn bound(access: &str, refresh: &str) -> Reply {
    let body = json!({ "access_token": access, "refresh_token": refresh, "token_type": "DPoP", "expires_in": 3600 });
    Reply::json(200, &body)
}

fn challenge(status: u16) -> Reply {
    Reply::With(status, CHALLENGE, json!({ "error": "use_dpop_nonce" }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_given_or_made_sealed_and_its_public_half_served() {
    let setting = Setting::new().await;
    let server = &setting.server;
    let admin = server.key_with(&[Scope::Admin]).await;
    let path = format!("/v1/management/organizations/{}/authkit", server.project.id);
    let put = async |changes: Value| {
        let mut body = json!({
            "connectionDefinitionId": "conn_def_keyed", "environment": "test", "active": true, "clientId": "client-1" });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        server.api("PUT", &path).key(&admin).json(&body).send().await
    };
    let rsa = include_str!("../../../conformance/keys/rsa.pem");
    let ours = include_str!("../../../conformance/keys/p256.pem");
    for (changes, status, said) in [
        (json!({}), 422, "needs a private key of the OAuth client"),
        (
            json!({ "clientKey": "canary" }),
            400,
            "neither a private key in PEM nor a private JSON Web Key",
        ),
        (json!({ "clientKey": rsa }), 400, "ES256 takes a key on the curve P-256"),
        (
            json!({ "clientKey": rsa.replace("PRIVATE", "PUBLIC") }),
            400,
            "give the private key",
        ),
        (
            json!({ "clientKey": ours, "generateClientKey": true }),
            400,
            "Send one of the two",
        ),
        (json!({ "clientKeyId": "k" }), 400, "names a key that is not there"),
        (
            json!({ "clientKey": ours, "clientKeyId": "two words" }),
            400,
            "not one word",
        ),
        (
            json!({ "clientKey": ours, "connectionDefinitionId": "conn_def_ahead" }),
            422,
            "takes no private key",
        ),
    ] {
        let answer = put(changes.clone()).await;
        assert_eq!(answer.status, status, "{changes} {}", answer.text);
        assert!(
            answer.text.contains(said) && !answer.text.contains("canary"),
            "{}",
            answer.text
        );
    }
    let made = put(json!({ "generateClientKey": true })).await.expect(200).json();
    let key = &made["jwks"]["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("ES256"), &json!("sig"))
    );
    assert!(key.get("d").is_none());
    let address = made["jwksUri"]
        .as_str()
        .unwrap()
        .strip_prefix(&server.url)
        .unwrap()
        .to_owned();
    let public = server.browser().get(&address).await.expect(200);
    assert_eq!(public.header("content-type"), "application/jwk-set+json");
    assert_eq!(public.json(), made["jwks"]);
    // Another key in the database is no key of ours: what is told comes from the sealed one.
    let forged =
        "update apps set key_public = key_public || '{\"x\": \"AAAA\", \"y\": \"BBBB\"}' where key_public is not null";
    assert_eq!(server.database.execute(forged).await, 1);
    assert_eq!(server.browser().get(&address).await.json(), made["jwks"]);

    let given = put(json!({ "clientKey": ours, "clientKeyId": "key-1" }))
        .await
        .expect(200);
    assert!(!given.text.contains("PRIVATE"));
    let given = given.json();
    assert_eq!(given["jwks"]["keys"][0]["kid"], "key-1");
    assert_eq!(server.browser().get(&address).await.json(), given["jwks"]);
    // What is not given stays.
    let same = put(json!({ "active": false })).await.expect(200).json();
    assert_eq!(same["jwks"], given["jwks"]);

    let line = ours.lines().nth(1).unwrap();
    assert!(!server.database.dump().await.contains(line), "the key is sealed");
    let audited = server
        .database
        .text("select string_agg(detail::text, '') from audit_log where action = 'app.set'");
    let audited = audited.await;
    assert!(
        audited.contains("client_key_changed") && !audited.contains(line),
        "{audited}"
    );
    for nowhere in [
        "/connections/oauth/jwks/nothing".to_owned(),
        format!("/connections/oauth/jwks/{}", uuid::Uuid::new_v4()),
    ] {
        assert_eq!(server.browser().get(&nowhere).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_refused_ahead_ends_the_flow_in_the_services_words() {
    let setting = Setting::new().await;
    setting.set("ahead").await;
    for (code, status, expected, words) in [
        ("invalid_request", 400, "app_refused", "It said: “no such thing”"),
        ("invalid_client", 401, "app_broken", "refused this app's client"),
        ("unheard_of", 400, "provider_refused", "refused the sign-in"),
    ] {
        let flow = setting.begin("ahead").await;
        let body = json!({ "error": code, "error_description": "no such thing" });
        setting.provider.reply_at("/ahead", Reply::json(status, &body));
        let browser = setting.server.browser();
        let url = browser.leave(&flow).await;
        assert_eq!(url, format!("{}/connect/done?f={}", setting.server.url, flow.flow));
        let outcome = browser.check(&flow.result).await;
        assert_eq!(
            (&outcome["status"], &outcome["code"]),
            (&json!("error"), &json!(expected)),
            "{outcome}"
        );
        assert!(outcome["message"].as_str().unwrap().contains(words), "{outcome}");
        browser.get(&url).await.expect(200);
    }
    assert!(setting.provider.seen("/token").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_takes_it_ahead_the_ticket_stays_good() {
    let setting = Setting::new().await;
    setting.set("ahead").await;
    for reply in [
        Reply::HangUp,
        Reply::json(503, &json!({})),
        Reply::With(200, "text/html", "<h1>It works!</h1>".to_owned()),
    ] {
        let flow = setting.begin("ahead").await;
        setting.provider.reply_at("/ahead", reply.clone());
        let browser = setting.server.browser();
        let away = browser.redeem(&flow).await;
        assert_eq!(away.problem(503), "provider_unavailable", "{reply:?}");
        let body = json!({ "request_uri": "urn:example:1", "expires_in": 60 });
        setting.provider.reply_at("/ahead", Reply::json(201, &body));
        let url = browser.leave(&flow).await;
        assert_eq!(
            url,
            format!(
                "{}/authorize?client_id=client-1&request_uri=urn%3Aexample%3A1",
                setting.provider.url()
            )
        );
        let sent = setting.provider.seen("/ahead");
        let sent = sent.last().unwrap();
        assert!(
            sent.body.contains("code_challenge=") && sent.body.contains("state="),
            "{}",
            sent.body
        );
        assert!(sent.head.contains("authorization: basic "), "{}", sent.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_at_the_refresh_is_no_second_use() {
    let setting = Setting::new().await;
    setting.bound().await;
    setting.server.advance(3400).await;
    setting.provider.reply(challenge(400));
    setting.provider.reply(bound("at-2", "rt-2"));
    assert_eq!(setting.server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(setting.state().await, "operational");
    let sent = setting.provider.seen("/token");
    // The code, and twice the same refresh token: the first time was not taken.
    assert_eq!(sent.len(), 3);
    assert!(sent[1..].iter().all(|seen| seen.body.contains("refresh_token=rt-1")));

    // After the nonce the answer is lost: in doubt as any other, and offered once more.
    setting.server.advance(3400).await;
    setting.provider.reply(challenge(400));
    setting.provider.reply(Reply::HangUp);
    setting.server.broker.refresh_tick().await.unwrap();
    assert_eq!(setting.state().await, "degraded:refresh_failing");
    setting.server.advance(30).await;
    setting.provider.reply(bound("at-3", "rt-3"));
    assert_eq!(setting.server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(setting.state().await, "operational");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_a_body_is_sent_again_with_the_nonce() {
    let setting = Setting::new().await;
    let connection = setting.bound().await;
    let key = connection["key"].as_str().unwrap();
    let call = async |body: Value| {
        let call = setting.server.api("POST", "/v1/passthrough/x").connection(key);
        call.json(&body).send().await
    };
    setting.provider.reply_at("/api/x", challenge(401));
    call(json!({ "name": "one" })).await.expect(200);
    let sent = setting.provider.seen("/api/x");
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|seen| seen.body == r#"{"name":"one"}"#), "{sent:?}");
    assert_eq!(setting.provider.seen("/token").len(), 1, "no refresh");

    // Asked for twice, the answer is the caller's; and it is no reason for a refresh either.
    setting.provider.reply_at("/api/x", challenge(401));
    setting.provider.reply_at("/api/x", challenge(401));
    assert_eq!(call(json!({})).await.status, 401);
    assert_eq!(setting.provider.seen("/token").len(), 1, "no refresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_bound_to_nothing_makes_no_connection() {
    let setting = Setting::new().await;
    setting.set("bound").await;
    let flow = setting.begin("bound").await;
    let browser = setting.server.browser();
    let authorize = browser.leave(&flow).await;
    setting.provider.reply(Reply::tokens("at-unbound", "rt-unbound", 3600));
    browser.get(&testkit::callback_of(&authorize, "code")).await.expect(303);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(
        (&outcome["status"], &outcome["code"]),
        (&json!("error"), &json!("app_broken")),
        "{outcome}"
    );
    assert!(
        outcome["message"].as_str().unwrap().contains("switch DPoP on"),
        "{outcome}"
    );
    assert_eq!(
        setting
            .server
            .database
            .text("select count(*)::text from connections")
            .await,
        "0"
    );
    // They are good at the service all the same.
    setting.server.broker.revoke_tick().await.unwrap();
    let given_back = setting.provider.seen("/revoke");
    let given_back = given_back.first().map(|seen| seen.body.as_str()).unwrap_or_default();
    assert!(given_back.contains("token=rt-unbound"), "{given_back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_came_with_an_unbound_access_is_kept() {
    let setting = Setting::new().await;
    let connection = setting.bound().await;
    setting.server.advance(3400).await;
    setting.provider.reply(Reply::tokens("at-unbound", "rt-2", 3600));
    assert_eq!(setting.server.broker.refresh_tick().await.unwrap().refreshed, 0);
    assert_eq!(setting.state().await, "degraded:app_broken");
    let told = "select string_agg(type || coalesce(':' || (payload->>'reason'), ''), ' ' order by id) from events
                where type in ('oauth.refreshed', 'connection.recovered', 'connection.degraded')";
    let told = async || setting.server.database.text(told).await;
    assert_eq!(told().await, "connection.degraded:app_broken");
    assert!(!setting.server.database.dump().await.contains("rt-2"));

    // Calls go on with the access of before, to its end.
    let key = connection["key"].as_str().unwrap();
    let call = setting.server.api("GET", "/v1/passthrough/x").connection(key);
    call.send().await.expect(200);
    let sent = setting.provider.seen("/api/x");
    assert_eq!(sent[0].authorization, "DPoP at-1");
    let ends = "select round(extract(epoch from expires_at - issued_at))::bigint from credentials";
    assert_eq!(setting.server.database.number(ends).await, 3600);

    // The one of before is spent: once the app is mended, the new one buys the next.
    setting.server.advance(41).await;
    setting.provider.reply(bound("at-3", "rt-3"));
    assert_eq!(setting.server.broker.refresh_tick().await.unwrap().refreshed, 1);
    let last = setting.provider.seen("/token").pop().unwrap();
    assert!(last.body.contains("refresh_token=rt-2"), "{}", last.body);
    assert_eq!(setting.state().await, "operational");
    assert_eq!(told().await, "connection.degraded:app_broken connection.recovered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_key_is_gone_sends_nothing() {
    let setting = Setting::new().await;
    for integration in ["ahead", "bound"] {
        setting.set(integration).await;
    }
    let flow = setting.begin("ahead").await;
    let body = json!({ "request_uri": "urn:example:1", "expires_in": 60 });
    setting.provider.reply_at("/ahead", Reply::json(201, &body));
    let browser = setting.server.browser();
    browser.leave(&flow).await;
    let sent = format!("?{}", setting.provider.seen("/ahead")[0].body);
    let callback = testkit::callback_of(&format!("{}/authorize{sent}", setting.provider.url()), "code");
    browser.get(&callback).await.expect(303);
    let outcome = browser.check(&flow.result).await;
    let key = outcome["connection"]["key"].as_str().unwrap().to_owned();
    // As if its definition had not bound tokens when it was made.
    let moved =
        "update connections set integration = 'bound', app_id = (select id from apps where integration = 'bound')";
    assert_eq!(setting.server.database.execute(moved).await, 1);
    let before = setting.provider.seen("/").len();
    let call = setting
        .server
        .api("GET", "/v1/passthrough/x")
        .connection(&key)
        .send()
        .await;
    assert_eq!(call.problem(400), "passthrough_refused");
    assert!(call.text.contains("must be connected again"), "{}", call.text);
    setting.server.advance(3400).await;
    for expected in ["degraded:grant_refused", "failed:grant_gone"] {
        setting.server.broker.refresh_tick().await.unwrap();
        assert_eq!(setting.state().await, expected);
        setting.server.advance(61).await;
    }
    assert_eq!(setting.provider.seen("/").len(), before, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_client_logs_in_and_nothing_is_typed() {
    let setting = Setting::new().await;
    setting.set("machine").await;
    setting
        .provider
        .reply(Reply::json(200, &json!({ "access_token": "at-1", "expires_in": 3600 })));
    let made = setting.submit().await.expect(200).json();
    assert_eq!(made["connection"]["state"], "operational", "{made}");
    let asked = &setting.provider.seen("/token")[0];
    assert!(asked.head.contains("authorization: basic "), "{}", asked.head);
    assert_eq!(asked.body, "grant_type=client_credentials");
    setting.server.advance(3400).await;
    setting
        .provider
        .reply(Reply::json(200, &json!({ "access_token": "at-2", "expires_in": 3600 })));
    assert_eq!(setting.server.broker.refresh_tick().await.unwrap().refreshed, 1);

    // A client that is no longer taken is the app's fault: no connection ends by it.
    setting.server.advance(3400).await;
    for _ in 0..2 {
        setting
            .provider
            .reply(Reply::json(401, &json!({ "error": "invalid_client" })));
        setting.server.broker.refresh_tick().await.unwrap();
        setting.server.advance(120).await;
    }
    let state = setting.state().await;
    assert!(!state.starts_with("failed"), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_client_that_is_refused_is_told_to_nobody_as_their_mistake() {
    let setting = Setting::new().await;
    setting.set("machine").await;
    let body = json!({ "error": "invalid_client", "error_description": "unknown client" });
    setting.provider.reply(Reply::json(401, &body));
    let refused = setting.submit().await;
    assert_eq!(refused.problem(424), "app_broken", "{}", refused.text);
    assert!(
        refused.text.contains("its secret or key") && refused.text.contains("unknown client"),
        "{}",
        refused.text
    );
    // Without a client it is not offered.
    let store = &setting.server.store;
    let none = AppSettings::default();
    store
        .set_app(
            setting.server.project.id,
            Environment::Live,
            "machine",
            &setting.server.url,
            none,
        )
        .await
        .unwrap();
    let listed = setting
        .server
        .api("POST", "/v1/authkit/token")
        .key(&setting.server.live_key)
        .send()
        .await;
    assert!(!listed.expect(200).text.contains("machine"));
}
