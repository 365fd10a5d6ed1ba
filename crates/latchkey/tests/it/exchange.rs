//! A token endpoint that answers oddly, late, or not at all.

use std::time::Duration;

use serde_json::json;
use testkit::{Answer, Browser, OddProvider, Reply, StartedFlow, TestServer};

struct Setting {
    provider: OddProvider,
    server: TestServer,
    session: String,
}

impl Setting {
    async fn new() -> Self {
        Self::with_patience(Duration::from_secs(20)).await
    }

    async fn with_patience(patience: Duration) -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .with_odd_provider(&provider)
            .patience(patience)
            .start()
            .await;
        let session = server.session(&json!({ "identity": "u-42" })).await;
        Self {
            provider,
            server,
            session,
        }
    }

    /// A flow at the odd provider whose browser stands before its callback.
    async fn before_callback(&self) -> (StartedFlow, Browser, String) {
        self.server
            .at_odd_callback(&self.session, &uuid::Uuid::new_v4().to_string())
            .await
    }

    fn is_done(&self, answer: &Answer, flow: &StartedFlow) {
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(
            answer.header("location"),
            format!("{}/connect/done?f={}", self.server.url, flow.flow)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_end_the_flow_with_a_name() {
    let setting = Setting::new().await;
    let html = "<html><script>alert('evil')</script><h1>It works!</h1></html>".to_owned();
    let cases = [
        ("provider_unavailable", Reply::With(200, "text/html", html.clone())),
        ("provider_unavailable", Reply::With(500, "text/html", html.clone())),
        (
            "provider_unavailable",
            Reply::With(503, "application/json", "{}".to_owned()),
        ),
        (
            "provider_unavailable",
            Reply::With(200, "application/json", "{".to_owned()),
        ),
        ("provider_unavailable", Reply::HangUp),
        ("code_expired", Reply::json(400, &json!({ "error": "invalid_grant" }))),
        (
            "code_expired",
            Reply::json(200, &json!({ "error": "invalid_grant", "error_description": "spent" })),
        ),
        ("app_broken", Reply::json(401, &json!({ "error": "invalid_client" }))),
    ];
    for (number, (expected, reply)) in cases.into_iter().enumerate() {
        setting.provider.reply(reply.clone());
        let (flow, browser, callback) = setting.before_callback().await;
        setting.is_done(&browser.get(&callback).await, &flow);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(
            (&outcome["status"], &outcome["code"]),
            (&json!("error"), &json!(expected)),
            "{reply:?} {outcome}"
        );
        let message = outcome["message"].as_str().unwrap();
        assert!(message.contains("Odd") && !message.contains('<'), "{message}");
        let done = browser.get(&format!("/connect/done?f={}", flow.flow)).await.expect(200);
        assert!(!done.text.contains("evil"), "{}", done.text);
        setting.is_done(&browser.get(&callback).await, &flow);
        assert_eq!(
            setting.provider.seen("/token").len(),
            number + 1,
            "asked once, whatever came"
        );
    }
    assert_eq!(
        setting.server.database.number("select count(*) from connections").await,
        0
    );
    assert_eq!(
        setting
            .server
            .database
            .number("select uses from connect_sessions")
            .await,
        0
    );
    // The session is not spent: the next one works.
    let (flow, browser, callback) = setting.before_callback().await;
    setting.is_done(&browser.get(&callback).await, &flow);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_none_end_the_flow() {
    let setting = Setting::new().await;
    for body in [
        json!({}),
        json!([]),
        json!({ "access_token": "" }),
        json!({ "access_token": 5 }),
        json!({ "token": "x" }),
    ] {
        setting.provider.reply(Reply::json(200, &body));
        let (flow, browser, callback) = setting.before_callback().await;
        setting.is_done(&browser.get(&callback).await, &flow);
        assert_eq!(browser.check(&flow.result).await["status"], "error", "{body}");
    }
    assert_eq!(
        setting.server.database.number("select count(*) from connections").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_cut() {
    let setting = Setting::new().await;
    let body = format!("{{\"access_token\":\"{}\"}}", "x".repeat(400_000));
    setting.provider.reply(Reply::With(200, "application/json", body));
    let (flow, browser, callback) = setting.before_callback().await;
    setting.is_done(&browser.get(&callback).await, &flow);
    assert_eq!(browser.check(&flow.result).await["code"], "provider_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_ends_the_flow_after_the_time_for_it() {
    let setting = Setting::with_patience(Duration::from_secs(2)).await;
    setting.provider.reply(Reply::Never);
    let (flow, browser, callback) = setting.before_callback().await;
    setting.is_done(&browser.get(&callback).await, &flow);
    assert_eq!(browser.check(&flow.result).await["code"], "provider_unavailable");
    assert_eq!(
        setting.provider.seen("/token").len(),
        1,
        "a code that may be spent is not tried again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_surely_not_sent_is_tried_again() {
    let setting = Setting::new().await;
    let (flow, browser, callback) = setting.before_callback().await;
    setting.provider.close();
    for _ in 0..2 {
        let page = browser.get(&callback).await;
        assert_eq!((page.status, page.header("retry-after")), (503, "3"), "{}", page.text);
        assert!(page.text.contains("Odd"), "{}", page.text);
        assert_eq!(setting.server.stage(&flow).await, "away");
    }
    setting.provider.open().await;
    setting.is_done(&browser.get(&callback).await, &flow);
    assert_eq!(setting.server.stage(&flow).await, "succeeded");
    assert_eq!(setting.provider.seen("/token").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_may_have_spent_the_code() {
    let setting = Setting::new().await;
    let (flow, browser, callback) = setting.before_callback().await;
    setting.provider.drop_unread(1);
    setting.is_done(&browser.get(&callback).await, &flow);
    assert_eq!(browser.check(&flow.result).await["code"], "provider_unavailable");
    setting.is_done(&browser.get(&callback).await, &flow);
    assert_eq!(
        setting.provider.seen("/token").len(),
        0,
        "the code is not sent a second time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_died_while_it_asked_leaves_an_interrupted_flow() {
    let setting = Setting::new().await;
    let (flow, browser, callback) = setting.before_callback().await;
    let (held, reply) = Reply::tokens("late-access", "late-refresh", 3600).held();
    setting.provider.reply(reply);
    let call = tokio::spawn({
        let (browser, callback) = (browser.clone(), callback.clone());
        async move { browser.get(&callback).await }
    });
    held.arrived().await;
    assert_eq!(setting.server.stage(&flow).await, "exchanging");
    setting.server.advance(61).await;
    assert_eq!(setting.server.store.sweep_flows().await.unwrap().interrupted, 1);
    assert_eq!(browser.check(&flow.result).await["code"], "interrupted");
    // It was alive after all: what it got becomes no connection and is taken back.
    held.release();
    setting.is_done(&call.await.unwrap(), &flow);
    assert_eq!(
        setting.server.database.number("select count(*) from connections").await,
        0
    );
    assert_eq!(
        setting
            .server
            .database
            .number("select uses from connect_sessions")
            .await,
        0
    );
    setting.server.broker.revoke_tick().await.unwrap();
    assert!(
        setting
            .provider
            .seen("/revoke")
            .iter()
            .any(|seen| seen.body.contains("late-"))
    );
    assert_eq!(browser.check(&flow.result).await["code"], "interrupted");
}
