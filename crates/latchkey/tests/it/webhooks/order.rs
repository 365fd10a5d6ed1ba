//! The order of a connection, and that nobody waits for somebody else's endpoint.

use std::time::Duration;

use serde_json::json;
use store::{Attempt, AttemptEnd, Verdict};
use wiremock::ResponseTemplate;

use super::{Setting, body, by_connection, header, id, ok};

/// Event ids of a connection in the order in which they were written.
async fn written(setting: &Setting, connection: &str) -> Vec<String> {
    let sql = format!(
        "select string_agg(event_id::text, ' ' order by seq) from webhook_deliveries where lane = '{connection}'"
    );
    let ids = setting.server.database.text(&sql).await;
    ids.split(' ').map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_waits_for_the_one_before_of_its_connection_only() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    let (one, two) = (setting.connect("u-1").await, setting.connect("u-2").await);
    for tag in ["a", "b", "c"] {
        setting.change(&one, tag).await;
        setting.change(&two, tag).await;
    }
    let first = written(&setting, &one).await[0].clone();
    {
        let _one_fails = setting
            .answering("/hook", move |request: &wiremock::Request| {
                ResponseTemplate::new(if header(request, "webhook-id") == first {
                    500
                } else {
                    204
                })
            })
            .await;
        assert_eq!(setting.deliver().await, (4, 1));
    }
    let seen = by_connection(&setting.receiver.received_requests().await.unwrap());
    assert_eq!(seen[&one].len(), 1, "the others wait");
    assert_eq!(seen[&two], written(&setting, &two).await);
    // What comes in meanwhile queues up.
    setting.change(&one, "d").await;
    setting.answers("/hook", ok()).await;
    assert_eq!(setting.deliver().await, (0, 0));
    setting.server.advance(6).await;
    assert_eq!(setting.deliver().await, (5, 0));
    let seen = by_connection(&setting.receiver.received_requests().await.unwrap());
    assert_eq!(seen[&one][1..], written(&setting, &one).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_come_while_deliveries_end_are_not_forgotten() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let connections = [setting.connect("u-1").await, setting.connect("u-2").await];
    let changing = async {
        for round in 0..40 {
            for connection in &connections {
                setting.change(connection, &round.to_string()).await;
            }
        }
    };
    let delivering = async {
        for _ in 0..200 {
            setting.server.broker.webhook_tick().await.unwrap();
        }
    };
    tokio::join!(changing, delivering);
    setting.deliver().await;
    let left = "select count(*) from webhook_deliveries where status <> 'delivered'";
    assert_eq!(setting.server.database.number(left).await, 0, "nothing is stuck");
    let seen = by_connection(&setting.seen("/hook").await);
    for connection in &connections {
        assert_eq!(seen[connection], written(&setting, connection).await);
    }
}

/// A change that saw the delivery before it as pending, and commits only after that one ended.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_delivery_waits_for_a_change_that_queues_behind_it() {
    let setting = Setting::start().await;
    setting.subscribe("/hook", &["connection.*"]).await;
    setting.answers("/hook", ok()).await;
    let connection = setting.connect("u-1").await;
    let claimed = setting
        .server
        .store
        .claim_deliveries(None, 1, 4, &[])
        .await
        .unwrap()
        .remove(0);
    // From here on, what writes a delivery waits with its commit for this test.
    let database = &setting.server.database;
    for sql in [
        "create function hold() returns trigger language plpgsql as
             'begin perform pg_advisory_xact_lock_shared(4242); return null; end'",
        "create constraint trigger hold after insert on webhook_deliveries deferrable initially deferred
             for each row execute function hold()",
    ] {
        database.execute(sql).await;
    }
    let mut holder = database.pool().begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(4242)")
        .execute(&mut *holder)
        .await
        .unwrap();
    let waiting = async |count: i64| {
        let waiting =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while database.number(waiting).await < count {
            tokio::task::yield_now().await;
        }
    };
    let changing = setting.change(&connection, "a");
    let ending = async {
        waiting(1).await;
        let delivered = AttemptEnd {
            attempt: Attempt::default(),
            verdict: Verdict::Delivered,
            pause: None,
            spread: 0.5,
        };
        let noting = setting.server.store.note_attempt(&claimed, &delivered);
        let release = async {
            waiting(2).await;
            holder.commit().await.unwrap();
        };
        let (noted, ()) = tokio::join!(noting, release);
        assert!(noted.unwrap());
    };
    let both = async { tokio::join!(changing, ending) };
    tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .expect("the end waits for the change");
    assert_eq!(setting.deliver().await, (1, 0), "the change is not forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_endpoint_with_a_backlog_delays_nobody() {
    let setting = Setting::start().await;
    let dead = setting
        .call(
            "POST",
            "/v1/webhooks/subscriptions",
            &json!({ "url": "http://127.0.0.1:1/dead", "events": ["oauth.failed"] }),
        )
        .await
        .expect(201)
        .json();
    // As many connections as events: the worst case for a claim.
    let sql = format!(
        "with e as (insert into events (id, project_id, environment, type, payload)
             select gen_random_uuid(), '{}', 'test', 'oauth.failed', '{{}}' from generate_series(1, 20000) returning id)
         insert into webhook_deliveries (id, event_id, endpoint_id, lane)
         select gen_random_uuid(), id, '{}', gen_random_uuid() from e",
        setting.server.project.id,
        id(&dead)
    );
    setting.server.database.execute(&sql).await;
    setting.subscribe("/healthy", &["connection.created"]).await;
    setting.answers("/healthy", ok()).await;
    for round in 0..5_usize {
        setting.connect(&format!("u-{round}")).await;
        let tick = setting.server.broker.webhook_tick().await.unwrap();
        assert!(tick.delivered >= 1, "{tick:?}");
        assert_eq!(setting.seen("/healthy").await.len(), round + 1);
    }
    let read = setting.get(&format!("/v1/webhooks/subscriptions/{}", id(&dead))).await;
    assert!(read["pausedUntil"].is_string(), "it is left alone: {read}");
    let tried = "select count(*) from webhook_deliveries where attempts > 0 and last_error is not null";
    let tried = setting.server.database.number(tried).await;
    assert!((5..=12).contains(&tried), "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_endpoint_holds_its_own_slots_only() {
    let setting = Setting::start().await;
    setting.subscribe("/slow", &["connection.created"]).await;
    setting.answers("/slow", ok().set_delay(Duration::from_secs(15))).await;
    for round in 0..6 {
        setting.connect(&format!("u-{round}")).await;
    }
    let tick = setting.server.broker.webhook_tick().await.unwrap();
    assert_eq!((tick.delivered, tick.running), (0, 4), "a turn does not wait for it");
    setting.subscribe("/fast", &["connection.created"]).await;
    setting.answers("/fast", ok()).await;
    setting.connect("u-7").await;
    let tick = setting.server.broker.webhook_tick().await.unwrap();
    assert_eq!((tick.delivered, tick.running), (1, 4));
    assert_eq!(body(&setting.seen("/fast").await[0])["data"]["identity"], "u-7");
}
