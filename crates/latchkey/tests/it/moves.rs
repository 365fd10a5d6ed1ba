//! Connections that move to another instance in an encrypted file.

use std::path::Path;
use std::process::{Command, Output};

use broker::Scope;
use serde_json::{Value, json};
use testkit::{OddProvider, Reply, TestServer};

use crate::credential::of;

/// `latchkey connections …` against a server's database.
fn run(server: &TestServer, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(["connections", "--json"])
        .args(arguments)
        .env("LATCHKEY_DATABASE_URL", server.database.address())
        .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
        .env("LATCHKEY_PUBLIC_URL", &server.url)
        .env("LATCHKEY_INTEGRATIONS_DIR", definitions().path())
        .output();
    output.unwrap()
}

/// The odd provider's definition, which the program does not know by itself.
fn definitions() -> &'static tempfile::TempDir {
    static FOLDER: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("odd.yaml"), testkit::odd_definition().1).unwrap();
        folder
    })
}

fn good(server: &TestServer, arguments: &[&str]) -> Value {
    let output = run(server, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command printed that failed all the same, and why.
fn refused(server: &TestServer, arguments: &[&str]) -> (Value, String) {
    let output = run(server, arguments);
    assert!(!output.status.success());
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (report, String::from_utf8(output.stderr).unwrap())
}

/// The last two events: type, state, reason and message, newest first.
async fn told(server: &TestServer) -> Vec<String> {
    let last = "select string_agg(said, E'\n' order by id desc) from (
        select id, concat_ws(' ', type, payload->>'state', payload->>'reason', payload->>'message') as said
        from events order by id desc limit 2) e";
    server
        .database
        .text(last)
        .await
        .lines()
        .map(ToOwned::to_owned)
        .collect()
}

fn results(report: &Value) -> Vec<&str> {
    report
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["result"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_move_and_only_one_side_refreshes() {
    let provider = OddProvider::start().await;
    let here = TestServer::builder().with_odd_provider(&provider).start().await;
    let there = TestServer::builder().with_odd_provider(&provider).start().await;
    provider.reply(Reply::tokens("canary-moved-access-1", "canary-moved-refresh-1", 3600));
    let connection = here.connect_odd().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, file) = (path("key"), path("parcel"));
    let made = good(&there, &["export-key", "--output", &key]);
    let recipient = made["recipient"].as_str().unwrap();
    assert!(
        !run(&there, &["export-key", "--output", &key]).status.success(),
        "a key is never written over"
    );

    let packed = good(
        &here,
        &["export", "--recipient", recipient, "--output", &file, "--release"],
    );
    assert_eq!(results(&packed), ["packed"]);
    let bytes = std::fs::read(Path::new(&file)).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
    // Here it is over.
    let call = |server: &TestServer| {
        let call = server.api("GET", "/v1/passthrough/x");
        call.connection(connection["key"].as_str().unwrap()).send()
    };
    let over = call(&here).await;
    assert_eq!(over.problem(424), "connection_failed");
    assert!(over.text.contains("moved to another instance"), "{}", over.text);
    here.advance(86_400).await;
    assert_eq!(here.broker.refresh_tick().await.unwrap().claimed, 0);
    assert_eq!(provider.seen("/token").len(), 1);

    let other_key = path("other");
    good(&there, &["export-key", "--output", &other_key]);
    let wrong = run(&there, &["import", &file, "--key", &other_key]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("does not open"));
    let dry = good(&there, &["import", &file, "--key", &key, "--dry-run"]);
    assert_eq!(results(&dry), ["would_unpack"]);
    assert_eq!(there.database.number("select count(*) from connections").await, 0);
    assert_eq!(results(&good(&there, &["import", &file, "--key", &key])), ["unpacked"]);
    let (report, said) = refused(&there, &["import", &file, "--key", &key]);
    assert_eq!(results(&report), ["there_already"]);
    assert!(
        said.contains("nothing was taken: 1 there_already") && said.contains("must not be taken back"),
        "{said}"
    );

    // There it goes on, under the same key.
    call(&there).await.expect(200);
    assert_eq!(there.database.text("select origin from connections").await, "move");
    there.advance(3301).await;
    assert_eq!(there.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert!(
        provider.seen("/token")[1]
            .body
            .contains("refresh_token=canary-moved-refresh-1")
    );
    for (server, action) in [(&here, "connection.export"), (&there, "connection.import")] {
        let entry = format!("select concat(actor, ' ', subject) from audit_log where action = '{action}'");
        let entry = server.database.text(&entry).await;
        assert_eq!(entry, format!("cli {}", connection["key"].as_str().unwrap()));
        assert!(server.store.verify_audit(&[]).await.unwrap().intact);
        let dump = server.database.dump().await;
        assert!(!dump.contains("canary-moved") && dump.contains("odd"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_left_out() {
    let provider = OddProvider::start().await;
    let here = TestServer::builder().with_odd_provider(&provider).start().await;
    let there = TestServer::start().await;
    let connection = here.connect_odd().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, file) = (path("key"), path("parcel"));
    let made = good(&there, &["export-key", "--output", &key]);
    let export = |file: &str, more: &[&str]| {
        let mut arguments = vec![
            "export",
            "--recipient",
            made["recipient"].as_str().unwrap(),
            "--output",
            file,
        ];
        arguments.extend(more);
        results(&good(&here, &arguments)).join(" ")
    };
    let recipient = made["recipient"].as_str().unwrap();
    let none = path("none");
    let empty = [
        "export",
        "--recipient",
        recipient,
        "--output",
        &none,
        "--integration",
        "gmail",
    ];
    let said = String::from_utf8(run(&here, &empty).stderr).unwrap();
    assert!(
        said.contains("no file was written: in `test`") && said.contains("to gmail"),
        "{said}"
    );
    assert!(!Path::new(&none).exists());
    // A refresh in flight: its tokens may be spent in this moment.
    let lease = "update credentials set lease_owner = gen_random_uuid()";
    here.database.execute(lease).await;
    let busy = path("busy");
    let (report, said) = refused(
        &here,
        &["export", "--recipient", recipient, "--output", &busy, "--release"],
    );
    assert_eq!(results(&report), ["refresh_in_flight"]);
    assert!(
        said.contains("being refreshed at the moment") && !Path::new(&busy).exists(),
        "{said}"
    );
    here.database.execute("update credentials set lease_owner = null").await;
    assert_eq!(export(&file, &["--release"]), "packed");
    let (report, said) = refused(&there, &["import", &file, "--key", &key]);
    assert_eq!(results(&report), ["integration_not_offered"]);
    assert!(
        said.contains("1 integration_not_offered") && said.contains("connections take-back"),
        "{said}"
    );

    // Nobody took it: it comes back.
    assert_eq!(good(&here, &["take-back"])["taken_back"], 1);
    assert_eq!(
        told(&here).await,
        [
            "connection.recovered unknown taken_back The move to another instance was taken back. This connection is used here again.",
            "connection.failed failed moved This connection was moved to another instance. Call it there.",
        ]
    );
    assert_eq!(here.broker.refresh_tick().await.unwrap().refreshed, 1);
    let path = of(&connection, "");
    let seen = here
        .api("GET", path.trim_end_matches('/'))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(seen["state"], "operational");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_moves_without_an_oauth_client_and_comes_back_as_it_was() {
    let here = TestServer::start().await;
    let there = TestServer::start().await;
    let body = json!({
        "platform": "sandbox", "auth": "api_key", "fields": { "api_key": "sandbox_key_ok" }, "prove": "check",
    });
    let importer = here.key_with(&[Scope::ConnectionsImport]).await;
    let call = here.api("POST", "/v1/vault/connections").key(&importer).json(&body);
    assert_eq!(call.send().await.expect(201).json()["state"], "operational");
    // The clients of the two differ, as those of two instances may.
    there.database.execute("update apps set client_id = 'another'").await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, file) = (path("key"), path("parcel"));
    let made = good(&there, &["export-key", "--output", &key]);
    let recipient = made["recipient"].as_str().unwrap();
    good(
        &here,
        &["export", "--recipient", recipient, "--output", &file, "--release"],
    );
    let dry = good(&there, &["import", &file, "--key", &key, "--dry-run"]);
    assert_eq!(results(&dry), ["would_unpack"]);

    assert_eq!(good(&here, &["take-back"])["taken_back"], 1);
    assert!(told(&here).await[0].starts_with("connection.recovered operational taken_back"));
    assert_eq!(here.database.text("select state from connections").await, "operational");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_of_the_api_packs() {
    let server = TestServer::start().await;
    let caller = |scopes: &[Scope]| broker::Caller {
        project: server.project.id,
        environment: vault::Environment::Test,
        actor: broker::Actor::Key(store::ApiKeyId::generate()),
        scopes: scopes.iter().copied().collect(),
    };
    for scopes in [&[Scope::Admin][..], &[Scope::CredentialsRead]] {
        let Err(refused) = server.broker.pack(&caller(scopes), &[], false).await else {
            panic!("{scopes:?} packed");
        };
        assert_eq!(refused.key(), "missing_scope");
    }
    assert_eq!(
        json!(server.database.number("select count(*) from audit_chain").await),
        0
    );
}
