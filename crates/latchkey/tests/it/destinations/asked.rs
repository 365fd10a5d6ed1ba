//! What is asked about: ways to sign in that are gone, apps with a private key; and what an operator agrees to.

use serde_json::json;

use super::{API, Stage, as_built_in, odd, odd_text, stage};

const FORGOTTEN: &str = "update apps set destinations = null, destinations_tag = null where integration = 'odd'";

/// The way to sign in has another id, so that connections of before have one that is gone.
fn renamed(moved: &str) -> catalog::Catalog {
    let text = odd_text(moved);
    assert!(text.contains("kind: oauth2\n"), "{text}");
    as_built_in(
        "odd.yaml",
        &text.replace("kind: oauth2\n", "kind: oauth2\n    id: oauth2-renamed\n"),
    )
}

impl Stage {
    async fn agree_to_all(&self) {
        for change in self.changes().await {
            self.agree(&change).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_is_gone_is_asked_about_and_freed() {
    let stage = stage().await;
    let broker = &stage.server.broker;
    let key = stage.server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    broker.replace_catalog(renamed(""));
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
    assert_eq!(stage.call(&key).await.status, 200);
    broker.replace_catalog(renamed(API));
    assert_eq!(stage.call(&key).await.problem(409), "destination_not_agreed");
    stage.nothing_new();
    assert_eq!(broker.compare_destinations().await.unwrap(), 2);
    let changes = stage.changes().await;
    let gone = changes.iter().find(|change| change["authMethod"] == "oauth2").unwrap();
    assert_eq!(gone["connections"], json!(1), "{gone}");
    stage.agree_to_all().await;
    assert_eq!(stage.call(&key).await.status, 200);
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_app_whose_connections_use_a_way_that_is_gone_goes_on() {
    let stage = stage().await;
    let broker = &stage.server.broker;
    let key = stage.server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    // The first start of a version that remembers, whether its loop or a call comes first.
    broker.replace_catalog(renamed(""));
    stage.server.database.execute(FORGOTTEN).await;
    assert_eq!(stage.call(&key).await.status, 200);
    stage.server.database.execute(FORGOTTEN).await;
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
    assert_eq!(stage.call(&key).await.status, 200);
    // The address moves before such a connection was used.
    stage.server.database.execute(FORGOTTEN).await;
    assert_eq!(broker.compare_destinations().await.unwrap(), 0);
    broker.replace_catalog(renamed(API));
    assert_eq!(stage.call(&key).await.problem(409), "destination_not_agreed");
    stage.nothing_new();
    assert_eq!(broker.compare_destinations().await.unwrap(), 2);
    stage.agree_to_all().await;
    assert_eq!(stage.call(&key).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_counts_as_a_secret_that_is_kept() {
    let stage = stage().await;
    let broker = &stage.server.broker;
    let keyed = "update apps set key_sealed = sealed, key_public = '{}', sealed = null where integration = 'odd' and sealed is not null";
    assert_eq!(stage.server.database.execute(keyed).await, 1);
    let text = odd_text("").replace(
        "api:\n",
        "  - kind: oauth2\n    id: oauth2-other\n    title: Sign in elsewhere\n    authorize: { url: \"https://other.example.com/a\" }\n    token: { url: \"https://other.example.com/t\", client_auth: private_key_jwt }\n    headers: { X-Key: \"${credential.access_token}\" }\napi:\n",
    );
    broker.replace_catalog(as_built_in("odd.yaml", &text));
    assert_eq!(broker.compare_destinations().await.unwrap(), 1);
    assert_eq!(stage.changes().await[0]["authMethod"], "oauth2-other");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_agrees_to_what_was_not_shown() {
    let stage = stage().await;
    let server = &stage.server;
    server.import_odd("odd", &["one".to_owned()]).await;
    server.broker.replace_catalog(odd(API));
    server.broker.compare_destinations().await.unwrap();
    let shown = stage.changes().await.remove(0);
    // Who writes to the database hides an address behind the row that the operator looks at.
    let evil = "update destination_changes set wanted = wanted || array['https://evil.example.com']";
    assert_eq!(server.database.execute(evil).await, 1);
    assert!(stage.changes().await.is_empty());
    assert_eq!(stage.agree(&shown).await.status, 404);
    let agreed = "select count(*) from apps where destinations::text like '%evil%'";
    assert_eq!(server.database.number(agreed).await, 0);
    // The next look mends the row. What is new is told by what is wanted, whatever stands beside it.
    server.broker.compare_destinations().await.unwrap();
    server
        .database
        .execute("update destination_changes set added = '{}'")
        .await;
    assert_eq!(stage.changes().await[0]["added"], shown["added"]);
    let forged = r"update apps set destinations = jsonb_build_object('oauth2', (select to_jsonb(wanted) from destination_changes))
        where integration = 'odd'";
    assert_eq!(server.database.execute(forged).await, 1);
    let damaged = stage.changes().await.remove(0);
    assert_eq!(
        (&damaged["added"], &damaged["agreed"]),
        (&damaged["wanted"], &json!([]))
    );
    stage.agree(&shown).await.expect(200);
}
