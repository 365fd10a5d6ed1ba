//! `integrations new`: from nothing, from an OpenID provider, from an OpenAPI document.

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{err, folder, good, out, run};

#[test]
fn new_writes_nothing_where_an_option_has_a_mistake() {
    let folder = folder();
    let key = |base: &'static str, variable: &'static str| -> Vec<&str> {
        let rest = "new acme --description Things. --docs https://docs.acme.example --kind api_key --check /me --account-id id";
        let given = ["--base-url", base, "--variable", variable];
        rest.split_whitespace().chain(given).collect()
    };
    for (base, variable, told) in [
        ("http://api.acme.example", "subdomain", "must begin with `https://`"),
        (
            "https://{subdomain}.acme.example",
            "subdomain",
            "`${variables.subdomain}`",
        ),
        ("https://api.acme.example", "Sub-Domain", "is no name"),
    ] {
        let output = run(folder.path(), &[], &key(base, variable));
        let said = err(&output);
        assert!(
            !output.status.success() && said.contains("nothing was written"),
            "{said}"
        );
        assert!(said.contains(told) && !said.contains("lacks"), "{said}");
        assert!(!folder.path().join("acme.yaml").exists());
    }
    let output = run(
        folder.path(),
        &[],
        &key("https://${variables.subdomain}.acme.example", "subdomain"),
    );
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    let yaml = std::fs::read_to_string(folder.path().join("acme.yaml")).unwrap();
    assert!(
        yaml.contains("variables:\n  subdomain:\n    title: Subdomain\n"),
        "{yaml}"
    );
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
    // What has to be found, with where it is; what was given is not asked for again.
    for left in [
        "Still to find in the service's documents:",
        "--authorize URL       the “authorization URL”",
        "--scope SCOPE         the list of scopes",
        "--setup URL           the page where one registers an app",
        "--base-url URL        the part that all calls in the reference begin with",
        "--check PATH          a call that tells who one is",
        "Write it into acme-crm.yaml, or give the options once more with --force.",
    ] {
        assert!(said.contains(left), "{said}");
    }
    assert!(!said.contains("--token URL"), "{said}");
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
