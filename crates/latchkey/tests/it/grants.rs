//! No grant is lost and none is revoked by accident, whatever happens around the moment when it arrives.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{OddProvider, Reply, StartedFlow, TestServer};

async fn setting() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

/// Waits for a stage that another task brings about.
async fn becomes(server: &TestServer, flow: &StartedFlow, stage: &str) {
    let reached = async {
        while server.stage(flow).await != stage {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(10), reached).await;
    assert!(reached.is_ok(), "{} instead of {stage}", server.stage(flow).await);
}

async fn session(server: &TestServer) -> String {
    server.session(&json!({ "identity": "u-42" })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_goes_away_loses_nothing() {
    let (provider, server) = setting().await;
    let (held, reply) = Reply::tokens("access-1", "refresh-1", 3600).held();
    provider.reply(reply);
    let (flow, browser, callback) = server.at_odd_callback(&session(&server).await, "code").await;
    let visit = tokio::spawn(async move { browser.get(&callback).await });
    held.arrived().await;
    visit.abort();
    assert!(visit.await.unwrap_err().is_cancelled());
    held.release();
    becomes(&server, &flow, "succeeded").await;
    assert_eq!(server.database.number("select count(*) from credentials").await, 1);
    assert_eq!(provider.seen("/token").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_was_cancelled_meanwhile_gives_its_grant_back() {
    let (provider, server) = setting().await;
    let (held, reply) = Reply::tokens("access-1", "refresh-1", 3600).held();
    provider.reply(reply);
    let (flow, browser, callback) = server.at_odd_callback(&session(&server).await, "code").await;
    let visit = tokio::spawn(async move { browser.get(&callback).await });
    held.arrived().await;
    // The replica is taken for dead: its flow ends as interrupted.
    server.advance(61).await;
    server.store.sweep_flows().await.unwrap();
    assert_eq!(server.stage(&flow).await, "failed");
    held.release();
    visit.await.unwrap().expect(303);
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
    provider.reply_at("/revoke", Reply::json(200, &json!({})));
    provider.reply_at("/revoke", Reply::json(200, &json!({})));
    server.broker.revoke_tick().await.unwrap();
    let revoked = provider.seen("/revoke");
    assert!(revoked[0].body.contains("token=refresh-1"), "{revoked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_comes_back_after_the_delete_is_revoked() {
    let (provider, server) = setting().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 60));
    let connection = server.connect_odd().await;
    server.advance(61).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 60).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let tick = tokio::spawn(async move { broker.refresh_tick().await });
    held.arrived().await;
    for _ in 0..4 {
        provider.reply_at("/revoke", Reply::json(200, &json!({})));
    }
    let id = connection["id"].as_str().unwrap();
    let path = format!("/v1/vault/connections/{id}");
    server.api("DELETE", &path).send().await.expect(200);
    held.release();
    tick.await.unwrap().unwrap();
    server.advance(121).await;
    server.broker.revoke_tick().await.unwrap();
    let bodies: Vec<String> = provider.seen("/revoke").into_iter().map(|seen| seen.body).collect();
    assert!(
        bodies.iter().any(|body| body.contains("token=refresh-2")),
        "the late token lives on: {bodies:?}"
    );
    assert_eq!(server.database.number("select count(*) from credentials").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_wait_as_long_as_the_provider_asks() {
    let (provider, server) = setting().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 60));
    let connection = server.connect_odd().await;
    server.advance(61).await;
    for _ in 0..2 {
        provider.reply_at("/token", Reply::json(500, &json!({ "error": "server_error" })));
    }
    let key = connection["key"].as_str().unwrap().to_owned();
    let call = || server.api("GET", "/v1/passthrough/me").connection(&key).send();
    let before = provider.seen("/token").len();
    assert_eq!(call().await.problem(424), "refresh_failed");
    assert_eq!(provider.seen("/token").len(), before + 1);
    for _ in 0..5 {
        let refused = call().await;
        assert_eq!(refused.problem(424), "refresh_failed");
        assert!(refused.header("retry-after").parse::<u64>().is_ok(), "{}", refused.text);
    }
    assert_eq!(provider.seen("/token").len(), before + 1, "the pause is not over");
    server.advance(700).await;
    provider.reply_at("/token", Reply::tokens("access-2", "refresh-2", 3600));
    call().await;
    assert_eq!(provider.seen("/token").len(), before + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_grant_that_does_not_open_stops_no_sweep() {
    let (provider, server) = setting().await;
    let project = server.broker.store().default_project().await.unwrap().unwrap();
    let change = store::ProjectChange {
        verify: Some(store::Verify::Always),
        verify_url: Some("https://shop.example.com/verify".to_owned()),
        ..store::ProjectChange::default()
    };
    server.store.change_project(project.id, change).await.unwrap();
    let mut flows = Vec::new();
    for round in ["1", "2"] {
        provider.reply(Reply::tokens(
            &format!("access-{round}"),
            &format!("refresh-{round}"),
            3600,
        ));
        let (flow, browser, callback) = server.at_odd_callback(&session(&server).await, round).await;
        browser.get(&callback).await.expect(303);
        assert_eq!(server.stage(&flow).await, "verifying");
        flows.push(flow);
    }
    let spoil = format!("update flows set quarantined = '\\x00' where id = '{}'", flows[0].flow);
    assert_eq!(server.database.execute(&spoil).await, 1);
    server.advance(301).await;
    server.store.sweep_flows().await.unwrap();
    for flow in &flows {
        assert_eq!(server.stage(flow).await, "rejected");
    }
    let queued = "select count(*) from revocations where status = 'pending'";
    assert_eq!(server.database.number(queued).await, 1, "the one that opens");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_fill_the_audit_log() {
    let (_provider, server) = setting().await;
    let (_flow, _browser, callback) = server.at_odd_callback(&session(&server).await, "code").await;
    for _ in 0..20 {
        server.browser().get(&callback).await.expect(400);
    }
    let missing = server.store.audit_count("flow.state_cookie_missing").await.unwrap();
    assert_eq!(missing, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_tells_how_its_browser_was_proved() {
    let (provider, server) = setting().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 3600));
    server.connect_odd().await;
    let detail = server
        .database
        .text("select detail::text from audit_log where action = 'connection.connected'")
        .await;
    let detail: Value = serde_json::from_str(&detail).unwrap();
    assert_eq!(detail["grade"], "same_origin", "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_integrations_and_unstorable_texts_are_named() {
    let (_provider, server) = setting().await;
    let ask = |body: Value| server.api("POST", "/v1/authkit/token").json(&body).send();
    assert_eq!(
        ask(json!({ "integrations": ["nope"] })).await.problem(400),
        "unknown_integration"
    );
    let unstorable = ask(json!({ "integrations": ["\u{0}"] })).await;
    assert_eq!(unstorable.status, 400, "{}", unstorable.text);
    let listed = server.api("GET", "/v1/vault/connections?identity=%00").send().await;
    assert_eq!(listed.status, 400, "{}", listed.text);
}
