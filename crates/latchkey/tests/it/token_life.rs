//! Token life: what a service, a disk or a replica does wrong costs no connection.

use std::collections::BTreeSet;

use broker::Tick;
use serde_json::{Value, json};
use testkit::{Account, Consent, OddProvider, Reply, TestServer, claim, replica};

async fn odd() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

async fn state(server: &TestServer) -> (String, String) {
    let row = "select state || ' ' || coalesce(state_reason, '-') from connections order by id limit 1";
    let text = server.database.text(row).await;
    let (state, reason) = text.split_once(' ').unwrap();
    (state.to_owned(), reason.to_owned())
}

async fn events(server: &TestServer, kind: &str) -> i64 {
    let count = format!("select count(*) from events where type = '{kind}'");
    server.database.number(&count).await
}

async fn call(server: &TestServer, connection: &Value) -> testkit::Answer {
    let key = connection["key"].as_str().unwrap();
    server.api("GET", "/v1/passthrough/x").connection(key).send().await
}

fn refused(code: &str) -> Reply {
    Reply::json(
        400,
        &json!({ "error": code, "error_description": "The <b>word</b> of the service" }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_once_by_mistake_costs_nothing() {
    let (provider, server) = odd().await;
    server.connect_odd().await;
    server.advance(3301).await;
    provider.reply(refused("invalid_grant"));
    assert_eq!(server.broker.refresh_tick().await.unwrap().failed, 1);
    assert_eq!(
        state(&server).await,
        ("degraded".to_owned(), "grant_refused".to_owned())
    );
    server.advance(61).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(state(&server).await, ("operational".to_owned(), "-".to_owned()));
    assert_eq!(
        (
            events(&server, "connection.degraded").await,
            events(&server, "connection.recovered").await
        ),
        (1, 1)
    );
    assert_eq!(events(&server, "connection.failed").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reused_family_ends_in_one_event_and_no_further_call() {
    let (provider, server) = odd().await;
    server.connect_odd().await;
    server.advance(3301).await;
    for _ in 0..2 {
        provider.reply(refused("invalid_grant"));
        server.broker.refresh_tick().await.unwrap();
        server.advance(61).await;
    }
    assert_eq!(state(&server).await, ("failed".to_owned(), "grant_gone".to_owned()));
    let asked = provider.seen("/token").len();
    for _ in 0..60 {
        server.advance(60).await;
        assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default());
    }
    assert_eq!(provider.seen("/token").len(), asked);
    assert_eq!(
        (
            events(&server, "connection.failed").await,
            events(&server, "connection.degraded").await
        ),
        (1, 1)
    );
    let words = server
        .database
        .text("select payload->>'providerMessage' from events where type = 'connection.degraded' order by id limit 1")
        .await;
    assert!(words.contains("word") && !words.contains('<'), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_client_opens_its_circuit_and_touches_no_connection() {
    let (provider, server) = odd().await;
    for _ in 0..20 {
        server.connect_odd().await;
    }
    let exchanged = provider.seen("/token").len();
    server.advance(3301).await;
    for _ in 0..100 {
        provider.reply(Reply::json(401, &json!({ "error": "invalid_client" })));
    }
    server.broker.refresh_tick().await.unwrap();
    assert_eq!(server.store.open_circuits().await.unwrap(), 1);
    let first = provider.seen("/token").len() - exchanged;
    assert!((3..=20).contains(&first), "{first}");
    for _ in 0..60 {
        server.advance(1).await;
        server.broker.refresh_tick().await.unwrap();
    }
    let probes = provider.seen("/token").len() - exchanged - first;
    assert!((1..=5).contains(&probes), "{probes} probes in a minute");
    assert_eq!(events(&server, "integration.app_broken").await, 1);
    let untouched = "select count(*) from connections where state = 'unknown' and state_reason is null";
    assert_eq!(server.database.number(untouched).await, 20);

    // The secret is mended: the next probe closes the circuit, and everybody is refreshed.
    provider.forget_replies();
    let mut refreshed = 0;
    for _ in 0..20 {
        server.advance(60).await;
        refreshed += server.broker.refresh_tick().await.unwrap().refreshed;
    }
    assert_eq!(refreshed, 20);
    assert_eq!(
        (
            events(&server, "integration.recovered").await,
            server.store.open_circuits().await.unwrap()
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_day_costs_no_connection_and_few_calls() {
    let (provider, server) = odd().await;
    for _ in 0..30 {
        server.connect_odd().await;
    }
    let exchanged = provider.seen("/token").len();
    server.advance(3301).await;
    provider.close();
    let mut claimed = 0;
    for _ in 0..48 {
        server.advance(1800).await;
        claimed += server.broker.refresh_tick().await.unwrap().claimed;
    }
    assert!(claimed < 30 + 48 * 2, "{claimed} attempts in a day of outage");
    let failed = "select count(*) from connections where state = 'failed'";
    assert_eq!(server.database.number(failed).await, 0);
    provider.open().await;
    let mut refreshed = 0;
    for _ in 0..10 {
        server.advance(60).await;
        refreshed += server.broker.refresh_tick().await.unwrap().refreshed;
    }
    assert_eq!(refreshed, 30, "all fresh ten minutes after the recovery");
    assert_eq!(provider.seen("/token").len() - exchanged, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_wait_holds_for_all_replicas_and_marks_no_connection() {
    let (provider, server) = odd().await;
    let other = server.replica(None).await;
    for _ in 0..3 {
        server.connect_odd().await;
    }
    server.advance(3301).await;
    let lease = claim(&server.store, replica(9, 9), 1).await.remove(0);
    server.store.hold_app(lease.app, 120.0).await.unwrap();
    server.store.free_lease(&lease, 0.0).await.unwrap();
    for broker in [&server.broker, &other] {
        assert_eq!(broker.refresh_tick().await.unwrap(), Tick::default());
    }
    server.advance(121).await;
    provider.reply(Reply::With(429, "application/json", "{}".to_owned()));
    provider.reply(Reply::With(429, "application/json", "{}".to_owned()));
    provider.reply(Reply::With(429, "application/json", "{}".to_owned()));
    let tick = other.refresh_tick().await.unwrap();
    assert_eq!((tick.refreshed, tick.failed), (0, 3));
    assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default());
    assert_eq!(state(&server).await.1, "-", "a limit says nothing about a connection");
    assert_eq!(server.store.open_circuits().await.unwrap(), 0);
    server.advance(60).await;
    let mut refreshed = 0;
    for _ in 0..4 {
        refreshed += server.broker.refresh_tick().await.unwrap().refreshed;
        server.advance(20).await;
    }
    assert_eq!(refreshed, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_survives_its_process_in_the_journal() {
    let provider = OddProvider::start().await;
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::builder()
        .behind_link()
        .with_odd_provider(&provider)
        .journal(folder.path())
        .start()
        .await;
    server.connect_odd().await;
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let ticking = tokio::spawn(async move { broker.refresh_tick().await });
    held.arrived().await;
    server.database.link().cut();
    held.release();
    // On disk, and the database is away: as a crash here, somebody reads what is on the disk.
    let journal = folder.path().join("journal");
    let mark = b"LKA1";
    while !std::fs::read(&journal).unwrap().windows(4).any(|window| window == mark) {
        tokio::task::yield_now().await;
    }
    let ready = server.api("GET", "/readyz").no_key().send().await;
    assert_eq!(ready.status, 503);
    ticking.abort();
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(&journal, copy.path().join("journal")).unwrap();
    assert_eq!(server.database.number("select generation from credentials").await, 1);

    let next = server.replica(Some(copy.path())).await;
    assert_eq!(server.database.number("select generation from credentials").await, 2);
    assert_eq!(next.refresh_tick().await.unwrap(), Tick::default());
    assert_eq!(events(&server, "oauth.refreshed").await, 1);
    let tokens = provider.seen("/token").len();
    assert_eq!(tokens, 2, "the code and one refresh");
    server.advance(3301).await;
    assert_eq!(next.refresh_tick().await.unwrap().refreshed, 1);
    assert!(provider.seen("/token")[2].body.contains("refresh_token=refresh-2"));
    drop(std::fs::remove_dir_all(copy.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_an_answer_that_waits_stops_further_claims() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .behind_link()
        .with_odd_provider(&provider)
        .start()
        .await;
    let connection = server.connect_odd().await;
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let ticking = tokio::spawn(async move { broker.refresh_tick().await.unwrap() });
    held.arrived().await;
    server.database.link().cut();
    held.release();
    let obstacle = loop {
        if let Some(obstacle) = server.broker.refresh_obstacle() {
            break obstacle;
        }
        tokio::task::yield_now().await;
    };
    assert!(
        obstacle.contains("waits for the database, and there is no journal"),
        "{obstacle}"
    );
    assert_eq!(server.broker.refresh_tick().await.ok(), None, "nothing more is claimed");
    server.database.link().mend().await;
    assert_eq!(ticking.await.unwrap().refreshed, 1);
    assert_eq!(server.broker.refresh_obstacle(), None);
    assert_eq!(call(&server, &connection).await.status, 200);
    assert_eq!(server.database.number("select generation from credentials").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_costs_no_token() {
    let (provider, server) = odd().await;
    let connection = server.connect_odd().await;
    server.advance(3301).await;
    server.database.make_read_only().await;
    let asked = provider.seen("/token").len();
    for _ in 0..3 {
        assert!(server.broker.refresh_tick().await.is_err());
    }
    assert_eq!(provider.seen("/token").len(), asked, "nothing was sent");
    // A token that is good is still served: only reads are needed.
    assert_eq!(call(&server, &connection).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_was_cut_off_is_tried_once_more_and_then_named() {
    let (provider, server) = odd().await;
    server.connect_odd().await;
    server.advance(3301).await;
    let (gone, now) = (replica(7, 1), replica(7, 2));
    server.store.register_replica(gone).await.unwrap();
    claim(&server.store, gone, 1).await;
    server.store.register_replica(now).await.unwrap();
    assert_eq!(
        server.broker.refresh_tick().await.unwrap(),
        Tick::default(),
        "not before its journal"
    );
    server.store.journal_replayed(now).await.unwrap();
    let asked = provider.seen("/token").len();
    provider.reply(refused("invalid_grant"));
    server.broker.refresh_tick().await.unwrap();
    assert_eq!(provider.seen("/token").len(), asked + 1);
    assert_eq!(events(&server, "oauth.interrupted").await, 1);
    server.advance(61).await;
    provider.reply(refused("invalid_grant"));
    server.broker.refresh_tick().await.unwrap();
    assert_eq!(
        state(&server).await,
        ("failed".to_owned(), "rotation_uncertain".to_owned())
    );
    let message = server.database.text("select state_message from connections").await;
    assert!(
        message.contains("cut off") && message.contains("Connect it again"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_still_good_is_served_while_its_refresh_hangs() {
    let (provider, server) = odd().await;
    let connection = server.connect_odd().await;
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let ticking = tokio::spawn(async move { broker.refresh_tick().await.unwrap() });
    held.arrived().await;
    for _ in 0..50 {
        assert_eq!(call(&server, &connection).await.status, 200);
    }
    held.release();
    assert_eq!(ticking.await.unwrap().refreshed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_told_is_learnt_from_a_401() {
    let (provider, server) = odd().await;
    let unlimited =
        |access: &str, refresh: &str| Reply::json(200, &json!({ "access_token": access, "refresh_token": refresh }));
    provider.reply(unlimited("access-1", "refresh-1"));
    let connection = server.connect_odd().await;
    server.advance(1800).await;
    assert_eq!(
        server.broker.refresh_tick().await.unwrap(),
        Tick::default(),
        "nobody said that it ends"
    );
    provider.reply_at("/api", Reply::json(401, &json!({})));
    provider.reply(unlimited("access-2", "refresh-2"));
    assert_eq!(call(&server, &connection).await.status, 200, "refreshed and sent again");
    let learned = server.database.number("select learned_lifetime from credentials").await;
    assert!((1800..=1810).contains(&learned), "{learned}");
    // The next one is refreshed in time.
    provider.reply(unlimited("access-3", "refresh-3"));
    server.advance(8 * 86_400).await;
    server.broker.refresh_tick().await.unwrap();
    let ahead = "select extract(epoch from refresh_at - latchkey_now()) from credentials";
    let ahead = server.database.number(ahead).await;
    assert!((1200..=1800).contains(&ahead), "{ahead}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_401_to_every_token_is_not_asked_for_more() {
    let (provider, server) = odd().await;
    let connection = server.connect_odd().await;
    server.advance(120).await;
    for _ in 0..20 {
        provider.reply_at("/api", Reply::json(401, &json!({})));
    }
    let asked = provider.seen("/token").len();
    for _ in 0..8 {
        assert_eq!(call(&server, &connection).await.status, 401);
        server.advance(61).await;
    }
    assert_eq!(provider.seen("/token").len(), asked + 1, "one refresh, not one a call");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_that_are_refused_make_one_refresh() {
    let (provider, server) = odd().await;
    let connection = server.connect_odd().await;
    server.advance(120).await;
    for _ in 0..50 {
        provider.reply_at("/api", Reply::json(401, &json!({})));
    }
    let asked = provider.seen("/token").len();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let key = connection["key"].as_str().unwrap();
        calls.spawn(server.api("GET", "/v1/passthrough/x").connection(key).send());
    }
    let answers: BTreeSet<u16> = calls.join_all().await.into_iter().map(|answer| answer.status).collect();
    assert!(answers.contains(&200), "{answers:?}");
    assert_eq!(provider.seen("/token").len(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_tenant_is_not_behind_a_large_one() {
    let server = TestServer::start().await;
    let large = server.connect("u-1", Consent::Allow(Account::Ann)).await;
    // Three thousand copies of a credential that is long overdue; they fail to open and are parked, each a claim.
    server
        .database
        .execute(&format!(
            "with copies as (
                 insert into connections (id, project_id, environment, app_id, integration, auth_method, key)
                 select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n
                 from connections, generate_series(1, 3000) n where id = '{}' returning id, project_id, environment, app_id)
             insert into credentials (connection_id, project_id, environment, app_id, sealed, refresh_at)
             select c.id, c.project_id, c.environment, c.app_id, k.sealed, latchkey_now() - interval '1 day'
             from copies c, credentials k where k.connection_id = '{0}'",
            large["id"].as_str().unwrap()
        ))
        .await;
    let (other, key) = server.another_project().await;
    let answer = server
        .api("POST", "/v1/authkit/token")
        .key(&key)
        .json(&json!({ "identity": "u-2" }));
    let session = answer.send().await.expect(200).json()["requestId"].to_string();
    server.store.add_origin(other, testkit::SHOP).await.unwrap();
    let session = session.trim_matches('"').to_owned();
    server.connect_in(&session, Consent::Allow(Account::Ben)).await;
    server
        .database
        .execute(&format!(
            "update credentials set refresh_at = latchkey_now() where project_id = '{other}'"
        ))
        .await;
    // The first round already has the small tenant's.
    let due = server.store.due_apps().await.unwrap();
    assert_eq!(due.len(), 2);
    let leases = claim(&server.store, replica(5, 5), 8).await;
    assert!(
        leases.iter().any(|lease| lease.fence.project == other),
        "{}",
        leases.len()
    );
}
