//! A database that is short of connections, locked, or gives up: calls are told to come back, and nothing is lost.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{OddProvider, TestServer};

async fn setting() -> (OddProvider, TestServer, String, String) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    (provider, server, connection["key"].as_str().unwrap().to_owned(), path)
}

async fn healthy(server: &TestServer) {
    let begun = Instant::now();
    server.api("GET", "/healthz").no_key().send().await.expect(200);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_a_free_connection_sheds_load() {
    let (_provider, server, key, _) = setting().await;
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(server.store.pool().acquire().await.unwrap());
    }
    let mut calls = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for _ in 0..50 {
        calls.spawn(server.api("GET", "/v1/passthrough/x").connection(&key).send());
    }
    healthy(&server).await;
    for answer in calls.join_all().await {
        assert_eq!(answer.problem(503), "database_unavailable");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=5).contains(&wait), "{wait}");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(taken);
    let call = server.api("GET", "/v1/passthrough/x").connection(&key);
    call.send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_fails_closed_and_is_over_with_the_lock() {
    let (_provider, server, key, _) = setting().await;
    let mut locking = server.database.pool().begin().await.unwrap();
    sqlx::query("lock table connections in access exclusive mode")
        .execute(&mut *locking)
        .await
        .unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        calls.spawn(server.api("GET", "/v1/passthrough/x").connection(&key).send());
    }
    healthy(&server).await;
    for answer in calls.join_all().await {
        assert_eq!(answer.problem(503), "database_unavailable");
    }
    locking.rollback().await.unwrap();
    let begun = Instant::now();
    let call = server.api("GET", "/v1/passthrough/x").connection(&key);
    call.send().await.expect(200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

/// From now on the first `times` changes of a table that fit end with this error, as the server's own would.
async fn fail_changes(server: &TestServer, table: &str, when: &str, code: &str, times: u32) {
    for sql in [
        format!("create sequence fail_{table}"),
        format!(
            "create function fail_{table}() returns trigger language plpgsql as $$ begin
                 if nextval('fail_{table}') <= {times} then raise exception 'made by the test' using errcode = '{code}'; end if;
                 return new; end $$"
        ),
        format!(
            "create trigger fail_{table} before update on {table} for each row when ({when}) execute function fail_{table}()"
        ),
    ] {
        server.database.execute(&sql).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_database_gives_up_is_made_again() {
    for code in ["40001", "40P01", "55P03"] {
        let (provider, server, _, _) = setting().await;
        fail_changes(&server, "credentials", "new.generation <> old.generation", code, 2).await;
        server.advance(3301).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1, "{code}");
        assert_eq!(provider.seen("/token").len(), 2, "{code}: the service was asked once");
        assert_eq!(
            server.database.number("select last_value from fail_credentials").await,
            3
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_database_gives_up_is_told_to_come_back() {
    for code in ["40001", "40P01", "55P03"] {
        let (_provider, server, _, path) = setting().await;
        fail_changes(&server, "connections", "new.name is distinct from old.name", code, 1).await;
        let change = || server.api("PATCH", &path).json(&json!({ "name": "New" }));
        let answer = change().send().await;
        assert_eq!(answer.problem(503), "database_unavailable", "{code}");
        assert!(!answer.header("retry-after").is_empty());
        assert_eq!(change().send().await.expect(200).json()["name"], "New", "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_sessions_are_durable_whatever_the_database_says() {
    let (_provider, server, _, _) = setting().await;
    let name = server.database.text("select current_database()::text").await;
    server
        .database
        .execute(&format!("alter database {name} set synchronous_commit = off"))
        .await;
    let beside = server.replica(None).await;
    let setting: String = sqlx::query_scalar("show synchronous_commit")
        .fetch_one(beside.store().pool())
        .await
        .unwrap();
    assert_eq!(setting, "on");
    // It would have been off.
    let plain = sqlx::PgPool::connect_with(server.database.options()).await.unwrap();
    let without: String = sqlx::query_scalar("show synchronous_commit")
        .fetch_one(&plain)
        .await
        .unwrap();
    assert_eq!(without, "off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_that_is_stronger_than_ours_is_kept() {
    let database = testkit::Database::empty().await;
    let name = database.text("select current_database()::text").await;
    for (default, ours) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("on", "on"),
        ("remote_apply", "remote_apply"),
    ] {
        let set = format!("alter database {name} set synchronous_commit = {default}");
        database.execute(&set).await;
        let store = database.store(&vault::MasterKey::generate());
        store.check_pooler().await.unwrap();
        let setting: String = sqlx::query_scalar("show synchronous_commit")
            .fetch_one(store.pool())
            .await
            .unwrap();
        assert_eq!(setting, ours, "the default is {default}");
        store.close().await;
    }
}
