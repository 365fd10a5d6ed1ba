//! A project keeps the past for less time than the server, and never for more.

use broker::{Actor, Caller, Environment, ProjectSettings, Scope};
use chrono::TimeDelta;
use store::{ProjectId, PurgePositions};
use testkit::TestServer;

const DAY: i64 = 86_400;

/// An id of a time, as the product makes them.
const ID: &str = "overlay(gen_random_uuid()::text placing
    regexp_replace(lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0'), '(.{8})(.{4})', '\\1-\\2') || '-7'
    from 1 for 15)::uuid";

/// Events and lines of the log in both environments, so many of each age in days.
async fn past(server: &TestServer, project: ProjectId, days: &[u32], each: u32) {
    let of = format!(
        "from unnest(array{days:?}::int[]) as a (days), generate_series(1, {each}), unnest(array['test', 'live']) as e,
         lateral (select latchkey_now() - make_interval(days => a.days, secs => 60)) as t (at)"
    );
    server
        .database
        .execute(&format!(
            "insert into events (id, project_id, environment, type, payload, created_at)
             select {ID}, '{project}', e, 'past', '{{}}', at {of}"
        ))
        .await;
    server
        .database
        .execute(&format!(
            "insert into requests (id, project_id, environment, correlation_id, kind, method, path, status, duration_ms)
             select {ID}, '{project}', e, 'x', 'api', 'GET', '/', 200, 1 {of}"
        ))
        .await;
}

async fn keep(
    server: &TestServer,
    project: ProjectId,
    events: Option<u32>,
    requests: Option<u32>,
) -> Result<(), String> {
    let caller = Caller {
        project,
        environment: Environment::Test,
        actor: Actor::CommandLine,
        scopes: [Scope::Admin].into(),
    };
    let view = server.broker.project_view(&caller).await.unwrap();
    let wanted = ProjectSettings {
        event_days: events,
        request_days: requests,
        ..ProjectSettings::of(&view.project)
    };
    let saved = server.broker.save_project(&caller, view.revision, wanted).await;
    saved
        .map(drop)
        .map_err(|problem| format!("{}: {}", problem.key(), problem.message()))
}

/// How many of a project are left: events, lines of the log.
async fn left(server: &TestServer, project: ProjectId) -> (i64, i64) {
    let count = async |what: &str| {
        let sql = format!("select count(*) from {what} and project_id = '{project}'");
        server.database.number(&sql).await
    };
    (
        count("events where type = 'past'").await,
        count("requests where true").await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_with_days_of_its_own_loses_what_is_older_and_others_do_not() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    for project in [server.project.id, other] {
        past(&server, project, &[1, 4, 6, 20], 3).await;
    }
    let audited = "select count(*) from audit_log where action = 'project.changed'
        and detail->'before'->>'event_days' is null and detail->'after'->>'event_days' = '5'
        and detail->'after'->>'request_days' = '2'";
    keep(&server, server.project.id, Some(5), Some(2)).await.unwrap();
    assert_eq!(server.database.number(audited).await, 1);

    let purged = server.broker.purge_tick().await.unwrap();
    // 12 of each are past the 7 days for which the server keeps the log.
    assert_eq!((purged.events, purged.requests), (12, 6 + 6 + 12));
    assert_eq!(left(&server, server.project.id).await, (12, 6));
    assert_eq!(left(&server, other).await, (24, 18));
    let again = server.broker.purge_tick().await.unwrap();
    assert_eq!((again.events, again.requests), (0, 0));
    assert_eq!(server.database.number(audited).await, 1, "the audit log is for ever");

    // As long as the server again: what is left stays.
    keep(&server, server.project.id, None, None).await.unwrap();
    server.advance(4 * DAY).await;
    server.broker.purge_tick().await.unwrap();
    assert_eq!(left(&server, server.project.id).await, (12, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_server_keeps_is_refused_and_a_server_that_keeps_less_later_wins() {
    let server = TestServer::start().await;
    let project = server.project.id;
    for days in [0, 3, 31, 4_000_000_000] {
        let refused = keep(&server, project, Some(days), None).await.unwrap_err();
        assert!(
            refused.starts_with("bad_event_days: Give a whole number of days from 4 to 30"),
            "{refused}"
        );
    }
    for days in [0, 8] {
        let refused = keep(&server, project, None, Some(days)).await.unwrap_err();
        assert!(
            refused.starts_with("bad_request_days: Give a whole number of days from 1 to 7"),
            "{refused}"
        );
    }
    keep(&server, project, Some(30), Some(7)).await.unwrap();

    // The server kept for longer when these were chosen. They stand in nobody's way.
    let raised = "update projects set event_days = 100, request_days = 50";
    server.database.execute(raised).await;
    keep(&server, project, Some(100), Some(6)).await.unwrap();
    keep(&server, project, Some(99), Some(6)).await.unwrap_err();
    server.database.execute(raised).await;
    past(&server, project, &[2, 6, 35, 60], 1).await;
    let purged = server.broker.purge_tick().await.unwrap();
    assert_eq!((purged.events, purged.requests), (4, 4));
    assert_eq!(left(&server, project).await, (4, 4));

    // Lowered below what the project has.
    keep(&server, project, Some(5), Some(5)).await.unwrap();
    let kept = TimeDelta::days(4);
    let mut positions = PurgePositions::default();
    let of_projects = server.store.purge_events_of_projects(kept, 100, &mut positions).await;
    assert_eq!(of_projects.unwrap(), 0, "it is the server's own purge that takes them");
    assert_eq!(server.store.purge_requests_of_projects(4, 100).await.unwrap(), 0);
    server.store.purge(kept, 100).await.unwrap();
    assert_eq!(server.store.purge_requests(1, 100).await.unwrap(), 4);
    assert_eq!(server.store.purge_requests_of_projects(0, 100).await.unwrap(), 0);
    assert_eq!(left(&server, project).await, (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_very_much_keeps_no_other_waiting_and_a_turn_takes_one_bite() {
    let server = TestServer::start().await;
    let (small, _) = server.another_project().await;
    past(&server, server.project.id, &[6], 100).await;
    past(&server, small, &[6], 2).await;
    for project in [server.project.id, small] {
        keep(&server, project, Some(5), Some(5)).await.unwrap();
    }
    let kept = TimeDelta::days(30);
    let (mut one, mut two) = (PurgePositions::default(), PurgePositions::default());
    let taken = server.store.purge_events_of_projects(kept, 40, &mut one).await.unwrap();
    assert_eq!(taken, 40, "what one leaves is for the others");
    assert_eq!(server.store.purge_requests_of_projects(7, 40).await.unwrap(), 40);
    assert_eq!(left(&server, small).await, (0, 0));
    assert_eq!(left(&server, server.project.id).await, (164, 164));

    // Replicas, each with a bite: together they take no more than two, and none twice.
    let (first, second, third, fourth) = tokio::join!(
        server.store.purge_events_of_projects(kept, 40, &mut one),
        server.store.purge_events_of_projects(kept, 40, &mut two),
        server.store.purge_requests_of_projects(7, 40),
        server.store.purge_requests_of_projects(7, 40),
    );
    let events = first.unwrap() + second.unwrap();
    let requests = third.unwrap() + fourth.unwrap();
    assert!(
        (40..=80).contains(&events) && (40..=80).contains(&requests),
        "{events} {requests}"
    );
    let rest = (164 - events.cast_signed(), 164 - requests.cast_signed());
    assert_eq!(left(&server, server.project.id).await, rest);
    while server.store.purge_events_of_projects(kept, 40, &mut one).await.unwrap()
        + server.store.purge_requests_of_projects(7, 40).await.unwrap()
        > 0
    {}
    // What another replica held while this one passed.
    server
        .store
        .purge_events_of_projects(kept, 400, &mut one)
        .await
        .unwrap();
    assert_eq!(left(&server, server.project.id).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_stays_and_keeps_nothing_behind_it() {
    let server = TestServer::start().await;
    let project = server.project.id;
    keep(&server, project, Some(4), None).await.unwrap();
    past(&server, project, &[9], 10).await;
    server
        .database
        .execute(&format!(
            "with made as (insert into webhook_endpoints (id, project_id, environment, url, types)
                           values (gen_random_uuid(), '{project}', 'test', 'https://x.test', '{{}}') returning id)
             insert into webhook_deliveries (id, event_id, endpoint_id)
             select gen_random_uuid(), e.id, made.id from events e, made where e.type = 'past' and e.environment = 'test'"
        ))
        .await;
    past(&server, project, &[5], 4).await;
    let mut positions = PurgePositions::default();
    let mut turns = 0;
    while left(&server, project).await.0 > 10 {
        let purging = server
            .store
            .purge_events_of_projects(TimeDelta::days(30), 6, &mut positions);
        purging.await.unwrap();
        turns += 1;
        assert!(turns < 8, "{positions:?}");
    }
    let pending = "select count(*) from webhook_deliveries where status = 'pending'";
    assert_eq!(server.database.number(pending).await, 10);
    server.broker.purge_tick().await.unwrap();
    assert_eq!(left(&server, project).await.0, 10);
    server
        .database
        .execute("update webhook_deliveries set status = 'delivered', ended_at = latchkey_now()")
        .await;
    assert_eq!(server.broker.purge_tick().await.unwrap().events, 10);
    assert_eq!(
        server.database.number("select count(*) from webhook_deliveries").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sets_and_tells_them() {
    let server = TestServer::start().await;
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(arguments)
            .env("LATCHKEY_DATABASE_URL", server.database.address())
            .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
            .env("LATCHKEY_PUBLIC_URL", &server.url)
            .output()
            .unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    };
    let shown = || {
        let (_, text) = run(&["projects", "show", "--json"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        (value["event_days"].as_u64(), value["request_days"].as_u64())
    };
    assert_eq!(shown(), (None, None));
    let (done, said) = run(&["projects", "set", "--event-days", "5", "--request-days", "2"]);
    assert!(done, "{said}");
    assert_eq!(shown(), (Some(5), Some(2)));
    let (done, said) = run(&["projects", "set", "--event-days", "server"]);
    assert!(done, "{said}");
    assert_eq!(shown(), (None, Some(2)));
    for (days, why) in [
        ("31", "from 4 to 30"),
        ("3", "from 4 to 30"),
        ("week", "write one, as 7, or `server`"),
    ] {
        let (done, said) = run(&["projects", "set", "--event-days", days]);
        assert!(!done && said.contains(why), "{said}");
    }
    let noted = "select count(*) from audit_log where action = 'project.changed' and actor = 'cli'";
    assert_eq!(server.database.number(noted).await, 2);
}
