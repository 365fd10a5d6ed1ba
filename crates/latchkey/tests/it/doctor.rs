//! The app doctor: what it finds in an app that is right, and in each that is wrong in one way.

use std::collections::BTreeMap;

use broker::{Environment, Scope};
use secrecy::SecretString;
use serde_json::Value;
use store::AppSettings;
use testkit::{OddProvider, TestServer};

async fn examined(server: &TestServer, integration: &str) -> Value {
    let admin = server.key_with(&[Scope::Admin]).await;
    let path = format!("/v1/integrations/{integration}/doctor");
    let found = server.api("POST", &path).key(&admin).send().await.expect(200).json();
    // So that there is a turn for the next.
    server.advance(11).await;
    found
}

/// The verdict of a check, and what it says.
fn check<'a>(diagnosis: &'a Value, name: &str) -> (&'a str, String) {
    let checks = diagnosis["checks"].as_array().unwrap();
    let found = checks.iter().find(|one| one["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {diagnosis:#}"));
    let text = format!(
        "{} {}",
        found["message"].as_str().unwrap(),
        found["mend"].as_str().unwrap_or_default()
    );
    (found["verdict"].as_str().unwrap(), text)
}

async fn set(server: &TestServer, integration: &str, settings: AppSettings) {
    let catalog = server.broker.catalog();
    let definition = catalog.get(integration).unwrap();
    server
        .broker
        .set_app(server.project.id, Environment::Test, definition, settings)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_app_is_right_in_everything() {
    let server = TestServer::start().await;
    let found = examined(&server, "sandbox").await;
    assert_eq!(found["verdict"], "good", "{found:#}");
    for name in [
        "client",
        "redirect_address",
        "redirect_reached",
        "pkce",
        "authorize",
        "token",
        "clock",
    ] {
        assert_eq!(check(&found, name).0, "good", "{name} in {found:#}");
    }
    assert!(check(&found, "token").1.contains("refused only the code"), "{found:#}");
    assert!(!found.to_string().contains(&server.client_secret));
    let noted =
        "select count(*) from audit_log where action = 'app.examined' and actor like 'key:%' and subject like 'app:%'";
    assert_eq!(server.database.number(noted).await, 1);
    // Nothing was granted, and nothing waits.
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
    assert_eq!(server.database.number("select count(*) from flows").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_client_secret_and_redirect_are_told_apart() {
    let server = TestServer::start().await;
    let secret = |text: &str| AppSettings {
        client_secret: Some(SecretString::from(text)),
        ..AppSettings::default()
    };
    set(&server, "sandbox", secret("wrong-s3cret")).await;
    let found = examined(&server, "sandbox").await;
    assert_eq!(found["verdict"], "bad", "{found:#}");
    assert_eq!(check(&found, "authorize").0, "good", "{found:#}");
    let (verdict, text) = check(&found, "token");
    assert!(
        verdict == "bad" && text.contains("did not take the client id and secret"),
        "{text}"
    );
    // Nothing beside it says that they are right.
    let checks = found["checks"].as_array().unwrap();
    assert!(checks.iter().all(|one| one["check"] != "client"), "{found:#}");
    assert!(!found.to_string().contains("wrong-s3cret"));
    set(&server, "sandbox", secret(&server.client_secret)).await;

    let plain = |plain| AppSettings {
        plain_callback: Some(plain),
        ..AppSettings::default()
    };
    set(&server, "sandbox", plain(true)).await;
    let found = examined(&server, "sandbox").await;
    let (verdict, text) = check(&found, "authorize");
    assert!(verdict == "bad" && text.contains("redirect address"), "{text}");
    assert!(
        text.contains(&format!("Register exactly {}/connections/oauth/callback", server.url)),
        "{text}"
    );
    set(&server, "sandbox", plain(false)).await;

    let client = AppSettings {
        client_id: Some("nobodys-client".to_owned()),
        ..AppSettings::default()
    };
    set(&server, "sandbox", client).await;
    let found = examined(&server, "sandbox").await;
    let (verdict, text) = check(&found, "authorize");
    assert!(
        verdict == "bad" && text.contains("does not know this client id"),
        "{text}"
    );
    assert_eq!(check(&found, "token").0, "bad");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_said_to_be() {
    let odd = OddProvider::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&odd)
        .allowing("http://127.0.0.1:1")
        .start()
        .await;
    let found = examined(&server, "odd").await;
    // It takes every code, which says nothing of the client.
    assert_eq!(check(&found, "authorize").0, "good", "{found:#}");
    assert_eq!(check(&found, "token").0, "attention", "{found:#}");
    let settings = AppSettings {
        variables: Some(BTreeMap::from([("base".to_owned(), "http://127.0.0.1:1".to_owned())])),
        ..AppSettings::default()
    };
    set(&server, "odd", settings).await;
    let found = examined(&server, "odd").await;
    for name in ["authorize", "token"] {
        let (verdict, text) = check(&found, name);
        assert!(verdict == "bad" && text.contains("could not be"), "{name}: {text}");
    }
    // The address is one of the app's values, so somebody looks at the app.
    let noted = server.database.number("select count(*) from app_attention").await;
    assert_eq!(noted, 1);
    // What is not allowed is not asked.
    let settings = AppSettings {
        variables: Some(BTreeMap::from([("base".to_owned(), "https://127.0.0.2:9".to_owned())])),
        ..AppSettings::default()
    };
    set(&server, "odd", settings).await;
    let found = examined(&server, "odd").await;
    assert!(found.to_string().contains("LATCHKEY_ALLOW_PRIVATE_HOSTS"), "{found:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_before_anybody_is_asked() {
    let server = TestServer::start().await;
    let never = examined(&server, "gmail").await;
    assert!(check(&never, "client").1.contains("was never set up"), "{never:#}");
    set(&server, "gmail", AppSettings::default()).await;
    let found = examined(&server, "gmail").await;
    assert_eq!(check(&found, "client").0, "bad");
    assert_eq!(check(&found, "service").0, "skipped");
    assert!(
        found["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["check"] != "token")
    );
    let key = examined(&server, "stripe").await;
    assert_eq!(key["verdict"], "skipped");

    let admin = server.key_with(&[Scope::Admin]).await;
    let call = |key: String, id: &str| server.api("POST", &format!("/v1/integrations/{id}/doctor")).key(&key);
    assert_eq!(
        call(admin.clone(), "nosuch").send().await.problem(404),
        "integration_not_found"
    );
    assert_eq!(
        call(server.test_key.clone(), "sandbox").send().await.problem(403),
        "missing_scope"
    );
    // The sandbox is of `test` alone.
    let live = server
        .broker
        .create_key(server.project.id, Environment::Live, "Live", &[Scope::Admin])
        .await
        .unwrap();
    let live = secrecy::ExposeSecret::expose_secret(&live.1).to_owned();
    assert_eq!(call(live, "sandbox").send().await.problem(404), "integration_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_not_checked_as_often_as_somebody_presses() {
    let odd = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&odd).start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let ask = |id: &str| {
        let call = server.api("POST", &format!("/v1/integrations/{id}/doctor"));
        call.key(&admin).send()
    };
    let (one, other) = tokio::join!(ask("odd"), ask("odd"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429], "of two at once, one asks");
    let asked = odd.seen("/token").len();
    assert_eq!(asked, 1);
    let refused = ask("odd").await;
    assert_eq!(refused.problem(429), "checked_just_now");
    assert_eq!(odd.seen("/token").len(), asked);
    let noted = "select count(*) from audit_log where action = 'app.examined'";
    assert_eq!(server.database.number(noted).await, 1);
    // Another app is another turn, and one that is asked nothing needs none.
    ask("sandbox").await.expect(200);
    ask("stripe").await.expect(200);
    ask("stripe").await.expect(200);
    server.advance(11).await;
    ask("odd").await.expect(200);
}
