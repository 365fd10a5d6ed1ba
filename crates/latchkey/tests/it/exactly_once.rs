//! One refresh for each expiry, however many ask and whatever is pulled away meanwhile. The service is strict: it counts
//! each second use of a refresh token and revokes the family for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{OddProvider, Reply, TestServer};

async fn strict(connections: usize) -> (OddProvider, TestServer, Vec<String>) {
    let provider = OddProvider::start().await;
    let patient = TestServer::builder().pool_wait(Duration::from_secs(20));
    let server = patient.with_odd_provider(&provider).start().await;
    provider.be_strict(3600);
    let mut keys = Vec::new();
    for _ in 0..connections {
        keys.push(server.connect_odd().await["key"].as_str().unwrap().to_owned());
    }
    (provider, server, keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_of_three_replicas_make_one_refresh() {
    let (provider, server, keys) = strict(1).await;
    let (second, third) = (server.beside().await, server.beside().await);
    server.advance(3601).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..200 {
        let call = match number % 3 {
            0 => server.api("GET", "/v1/passthrough/x"),
            1 => server.api_of(&second, "GET", "/v1/passthrough/x"),
            _ => server.api_of(&third, "GET", "/v1/passthrough/x"),
        };
        calls.spawn(call.connection(&keys[0]).send());
    }
    for answer in calls.join_all().await {
        answer.expect(200);
    }
    assert_eq!(provider.strict_book(), (1, 0, 1));
    assert_eq!(server.database.number("select generation from credentials").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_and_readers_refresh_each_of_many_once() {
    let (provider, server, keys) = strict(30).await;
    let (second, third) = (server.beside().await, server.beside().await);
    server.advance(3601).await;
    let mut ticks = tokio::task::JoinSet::new();
    for broker in [&server.broker, &second.broker, &third.broker] {
        let broker = broker.clone();
        ticks.spawn(async move { broker.refresh_tick().await.unwrap().refreshed });
    }
    let mut calls = tokio::task::JoinSet::new();
    for key in &keys {
        calls.spawn(
            server
                .api_of(&second, "GET", "/v1/passthrough/x")
                .connection(key)
                .send(),
        );
        calls.spawn(server.api_of(&third, "GET", "/v1/passthrough/x").connection(key).send());
    }
    for answer in calls.join_all().await {
        answer.expect(200);
    }
    ticks.join_all().await;
    assert_eq!(provider.strict_book(), (30, 0, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_written_keeps_no_other_back() {
    let (provider, server, _) = strict(12).await;
    let one = server.database.text("select min(id::text) from connections").await;
    server
        .database
        .execute(
            "create function refuse() returns trigger language plpgsql as
             $$ begin raise exception 'not this row' using errcode = '23505'; end $$",
        )
        .await;
    let trigger = format!(
        "create trigger refuse before update of sealed on credentials for each row
         when (new.connection_id = '{one}') execute function refuse()"
    );
    server.database.execute(&trigger).await;
    server.advance(3601).await;
    let tick = server.broker.refresh_tick().await.unwrap();
    assert_eq!((tick.claimed, tick.refreshed, tick.failed), (12, 11, 1));
    assert_eq!(provider.strict_book(), (12, 0, 12), "each was asked for once");
    let told = "select count(distinct connection_id) from events where type = 'oauth.refreshed'";
    assert_eq!(server.database.number(told).await, 11);
    let renewed = "select count(*) from credentials where generation = 2";
    assert_eq!(server.database.number(renewed).await, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_database_sessions_lose_no_token() {
    let (provider, server, _) = strict(10).await;
    let other = server.replica(None).await;
    let over = Arc::new(AtomicBool::new(false));
    let pool = server.database.pool().clone();
    let killing = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let mut ended: i64 = 0;
            while !over.load(Ordering::SeqCst) {
                ended += sqlx::query_scalar::<_, i64>(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where datname = current_database() and application_name = 'latchkey'",
                )
                .fetch_one(&pool)
                .await
                .unwrap();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            ended
        }
    });
    for _ in 0..8 {
        server.advance(3301).await;
        // A tick may meet a database that is away; that costs nothing.
        drop(tokio::join!(server.broker.refresh_tick(), other.refresh_tick()));
    }
    over.store(true, Ordering::SeqCst);
    let ended = killing.await.unwrap();
    assert!(ended >= 5, "{ended} sessions were ended");
    let (before, ..) = provider.strict_book();
    assert!(before >= 10, "{before}");
    // The stored token of each is the service's last one: each refreshes once more.
    server.advance(3301).await;
    let mut refreshed = 0;
    for _ in 0..20 {
        refreshed += server.broker.refresh_tick().await.unwrap().refreshed;
        refreshed += other.refresh_tick().await.unwrap().refreshed;
    }
    let (after, reuses, living) = provider.strict_book();
    assert_eq!((reuses, living), (0, 10));
    assert_eq!((refreshed, after - before), (10, 10));
    let failed = "select count(*) from connections where state = 'failed'";
    assert_eq!(server.database.number(failed).await, 0);
}

/// The clock goes on until others take the leases of `server`'s own replica, which is silent.
async fn given_up(server: &TestServer, other: &broker::Broker) {
    for _ in 0..61 {
        server.advance(5).await;
        other.beat_replica().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_comes_late_breaks_nothing() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let other = server.replica(None).await;
    server.connect_odd().await;
    server.advance(3301).await;
    let (held, reply) = Reply::json(400, &json!({ "error": "invalid_grant" })).held();
    provider.reply(reply);
    let late = server.broker.clone();
    let late = tokio::spawn(async move { late.refresh_tick().await.unwrap() });
    held.arrived().await;
    given_up(&server, &other).await;
    assert_eq!(other.refresh_tick().await.unwrap().refreshed, 1);
    held.release();
    assert_eq!(late.await.unwrap().failed, 0, "nobody was refused");
    let row = "select state || ' ' || generation || ' ' || refusals from connections c join credentials k on k.connection_id = c.id";
    assert_eq!(server.database.text(row).await, "operational 2 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_while_a_refresh_is_on_its_way_wins() {
    for late in [
        Reply::tokens("access-late", "refresh-late", 3600),
        Reply::json(400, &json!({ "error": "invalid_grant" })),
    ] {
        let provider = OddProvider::start().await;
        let server = TestServer::builder().with_odd_provider(&provider).start().await;
        let connection = server.connect_odd().await;
        server.advance(3301).await;
        let (held, reply) = late.held();
        provider.reply(reply);
        let broker = server.broker.clone();
        let tick = tokio::spawn(async move { broker.refresh_tick().await.unwrap() });
        held.arrived().await;
        provider.reply(Reply::tokens("access-new", "refresh-new", 3600));
        let session = server.session(&json!({ "connection": connection["id"] })).await;
        let (flow, browser, callback) = server.at_odd_callback(&session, "code").await;
        browser.get(&callback).await.expect(303);
        assert_eq!(browser.check(&flow.result).await["status"], "success");
        held.release();
        let tick = tick.await.unwrap();
        assert_eq!((tick.refreshed, tick.failed), (0, 0), "it came too late");
        let troubled = "select count(*) from connections where state in ('degraded', 'failed')";
        assert_eq!(server.database.number(troubled).await, 0);
        server.advance(3301).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
        let last = provider.seen("/token").pop().unwrap();
        assert!(last.body.contains("refresh_token=refresh-new"), "{last:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_goes_on_at_another_replica() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let beside = server.beside().await;
    let session = server.session(&json!({})).await;
    let (flow, browser, callback) = server.at_odd_callback(&session, "code").await;
    let callback = callback.replace(&server.url, &beside.url);
    assert!(callback.starts_with(&beside.url));
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(provider.seen("/token").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_transaction_is_open_while_a_service_thinks() {
    let (provider, server, _) = strict(1).await;
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-0-2", "refresh-0-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let tick = tokio::spawn(async move { broker.refresh_tick().await.unwrap() });
    held.arrived().await;
    let open = "select count(*) from pg_stat_activity where datname = current_database()
                and application_name = 'latchkey' and xact_start is not null";
    // What is written beside it, as the log of requests, is soon done.
    let begun = Instant::now();
    while server.database.number(open).await != 0 {
        assert!(begun.elapsed() < Duration::from_secs(2), "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let leased = "select count(*) from credentials where lease_until is not null";
    assert_eq!(server.database.number(leased).await, 1, "the claim is committed");
    held.release();
    assert_eq!(tick.await.unwrap().refreshed, 1);
}
