//! `integrations check`, and what its mistakes mean elsewhere.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::{ACME, err, folder, good, out, run};

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
    let output = run(&root, &[], &["check", "integrations"]);
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    let one = run(&root, &[], &["check", "integrations/slack.yaml"]);
    assert!(one.status.success(), "{}{}", out(&one), err(&one));
}

#[test]
fn a_built_in_definition_is_overridden_on_purpose() {
    let folder = folder();
    let write = |text: &str| std::fs::write(folder.path().join("own.yaml"), text).unwrap();
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    let slack = ACME.replace("id: acme", "id: slack");
    write(&slack);
    // No server would take it, so a check says so wherever the file is.
    for path in [".", "own.yaml"] {
        let alone = run(folder.path(), &[], &["check", path]);
        assert_eq!(alone.status.code(), Some(1), "{}", out(&alone));
        let said = out(&alone);
        assert!(
            said.contains("own.yaml:1:5: id: `slack` is built in: write `overrides: true`"),
            "{said}"
        );
    }
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
fn an_empty_folder_has_nothing_to_check() {
    let folder = folder();
    let said = run(folder.path(), &[], &["check", "."]);
    assert!(
        said.status.success()
            && out(&said).contains("there is nothing to check in .: a definition is a file `ID.yaml`"),
        "{}",
        out(&said)
    );
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    assert!(out(&run(folder.path(), &own, &["check", "."])).contains("nothing to check"));
    assert_eq!(
        good(&run(folder.path(), &[], &["check", ".", "--json"]))["definitions"],
        0
    );
}

#[test]
fn the_mistakes_of_a_file_are_told_where_its_integration_is_asked_for() {
    let folder = folder();
    let own = [("LATCHKEY_INTEGRATIONS_DIR", ".")];
    std::fs::write(
        folder.path().join("other-name.yaml"),
        ACME.replace("get: /me", "get: me"),
    )
    .unwrap();
    for command in ["try", "show"] {
        let asked = run(folder.path(), &own, &[command, "acme"]);
        let said = err(&asked);
        assert!(!asked.status.success(), "{said}");
        assert!(
            said.contains("`acme` cannot be taken as it is written:")
                && said.contains("other-name.yaml:13:15: check.get:"),
            "{said}"
        );
        // Others are as they were.
        assert!(run(folder.path(), &own, &[command, "slack"]).status.success());
    }
    assert!(err(&run(folder.path(), &own, &["try", "acmes"])).contains("there is no integration `acmes`"));
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
        ("gmail", "confidence", json!("fixture")),
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
    let own = yaml.replacen("id: gmail", "id: gmail-of-ours", 1);
    std::fs::write(folder.path().join("gmail.yaml"), own).unwrap();
    assert!(run(folder.path(), &[], &["check", "."]).status.success());
    let other = run(folder.path(), &[], &["show", "gmial"]);
    assert!(!other.status.success() && err(&other).contains("there is no integration `gmial`"));
}
