//! Definitions of the operator.

use broker::Sources;
use latchkey::composition::built_in;
use store::Role;
use testkit::TestServer;

use super::super::{Person, home, operator};
use super::{ACME, value};

async fn edit(person: &Person, server: &TestServer, pairs: &[(&str, &str)]) -> super::super::Seen {
    person.post(&format!("{}/definitions/edit", home(server)), pairs).await
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of the same definition")]
async fn a_definition_is_written_checked_saved_and_rolled_back() {
    let server = TestServer::start().await;
    server.broker.set_sources(Sources {
        built_in: built_in(),
        own: None,
    });
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let list = format!("{}/definitions", home(&server));
    let empty = admin.get(&list).await.expect(200).text;
    assert!(empty.contains("There are none yet"), "{empty}");
    let new = admin.get(&format!("{list}/edit")).await.expect(200).text;
    assert!(
        new.contains("id: acme") && !new.contains("autofocus=\"false\""),
        "{new}"
    );

    let wrong = ACME.replace("base_url: https", "bas_url: http");
    let refused = edit(&admin, &server, &[("document", &wrong), ("do", "save")])
        .await
        .expect(422);
    assert!(
        refused.text.contains("data-line=\"11\"") && refused.text.contains("Did you mean"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("bas_url: http:"), "what was written stays");
    let nameless = edit(&admin, &server, &[("document", "name: x"), ("do", "check")])
        .await
        .expect(422);
    assert!(nameless.text.contains("has no <code>id</code>"), "{}", nameless.text);
    // What cannot be read says where that is.
    let broken = ACME.replace("docs: https", "docs \"https");
    let unread = edit(&admin, &server, &[("document", &broken), ("do", "save")])
        .await
        .expect(422);
    assert!(
        unread.text.contains("data-line=\"") && !unread.text.contains("has no <code>id</code>"),
        "{}",
        unread.text
    );
    let right = edit(
        &admin,
        &server,
        &[("document", &ACME.replace('\n', "\r\n")), ("do", "check")],
    )
    .await
    .expect(200);
    assert!(
        right.text.contains("Acme is right. Nothing was saved yet."),
        "{}",
        right.text
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from integration_definitions")
            .await,
        0
    );
    let saved = edit(&admin, &server, &[("document", ACME), ("do", "save")])
        .await
        .expect(303);
    assert_eq!(saved.location, format!("{list}/acme/history?done=saved"));
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());

    // The second editor is told, and keeps the text.
    let two = ACME.replace("name: Acme", "name: Acme Two");
    let three = ACME.replace("name: Acme", "name: Acme Three");
    let of = |version: &'static str, document: &str| {
        [
            ("id", "acme".to_owned()),
            ("version", version.to_owned()),
            ("document", document.to_owned()),
            ("do", "save".to_owned()),
        ]
    };
    let send = async |pairs: [(&str, String); 4]| {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        edit(&admin, &server, &pairs).await
    };
    send(of("1", &two)).await.expect(303);
    let late = send(of("1", &three)).await.expect(412);
    assert!(
        late.text.contains("Somebody else changed this definition") && late.text.contains("Acme Three"),
        "{}",
        late.text
    );
    assert_eq!(value(&late.text, "version"), "2");

    let history = admin.get(&format!("{list}/acme/history")).await.expect(200).text;
    assert!(
        history.contains("line-added") && history.contains("name: Acme Two") && history.contains("@example.com"),
        "{history}"
    );
    assert!(!history.contains("/restore\""), "the newest needs no restoring");
    assert!(history.contains("/integrations/acme\">Set up and try</a>"), "{history}");
    let older = admin
        .get(&format!("{list}/acme/history?version=1"))
        .await
        .expect(200)
        .text;
    assert!(older.contains("/restore\""), "{older}");
    admin.get(&format!("{list}/acme/history?version=9")).await.expect(404);
    let stale = admin
        .post(
            &format!("{list}/acme/restore"),
            &[("version", "1"), ("newest", "1"), ("removed", "false")],
        )
        .await
        .expect(412);
    assert!(stale.text.contains("Somebody else changed"), "{}", stale.text);
    let restored = admin
        .post(
            &format!("{list}/acme/restore"),
            &[("version", "1"), ("newest", "2"), ("removed", "false")],
        )
        .await
        .expect(303);
    assert!(restored.location.ends_with("?done=restored"));
    assert_eq!(
        server.broker.store().definition_versions("acme").await.unwrap()[0].version,
        3
    );

    // Read by who builds; changed by who manages.
    server.broker.reload_definitions(false).await.unwrap();
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let read = developer
        .get(&format!("{}/integrations/acme/definition", home(&server)))
        .await
        .expect(200)
        .text;
    assert!(
        read.contains("base_url: https://api.acme.example") && !read.contains("Edit definition"),
        "{read}"
    );
    developer.get(&list).await.expect(403);
    edit(&developer, &server, &[("document", ACME), ("do", "check")])
        .await
        .expect(403);

    let deleted = admin
        .post(&format!("{list}/acme/delete"), &[("newest", "3")])
        .await
        .expect(303);
    assert!(
        admin
            .get(&deleted.location)
            .await
            .expect(200)
            .text
            .contains("The definition is deleted")
    );
    admin
        .post(&format!("{list}/acme/delete"), &[("newest", "4")])
        .await
        .expect(404);
    let back = admin
        .post(
            &format!("{list}/acme/restore"),
            &[("version", "3"), ("newest", "4"), ("removed", "true")],
        )
        .await;
    back.expect(303);
    let noted = "select count(*) from audit_log where action like 'definition.%' and actor like 'operator:%'";
    assert_eq!(server.database.number(noted).await, 5);

    // Where there are several projects, only an owner changes what holds for all of them.
    server.another_project().await;
    let refused = admin.get(&list).await.expect(403);
    assert!(
        refused.text.contains("every project of this server"),
        "{}",
        refused.text
    );
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    owner.get(&list).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_tried_before_it_is_saved() {
    let server = TestServer::start().await;
    server.broker.set_sources(Sources {
        built_in: built_in(),
        own: None,
    });
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let tried = async |document: &str, answer: &str| {
        edit(
            &admin,
            &server,
            &[("document", document), ("do", "try"), ("answer", answer)],
        )
        .await
    };
    let page = tried(ACME, "").await.expect(200).text;
    for part in [
        "Acme, with sample values. Nothing was sent, and nothing was saved.",
        "What it would send",
        "X-Key: sample-key",
        "GET https://api.acme.example/v1/me",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // With what the service answers: the account, or what the answer lacks.
    let page = tried(ACME, r#"{ "id": 7, "name": "Ann <b>" }"#).await.expect(200).text;
    assert!(page.contains("id 7, name Ann &#60;b&#62;"), "{page}");
    let page = tried(ACME, r#"{ "user": { "id": 7 } }"#).await.expect(200).text;
    assert!(
        page.contains("The answer lacks what names the account")
            && page.contains("id not in the answer")
            && page.contains("was looked for; the answer has user"),
        "{page}"
    );
    let page = tried(ACME, "<html>").await.expect(422).text;
    assert!(
        page.contains("The answer of the check is no JSON.") && page.contains("&#60;html&#62;"),
        "{page}"
    );
    let page = tried(ACME, &format!("\"{}\"", "x".repeat(70_000)))
        .await
        .expect(422)
        .text;
    assert!(
        page.contains("The answer of the check is longer than 64 KiB."),
        "{page:.2000}"
    );
    // What would be far too much is not made.
    let way = |number: i32| {
        ACME[ACME.find("  - kind").unwrap()..ACME.find("api:").unwrap()].replacen(
            "kind: api_key",
            &format!("kind: api_key\n    id: w{number}"),
            1,
        )
    };
    let ways: String = (0..8).map(way).collect();
    let heavy = format!(
        "{}{ways}{}",
        &ACME[..ACME.find("  - kind").unwrap()],
        ACME[ACME.find("api:").unwrap()..].replace("${credential.key}", &"${credential.key}".repeat(6_000))
    );
    let page = tried(&heavy, "").await.expect(422).text;
    assert!(
        page.contains("It cannot be tried: it would send more than can be shown."),
        "{page:.3000}"
    );
    let page = tried(&ACME.replace("base_url: https", "bas_url: http"), "")
        .await
        .expect(422)
        .text;
    assert!(
        page.contains("data-line=\"11\"") && !page.contains("What it would send"),
        "{page}"
    );
    // By those who may save, and by nobody else.
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    edit(&developer, &server, &[("document", ACME), ("do", "try")])
        .await
        .expect(403);
    assert_eq!(
        server
            .database
            .number("select count(*) from integration_definitions")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_several_projects_only_an_owner_is_led_there() {
    let server = TestServer::start().await;
    server.broker.set_sources(Sources {
        built_in: built_in(),
        own: None,
    });
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let (catalogue, list) = (
        format!("{}/integrations", home(&server)),
        format!("{}/definitions", home(&server)),
    );
    let link = format!("href=\"{list}");
    let leads = async |person: &Person| {
        let text = person.get(&catalogue).await.expect(200).text;
        let one = person
            .get(&format!("{catalogue}/github/definition"))
            .await
            .expect(200)
            .text;
        (text.contains(&link), one.contains(&link))
    };
    assert_eq!(leads(&admin).await, (true, true));
    server.another_project().await;
    assert_eq!(leads(&admin).await, (false, false));
    let refused = admin.get(&list).await.expect(403).text;
    assert!(
        refused.contains("Definitions hold for every project of this server."),
        "{refused}"
    );
    assert_eq!(leads(&owner).await, (true, true));
    owner.get(&list).await.expect(200);
}
