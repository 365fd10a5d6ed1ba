//! Tables stay bounded, and grants that end are told of before.

use std::time::Duration;

use broker::{Broker, Environment};
use chrono::TimeDelta;
use serde_json::{Value, json};
use store::{Purged, Reach, RevocationStatus};
use testkit::{Account, Consent, OddProvider, Reply, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
const DAY: i64 = 86_400;

/// Deletes it and leaves its grant to the revoker, which the API would wake.
async fn delete(server: &TestServer, connection: &Value) {
    let id = connection["id"].as_str().unwrap().parse().unwrap();
    let found = server.store.connection(server.project.id, Environment::Test, id).await;
    let deleted = server
        .store
        .delete_connection(&found.unwrap().unwrap(), Reach::Token)
        .await;
    assert_eq!(deleted.unwrap().unwrap().revocation, RevocationStatus::Pending);
}

async fn rows(server: &TestServer, table: &str) -> i64 {
    server.database.number(&format!("select count(*) from {table}")).await
}

async fn purge(broker: &Broker) -> Purged {
    broker.purge_tick().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_is_kept_for_a_month_and_then_forgotten() {
    let server = TestServer::start().await;
    let (gone, waits) = (server.connect("u-1", ANN).await, server.connect("u-2", ANN).await);
    server.connect("u-3", ANN).await;
    delete(&server, &gone).await;
    assert_eq!(server.broker.revoke_tick().await.unwrap(), 1);
    delete(&server, &waits).await;
    server
        .store
        .beat(server.broker.settings().replica.id, "refresh", 1)
        .await
        .unwrap();
    server
        .database
        .execute("insert into audit_log (id, action, actor) values (gen_random_uuid(), 'test', 'test')")
        .await;
    let (events, audited) = (rows(&server, "events").await, rows(&server, "audit_log").await);
    assert!(events >= 3);

    server.advance(29 * DAY).await;
    let early = purge(&server.broker).await;
    assert_eq!(
        (early.events, early.revocations, early.connections, early.heartbeats),
        (0, 0, 0, 1)
    );
    server.advance(2 * DAY).await;
    let purged = purge(&server.broker).await;
    assert_eq!(purged.events, events.unsigned_abs());
    assert_eq!(
        (purged.revocations, purged.connections),
        (1, 1),
        "one waits to be revoked"
    );
    assert_eq!(
        (rows(&server, "events").await, rows(&server, "connections").await),
        (0, 2)
    );
    assert_eq!(rows(&server, "audit_log").await, audited, "it is for ever");
    // The log of requests has a writer of its own, which may come late.
    let again = purge(&server.broker).await;
    assert_eq!(Purged { requests: 0, ..again }, Purged::default());

    // The revocation that waited ends with its day, and is told of for a month.
    server.broker.revoke_tick().await.unwrap();
    purge(&server.broker).await;
    assert_eq!(rows(&server, "revocations").await, 1);
    server.advance(31 * DAY).await;
    purge(&server.broker).await;
    assert_eq!(
        (rows(&server, "revocations").await, rows(&server, "connections").await),
        (0, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_takes_one_bite() {
    let server = TestServer::start().await;
    server
        .database
        .execute(&format!(
            "insert into events (id, project_id, environment, type, payload)
             select gen_random_uuid(), '{}', 'test', 'test', '{{}}' from generate_series(1, 25)",
            server.project.id
        ))
        .await;
    // Ids of now, as the product makes them; two turns at once take different rows.
    server
        .database
        .execute("update events set id = overlay(id::text placing '00000000-0000-7' from 1 for 15)::uuid")
        .await;
    server.advance(31 * DAY).await;
    let kept = TimeDelta::days(30);
    let (one, two) = tokio::join!(server.store.purge(kept, 10), server.store.purge(kept, 10));
    let taken = one.unwrap().events + two.unwrap().events;
    assert!(
        taken <= 20 && rows(&server, "events").await == 25 - taken.cast_signed(),
        "{taken}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_purge_is_served_by_an_index() {
    let server = TestServer::start().await;
    let mut connection = server.database.pool().acquire().await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off")
        .execute(&mut *connection)
        .await
        .unwrap();
    for (query, index) in [
        (
            "select e.id from events e where e.id < rpad(lpad(to_hex(floor(extract(epoch from
                 latchkey_now() - make_interval(secs => 1)) * 1000)::bigint), 12, '0'), 32, '0')::uuid
                 and not exists (select from webhook_deliveries d where d.event_id = e.id and d.status = 'pending')
                 order by e.id limit 9",
            "events_pkey",
        ),
        (
            "select e.id from unnest(array[gen_random_uuid()], array['test'], array[5], array[gen_random_uuid()])
                          as s (project_id, environment, days, after)
                 cross join lateral (
                     select e.id from events e
                     where e.project_id = s.project_id and e.environment = s.environment and e.id > s.after
                       and e.id < (rpad(lpad(to_hex(floor(extract(epoch from
                           latchkey_now() - make_interval(days => s.days)) * 1000)::bigint), 12, '0'), 32, '0'))::uuid
                     order by e.id limit 9) e",
            "events_by_project",
        ),
        (
            "select r.id from unnest(array[gen_random_uuid()], array['test'], array[5]) as s (project_id, environment, days)
                 cross join lateral (
                     select r.id from requests r
                     where r.project_id = s.project_id and r.environment = s.environment
                       and r.id < (rpad(lpad(to_hex(floor(extract(epoch from
                           latchkey_now() - make_interval(days => s.days)) * 1000)::bigint), 12, '0'), 32, '0'))::uuid
                     order by r.id limit 9 for update skip locked) r",
            "requests_by_project",
        ),
        (
            "select id from projects where event_days * 86400 < 1::float8 and deleted_at is null",
            "projects_with_own_days",
        ),
        ("select id from projects where request_days < 1 and deleted_at is null", "projects_with_own_days"),
        (
            "select id from revocations where ended_at is not null and ended_at < latchkey_now() order by ended_at limit 9",
            "revocations_ended",
        ),
        (
            "select id from connections where deleted_at is not null and deleted_at < latchkey_now() order by deleted_at limit 9",
            "connections_deleted",
        ),
        (
            "select connection_id from credentials where refresh_at is null and expires_at is not null and forecast_days = 0
                 and expires_at > latchkey_now() and expires_at <= latchkey_now() + interval '7 days' order by expires_at limit 9",
            "credentials_forecast",
        ),
        (
            "select connection_id from credentials where uncertain_since is not null and refresh_at is not null
                 order by refresh_at limit 9",
            "credentials_uncertain",
        ),
        (
            "select digest from brand_images where replaced_at is not null and replaced_at <= latchkey_now()
                 order by replaced_at limit 9",
            "brand_images_replaced",
        ),
        ("delete from connect_sessions where connection_id = gen_random_uuid()", "connect_sessions_by_connection"),
        ("update flows set connection_id = null where connection_id = gen_random_uuid()", "flows_by_connection"),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("explain {query}")))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let plan = plan.join("\n");
        let named = plan.contains(&format!("{index} on")) && !plan.contains("Sort");
        assert!(named, "{query}\n{plan}");
    }
}

/// Events `connection.expiring` so far, by their days.
async fn told(server: &TestServer) -> Vec<i64> {
    server.broker.forecast_tick().await.unwrap();
    assert_eq!(server.broker.forecast_tick().await.unwrap(), 0, "once each");
    sqlx::query_scalar("select (payload->>'days')::bigint from events where type = 'connection.expiring' order by id")
        .fetch_all(server.database.pool())
        .await
        .unwrap()
}

async fn connect(provider: &OddProvider, server: &TestServer, lifetime: Duration) -> Value {
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "a", "token_type": "Bearer", "expires_in": lifetime.as_secs() }),
    ));
    server.connect_odd().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_cannot_be_refreshed_is_told_of_before_it_ends() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let days = |days: u64| Duration::from_hours(24 * days);
    let connection = connect(&provider, &server, days(10)).await;
    // Nobody is told of these: one ends too soon after it was given, one is refreshed.
    connect(&provider, &server, Duration::from_hours(1)).await;
    provider.reply(Reply::tokens("access", "refresh", days(10).as_secs()));
    server.connect_odd().await;

    assert_eq!(told(&server).await, Vec::<i64>::new());
    server.advance(3 * DAY + 60).await;
    assert_eq!(told(&server).await, [7]);
    server.advance(4 * DAY).await;
    assert_eq!(told(&server).await, [7, 3]);
    server.advance(2 * DAY).await;
    assert_eq!(told(&server).await, [7, 3, 1]);
    server.advance(2 * DAY).await;
    assert_eq!(told(&server).await, [7, 3, 1]);
    let about = "select payload->>'id' from events where type = 'connection.expiring' limit 1";
    assert_eq!(json!(server.database.text(about).await), connection["id"]);

    // Both have ended, and only their people can bring them back: told once each.
    let failed =
        "select count(*) from events where type = 'connection.failed' and payload->>'reason' = 'no_refresh_token'";
    assert_eq!(server.database.number(failed).await, 2);
    let key = connection["key"].as_str().unwrap();
    let answer = server.api("GET", "/v1/passthrough/x").connection(key).send().await;
    answer.problem(424);
    let state = "select count(*) from connections where state = 'failed'";
    assert_eq!(server.database.number(state).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_tells_the_nearest_day_only() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    connect(&provider, &server, Duration::from_hours(24 * 10)).await;
    let failed = connect(&provider, &server, Duration::from_hours(24 * 10)).await;
    server
        .database
        .execute(&format!(
            "update connections set state = 'failed' where id = '{}'",
            failed["id"].as_str().unwrap()
        ))
        .await;
    server.advance(8 * DAY).await;
    assert_eq!(told(&server).await, [3]);
    // A new grant begins anew.
    server
        .database
        .execute("update connections set state = 'operational'")
        .await;
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "b", "token_type": "Bearer", "expires_in": 10 * DAY }),
    ));
    let session = server.session(&json!({ "connection": failed["id"] })).await;
    let (_, browser, callback) = server.at_odd_callback(&session, "code").await;
    browser.get(&callback).await.expect(303);
    server.advance(4 * DAY).await;
    assert_eq!(told(&server).await, [3, 7]);
}
