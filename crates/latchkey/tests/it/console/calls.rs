//! The API calls that stand on pages: each is one that the API's description has.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use store::Role;
use testkit::{Account, Consent, TestServer};

use super::{home, operator};

/// The calls on a page: the method and the path, without its query.
fn calls(page: &str, origin: &str) -> Vec<(String, String)> {
    let parts = page.split("curl ").skip(1);
    let call = |part: &str| {
        let (method, rest) = match part.strip_prefix("-X ") {
            Some(rest) => rest.split_once(' ')?,
            None => ("GET", part),
        };
        let rest = rest.trim_start_matches("&#39;").strip_prefix(origin)?;
        let end = rest.find([' ', '?', '&', '<', '\n']).unwrap_or(rest.len());
        Some((method.to_lowercase(), rest[..end].to_owned()))
    };
    parts.filter_map(call).collect()
}

/// Whether a path is one of a description, where each `{…}` is one segment.
fn is_described(document: &Value, method: &str, path: &str) -> bool {
    let fits = |pattern: &str| {
        let (ours, theirs): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .all(|(ours, theirs)| ours.starts_with('{') || *ours == theirs)
    };
    let mut paths = document["paths"].as_object().unwrap().iter();
    paths.any(|(pattern, item)| fits(pattern) && item.get(method).is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_name_calls_that_there_are() {
    let server = TestServer::start().await;
    server.connect("u-42", Consent::Allow(Account::Ann)).await;
    server.session(&json!({ "identity": "u-42" })).await;
    let document = server.api("GET", "/openapi.json").send().await.expect(200).json();
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let place = home(&server);
    let session = server.api("GET", "/v1/sessions").send().await.expect(200).json();
    let session = format!("sessions/{}", session["rows"][0]["id"].as_str().unwrap());
    let mut named = BTreeSet::new();
    for page in [
        "identities",
        "sessions",
        &session,
        "embedders",
        "links",
        "requests",
        "keys",
        "webhooks",
        "team",
        "branding",
        "projects/settings",
        "projects/delete",
        "integrations",
        "integrations/sandbox",
    ] {
        let text = owner.get(&format!("{place}/{page}")).await.expect(200).text;
        for (method, path) in calls(&text, &server.url) {
            assert!(is_described(&document, &method, &path), "{method} {path} on {page}");
            named.insert(format!(
                "{method} {}",
                path.replace(&server.project.id.to_string(), "ID")
            ));
        }
    }
    for call in [
        "get /v1/identities",
        "get /v1/sessions",
        "get /v1/embedders",
        "get /v1/integrations",
        "get /v1/integrations/sandbox",
        "patch /v1/integrations/sandbox",
        "patch /v1/projects/ID",
        "post /v1/projects/ID/origins",
    ] {
        assert!(named.contains(call), "{call} in {named:#?}");
    }
    assert!(
        named.iter().any(|call| call.starts_with("get /v1/sessions/")),
        "{named:#?}"
    );
}
