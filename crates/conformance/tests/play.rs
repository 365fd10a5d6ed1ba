//! Every definition is played against the product, and deliberate mistakes are caught.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformance::{Script, Step, Tamper, every_script, run};
use serde_json::Value;

/// So many servers at once.
const STAGES: usize = 4;

#[test]
fn every_definition_does_what_it_says() {
    let scripts = every_script().unwrap();
    assert!(scripts.len() >= 80, "{} definitions", scripts.len());
    let table = run(&scripts, &scripts, STAGES).unwrap();
    assert_eq!(table.failed(), 0, "\n{table}");
    assert!(table.rows.len() >= scripts.len());
}

/// What was replayed says so, and nothing else does.
#[test]
fn a_fixture_is_said_in_its_definition() {
    for script in every_script().unwrap() {
        let said = script.json()["confidence"].as_str().unwrap_or("documented");
        assert_eq!(script.has_fixture(), said != "documented", "{} is `{said}`", script.id);
    }
}

/// A mistake: in this definition the product reads the second text where the player plays the first; caught at this
/// step.
struct Mistake(&'static str, &'static str, &'static str, Step);

/// Kinds of mistakes that a definition can have and that no look at the file alone can find.
const MISTAKES: &[Mistake] = &[
    // The separator of scopes.
    Mistake("slack", r#"separator: ",""#, r#"separator: " ""#, Step::Connect),
    // Client authentication.
    Mistake("github", "client_auth: body", "client_auth: basic", Step::Connect),
    // A parameter of the authorization request is missing.
    Mistake("gmail", "      access_type: offline\n", "", Step::Connect),
    // The pointer of what must be true.
    Mistake("cohere", "ok: /valid", "ok: /is_valid", Step::Connect),
    // The scheme before the credential.
    Mistake("klaviyo", "Klaviyo-API-Key ${", "Bearer ${", Step::Connect),
    // The unit of a lifetime.
    Mistake("salesforce", "lifetime: 2h", "lifetime: 2m", Step::Expiry),
    // The unit of an idle time.
    Mistake("airtable", "idle: 60d", "idle: 60h", Step::Refresh),
    // A pattern that the service's own values do not match.
    Mistake("quickbooks", r#""[0-9]{1,30}""#, r#""[a-z]{1,30}""#, Step::Connect),
    // A host that learnt origins may have is missing.
    Mistake(
        "salesforce-for-hosts",
        "[.salesforce.com, .force.com]",
        "[.salesforce.com]",
        Step::Variants,
    ),
    // No revocation.
    Mistake(
        "discord",
        "    revoke: { url: https://discord.com/api/oauth2/token/revoke, ends: grant }\n",
        "",
        Step::Revoke,
    ),
    // The path of the check.
    Mistake("openai", "get: /v1/models", "get: /v1/model", Step::Connect),
    // Where the account's name is read.
    Mistake(
        "digitalocean",
        "body.account.team.name",
        "body.account.name",
        Step::Account,
    ),
    // The account's id is that of something else.
    Mistake(
        "zoom",
        r#"id: "${body.id}""#,
        r#"id: "${body.account_id}""#,
        Step::Account,
    ),
    // The issuer of the callback.
    Mistake(
        "youtube",
        "issuer: https://accounts.google.com",
        "issuer: https://accounts.youtube.com",
        Step::Connect,
    ),
    // A refusal that means something else.
    Mistake("teams", "grant_gone:\n", "transient:\n", Step::Errors),
    // The base of the API.
    Mistake(
        "asana",
        "https://app.asana.com/api/1.0",
        "https://app.asana.com/api/1.1",
        Step::Connect,
    ),
    // A field goes into another header.
    Mistake("datadog", "DD-APPLICATION-KEY:", "DD-APP-KEY:", Step::Connect),
    // What the answer must say is something else.
    Mistake("confluence-key", "/type: known", "/type: knwon", Step::Connect),
    // The check of one way to sign in is that of another.
    Mistake("neon", "get: /projects }", "get: /project }", Step::Connect),
    // The name of the header that the person gives is not that of the header.
    Mistake(
        "api-key",
        r#"{ "${variables.header}": "#,
        r#"{ "X-${variables.header}": "#,
        Step::Connect,
    ),
    // A further host of the API is another.
    Mistake("box", "hosts: [upload.box.com]", "hosts: [uploads.box.com]", Step::Call),
    // An account may be without an id.
    Mistake(
        "confluence-key-for-account",
        "required: true",
        "required: false",
        Step::Errors,
    ),
    // A choice that the service does not have.
    Mistake("pagerduty", "value: api.eu", "value: eu.api", Step::Form),
];

/// A mistake that no definition can have: what the product sends for it is changed; caught at this step.
struct Slip(&'static str, Tamper, Step);

const SLIPS: &[Slip] = &[
    // A token that is for no server in particular.
    Slip("mcp-for-resource", without("resource", None), Step::Connect),
    Slip(
        "mcp-for-resource-of-code",
        without("resource", Some("authorization_code")),
        Step::Connect,
    ),
    Slip(
        "mcp-for-resource-of-refresh",
        without("resource", Some("refresh_token")),
        Step::Expiry,
    ),
    // Another client than the one that registered itself.
    Slip(
        "mcp-for-client",
        Tamper {
            parameter: "client_id",
            instead: Some("the client of the operator"),
            only_with: None,
        },
        Step::Connect,
    ),
    // A code that anybody could use who has seen it.
    Slip("github-for-verifier", without("code_verifier", None), Step::Connect),
];

const fn without(parameter: &'static str, only_with: Option<&'static str>) -> Tamper {
    Tamper {
        parameter,
        instead: None,
        only_with,
    }
}

/// A definition that names one page for everything: a key that is taken out is none of a source any more.
fn without_sources(text: &str) -> String {
    let mut inside = false;
    let mut left = String::new();
    for line in text.lines() {
        if line.starts_with("sources:") {
            left.push_str("sources: [https://docs.example.com]\n");
        }
        inside = match line.chars().next() {
            Some(' ' | '#' | '-') => inside,
            _ => line.starts_with("sources:") || line.starts_with("unconfirmed:"),
        };
        if !inside {
            left.push_str(line);
            left.push('\n');
        }
    }
    left
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "how each was caught, for whoever reads the test's output"
)]
fn deliberate_mistakes_are_caught() {
    let all = every_script().unwrap();
    let mut plays = Vec::new();
    let mut reads = Vec::new();
    let mut expected = Vec::new();
    // Several mistakes in one definition are several definitions.
    let renamed = |name: &str| {
        let id = name.split("-for-").next().unwrap();
        let script = all.iter().find(|script| script.id == id).unwrap();
        let text = script
            .text
            .replacen(&format!("id: {id}\n"), &format!("id: {name}\n"), 1);
        without_sources(&text)
    };
    let read = |name: &str, text: &str| Script::read(&format!("{name}.yaml"), text).unwrap();
    for Mistake(name, right, wrong, step) in MISTAKES {
        let text = renamed(name);
        assert!(text.contains(right), "{name} has no `{right}`");
        plays.push(Arc::new(read(name, &text)));
        reads.push(Arc::new(read(name, &text.replace(right, wrong))));
        expected.push((name, format!("`{}` for `{}`", wrong.trim(), right.trim()), step));
    }
    for Slip(name, tamper, step) in SLIPS {
        let script = read(name, &renamed(name));
        reads.push(Arc::new(script.clone()));
        plays.push(Arc::new(script.tampered(*tamper)));
        let what = match tamper.instead {
            Some(instead) => format!("{} sent as `{instead}`", tamper.parameter),
            None => format!("{} left out", tamper.parameter),
        };
        let only = tamper.only_with.map(|only| format!(" with {only}")).unwrap_or_default();
        expected.push((name, format!("{what}{only}"), step));
    }
    let table = run(&plays, &reads, STAGES).unwrap();
    for (name, what, step) in expected {
        let is_its = |row: &str| row.split(" / ").next() == Some(*name);
        let rows = table.rows.iter().filter(|row| is_its(&row.name));
        let (caught, why) = rows
            .flat_map(conformance::Row::failures)
            .next()
            .unwrap_or_else(|| panic!("{name}: nobody noticed {what}"));
        println!("{name}: {what} is caught at `{}`: {why}", caught.name());
        assert_eq!(caught, *step, "{name}: {why}");
    }
}

/// Keys that no definition of a run has, each with its reason. The list only shrinks.
const NOT_PLAYED_KEYS: &[(&str, &str)] = &[
    (
        "/properties/extends",
        "the family is in what is read, so the key is gone",
    ),
    (
        "/properties/overrides",
        "for a folder of an operator's own; a run has one folder",
    ),
    ("/properties/check_off_reason", "a reason for readers of the file"),
];

/// The places of the schema's properties that an instance has: along the schema, with the instance beside it.
fn properties(root: &Value, schema: &Value, place: &str, instance: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.trim_start_matches('#');
        let schema = root.pointer(place).unwrap_or_else(|| panic!("{reference} is nowhere"));
        return properties(root, schema, place, instance, found);
    }
    for kind in ["oneOf", "anyOf", "allOf"] {
        for (position, variant) in schema[kind].as_array().into_iter().flatten().enumerate() {
            let said = &variant["properties"]["kind"]["const"];
            if said.is_null() || *said == instance["kind"] {
                properties(root, variant, &format!("{place}/{kind}/{position}"), instance, found);
            }
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = instance.get(name) {
            let place = format!("{place}/properties/{name}");
            found.insert(place.clone());
            properties(root, property, &place, value, found);
        }
    }
    if schema["additionalProperties"].is_object() {
        for value in instance.as_object().into_iter().flatten().map(|(_, value)| value) {
            properties(
                root,
                &schema["additionalProperties"],
                &format!("{place}/*"),
                value,
                found,
            );
        }
    }
    for value in instance.as_array().into_iter().flatten() {
        properties(root, &schema["items"], &format!("{place}/items"), value, found);
    }
}

/// The places of all properties.
fn all_properties(schema: &Value, place: &str, all: &mut BTreeSet<String>) {
    for (key, below) in schema.as_object().into_iter().flatten() {
        let place = format!("{place}/{key}");
        if key == "properties" {
            all.extend(
                below
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| format!("{place}/{name}")),
            );
        }
        all_properties(below, &place, all);
    }
    for (position, below) in schema.as_array().into_iter().flatten().enumerate() {
        all_properties(below, &format!("{place}/{position}"), all);
    }
}

#[test]
fn every_key_of_the_format_is_played() {
    let schema = std::fs::read_to_string(conformance::folders()[0].join("schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let (mut all, mut found) = (BTreeSet::new(), BTreeSet::new());
    all_properties(&schema, "", &mut all);
    for script in every_script().unwrap() {
        properties(&schema, &schema, "", script.json(), &mut found);
    }
    for (place, _) in NOT_PLAYED_KEYS {
        assert!(all.remove(*place), "the format has no `{place}` any more");
        assert!(
            !found.contains(*place),
            "`{place}` is played now: take it out of the list"
        );
    }
    found.retain(|place| all.contains(place));
    let missing: Vec<&String> = all.difference(&found).collect();
    assert!(all.len() > 100);
    assert!(
        missing.is_empty(),
        "no definition has these keys, so nothing proves them: {missing:#?}"
    );
}
