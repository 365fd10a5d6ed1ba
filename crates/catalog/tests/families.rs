//! Families: what several definitions share, and how a definition is laid over its family.

use std::fmt::Write as _;

use catalog::{AuthKind, Files, Inputs, Loaded, load, load_beside, load_sources};
use serde_json::json;

const FAMILY: &str = r#"sources:
  - { url: https://docs.acme.example/oauth, fields: [auth.token] }
variables:
  tenant: { title: Tenant, default: common, help: Ask your administrator. }
auth:
  - kind: oauth2
    title: Sign in with Acme
    authorize: { url: "https://${variables.tenant}.acme.example/authorize", params: { prompt: consent, access: offline } }
    token: { url: https://acme.example/token, client_auth: body }
    scopes:
      required: [openid, email]
      known: { openid: See who you are }
api:
  headers: { Authorization: "Bearer ${credential.access_token}" }
check:
  get: https://acme.example/me
  account: { id: "${body.id}" }
"#;

const MEMBER: &str = r"id: acme-mail
extends: acme
name: Acme Mail
description: Mail.
docs: https://docs.acme.example/mail
sources: [https://docs.acme.example/mail]
variables:
  tenant: { default: work, help: null }
auth:
  - kind: oauth2
    authorize: { params: { access: null, hint: mail } }
    scopes: { required: [openid], default: [mail.read], known: { mail.read: Read your mail } }
api: { base_url: https://mail.acme.example }
";

fn with(member: &str, family: &str) -> Loaded {
    load_sources([("mail.yaml", member), ("families/acme.yaml", family)])
}

fn told(loaded: &Loaded) -> Vec<String> {
    loaded.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_definition_is_laid_over_its_family() {
    let loaded = with(MEMBER, FAMILY);
    assert_eq!(told(&loaded), Vec::<String>::new());
    assert_eq!(loaded.catalog.len(), 1, "a family is no integration");
    assert_eq!(
        loaded.resolved["acme-mail"].json(),
        json!({
            "id": "acme-mail",
            "name": "Acme Mail",
            "description": "Mail.",
            "docs": "https://docs.acme.example/mail",
            "sources": [
                "https://docs.acme.example/mail",
                { "url": "https://docs.acme.example/oauth", "fields": ["auth.token"] },
            ],
            "variables": { "tenant": { "title": "Tenant", "default": "work" } },
            "auth": [{
                "kind": "oauth2",
                "title": "Sign in with Acme",
                "authorize": {
                    "url": "https://${variables.tenant}.acme.example/authorize",
                    "params": { "prompt": "consent", "hint": "mail" },
                },
                "token": { "url": "https://acme.example/token", "client_auth": "body" },
                "scopes": {
                    "required": ["openid"],
                    "default": ["mail.read"],
                    "known": { "openid": "See who you are", "mail.read": "Read your mail" },
                },
            }],
            "api": {
                "base_url": "https://mail.acme.example",
                "headers": { "Authorization": "Bearer ${credential.access_token}" },
            },
            "check": { "get": "https://acme.example/me", "account": { "id": "${body.id}" } },
        })
    );
    let mail = loaded.catalog.get("acme-mail").unwrap();
    let AuthKind::OAuth2(oauth2) = &mail.auth[0].kind else {
        panic!("no oauth2")
    };
    assert_eq!(oauth2.scopes.required, ["openid"]);
    assert_eq!(mail.origin.file, "mail.yaml");
    // What `show` prints can be loaded again, and is the same.
    let again = loaded.resolved["acme-mail"].yaml();
    let again = load_sources([("mail.yaml", again.as_str())]);
    assert_eq!(told(&again), Vec::<String>::new());
    assert_eq!(again.resolved["acme-mail"].json(), loaded.resolved["acme-mail"].json());
}

#[test]
fn ways_to_sign_in_are_merged_by_id_or_kind_and_the_definition_sets_their_order() {
    let key = "  - { kind: api_key, title: Paste a key, fields: [{ name: key, title: Key }], headers: { X-Key: \"${credential.key}\" } }\n";
    let member = MEMBER
        .replace("auth:\n", &format!("auth:\n{key}"))
        .replace("  - kind: oauth2\n", "  - id: oauth2\n")
        .replace(
            "api: { base_url: https://mail.acme.example }\n",
            "api: { base_url: https://mail.acme.example, headers: null }\n",
        );
    let member = member.replace(
        "    scopes: {",
        "    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n    scopes: {",
    );
    let other = "  - { kind: oauth2, id: oauth2_admin, title: As administrator, authorize: { url: https://acme.example/a }, token: { url: https://acme.example/t }, headers: { Authorization: \"Bearer ${credential.access_token}\" } }\n";
    let family = FAMILY.replace("api:\n", &format!("{other}api:\n"));
    let loaded = with(&member, &family);
    assert_eq!(told(&loaded), Vec::<String>::new());
    let ids: Vec<&str> = loaded
        .catalog
        .get("acme-mail")
        .unwrap()
        .auth
        .iter()
        .map(|way| way.id.as_str())
        .collect();
    assert_eq!(ids, ["api_key", "oauth2", "oauth2_admin"]);
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let cases = [
        ("a family that is not there", "extends: acme", "extends: acmee", "", ""),
        ("a family of no name", "extends: acme", "extends: [acme]", "", ""),
        (
            "a family that is a definition",
            "extends: acme",
            "extends: acme-mail",
            "",
            "",
        ),
        (
            "a word of the definition",
            "kind: oauth2\n",
            "kind: oauth2\n    tokn: {}\n",
            "",
            "",
        ),
        ("a word of the family", "", "", "client_auth: body", "client_auth: bdy"),
        ("a key of the family", "", "", "    scopes:\n", "    scope:\n"),
        (
            "an address of the family",
            "",
            "",
            "https://acme.example/token",
            "http://acme.example/token",
        ),
        (
            "a name that the definition took away",
            "  tenant: { default: work, help: null }\n",
            "  tenant: null\n",
            "",
            "",
        ),
        (
            "the family lacks something",
            "",
            "",
            "  get: https://acme.example/me\n",
            "",
        ),
        (
            "a source of the family for a key that is gone",
            "",
            "",
            "[auth.token]",
            "[auth.tokn]",
        ),
        (
            "a family in a family",
            "",
            "",
            "sources:\n",
            "extends: other\nsources:\n",
        ),
        ("a family with an id", "", "", "sources:\n", "id: acme\nsources:\n"),
        (
            "a family with a name",
            "",
            "",
            "sources:\n",
            "name: Acme\nconfidence: live\nsources:\n",
        ),
        ("a family that is no YAML", "", "", "sources:\n", "sources: [\n"),
        (
            "another kind under the same id",
            "  - kind: oauth2\n",
            "  - { kind: api_key, id: oauth2, title: Key, fields: [{ name: key, title: Key }] }\n  - kind: oauth2\n",
            "",
            "",
        ),
    ];
    let mut messages = String::new();
    for (name, from, to, family_from, family_to) in cases {
        assert!(
            MEMBER.contains(from) && FAMILY.contains(family_from),
            "{name}: nothing to replace"
        );
        let loaded = with(
            &MEMBER.replacen(from, to, 1),
            &FAMILY.replacen(family_from, family_to, 1),
        );
        assert!(
            !loaded.problems.is_empty() && loaded.catalog.is_empty(),
            "{name}: no mistake was found"
        );
        writeln!(messages, "# {name}").unwrap();
        for problem in told(&loaded) {
            writeln!(messages, "{problem}").unwrap();
        }
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn a_mistake_of_a_family_is_told_once_and_leaves_out_every_member() {
    let other = MEMBER.replace("id: acme-mail", "id: acme-files");
    let family = FAMILY.replace("https://acme.example/token", "http://acme.example/token");
    let loaded = load_sources([
        ("mail.yaml", MEMBER),
        ("files.yaml", &other),
        ("families/acme.yaml", &family),
    ]);
    assert!(loaded.catalog.is_empty());
    assert_eq!(loaded.problems.len(), 1, "{:?}", told(&loaded));
    assert_eq!(loaded.problems[0].file, "families/acme.yaml");
    assert_eq!(loaded.problems[0].line, Some(9));
}

#[test]
fn an_unused_family_is_looked_at_too() {
    let loaded = load_sources([(
        "families/acme.yaml",
        FAMILY.replace("title: Sign", "titel: Sign").as_str(),
    )]);
    assert_eq!(loaded.problems.len(), 1, "{:?}", told(&loaded));
    let loaded = load_sources([("families/Acme_.yaml", FAMILY)]);
    assert!(told(&loaded)[0].contains("no name of a family"), "{:?}", told(&loaded));
}

#[test]
fn own_definitions_extend_built_in_families_and_name_their_own_otherwise() {
    let built_in = Files::new([("families/acme.yaml", FAMILY)]);
    let own = Files::new([("mail.yaml", MEMBER)]);
    for loaded in [load(&built_in, Some(&own)), load_beside(&built_in, &own)] {
        assert_eq!(told(&loaded), Vec::<String>::new());
        assert!(!loaded.catalog.get("acme-mail").unwrap().origin.built_in);
    }
    let own = Files::new([("mail.yaml", MEMBER), ("families/acme.yaml", FAMILY)]);
    let loaded = load(&built_in, Some(&own));
    assert!(
        told(&loaded)[0].starts_with("families/acme.yaml:1:1: there is a family `acme` already"),
        "{:?}",
        told(&loaded)
    );
}

#[test]
fn a_built_in_definition_is_replaced_on_purpose_only() {
    let files = |text: &str| Files::new([("families/acme.yaml", FAMILY), ("mail.yaml", text)]);
    let own = |text: &str| Files::new([("own.yaml", text)]);
    let built_in = files(MEMBER);
    let name = |loaded: &Loaded| loaded.catalog.get("acme-mail").unwrap().name.clone();
    let ours = MEMBER.replace("name: Acme Mail", "name: Ours");

    let loaded = load(&built_in, Some(&own(&ours)));
    assert_eq!(
        told(&loaded),
        ["own.yaml:1:5: id: `acme-mail` is built in: write `overrides: true` to take its place, or choose another id"]
    );
    assert_eq!(name(&loaded), "Acme Mail");
    assert!(loaded.catalog.get("acme-mail").unwrap().origin.built_in);

    let loaded = load(&built_in, Some(&own(&format!("{ours}overrides: true\n"))));
    assert_eq!(told(&loaded), Vec::<String>::new());
    assert_eq!(name(&loaded), "Ours");
    let origin = &loaded.catalog.get("acme-mail").unwrap().origin;
    assert!(origin.overrides && !origin.built_in && origin.file == "own.yaml");
    assert_eq!(loaded.resolved["acme-mail"].json()["name"], "Ours");

    let other = ours.replace("id: acme-mail", "id: acme-files");
    let loaded = load(&built_in, Some(&own(&format!("{other}overrides: true\n"))));
    assert_eq!(
        told(&loaded),
        ["own.yaml:14:12: overrides: there is no built-in `acme-files` to override: take `overrides` out"]
    );
}

#[test]
fn the_family_of_the_repository_is_read() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations");
    let loaded = catalog::load_directory(&directory).unwrap();
    let teams = loaded.catalog.get("teams").unwrap();
    let AuthKind::OAuth2(oauth2) = &teams.auth[0].kind else {
        panic!("no oauth2")
    };
    assert_eq!(oauth2.scopes.required, ["offline_access", "User.Read"]);
    assert_eq!(teams.variables["tenant"].default.as_deref(), Some("organizations"));
    assert_eq!(
        teams.api.base_url.render(&Inputs::new()).unwrap().as_str(),
        "https://graph.microsoft.com/"
    );
}
