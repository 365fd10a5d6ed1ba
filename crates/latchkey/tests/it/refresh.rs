//! Refresh: before a call, by the scheduler, and when the provider will not.

use broker::Tick;
use serde_json::{Value, json};
use testkit::{Account, Consent, OddProvider, Reply, TestServer, claim, replica};

const SHORTLY: Consent = Consent::AllowShortly(Account::Ann);

async fn refreshed(server: &TestServer) -> i64 {
    server
        .database
        .number("select count(*) from events where type = 'oauth.refreshed'")
        .await
}

/// Refresh tokens that the sandbox gave; each refresh adds one.
async fn refresh_tokens(server: &TestServer) -> i64 {
    server
        .database
        .number("select count(*) from sandbox_tokens where kind = 'refresh'")
        .await
}

async fn record(server: &TestServer, id: &Value) -> Value {
    server
        .api("GET", &format!("/v1/vault/connections/{}", id.as_str().unwrap()))
        .send()
        .await
        .expect(200)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_callers_after_expiry_make_one_refresh() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", SHORTLY).await;
    let key = connection["key"].as_str().unwrap();
    server.advance(11).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let call = server.api("GET", "/v1/passthrough/me").connection(key);
        calls.spawn(call.send());
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().expect(200).json()["id"], "ann");
    }
    assert_eq!((refreshed(&server).await, refresh_tokens(&server).await), (1, 2));
    assert_eq!(server.database.number("select generation from credentials").await, 2);
    assert_eq!(
        server
            .database
            .number("select count(*) from credentials where lease_until is not null")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_refreshes_once_for_each_expiry() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let key = connection["key"].as_str().unwrap();
    assert_eq!(
        server.broker.refresh_tick().await.unwrap(),
        Tick::default(),
        "nothing is due yet"
    );
    for round in 1..=3 {
        server.advance(3301).await;
        assert_eq!(
            server.broker.refresh_tick().await.unwrap(),
            Tick {
                claimed: 1,
                refreshed: 1,
                failed: 0
            }
        );
        assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default());
        assert_eq!(
            (refreshed(&server).await, refresh_tokens(&server).await),
            (round, round + 1)
        );
        server
            .api("GET", "/v1/passthrough/me")
            .connection(key)
            .send()
            .await
            .expect(200);
    }
    assert_eq!(refreshed(&server).await, 3, "no call refreshed by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_refresh_once() {
    let server = TestServer::start().await;
    for identity in ["u-1", "u-2", "u-3"] {
        server.connect(identity, Consent::Allow(Account::Ann)).await;
    }
    server.advance(3301).await;
    let mut ticks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let broker = server.broker.clone();
        ticks.spawn(async move { broker.refresh_tick().await.unwrap() });
    }
    let ticks = ticks.join_all().await;
    assert_eq!(ticks.iter().map(|tick| tick.refreshed).sum::<usize>(), 3, "{ticks:?}");
    assert_eq!(refreshed(&server).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_grant_fails_the_connection_once_and_after_a_second_look() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", SHORTLY).await;
    let key = connection["key"].as_str().unwrap();
    server
        .database
        .execute("update sandbox_grants set revoked_at = latchkey_now()")
        .await;
    server.advance(11).await;
    let failed = Tick {
        claimed: 1,
        refreshed: 0,
        failed: 1,
    };
    assert_eq!(server.broker.refresh_tick().await.unwrap(), failed);
    let seen = record(&server, &connection["id"]).await;
    assert_eq!(
        (&seen["state"], &seen["stateReason"]),
        (&json!("degraded"), &json!("grant_refused"))
    );
    assert_eq!(
        server.broker.refresh_tick().await.unwrap(),
        Tick::default(),
        "not at once"
    );
    server.advance(11).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap(), failed);
    let seen = record(&server, &connection["id"]).await;
    assert_eq!(
        (&seen["state"], &seen["stateReason"], &seen["hasError"]),
        (&json!("failed"), &json!("grant_gone"), &json!(true))
    );
    let call = server.api("GET", "/v1/passthrough/me").connection(key).send().await;
    assert_eq!(call.problem(424), "connection_failed");
    assert_eq!(call.json()["meta"]["reason"], "grant_gone");
    server.advance(86_400).await;
    assert_eq!(
        server.broker.refresh_tick().await.unwrap(),
        Tick::default(),
        "it is not tried again"
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from events where type = 'connection.failed'")
            .await,
        1
    );

    // Connecting again mends it under the same key.
    let session = server.session(&json!({ "connection": connection["id"] })).await;
    let again = server.connect_in(&session, Consent::Allow(Account::Ann)).await;
    assert_eq!(
        (&again["key"], &again["state"], &again["hasError"]),
        (&connection["key"], &json!("operational"), &json!(false))
    );
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);
}

async fn connect_odd(provider: &OddProvider, server: &TestServer, seconds: u64) -> Value {
    provider.reply(Reply::tokens("access-1", "refresh-1", seconds));
    server.connect_odd().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_stumbles_is_asked_again_later() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = connect_odd(&provider, &server, 3600).await;
    server.advance(3301).await;
    provider.reply(Reply::With(500, "text/html", "<h1>Oops</h1>".to_owned()));
    assert_eq!(server.broker.refresh_tick().await.unwrap().failed, 1);
    let seen = record(&server, &connection["id"]).await;
    assert_eq!(
        (&seen["state"], &seen["stateReason"]),
        (&json!("degraded"), &json!("refresh_failing"))
    );
    assert!(!seen["stateMessage"].as_str().unwrap().contains('<'), "{seen}");
    // The old token is still good, and is used.
    let key = connection["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/x")
        .connection(key)
        .send()
        .await
        .expect(200);
    // Not at once. By the row's own times: the test's machine may be slow.
    let later = "select count(*) from credentials where refresh_at >= updated_at + interval '1 second'";
    assert_eq!(server.database.number(later).await, 1);
    server.advance(15).await;
    provider.reply(Reply::tokens("access-2", "refresh-2", 3600));
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(record(&server, &connection["id"]).await["state"], "operational");
    let asked: Vec<String> = provider.seen("/token").into_iter().map(|seen| seen.body).collect();
    assert!(
        asked[1].contains("refresh_token=refresh-1") && asked[2].contains("refresh_token=refresh-1"),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_new_refresh_token_keeps_the_old_one() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    connect_odd(&provider, &server, 3600).await;
    for _ in 0..2 {
        server.advance(3301).await;
        provider.reply(Reply::json(
            200,
            &json!({ "access_token": "access-n", "expires_in": 3600 }),
        ));
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    }
    let asked = provider.seen("/token");
    assert!(
        asked[1..]
            .iter()
            .all(|seen| seen.body.contains("refresh_token=refresh-1")),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_does_not_lose_the_new_token() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = connect_odd(&provider, &server, 10).await;
    server.advance(11).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let call = server
        .api("GET", "/v1/passthrough/x")
        .connection(connection["key"].as_str().unwrap());
    let caller = tokio::spawn(call.send());
    held.arrived().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    held.release();
    while refreshed(&server).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.database.number("select generation from credentials").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_deleted_while_it_is_refreshed_stays_deleted() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = connect_odd(&provider, &server, 3600).await;
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let tick = tokio::spawn(async move { broker.refresh_tick().await.unwrap() });
    held.arrived().await;
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    server.api("DELETE", &path).send().await.expect(200);
    held.release();
    assert_eq!(tick.await.unwrap().refreshed, 0);
    assert_eq!(server.database.number("select count(*) from credentials").await, 0);
    assert_eq!(refreshed(&server).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_takes_over_from_a_replica_that_died() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", SHORTLY).await;
    server.advance(11).await;
    let lease = claim(&server.store, replica(1, 1), 1).await.remove(0);
    assert_eq!(
        server.broker.refresh_tick().await.unwrap(),
        Tick::default(),
        "it is the other's"
    );
    server.advance(301).await;
    server.store.take_over_leases(10).await.unwrap();
    let call = server
        .api("GET", "/v1/passthrough/me")
        .connection(connection["key"].as_str().unwrap());
    call.send().await.expect(200);
    let late = store::NewCredential {
        credential: lease.credential.clone(),
        expires_in: Some(10),
        refresh_in: Some(8),
    };
    let late = testkit::answer(&lease, late);
    assert!(!server.store.commit_refresh(&lease.fence, &late).await.unwrap());
    assert_eq!((refreshed(&server).await, refresh_tokens(&server).await), (1, 2));
    assert_eq!(server.database.number("select generation from credentials").await, 2);
}
