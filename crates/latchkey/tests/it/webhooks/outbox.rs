//! The outbox: what is written for whom, what a dead process leaves, and what is forgotten.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use store::{Attempt, AttemptEnd, Verdict};

use super::{Setting, body, header, id, ok};

#[tokio::test(flavor = "multi_thread")]
async fn one_change_is_one_delivery_under_the_name_subscribed_to() {
    let setting = Setting::start().await;
    let everything = ["connection.created", "connection.updated", "session.completed"];
    let cases: [(&str, &[&str], &[&str]); 7] = [
        ("/all", &[], &everything),
        ("/star", &["*"], &everything),
        (
            "/below",
            &["connection.*"],
            &["connection.created", "connection.updated"],
        ),
        ("/wire", &["connection.oauth.created"], &["connection.oauth.created"]),
        ("/wire-below", &["connection.oauth.*"], &["connection.oauth.created"]),
        (
            "/both",
            &["connection.oauth.created", "connection.created"],
            &["connection.created"],
        ),
        ("/other", &["oauth.failed", "member.added"], &[]),
    ];
    for (place, events, _) in cases {
        setting.subscribe(place, events).await;
        setting.answers(place, ok()).await;
    }
    let connection = setting.connect("u-1").await;
    setting.change(&connection, "a").await;
    setting.deliver().await;
    for (place, _, expected) in cases {
        let seen = setting.seen(place).await;
        // What is of no connection comes in any order.
        let mut types: Vec<String> = seen
            .iter()
            .map(|request| body(request)["type"].as_str().unwrap().to_owned())
            .collect();
        types.sort();
        assert_eq!(types, expected, "{place}");
    }
    // The same event has the same id everywhere.
    let created = |requests: Vec<wiremock::Request>| {
        let is_created = |request: &&wiremock::Request| body(request)["type"].as_str().unwrap().ends_with(".created");
        header(requests.iter().find(is_created).unwrap(), "webhook-id").to_owned()
    };
    assert_eq!(
        created(setting.seen("/all").await),
        created(setting.seen("/wire").await)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_no_oauth_connection() {
    let setting = Setting::start().await;
    setting.subscribe("/wire", &["connection.oauth.created"]).await;
    setting.subscribe("/all", &[]).await;
    for place in ["/wire", "/all"] {
        setting.answers(place, ok()).await;
    }
    let session = setting.server.session(&json!({ "identity": "u-1" })).await;
    let typed = json!({
        "integration": "sandbox", "auth": "api_key", "values": { "api_key": "sandbox_key_0123456789" },
        "embedder": testkit::SHOP,
    });
    let browser = setting.server.browser();
    browser
        .post("/connect/api/submit", Some(&session), &typed)
        .await
        .expect(200);
    setting.deliver().await;
    assert_eq!(
        (setting.seen("/wire").await.len(), setting.seen("/all").await.len()),
        (0, 2),
        "what was created, and that its session ended well"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_owner_died_is_made_once_more_with_the_same_id() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let connection = setting.connect("u-1").await;
    setting.change(&connection, "a").await;
    let mut dead = setting.server.store.claim_deliveries(None, 10, 4, &[]).await.unwrap();
    assert_eq!(dead.len(), 1, "the second waits for the first");
    let dead = dead.remove(0);
    assert_eq!(setting.deliver().await, (0, 0), "somebody has it");
    setting.server.advance(61).await;
    assert_eq!(setting.deliver().await, (2, 0));
    let seen = setting.seen("/hook").await;
    assert_eq!(header(&seen[0], "webhook-id"), dead.event.to_string());
    // The dead one was only slow: it notes nothing any more.
    let late = AttemptEnd {
        attempt: Attempt::default(),
        verdict: Verdict::Failed,
        pause: None,
        spread: 0.5,
    };
    assert!(!setting.server.store.note_attempt(&dead, &late).await.unwrap());
    let delivered = "select count(*) from webhook_deliveries where status = 'delivered'";
    assert_eq!(setting.server.database.number(delivered).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_die_between_commit_and_send_lose_nothing() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let connections = [
        setting.connect("u-1").await,
        setting.connect("u-2").await,
        setting.connect("u-3").await,
    ];
    let mut died = 0;
    for round in 0..60 {
        for connection in &connections {
            setting.change(connection, &round.to_string()).await;
        }
        // A process claims and is gone.
        died += setting
            .server
            .store
            .claim_deliveries(None, 2, 1, &[])
            .await
            .unwrap()
            .len();
        if round % 3 == 0 {
            // Another one sends, and dies before it notes.
            for claimed in setting.server.store.claim_deliveries(None, 1, 4, &[]).await.unwrap() {
                died += 1;
                let sent = setting
                    .server
                    .client
                    .post(&claimed.url)
                    .header("webhook-id", claimed.event.to_string());
                sent.body("{}").send().await.unwrap();
            }
        }
        setting.server.advance(61).await;
        setting.server.broker.webhook_tick().await.unwrap();
    }
    setting.server.advance(61).await;
    setting.deliver().await;
    assert!(died > 60, "{died}");
    let mut times: HashMap<String, usize> = HashMap::new();
    for request in setting.seen("/hook").await {
        *times.entry(header(&request, "webhook-id").to_owned()).or_default() += 1;
    }
    let events = "select string_agg(id::text, ' ') from events where type like 'connection.%'";
    let events = setting.server.database.text(events).await;
    let events: HashSet<&str> = events.split(' ').collect();
    let arrived: HashSet<&str> = times.keys().map(String::as_str).collect();
    assert_eq!(
        arrived, events,
        "nothing is missing, and duplicates have the id of their event"
    );
    assert_eq!(events.len(), 3 + 180);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_deliver_each_once() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.created"]).await;
    setting.answers("/hook", ok()).await;
    for round in 0..12 {
        setting.connect(&format!("u-{round}")).await;
    }
    let mut ticks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let broker = setting.server.broker.clone();
        ticks.spawn(async move { broker.webhook_tick().await.unwrap() });
    }
    ticks.join_all().await;
    setting.deliver().await;
    assert_eq!(setting.seen("/hook").await.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_is_forgotten_and_what_never_ends_is_given_up() {
    let setting = Setting::start().await;
    let kept = setting.subscribe("/hook", &["connection.*"]).await;
    let deleted = setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let connection = setting.connect("u-1").await;
    setting.deliver().await;
    let place = |made| format!("/v1/webhooks/subscriptions/{}", id(made));
    for made in [&kept, &deleted] {
        setting.change(&connection, "a").await;
        setting
            .call("PATCH", &place(made), &json!({ "active": false }))
            .await
            .expect(200);
    }
    // `kept` has one that waits for nobody and never goes, `deleted` two.
    setting.call("DELETE", &place(&deleted), &json!({})).await.expect(200);
    let purge = async || setting.server.store.purge_deliveries().await.unwrap();
    let purged = purge().await;
    assert_eq!((purged.deleted, purged.expired), (3, 0), "those of the deleted one");
    let endpoints = "select count(*) from webhook_endpoints";
    assert_eq!(setting.server.database.number(endpoints).await, 1);
    setting.server.advance(7 * 86_400 + 60).await;
    let purged = purge().await;
    assert_eq!((purged.deleted, purged.expired), (0, 1));
    let list = setting.get(&format!("{}/deliveries", place(&kept))).await;
    assert_eq!(list["rows"][0]["status"], "failed");
    setting.server.advance(24 * 86_400).await;
    assert_eq!(purge().await.deleted, 1, "delivered 31 days ago");
    setting.server.advance(7 * 86_400).await;
    assert_eq!(purge().await.deleted, 1);
    assert_eq!(
        setting
            .server
            .database
            .number("select count(*) from webhook_attempts")
            .await,
        0
    );
    assert_eq!(purge().await, store::PurgedDeliveries::default());
}

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn an_old_event_on_its_way_stays_and_blocks_nobody() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    let connection = setting.connect("u-1").await;
    setting.server.advance(4 * DAY + 60).await;
    setting.change(&connection, "a").await;
    // Events are kept for four days here, and the first is still on its way.
    let purge = async || {
        let kept = chrono::TimeDelta::days(4);
        setting.server.store.purge(kept, 100).await.unwrap();
        let left = "select count(*) from webhook_deliveries";
        setting.server.database.number(left).await
    };
    assert_eq!(purge().await, 2);
    setting.answers("/hook", ok()).await;
    assert_eq!(setting.deliver().await, (2, 0));
    let kinds: Vec<String> = setting
        .seen("/hook")
        .await
        .iter()
        .map(|request| super::body(request)["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["connection.created", "connection.updated"]);
    assert_eq!(purge().await, 1, "delivered, and old enough");
}

/// Somebody asks for an old delivery once more while its event is being forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_takes_a_waiting_delivery_lets_the_next_go() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let connection = setting.connect("u-1").await;
    assert_eq!(setting.deliver().await, (1, 0));
    setting.server.advance(4 * DAY + 60).await;
    setting.change(&connection, "a").await;
    let database = &setting.server.database;
    let mut asking = database.pool().begin().await.unwrap();
    for sql in [
        "update webhook_deliveries set status = 'pending', attempts = 0, ended_at = null where status = 'delivered'",
        "update webhook_deliveries set blocked = true where seq = (select max(seq) from webhook_deliveries)",
    ] {
        sqlx::query(sql).execute(&mut *asking).await.unwrap();
    }
    let purging = setting.server.store.purge(chrono::TimeDelta::days(4), 100);
    let committing = async {
        let waiting =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while database.number(waiting).await < 1 {
            tokio::task::yield_now().await;
        }
        asking.commit().await.unwrap();
    };
    let (purged, ()) = tokio::join!(purging, committing);
    purged.unwrap();
    let left = "select count(*) from webhook_deliveries";
    assert_eq!(database.number(left).await, 1);
    assert_eq!(setting.deliver().await, (1, 0), "what waited behind it goes out");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_once_more_has_a_week_of_its_own() {
    let setting = Setting::start().await;
    let made = setting.subscribe("/hook", &["connection.created"]).await;
    setting.answers("/hook", ok()).await;
    setting.connect("u-1").await;
    assert_eq!(setting.deliver().await, (1, 0));
    setting.server.advance(20 * DAY).await;
    let from = (setting.server.store.now().await.unwrap() - chrono::TimeDelta::days(25)).to_rfc3339();
    let range = json!({ "from": from, "status": "all" });
    let place = format!("/v1/webhooks/subscriptions/{}/redeliver", id(&made));
    let again = setting.call("POST", &place, &range).await.expect(200).json();
    assert_eq!(again["redelivered"], 1);
    let purge = async || setting.server.store.purge_deliveries().await.unwrap();
    assert_eq!(purge().await.expired, 0, "it was asked for a moment ago");
    assert_eq!(setting.deliver().await, (1, 0));
    let again = setting.call("POST", &place, &range).await.expect(200).json();
    assert_eq!(again["redelivered"], 1);
    setting.server.advance(7 * DAY + 60).await;
    assert_eq!(purge().await.expired, 1);
}
