//! How a session ended is told.

use serde_json::{Value, json};
use testkit::{Account, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

async fn told(server: &TestServer) -> Vec<(String, Value)> {
    sqlx::query_as("select type, payload from events where type like 'session.%' order by created_at, id")
        .fetch_all(server.database.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_and_then_a_connection_are_told() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-9" })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Deny).await;
    browser.get(&callback).await;
    browser.get(&callback).await;
    let connection = server.connect_in(&session, ANN).await;
    let told = told(&server).await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["session.failed", "session.completed"]);
    let (failed, completed) = (&told[0].1, &told[1].1);
    assert_eq!(
        (&failed["reason"], &failed["identity"]),
        (&json!("access_denied"), &json!("u-9"))
    );
    assert_eq!(
        (&completed["connectionId"], &completed["id"]),
        (&connection["id"], &failed["id"])
    );
    // Used, so it does not expire.
    server.advance(3600).await;
    assert_eq!(server.broker.expired_sessions_tick().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_session_is_told_once_by_whoever_looks() {
    let server = TestServer::start().await;
    server.session(&json!({ "identity": "u-1" })).await;
    server.session(&json!({ "identity": "u-2" })).await;
    assert_eq!(server.broker.expired_sessions_tick().await.unwrap(), 0);
    server.advance(1801).await;
    let other = server.replica(None).await;
    let (one, two) = tokio::join!(server.broker.expired_sessions_tick(), other.expired_sessions_tick());
    assert_eq!(one.unwrap() + two.unwrap(), 2);
    assert_eq!(server.broker.expired_sessions_tick().await.unwrap(), 0);
    let told = told(&server).await;
    assert!(
        told.iter().all(|(kind, _)| kind == "session.expired") && told.len() == 2,
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_whose_replica_died_is_told_by_the_sweep() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    server
        .database
        .execute("update flows set status = 'exchanging', exchange_until = latchkey_now() - interval '1 second'")
        .await;
    assert_eq!(server.store.sweep_flows().await.unwrap().interrupted, 1);
    assert_eq!(server.stage(&flow).await, "failed");
    let told = told(&server).await;
    assert_eq!((told.len(), &told[0].1["reason"]), (1, &json!("interrupted")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_in_key_completes_its_session() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-1" })).await;
    let body = json!({
        "integration": "sandbox", "auth": "api_key", "values": { "api_key": "sandbox_key_ok" }, "embedder": testkit::SHOP,
    });
    server
        .browser()
        .post("/connect/api/submit", Some(&session), &body)
        .await
        .expect(200);
    let told = told(&server).await;
    assert_eq!((told.len(), told[0].0.as_str()), (1, "session.completed"));
}
