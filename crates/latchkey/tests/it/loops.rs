//! Every background loop shows that it is alive, and one that hangs is noticed.

use std::time::Duration;

use broker::Scheduler;
use serde_json::Value;
use testkit::TestServer;

const LOOPS: [&str; 13] = [
    "deletion",
    "destinations",
    "device",
    "idle",
    "mail",
    "numbers",
    "refresh",
    "replica",
    "reseal",
    "revoke",
    "sweep",
    "webhook",
    "webhook_purge",
];

async fn alive(server: &TestServer) -> Vec<(String, bool)> {
    let readiness: Value = serde_json::to_value(server.broker.readiness().await).unwrap();
    let loops = readiness["loops"].as_array().unwrap();
    let one = |one: &Value| (one["name"].as_str().unwrap().to_owned(), one["alive"] == true);
    loops.iter().map(one).collect()
}

/// Looks until just these loops are stuck.
async fn until_stuck(server: &TestServer, stuck: &[&str]) {
    let looking = async {
        while alive(server)
            .await
            .iter()
            .any(|(name, alive)| *alive == stuck.contains(&name.as_str()))
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), looking).await;
    assert!(found.is_ok(), "not just {stuck:?}: {:?}", alive(server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_whose_statement_blocks_is_noticed_and_heals() {
    let server = TestServer::start().await;
    let scheduler = Scheduler::start(&server.broker).await.unwrap();
    let names: Vec<String> = alive(&server).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, LOOPS);
    // Nobody has asked `/readyz` over HTTP.
    let metrics = server
        .client
        .get(format!("{}/metrics", server.url))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    for name in LOOPS {
        assert!(
            metrics.contains(&format!("latchkey_loop_age_seconds{{loop=\"{name}\"}}")),
            "{name}: {metrics}"
        );
    }
    until_stuck(&server, &[]).await;
    let mut holder = server.database.pool().begin().await.unwrap();
    sqlx::raw_sql("lock table webhook_deliveries in access exclusive mode")
        .execute(&mut *holder)
        .await
        .unwrap();
    // Two intervals of its own, and the allowance.
    server
        .database
        .execute("update testkit_clock set ahead = ahead + interval '8 seconds'")
        .await;
    until_stuck(&server, &["webhook"]).await;
    let ready = server
        .client
        .get(format!("{}/readyz", server.url))
        .send()
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    holder.rollback().await.unwrap();
    until_stuck(&server, &[]).await;
    scheduler.stop().await;
}

#[tokio::test]
async fn a_process_that_was_stopped_for_a_while_goes_on_with_all_loops() {
    let server = TestServer::start().await;
    let scheduler = Scheduler::start(&server.broker).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // Nothing of this process runs meanwhile, as under SIGSTOP: longer than the shortest loops' intervals.
    std::thread::sleep(Duration::from_secs(4));
    let since = server.database.text("select now()::text").await;
    let again = format!("select count(*) from heartbeats where loop in ('refresh', 'webhook') and beat_at > '{since}'");
    let turning = async {
        while server.database.number(&again).await < 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let turned = tokio::time::timeout(Duration::from_secs(10), turning).await;
    assert!(turned.is_ok(), "a loop does not go on");
    let turns = "select count(*) from heartbeats where loop in ('refresh', 'webhook') and beat_at > now() - interval '5 seconds'";
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(
            server.database.number(turns).await,
            2,
            "a loop is not triggered any more"
        );
    }
    scheduler.stop().await;
}
