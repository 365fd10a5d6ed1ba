//! A mistake in the code that ends a task in the middle of a real refresh. The failpoints of the breaking harness are
//! built into tests too; here one panics instead of ending the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use testkit::{OddProvider, TestServer};

/// More than the 16 places that a replica has.
const OFTEN: i64 = 20;

/// Runs a test on threads of a name of its own: failpoints are the whole process's, and other tests may run in it.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(std::thread::current().name().unwrap())
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}

/// Lets the next refresh of this test that comes to this point panic, each time that the switch is set.
fn panic_at(point: &str) -> Arc<AtomicBool> {
    let switch = Arc::new(AtomicBool::new(false));
    let (armed, test) = (Arc::clone(&switch), std::thread::current().name().unwrap().to_owned());
    fail::cfg_callback(point, move || {
        let here = std::thread::current().name() == Some(&test);
        assert!(!(here && armed.swap(false, Ordering::SeqCst)), "as a mistake would");
    })
    .unwrap();
    switch
}

async fn strict(connections: usize) -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    provider.be_strict(3600);
    for _ in 0..connections {
        server.connect_odd().await;
    }
    server.advance(3301).await;
    (provider, server)
}

async fn interrupted(server: &TestServer) -> i64 {
    let count = "select count(*) from events where type = 'oauth.interrupted'";
    server.database.number(count).await
}

#[test]
fn a_panic_before_the_request_costs_nothing() {
    run(async {
        let (provider, server) = strict(5).await;
        let panic = panic_at("refresh::before_send");
        for time in 1..=OFTEN {
            panic.store(true, Ordering::SeqCst);
            let tick = server.broker.refresh_tick().await.unwrap();
            // The four others, and the fifth at its second try.
            assert_eq!((tick.claimed, tick.refreshed, tick.failed), (6, 5, 1), "{time}");
            assert_eq!(interrupted(&server).await, time);
            server.advance(3301).await;
        }
        // All places are free, no lease is left, nothing is in doubt.
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 5);
        assert_eq!(provider.strict_book(), (105, 0, 5));
        let doubted = "select count(*) from credentials where interrupted or lease_owner is not null";
        assert_eq!(server.database.number(doubted).await, 0);
        server.api("GET", "/readyz").no_key().send().await.expect(200);
    });
}

#[test]
fn a_panic_with_the_answer_in_hand_costs_nothing() {
    run(async {
        let (provider, server) = strict(5).await;
        for point in [
            "refresh::after_answer",
            "refresh::before_commit",
            "refresh::after_commit",
        ] {
            let panic = panic_at(point);
            let before = provider.strict_book();
            panic.store(true, Ordering::SeqCst);
            let tick = server.broker.refresh_tick().await.unwrap();
            assert!(!panic.load(Ordering::SeqCst), "{point} was reached");
            assert_eq!((tick.claimed, tick.failed), (5, 0), "{point}");
            // What the service gave is saved at once: nobody is asked again, nothing is in doubt.
            let (refreshes, reuses, _) = provider.strict_book();
            assert_eq!((refreshes, reuses), (before.0 + 5, 0), "{point}");
            assert_eq!(interrupted(&server).await, 0, "{point}");
            let doubted = "select count(*) from credentials where interrupted or lease_owner is not null";
            assert_eq!(server.database.number(doubted).await, 0, "{point}");
            server.advance(3301).await;
        }
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 5);
        server.api("GET", "/readyz").no_key().send().await.expect(200);
    });
}

#[test]
fn a_panic_gives_its_place_in_the_journal_back() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .with_odd_provider(&provider)
            .journal(folder.path())
            .start()
            .await;
        provider.be_strict(3600);
        server.connect_odd().await;
        // More than the 32 places that it has.
        for point in ["refresh::before_send", "refresh::after_answer"] {
            let panic = panic_at(point);
            for _ in 0..OFTEN {
                server.advance(3301).await;
                panic.store(true, Ordering::SeqCst);
                server.broker.refresh_tick().await.unwrap();
            }
        }
        server.advance(3301).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
        assert_eq!(provider.strict_book().1, 0);
    });
}
