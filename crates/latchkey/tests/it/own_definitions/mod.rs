//! Definitions of an operator's own, by the API and on the command line.

mod everywhere;

use broker::{Broker, Environment, Scope, Sources};
use latchkey::composition::built_in;
use serde_json::{Value, json};
use store::AppSettings;
use testkit::{Call, OddProvider, TestServer};

const ACME: &str = "id: acme
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

const PLACE: &str = "/v1/integration-definitions/acme";

struct Stage {
    server: TestServer,
    key: String,
}

async fn stage() -> Stage {
    let server = TestServer::start().await;
    knows_files(&server.broker);
    let key = operator_key(&server).await;
    Stage { server, key }
}

fn knows_files(broker: &Broker) {
    broker.set_sources(Sources {
        built_in: built_in(),
        own: None,
    });
}

async fn operator_key(server: &TestServer) -> String {
    let made = server
        .broker
        .create_key(server.project.id, Environment::Live, "Operator", &[Scope::Admin])
        .await;
    secrecy::ExposeSecret::expose_secret(&made.unwrap().1).to_owned()
}

impl Stage {
    fn call(&self, method: &str, path: &str) -> Call {
        self.server.api(method, path).key(&self.key)
    }

    async fn put(&self, text: &str, tag: Option<&str>) -> testkit::Answer {
        let call = self.call("PUT", PLACE).body(text.to_owned());
        match tag {
            Some(tag) => call.header("if-match", tag).send().await,
            None => call.send().await,
        }
    }

    async fn versions(&self) -> Vec<Value> {
        let answer = self.call("GET", &format!("{PLACE}/versions")).send().await;
        answer.expect(200).json()["rows"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_is_put_changed_restored_and_taken_away() {
    let stage = stage().await;
    let made = stage.put(ACME, None).await.expect(200);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(
        made.json(),
        json!({ "id": "acme", "name": "Acme", "from": "api", "overrides": false, "version": 1 })
    );
    assert!(stage.server.broker.reload_definitions(false).await.unwrap().is_empty());
    assert_eq!(stage.server.broker.catalog().get("acme").unwrap().name, "Acme");

    // Two operators do not overwrite each other.
    let second = ACME.replace("name: Acme", "name: Acme Two");
    let blind = stage.put(&second, None).await;
    assert_eq!(blind.problem(409), "version_needed");
    assert!(blind.text.contains("send `If-Match` with its `ETag`"), "{}", blind.text);
    assert_eq!(
        stage.put(&second, Some("\"1\"")).await.expect(200).header("etag"),
        "\"2\""
    );
    let late = stage.put(ACME, Some("\"1\"")).await;
    assert_eq!(late.problem(412), "definition_changed");
    assert!(late.text.contains("is version 2 by now"), "{}", late.text);
    assert_eq!(stage.put(ACME, Some("two")).await.status, 400);
    let anew = stage
        .call("PUT", PLACE)
        .body(ACME)
        .header("if-none-match", "*")
        .send()
        .await;
    assert_eq!(anew.problem(412), "definition_changed");

    // JSON does as well as YAML, and what was sent is read back.
    let as_json = catalog::load_sources([("acme.yaml", ACME)]).resolved["acme"]
        .json()
        .to_string();
    assert_eq!(
        stage.put(&as_json, Some("\"2\"")).await.expect(200).json()["version"],
        3
    );
    let read = stage.call("GET", PLACE).send().await.expect(200);
    assert_eq!(
        (read.header("etag"), &read.json()["document"]),
        ("\"3\"", &json!(as_json))
    );

    let first = stage
        .call("GET", &format!("{PLACE}/versions/1"))
        .send()
        .await
        .expect(200);
    assert_eq!(first.text, ACME);
    let restored = stage.call("POST", &format!("{PLACE}/versions/2/restore")).send().await;
    assert_eq!(restored.expect(200).json()["version"], 4);
    let by: Vec<(i64, bool)> = stage
        .versions()
        .await
        .iter()
        .map(|row| {
            (
                row["version"].as_i64().unwrap(),
                row["madeBy"].as_str().unwrap().starts_with("key:"),
            )
        })
        .collect();
    assert_eq!(by, [(4, true), (3, true), (2, true), (1, true)]);

    assert_eq!(
        stage
            .call("DELETE", PLACE)
            .header("if-match", "\"3\"")
            .send()
            .await
            .status,
        412
    );
    assert_eq!(
        stage.call("DELETE", PLACE).send().await.expect(200).json(),
        json!({ "id": "acme", "version": 5, "removed": true })
    );
    assert_eq!(stage.call("DELETE", PLACE).send().await.status, 404);
    assert_eq!(stage.call("GET", PLACE).send().await.status, 404);
    assert!(stage.server.broker.reload_definitions(false).await.unwrap().is_empty());
    assert!(stage.server.broker.catalog().get("acme").is_none());
    assert_eq!(stage.versions().await[0]["removed"], true);
    // Also from there it comes back.
    let back = stage.call("POST", &format!("{PLACE}/versions/1/restore")).send().await;
    assert_eq!(back.expect(200).json()["version"], 6);
    for path in ["versions/5", "versions/99", "versions/x"] {
        assert_eq!(
            stage.call("GET", &format!("{PLACE}/{path}")).send().await.status,
            404,
            "{path}"
        );
    }
    let noted = "select string_agg(action, ' ' order by id) from audit_log where subject = 'definition:acme'";
    assert_eq!(
        stage.server.database.text(noted).await,
        "definition.put definition.put definition.put definition.put definition.removed definition.put"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_with_their_place_and_change_nothing() {
    let stage = stage().await;
    let wrong = stage.put(&ACME.replace("title: Enter", "titel: Enter"), None).await;
    assert_eq!(wrong.problem(422), "definition_mistakes");
    let mistakes = wrong.json()["meta"]["problems"].clone();
    let first = &mistakes[1];
    assert_eq!(
        (&first["line"], &first["column"], &first["at"], &first["suggestion"]),
        (&json!(8), &json!(5), &json!("auth[0].titel"), &json!("title")),
        "{mistakes}"
    );
    let told = |text: String| {
        let stage = &stage;
        async move {
            let answer = stage.put(&text, None).await;
            assert_eq!(answer.problem(422), "definition_mistakes", "{text}");
            answer.json()["meta"]["problems"].to_string()
        }
    };
    assert!(told("id: [".to_owned()).await.contains("line"));
    assert!(
        told(ACME.replace("id: acme", "id: other"))
            .await
            .contains("the address names `acme`")
    );
    assert!(
        told(ACME.replace("https://api.acme.example/v1", "${instance.sandbox_url}"))
            .await
            .contains("the program's own service")
    );
    let of_folder = "extends: of-the-folder\n".to_owned() + ACME;
    assert!(told(of_folder).await.contains("of-the-folder"));
    assert_eq!(
        stage
            .put(&format!("# {}\n{ACME}", "x".repeat(256 * 1024)), None)
            .await
            .status,
        413
    );
    let binary = stage.call("PUT", PLACE).body(vec![0xff, 0xfe]).send().await;
    assert_eq!(binary.status, 400);

    let tried = stage
        .call("PUT", &format!("{PLACE}?dry_run=true"))
        .body(ACME)
        .send()
        .await;
    assert_eq!(tried.expect(200).json()["version"], Value::Null);
    assert_eq!(
        stage
            .call("PUT", &format!("{PLACE}?dry_run=1"))
            .body(ACME)
            .send()
            .await
            .status,
        400
    );
    let rows = "select count(*) from integration_definition_versions";
    assert_eq!(stage.server.database.number(rows).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_built_in_definition_is_overridden_on_purpose_and_shown() {
    let stage = stage().await;
    let place = "/v1/integration-definitions/slack";
    let slack = ACME.replace("id: acme", "id: slack");
    let silent = stage.call("PUT", place).body(slack.clone()).send().await;
    assert!(silent.expect(422).text.contains("write `overrides: true`"));
    let meant = stage
        .call("PUT", place)
        .body(format!("{slack}overrides: true\n"))
        .send()
        .await;
    assert_eq!(meant.expect(200).json()["overrides"], true);
    stage.server.broker.reload_definitions(false).await.unwrap();
    let list = stage
        .call("GET", "/v1/integration-definitions?limit=150")
        .send()
        .await
        .expect(200)
        .json();
    let rows = list["rows"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(
        (&row("slack")["from"], &row("slack")["overrides"]),
        (&json!("api"), &json!(true))
    );
    assert_eq!(
        (&row("github")["from"], &row("github")["version"]),
        (&json!("built-in"), &Value::Null)
    );
    let start = stage
        .call("GET", "/v1/integration-definitions/github")
        .send()
        .await
        .expect(200)
        .json();
    assert!(start["document"].as_str().unwrap().contains("id: github"));
    for ours in ["sandbox", "sandbox-sites"] {
        let text = format!("{}overrides: true\n", ACME.replace("id: acme", &format!("id: {ours}")));
        let answer = stage
            .call("PUT", &format!("/v1/integration-definitions/{ours}"))
            .body(text)
            .send()
            .await;
        assert!(answer.expect(422).text.contains("is part of the program"));
    }
    // Taken away, the built-in one is back.
    stage.call("DELETE", place).send().await.expect(200);
    stage.server.broker.reload_definitions(false).await.unwrap();
    assert!(stage.server.broker.catalog().get("slack").unwrap().origin.built_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_changes_what_holds_for_all() {
    let stage = stage().await;
    let server = &stage.server;
    let of_test = server.key_with(&[Scope::Admin]).await;
    let refused = |key: String| server.api("PUT", PLACE).key(&key).body(ACME).send();
    assert_eq!(refused(of_test).await.problem(403), "not_the_operator");
    assert_eq!(refused(server.live_key.clone()).await.problem(403), "missing_scope");
    stage.put(ACME, None).await.expect(200);
    // With a second tenant nobody is it by being alone.
    server.another_project().await;
    let answer = stage.put(ACME, Some("\"1\"")).await;
    assert_eq!(answer.problem(403), "not_the_operator");
    assert!(answer.text.contains("LATCHKEY_OPERATOR_PROJECT"), "{}", answer.text);
    for (method, path) in [
        ("GET", "/versions"),
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/versions/1/restore"),
    ] {
        let answer = stage.call(method, &format!("{PLACE}{path}")).send().await;
        assert_eq!(answer.problem(403), "not_the_operator", "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_connections_use_stays() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    knows_files(&server.broker);
    let key = operator_key(&server).await;
    let odd = testkit::odd_definition().1;
    let place = "/v1/integration-definitions/odd";
    server.api("PUT", place).key(&key).body(odd).send().await.expect(200);
    server.broker.reload_definitions(false).await.unwrap();
    let connection = server.import_odd("odd", &["one".to_owned()]).await.remove(0);
    let answer = server.api("DELETE", place).key(&key).send().await;
    assert_eq!(answer.problem(409), "definition_in_use");
    assert_eq!(answer.json()["meta"]["connections"], 1);

    // A version that moves the address waits until somebody agrees.
    let other = OddProvider::start().await;
    let settings = AppSettings {
        variables: Some([("base".to_owned(), provider.url()), ("other".to_owned(), other.url())].into()),
        ..AppSettings::default()
    };
    let origin = server.broker.public_origin();
    let test = Environment::Test;
    server
        .store
        .set_app(server.project.id, test, "odd", origin, settings)
        .await
        .unwrap();
    let moved = odd
        .replace(
            "variables:\n",
            "variables:\n  other: { title: Other, type: url, set_by: operator }\n",
        )
        .replace("base_url: \"${variables.base}", "base_url: \"${variables.other}");
    let call = || server.api("GET", "/v1/passthrough/x").connection(&connection).send();
    call().await.expect(200);
    server
        .api("PUT", place)
        .key(&key)
        .header("if-match", "\"1\"")
        .body(moved)
        .send()
        .await
        .expect(200);
    server.broker.reload_definitions(false).await.unwrap();
    assert_eq!(call().await.problem(409), "destination_not_agreed");
    assert!(other.seen("").is_empty());
    let back = server
        .api("POST", &format!("{place}/versions/1/restore"))
        .key(&key)
        .send()
        .await;
    back.expect(200);
    server.broker.reload_definitions(false).await.unwrap();
    call().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_that_the_log_cannot_tell() {
    let stage = stage().await;
    let database = &stage.server.database;
    database
        .execute(
            "create function refuse_line() returns trigger language plpgsql as
             $$ begin if new.action like 'definition.%' then raise exception 'no room'; end if; return new; end $$",
        )
        .await;
    let trigger = "create trigger refuse_line before insert on audit_log for each row execute function refuse_line()";
    database.execute(trigger).await;
    let count = "select count(*) from integration_definition_versions";
    assert!(stage.put(ACME, None).await.status >= 500);
    assert_eq!(database.number(count).await, 0);
    database.execute("drop trigger refuse_line on audit_log").await;
    stage.put(ACME, None).await.expect(200);
    database.execute(trigger).await;
    let removed = stage.call("DELETE", PLACE).header("if-match", "\"1\"").send().await;
    assert!(removed.status >= 500, "{}", removed.text);
    assert_eq!(database.number("select count(*) from integration_definitions").await, 1);
    assert_eq!(database.number(count).await, 1);
    let noted = "select count(*) from audit_log where action = 'definition.put' and detail ->> 'version' = '1'";
    assert_eq!(database.number(noted).await, 1);
}
