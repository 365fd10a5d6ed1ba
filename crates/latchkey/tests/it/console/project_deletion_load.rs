//! The end of a project beside what goes on: writes, sign-ins whose grant waits, and what others revoke.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use store::{DeletionBegun, ProjectChange, ProjectId, Verify};
use testkit::{Account, Consent, OddProvider, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

async fn begin(server: &TestServer, project: ProjectId) -> DeletionBegun {
    let entry = store::AuditEntry {
        project: None,
        environment: None,
        action: "project.deleted",
        actor: "operator:1".to_owned(),
        subject: Some(format!("project:{project}")),
        detail: &json!({}),
    };
    server.store.begin_deletion(project, "operator:1", entry).await.unwrap()
}

async fn erased(server: &TestServer) -> Value {
    let line = "select detail::text from audit_log where action = 'project.erased'";
    serde_json::from_str(&server.database.text(line).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_another_project_that_is_being_written_holds_it_up_for_no_time() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    // As the check of a reference does, until its transaction ends.
    let mut writing = server.database.pool().begin().await.unwrap();
    sqlx::query("select from projects where id = $1 for key share")
        .bind(other.0)
        .execute(&mut *writing)
        .await
        .unwrap();
    let begun = tokio::time::timeout(Duration::from_secs(5), begin(&server, server.project.id)).await;
    assert!(matches!(begun, Ok(DeletionBegun::Yes(_))), "{begun:?}");
    writing.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grant_of_a_reconnect_that_waits_is_revoked_beside_that_of_its_connection() {
    let server = TestServer::start().await;
    server.another_project().await;
    let first = server.connect("u-42", ANN).await;
    let change = ProjectChange {
        verify: Some(Verify::Always),
        verify_url: Some("https://shop.example.test/verify".to_owned()),
        ..ProjectChange::default()
    };
    assert!(server.store.change_project(server.project.id, change).await.unwrap());
    let session = server.session(&json!({ "connection": first["id"] })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    browser.get(&callback).await.expect(303);
    assert_eq!(server.stage(&flow).await, "verifying");

    assert!(matches!(begin(&server, server.project.id).await, DeletionBegun::Yes(_)));
    assert!(server.broker.deletion_tick().await.unwrap());
    let queued = "select count(*) from revocations where flow_id is not null";
    assert_eq!(server.database.number(queued).await, 1, "the new grant");
    assert_eq!(server.database.number("select count(*) from revocations").await, 2);
    server.advance(121).await;
    server.broker.revoke_tick().await.unwrap();
    let live = "select count(*) from sandbox_grants where revoked_at is null";
    assert_eq!(server.database.number(live).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_on_until_every_grant_of_a_large_project_was_revoked() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    server.another_project().await;
    let tokens: Vec<_> = (0..45).map(|number| format!("token-{number}")).collect();
    server.import_odd("odd", &tokens).await;
    let shop = server.project.id;
    assert!(matches!(begin(&server, shop).await, DeletionBegun::Yes(_)));
    assert!(server.broker.deletion_tick().await.unwrap());
    assert_eq!(server.database.number("select count(*) from revocations").await, 45);
    let alive = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&alive);
    // What the deletion itself began may hold some for two minutes.
    server.advance(121).await;
    server
        .broker
        .revoke_turn(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(()))
        })
        .await
        .unwrap();
    let waiting = "select count(*) from revocations where status = 'pending' and lease_until is null";
    assert_eq!(server.database.number(waiting).await, 0, "none waits for another turn");
    for _ in 0..100 {
        if !server.store.has_waiting_revocations(shop).await.unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = "select string_agg(distinct status, ' ') from revocations";
    assert_eq!(server.database.text(ended).await, "revoked");
    assert!(alive.load(Ordering::Relaxed) < 45, "it is said now and then");
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_take_turns_and_what_a_service_refused_is_counted() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    let shop = server.project.id;
    let wait = async |project: ProjectId, rows: i64, since: &str| {
        let insert = format!(
            "insert into revocations (id, project_id, environment, app_id, integration, auth_method, next_attempt_at, deadline_at)
             select gen_random_uuid(), a.project_id, a.environment, a.id, a.integration, 'oauth2',
                    latchkey_now() - interval '{since}', latchkey_now() + interval '24 hours'
             from (select * from apps where project_id = '{project}' order by id limit 1) a, generate_series(1, {rows})"
        );
        assert_eq!(server.database.execute(&insert).await, u64::try_from(rows).unwrap());
    };
    wait(shop, 30, "2 hours").await;
    wait(other, 2, "1 minute").await;
    let claimed = async |project: ProjectId| {
        let count =
            format!("select count(*) from revocations where project_id = '{project}' and lease_until > latchkey_now()");
        server.database.number(&count).await
    };
    server.store.claim_revocations(6).await.unwrap();
    assert_eq!((claimed(shop).await, claimed(other).await), (4, 2));
    // Where nobody else waits, all places are one's own.
    server.store.claim_revocations(6).await.unwrap();
    assert_eq!((claimed(shop).await, claimed(other).await), (10, 2));

    // A service that refused one before, and the rest for a day.
    let before = format!(
        "update revocations set status = 'failed', ended_at = latchkey_now() - interval '1 hour'
         where id = (select id from revocations where project_id = '{shop}' limit 1)"
    );
    assert_eq!(server.database.execute(&before).await, 1);
    assert!(matches!(begin(&server, shop).await, DeletionBegun::Yes(_)));
    assert!(server.broker.deletion_tick().await.unwrap());
    assert!(server.store.has_waiting_revocations(shop).await.unwrap());
    server.advance(25 * 3_600).await;
    server.broker.revoke_tick().await.unwrap();
    while server.broker.deletion_tick().await.unwrap() {}
    let erased = erased(&server).await;
    assert_eq!((&erased["name"], &erased["notRevoked"]), (&json!("Shop"), &json!(29)));
}
