//! The definitions in the repository have no mistake, and the committed schema is that of the code.

use std::path::{Path, PathBuf};

use catalog::{AuthKind, Endpoints, Inputs, Pkce, Slot};
use secrecy::ExposeSecret as _;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations")
}

fn schema_text() -> String {
    format!("{:#}\n", catalog::json_schema())
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
fn what_waits_in_drafts_is_well_formed_and_not_shipped() {
    let drafts = Path::new(env!("CARGO_MANIFEST_DIR")).join("drafts");
    let waiting = catalog::load_directory(&drafts).unwrap();
    let problems: Vec<String> = waiting.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new());
    let shipped = catalog::load_directory(&directory()).unwrap();
    for integration in waiting.catalog.iter() {
        let id = integration.id.as_str();
        assert!(
            shipped.catalog.iter().all(|other| other.id.as_str() != id),
            "{id} is shipped: take it out of crates/catalog/drafts"
        );
    }
}

#[test]
fn every_file_is_named_by_its_id_and_names_the_schema() {
    let loaded = catalog::load_directory(&directory()).unwrap();
    for integration in loaded.catalog.iter() {
        let file = directory().join(format!("{}.yaml", integration.id.as_str()));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=./schema.json\n"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_committed_schema_is_that_of_the_code() {
    let committed = std::fs::read_to_string(directory().join("schema.json")).unwrap_or_default();
    assert!(
        committed == schema_text(),
        "integrations/schema.json is old: run `cargo test -p latchkey-catalog --test shipped -- --ignored write_the_schema`"
    );
}

#[test]
#[ignore = "writes integrations/schema.json"]
fn write_the_schema() {
    std::fs::write(directory().join("schema.json"), schema_text()).unwrap();
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
        authorize.render(&inputs).unwrap().as_str(),
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

/// The parts of definitions in the documents, each put into the first example: a choice, or a way to sign in.
#[test]
fn the_examples_in_the_documents_are_right() {
    let page = include_str!("../../../docs/integrations.md");
    let mut examples = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
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
            example.to_owned()
        };
        let loaded = catalog::load_sources([("acme.yaml", text.as_str())]);
        assert_eq!(loaded.problems, [], "{text}");
        let method = &loaded.catalog.iter().next().unwrap().auth[0];
        kinds.push((method.kind.name(), method.choose.is_some()));
    }
    assert_eq!(kinds, [("login", false), ("jwt", false), ("oauth2", true)]);
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
