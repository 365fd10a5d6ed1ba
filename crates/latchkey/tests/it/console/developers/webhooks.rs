//! Webhooks: made, tested, delivered to again, changed, deleted.

use store::Role;
use testkit::TestServer;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::{Person, home, operator};
use super::{ANN, shown};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of the same webhook")]
async fn the_life_of_a_webhook() {
    let receiver = MockServer::start().await;
    let server = TestServer::builder().allowing(&receiver.uri()).start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let list = format!("{}/webhooks", home(&server));
    let empty = developer.get(&list).await.expect(200).text;
    assert!(empty.contains("Make the first webhook"), "{empty}");
    let new = format!("{list}/new");
    let url = format!("{}/hooks", receiver.uri());
    for (pairs, status, message) in [
        (
            vec![("url", "ftp://x"), ("which", "all")],
            400,
            "Nothing can be delivered to this address",
        ),
        (
            vec![("url", "https://10.0.0.1/"), ("which", "all")],
            400,
            "Nothing can be delivered to this address: 10.0.0.1 is a private or special address. Whoever runs this server",
        ),
        (
            vec![("url", "http://localhost:9000/hooks"), ("which", "all")],
            400,
            "as <code>http://10.0.0.5:8080</code>, in <code>LATCHKEY_ALLOW_PRIVATE_HOSTS</code>.",
        ),
        (vec![("url", url.as_str()), ("which", "some")], 422, "Nothing is chosen"),
        (
            vec![("url", url.as_str()), ("which", "some"), ("event", "nonsense")],
            400,
            "is no event type",
        ),
    ] {
        let seen = developer.post(&new, &pairs).await.expect(status).text;
        assert!(
            seen.contains(message) && seen.contains(&format!("value=\"{}\"", pairs[0].1)),
            "{message}: {seen}"
        );
    }
    let pairs = [
        ("url", url.as_str()),
        ("description", "the shop"),
        ("which", "some"),
        ("event", "connection.*"),
        ("event", "oauth.failed"),
        ("active", "on"),
    ];
    let made = developer.post(&new, &pairs).await.expect(200);
    let secret = shown(&made);
    assert!(secret.starts_with("whsec_"), "{}", made.text);
    let id = server.database.text("select id::text from webhook_endpoints").await;
    let page = format!("{list}/{id}");
    for address in [&list, &page, &format!("{page}/edit")] {
        let seen = developer.get(address).await.expect(200).text;
        assert!(!seen.contains(&secret), "{address}");
        assert!(seen.contains("connection.*") && seen.contains("the shop"), "{address}");
    }
    assert!(developer.get(&page).await.text.contains("Not used yet"));

    // A test that is refused, then one that is taken.
    let refusing = Mock::given(path("/hooks"))
        .respond_with(ResponseTemplate::new(500).set_body_string("we are <down>"))
        .mount_as_scoped(&receiver)
        .await;
    let tested = developer.post(&format!("{page}/test"), &[]).await.expect(303);
    let seen = developer.get(&tested.location).await.expect(200).text;
    assert!(
        seen.contains("The test did not arrive.") && seen.contains("500"),
        "{seen}"
    );
    assert!(seen.contains("webhook.test") && !seen.contains("<down>"), "{seen}");
    // The very bytes, with what proves them but its value.
    let sent = receiver.received_requests().await.unwrap().remove(0);
    let body = String::from_utf8(sent.body.clone()).unwrap();
    let escaped = body.replace('&', "&#38;").replace('"', "&#34;");
    assert!(
        seen.contains(&format!("<code>{escaped}</code>")) && seen.contains(&format!("data-copy=\"{escaped}\"")),
        "{body} in {seen}"
    );
    for part in [
        format!("Exactly the {} bytes that were sent.", body.len()),
        format!(
            "{}.{}.",
            sent.headers["webhook-id"].to_str().unwrap(),
            sent.headers["webhook-timestamp"].to_str().unwrap()
        ),
        "<code>webhook-signature</code>".to_owned(),
        "<code>v1,[hidden]</code>".to_owned(),
        "<code>we are down</code>".to_owned(),
        "How to verify it".to_owned(),
    ] {
        assert!(seen.contains(&part), "{part} in {seen}");
    }
    for name in ["webhook-signature", "x-webhook-signature"] {
        let signature = sent.headers[name].to_str().unwrap();
        assert!(!seen.contains(signature.trim_start_matches("v1,")), "{name}");
    }
    assert!(!seen.contains(&secret));
    drop(refusing);
    Mock::given(path("/hooks"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&receiver)
        .await;
    let tested = developer.post(&format!("{page}/test"), &[]).await.expect(303);
    let delivery = tested.location.split('?').next().unwrap().to_owned();
    let seen = developer.get(&tested.location).await.expect(200).text;
    assert!(seen.contains("took the test and answered 204"), "{seen}");
    let filtered = developer
        .get(&format!("{page}?status=delivered"))
        .await
        .expect(200)
        .text;
    assert_eq!(filtered.matches("<th scope=\"row\">").count(), 1, "{filtered}");
    developer.get(&format!("{page}?status=nonsense")).await.expect(400);

    // Once more.
    let again = developer.post(&format!("{delivery}/redeliver"), &[]).await.expect(303);
    assert!(again.location.ends_with("?done=redelivered"));
    server.broker.webhook_tick().await.unwrap();
    let bodies = receiver.received_requests().await.unwrap();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[1].headers["webhook-id"], bodies[2].headers["webhook-id"]);
}

/// What the form of a webhook says that it was drawn from.
async fn revision(person: &Person, page: &str) -> String {
    let form = person.get(&format!("{page}/edit")).await.expect(200).text;
    super::between(&form, "name=\"revision\" value=\"", "\"").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_who_edit_a_webhook_is_told() {
    let (server, ann, receiver) = told_of_everything().await;
    let (_, bob) = operator(&server, Some(Role::Developer)).await;
    let id = server.database.text("select id::text from webhook_endpoints").await;
    let page = format!("{}/webhooks/{id}", home(&server));
    let form = format!("{page}/edit");
    let url = server.database.text("select url from webhook_endpoints").await;
    assert!(url.starts_with(&receiver.uri()), "{url}");
    let read = revision(&ann, &page).await;
    assert_eq!(revision(&bob, &page).await, read);
    let first = [
        ("revision", read.as_str()),
        ("url", url.as_str()),
        ("description", "Ann's"),
        ("which", "some"),
        ("event", "connection.*"),
    ];
    ann.post(&form, &first).await.expect(303);
    let typed = |revision| {
        [
            ("revision", revision),
            ("url", url.as_str()),
            ("description", "Bob's"),
            ("which", "all"),
            ("active", "on"),
        ]
    };
    let stored = "select description || ' ' || array_to_string(types, ',') || ' ' || active from webhook_endpoints";
    // One that does not say what it was drawn from is told too.
    for revision in [read.as_str(), "", "soon", "-6000000000000000000"] {
        let told = bob.post(&form, &typed(revision)).await.expect(409).text;
        assert!(told.contains("Somebody changed this webhook"), "{told}");
        assert!(told.contains("value=\"Bob&#39;s\""), "what was typed stays: {told}");
        for part in [
            "<bdi>Ann&#39;s</bdi>",
            "<bdi>connection.*</bdi>",
            "<dt>Switched on</dt><dd><bdi>no</bdi>",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(!told.contains("<dt>Address</dt>"), "the same in both: {told}");
    }
    assert_eq!(server.database.text(stored).await, "Ann's connection.* false");
    assert_eq!(server.store.audit_count("webhook.changed").await.unwrap(), 1);
    // Knowing that, what was typed is saved.
    let told = bob.post(&form, &typed(read.as_str())).await.expect(409).text;
    let now = super::between(&told, "name=\"revision\" value=\"", "\"");
    bob.post(&form, &typed(now)).await.expect(303);
    assert_eq!(server.database.text(stored).await, "Bob's  true");
    // What is refused is still over what it was read from.
    let none = [("revision", read.as_str()), ("url", url.as_str()), ("which", "some")];
    let refused = ann.post(&form, &none).await.expect(422).text;
    assert_eq!(
        super::between(&refused, "name=\"revision\" value=\"", "\""),
        read.as_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_webhook() {
    let receiver = MockServer::start().await;
    let server = TestServer::builder().allowing(&receiver.uri()).start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let list = format!("{}/webhooks", home(&server));
    let url = format!("{}/hooks", receiver.uri());
    let pairs = [("url", url.as_str()), ("which", "all"), ("active", "on")];
    let secret = shown(&developer.post(&format!("{list}/new"), &pairs).await.expect(200));
    let id = server.database.text("select id::text from webhook_endpoints").await;
    let page = format!("{list}/{id}");
    let tested = developer.post(&format!("{page}/test"), &[]).await.expect(303);
    let delivery = tested.location.split('?').next().unwrap().to_owned();

    // Its secret, with overlap; a third would silence the first.
    let rolled = developer
        .post(&format!("{page}/secret"), &[("overlap", "1h")])
        .await
        .expect(200);
    assert_ne!(shown(&rolled), secret);
    let seen = developer.post(&format!("{page}/secret"), &[]).await.expect(409).text;
    assert!(seen.contains("The secret was replaced a short time ago"), "{seen}");
    assert!(developer.get(&page).await.text.contains("Two: the one before ends"));

    // Changed, switched off, deleted.
    let revision = revision(&developer, &page).await;
    let off = [
        ("revision", revision.as_str()),
        ("url", url.as_str()),
        ("description", "the old shop"),
        ("which", "all"),
    ];
    let seen = developer.post(&format!("{page}/edit"), &off).await.expect(303);
    let seen = developer.get(&seen.location).await.expect(200).text;
    assert!(
        seen.contains("Switched off") && seen.contains("the old shop") && seen.contains("everything"),
        "{seen}"
    );
    let seen = developer
        .post(&format!("{delivery}/redeliver"), &[])
        .await
        .expect(409)
        .text;
    assert!(seen.contains("switched off"), "{seen}");
    let gone = developer.post(&format!("{page}/delete"), &[]).await.expect(303);
    assert!(
        developer
            .get(&gone.location)
            .await
            .expect(200)
            .text
            .contains("The webhook was deleted.")
    );
    developer.get(&page).await.expect(404);
    let noted = server
        .database
        .text("select string_agg(action, ' ' order by id) from audit_log where action like 'webhook.%'")
        .await;
    assert_eq!(
        noted,
        "webhook.created webhook.tested webhook.secret_rotated webhook.changed webhook.deleted"
    );
}

/// A server whose one endpoint is told of everything, a developer of its console, and who receives.
async fn told_of_everything() -> (TestServer, Person, MockServer) {
    let receiver = MockServer::start().await;
    let server = TestServer::builder().allowing(&receiver.uri()).start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let new = format!("{}/webhooks/new", home(&server));
    developer
        .post(&new, &[("url", &receiver.uri()), ("which", "all"), ("active", "on")])
        .await
        .expect(200);
    (server, developer, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_paged() {
    let (server, developer, _receiver) = told_of_everything().await;
    for number in 0..30 {
        server.connect(&format!("u-{number}"), ANN).await;
    }
    let all = server.database.number("select count(*) from webhook_deliveries").await;
    assert!(all > 50, "{all}");
    let id = server.database.text("select id::text from webhook_endpoints").await;
    // All were written in few moments, and those of one state stand among others.
    server
        .database
        .execute("update webhook_deliveries set status = 'failed' where seq % 10 = 0")
        .await;
    let failed = "select count(*) from webhook_deliveries where status = 'failed'";
    let failed = server.database.number(failed).await;
    for (query, count) in [
        ("", all),
        ("?status=pending", all - failed),
        ("?status=failed", failed),
        ("?status=delivered", 0),
    ] {
        let (mut seen, mut address) = (Vec::new(), format!("{}/webhooks/{id}{query}", home(&server)));
        loop {
            let page = developer.get(&address).await.expect(200).text;
            let rows = page.split("<th scope=\"row\"><a class=\"cell-link\" href=\"").skip(1);
            seen.extend(rows.map(|row| row.split('"').next().unwrap().to_owned()));
            let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
                break;
            };
            let next = before.rsplit("href=\"").next().unwrap();
            address = next.replace("&#38;", "&").replace("&amp;", "&");
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(i64::try_from(seen.len()).unwrap(), count, "{query}");
    }
    // Behind one that is gone there is nothing.
    let gone = store::DeliveryId::generate();
    let page = format!("{}/webhooks/{id}?before={gone}", home(&server));
    let page = developer.get(&page).await.expect(200).text;
    assert_eq!(page.matches("<th scope=\"row\">").count(), 0, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_says_whose_connection_it_is_about() {
    let (server, developer, _receiver) = told_of_everything().await;
    let made = server.connect("u-1", ANN).await;
    let connection = made["id"].as_str().unwrap();
    server
        .database
        .execute("update connections set name = 'Work <mail>', label = 'Ann Lee'")
        .await;
    let endpoint = server.database.text("select id::text from webhook_endpoints").await;
    let mut pages = Vec::new();
    // The second names its connection in its payload alone.
    for kind in ["connection.created", "session.completed"] {
        let delivery = server
            .database
            .text(&format!(
                "select d.id::text from webhook_deliveries d join events v on v.id = d.event_id
                 where v.type = '{kind}' limit 1"
            ))
            .await;
        pages.push(format!("{}/webhooks/{endpoint}/deliveries/{delivery}", home(&server)));
    }
    let linked = format!(
        "<a href=\"{}/connections/{connection}\"><bdi>Work &#60;mail&#62;</bdi></a>",
        home(&server)
    );
    for page in &pages {
        let seen = developer.get(page).await.expect(200).text;
        assert!(seen.contains(&linked), "{seen}");
        assert!(
            seen.contains("<bdi>Ann Lee</bdi> <bdi class=\"quiet\">u-1</bdi></a>"),
            "{seen}"
        );
        assert!(!seen.contains("It was deleted."), "{seen}");
    }
    // Of one that is gone, what the event says.
    server
        .database
        .execute("update connections set deleted_at = latchkey_now()")
        .await;
    for page in &pages {
        let seen = developer.get(page).await.expect(200).text;
        assert!(
            seen.contains("It was deleted.") && seen.contains("<bdi>u-1</bdi></a>") && !seen.contains(&linked),
            "{seen}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_again_makes_no_second_webhook() {
    let receiver = MockServer::start().await;
    let server = TestServer::builder().allowing(&receiver.uri()).start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let (_, colleague) = operator(&server, Some(Role::Developer)).await;
    let new = format!("{}/webhooks/new", home(&server));
    let form = developer.get(&new).await.expect(200).text;
    let id = super::between(&form, "name=\"id\" value=\"", "\"").to_owned();
    let (url, other) = (format!("{}/hooks", receiver.uri()), format!("{}/other", receiver.uri()));
    let pairs = |url| [("id", id.as_str()), ("url", url), ("which", "all"), ("active", "on")];
    let count = "select count(*) from webhook_endpoints";
    let first = developer.post(&new, &pairs(url.as_str())).await.expect(200);
    let again = developer.post(&new, &pairs(url.as_str())).await.expect(200);
    assert_eq!(shown(&first), shown(&again));
    assert_eq!(server.database.number(count).await, 1);
    assert_eq!(server.store.audit_count("webhook.created").await.unwrap(), 1);
    // With another address it is another one, and is asked about.
    let changed = developer.post(&new, &pairs(other.as_str())).await.expect(409).text;
    assert!(
        changed.contains("made a webhook already")
            && changed.contains(&format!("value=\"{other}\""))
            && !changed.contains(&id),
        "{changed}"
    );
    assert_eq!(server.database.number(count).await, 1);
    // Where another secret took its place, the form leads to the webhook.
    let page = format!(
        "{}/webhooks/{}",
        home(&server),
        server.database.text("select id::text from webhook_endpoints").await
    );
    developer
        .post(&format!("{page}/secret"), &[("overlap", "1h")])
        .await
        .expect(200);
    assert_eq!(
        developer.post(&new, &pairs(url.as_str())).await.expect(303).location,
        page
    );
    // An id is its operator's own.
    colleague.post(&new, &pairs(url.as_str())).await.expect(200);
    assert_eq!(server.database.number(count).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_and_moved_by_who_confirmed_lately_that_it_is_them() {
    let receiver = MockServer::start().await;
    let server = TestServer::builder().allowing(&receiver.uri()).start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let new = format!("{}/webhooks/new", home(&server));
    let (url, other) = (format!("{}/hooks", receiver.uri()), format!("{}/other", receiver.uri()));
    let pairs = |url, description| {
        [
            ("url", url),
            ("description", description),
            ("which", "all"),
            ("active", "on"),
        ]
    };
    developer.post(&new, &pairs(url.as_str(), "shop")).await.expect(200);
    let id = server.database.text("select id::text from webhook_endpoints").await;
    let page = format!("{}/webhooks/{id}", home(&server));
    server.advance(601).await;
    for asked in [
        developer.get(&new).await.expect(303),
        developer
            .post(&format!("{page}/secret"), &[("overlap", "1h")])
            .await
            .expect(303),
    ] {
        assert!(
            asked.location.starts_with("/console/confirm?next="),
            "{}",
            asked.location
        );
    }
    for address in [&new, &format!("{page}/edit")] {
        let late = developer
            .post(address, &pairs(other.as_str(), "shop"))
            .await
            .expect(403)
            .text;
        assert!(
            late.contains("/console/confirm in another tab") && late.contains(&format!("value=\"{other}\"")),
            "{address}: {late}"
        );
    }
    // What changes nothing about who is told asks for nothing.
    let revision = revision(&developer, &page).await;
    let mut form = pairs(url.as_str(), "the shop").to_vec();
    form.push(("revision", revision.as_str()));
    developer.post(&format!("{page}/edit"), &form).await.expect(303);
    let kept = "select url || ' ' || description from webhook_endpoints";
    assert_eq!(server.database.text(kept).await, format!("{url} the shop"));
}
