//! One thing that is wrong stays one thing: a service that hangs, a row that is damaged, a loop that is stuck, a
//! definition that changes.

use std::time::{Duration, Instant};

use broker::Scheduler;
use latchkey::composition::{BadDefinition, load_catalog};
use serde_json::{Value, json};
use store::AppSettings;
use testkit::{OddProvider, Reply, TestServer, claim, odd_definition, replica};

/// Waits until a question has the answer yes.
async fn until(what: &str, mut question: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !question().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_holds_up_no_other() {
    let (hanging, well) = (OddProvider::start().await, OddProvider::start().await);
    let server = TestServer::builder()
        .with_odd_provider(&hanging)
        .allowing(&well.url())
        .start()
        .await;
    let names: Vec<String> = (1..=20).map(|number| format!("odd-{number}")).collect();
    let texts: Vec<(String, String)> = names
        .iter()
        .map(|name| {
            (
                format!("{name}.yaml"),
                odd_definition().1.replace("id: odd", &format!("id: {name}")),
            )
        })
        .collect();
    let many = catalog::load_sources(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    assert!(many.problems.is_empty(), "{:?}", many.problems);
    let own = catalog::load_sources([odd_definition()]).catalog;
    let shipped = load_catalog(None, BadDefinition::Refuse).unwrap();
    server.broker.replace_catalog(shipped.merged(own).merged(many.catalog));
    for name in &names {
        let settings = AppSettings {
            client_id: Some("odd-client".to_owned()),
            client_secret: Some("odd-secret".to_owned().into()),
            variables: Some([("base".to_owned(), well.url())].into()),
            ..AppSettings::default()
        };
        let (store, origin) = (server.broker.store(), server.broker.public_origin());
        let environment = broker::Environment::Test;
        store
            .set_app(server.project.id, environment, name, origin, settings)
            .await
            .unwrap();
        server.import_odd(name, &[format!("well-{name}")]).await;
    }
    let stuck: Vec<String> = (0..40).map(|number| format!("stuck-{number}")).collect();
    server.import_odd("odd", &stuck).await;
    for _ in 0..200 {
        hanging.reply(Reply::Never);
    }
    server.advance(3301).await;
    let scheduler = Scheduler::start(&server.broker).await.unwrap();
    let took = until("the others are refreshed", async || well.seen("/token").len() == 20).await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    let waiting = hanging.seen("/token").len();
    assert!((1..=9).contains(&waiting), "it holds {waiting} of 16 places");
    drop(scheduler);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_in_a_hundred_stops_no_other() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let tokens: Vec<String> = (0..100).map(|number| format!("token-{number}")).collect();
    server.import_odd("odd", &tokens).await;
    for sql in [
        "update credentials set sealed = '\\x00' where connection_id = (select min(id::text)::uuid from connections)",
        "update connections set auth_method = 'gone' where id = (select max(id::text)::uuid from connections)",
    ] {
        assert_eq!(server.database.execute(sql).await, 1);
    }
    server.advance(3301).await;
    let mut refreshed = 0;
    for _ in 0..6 {
        refreshed += server.broker.refresh_tick().await.unwrap().refreshed;
    }
    assert_eq!((refreshed, provider.seen("/token").len()), (98, 98));
    let changed = "select count(*) from connections where state = 'degraded' and state_reason = 'integration_changed'";
    assert_eq!(server.database.number(changed).await, 1);
    let told = "select count(*) from events where type = 'connection.degraded'";
    assert_eq!(server.database.number(told).await, 1);
    let later = "select count(*) from credentials where generation = 1 and lease_owner is null
                 and refresh_at > latchkey_now() + interval '5 minutes'";
    assert_eq!(server.database.number(later).await, 2, "both wait, and hold no lease");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_loop_is_seen_within_two_intervals() {
    let server = TestServer::start().await;
    let scheduler = Scheduler::start(&server.broker).await.unwrap();
    let ready = async || server.api("GET", "/readyz").no_key().send().await;
    let alive = |answer: &Value, name: &str| {
        let loops = answer["loops"].as_array().unwrap();
        loops.iter().find(|one| one["name"] == name).unwrap()["alive"] == true
    };
    let first = ready().await.expect(200).json();
    assert!(first["loops"].as_array().unwrap().len() >= 6, "{first}");
    let mut locking = server.database.pool().begin().await.unwrap();
    sqlx::query("lock table credentials in access exclusive mode")
        .execute(&mut *locking)
        .await
        .unwrap();
    // A turn that began before the lock may still end well.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // Two intervals of a second, and the five seconds that a tick may take.
    server.advance(8).await;
    until("the loop is reported", async || {
        let answer = ready().await;
        answer.status == 503 && !alive(&answer.json(), "refresh") && alive(&answer.json(), "webhook")
    })
    .await;
    locking.rollback().await.unwrap();
    until("it is well again", async || ready().await.status == 200).await;
    drop(scheduler);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_was_lost_in_its_process_is_tried_once_more() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    server.connect_odd().await;
    server.advance(3301).await;
    let (one, another) = (replica(6, 1), replica(6, 2));
    let lease = claim(&server.store, one, 1).await.remove(0);
    let mark = async |replica| {
        server
            .store
            .interrupt_lease(&lease.fence, replica, lease.number)
            .await
            .unwrap()
    };
    assert!(!mark(another).await, "only its own life may");
    assert!(mark(one).await);
    assert!(!mark(one).await);
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    let interrupted = "select count(*) from events where type = 'oauth.interrupted'";
    assert_eq!(server.database.number(interrupted).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn duties_of_several_replicas_are_done_once() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let (second, third) = (server.replica(None).await, server.replica(None).await);
    for _ in 0..5 {
        let ten_days = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 864_000 });
        provider.reply(Reply::json(200, &ten_days));
        server.connect_odd().await;
    }
    server.advance(3 * 86_400 + 60).await;
    let (one, two, three) = tokio::join!(
        server.broker.forecast_tick(),
        second.forecast_tick(),
        third.forecast_tick()
    );
    assert_eq!(one.unwrap() + two.unwrap() + three.unwrap(), 5);
    let told = "select count(*) from events where type = 'connection.expiring'";
    assert_eq!(server.database.number(told).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_replaced_all_at_once() {
    let provider = OddProvider::start().await;
    let patient = TestServer::builder().pool_wait(Duration::from_secs(20));
    let server = patient.with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    let key = connection["key"].as_str().unwrap();
    let version = |number: u32| {
        let text = odd_definition().1.replace(
            r#"base_url: "${variables.base}/api""#,
            &format!("base_url: \"${{variables.base}}/v{number}\"\n  query: {{ version: \"v{number}\" }}"),
        );
        let loaded = catalog::load_sources([("odd.yaml", text.as_str())]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        loaded.catalog
    };
    let broker = server.broker.clone();
    broker.replace_catalog(version(1));
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..200 {
        calls.spawn(server.api("GET", "/v1/passthrough/x").connection(key).send());
        broker.replace_catalog(version(1 + number % 2));
        tokio::task::yield_now().await;
    }
    // One that is wrong is not among them: it is refused before.
    assert!(!catalog::load_sources([("odd.yaml", "id: odd")]).problems.is_empty());
    for answer in calls.join_all().await {
        answer.expect(200);
    }
    let (one, two) = (provider.seen("/v1/"), provider.seen("/v2/"));
    assert_eq!(one.len() + two.len(), 200);
    assert!(!one.is_empty() && !two.is_empty());
    assert!(one.iter().all(|seen| seen.target.ends_with("version=v1")), "{one:?}");
    assert!(two.iter().all(|seen| seen.target.ends_with("version=v2")), "{two:?}");
}
