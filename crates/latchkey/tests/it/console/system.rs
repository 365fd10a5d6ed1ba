//! The server's own page: who sees it, what it says, and that it says no secret.

use store::Role;
use testkit::{Account, Consent, TestServer};

use super::{home, operator};

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_sees_the_server_and_nobody_else() {
    let server = TestServer::start().await;
    server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let scheduler = broker::Scheduler::start(&server.broker).await.unwrap();
    server
        .database
        .execute(
            "insert into refresh_circuits (app_id, state, reason, message, opened_at, not_before)
             select id, 'open', 'provider_unavailable', '</td><script>alert(1)</script>', now(), now() + interval '1 hour' from apps",
        )
        .await;
    server.broker.rotate_data_key(server.project.id).await.unwrap();
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    admin.get(&format!("{}/system", home(&server))).await.expect(403);
    admin.get(&format!("{}/system/checks", home(&server))).await.expect(403);
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let page = owner.get(&format!("{}/system", home(&server))).await.expect(200).text;
    for text in [
        "this one",
        env!("CARGO_PKG_VERSION"),
        "<code>refresh</code>",
        "<code>numbers</code>",
        "Runs</span></td></tr>",
        "Newest migration",
        "asked again",
        "Seals what is new",
        "LATCHKEY_PUBLIC_URL",
        "Not set",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert!(page.contains("old: what they sealed is sealed anew"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(
        !page.contains(server.master.to_text().as_str()) && !page.contains("postgres://"),
        "{page}"
    );

    let checks = owner
        .get(&format!("{}/system/checks", home(&server)))
        .await
        .expect(200)
        .text;
    for text in [
        "Database",
        "It answers in",
        "Circuits",
        "Open: sandbox.",
        "Clocks",
        "Way to the database",
    ] {
        assert!(checks.contains(text), "{text} in {checks}");
    }
    scheduler.stop().await;
    // A loop that stands still is told, here and at home.
    server
        .database
        .execute("update heartbeats set beat_at = now() - interval '1 hour' where loop = 'refresh'")
        .await;
    let page = owner.get(&format!("{}/system", home(&server))).await.expect(200).text;
    assert!(page.contains("Stuck at"), "{page}");
    let checks = owner
        .get(&format!("{}/system/checks", home(&server)))
        .await
        .expect(200)
        .text;
    assert!(checks.contains("Stuck: refresh."), "{checks}");
    let page = owner.get(&home(&server)).await.expect(200).text;
    assert!(page.contains("The loop refresh"), "{page}");
}
