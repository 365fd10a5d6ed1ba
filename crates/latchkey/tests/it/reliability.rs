//! Reliability: clocks, lifetimes, pools, locks and loops. Each stands beside its number in `docs/reliability.md`.

use std::time::{Duration, Instant};

use broker::{Scheduler, Tick};
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, OddProvider, Reply, TestServer};

async fn odd() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

async fn call(server: &TestServer, connection: &Value, path: &str) -> Answer {
    let key = connection["key"].as_str().unwrap();
    let path = format!("/v1/passthrough/{path}");
    server.api("GET", &path).connection(key).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_or_missing_refresh_token_keeps_the_old_one() {
    let (provider, server) = odd().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 3600));
    server.connect_odd().await;
    for token in [json!(""), json!(null), json!(7), json!([])] {
        server.advance(3301).await;
        let body = json!({ "access_token": "access-n", "expires_in": 3600, "refresh_token": token });
        provider.reply(Reply::json(200, &body));
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1, "{token}");
    }
    server.advance(3301).await;
    server.broker.refresh_tick().await.unwrap();
    let asked = provider.seen("/token");
    assert!(
        asked[1..]
            .iter()
            .all(|seen| seen.body.contains("refresh_token=refresh-1")),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_lifetime_starts_no_loop() {
    for lifetime in [
        json!(null),
        json!(0),
        json!(-1),
        json!("3600"),
        json!(1_000_000_000_000_000_000_u64),
        json!(3600.5),
        json!("2027-01-01T00:00:00Z"),
        json!("soon"),
    ] {
        let (provider, server) = odd().await;
        let answer = |n: u32| {
            let (access, refresh) = (format!("access-{n}"), format!("refresh-{n}"));
            let body = json!({ "access_token": access, "refresh_token": refresh, "expires_in": lifetime });
            Reply::json(200, &body)
        };
        provider.reply(answer(0));
        let connection = server.connect_odd().await;
        for n in 1..60 {
            provider.reply(answer(n));
        }
        let asked = provider.seen("/token").len();
        for _ in 0..30 {
            server.advance(10).await;
            server.broker.refresh_tick().await.unwrap();
        }
        let refreshes = provider.seen("/token").len() - asked;
        assert!(refreshes <= 1, "{lifetime}: {refreshes} refreshes in five minutes");
        assert_eq!(call(&server, &connection, "x").await.status, 200, "{lifetime}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_five_minutes_is_refreshed_once_in_its_life_and_never_ends() {
    let (provider, server) = odd().await;
    provider.reply(Reply::tokens("access-0", "refresh-0", 300));
    server.connect_odd().await;
    let asked = provider.seen("/token").len();
    for n in 1..=40 {
        provider.reply(Reply::tokens(&format!("access-{n}"), &format!("refresh-{n}"), 300));
    }
    let ended = "select count(*) from credentials where expires_at <= latchkey_now()";
    // Ten lifetimes.
    for _ in 0..100 {
        server.advance(30).await;
        server.broker.refresh_tick().await.unwrap();
        assert_eq!(server.database.number(ended).await, 0);
    }
    let refreshes = provider.seen("/token").len() - asked;
    assert!((10..=20).contains(&refreshes), "{refreshes} refreshes in ten lifetimes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_serves_nothing_that_ended_and_starts_no_loop() {
    let (provider, server) = odd().await;
    let connection = server.connect_odd().await;
    let asked = provider.seen("/token").len();
    for step in [-600, 600, 600, -600, -600, 600] {
        server.database.advance(step).await;
        server.broker.refresh_tick().await.unwrap();
        assert_eq!(call(&server, &connection, "x").await.status, 200);
    }
    assert_eq!(provider.seen("/token").len(), asked, "nothing was due");
    // The clock is put back behind the token's issue, and the service has ended it meanwhile.
    server.database.advance(-600).await;
    provider.reply_at("/api", Reply::json(401, &json!({})));
    assert_eq!(
        call(&server, &connection, "x").await.status,
        200,
        "renewed and sent again"
    );
    assert_eq!(provider.seen("/token").len(), asked + 1);
    for _ in 0..5 {
        server.broker.refresh_tick().await.unwrap();
    }
    assert_eq!(provider.seen("/token").len(), asked + 1, "no loop");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_holds_up_no_other() {
    let (provider, server) = odd().await;
    for _ in 0..20 {
        server.connect_odd().await;
    }
    let well = server.connect("u-1", Consent::Allow(Account::Ann)).await;
    server.advance(3301).await;
    for _ in 0..40 {
        provider.reply(Reply::Never);
    }
    let asked = provider.seen("/token").len();
    let broker = server.broker.clone();
    let ticking = tokio::spawn(async move { broker.refresh_tick().await });
    let refreshed = format!(
        "select count(*) from credentials where connection_id = '{}' and generation = 2",
        well["id"].as_str().unwrap()
    );
    let began = Instant::now();
    while server.database.number(&refreshed).await == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "the one that is well is not refreshed"
        );
        tokio::task::yield_now().await;
    }
    // Of sixteen places the hanging service has half.
    assert!(
        provider.seen("/token").len() - asked <= 8,
        "{}",
        provider.seen("/token").len() - asked
    );
    ticking.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_durable_whatever_the_server_says_by_default() {
    let server = TestServer::start().await;
    let name = server.database.text("select current_database()::text").await;
    server
        .database
        .execute(&format!("alter database {name} set synchronous_commit = off"))
        .await;
    let store = server.database.store(&server.master);
    let setting: String = sqlx::query_scalar("show synchronous_commit")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(setting, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_used_up_answers_soon() {
    let server = TestServer::start().await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(server.store.pool().acquire().await.unwrap());
    }
    let began = Instant::now();
    let answer = server.api("GET", "/v1/vault/connections").send().await;
    assert_eq!(answer.problem(503), "database_unavailable");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait <= 10));
    assert_eq!(server.api("GET", "/healthz").no_key().send().await.status, 200);
    drop(held);
    server.api("GET", "/v1/vault/connections").send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_fails_closed_and_comes_back_at_once() {
    let (_provider, server) = odd().await;
    let connection = server.connect_odd().await;
    let mut lock = server.database.pool().begin().await.unwrap();
    sqlx::query("lock table credentials in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let began = Instant::now();
    assert_eq!(
        call(&server, &connection, "x").await.problem(503),
        "database_unavailable"
    );
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    lock.rollback().await.unwrap();
    let began = Instant::now();
    assert_eq!(call(&server, &connection, "x").await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_that_is_stuck_is_seen() {
    let server = TestServer::start().await;
    let scheduler = Scheduler::start(&server.broker).await.unwrap();
    assert!(server.broker.readiness().await.ready);
    let mut lock = server.database.pool().begin().await.unwrap();
    sqlx::query("lock table credentials in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let began = Instant::now();
    let stuck = loop {
        let seen = server.broker.readiness().await;
        let of = |name: &str| seen.loops.iter().find(|health| health.name == name).unwrap().alive;
        if !of("refresh") {
            break of("replica");
        }
        assert!(began.elapsed() < Duration::from_secs(15), "{seen:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(stuck, "another loop goes on");
    assert!(!server.broker.readiness().await.ready);
    lock.rollback().await.unwrap();
    scheduler.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_row_in_a_hundred_stops_no_other() {
    let (provider, server) = odd().await;
    for _ in 0..50 {
        server.connect_odd().await;
    }
    server
        .database
        .execute(
            "update credentials set sealed = '\\x00' where connection_id in
                 (select connection_id from credentials order by connection_id limit 2)",
        )
        .await;
    server.advance(3301).await;
    let asked = provider.seen("/token").len();
    let tick = server.broker.refresh_tick().await.unwrap();
    assert_eq!((tick.refreshed, tick.failed), (48, 0));
    assert_eq!(provider.seen("/token").len() - asked, 48);
    assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default(), "no loop");
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_change_all_at_once() {
    let server = TestServer::start().await;
    let connection = server.connect("u-1", Consent::Allow(Account::Ann)).await;
    let before = server.broker.catalog();
    let broker = server.broker.clone();
    let changing = tokio::spawn(async move {
        for _ in 0..200 {
            broker.replace_catalog((*before).clone());
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..50 {
        assert_eq!(call(&server, &connection, "me").await.status, 200);
    }
    changing.await.unwrap();
}
