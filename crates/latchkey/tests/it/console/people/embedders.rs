//! Pages that embed the modal.

use reqwest::Method;
use store::Role;
use testkit::{SHOP, TestServer};

use super::super::{home, operator};

#[tokio::test(flavor = "multi_thread")]
async fn embedders_are_allowed_and_removed() {
    let server = TestServer::start().await;
    let page = format!("{}/embedders", home(&server));
    server
        .store
        .note_refused_embedder(server.project.id, "https://new.example.test")
        .await
        .unwrap();
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let seen = viewer.get(&page).await.expect(200).text;
    assert!(
        seen.contains("https://new.example.test") && seen.contains(SHOP) && !seen.contains("embedders/allow"),
        "{seen}"
    );
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    developer
        .post(&format!("{page}/allow"), &[("origin", "https://new.example.test")])
        .await
        .expect(403);
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    for (origin, message) in [
        ("", "write it as"),
        ("https://*.a.test", "wildcards"),
        ("http://a.test", "use https"),
    ] {
        let again = admin
            .post(&format!("{page}/allow"), &[("origin", origin)])
            .await
            .expect(422)
            .text;
        assert!(
            again.contains(message) && again.contains(&format!("value=\"{origin}\"")),
            "{again}"
        );
    }
    admin
        .post(&format!("{page}/allow"), &[("origin", "https://new.example.test")])
        .await
        .expect(303);
    let origins = server.store.origins(server.project.id).await.unwrap();
    assert!(origins.contains(&"https://new.example.test".to_owned()));
    assert!(
        server
            .store
            .refused_embedders(server.project.id)
            .await
            .unwrap()
            .is_empty()
    );
    let removed = admin
        .post(&format!("{page}/remove"), &[("origin", SHOP)])
        .await
        .expect(303);
    assert!(removed.location.ends_with("done=removed"), "{}", removed.location);
    let gone = admin
        .post(&format!("{page}/remove"), &[("origin", SHOP)])
        .await
        .expect(303);
    assert!(gone.location.ends_with("done=gone"), "{}", gone.location);
    for (action, times) in [("project.origin_added", 1), ("project.origin_removed", 1)] {
        assert_eq!(server.store.audit_count(action).await.unwrap(), times, "{action}");
    }
    // From another page nothing is changed.
    let stranger = admin.clone().from(Some("https://evil.test"));
    let refused = stranger
        .send(
            Method::POST,
            &format!("{page}/allow"),
            Some((
                "application/x-www-form-urlencoded",
                "origin=https%3A%2F%2Fevil.test".to_owned(),
            )),
        )
        .await;
    assert_eq!(refused.status, 403);
}
