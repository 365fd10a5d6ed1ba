//! Secret keys: what is none costs no query, and without one nothing answers.

use serde_json::Value;
use testkit::TestServer;
use vault::{ApiKey, Environment, ExposeSecret as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_refused_without_the_database() {
    let server = TestServer::builder().behind_link().start().await;
    let ask = async |key: &str| server.api("GET", "/v1/users/flags").key(key).send().await;
    let nobodys = ApiKey::generate(Environment::Test).expose().expose_secret().to_owned();
    assert_eq!(ask(&nobodys).await.problem(401), "unknown_key");
    server.database.link().cut();
    // One character more, less or other than the checksum has.
    let changed = |at: usize| {
        let mut key = nobodys.clone().into_bytes();
        key[at] = if key[at] == b'a' { b'b' } else { b'a' };
        String::from_utf8(key).unwrap()
    };
    for wrong in (13..nobodys.len())
        .map(changed)
        .chain([format!("{nobodys}a"), nobodys[..nobodys.len() - 1].to_owned()])
    {
        assert_eq!(ask(&wrong).await.problem(401), "unknown_key", "{wrong}");
    }
    // A well-formed one has to be looked up.
    ask(&nobodys).await.expect(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_no_documented_call_answers() {
    let server = TestServer::start().await;
    let document: Value = server
        .api("GET", "/openapi.json")
        .no_key()
        .send()
        .await
        .expect(200)
        .json();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let takes_a_key = operation["security"]
                .as_array()
                .is_some_and(|ways| ways.iter().any(|way| way.get("secret").is_some()));
            if !takes_a_key || operation["security"].as_array().unwrap().iter().any(is_open) {
                continue;
            }
            let parts = path.split('/').map(|part| {
                if part.starts_with('{') {
                    "0190a000-0000-7000-8000-000000000000"
                } else {
                    part
                }
            });
            let address = parts.collect::<Vec<_>>().join("/");
            let refused = server.api(&method.to_uppercase(), &address).no_key().send().await;
            assert_eq!(refused.status, 401, "{method} {path}: {}", refused.text);
            asked += 1;
        }
    }
    assert!(asked > 40, "only {asked} calls are documented with a key");
}

/// Whether a way of authorization asks for nothing.
fn is_open(way: &Value) -> bool {
    way.as_object().is_some_and(serde_json::Map::is_empty)
}
