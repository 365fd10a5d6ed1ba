//! Definitions of one's own that stand in the place of built-in ones.

use broker::{Environment, Sources};
use latchkey::composition::built_in;
use serde_json::Value;
use store::{AppSettings, AuditEntry, Expected, Role};
use testkit::TestServer;

use super::{Person, home, operator};

const SERVICE: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
api:
  base_url: https://api.acme.example/v1
  headers: { X-Key: \"${credential.key}\" }
check: { get: /me, account: { id: \"${body.id}\", name: \"${body.name}\" } }
";

/// A server of a version that has this as a built-in one.
fn of_version(server: &TestServer, text: &str) {
    server.broker.set_sources(Sources {
        built_in: built_in().with("acme.yaml", text),
        own: None,
    });
}

async fn save(person: &Person, server: &TestServer, pairs: &[(&str, &str)]) -> super::Seen {
    person.post(&format!("{}/definitions/edit", home(server)), pairs).await
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of the same definition")]
async fn an_own_definition_is_compared_with_the_built_in_one() {
    let server = TestServer::start().await;
    of_version(&server, SERVICE);
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let page = format!("{}/integrations/acme/definition", home(&server));
    let list = format!("{}/definitions", home(&server));
    let plain = admin.get(&page).await.expect(200).text;
    assert!(!plain.contains("What differs"), "{plain}");

    // Written from the built-in one, with another address.
    let begun = admin.get(&format!("{list}/edit?like=acme")).await.expect(200).text;
    assert!(begun.contains("overrides: true"), "{begun}");
    let own = format!(
        "{}overrides: true\n",
        SERVICE.replace("api.acme.example/v1", "api.acme.example/v2")
    );
    save(&admin, &server, &[("document", &own), ("do", "save")])
        .await
        .expect(303);
    let compared = developer.get(&page).await.expect(200).text;
    assert!(compared.contains("What differs from the built-in one"), "{compared}");
    for (kind, line) in [
        ("removed", "  base_url: https://api.acme.example/v1"),
        ("added", "  base_url: https://api.acme.example/v2"),
        ("added", "overrides: true"),
    ] {
        let (_, rest) = compared.split_once(&format!("line-{kind}\"")).unwrap();
        assert!(
            rest.contains(&format!("<code>{line}</code>")),
            "{kind} {line}: {compared}"
        );
    }
    assert!(!compared.contains("The built-in definition has changed"), "{compared}");
    assert!(
        !admin
            .get(&list)
            .await
            .expect(200)
            .text
            .contains("which has changed since")
    );

    // The next version of the server has another one.
    of_version(&server, &SERVICE.replace("X-Key", "X-Api-Key"));
    let behind = developer.get(&page).await.expect(200).text;
    assert!(
        behind.contains("The built-in definition has changed") && behind.contains("X-Api-Key"),
        "{behind}"
    );
    assert!(!behind.contains("/reviewed\""), "a developer reads");
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
    let listed = admin.get(&list).await.expect(200).text;
    assert!(listed.contains("which has changed since"), "{listed}");
    let edited = admin.get(&format!("{list}/edit?id=acme")).await.expect(200).text;
    assert!(
        edited.contains("The built-in definition has changed since this one was written.") && edited.contains(&page),
        "{edited}"
    );
    // A save of one's own does not say that one looked.
    let newer = own.replace("Makes everything", "Makes anything");
    let pairs = [
        ("id", "acme"),
        ("version", "1"),
        ("document", newer.as_str()),
        ("do", "save"),
    ];
    save(&admin, &server, &pairs).await.expect(303);
    assert!(
        admin
            .get(&list)
            .await
            .expect(200)
            .text
            .contains("which has changed since")
    );

    let reviewed = format!("{list}/acme/reviewed");
    developer.post(&reviewed, &[]).await.expect(403);
    let done = admin.post(&reviewed, &[]).await.expect(303);
    assert_eq!(done.location, format!("{page}?done=reviewed"));
    let noted = admin.get(&done.location).await.expect(200).text;
    assert!(
        noted.contains("You are told when the built-in definition changes again."),
        "{noted}"
    );
    assert!(!noted.contains("The built-in definition has changed"), "{noted}");
    let line = "select count(*) from audit_log where action = 'definition.reviewed' and actor like 'operator:%'";
    assert_eq!(server.database.number(line).await, 1);
    // Gone and written anew, it is written from the one of now.
    of_version(&server, SERVICE);
    assert!(
        admin
            .get(&page)
            .await
            .expect(200)
            .text
            .contains("The built-in definition has changed")
    );
    admin
        .post(&format!("{list}/acme/delete"), &[("newest", "2")])
        .await
        .expect(303);
    admin.post(&reviewed, &[]).await.expect(404);
    save(&admin, &server, &[("document", &own), ("do", "save")])
        .await
        .expect(303);
    let again = admin.get(&page).await.expect(200).text;
    assert!(
        again.contains("What differs") && !again.contains("The built-in definition has changed"),
        "{again}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_sent_and_not_saved_says_so() {
    let server = TestServer::start().await;
    of_version(&server, SERVICE);
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let fresh = admin
        .get(&format!("{}/definitions/edit", home(&server)))
        .await
        .expect(200)
        .text;
    assert!(
        fresh.contains("data-resting=\"Not saved yet\"") && !fresh.contains("data-unsaved"),
        "{fresh}"
    );
    let own = SERVICE.replace("acme", "other");
    let checked = save(&admin, &server, &[("document", &own), ("do", "check")])
        .await
        .expect(200)
        .text;
    assert!(checked.contains("data-unsaved"), "{checked}");
    save(&admin, &server, &[("document", &own), ("do", "save")])
        .await
        .expect(303);
    let kept = admin
        .get(&format!("{}/definitions/edit?id=other", home(&server)))
        .await
        .expect(200)
        .text;
    assert!(
        kept.contains("data-resting=\"Saved as version 1\"") && !kept.contains("data-unsaved"),
        "{kept}"
    );
}

/// Many who look while nothing changed load nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_loaded_is_used_until_something_changes() {
    let server = TestServer::start().await;
    of_version(&server, SERVICE);
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let page = |id: &str| format!("{}/integrations/{id}/definition", home(&server));
    admin.get(&page("acme")).await.expect(200);
    let own = SERVICE.replace("acme", "other");
    save(&admin, &server, &[("document", &own), ("do", "save")])
        .await
        .expect(303);
    // At once, whether or not this replica has put it in force.
    let read = admin.get(&page("other")).await;
    assert!(
        read.status == 404 || read.text.contains("api.other.example"),
        "{}",
        read.text
    );
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
    let mut fastest = std::time::Duration::MAX;
    for _ in 0..20 {
        let began = std::time::Instant::now();
        let text = admin.get(&page("other")).await.expect(200).text;
        fastest = fastest.min(began.elapsed());
        assert!(text.contains("api.other.example"), "{text}");
    }
    let began = std::time::Instant::now();
    server.broker.load_definitions().await.unwrap();
    let once = began.elapsed();
    assert!(
        fastest < once,
        "a page took {fastest:?}, and to load all takes {once:?}"
    );
}

/// A rule that is newer than a definition refuses it when it is written again, and not while it works.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_before_takes_no_definition_away() {
    let server = TestServer::start().await;
    of_version(&server, SERVICE);
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let variables = "variables: { app_token: { title: Token, set_by: operator, pattern: \"[a-z]+\" } }\nauth:";
    let text = SERVICE.replace("acme", "older").replace("auth:", variables);
    let entry = AuditEntry {
        project: None,
        environment: None,
        action: "definition.put",
        actor: "cli".to_owned(),
        subject: None,
        detail: &Value::Null,
    };
    let kept = server
        .store
        .put_definition("older", (&text, None), Expected::Any, entry, |_| Value::Null)
        .await;
    kept.unwrap();
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
    assert!(server.broker.catalog().get("older").is_some());
    let pairs = [
        ("id", "older"),
        ("version", "1"),
        ("document", text.as_str()),
        ("do", "check"),
    ];
    let refused = save(&admin, &server, &pairs).await.expect(422).text;
    assert!(
        refused.contains("<code>app_token</code> is named like a secret")
            && refused.contains("write <code>secret: true</code>, or <code>secret: false</code>"),
        "{refused}"
    );
    for answer in ["secret: true", "secret: false"] {
        let settled = text.replace("set_by: operator", &format!("set_by: operator, {answer}"));
        let pairs = [
            ("id", "older"),
            ("version", "1"),
            ("document", settled.as_str()),
            ("do", "check"),
        ];
        save(&admin, &server, &pairs).await.expect(200);
    }
}

const SECRET: &str = "dev-token-never-shown";

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_a_secret_is_sealed_and_never_shown() {
    let text = SERVICE
        .replace("auth:", "variables:\n  app_token: { title: Token of the app, set_by: operator, secret: true, pattern: \"[a-z-]+\" }\nauth:")
        .replace("headers: {", "headers: { X-App: \"${variables.app_token}\",");
    let server = TestServer::builder()
        .with_definitions([("acme.yaml".to_owned(), text)])
        .start()
        .await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let page = format!("{}/integrations/acme", home(&server));
    developer
        .post(&format!("{page}/switch"), &[("on", "true")])
        .await
        .expect(303);
    let lacking = developer.get(&page).await.expect(200).text;
    assert!(
        lacking.contains("It lacks") && lacking.contains("It is sealed, and never shown again."),
        "{lacking}"
    );
    let revision = |text: &str| {
        let (_, rest) = text.split_once("name=\"revision\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let saved = revision(&lacking);
    let pairs = [("revision", saved.as_str()), ("variable.app_token", SECRET)];
    developer.post(&format!("{page}/app"), &pairs).await.expect(303);
    let kept = developer.get(&page).await.expect(200).text;
    assert!(
        kept.contains("One is kept. It is never shown.") && !kept.contains("It lacks") && !kept.contains(SECRET),
        "{kept}"
    );
    assert!(!server.database.dump().await.contains(SECRET), "it is sealed");
    // An empty field keeps it.
    let saved = revision(&kept);
    let pairs = [("revision", saved.as_str()), ("variable.app_token", "")];
    developer.post(&format!("{page}/app"), &pairs).await.expect(303);
    let app = server
        .store
        .app_of(server.project.id, Environment::Test, "acme")
        .await
        .unwrap()
        .unwrap();
    assert!(
        app.variables.is_empty() && app.has_variable("app_token", true),
        "{app:?}"
    );
    assert!(!format!("{app:?}").contains(SECRET));
    let opened = server.store.app_secrets(&app).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&opened["app_token"]), SECRET);

    // One that an earlier version kept in plain is sealed with the next save.
    let before =
        "update apps set variables = '{\"app_token\": \"kept-in-plain\"}', secrets_sealed = null, secret_names = '{}'";
    assert!(server.database.execute(before).await >= 1);
    let integration = server.broker.catalog().get("acme").cloned().unwrap();
    let settings = AppSettings {
        variables: Some(std::collections::BTreeMap::new()),
        ..AppSettings::default()
    };
    let app = server
        .broker
        .set_app(server.project.id, Environment::Test, &integration, settings)
        .await
        .unwrap();
    let opened = server.store.app_secrets(&app).await.unwrap();
    assert_eq!(
        secrecy::ExposeSecret::expose_secret(&opened["app_token"]),
        "kept-in-plain"
    );
    assert!(app.variables.is_empty());
}
