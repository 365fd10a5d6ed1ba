//! Hosted links.

use store::Role;
use testkit::TestServer;

use super::super::{home, operator};
use super::between;

#[tokio::test(flavor = "multi_thread")]
async fn links_are_made_listed_and_taken_back() {
    let server = TestServer::start().await;
    let links = format!("{}/links", home(&server));
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let empty = viewer.get(&links).await.expect(200).text;
    assert!(
        empty.contains("No link was made here yet") && empty.contains("takes the role support"),
        "{empty}"
    );
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let long = "x".repeat(300);
    for (form, message) in [
        (vec![("identity", ""), ("label", "Ann")], "Write your id of the person."),
        (vec![("identity", long.as_str())], "128 characters at most"),
        (
            vec![("identity", "u-1"), ("inviter", long.as_str())],
            "80 characters at most",
        ),
        (vec![("identity", "u-1"), ("life", "12")], "from 300"),
        (vec![("identity", "u-1"), ("life", "ages")], "from 300"),
        (
            vec![("identity", "u-1"), ("integration", "nosuch")],
            "There is no integration",
        ),
    ] {
        let again = support.post(&links, &form).await.expect(400).text;
        assert!(again.contains(message), "{message} in {again}");
        for (_, value) in form
            .iter()
            .filter(|(name, _)| *name == "identity" || *name == "inviter")
        {
            assert!(again.contains(&format!("value=\"{value}\"")), "{value} is lost");
        }
    }
    // Nobody would confirm who finishes: said at its field, with the way out.
    let again = support.post(&links, &[("identity", "u-1")]).await.expect(400).text;
    assert!(
        again.contains("has no address for that") && again.contains("id=\"make-verify\""),
        "{again}"
    );
    let form = [
        ("identity", "u-1"),
        ("verify", "off"),
        ("type", "team"),
        ("label", "Ann"),
        ("inviter", "Bob"),
        ("purpose", "connect"),
        ("life", "86400"),
        ("integration", "sandbox"),
        ("once", "form-1"),
    ];
    let made = support.post(&links, &form).await.expect(200).text;
    assert!(
        made.contains("The link was made.") && made.contains("/connect/link/"),
        "{made}"
    );
    let named = "<bdi>Ann</bdi> <bdi class=\"quiet\">u-1</bdi>";
    assert!(made.contains(named), "{made}");
    // The page that is loaded again has the same, and makes no other.
    let again = support.post(&links, &form).await.expect(200).text;
    let shown = |page: &str| between(page, "<div class=\"made\"", "</div>").to_owned();
    assert_eq!(shown(&again), shown(&made));
    assert_eq!(server.store.audit_count("link.created").await.unwrap(), 1);
    let href = between(&made, "class=\"cell-link\" href=\"", "\"").to_owned();
    let one = support.get(&href).await.expect(200).text;
    for text in ["Waiting", "Invited by", "Bob", "Ann", "Team", "Revoke link"] {
        assert!(one.contains(text), "{text} in {one}");
    }
    let seen = viewer.get(&href).await.expect(200).text;
    assert!(!seen.contains("Revoke link"), "{seen}");
    viewer.post(&format!("{href}/revoke"), &[]).await.expect(403);
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let id = href.rsplit('/').next().unwrap();
    for place in [
        format!("/console/{other}/test"),
        format!("/console/{}/live", server.project.id),
    ] {
        owner.get(&format!("{place}/links/{id}")).await.expect(404);
        owner.post(&format!("{place}/links/{id}/revoke"), &[]).await.expect(404);
    }
    support.post(&format!("{href}/revoke"), &[]).await.expect(303);
    for (query, rows) in [
        ("", 1),
        ("?state=revoked", 1),
        ("?state=open", 0),
        ("?identity=u-1", 1),
        ("?identity=u-2", 0),
    ] {
        let page = support.follow(&format!("{links}{query}")).await.expect(200).text;
        assert_eq!(page.matches("<tr><th scope=\"row\">").count(), rows, "{query}");
    }
    support.get(&format!("{links}?state=bad")).await.expect(400);
    assert_eq!(server.store.audit_count("link.revoked").await.unwrap(), 1);
}
