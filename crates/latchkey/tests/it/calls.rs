//! Calls after a sign-in, whose answers say what a connection keeps.

use serde_json::{Value, json};
use testkit::{OddProvider, Reply, StartedFlow, TestServer};

struct Setting {
    provider: OddProvider,
    server: TestServer,
    session: String,
}

impl Setting {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .with_odd_provider(&provider)
            .with_calls()
            .start()
            .await;
        let session = server.session(&json!({ "identity": "u-1" })).await;
        Self {
            provider,
            server,
            session,
        }
    }

    /// The outcome of a sign-in whose two calls are answered so.
    async fn outcome(&self, metadata: &Reply, home: &Reply) -> Value {
        self.provider.forget_replies();
        self.provider.reply(Reply::json(
            200,
            &json!({ "access_token": "at-canary", "refresh_token": "rt-canary", "expires_in": 3600 }),
        ));
        self.provider.reply_at("/metadata", metadata.clone());
        self.provider.reply_at("/in/us19", home.clone());
        let flow = self.server.begin_with(&self.session, "odd-calls", "popup").await;
        let browser = self.server.browser();
        let authorize = browser.leave(&flow).await;
        let parameter = |name| StartedFlow::parameter(&authorize, name).unwrap();
        let callback = format!("{}?code=c&state={}", parameter("redirect_uri"), parameter("state"));
        browser.get(&callback).await.expect(303);
        browser.check(&flow.result).await
    }
}

fn metadata() -> Reply {
    Reply::json(
        200,
        &json!({ "dc": "us19", "api_endpoint": "https://us19.example.com" }),
    )
}

fn home() -> Reply {
    Reply::json(200, &json!({ "ok": true, "home": { "id": 77 } }))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_is_kept_and_is_there_for_the_next_call() {
    let setting = Setting::new().await;
    let (server, provider) = (&setting.server, &setting.provider);
    let outcome = setting.outcome(&metadata(), &home()).await;
    assert_eq!(outcome["status"], "success", "{outcome}");
    let kept = server.database.text("select variables::text from connections").await;
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept, json!({ "region": "us19", "home": "77" }));

    let first = &provider.seen("/metadata")[0];
    assert_eq!(
        (first.target.as_str(), first.authorization.as_str()),
        ("/metadata", "OAuth at-canary")
    );
    assert!(
        !first.head.contains("x-region"),
        "nothing that is not known yet: {}",
        first.head
    );
    let second = &provider.seen("/in/us19")[0];
    assert_eq!(
        (second.target.as_str(), second.authorization.as_str()),
        ("/in/us19", "Bearer at-canary")
    );
    assert_eq!(second.body, r#"{"want":"home"}"#);
    assert!(second.head.contains("x-region: us19"), "{}", second.head);
    assert_eq!(provider.seen("/api/77/me")[0].target, "/api/77/me?home=77");

    let key = outcome["connection"]["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/things")
        .connection(key)
        .send()
        .await
        .expect(200);
    assert_eq!(provider.seen("/api/77/things").len(), 1);
    // A refresh asks for nothing again, and keeps what is known.
    server.advance(3301).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(provider.seen("/metadata").len(), 1);
    server
        .api("GET", "/v1/passthrough/things")
        .connection(key)
        .send()
        .await
        .expect(200);
    assert_eq!(provider.seen("/api/77/things").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_lacks_something_gives_the_grant_back() {
    let setting = Setting::new().await;
    let json = |body: &Value| Reply::json(200, body);
    for (metadata, home, key) in [
        (json(&json!({})), home(), "choices_unexpected"),
        (json(&json!({ "dc": null })), home(), "choices_unexpected"),
        (json(&json!({ "dc": "evil.test/" })), home(), "choices_unexpected"),
        (
            Reply::With(200, "text/html", "<h1>us19</h1>".to_owned()),
            home(),
            "choices_unexpected",
        ),
        (
            Reply::json(401, &json!({ "message": "No at-canary" })),
            home(),
            "choices_refused",
        ),
        (Reply::json(503, &json!({})), home(), "provider_unavailable"),
        (
            metadata(),
            json(&json!({ "ok": false, "home": { "id": 77 } })),
            "choices_refused",
        ),
        (
            metadata(),
            json(&json!({ "ok": true, "home": {} })),
            "choices_unexpected",
        ),
    ] {
        let outcome = setting.outcome(&metadata, &home).await;
        assert_eq!(outcome["code"], key, "{metadata:?} {home:?}: {outcome}");
        assert!(!outcome.to_string().contains("canary"), "{outcome}");
    }
    let database = &setting.server.database;
    assert_eq!(database.number("select count(*) from connections").await, 0);
    setting.server.broker.revoke_tick().await.unwrap();
    let revoked = "select count(*) from revocations where status = 'revoked'";
    assert_eq!(database.number(revoked).await, 8);
    assert_eq!(
        setting.provider.seen("/api").len(),
        0,
        "no check of a grant that is not kept"
    );
}
