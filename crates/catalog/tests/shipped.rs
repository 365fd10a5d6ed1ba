//! The definitions in the repository have no mistake, and the committed schema is that of the code.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use catalog::{AuthKind, Endpoints, Inputs, Pkce, RequestBody, Slot};
use secrecy::ExposeSecret as _;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations")
}

/// What is committed and made from the code, with the text that the code makes.
fn made() -> Vec<(PathBuf, String)> {
    let schemas = [
        ("schema.json", catalog::json_schema()),
        ("families/schema.json", catalog::part_schema()),
    ]
    .map(|(file, schema)| (directory().join(file), format!("{schema:#}\n")));
    let page = directory().join("../docs/integration-format.md");
    let list = directory().join("README.md");
    let listed = with_services(&std::fs::read_to_string(&list).unwrap());
    schemas
        .into_iter()
        .chain([(page, catalog::reference()), (list, listed)])
        .collect()
}

/// The page with the table of services in its place.
fn with_services(page: &str) -> String {
    let (before, rest) = page.split_once("write_what_is_made` -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let mut table =
        "| service | id | signs in by | actions | proof | not confirmed |\n|---|---|---|---|---|---|\n".to_owned();
    let loaded = catalog::load_directory(&directory()).unwrap();
    let mut services: Vec<_> = loaded
        .catalog
        .iter()
        .filter(|integration| !integration.id.as_str().starts_with("sandbox"))
        .collect();
    services.sort_by_key(|integration| integration.name.to_lowercase());
    for integration in services {
        let mut kinds: Vec<&str> = integration.auth.iter().map(|method| method.kind.name()).collect();
        kinds.dedup();
        let actions = match integration.actions.len() {
            0 => String::new(),
            count => count.to_string(),
        };
        let proof = match integration.confidence {
            catalog::Confidence::Documented => "documented",
            catalog::Confidence::Fixture => "fixture",
            catalog::Confidence::Live => "live",
        };
        let doubts: Vec<String> = integration.unconfirmed.iter().map(|key| format!("`{key}`")).collect();
        writeln!(
            table,
            "| [{}]({}) | `{}` | {} | {actions} | {proof} | {} |",
            integration.name,
            integration.docs,
            integration.id.as_str(),
            kinds.join(", "),
            doubts.join(", ")
        )
        .unwrap();
    }
    format!("{before}write_what_is_made` -->\n\n{table}\n<!-- end -->{after}")
}

#[test]
fn every_shipped_definition_is_right() {
    let loaded = catalog::load_directory(&directory()).unwrap();
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new());
    let ids: Vec<&str> = loaded
        .catalog
        .iter()
        .map(|integration| integration.id.as_str())
        .collect();
    for id in [
        "github",
        "gmail",
        "oidc",
        "openai",
        "salesforce",
        "sandbox",
        "slack",
        "stripe",
    ] {
        assert!(ids.contains(&id), "{id} is missing");
    }
}

#[test]
fn every_file_is_named_by_its_id_and_names_the_schema() {
    let loaded = catalog::load_directory(&directory()).unwrap();
    for integration in loaded.catalog.iter() {
        let file = directory().join(format!("{}.yaml", integration.id.as_str()));
        let text = std::fs::read_to_string(&file).unwrap();
        let schema = if text.contains("\nextends: ") {
            "./families/schema.json"
        } else {
            "./schema.json"
        };
        assert!(
            text.starts_with(&format!("# yaml-language-server: $schema={schema}\n")),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_committed_schemas_and_the_reference_are_those_of_the_code() {
    for (file, text) in made() {
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == text,
            "{} is old: run `cargo test -p latchkey-catalog --test shipped -- --ignored write_what_is_made`",
            file.display()
        );
    }
}

#[test]
#[ignore = "writes integrations/schema.json, integrations/families/schema.json and docs/integration-format.md"]
fn write_what_is_made() {
    for (file, text) in made() {
        std::fs::write(file, text).unwrap();
    }
}

#[test]
fn salesforce_is_read_as_it_is_written() {
    let loaded = catalog::load_directory(&directory()).unwrap();
    let salesforce = loaded.catalog.get("salesforce").unwrap();
    let AuthKind::OAuth2(oauth2) = &salesforce.auth[0].kind else {
        panic!("no oauth2")
    };
    let Endpoints::Fixed {
        authorize,
        token,
        revoke,
        issuer,
    } = &oauth2.endpoints
    else {
        panic!("no endpoints")
    };
    let inputs = Inputs::new().text("variables", "domain", "acme.my");
    assert_eq!(
        authorize.as_ref().unwrap().render(&inputs).unwrap().as_str(),
        "https://acme.my.salesforce.com/services/oauth2/authorize"
    );
    assert_eq!(
        token.render(&inputs).unwrap().host_str(),
        Some("acme.my.salesforce.com")
    );
    assert!(revoke.is_some() && issuer.is_none());
    assert_eq!(oauth2.pkce, Pkce::S256);
    assert_eq!(oauth2.refresh.lifetime, Some(7200));
    assert!(oauth2.learn[0].kind.accepts("https://acme.my.salesforce.com"));
    assert!(!oauth2.learn[0].kind.accepts("https://evil.com"));
    assert!(salesforce.variables["domain"].check("acme--uat.sandbox.my").is_ok());
    assert!(salesforce.variables["domain"].check("evil.com").is_err());
    let inputs = Inputs::new().text("variables", "instance_url", "https://acme.my.salesforce.com");
    assert_eq!(
        salesforce.api.base_url.render(&inputs).unwrap().as_str(),
        "https://acme.my.salesforce.com/"
    );
    let inputs = Inputs::new().text("variables", "instance_url", "https://acme.evil.com");
    assert!(salesforce.api.base_url.render(&inputs).is_err());
}

#[test]
fn each_way_to_sign_in_to_the_sandbox_has_its_own_header() {
    let loaded = catalog::load_directory(&directory()).unwrap();
    let sandbox = loaded.catalog.get("sandbox").unwrap();
    assert_eq!(sandbox.environments, ["test"]);
    assert!(sandbox.api.headers.is_empty());
    let header = |kind: &str, field: &str| {
        let method = sandbox.method_of_kind(kind).unwrap();
        assert_eq!(method.headers.len(), 1);
        let (name, template) = &method.headers[0];
        let rendered = template
            .render(&Inputs::new().text("credential", field, "k"), Slot::Header)
            .unwrap();
        format!("{name}: {}", rendered.expose_secret())
    };
    assert_eq!(header("oauth2", "access_token"), "Authorization: Bearer k");
    assert_eq!(header("api_key", "api_key"), "X-Api-Key: k");
    let inputs = Inputs::new().text("instance", "sandbox_url", "http://127.0.0.1:8080/sandbox");
    assert_eq!(
        sandbox.api.base_url.render(&inputs).unwrap().as_str(),
        "http://127.0.0.1:8080/sandbox/api"
    );
}

#[test]
fn a_choice_of_the_sandbox_is_read_and_its_call_needs_no_choice() {
    let loaded = catalog::load_directory(&directory()).unwrap();
    let sites = loaded.catalog.get("sandbox-sites").unwrap();
    for method in &sites.auth {
        let choose = method.choose.as_ref().unwrap();
        assert!(method.headers.iter().any(|(name, _)| name == "X-Site"));
        let sent: Vec<&str> = choose.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(!sent.is_empty() && !sent.contains(&"X-Site"), "{sent:?}");
        let kept: Vec<&str> = method.kept().map(|learned| learned.name.as_str()).collect();
        assert_eq!(kept, ["site"]);
    }
}

fn examples(page: &str) -> impl Iterator<Item = &str> {
    let rests = page.split("```yaml\n").skip(1);
    rests.filter_map(|rest| rest.split("```").next())
}

#[test]
fn the_family_in_the_documents_is_right() {
    let page = include_str!("../../../docs/integrations.md");
    let named = |name: &str| {
        examples(page)
            .find(|text| text.starts_with(&format!("# {name}\n")))
            .unwrap()
    };
    let files = [
        ("acme-orders.yaml", named("acme-orders.yaml")),
        ("families/acme.yaml", named("families/acme.yaml")),
    ];
    let loaded = catalog::load_sources(files);
    assert_eq!(loaded.problems, []);
    let orders = loaded.resolved["acme-orders"].json();
    assert_eq!(orders["auth"][0]["authorize"]["params"], serde_json::json!({}));
    assert_eq!(orders["auth"][0]["token"]["url"], "https://acme.com/oauth/token");
}

#[test]
fn the_plain_log_in_in_the_documents_is_right() {
    let page = include_str!("../../../docs/integrations.md");
    let text = examples(page)
        .find(|text| text.starts_with("# workshop.yaml\n"))
        .unwrap();
    let loaded = catalog::load_sources([("workshop.yaml", text)]);
    assert_eq!(loaded.problems, []);
    // The variables of the page are right in it too.
    for example in examples(page).filter(|text| text.starts_with("variables:\n")) {
        let (variables, api) = example.split_at(example.find("api:").unwrap());
        let (before, after) = (text.find("variables:").unwrap(), text.find("auth:").unwrap());
        let auth = text[after..text.find("api:").unwrap()].replace(
            "    token: {",
            "    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n    token: {",
        );
        let auth = auth.replace(
            "https://${variables.subdomain}.workshop.example",
            "https://workshop.example",
        );
        let check = &text[text.find("check:").unwrap()..];
        let whole = format!("{}{variables}{auth}{api}{check}", &text[..before]);
        let loaded = catalog::load_sources([("workshop.yaml", whole.as_str())]);
        assert_eq!(loaded.problems, [], "{whole}");
    }
}

/// The example of sources, put into the first example.
#[test]
fn the_sources_in_the_documents_are_right() {
    let page = include_str!("../../../docs/integrations.md");
    let whole = examples(page).next().unwrap();
    let sources = examples(page).find(|text| text.starts_with("sources:")).unwrap();
    let text = whole.replace("sources: [https://developer.acme.com/oauth]\n", sources);
    let loaded = catalog::load_sources([("acme.yaml", text.as_str())]);
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.catalog.get("acme").unwrap().sources[1].fields.len(), 3);
}

/// The first example of the page, and the one that begins like this, as it stands in a way to sign in.
fn documented(start: &str) -> Option<(&'static str, String)> {
    let page = include_str!("../../../docs/integrations.md");
    let mut examples = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let whole = examples.next()?;
    let part = examples.find(|example| example.starts_with(start))?;
    let indented = part.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    Some((whole, indented))
}

#[test]
fn the_odd_token_request_in_the_documents_is_right() {
    let (whole, token) = documented("token:").unwrap();
    let text = whole
        .replace(
            "    token: { url: https://acme.com/oauth/token, client_auth: basic }\n",
            &token,
        )
        .replace("auth:\n", "variables:\n  site: { title: Site }\nauth:\n");
    let loaded = catalog::load_sources([("acme.yaml", text.as_str())]);
    assert_eq!(loaded.problems, []);
    let acme = loaded.catalog.get("acme").unwrap();
    let AuthKind::OAuth2(oauth2) = &acme.auth[0].kind else {
        panic!("no oauth2")
    };
    assert!(oauth2.then.is_some() && oauth2.needs_client_secret());
    assert_eq!(oauth2.refresh.request.body, RequestBody::Json, "as the token request");
    assert_eq!(oauth2.refresh.request.headers.len(), 1);
    assert_eq!(oauth2.revoke.request.body, RequestBody::Form, "as RFC 7009 says");
}

/// The example of what a person types in, in place of the sign-in of the first example.
#[test]
fn the_fields_in_the_documents_are_right() {
    let page = include_str!("../../../docs/integrations.md");
    let example = |start: &str| examples(page).find(|text| text.starts_with(start)).unwrap();
    let (whole, typed) = (example("# yaml-language-server"), example("auth:"));
    let auth = whole.find("auth:").unwrap();
    let base = "api: { base_url: https://api.acme.com }\n";
    let check = &whole[whole.find("check:").unwrap()..];
    let text = format!("{}{typed}{base}{check}", &whole[..auth]);
    let loaded = catalog::load_sources([("acme.yaml", text.as_str())]);
    assert_eq!(loaded.problems, []);
    let kinds: Vec<&str> = loaded
        .catalog
        .get("acme")
        .unwrap()
        .auth
        .iter()
        .map(|way| way.kind.name())
        .collect();
    assert_eq!(kinds, ["api_key", "basic"]);
}

/// The parts of definitions in the documents, each put into the first example: a choice, or a way to sign in.
#[test]
fn the_examples_in_the_documents_are_right() {
    let page = include_str!("../../../docs/integrations.md");
    let mut examples = examples(page);
    let whole = examples.next().unwrap();
    let (before, rest) = whole.split_once("auth:\n").unwrap();
    let api = &rest[rest.find("api:\n").unwrap()..];
    // Each way to sign in has its own header.
    let api = api.replace(
        "  headers: { Authorization: \"Bearer ${credential.access_token}\" }\n",
        "",
    );
    let mut kinds = Vec::new();
    for example in examples {
        let indented = |by: &str| -> String { example.lines().flat_map(|line| [by, line, "\n"]).collect() };
        let text = if example.starts_with("choose:") {
            whole.replace("    setup:", &format!("{}    setup:", indented("    ")))
        } else if example.starts_with("- kind:") {
            format!("{before}auth:\n{}{api}", indented("  "))
        } else {
            continue;
        };
        let loaded = catalog::load_sources([("acme.yaml", text.as_str())]);
        assert_eq!(loaded.problems, [], "{text}");
        let method = &loaded.catalog.iter().next().unwrap().auth[0];
        kinds.push((method.kind.name(), method.choose.is_some()));
    }
    assert_eq!(
        kinds,
        [
            ("oauth1", false),
            ("form", false),
            ("login", false),
            ("oauth2_device", false),
            ("jwt", false),
            ("oauth2", true)
        ]
    );
}

#[test]
fn the_example_in_the_documents_is_right_and_short() {
    let page = include_str!("../../../docs/integrations.md");
    let example = page
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let loaded = catalog::load_sources([("acme.yaml", example)]);
    assert_eq!(loaded.problems, []);
    assert!(example.lines().count() <= 20);
}
