//! Connections: filters, what is done to many, the file, and what is edited at one.

use serde_json::Value;
use store::{ConnectionId, Role};
use testkit::{Account, Consent, TestServer};

use super::{home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

fn id(connection: &Value) -> String {
    connection["id"].as_str().unwrap().to_owned()
}

fn rows(text: &str) -> usize {
    text.matches("<tr><th scope=\"row\">").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_narrows() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let list = format!("{}/connections", home(&server));
    for who in ["u-1", "u-2", "u-3", "u-4"] {
        server.connect(who, ANN).await;
    }
    for change in [
        "update connections set tags = '{vip,eu}', label = 'Ann Example GmbH', last_used_at = latchkey_now() where identity = 'u-1'",
        "update connections set tags = '{eu}', active = false, last_used_at = latchkey_now() - interval '40 days' where identity = 'u-2'",
        "update connections set account_id = 'acct-3', account_name = 'Three@Example.com', last_used_at = latchkey_now() - interval '100 days' where identity = 'u-3'",
        "update connections set name = 'Work mail', scopes = '{admin}', last_used_at = null where identity = 'u-4'",
    ] {
        server.database.execute(change).await;
    }
    for (query, found) in [
        ("tag=eu", 2),
        ("tag=vip", 1),
        ("tag=vi", 0),
        ("scope=admin", 1),
        ("identity=u-1", 1),
        ("identity=u-", 0),
        ("account=acct-3", 1),
        ("account=three%40example.com", 1),
        ("account=three", 0),
        ("active=off", 1),
        ("active=on", 3),
        ("used=never", 1),
        ("used=30", 3),
        ("used=90", 2),
        ("used=90&tag=eu", 0),
        ("tag=eu&active=off", 1),
        ("q=ann%20ex", 1),
        ("q=work%20m", 1),
        ("q=three", 1),
        ("q=u-&tag=eu", 2),
        ("q=u-&state=operational&integration=sandbox&active=on", 3),
    ] {
        let page = viewer.follow(&format!("{list}?{query}")).await.expect(200).text;
        assert_eq!(rows(&page), found, "{query}: {page}");
        assert!(page.contains("class=\"chip\""), "{query}");
    }
    // A name for people stands before the id of the product.
    let page = viewer.get(&format!("{list}?q=ann%20ex")).await.expect(200).text;
    assert!(
        page.contains("<bdi>Ann Example GmbH</bdi> <bdi class=\"quiet\">u-1</bdi>"),
        "{page}"
    );
    for wrong in ["used=12", "active=maybe", "before=x"] {
        viewer.get(&format!("{list}?{wrong}")).await.expect(400);
    }
    // Who only looks has nothing to tick.
    let page = viewer.get(&list).await.expect(200).text;
    assert!(
        !page.contains("type=\"checkbox\"") && !page.contains("Delete connections"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of the same rows")]
async fn many_are_tagged_linked_and_deleted() {
    let server = TestServer::start().await;
    let (list, bulk) = (
        format!("{}/connections", home(&server)),
        format!("{}/connections/bulk", home(&server)),
    );
    let mut ids = Vec::new();
    for who in ["u-1", "u-2", "u-3"] {
        ids.push(id(&server.connect(who, ANN).await));
    }
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let two = [("connection", ids[0].as_str()), ("connection", ids[1].as_str())];
    let with = |more: &[(&'static str, &'static str)]| [two.as_slice(), more].concat();

    let tagged = support
        .post(&bulk, &with(&[("action", "add-tag"), ("tag", "vip"), ("back", "q=u-")]))
        .await
        .expect(303);
    assert_eq!(tagged.location, format!("{list}?q=u-&done=tagged&number=2"));
    let page = support.get(&tagged.location).await.expect(200).text;
    assert!(page.contains("The tag was added to 2 connections."), "{page}");
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where tags = '{vip}'")
            .await,
        2
    );
    // Twice is once.
    support
        .post(&bulk, &with(&[("action", "add-tag"), ("tag", "vip")]))
        .await
        .expect(303);
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where tags = '{vip}'")
            .await,
        2
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from events where type = 'connection.updated'")
            .await,
        2
    );
    // A form that is refused comes back as it was.
    for (tag, message) in [("", "Write the tag."), ("a,b", "must not hold a comma")] {
        let again = support
            .post(&bulk, &with(&[("action", "add-tag"), ("tag", tag)]))
            .await
            .expect(400)
            .text;
        assert!(
            again.contains(message) && again.matches(" checked>").count() == 2,
            "{again}"
        );
    }
    let none = support.post(&bulk, &[("action", "delete")]).await.expect(400).text;
    assert!(none.contains("No connection is ticked."), "{none}");
    support.post(&bulk, &with(&[("action", "explode")])).await.expect(400);
    support
        .post(&bulk, &with(&[("action", "remove-tag"), ("tag", "vip")]))
        .await
        .expect(303);
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where tags = '{}'")
            .await,
        3
    );

    let links = support
        .post(&bulk, &with(&[("action", "links")]))
        .await
        .expect(200)
        .text;
    assert!(
        links.contains("2 links were made.")
            && links.contains("u-1")
            && links.contains("connection,integration,identity"),
        "{links}"
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from connect_links where connection_id is not null")
            .await,
        2
    );

    let asked = support
        .post(&bulk, &with(&[("action", "delete"), ("back", "q=u-")]))
        .await
        .expect(200)
        .text;
    assert!(
        asked.contains("Delete 2 connections for good") && asked.contains("name=\"sure\" value=\"yes\""),
        "{asked}"
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where deleted_at is null")
            .await,
        3
    );
    let deleted = support
        .post(&bulk, &with(&[("action", "delete"), ("sure", "yes")]))
        .await
        .expect(303);
    assert!(
        support
            .get(&deleted.location)
            .await
            .expect(200)
            .text
            .contains("Deleted: 2 connections.")
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where deleted_at is null")
            .await,
        1
    );
    for (action, times) in [
        ("connections.tagged", 2),
        ("connections.untagged", 1),
        ("connections.deleted", 1),
    ] {
        assert_eq!(server.store.audit_count(action).await.unwrap(), times, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_here_stops_all() {
    let server = TestServer::start().await;
    let mine = id(&server.connect("u-1", ANN).await);
    let foreign = id(&server.connect("u-2", ANN).await);
    let (other, _) = server.another_project().await;
    server
        .database
        .execute(&format!(
            "update connections set project_id = '{other}' where id = '{foreign}'"
        ))
        .await;
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let bulk = format!("{}/connections/bulk", home(&server));
    let unknown = ConnectionId::generate().to_string();
    for stranger in [foreign.as_str(), unknown.as_str(), "nonsense"] {
        for action in ["add-tag", "remove-tag", "links", "delete"] {
            let form = [
                ("connection", mine.as_str()),
                ("connection", stranger),
                ("action", action),
                ("tag", "vip"),
                ("sure", "yes"),
            ];
            support.post(&bulk, &form).await.expect(404);
        }
    }
    let live = format!("/console/{}/live/connections/bulk", server.project.id);
    support
        .post(
            &live,
            &[("connection", mine.as_str()), ("action", "delete"), ("sure", "yes")],
        )
        .await
        .expect(404);
    let untouched = "select count(*) from connections where deleted_at is null and tags = '{}'";
    assert_eq!(server.database.number(untouched).await, 2);
    assert_eq!(server.database.number("select count(*) from connect_links").await, 0);
    assert_eq!(
        server
            .database
            .number("select count(*) from audit_log where action like 'connections.%'")
            .await,
        0
    );
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    viewer
        .post(
            &bulk,
            &[("connection", mine.as_str()), ("action", "delete"), ("sure", "yes")],
        )
        .await
        .expect(403);
    assert_eq!(server.database.number(untouched).await, 2);
    let many: Vec<String> = (0..101).map(|_| ConnectionId::generate().to_string()).collect();
    let mut form: Vec<(&str, &str)> = many.iter().map(|id| ("connection", id.as_str())).collect();
    form.push(("action", "delete"));
    assert!(
        support
            .post(&bulk, &form)
            .await
            .expect(400)
            .text
            .contains("At most 100")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_many_have_is_found_as_one_that_few_have() {
    let server = TestServer::start().await;
    server.connect("u-1", ANN).await;
    // More than are sorted begin with `many`, fewer with `some`; both are paged to the end, the newest first.
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, account_name)
             select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, project_id, environment, app_id, integration,
                    auth_method, 'many-' || n, 'Many_' || n, case when n % 50 = 0 then 'SOME%' || n end
             from connections, generate_series(1, 6000) n where identity = 'u-1'",
        )
        .await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let list = format!("{}/connections", home(&server));
    for (text, found) in [
        ("many_", 150),
        ("some%25", 120),
        ("some%251", 22),
        ("many_6000", 1),
        ("some_", 0),
        ("u-1", 1),
    ] {
        let (mut address, mut seen, mut pages) = (format!("{list}?q={text}"), 0, 0);
        loop {
            let page = viewer.get(&address).await.expect(200).text;
            seen += page.matches("<th scope=\"row\">").count();
            pages += 1;
            let Some((_, next)) = page.rsplit_once("<a class=\"button\" href=\"") else {
                break;
            };
            // Not all of the many.
            if !next.contains("rel=\"next\"") || pages == 3 {
                break;
            }
            address = next.split('"').next().unwrap().replace("&#38;", "&");
        }
        assert_eq!(seen, found, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_no_formula_and_no_secret() {
    let server = TestServer::start().await;
    server.connect("u-1", ANN).await;
    server.connect("=1+1", ANN).await;
    server
        .database
        .execute(
            "update connections set account_name = '=HYPERLINK(\"https://evil.test\",\"x\")', name = '@sum', label = '+49, \"Ann\"'
             where identity = '=1+1'",
        )
        .await;
    let export = format!("{}/connections/export", home(&server));
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let file = support.post(&export, &[]).await.expect(200);
    assert!(file.kind.starts_with("text/csv"), "{}", file.kind);
    assert_eq!(file.text.lines().count(), 3, "{}", file.text);
    for cell in [
        "\"'=1+1\"",
        "\"'=HYPERLINK(\"\"https://evil.test\"\",\"\"x\"\")\"",
        "\"'@sum\"",
        "\"'+49, \"\"Ann\"\"\"",
    ] {
        assert!(file.text.contains(cell), "{cell} in {}", file.text);
    }
    assert!(
        !file.text.contains(",=") && !file.text.contains(",@") && !file.text.contains(",+"),
        "{}",
        file.text
    );
    let narrowed = support
        .post(&format!("{export}?identity=u-1"), &[])
        .await
        .expect(200)
        .text;
    assert_eq!(narrowed.lines().count(), 2, "{narrowed}");
    // More than one bite.
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'many-' || n, 'many'
             from connections, generate_series(1, 2500) n where identity = 'u-1'",
        )
        .await;
    let all = support
        .post(&format!("{export}?identity=many"), &[])
        .await
        .expect(200)
        .text;
    assert_eq!(all.lines().count(), 2501);
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    viewer.post(&export, &[]).await.expect(403);
    // A link downloads nothing.
    let led = support.get(&export).await.expect(303);
    assert_eq!(led.location, format!("{}/connections", home(&server)));
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let nothing = owner
        .post(&format!("/console/{other}/test/connections/export"), &[])
        .await
        .expect(200)
        .text;
    assert_eq!(nothing.lines().count(), 1, "{nothing}");
    assert_eq!(server.store.audit_count("connections.exported").await.unwrap(), 4);
    // The log is for ever and names nobody.
    let logged = "select count(*) from audit_log where action = 'connections.exported' and detail::text like '%u-1%'";
    assert_eq!(server.database.number(logged).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of the same row")]
async fn one_is_named_tagged_switched_and_linked() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let page = format!("{}/connections/{}", home(&server), id(&connection));
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let named = support
        .post(&format!("{page}/name"), &[("name", " Work ")])
        .await
        .expect(303);
    let shown = support.get(&named.location).await.expect(200).text;
    assert!(
        shown.contains("The name was saved.") && shown.contains("value=\"Work\""),
        "{shown}"
    );
    let long = "n".repeat(300);
    let refused = support
        .post(&format!("{page}/name"), &[("name", &long)])
        .await
        .expect(400)
        .text;
    assert!(
        refused.contains("120 characters at most") && refused.contains(&long),
        "{refused}"
    );
    let tagged = support
        .post(&format!("{page}/tags"), &[("tags", "vip, eu,vip,,")])
        .await
        .expect(303);
    let shown = support.get(&tagged.location).await.expect(200).text;
    assert!(
        shown.contains("value=\"vip, eu\"") && shown.contains("connections?tag=vip"),
        "{shown}"
    );
    let long = "t".repeat(65);
    let refused = support
        .post(&format!("{page}/tags"), &[("read", "vip"), ("tags", &long)])
        .await
        .expect(400)
        .text;
    assert!(
        refused.contains("64 characters at most") && refused.contains("name=\"read\" value=\"vip\""),
        "{refused}"
    );
    let off = support
        .post(&format!("{page}/switch"), &[("to", "off")])
        .await
        .expect(303);
    let shown = support.get(&off.location).await.expect(200).text;
    assert!(
        shown.contains("Switched off") && shown.contains("Switch connection on"),
        "{shown}"
    );
    support
        .post(&format!("{page}/switch"), &[("to", "sideways")])
        .await
        .expect(400);
    support
        .post(&format!("{page}/switch"), &[("to", "on")])
        .await
        .expect(303);
    let linked = support.post(&format!("{page}/link"), &[]).await.expect(200).text;
    assert!(
        linked.contains("class=\"made\"") && linked.contains("/connect/link/"),
        "{linked}"
    );
    assert!(!support.get(&page).await.expect(200).text.contains("class=\"made\""));
    for action in ["rename", "tag", "off", "on", "link"] {
        let noted = server.store.audit_count(&format!("connection.{action}")).await.unwrap();
        assert!(noted >= 1, "{action}");
    }
    // How the webhooks of what happened stand.
    let event = "insert into webhook_endpoints (id, project_id, environment, url, types)
                 select gen_random_uuid(), project_id, environment, 'https://hooks.example.test', '{}' from connections;";
    server.database.execute(event).await;
    server
        .database
        .execute(
            "insert into webhook_deliveries (id, event_id, endpoint_id, type, status)
             select gen_random_uuid(), e.id, w.id, e.type, 'failed' from events e, webhook_endpoints w
             where e.type = 'connection.created'",
        )
        .await;
    let shown = support.get(&page).await.expect(200).text;
    assert!(
        shown.contains("webhooks: 1 not delivered") && !shown.contains("/deliveries/"),
        "{shown}"
    );
    // Who may see a delivery is led there.
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let delivery = "select endpoint_id || '/deliveries/' || id from webhook_deliveries";
    let delivery = format!("{}/webhooks/{}", home(&server), server.database.text(delivery).await);
    let led = |words: &str| {
        format!(
            "webhooks: <a href=\"{delivery}\">{words}<span class=\"visually-hidden\"> to hooks.example.test</span></a>"
        )
    };
    let shown = developer.get(&page).await.expect(200).text;
    assert!(shown.contains(&led("1 not delivered")), "{shown}");
    developer.get(&delivery).await.expect(200);
    server
        .database
        .execute(
            "with another as (
                 insert into webhook_endpoints (id, project_id, environment, url, types)
                 select gen_random_uuid(), project_id, environment, 'https://other.example.test/s3cret', '{}' from connections
                 returning id)
             insert into webhook_deliveries (id, event_id, endpoint_id, type, status)
             select gen_random_uuid(), d.event_id, another.id, d.type, 'failed' from webhook_deliveries d, another",
        )
        .await;
    let shown = developer.get(&page).await.expect(200).text;
    assert!(
        shown.contains("webhooks: 2 not delivered (<a href=") && shown.contains("<bdi>other.example.test</bdi></a>"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    // A webhook that was deleted has no page.
    server
        .database
        .execute("update webhook_endpoints set deleted_at = latchkey_now() where url like '%other%'")
        .await;
    let shown = developer.get(&page).await.expect(200).text;
    assert!(shown.contains(&led("1 not delivered")), "{shown}");
    // What was not granted is said in words.
    server
        .database
        .execute("update connections set state = 'failed', state_message = 'The service said: token revoked.', scopes = '{}'")
        .await;
    let shown = support.get(&page).await.expect(200).text;
    assert!(
        shown.contains("The service said: token revoked.") && shown.contains("make a reconnect link and send it"),
        "{shown}"
    );
    assert!(shown.contains("Not granted"), "{shown}");
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    for place in [
        format!("/console/{other}/test"),
        format!("/console/{}/live", server.project.id),
    ] {
        for action in ["name", "tags", "link"] {
            owner
                .post(&format!("{place}/connections/{}/{action}", id(&connection)), &[])
                .await
                .expect(404);
        }
        owner
            .post(
                &format!("{place}/connections/{}/switch", id(&connection)),
                &[("to", "off")],
            )
            .await
            .expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_who_tag_is_told() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let page = format!("{}/connections/{}", home(&server), id(&connection));
    let (_, ann) = operator(&server, Some(Role::Support)).await;
    let (_, bob) = operator(&server, Some(Role::Support)).await;
    let form = format!("{page}/tags");
    // A space at the edge, as the API takes it, is part of a tag.
    server
        .database
        .execute("update connections set tags = '{\" eu\"}'")
        .await;
    let read = |text: &str| {
        let after = text.split("name=\"read\" value=\"").nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    let drawn = read(&ann.get(&page).await.expect(200).text);
    assert_eq!(read(&bob.get(&page).await.expect(200).text), drawn);
    ann.post(&form, &[("read", &drawn), ("tags", "eu, vip")])
        .await
        .expect(303);
    let told = bob
        .post(&form, &[("read", &drawn), ("tags", "eu, trial")])
        .await
        .expect(409)
        .text;
    assert!(
        told.contains("Somebody changed these tags") && told.contains("Stored now: eu, vip."),
        "{told}"
    );
    assert!(told.contains("value=\"eu, trial\""), "what was typed stays: {told}");
    let stored = "select array_to_string(tags, ',') from connections";
    assert_eq!(server.database.text(stored).await, "eu,vip");
    // A form that does not say what it was drawn from is told too.
    bob.post(&form, &[("tags", "eu, trial")]).await.expect(409);
    // Knowing that, what was typed is saved.
    bob.post(&form, &[("read", &read(&told)), ("tags", "eu, trial")])
        .await
        .expect(303);
    assert_eq!(server.database.text(stored).await, "eu,trial");
}
