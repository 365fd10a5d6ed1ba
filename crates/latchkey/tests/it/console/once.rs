//! A page that shows links and is loaded again shows the same.

use store::Role;
use testkit::{Account, Consent, TestServer};

use super::{Person, home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

/// The part of a page that this begins, up to what ends it.
fn part<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {page}"));
    rest.split(end).next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_links_that_is_loaded_again_makes_no_others() {
    let server = TestServer::start().await;
    let (one, other) = (
        server.connect("u-1", ANN).await["id"].as_str().unwrap().to_owned(),
        server.connect("u-2", ANN).await["id"].as_str().unwrap().to_owned(),
    );
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let (_, colleague) = operator(&server, Some(Role::Support)).await;
    let page = format!("{}/connections/{one}", home(&server));
    let link = async |person: &Person, once: &str| {
        let seen = person.post(&format!("{page}/link"), &[("once", once)]).await;
        let text = seen.expect(200).text;
        let made = part(&text, "class=\"made\"", "</div>");
        let next = part(&text, "name=\"once\" value=\"", "\"");
        (part(made, "<code>", "</code>").to_owned(), next.to_owned())
    };
    let links = "select count(*) from connect_links";
    let form = support.get(&page).await.expect(200).text;
    let form = part(&form, "name=\"once\" value=\"", "\"");
    let (first, next) = link(&support, form).await;
    assert!(first.contains("/connect/link/"), "{first}");
    assert_eq!(link(&support, form).await.0, first);
    assert_eq!(server.database.number(links).await, 1);
    // Pressing the button of the page that came back is no repetition, and neither is what somebody else sends.
    assert_ne!(link(&support, &next).await.0, first);
    assert_ne!(link(&colleague, form).await.0, first);
    assert_eq!(server.database.number(links).await, 3);
    // One that opens nothing any more is not shown as if it did.
    server
        .database
        .execute("update connect_links set revoked_at = latchkey_now()")
        .await;
    let over = support.post(&format!("{page}/link"), &[("once", form)]).await;
    let over = over.expect(409).text;
    assert!(
        over.contains("made a link already") && !over.contains("class=\"made\""),
        "{over}"
    );

    let both = [
        ("connection", one.as_str()),
        ("connection", other.as_str()),
        ("action", "links"),
        ("once", "form-1"),
    ];
    let bulk = format!("{}/connections/bulk", home(&server));
    let made = async || {
        let text = support.post(&bulk, &both).await.expect(200).text;
        part(&text, "<textarea", "</textarea>").to_owned()
    };
    assert_eq!(made().await, made().await);
    assert_eq!(server.database.number(links).await, 5);
    assert_eq!(server.store.audit_count("link.created").await.unwrap(), 5);
}
