//! Values of variables that are secrets: which new way to sign in gets them, and what holds when a definition no longer
//! calls one a secret.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use store::{App, AppSettings, Environment};
use testkit::{OddProvider, TestServer};

use super::{as_built_in, stage};

const SEALED: &str = "sealed-admin-token";

/// The odd provider with a token of the operator's, sent with every call.
fn with_token(marks: &str, further: &str) -> catalog::Catalog {
    let text = testkit::odd_definition()
        .1
        .replace(
            "variables:\n",
            &format!("variables:\n  admin_token: {{ title: Token, set_by: operator, {marks} }}\n"),
        )
        .replace(
            "headers: { Authorization",
            "headers: { X-Admin: \"${variables.admin_token}\", Authorization",
        )
        .replace("api:\n", &format!("{further}api:\n"));
    as_built_in("odd.yaml", &text)
}

/// A way to sign in where people type a key in, which is sent with the operator's token.
fn typed(origin: &str) -> String {
    format!(
        "  - kind: login\n    title: Log in\n    fields: [{{ name: key, title: Key }}]\n    requests:\n      - {{ post: \"{origin}/login\", headers: {{ X-Admin: \"${{variables.admin_token}}\" }}, form: {{ key: \"${{credential.key}}\" }} }}\n    headers: {{ X-Key: \"${{credential.access_token}}\" }}\n    check: {{ get: /me }}\n"
    )
}

async fn give(server: &TestServer, base: &OddProvider, token: Option<&str>) -> App {
    let mut values = BTreeMap::from([("base".to_owned(), base.url())]);
    values.extend(token.map(|token| ("admin_token".to_owned(), token.to_owned())));
    let settings = AppSettings {
        variables: Some(values),
        ..AppSettings::default()
    };
    let odd = server.broker.catalog().get("odd").cloned().unwrap();
    let set = server
        .broker
        .set_app(server.project.id, Environment::Test, &odd, settings)
        .await;
    set.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_way_gets_no_secret_value_that_is_kept() {
    let stage = stage().await;
    let broker = &stage.server.broker;
    broker.replace_catalog(with_token("secret: true", ""));
    give(&stage.server, &stage.old, Some(SEALED)).await;
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
    // Where secrets go already, one more way changes nothing.
    broker.replace_catalog(with_token("secret: true", &typed("${variables.base}")));
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
    broker.replace_catalog(with_token(
        "secret: true",
        &typed("https://login.example.com").replace("kind: login\n", "kind: login\n    id: login-other\n"),
    ));
    assert_eq!(broker.compare_destinations().await.unwrap(), 1);
    let change = stage.changes().await.remove(0);
    assert_eq!(change["authMethod"], "login-other", "{change}");
    assert!(change["added"].to_string().contains("login.example.com"), "{change}");
    stage.agree(&change).await.expect(200);
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_no_secret_any_more_gives_way_to_the_new_one() {
    let stage = stage().await;
    let server = &stage.server;
    server.broker.replace_catalog(with_token("secret: true", ""));
    give(server, &stage.old, Some(SEALED)).await;
    let key = server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    stage.call(&key).await.expect(200);
    let sent = |token: &str| {
        let line = format!("x-admin: {token}\r\n");
        let seen = stage.old.seen("/api/x");
        seen.iter().filter(|seen| seen.head.contains(&line)).count()
    };
    assert_eq!(sent(SEALED), 1, "{:?}", stage.old.seen("/api/x"));

    // What was given as a secret is used as nothing else.
    server.broker.replace_catalog(with_token("secret: false", ""));
    let lacks = stage.call(&key).await;
    assert_ne!(lacks.status, 200, "{}", lacks.text);
    assert_eq!(stage.old.seen("/api/x").len(), 1);

    let app = give(server, &stage.old, Some("plain-token")).await;
    assert_eq!(app.variables["admin_token"], "plain-token");
    assert!(app.secret_names.is_empty(), "{app:?}");
    assert!(server.store.app_secrets(&app).await.unwrap().is_empty());
    let sealed = "select count(*) from apps where secrets_sealed is not null";
    assert_eq!(server.database.number(sealed).await, 0);
    stage.call(&key).await.expect(200);
    assert_eq!((sent("plain-token"), sent(SEALED)), (1, 1));

    // And back again: what was in plain is sealed.
    server.broker.replace_catalog(with_token("secret: true", ""));
    let app = give(server, &stage.old, None).await;
    let opened = server.store.app_secrets(&app).await.unwrap();
    assert_eq!(opened["admin_token"].expose_secret(), "plain-token");
    assert!(!app.variables.contains_key("admin_token"));
}
