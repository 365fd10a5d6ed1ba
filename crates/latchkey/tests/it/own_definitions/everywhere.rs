//! The same on every replica, after a restart, with a bad row, and on the command line.

use std::process::Command;
use std::time::{Duration, Instant};

use broker::Broker;
use latchkey::reload::{self, Hangup};
use serde_json::{Value, json};
use store::{AuditEntry, Expected};

use super::{ACME, stage};

/// What the log says of a definition that was put past the broker.
fn by_cli() -> AuditEntry<'static> {
    AuditEntry {
        project: None,
        environment: None,
        action: "definition.put",
        actor: "cli".to_owned(),
        subject: None,
        detail: &Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_takes_it_and_a_restart_keeps_it() {
    let stage = stage().await;
    let beside = stage.server.replica(None).await;
    let watched = [
        reload::watch(stage.server.broker.clone(), None, Hangup::Ends).unwrap(),
        reload::watch(beside.clone(), None, Hangup::Ends).unwrap(),
    ];
    stage.put(ACME, None).await.expect(200);
    let begun = Instant::now();
    let has = |broker: &Broker| broker.catalog().get("acme").is_some();
    while !(has(&stage.server.broker) && has(&beside)) {
        assert!(begun.elapsed() < Duration::from_secs(15), "not on every replica");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    watched.iter().for_each(tokio::task::JoinHandle::abort);
    let restarted = stage.server.replica(None).await;
    assert!(!has(&restarted));
    reload::first(&restarted, None).await.unwrap();
    assert!(has(&restarted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_one_keeps_the_set_of_before() {
    let stage = stage().await;
    let server = &stage.server;
    stage.put(ACME, None).await.expect(200);
    server.broker.reload_definitions(false).await.unwrap();
    // As it becomes when a later version of the program knows a key no more.
    let bad = ACME.replace("name: Acme", "nome: Acme");
    server
        .store
        .put_definition("acme", (&bad, None), Expected::Any, by_cli(), |_| Value::Null)
        .await
        .unwrap();
    server
        .store
        .put_definition(
            "other",
            (&ACME.replace("acme", "other"), None),
            Expected::Any,
            by_cli(),
            |_| Value::Null,
        )
        .await
        .unwrap();
    let mistakes = server.broker.reload_definitions(false).await.unwrap();
    assert!(mistakes.iter().any(|one| one.file == "api/acme.yaml"), "{mistakes:?}");
    let catalog = server.broker.catalog();
    assert!(
        catalog.get("acme").is_some() && catalog.get("other").is_none(),
        "all or nothing"
    );
    let ready = serde_json::to_value(server.broker.readiness().await).unwrap();
    assert!(
        ready["definitions"].as_str().unwrap().starts_with("those of before"),
        "{ready}"
    );
    // At a start there is none of before: what is right works.
    let restarted = server.replica(None).await;
    reload::first(&restarted, None).await.unwrap();
    let catalog = restarted.catalog();
    assert!(catalog.get("acme").is_none() && catalog.get("other").is_some() && catalog.get("github").is_some());
    // Mended beside the bad one, all is in force.
    let tag = stage.versions().await[0]["version"].to_string();
    stage.put(ACME, Some(&format!("\"{tag}\""))).await.expect(200);
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
    assert!(server.broker.catalog().get("other").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_writes_to_the_database_makes_no_definition() {
    let stage = stage().await;
    let server = &stage.server;
    stage.put(ACME, None).await.expect(200);
    let forged = "update integration_definitions set document = replace(document, 'api.acme.example', 'evil.example')";
    assert_eq!(server.database.execute(forged).await, 1);
    server.broker.reload_definitions(false).await.unwrap();
    assert!(server.broker.catalog().get("acme").is_none());
    // It can be put anew, and taken away.
    assert_eq!(stage.put(ACME, None).await.problem(409), "version_needed");
    stage.put(ACME, Some("\"1\"")).await.expect(200);
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
    assert!(server.broker.catalog().get("acme").is_some());
    assert_eq!(server.database.execute(forged).await, 1);
    assert_eq!(server.broker.reload_definitions(false).await.unwrap().len(), 1);
    assert_eq!(stage.call("DELETE", super::PLACE).send().await.status, 200);
    assert!(server.broker.reload_definitions(false).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_that_drops_out_leaves_no_other_in_its_place() {
    let stage = stage().await;
    let server = &stage.server;
    let good = ACME.replace("id: acme", "id: github\noverrides: true");
    let put = |text: String| async move {
        let store = &server.store;
        store
            .put_definition("github", (&text, None), Expected::Any, by_cli(), |_| Value::Null)
            .await
            .unwrap();
    };
    let restarted = || async {
        let replica = server.replica(None).await;
        reload::first(&replica, None).await.unwrap();
        let ready = serde_json::to_value(replica.readiness().await).unwrap();
        let catalog = replica.catalog();
        assert!(catalog.get("slack").is_some());
        let is_ours = catalog.get("github").map(|github| github.name == "Acme");
        (is_ours, ready["definitions"] == "ok")
    };
    put(good.clone()).await;
    assert_eq!(restarted().await, (Some(true), true));
    put(good.replace("name: Acme", "nome: Acme")).await;
    assert_eq!(restarted().await, (None, false));
    // A later version has one of this id, and this one does not say that it overrides it.
    put(good.replace("overrides: true\n", "")).await;
    assert_eq!(restarted().await, (None, false));
    put(good).await;
    server.broker.reload_definitions(false).await.unwrap();
    let forged = "update integration_definitions set document = replace(document, 'api.acme.example', 'evil.example')";
    assert_eq!(server.database.execute(forged).await, 1);
    assert_eq!(restarted().await, (None, false));
    assert_eq!(server.broker.reload_definitions(false).await.unwrap().len(), 1);
    assert_eq!(
        server.broker.catalog().get("github").unwrap().name,
        "Acme",
        "the one of before"
    );
    assert_eq!(server.broker.catalog_mistakes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_to_be_in_force_while_others_have_mistakes() {
    let stage = stage().await;
    let store = &stage.server.store;
    let bad = |id: &str| ACME.replace("acme", id).replace("name: Acme", "nome: Acme");
    for id in ["one", "two"] {
        store
            .put_definition(id, (&bad(id), None), Expected::Any, by_cli(), |_| Value::Null)
            .await
            .unwrap();
    }
    let refused = stage.put(ACME, None).await;
    assert_eq!(refused.problem(409), "other_definitions_have_mistakes");
    assert!(refused.text.contains("api/one.yaml, api/two.yaml"), "{}", refused.text);
    let problems = refused.json()["meta"]["problems"].clone();
    assert_eq!(problems[0]["file"], "api/one.yaml", "{problems}");
    assert!(problems[0]["line"].is_u64(), "{problems}");
    assert!(stage.server.store.definition_versions("acme").await.unwrap().is_empty());
    // They are mended one after the other.
    for id in ["one", "two"] {
        let path = format!("/v1/integration-definitions/{id}");
        let call = stage.call("PUT", &path).body(ACME.replace("acme", id));
        call.header("if-match", "\"1\"").send().await.expect(200);
    }
    stage.put(ACME, None).await.expect(200);
    assert!(stage.server.broker.reload_definitions(false).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_versions_are_kept_and_five_hundred_definitions() {
    let stage = stage().await;
    let store = &stage.server.store;
    for _ in 0..52 {
        store
            .put_definition("acme", (ACME, None), Expected::Any, by_cli(), |_| Value::Null)
            .await
            .unwrap();
    }
    let kept = store.definition_versions("acme").await.unwrap();
    assert_eq!((kept.len(), kept[0].version, kept[49].version), (50, 52, 3));
    for number in 1..500 {
        let id = format!("x{number}");
        let text = ACME.replace("id: acme", &format!("id: {id}"));
        store
            .put_definition(&id, (&text, None), Expected::Any, by_cli(), |_| Value::Null)
            .await
            .unwrap();
    }
    let full = stage
        .call("PUT", "/v1/integration-definitions/more")
        .body(ACME.replace("id: acme", "id: more"))
        .send()
        .await;
    assert_eq!(full.problem(409), "too_many_definitions");
    stage.put(ACME, Some("\"52\"")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_pushes_and_pulls() {
    let stage = stage().await;
    let server = &stage.server;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let run = |arguments: &[&str]| {
        let output = tokio::task::block_in_place(|| {
            Command::new(env!("CARGO_BIN_EXE_latchkey"))
                .arg("integrations")
                .args(arguments)
                .env("LATCHKEY_DATABASE_URL", server.database.address())
                .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
                .env("LATCHKEY_PUBLIC_URL", &server.url)
                .env_remove("LATCHKEY_INTEGRATIONS_DIR")
                .output()
                .unwrap()
        });
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let good = file("acme.yaml", ACME);
    let bad = file("bad.yaml", &ACME.replace("title: Enter", "titel: Enter"));
    let (ok, _, said) = run(&["push", &bad]);
    assert!(
        !ok && said.contains("bad.yaml:8:5: auth[0].titel: ") && said.contains("did you mean `title`?"),
        "{said}"
    );
    let (ok, said, _) = run(&["push", "--dry-run", &good]);
    assert!(ok && said.contains("Nothing was changed"), "{said}");
    let (ok, said, _) = run(&["push", &good]);
    assert!(ok && said.contains("acme is version 1 now"), "{said}");
    let (ok, _, said) = run(&["push", "--version", "7", &good]);
    assert!(!ok && said.contains("is version 1 by now"), "{said}");
    let (ok, said, _) = run(&["pull", "acme"]);
    assert_eq!((ok, said.as_str()), (true, ACME));
    let (ok, said, _) = run(&["list", "--json"]);
    let rows: Value = serde_json::from_str(&said).unwrap();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == "acme")
        .unwrap()
        .clone();
    assert_eq!((ok, &row["from"]), (true, &json!("api")));
    // Other commands know it, too.
    let (ok, said, err) = run(&["show", "acme"]);
    assert!(ok && said.contains("name: Acme"), "{err}");
    let (ok, said, err) = run(&["try", "acme"]);
    assert!(ok && said.contains("Acme, with sample values"), "{err}");
    let (ok, said, err) = run(&["enable", "acme"]);
    assert!(ok && said.contains("Acme is switched on"), "{err}");
    // An app of a key has no address to come back to.
    let listed = tokio::task::block_in_place(|| {
        Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(["apps", "list", "--json"])
            .env("LATCHKEY_DATABASE_URL", server.database.address())
            .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
            .env("LATCHKEY_PUBLIC_URL", &server.url)
            .env_remove("LATCHKEY_INTEGRATIONS_DIR")
            .output()
            .unwrap()
    });
    let rows: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let address = |id: &str| rows.iter().find(|row| row["integration"] == id).unwrap()["redirect_uri"].clone();
    assert_eq!(address("acme"), Value::Null);
    assert!(address("sandbox").is_string(), "{rows:?}");
}
