//! Clocks that step: the database's is put ten minutes forward and back.

use broker::Tick;
use testkit::{OddProvider, Reply, TestServer, claim, replica};

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_ten_minutes_make_no_loop_and_serve_nothing_that_ended() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    let key = connection["key"].as_str().unwrap();
    for step in [600, -600, -600, 600, 600, -600] {
        server.database.advance(step).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default(), "{step}");
        let call = server.api("GET", "/v1/passthrough/x").connection(key);
        call.send().await.expect(200);
    }
    assert_eq!(provider.seen("/token").len(), 1, "nothing was refreshed early");
    server.database.advance(3601).await;
    let call = server.api("GET", "/v1/passthrough/x").connection(key);
    call.send().await.expect(200);
    assert_eq!(provider.seen("/token").len(), 2, "an ended token was refreshed first");
    // Back and forward once more: the new token is not due again.
    for step in [-600, 600] {
        server.database.advance(step).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_survives_the_steps() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    server.connect_odd().await;
    server.advance(3301).await;
    let holder = replica(4, 4);
    server.store.register_replica(holder).await.unwrap();
    server.store.journal_replayed(holder).await.unwrap();
    let lease = claim(&server.store, holder, 1).await.remove(0);
    for step in [-600, 600, 600, -600] {
        server.database.advance(step).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default(), "{step}");
    }
    assert_eq!(provider.seen("/token").len(), 1);
    assert!(
        server.store.free_lease(&lease, 0.0).await.unwrap(),
        "it is still the holder's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_behind_a_clock_that_went_back_is_renewed_by_a_401() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 300));
    let connection = server.connect_odd().await;
    let key = connection["key"].as_str().unwrap();
    server.database.advance(-600).await;
    provider.reply_at("/api", Reply::With(401, "application/json", "{}".to_owned()));
    let call = server.api("GET", "/v1/passthrough/x").connection(key);
    call.send().await.expect(200);
    assert_eq!(provider.seen("/token").len(), 2);
    let learnt = "select count(*) from credentials where learned_lifetime is not null";
    assert_eq!(server.database.number(learnt).await, 0, "such a clock teaches nothing");
}
