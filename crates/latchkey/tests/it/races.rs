//! The same thing asked for many times at once happens once.

use serde_json::json;
use testkit::{Account, Call, Consent, TestServer};
use tokio::task::JoinSet;

const ANN: Consent = Consent::Allow(Account::Ann);
const LIVE_GRANTS: &str = "select count(*) from sandbox_grants where revoked_at is null";

/// The statuses of calls that are sent together, in order.
async fn statuses(calls: impl IntoIterator<Item = Call>) -> Vec<u16> {
    let mut sent: JoinSet<_> = calls
        .into_iter()
        .map(|call| async move { call.send().await.status })
        .collect();
    let mut statuses = Vec::new();
    while let Some(status) = sent.join_next().await {
        statuses.push(status.unwrap());
    }
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    let found = statuses((0..8).map(|_| server.api("DELETE", &path))).await;
    assert_eq!(found, [200, 404, 404, 404, 404, 404, 404, 404]);
    assert_eq!(server.database.number("select count(*) from revocations").await, 1);
    assert_eq!(
        server
            .database
            .number("select count(*) from events where type = 'connection.deleted'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_in() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let body = json!({
        "integration": "sandbox", "auth": "api_key", "values": { "api_key": "sandbox_key_1234567890" }, "embedder": testkit::SHOP,
    });
    let call = || {
        let call = server.api("POST", "/connect/api/submit").no_key().json(&body);
        call.header("origin", &server.url)
            .header("authorization", &format!("Bearer {session}"))
    };
    let found = statuses((0..8).map(|_| call())).await;
    assert_eq!(found, [200; 8], "each is told of the one connection");
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    assert_eq!(server.database.number("select uses from connect_sessions").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn finishing_flows_of_one_session() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let browser = server.browser();
    let (mut flows, mut callbacks) = (Vec::new(), JoinSet::new());
    let mut addresses = Vec::new();
    for _ in 0..5 {
        let flow = server.begin(&session).await;
        addresses.push(browser.sign_in(&flow, ANN).await);
        flows.push(flow);
    }
    for address in addresses {
        let browser = browser.clone();
        callbacks.spawn(async move { browser.get(&address).await.status });
    }
    assert_eq!(callbacks.join_all().await, [303; 5]);
    let mut won = 0;
    for flow in &flows {
        let outcome = browser.check(&flow.result).await;
        match outcome["code"].as_str() {
            None => won += 1,
            Some(code) => assert_eq!(code, "session_used", "{outcome}"),
        }
    }
    assert_eq!(
        (won, server.database.number("select count(*) from connections").await),
        (1, 1)
    );
    assert_eq!(server.database.number("select uses from connect_sessions").await, 1);
    assert_eq!(server.broker.revoke_tick().await.unwrap(), 4);
    assert_eq!(server.database.number(LIVE_GRANTS).await, 1);
    let record = server
        .api("GET", "/v1/vault/connections")
        .send()
        .await
        .expect(200)
        .json();
    let key = record["rows"][0]["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_while_calls_pass() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let key = connection["key"].as_str().unwrap();
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    let calls = (0..10).map(|_| server.api("GET", "/v1/passthrough/me").connection(key));
    let found = statuses(calls.chain([server.api("DELETE", &path)])).await;
    // A call that was on its way may also meet the provider's own refusal of the withdrawn token.
    assert!(
        found.iter().all(|status| matches!(status, 200 | 401 | 404)),
        "{found:?}"
    );
    assert_eq!(
        server
            .api("GET", "/v1/passthrough/me")
            .connection(key)
            .send()
            .await
            .problem(404),
        "not_found"
    );
}
