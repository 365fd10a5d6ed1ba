//! Circuits: who may ask a service that is broken, who is told, and what ends it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use store::CircuitReason;
use testkit::{OddProvider, Reply, TestServer, claim, replica};

async fn odd() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

fn broken_client() -> Reply {
    Reply::json(401, &json!({ "error": "invalid_client" }))
}

async fn events(server: &TestServer, kind: &str) -> i64 {
    let count = format!("select count(*) from events where type = '{kind}'");
    server.database.number(&count).await
}

async fn call_all(server: &TestServer, connections: &[Value]) {
    for connection in connections {
        let key = connection["key"].as_str().unwrap();
        server.api("GET", "/v1/passthrough/x").connection(key).send().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_probes_too_while_a_circuit_is_open() {
    let (provider, server) = odd().await;
    let mut connections = Vec::new();
    for _ in 0..12 {
        connections.push(server.connect_odd().await);
    }
    server.advance(3601).await;
    for _ in 0..200 {
        provider.reply(broken_client());
    }
    server.broker.refresh_tick().await.unwrap();
    assert_eq!(server.store.open_circuits().await.unwrap(), 1);
    let before = provider.seen("/token").len();
    for _ in 0..6 {
        server.advance(10).await;
        call_all(&server, &connections).await;
    }
    let asked = provider.seen("/token").len() - before;
    assert!((1..=5).contains(&asked), "{asked} requests in a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_turns_out_to_be_a_broken_client_is_told_once() {
    let (provider, server) = odd().await;
    for _ in 0..12 {
        server.connect_odd().await;
    }
    server.advance(3301).await;
    for _ in 0..12 {
        provider.reply(Reply::With(503, "text/plain", "away".to_owned()));
    }
    server.broker.refresh_tick().await.unwrap();
    let reason = "select coalesce(reason, '-') from refresh_circuits";
    assert_eq!(server.database.text(reason).await, "provider_unavailable");
    assert_eq!(events(&server, "integration.app_broken").await, 0);
    for _ in 0..100 {
        provider.reply(broken_client());
    }
    for _ in 0..12 {
        server.advance(70).await;
        server.broker.refresh_tick().await.unwrap();
    }
    assert_eq!(server.database.text(reason).await, "app_broken");
    assert_eq!(events(&server, "integration.app_broken").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_leaves_the_wish_to_wait_of_another() {
    let (_provider, server) = odd().await;
    server.connect_odd().await;
    server.advance(3301).await;
    let leases = claim(&server.store, replica(1, 1), 5).await;
    let lease = &leases[0];
    let store = &server.store;
    store
        .note_app_failure(lease, CircuitReason::ProviderUnavailable, "away")
        .await
        .unwrap();
    store.hold_app(lease.app, 600.0).await.unwrap();
    store
        .note_app_success(&lease.fence, lease.app, &lease.integration)
        .await
        .unwrap();
    let held = "select count(*) from refresh_circuits where not_before > latchkey_now() + interval '9 minutes'";
    assert_eq!(server.database.number(held).await, 1);
    assert!(store.free_lease(lease, 0.0).await.unwrap());
    assert!(store.due_apps().await.unwrap().is_empty());
    server.advance(601).await;
    assert_eq!(store.due_apps().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_single_connections_open_no_circuit() {
    let (provider, server) = odd().await;
    server.connect_odd().await;
    server.advance(3301).await;
    for _ in 0..15 {
        provider.reply(Reply::json(400, &json!({ "error": "invalid_scope" })));
    }
    for _ in 0..15 {
        server.broker.refresh_tick().await.unwrap();
        server.advance(700).await;
    }
    assert_eq!(server.store.open_circuits().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_hangs_holds_up_no_other() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .patience(Duration::from_secs(1))
        .start()
        .await;
    for _ in 0..6 {
        provider.reply_at("/revoke", Reply::Never);
    }
    for _ in 0..6 {
        let connection = server.connect_odd().await;
        let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
        server.api("DELETE", &path).send().await;
    }
    // Each deletion asks by itself first.
    let asked = "select count(*) from revocations where attempts >= 1 and lease_until is null";
    let deleted = Instant::now();
    while server.database.number(asked).await < 6 {
        let waited = deleted.elapsed();
        assert!(
            waited < Duration::from_secs(20),
            "the deletions did not ask: {waited:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server
        .database
        .execute("update revocations set next_attempt_at = latchkey_now(), lease_until = null")
        .await;
    for _ in 0..6 {
        provider.reply_at("/revoke", Reply::Never);
    }
    let begun = Instant::now();
    assert_eq!(server.broker.revoke_tick().await.unwrap(), 6);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}
