//! What a definition rests on: its sources, how far it was proved, and why a key is not checked.

use std::fmt::Write as _;

use catalog::{Confidence, load_sources};

const GOOD: &str = r#"id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example/api
sources:
  - https://docs.acme.example/api
  - { url: https://docs.acme.example/keys, fields: [auth.fields.title, check, api.headers.X-Key] }
confidence: fixture
unconfirmed: [check.get, auth.pkce]
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
api:
  base_url: https://api.acme.example
  headers: { X-Key: "${credential.key}" }
check: { get: /me }
"#;

#[test]
fn sources_say_what_was_read_where() {
    let loaded = load_sources([("acme.yaml", GOOD)]);
    assert_eq!(loaded.problems, []);
    let acme = loaded.catalog.get("acme").unwrap();
    assert_eq!(acme.confidence, Confidence::Fixture);
    assert_eq!(acme.sources[0].fields, Vec::<String>::new());
    assert_eq!(
        acme.sources[1].fields,
        ["auth.fields.title", "check", "api.headers.X-Key"]
    );
    assert_eq!(acme.sources[1].url.as_str(), "https://docs.acme.example/keys");
    assert_eq!(acme.unconfirmed, ["check.get", "auth.pkce"]);
    let plain = load_sources([("acme.yaml", GOOD.replace("confidence: fixture\n", "").as_str())]);
    assert_eq!(plain.catalog.get("acme").unwrap().confidence, Confidence::Documented);
}

#[test]
fn a_key_that_is_not_checked_says_why() {
    let unchecked = GOOD
        .replace("check: { get: /me }\n", "")
        .replace(" check,", "")
        .replace("check.get, ", "");
    let loaded = load_sources([("acme.yaml", unchecked.as_str())]);
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
    let reasoned = format!("{unchecked}check_off_reason: No call is documented that any key may make.\n");
    let loaded = load_sources([("acme.yaml", reasoned.as_str())]);
    assert_eq!(loaded.problems, []);
    let acme = loaded.catalog.get("acme").unwrap();
    assert!(acme.check_off_reason.as_deref().unwrap().starts_with("No call"));
}

#[test]
fn each_mistake_has_its_message() {
    let cases = [
        (
            "a source of another type",
            "- https://docs.acme.example/api",
            "- [https://docs.acme.example/api]",
        ),
        ("a source over http", "url: https:", "url: http:"),
        (
            "a source twice",
            "https://docs.acme.example/keys",
            "https://docs.acme.example/api",
        ),
        (
            "a source without fields",
            ", fields: [auth.fields.title, check, api.headers.X-Key]",
            "",
        ),
        (
            "a source of nothing",
            "[auth.fields.title, check, api.headers.X-Key]",
            "[]",
        ),
        ("an unknown key of a source", "fields: [auth", "feilds: [auth"),
        ("a field that is not there", "auth.fields.title", "auth.feilds.title"),
        ("a field below a text", "auth.fields.title", "auth.fields.title.text"),
        ("unknown confidence", "confidence: fixture", "confidence: lively"),
        ("unconfirmed and read", "[check.get, ", "[check, "),
        ("unconfirmed twice", "auth.pkce", "check.get"),
        ("unconfirmed, not there", "check.get", "check.gte"),
        ("no check and no reason", "check: { get: /me }\n", ""),
        ("an empty reason", "check: { get: /me }\n", "check_off_reason: ''\n"),
        (
            "a reason beside a check",
            "check: { get: /me }\n",
            "check: { get: /me }\ncheck_off_reason: None.\n",
        ),
    ];
    let mut messages = String::new();
    for (name, from, to) in cases {
        assert!(GOOD.contains(from), "{name}: nothing to replace");
        let loaded = load_sources([("acme.yaml", GOOD.replacen(from, to, 1).as_str())]);
        assert!(!loaded.problems.is_empty(), "{name}: no mistake was found");
        writeln!(messages, "# {name}").unwrap();
        for problem in &loaded.problems {
            assert!(problem.line.is_some(), "{name}: no line");
            writeln!(messages, "{problem}").unwrap();
        }
    }
    insta::assert_snapshot!(messages);
}
