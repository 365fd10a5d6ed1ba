//! The commands about definitions, as a person runs them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

const ACME: &str = r#"id: acme
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
  headers: { X-Key: "${credential.key}" }
check: { get: /me, account: { id: "${body.id}", name: "${body.name}" } }
"#;

fn run(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .arg("integrations")
        .args(arguments)
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .env_remove("LATCHKEY_INTEGRATIONS_DIR")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn good(output: &Output) -> Value {
    assert!(output.status.success(), "{}{}", out(output), err(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn check_names_every_mistake_and_ends_with_1() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("acme.yaml", ACME);
    assert!(run(folder.path(), &[], &["check", "."]).status.success());
    write(
        "bad.yaml",
        &ACME
            .replace("id: acme", "id: bad")
            .replace("title: Enter", "titel: Enter"),
    );
    write("worse.yaml", "id: [");
    let output = run(folder.path(), &[], &["check", "."]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("3 mistakes in ."), "{}", err(&output));
    let said = out(&output);
    assert!(
        said.contains("./bad.yaml:8:5: auth[0].titel: the key `titel` is not known here"),
        "{said}"
    );
    assert!(
        said.contains("did you mean `title`?") && said.contains("./worse.yaml:1:"),
        "{said}"
    );

    let output = run(folder.path(), &[], &["check", ".", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["definitions"], 1);
    let titel = &told["problems"][1];
    assert_eq!(
        (&titel["file"], &titel["line"], &titel["at"], &titel["suggestion"]),
        (
            &json!("./bad.yaml"),
            &json!(8),
            &json!("auth[0].titel"),
            &json!("title")
        )
    );
    // One file, and what a server would load.
    let one = run(folder.path(), &[], &["check", "acme.yaml", "--json"]);
    assert_eq!(good(&one)["definitions"], 1);
    assert!(run(folder.path(), &[], &["check"]).status.success());
    let dir = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    assert_eq!(run(folder.path(), &dir, &["check"]).status.code(), Some(1));
    assert_eq!(run(folder.path(), &[], &["check", "absent"]).status.code(), Some(1));
}

#[test]
fn the_definitions_of_the_repository_have_no_mistake() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for part in ["integrations", "crates/catalog/drafts"] {
        let output = run(&root, &[], &["check", part]);
        assert!(output.status.success(), "{}{}", out(&output), err(&output));
        assert!(!out(&output).contains("note:"), "{}", out(&output));
    }
}

#[test]
fn a_built_in_definition_is_overridden_on_purpose() {
    let folder = folder();
    let write = |text: &str| std::fs::write(folder.path().join("own.yaml"), text).unwrap();
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    let slack = ACME.replace("id: acme", "id: slack");
    write(&slack);
    // By itself it is right, but told; in the server's folder it is a mistake.
    let alone = run(folder.path(), &[], &["check", "."]);
    assert!(
        alone.status.success() && out(&alone).contains("note: built in as well: slack."),
        "{}",
        out(&alone)
    );
    let loaded = run(folder.path(), &own, &["check", "."]);
    assert_eq!(loaded.status.code(), Some(1));
    assert!(out(&loaded).contains("write `overrides: true`"), "{}", out(&loaded));
    let row = |output: &Output| {
        let rows = good(output);
        let rows = rows.as_array().unwrap();
        rows.iter().find(|row| row["id"] == "slack").unwrap().clone()
    };
    assert_eq!(row(&run(folder.path(), &own, &["list", "--json"]))["from"], "built-in");

    write(&format!("{slack}overrides: true\n"));
    assert!(run(folder.path(), &own, &["check"]).status.success());
    let row = row(&run(folder.path(), &own, &["list", "--json"]));
    assert_eq!(
        (&row["from"], &row["file"], &row["kinds"]),
        (&json!("own, overrides"), &json!("own.yaml"), &json!(["api_key"]))
    );
    assert!(out(&run(folder.path(), &own, &["list"])).contains("own, overrides"));
}

#[test]
fn list_and_show_tell_what_a_definition_has() {
    let folder = folder();
    let rows = good(&run(folder.path(), &[], &["list", "--json"]));
    let row = |id: &str| rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
    for (id, key, value) in [
        ("gmail", "revoke", json!(true)),
        ("gmail", "check", json!(true)),
        ("gmail", "setup", json!(true)),
        ("gmail", "confidence", json!("documented")),
        ("gmail", "file", json!("gmail.yaml")),
        ("stripe", "revoke", json!(false)),
        ("stripe", "setup", json!(true)),
        ("sandbox", "kinds", json!(["oauth2", "api_key"])),
        ("sandbox", "environments", json!(["test"])),
    ] {
        assert_eq!(row(id)[key], value, "{id} {key}");
    }
    let fields = row("gmail")["sources"].as_array().unwrap();
    assert!(
        fields
            .iter()
            .any(|source| source["fields"] == json!(["auth.refresh.idle"]))
    );

    // Laid over its family, in both forms alike.
    let shown = good(&run(folder.path(), &[], &["show", "gmail", "--json"]));
    assert_eq!(shown["auth"][0]["token"]["url"], "https://oauth2.googleapis.com/token");
    assert!(shown["extends"].is_null());
    let yaml = out(&run(folder.path(), &[], &["show", "gmail"]));
    std::fs::write(folder.path().join("gmail.yaml"), yaml).unwrap();
    assert!(run(folder.path(), &[], &["check", "."]).status.success());
    let other = run(folder.path(), &[], &["show", "gmial"]);
    assert!(!other.status.success() && err(&other).contains("there is no integration `gmial`"));
}

#[test]
fn new_writes_a_file_that_passes_or_says_what_is_missing() {
    let folder = folder();
    let key: Vec<&str> = "new acme --name Acme --docs https://docs.acme.example --kind api-key --header X-Key \
         --base-url https://api.acme.example --check /me --account-id id --description Things."
        .split_whitespace()
        .collect();
    let output = run(folder.path(), &[], &key);
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("acme.yaml is written, without mistakes."),
        "{}",
        out(&output)
    );
    let yaml = std::fs::read_to_string(folder.path().join("acme.yaml")).unwrap();
    assert!(
        yaml.contains("X-Key: \"${credential.api_key}\"") && folder.path().join("schema.json").is_file(),
        "{yaml}"
    );
    assert!(run(folder.path(), &[], &["check", "."]).status.success());

    // What is there is not written over by accident.
    let again = run(folder.path(), &[], &key);
    assert!(
        !again.status.success() && err(&again).contains("is there already"),
        "{}",
        err(&again)
    );
    let forced: Vec<&str> = key.iter().copied().chain(["--force"]).collect();
    assert!(run(folder.path(), &[], &forced).status.success());

    let oauth = run(
        folder.path(),
        &[],
        &[
            "new",
            "--name",
            "Acme CRM",
            "--kind",
            "oauth2",
            "--token",
            "https://acme.example/t",
        ],
    );
    assert_eq!(oauth.status.code(), Some(1));
    let said = err(&oauth);
    for missing in [
        "`description` is missing",
        "`docs` is missing",
        "`sources` is missing",
        "`base_url` is missing",
    ] {
        assert!(said.contains(missing), "{said}");
    }
    assert!(folder.path().join("acme-crm.yaml").is_file());
    let printed = run(folder.path(), &[], &["new", "other", "--kind", "basic", "--out", "-"]);
    assert!(out(&printed).contains("${base64(credential.username") && !folder.path().join("other.yaml").exists());
    let nothing = run(folder.path(), &[], &["new"]);
    assert!(err(&nothing).contains("what is it?"), "{}", err(&nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_reads_an_openid_provider() {
    let provider = MockServer::start().await;
    let metadata = json!({
        "issuer": "https://id.acme.example",
        "authorization_endpoint": "https://id.acme.example/authorize",
        "token_endpoint": "https://id.acme.example/token",
        "userinfo_endpoint": "https://id.acme.example/userinfo",
        "scopes_supported": ["openid", "email"],
    });
    Mock::given(path("/.well-known/openid-configuration"))
        .respond_with(ResponseTemplate::new(200).set_body_json(&metadata))
        .mount(&provider)
        .await;
    let folder = folder();
    let arguments = |issuer: &str| {
        [
            "new",
            "acme",
            "--description",
            "Identity.",
            "--docs",
            "https://docs.acme.example",
            "--openid",
            issuer,
            "--json",
        ]
        .map(str::to_owned)
    };
    let call = |settings: Vec<(&'static str, String)>, arguments: [String; 9]| {
        let folder = folder.path().to_owned();
        tokio::task::spawn_blocking(move || {
            let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
            run(&folder, &settings, &arguments.each_ref().map(String::as_str))
        })
    };
    // The guarded client reads it, so a private address needs to be allowed.
    let refused = call(vec![], arguments(&provider.uri())).await.unwrap();
    assert!(
        !refused.status.success() && err(&refused).contains("cannot be read"),
        "{}",
        err(&refused)
    );
    assert!(!folder.path().join("acme.yaml").exists());
    // Where it was read is a source; only https is one.
    let allowed = vec![("LATCHKEY_ALLOW_PRIVATE_HOSTS", provider.uri())];
    let read = call(allowed, arguments(&provider.uri())).await.unwrap();
    let told: Value = serde_json::from_slice(&read.stdout).unwrap();
    let problems = told["problems"].as_array().unwrap();
    assert!(
        problems.iter().all(|problem| problem["at"] == "sources[0].url"),
        "{problems:?}"
    );
    std::fs::remove_file(folder.path().join("acme.yaml")).unwrap();

    std::fs::write(folder.path().join("metadata.json"), metadata.to_string()).unwrap();
    let told = good(&call(vec![], arguments("metadata.json")).await.unwrap());
    assert_eq!(told["problems"], json!([]));
    let yaml = told["yaml"].as_str().unwrap();
    assert!(
        yaml.contains("url: https://id.acme.example/token") && yaml.contains("client_auth: basic"),
        "{yaml}"
    );
}

const OPENAPI: &str = r#"{
  "openapi": "3.0.3",
  "info": { "title": "Acme API", "description": "Orders and stock." },
  "externalDocs": { "url": "https://docs.acme.example" },
  "servers": [{ "url": "https://api.acme.example/v1" }],
  "components": { "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "X-Key" } } },
  "paths": {
    "/me": { "get": { "operationId": "getMe", "summary": "Who am I" } },
    "/orders/{id}": { "get": { "operationId": "getOrder", "tags": ["orders"], "parameters": [{ "name": "id", "in": "path", "required": true }] } }
  }
}"#;

#[test]
fn an_openapi_document_gives_a_definition_and_its_actions() {
    let folder = folder();
    std::fs::write(folder.path().join("openapi.json"), OPENAPI).unwrap();
    let made = good(&run(
        folder.path(),
        &[],
        &["new", "--openapi", "openapi.json", "--json"],
    ));
    assert_eq!((&made["id"], &made["problems"]), (&json!("acme"), &json!([])));
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    let import = ["import-actions", "acme", "--openapi", "openapi.json"];
    let printed = out(&run(folder.path(), &own, &import));
    assert!(
        printed.starts_with("actions:\n") && printed.contains("path: \"/orders/{{id}}\""),
        "{printed}"
    );

    let one = [&import[..], &["--operation", "getOrder", "--write", "acme.yaml"]].concat();
    assert!(out(&run(folder.path(), &own, &one)).contains("1 actions added"));
    let rest = [&import[..], &["--write", "acme.yaml", "--json"]].concat();
    assert_eq!(good(&run(folder.path(), &own, &rest))["actions"], json!(["get-me"]));
    let shown = good(&run(folder.path(), &own, &["show", "acme", "--json"]));
    let ids: Vec<&str> = shown["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["get-order", "get-me"]);

    let unknown = run(
        folder.path(),
        &own,
        &[&import[..], &["--operation", "getOrders"]].concat(),
    );
    assert!(
        err(&unknown).contains("has no `getOrders` (did you mean `getOrder`?)"),
        "{}",
        err(&unknown)
    );
}

#[test]
fn try_shows_what_would_be_sent() {
    let folder = folder();
    std::fs::write(folder.path().join("acme.yaml"), ACME).unwrap();
    std::fs::write(folder.path().join("answer.json"), r#"{"id": 7, "name": "Ann"}"#).unwrap();
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    let tried = good(&run(
        folder.path(),
        &own,
        &["try", "acme", "--answer", "answer.json", "--json"],
    ));
    let way = &tried["ways"][0];
    assert_eq!(way["headers"], json!({ "X-Key": "sample-key" }));
    assert_eq!(way["check"]["url"], "https://api.acme.example/v1/me");
    assert_eq!(way["account"], json!({ "id": "7", "name": "Ann" }));

    let tried = good(&run(
        folder.path(),
        &[],
        &["try", "salesforce", "--variable", "domain=acme.my", "--json"],
    ));
    let authorize = tried["ways"][0]["authorize"].as_str().unwrap();
    assert!(
        authorize.starts_with("https://acme.my.salesforce.com/services/oauth2/authorize?"),
        "{authorize}"
    );
    for part in [
        "code_challenge_method=S256",
        "client_id=sample-client-id",
        "scope=api+refresh_token",
        "prompt=consent",
    ] {
        assert!(authorize.contains(part), "{authorize}");
    }
    assert!(!out(&run(folder.path(), &[], &["try", "salesforce"])).contains("client-secret"));
    let wrong = run(
        folder.path(),
        &[],
        &["try", "salesforce", "--variable", "domain=evil.com/"],
    );
    assert!(!wrong.status.success(), "{}", out(&wrong));
    let unknown = run(folder.path(), &[], &["try", "salesforce", "--variable", "site=a"]);
    assert!(
        err(&unknown).contains("has no variable `site`; it has: domain"),
        "{}",
        err(&unknown)
    );
    // Every definition can be shown so, whatever its kinds.
    for row in good(&run(folder.path(), &[], &["list", "--json"])).as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        let output = run(folder.path(), &[], &["try", id]);
        assert!(output.status.success(), "{id}: {}", err(&output));
    }
}
