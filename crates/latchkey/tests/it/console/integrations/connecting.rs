//! Connecting from the console.

use store::Role;
use testkit::TestServer;

use super::super::{home, operator};
use super::ANN;

/// The link that a page shows.
fn link(page: &str) -> &str {
    let shown = page.split("data-copy=\"").find(|part| part.contains("/connect/link/"));
    shown.unwrap().split('"').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_helps_connects_and_makes_links() {
    let server = TestServer::start().await;
    let page = format!("{}/integrations/sandbox", home(&server));
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let tried = support.post(&format!("{page}/try"), &[]).await.expect(303);
    assert!(
        tried.location.starts_with(&format!("{}/connect/link/", server.url)),
        "{}",
        tried.location
    );
    let owner = "select concat_ws(' ', identity like 'operator:%@example.com', integrations::text) from connect_links";
    assert_eq!(server.database.text(owner).await, "t {sandbox}");
    // Nothing was connected yet, so nothing is said.
    let back = support.get(&format!("{page}?tried=true")).await.expect(200).text;
    assert!(!back.contains("It works"), "{back}");
    let email = server.database.text("select identity from connect_links").await;
    server.connect(&email, ANN).await;
    let back = support.get(&format!("{page}?tried=true")).await.expect(200).text;
    assert!(
        back.contains("It works: you connected Sandbox") && back.contains("Open the connection"),
        "{back}"
    );

    let add = format!("{}/add-connection", home(&server));
    let form = support.get(&add).await.expect(200).text;
    assert!(form.contains("value=\"sandbox\""), "{form}");
    let pairs = [("identity", "u-<b>7"), ("integration", "sandbox"), ("once", "form-1")];
    let made = support.post(&add, &pairs).await.expect(200).text;
    assert!(
        made.contains("/connect/link/") && made.contains("u-&#60;b&#62;7"),
        "{made}"
    );
    // The page that is loaded again has the same link, and makes no other.
    let number = "select count(*) from connect_links where identity = 'u-<b>7'";
    let again = support.post(&add, &pairs).await.expect(200).text;
    assert_eq!(link(&again), link(&made));
    assert_eq!(server.database.number(number).await, 1);
    // With a name, where one is given.
    let named = [
        ("identity", "u-8"),
        ("name", " Ann <b>Lee "),
        ("integration", "sandbox"),
    ];
    let made = support.post(&add, &named).await.expect(200).text;
    assert!(made.contains("value=\"Ann &#60;b&#62;Lee\""), "{made}");
    let name = "select label from connect_links where identity = 'u-8'";
    assert_eq!(server.database.text(name).await, "Ann <b>Lee");
    let nameless = "select count(*) from connect_links where identity = 'u-<b>7' and label is null";
    assert_eq!(server.database.number(nameless).await, 1);
    let long = "n".repeat(129);
    let named = [("identity", "u-8"), ("name", long.as_str()), ("integration", "sandbox")];
    let refused = support.post(&add, &named).await.expect(400).text;
    assert!(
        refused.contains("id=\"name-problem\"") && refused.contains("The name may have 128 characters at most."),
        "{refused}"
    );
    for (pairs, words) in [
        (
            vec![("identity", ""), ("integration", "sandbox")],
            "There is no identity",
        ),
        (vec![("identity", "u-7")], "No integration is chosen"),
        (
            vec![("identity", "u-7"), ("integration", "gmail")],
            "switched off here, or lacks its app",
        ),
        (
            vec![("identity", "u-7"), ("integration", "nosuch")],
            "switched off here, or lacks its app",
        ),
    ] {
        let refused = support.post(&add, &pairs).await;
        assert!(
            refused.status >= 400 && refused.text.contains(words),
            "{words}: {}",
            refused.text
        );
        assert!(!refused.text.contains("/connect/link/"));
        assert!(
            pairs[0].1.is_empty() || refused.text.contains("value=\"u-7\""),
            "what was typed stays"
        );
    }
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    viewer.get(&add).await.expect(403);
    viewer.post(&format!("{page}/try"), &[]).await.expect(403);
    let off = support
        .post(&format!("{}/integrations/gmail/try", home(&server)), &[])
        .await;
    assert!(
        off.status == 409 && off.text.contains("switched off here, or lacks its app"),
        "{}",
        off.text
    );
}
