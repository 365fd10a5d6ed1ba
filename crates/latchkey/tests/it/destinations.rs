//! A definition that moves an address gets no secret until somebody agrees (S103).

mod asked;
mod values;

use std::collections::BTreeMap;
use std::process::Command;

use broker::Scope;
use catalog::Catalog;
use latchkey::composition::built_in;
use serde_json::{Value, json};
use store::{AppSettings, Environment};
use testkit::{OddProvider, TestServer};

/// The odd provider with a check, and with one address moved to `other`, perhaps.
fn odd(moved: &str) -> Catalog {
    as_built_in("odd.yaml", &odd_text(moved))
}

fn odd_text(moved: &str) -> String {
    let text = testkit::odd_definition().1.replace(
        "variables:\n",
        "variables:\n  other: { title: Other, type: url, set_by: operator }\n",
    ) + "check: { get: /me, account: { id: \"${body.id}\" } }\n";
    let before = format!("{moved}${{variables.base}}");
    if moved.is_empty() {
        return text;
    }
    assert!(text.contains(&before), "{before}");
    text.replace(&before, &before.replace("variables.base", "variables.other"))
}

/// What a new version of the program would come with.
fn as_built_in(file: &str, text: &str) -> Catalog {
    let loaded = catalog::load(&built_in().with(file, text), None);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    loaded.catalog
}

const TOKEN: &str = "token: { url: \"";
const REVOKE: &str = "revoke: { url: \"";
const API: &str = "base_url: \"";

struct Stage {
    old: OddProvider,
    new: OddProvider,
    server: TestServer,
    admin: String,
}

/// A server whose app `odd` knows both addresses, and uses the old one.
async fn stage() -> Stage {
    let (old, new) = (OddProvider::start().await, OddProvider::start().await);
    let server = TestServer::builder()
        .with_odd_provider(&old)
        .allowing(&new.url())
        .start()
        .await;
    server.broker.replace_catalog(odd(""));
    let settings = AppSettings {
        variables: Some(BTreeMap::from([
            ("base".to_owned(), old.url()),
            ("other".to_owned(), new.url()),
        ])),
        ..AppSettings::default()
    };
    let catalog = server.broker.catalog();
    let odd = catalog.get("odd").unwrap();
    server
        .broker
        .set_app(server.project.id, Environment::Test, odd, settings)
        .await
        .unwrap();
    let admin = server.key_with(&[Scope::Admin]).await;
    Stage {
        old,
        new,
        server,
        admin,
    }
}

impl Stage {
    async fn changes(&self) -> Vec<Value> {
        let call = self.server.api("GET", "/v1/destination-changes").key(&self.admin);
        call.send().await.expect(200).json()["rows"].as_array().unwrap().clone()
    }

    async fn agree(&self, change: &Value) -> testkit::Answer {
        let path = format!("/v1/destination-changes/{}/agree", change["id"].as_str().unwrap());
        self.server.api("POST", &path).key(&self.admin).send().await
    }

    async fn call(&self, key: &str) -> testkit::Answer {
        let call = self.server.api("GET", "/v1/passthrough/x").connection(key);
        call.send().await
    }

    async fn state(&self) -> String {
        let said =
            "select string_agg(concat_ws(' ', state, state_reason), ',') from connections where deleted_at is null";
        self.server.database.text(said).await
    }

    fn nothing_new(&self) {
        let seen: Vec<String> = self.new.seen("").into_iter().map(|seen| seen.head).collect();
        assert!(seen.is_empty(), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_token_url_gets_no_refresh_token_until_somebody_agrees() {
    let stage = stage().await;
    let server = &stage.server;
    let keys = server.import_odd("odd", &["one".to_owned(), "two".to_owned()]).await;
    assert_eq!(stage.call(&keys[0]).await.status, 200);
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 0);

    server.broker.replace_catalog(odd(TOKEN));
    server.advance(3301).await;
    let before = stage.old.seen("").len();
    let tick = server.broker.refresh_tick().await.unwrap();
    assert_eq!((tick.claimed, tick.refreshed, tick.failed), (2, 0, 2));
    stage.nothing_new();
    assert_eq!(stage.old.seen("").len(), before, "nor to the old one, by chance");
    // As they are, with a reason of their own, and with their tokens.
    let paused = "unknown destination_not_agreed";
    assert_eq!(stage.state().await, format!("{paused},{paused}"));
    let kept = "select count(*) from credentials where generation = 1 and attempts = 0 and refusals = 0 and lease_owner is null";
    assert_eq!(server.database.number(kept).await, 2);
    for kind in ["connection.degraded", "connection.failed"] {
        let told = format!("select count(*) from events where type = '{kind}'");
        assert_eq!(server.database.number(&told).await, 0, "{kind}");
    }

    // Operators are told: once, by event; in the list; by readiness.
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 1);
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 1);
    let told = "select count(*) from events where type = 'integration.destination_changed'";
    assert_eq!(server.database.number(told).await, 1);
    let changes = stage.changes().await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    let change = &changes[0];
    assert_eq!(
        (&change["platform"], &change["authMethod"], &change["connections"]),
        (&json!("odd"), &json!("oauth2"), &json!(2))
    );
    assert!(
        change["added"]
            .as_array()
            .unwrap()
            .contains(&json!("${variables.other}")),
        "{change}"
    );
    assert!(
        change["agreed"]
            .as_array()
            .unwrap()
            .contains(&json!("${variables.base}")),
        "{change}"
    );
    let ready = serde_json::to_value(server.broker.readiness().await).unwrap();
    assert!(
        ready["destinations"]
            .as_str()
            .unwrap()
            .contains("latchkey integrations agree"),
        "{ready}"
    );
    // Only to who may agree.
    assert_eq!(
        server.api("GET", "/v1/destination-changes").send().await.problem(403),
        "missing_scope"
    );

    // A call that waits for a refresh says what is wrong, and sends nothing either.
    server.advance(400).await;
    let waits = stage.call(&keys[0]).await;
    assert_eq!(waits.problem(424), "refresh_failed");
    assert_eq!(
        waits.json()["meta"],
        json!({ "asked": false, "reason": "destination_not_agreed" })
    );
    stage.nothing_new();

    // Four hundred seconds later it is told of as long as a replica has it.
    assert!(stage.changes().await.is_empty());
    server.broker.compare_destinations().await.unwrap();
    let agreed = stage.agree(change).await.expect(200).json();
    assert_eq!(agreed["id"], change["id"]);
    assert_eq!(stage.agree(change).await.status, 404, "once");
    assert!(stage.changes().await.is_empty());
    assert!(!stage.state().await.contains("destination_not_agreed"));
    assert_eq!(
        server
            .database
            .number("select count(*) from audit_log where action = 'destination.agreed' and actor like 'key:%'")
            .await,
        1
    );
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let tick = server.broker.refresh_tick().await.unwrap();
    assert_eq!((tick.refreshed, tick.failed), (2, 0));
    assert_eq!(stage.new.seen("/token").len(), 2);
    assert_eq!(stage.state().await, "operational,operational");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_api_gets_no_call_and_no_check() {
    let stage = stage().await;
    let key = stage.server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    stage.server.broker.replace_catalog(odd(API));
    assert_eq!(stage.call(&key).await.problem(409), "destination_not_agreed");
    let call = stage.server.api("GET", "/v1/passthrough/x").connection(&key);
    let message = call.send().await.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("The definition of Odd was changed") && message.contains("latchkey integrations agree odd"),
        "{message}"
    );
    let tested = stage
        .server
        .api("POST", &format!("/v1/vault/connections/{}/test", encoded(&key)));
    let tested = tested.send().await;
    assert!(tested.text.contains("destination_not_agreed"), "{}", tested.text);
    stage.nothing_new();
    assert_eq!(stage.server.broker.compare_destinations().await.unwrap(), 1);
    stage.agree(&stage.changes().await[0]).await.expect(200);
    assert_eq!(stage.call(&key).await.status, 200);
    assert_eq!(stage.new.seen("/api/x").len(), 1);
}

fn encoded(key: &str) -> String {
    key.replace(':', "%3A").replace('|', "%7C")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_revocation_endpoint_gets_no_token() {
    let stage = stage().await;
    let server = &stage.server;
    server.import_odd("odd", &["one".to_owned()]).await;
    server.broker.replace_catalog(odd(REVOKE));
    let id = server.database.text("select id::text from connections").await;
    server
        .api("DELETE", &format!("/v1/vault/connections/{id}"))
        .send()
        .await;
    server.broker.revoke_tick().await.unwrap();
    stage.nothing_new();
    let waits =
        "select count(*) from revocations where status = 'pending' and last_error like '%destination_not_agreed%'";
    // The deletion wakes the revoker by itself, too.
    let begun = std::time::Instant::now();
    while server.database.number(waits).await != 1 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "it was not tried");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stage.nothing_new();
    server.broker.compare_destinations().await.unwrap();
    stage.agree(&stage.changes().await[0]).await.expect(200);
    server.advance(130).await;
    server.broker.revoke_tick().await.unwrap();
    assert_eq!(stage.new.seen("/revoke").len(), 2, "both tokens");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_connects_anew_until_somebody_agrees() {
    let stage = stage().await;
    let server = &stage.server;
    let session = server.session(&json!({})).await;
    let (flow, browser, callback) = server.at_odd_callback(&session, "code-1").await;
    server.broker.replace_catalog(odd(TOKEN));
    // A sign-in that is under way keeps its code, and ends with a name.
    browser.get(&callback).await;
    stage.nothing_new();
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["status"], "error", "{outcome}");
    assert!(
        outcome.to_string().contains("The definition of Odd was changed"),
        "{outcome}"
    );
    let body = json!({ "integration": "odd", "mode": "popup", "ticket": vault::Token::generate().expose(), "embedder": testkit::SHOP });
    let session = server.session(&json!({})).await;
    let answer = browser.post("/connect/api/flows", Some(&session), &body).await;
    assert_eq!(answer.problem(409), "destination_not_agreed");
    stage.nothing_new();
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_with_different_definitions_are_safe() {
    let stage = stage().await;
    let server = &stage.server;
    let key = server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    let beside = server.beside().await;
    beside.broker.replace_catalog(odd(TOKEN));
    assert_eq!(beside.broker.compare_destinations().await.unwrap(), 1);
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 0);
    // The one that does not differ tells what waits at the other.
    let changes = stage.changes().await;
    assert_eq!(changes.len(), 1);
    server.advance(3301).await;
    assert_eq!(beside.broker.refresh_tick().await.unwrap().failed, 1);
    stage.nothing_new();
    // The other goes on with the address that it has.
    server.advance(700).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(
        (stage.old.seen("/token").len(), stage.state().await.as_str()),
        (1, "operational")
    );
    beside.broker.compare_destinations().await.unwrap();
    stage.agree(&changes[0]).await.expect(200);
    server.advance(3600).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(beside.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(stage.new.seen("/token").len(), 1);
    assert_eq!(stage.call(&key).await.status, 200);
    // What no replica has any more is forgotten.
    beside.broker.replace_catalog(odd(REVOKE));
    beside.broker.compare_destinations().await.unwrap();
    assert_eq!(stage.changes().await.len(), 0, "the address was agreed to");
    beside.broker.replace_catalog(moved_to("https://elsewhere.example.com"));
    beside.broker.compare_destinations().await.unwrap();
    assert_eq!(stage.changes().await.len(), 1);
    beside.broker.replace_catalog(odd(""));
    server.advance(200).await;
    beside.broker.compare_destinations().await.unwrap();
    assert_eq!(stage.changes().await.len(), 0);
}

fn moved_to(origin: &str) -> Catalog {
    let text = testkit::odd_definition()
        .1
        .replace("\"${variables.base}/token\"", &format!("{origin}/token"));
    as_built_in("odd.yaml", &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_whose_own_definition_moved_leaks_nothing() {
    let stage = stage().await;
    let server = &stage.server;
    server.import_odd("odd", &["one".to_owned()]).await;
    // An app of a version that remembered nothing is taken once, and not again.
    let forgotten = "update apps set destinations = null, destinations_tag = null where integration = 'odd'";
    server.database.execute(forgotten).await;
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 0);
    // The next version is another process on the same database.
    let upgraded = server.replica(None).await;
    upgraded.replace_catalog(odd(TOKEN));
    assert_eq!(upgraded.compare_destinations().await.unwrap(), 1);
    server.advance(3301).await;
    assert_eq!(upgraded.refresh_tick().await.unwrap().failed, 1);
    stage.nothing_new();
    let again = server.replica(None).await;
    again.replace_catalog(odd(TOKEN));
    assert_eq!(
        again.compare_destinations().await.unwrap(),
        1,
        "a restart agrees to nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_writes_to_the_database_agrees_to_nothing() {
    let stage = stage().await;
    let server = &stage.server;
    let key = server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    server.broker.replace_catalog(odd(API));
    let forged = r#"update apps set destinations = '{"oauth2": ["${variables.base}", "${variables.other}",
        "variables.base from the operator, any url", "variables.other from the operator, any url"]}' where integration = 'odd'"#;
    assert_eq!(server.database.execute(forged).await, 1);
    assert_eq!(stage.call(&key).await.problem(409), "destination_not_agreed");
    stage.nothing_new();
    // An operator mends it.
    server.broker.compare_destinations().await.unwrap();
    stage.agree(&stage.changes().await[0]).await.expect(200);
    assert_eq!(stage.call(&key).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_what_waits_and_agrees() {
    let stage = stage().await;
    let server = &stage.server;
    let key = server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    server.broker.replace_catalog(odd(API));
    server.broker.compare_destinations().await.unwrap();
    let run = |arguments: &[&str]| {
        let output = tokio::task::block_in_place(|| {
            Command::new(env!("CARGO_BIN_EXE_latchkey"))
                .args(["integrations", "agree"])
                .args(arguments)
                .env("LATCHKEY_DATABASE_URL", server.database.address())
                .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
                .env("LATCHKEY_PUBLIC_URL", &server.url)
                .env_remove("LATCHKEY_INTEGRATIONS_DIR")
                .output()
                .unwrap()
        });
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), said)
    };
    let (ok, said) = run(&[]);
    assert!(!ok && said.contains("name the integration to agree to"), "{said}");
    let (ok, said) = run(&["--show"]);
    assert!(
        ok && said.contains("  + ${variables.other}") && said.contains(": 1 connections"),
        "{said}"
    );
    assert_eq!(stage.call(&key).await.status, 409, "it was only shown");
    let (ok, said) = run(&["odd", "--json"]);
    let rows: Value = serde_json::from_str(&said).unwrap();
    assert!(ok && rows[0]["is_agreed"] == true, "{said}");
    assert_eq!(stage.call(&key).await.status, 200);
    let (ok, said) = run(&["odd"]);
    assert!(ok && said.contains("Nothing waits"), "{said}");
    assert_eq!(
        server
            .database
            .number("select count(*) from audit_log where action = 'destination.agreed' and actor = 'cli'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_way_to_sign_in_is_taken_unless_it_gets_a_secret_that_is_kept() {
    let stage = stage().await;
    let server = &stage.server;
    let with = |way: &str| {
        let text = testkit::odd_definition().1.replace("api:\n", &format!("{way}api:\n"));
        as_built_in("odd.yaml", &text)
    };
    // Typed in, it gets nothing of the app's.
    server.broker.replace_catalog(with(
        "  - kind: login\n    title: Log in\n    fields: [{ name: key, title: Key }]\n    requests:\n      - { post: \"https://login.example.com/token\", form: { key: \"${credential.key}\" } }\n    headers: { X-Key: \"${credential.access_token}\" }\n    check: { get: /me }\n",
    ));
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 0);
    // Another OAuth endpoint would get the client secret.
    server.broker.replace_catalog(with(
        "  - kind: oauth2\n    id: oauth2-other\n    title: Sign in elsewhere\n    authorize: { url: \"https://other.example.com/a\" }\n    token: { url: \"https://other.example.com/t\" }\n    headers: { X-Key: \"${credential.access_token}\" }\n",
    ));
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 1);
}
