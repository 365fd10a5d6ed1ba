//! Projects: the list, making one, and settings that two may edit.

use store::Role;
use testkit::TestServer;

use super::{Person, home, operator};

fn revision(page: &str) -> String {
    let after = page.split("name=\"revision\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

async fn stored(server: &TestServer, column: &str) -> String {
    let id = server.project.id;
    server
        .database
        .text(&format!(
            "select coalesce({column}::text, '') from projects where id = '{id}'"
        ))
        .await
}

async fn actions(server: &TestServer) -> String {
    let noted =
        "select coalesce(string_agg(action, ' ' order by id), '') from audit_log where action ~ '^(project|branding)'";
    server.database.text(noted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_their_own_and_owners_make_more() {
    let server = TestServer::start().await;
    let list = format!("{}/projects", home(&server));
    let (other, _) = server.another_project().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let page = admin.get(&list).await.expect(200).text;
    assert!(
        !page.contains(&other.to_string()) && !page.contains("projects/make"),
        "{page}"
    );
    assert!(owner.get(&list).await.expect(200).text.contains(&other.to_string()));
    admin
        .post(&format!("{list}/make"), &[("name", "Third")])
        .await
        .expect(403);
    admin.post("/console/projects", &[("name", "Third")]).await.expect(403);

    let long = "x".repeat(121);
    for name in ["", "  ", "a\u{7}b", &long] {
        let refused = owner
            .post(&format!("{list}/make"), &[("name", name)])
            .await
            .expect(422)
            .text;
        assert!(
            refused.contains("1 to 120 characters") && refused.contains("role=\"alert\""),
            "{refused}"
        );
        assert!(refused.contains(&format!("value=\"{name}\"")), "{name:?} is lost");
    }
    assert_eq!(server.database.number("select count(*) from projects").await, 2);
    let name = "Third <i>&\"'";
    let made = owner.post(&format!("{list}/make"), &[("name", name)]).await.expect(303);
    let settings = owner.get(&made.location).await.expect(200).text;
    assert!(
        settings.contains("The project was made") && settings.contains("Third &#60;i&#62;"),
        "{settings}"
    );
    assert!(!settings.contains("<i>"), "{settings}");
    owner.post("/console/projects", &[("name", "Fourth")]).await.expect(303);
    assert_eq!(actions(&server).await, "project.made project.made");
    owner.get(&format!("{list}?after=nonsense")).await.expect(400);
    // Another origin makes nothing.
    let foreign = owner.clone().from(Some("https://evil.example"));
    foreign
        .post("/console/projects", &[("name", "Fifth")])
        .await
        .expect(403);
    foreign
        .post(&format!("{list}/make"), &[("name", "Fifth")])
        .await
        .expect(403);
    assert_eq!(server.database.number("select count(*) from projects").await, 4);
}

async fn save(person: &Person, path: &str, revision: &str, pairs: &[(&str, &str)]) -> super::Seen {
    let mut form = vec![("revision", revision)];
    form.extend_from_slice(pairs);
    person.post(path, &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_who_edit_is_told() {
    let server = TestServer::start().await;
    let path = format!("{}/projects/settings", home(&server));
    let (_, ann) = operator(&server, Some(Role::Admin)).await;
    let (_, bob) = operator(&server, Some(Role::Admin)).await;
    let read = revision(&ann.get(&path).await.expect(200).text);
    assert_eq!(revision(&bob.get(&path).await.expect(200).text), read);
    let first = [("name", "Shop of Ann"), ("verify", "off"), ("mail", "true")];
    let saved = save(&ann, &path, &read, &first).await.expect(303);
    assert_eq!(saved.location, format!("{path}?done=saved"));
    let second = [
        ("name", "Shop of Bob"),
        ("verify", "hosted"),
        ("home_url", "https://bob.example"),
    ];
    let told = save(&bob, &path, &read, &second).await.expect(409).text;
    assert!(told.contains("Somebody changed these settings"), "{told}");
    assert!(
        told.contains("value=\"Shop of Bob\"") && told.contains("<bdi>Shop of Ann</bdi>"),
        "{told}"
    );
    assert!(told.contains("value=\"https://bob.example\""), "{told}");
    assert_eq!(stored(&server, "name").await, "Shop of Ann");
    // Knowing that, what was typed is saved.
    save(&bob, &path, &revision(&told), &second).await.expect(303);
    assert_eq!(stored(&server, "name").await, "Shop of Bob");
    assert_eq!(stored(&server, "home_url").await, "https://bob.example/");
    assert_eq!(
        (stored(&server, "mail").await, stored(&server, "verify").await),
        ("false".to_owned(), "hosted".to_owned())
    );
    assert_eq!(actions(&server).await, "project.changed project.changed");
    // Many at once: one is first, the others are told.
    let read = revision(&ann.get(&path).await.expect(200).text);
    let mut racing = tokio::task::JoinSet::new();
    for number in 0..6 {
        let (person, path, read) = (ann.clone(), path.clone(), read.clone());
        racing.spawn(async move {
            let name = format!("Shop {number}");
            save(&person, &path, &read, &[("name", &name), ("verify", "off")])
                .await
                .status
        });
    }
    let ended = racing.join_all().await;
    assert_eq!(ended.iter().filter(|status| **status == 303).count(), 1, "{ended:?}");
    assert!(ended.iter().all(|status| [303, 409].contains(status)), "{ended:?}");
    // The command line counts too.
    let read = revision(&ann.get(&path).await.expect(200).text);
    let change = store::ProjectChange {
        name: Some("By hand".to_owned()),
        ..store::ProjectChange::default()
    };
    server.store.change_project(server.project.id, change).await.unwrap();
    save(&ann, &path, &read, &first).await.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_settings_come_back_as_typed() {
    let server = TestServer::start().await;
    let path = format!("{}/projects/settings", home(&server));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let read = revision(&admin.get(&path).await.expect(200).text);
    let before = stored(&server, "name").await;
    let long = "x".repeat(121);
    for (name, verify, verify_url, home_url, said) in [
        ("", "off", "", "", "1 to 120 characters"),
        (long.as_str(), "off", "", "", "1 to 120 characters"),
        (
            "Shop",
            "off",
            "http://app.example.com",
            "",
            "no address that people can be sent to",
        ),
        (
            "Shop",
            "off",
            "",
            "javascript:alert(1)",
            "no address that people can be sent to",
        ),
        ("Shop", "always", "", "", "no address to send people to"),
    ] {
        let form = [
            ("name", name),
            ("verify", verify),
            ("verify_url", verify_url),
            ("home_url", home_url),
            ("mail", "true"),
        ];
        let page = save(&admin, &path, &read, &form).await.expect(422).text;
        assert!(page.contains(said) && page.contains("role=\"alert\""), "{said}: {page}");
        for value in [name, verify_url, home_url] {
            assert!(page.contains(&format!("value=\"{value}\"")), "{value} is lost");
        }
        assert!(page.contains("name=\"mail\" value=\"true\" checked"), "{page}");
        assert_eq!(revision(&page), read);
    }
    for form in [
        vec![("verify", "off")],
        vec![("revision", "x"), ("verify", "off")],
        vec![("revision", read.as_str())],
    ] {
        admin.post(&path, &form).await.expect(422);
    }
    assert_eq!(stored(&server, "name").await, before);
    assert_eq!(actions(&server).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_things_are_kept_is_shortened_and_given_back() {
    let server = TestServer::start().await;
    let path = format!("{}/projects/settings", home(&server));
    let (_, ann) = operator(&server, Some(Role::Admin)).await;
    let page = ann.get(&path).await.expect(200).text;
    assert!(
        page.contains("to 30, as this server keeps them") && page.contains("At most 7, as this server keeps them"),
        "{page}"
    );
    assert!(page.contains("deletes what is older within minutes"), "{page}");
    let read = revision(&page);
    let kept = async || {
        (
            stored(&server, "event_days").await,
            stored(&server, "request_days").await,
        )
    };
    let form = |events, requests| {
        [
            ("name", "Shop"),
            ("verify", "off"),
            ("event_days", events),
            ("request_days", requests),
        ]
    };
    for (events, requests, field, most) in [
        ("0", "", "event-days", 30),
        ("a week", "", "event-days", 30),
        ("-3", "2", "event-days", 30),
        ("3", "", "event-days", 30),
        ("31", "", "event-days", 30),
        ("", "8", "request-days", 7),
        ("5", "1.5", "request-days", 7),
    ] {
        let refused = save(&ann, &path, &read, &form(events, requests)).await.expect(422).text;
        let beside = format!("id=\"{field}-wrong\" role=\"alert\"");
        let least = if most == 30 { 4 } else { 1 };
        let said = format!("Give a whole number of days from {least} to {most}");
        assert!(refused.contains(&beside) && refused.contains(&said), "{refused}");
        for typed in [events, requests] {
            assert!(refused.contains(&format!("value=\"{typed}\"")), "{typed} is lost");
        }
        assert_eq!(revision(&refused), read);
    }
    assert_eq!(kept().await, (String::new(), String::new()));
    save(&ann, &path, &read, &form(" 5 ", "2")).await.expect(303);
    assert_eq!(kept().await, ("5".to_owned(), "2".to_owned()));
    let log = ann.get(&format!("{}/requests", home(&server))).await.expect(200).text;
    assert!(log.contains("within 2 days"), "{log}");
    // From before that.
    let told = save(&ann, &path, &read, &form("7", "2")).await.expect(409).text;
    assert!(
        told.contains("<dt>Events and timelines, in days</dt><dd><bdi>5</bdi>") && told.contains("value=\"7\""),
        "{told}"
    );
    assert!(!told.contains("<dt>Log of requests, in days</dt>"), "{told}");
    save(&ann, &path, &revision(&told), &form("", "")).await.expect(303);
    assert_eq!(kept().await, (String::new(), String::new()));
    let noted = "select (detail->'before'->>'event_days') || ' ' || (detail->'before'->>'request_days') from audit_log
        where action = 'project.changed' order by id desc limit 1";
    assert_eq!(server.database.text(noted).await, "5 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_and_the_domain_are_checked_as_on_the_command_line() {
    let server = TestServer::start().await;
    let settings = format!("{}/projects/settings", home(&server));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let count = || server.store.origins(server.project.id);
    let before = count().await.unwrap().len();
    for origin in [
        "",
        "app.example.com",
        "http://app.example.com",
        "https://*.example.com",
        "https://app.example.com/page",
        "https://a b",
    ] {
        let page = admin
            .post(&format!("{settings}/origins/add"), &[("origin", origin)])
            .await
            .expect(422)
            .text;
        assert!(page.contains("is not an origin that may embed"), "{origin}: {page}");
        assert!(page.contains(&format!("value=\"{origin}\"")), "{origin} is lost");
    }
    assert_eq!(count().await.unwrap().len(), before);
    let add = [("origin", " https://APP.example.com:443 ")];
    let added = admin.post(&format!("{settings}/origins/add"), &add).await.expect(303);
    let page = admin.get(&added.location).await.expect(200).text;
    assert!(
        page.contains("<code class=\"cut\">https://app.example.com</code>"),
        "{page}"
    );
    let remove = [("origin", "https://app.example.com")];
    admin
        .post(&format!("{settings}/origins/remove"), &remove)
        .await
        .expect(303);
    let again = admin
        .post(&format!("{settings}/origins/remove"), &remove)
        .await
        .expect(404)
        .text;
    assert!(again.contains("not on the list"), "{again}");
    assert_eq!(count().await.unwrap().len(), before);

    admin
        .post(&format!("{settings}/domain"), &[("domain", "")])
        .await
        .expect(403);
    let refused = owner
        .post(&format!("{settings}/domain"), &[("domain", "connect.example.com")])
        .await
        .expect(422)
        .text;
    assert!(
        refused.contains("value=\"connect.example.com\"") && refused.contains("own domain is written as"),
        "{refused}"
    );
    let port = server.url.rsplit(':').next().unwrap();
    let domain = format!("http://localhost:{port}");
    let saved = owner.post(&format!("{settings}/domain"), &[("domain", &domain)]).await;
    assert!([303, 422].contains(&saved.status), "{}", saved.text);
    assert!(
        actions(&server)
            .await
            .starts_with("project.origin_added project.origin_removed")
    );
    // Neither of another project.
    let (other, _) = server.another_project().await;
    let foreign = format!("/console/{other}/test/projects/settings");
    admin.get(&foreign).await.expect(404);
    admin.post(&format!("{foreign}/origins/add"), &add).await.expect(404);
    admin.post(&foreign, &[]).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_project_the_owner_makes_the_first() {
    let server = TestServer::start().await;
    let (_, person) = operator(&server, None).await;
    let page = person.get("/console").await.expect(200).text;
    assert!(
        page.contains("You have no role in any project") && !page.contains("<form"),
        "{page}"
    );
}
