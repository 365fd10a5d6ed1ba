//! A credential on a page: who may, with what proof, and never before the audit log has it.

use serde_json::Value;
use store::Role;
use testkit::{Account, Consent, TestServer};
use vault::{Credential, Environment, ExposeSecret as _};

use super::furnished::Furnished;
use super::matrix::pages_of;
use super::{PASSWORD, Person, home, operator, owner};

/// A connection's page, and its access and refresh token.
async fn connected(server: &TestServer) -> (String, String, String) {
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let id = connection["id"].as_str().unwrap();
    let (access, refresh) = tokens(server, id).await;
    (format!("{}/connections/{id}", home(server)), access, refresh)
}

/// The access and refresh token of a connection.
async fn tokens(server: &TestServer, id: &str) -> (String, String) {
    let kept = server
        .store
        .exportable(server.project.id, Environment::Test, id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let Credential::OAuth2(tokens) = &kept.credential else {
        panic!("the sandbox gives tokens")
    };
    (
        tokens.access_token.expose_secret().to_owned(),
        tokens.refresh_token.as_ref().unwrap().expose_secret().to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_shown_after_a_proof_and_a_line_in_the_log() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (page, access, refresh) = connected(&server).await;
    let reveal = format!("{page}/reveal");
    server.advance(601).await;
    let asked = person.post(&reveal, &[]).await.expect(303);
    assert!(
        asked.location.starts_with("/console/confirm?next=%2Fconsole%2F"),
        "{}",
        asked.location
    );
    let noted = "select count(*) from audit_log where action = 'credential.reveal'";
    assert_eq!(server.database.number(noted).await, 0);
    let back = format!("{page}?done=proved");
    let form = [("password", PASSWORD), ("next", back.as_str())];
    let came = person.post("/console/confirm", &form).await.expect(303);
    assert_eq!(came.location, back);
    let shown = person.get(&back).await.expect(200).text;
    assert!(
        shown.contains("You confirmed that it is you") && !shown.contains(&access),
        "{shown}"
    );

    let shown = person.post(&reveal, &[]).await.expect(200);
    assert!(
        shown.text.contains(&access) && !shown.text.contains(&refresh),
        "{}",
        shown.text
    );
    assert_eq!(shown.cache, "no-store");
    assert!(!shown.location.contains(&access));
    let entry: Value = serde_json::from_str(
        &server
            .database
            .text("select (detail || jsonb_build_object('actor', actor))::text from audit_log where action = 'credential.reveal'")
            .await,
    )
    .unwrap();
    assert_eq!(entry["result"], "exported");
    assert!(
        entry["actor"].as_str().unwrap().starts_with("operator:") && entry["ip"].is_string(),
        "{entry}"
    );
    assert!(!server.database.dump().await.contains(&access));
    // Whoever comes back to the address, as with the address bar, is shown the connection.
    let back = person.get(&reveal).await.expect(303);
    assert_eq!(back.location, page);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_audit_log_nothing_is_shown() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (page, access, _) = connected(&server).await;
    let reveal = format!("{page}/reveal");
    server
        .database
        .execute("alter table audit_log add constraint broken check (action <> 'credential.reveal') not valid")
        .await;
    for _ in 0..2 {
        let refused = person.post(&reveal, &[]).await.expect(503);
        assert!(!refused.text.contains(&access) && refused.text.contains("audit log cannot be written"));
    }
    server
        .database
        .execute("alter table audit_log drop constraint broken")
        .await;
    assert!(person.post(&reveal, &[]).await.expect(200).text.contains(&access));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_and_nobody_else_has_it() {
    let there = Furnished::start().await;
    let server = &there.server;
    let page = there.address("/console/{project}/{environment}/connections/{connection}");
    let id = page.rsplit('/').next().unwrap();
    let (access, refresh) = tokens(server, id).await;
    let session = format!("/console/{}/test", server.project.id);
    for role in Role::ALL {
        let (_, person) = operator(server, Some(role)).await;
        let may = role >= Role::Admin;
        for path in pages_of(role) {
            let address = there.address(path);
            let seen = person.get(&address).await;
            assert_eq!(seen.status, 200, "{role:?} on {address}");
            let seen = seen.text;
            let kept = [&access, &refresh, &server.client_secret, &server.test_key];
            for secret in kept.into_iter().chain(&there.secrets) {
                assert!(!seen.contains(secret.as_str()), "{role:?} on {address}");
            }
        }
        let shown = person.get(&page).await.expect(200).text;
        assert_eq!(shown.contains("Reveal credential"), may, "{role:?}");
        let seen = person.post(&format!("{page}/reveal"), &[]).await;
        assert_eq!(seen.status, if may { 200 } else { 403 }, "{role:?}");
        assert_eq!(seen.text.contains(&access), may, "{role:?}");
        assert!(!seen.text.contains(&refresh), "{role:?}");
    }
    // Another project and environment, and an id that nothing has.
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(server, Some(Role::Owner)).await;
    for path in [
        format!("/console/{other}/test/connections/{id}/reveal"),
        format!("/console/{}/live/connections/{id}/reveal", server.project.id),
        format!("{session}/connections/{}/reveal", store::ConnectionId::generate()),
        format!("{session}/connections/nonsense/reveal"),
    ] {
        owner.post(&path, &[]).await.expect(404);
    }
    let exported =
        "select count(*) from audit_log where action = 'credential.reveal' and detail ->> 'result' = 'exported'";
    assert_eq!(server.database.number(exported).await, 2);
    Person::new(server)
        .post(&format!("{page}/reveal"), &[])
        .await
        .expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_not_shown() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (page, access, _) = connected(&server).await;
    server.database.execute("update connections set active = false").await;
    let refused = person.post(&format!("{page}/reveal"), &[]).await;
    assert!(
        refused.status == 409 && !refused.text.contains(&access),
        "{}",
        refused.status
    );
    assert!(refused.text.contains("notice-bad") && refused.kind.starts_with("text/html"));
}
