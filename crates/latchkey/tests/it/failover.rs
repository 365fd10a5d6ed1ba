//! A database that dies while tokens are refreshed, and its standby that takes over: two real servers. The service is
//! strict: it counts each second use of a refresh token and revokes the family for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker::Broker;
use testkit::{OddProvider, Pair, Reply, TestServer};
use tokio::task::JoinSet;

/// Connections of each test.
const MANY: usize = 10;

/// A server on the first of a pair, with a journal in this folder.
async fn strict(pair: &Pair, journal: &std::path::Path) -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .on(pair)
        .with_odd_provider(&provider)
        .journal(journal)
        .start()
        .await;
    provider.be_strict(3600);
    for _ in 0..MANY {
        server.connect_odd().await;
    }
    (provider, server)
}

/// Begins a tick each few milliseconds, whatever became of those before, and moves the clock, until it is told to stop;
/// then all have ended.
fn keep_refreshing(server: &TestServer, over: &Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    let (broker, over, pool) = (server.broker.clone(), Arc::clone(over), server.database.pool().clone());
    tokio::spawn(async move {
        let mut ticks = JoinSet::new();
        while !over.load(Ordering::SeqCst) {
            // A database that is away costs nothing.
            drop(
                sqlx::query("update testkit_clock set ahead = ahead + interval '3301 seconds'")
                    .execute(&pool)
                    .await,
            );
            let broker: Broker = broker.clone();
            ticks.spawn(async move { drop(broker.refresh_tick().await) });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ticks.join_all().await;
    })
}

async fn until(what: &str, mut question: impl FnMut() -> bool) {
    let asking = async {
        while !question() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_mins(1), asking).await;
    assert!(asked.is_ok(), "never: {what}");
}

async fn events(server: &TestServer, kind: &str) -> i64 {
    let count = format!("select count(*) from events where type = '{kind}'");
    server.database.number(&count).await
}

async fn failed_as(server: &TestServer, reason: &str) -> i64 {
    let count = format!("select count(*) from connections where state = 'failed' and state_reason = '{reason}'");
    server.database.number(&count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_standby_that_takes_over_has_every_token() {
    let Some(mut pair) = Pair::start(true).await else {
        return;
    };
    let journal = tempfile::tempdir().unwrap();
    let (provider, mut server) = strict(&pair, journal.path()).await;
    let over = Arc::new(AtomicBool::new(false));
    let refreshing = keep_refreshing(&server, &over);
    until("it runs", || provider.strict_book().0 >= 3 * MANY).await;
    // Three answers come while there is no database; the other refreshes are wherever they are at that moment.
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (held, reply) = Reply::Strictly.held();
            provider.reply(reply);
            held
        })
        .collect();
    for held in &waiting {
        held.arrived().await;
    }
    pair.kill_first().await;
    let before = provider.strict_book().0;
    for held in &waiting {
        held.release();
    }
    until("the answers are there", || provider.strict_book().0 >= before + 3).await;
    let second = pair.promote().await;
    server.database.move_to(&second).await;
    until("it goes on", || provider.strict_book().0 >= before + 3 * MANY).await;
    over.store(true, Ordering::SeqCst);
    refreshing.await.unwrap();

    // The stored token of each is the service's last one: each refreshes once more.
    let (before, ..) = provider.strict_book();
    server.advance(3301).await;
    let mut refreshed = 0;
    for _ in 0..5 {
        refreshed += server.broker.refresh_tick().await.unwrap().refreshed;
    }
    let (after, reuses, living) = provider.strict_book();
    assert_eq!((reuses, living), (0, MANY));
    assert_eq!((refreshed, after - before), (MANY, MANY));
    let told = "select count(*) from connections where state <> 'operational'";
    assert_eq!(server.database.number(told).await, 0);
    let doubted = "select count(*) from credentials where uncertain_since is not null or interrupted";
    assert_eq!(server.database.number(doubted).await, 0);
    // Nobody had to adopt it.
    assert!(server.store.look_home_now().await.unwrap());
    assert_eq!(server.store.residence().await.unwrap().epoch, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_the_synchronous_standby_is_away() {
    let Some(pair) = Pair::start(true).await else {
        return;
    };
    let journal = tempfile::tempdir().unwrap();
    let (provider, server) = strict(&pair, journal.path()).await;
    server.advance(3301).await;
    pair.part().await;
    let broker = server.broker.clone();
    let ticking = tokio::spawn(async move { broker.refresh_tick().await });
    let waits = "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and application_name = 'latchkey'";
    let claiming = async {
        while server.database.number(waits).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), claiming).await.unwrap();
    assert_eq!(provider.strict_book(), (0, 0, MANY), "its claim is not committed");
    pair.join().await;
    assert_eq!(ticking.await.unwrap().unwrap().refreshed, MANY);
    assert_eq!(provider.strict_book(), (MANY, 0, MANY));
}

/// A standby that took over without the last refresh of each connection.
async fn lagged(pair: &mut Pair, journal: &std::path::Path) -> (OddProvider, TestServer) {
    let (provider, mut server) = strict(pair, journal).await;
    server.advance(3301).await;
    pair.let_standby_lag().await;
    let tick = server.broker.refresh_tick().await.unwrap();
    assert_eq!((tick.refreshed, provider.strict_book()), (MANY, (MANY, 0, MANY)));
    assert_eq!(
        server.database.number("select min(generation) from credentials").await,
        2
    );
    pair.kill_first().await;
    let second = pair.promote().await;
    server.database.move_to(&second).await;
    assert_eq!(
        server.database.number("select max(generation) from credentials").await,
        1
    );
    (provider, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lagged_offers_spent_tokens_and_each_loss_is_told_once() {
    let Some(mut pair) = Pair::start(false).await else {
        return;
    };
    let journal = tempfile::tempdir().unwrap();
    let (provider, server) = lagged(&mut pair, journal.path()).await;
    // It has the same identity: nothing stops.
    assert!(server.store.look_home_now().await.unwrap());
    // The answers that it lacks left the journal with the commit: a new life finds nothing to replay.
    let kept = std::fs::read(journal.path().join("journal")).unwrap();
    assert!(!kept.windows(4).any(|four| four == b"LKA1"));

    assert_eq!(server.broker.refresh_tick().await.unwrap().failed, MANY);
    assert_eq!(provider.strict_book(), (MANY, MANY, 0), "each spent token was offered");
    assert_eq!(events(&server, "connection.degraded").await, 10);
    for _ in 0..20 {
        server.advance(61).await;
        server.broker.refresh_tick().await.unwrap();
    }
    // Confirmed once, then left alone.
    assert_eq!(provider.strict_book(), (MANY, 2 * MANY, 0));
    assert_eq!(failed_as(&server, "grant_gone").await, 10);
    assert_eq!(events(&server, "connection.failed").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lagged_and_was_adopted_names_what_was_lost() {
    let Some(mut pair) = Pair::start(false).await else {
        return;
    };
    let journal = tempfile::tempdir().unwrap();
    let (provider, server) = lagged(&mut pair, journal.path()).await;
    assert_eq!(server.store.adopt("test", false).await.unwrap().marked, 10);
    for _ in 0..20 {
        server.broker.refresh_tick().await.unwrap();
        server.advance(61).await;
        if failed_as(&server, "rotation_uncertain").await == 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(failed_as(&server, "rotation_uncertain").await, 10);
    assert_eq!(provider.strict_book(), (MANY, MANY, 0), "each was offered once");
    assert_eq!(events(&server, "connection.failed").await, 10);
}
