//! What answers of a token endpoint lead to: which refresh token is kept, when the next refresh comes, how long a service
//! is left alone.

use broker::Tick;
use serde_json::{Value, json};
use testkit::{OddProvider, Reply, TestServer};

async fn odd() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_replaced_where_one_is_given_and_kept_elsewhere() {
    let (provider, server) = odd().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", 3600));
    server.connect_odd().await;
    let mut kept = "refresh-1";
    for (number, (given, next)) in [
        (None, "refresh-1"),
        (Some(json!("")), "refresh-1"),
        (Some(json!("refresh-2")), "refresh-2"),
        (Some(Value::Null), "refresh-2"),
        (Some(json!("refresh-3")), "refresh-3"),
        (Some(json!("refresh-3")), "refresh-3"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({ "access_token": format!("access-{number}"), "expires_in": 3600 });
        if let Some(given) = given {
            body["refresh_token"] = given;
        }
        provider.reply(Reply::json(200, &body));
        server.advance(3301).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
        let sent = provider.seen("/token").pop().unwrap().body;
        assert!(sent.contains(&format!("refresh_token={kept}")), "{number}: {sent}");
        kept = next;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lifetime_makes_a_loop() {
    for told in [
        None,
        Some(json!(0)),
        Some(json!(-1)),
        Some(json!("3600")),
        Some(json!(1_000_000_000_000_000_000_u64)),
        Some(json!(3600.5)),
        Some(json!("2026-11-23T18:00:00Z")),
        Some(json!("soon")),
    ] {
        let (provider, server) = odd().await;
        let mut body = json!({ "access_token": "access", "refresh_token": "refresh" });
        if let Some(told) = told.clone() {
            body["expires_in"] = told;
        }
        for _ in 0..10 {
            provider.reply(Reply::json(200, &body));
        }
        let connection = server.connect_odd().await;
        for _ in 0..6 {
            server.advance(600).await;
            server.broker.refresh_tick().await.unwrap();
            let key = connection["key"].as_str().unwrap();
            let call = server.api("GET", "/v1/passthrough/x").connection(key);
            call.send().await.expect(200);
        }
        let refreshes = provider.seen("/token").len() - 1;
        assert!(refreshes <= 1, "{told:?}: {refreshes} refreshes in an hour");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_five_minutes_is_refreshed_once_in_its_life() {
    let (provider, server) = odd().await;
    provider.be_strict(300);
    let connection = server.connect_odd().await;
    let key = connection["key"].as_str().unwrap();
    for _ in 0..120 {
        server.advance(15).await;
        server.broker.refresh_tick().await.unwrap();
        let call = server.api("GET", "/v1/passthrough/x").connection(key);
        call.send().await.expect(200);
    }
    // Half an hour is six lifetimes.
    let (refreshes, reuses, _) = provider.strict_book();
    assert!((6..=8).contains(&refreshes) && reuses == 0, "{refreshes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_retry_after_holds_for_all_replicas() {
    let (provider, server) = odd().await;
    let other = server.replica(None).await;
    server.connect_odd().await;
    for (asked, least, most) in [
        ("7", 6, 7),
        ("120", 119, 120),
        ("Mon, 23 Nov 2026 18:00:30 GMT", 29, 30),
        ("99999999999999999999", 3599, 3600),
        // What says nothing leaves our own pause.
        ("-5", 4, 5),
        ("soon", 4, 5),
        ("Mon, 23 Nov 2026 17:00:00 GMT", 4, 5),
    ] {
        server.advance(3601).await;
        provider.reply(Reply::Asking(asked.to_owned()));
        assert_eq!(server.broker.refresh_tick().await.unwrap().failed, 1, "{asked}");
        let held = "select extract(epoch from not_before - latchkey_now()) from refresh_circuits";
        let held = server.database.number(held).await;
        assert!((least..=most).contains(&held), "{asked}: {held}");
        // The row itself is made due at once, so that only the app's pause holds it.
        server
            .database
            .execute("update credentials set refresh_at = latchkey_now() - interval '1 second'")
            .await;
        for broker in [&server.broker, &other] {
            assert_eq!(broker.refresh_tick().await.unwrap(), Tick::default(), "{asked}");
        }
        server.advance(most + 1).await;
        assert_eq!(other.refresh_tick().await.unwrap().refreshed, 1, "{asked}");
    }
}
