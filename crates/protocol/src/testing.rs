//! Definitions and clients for tests.

use std::sync::Arc;

use catalog::{AuthKind, Integration, OAuth2};
use wiremock::MockServer;

use crate::{Egress, EgressPolicy, Protocol};

/// The service that a test speaks to, with an OAuth sign-in, two API-key sign-ins and a check.
pub(crate) const SERVICE: &str = r#"
id: service
name: Service
description: A service for tests.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  site: { title: Site, pattern: "[a-z]+", default: main }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${instance.public_url}/authorize", params: { prompt: consent, site: "${variables.site}" } }
    token: { url: "${instance.sandbox_url}/token", client_auth: CLIENT_AUTH, params: { audience: "${variables.site}" } }
    refresh: { lifetime: 2h, params: { again: "yes" } }
    revoke: { url: "${instance.sandbox_url}/revoke" }
    scopes: { default: [read, write], required: [offline], separator: "," }
    learn:
      tenant: { from: "${token.tenant}", pattern: "[a-z]+" }
      region: { from: "${query.region}", pattern: "[a-z]{2}" }
    headers: { Authorization: "Bearer ${credential.access_token}" }
  - kind: api_key
    title: Key
    fields: [{ name: api_key, title: Key }]
    headers: { X-Api-Key: "${credential.api_key}" }
  - kind: api_key
    id: pair
    title: Pair
    fields: [{ name: user, title: User }, { name: password, title: Password }]
    headers: { Authorization: 'Basic ${base64(credential.user ":" credential.password)}' }
    query: { user: "${credential.user}" }
api:
  base_url: "${instance.sandbox_url}/api"
  headers: { Service-Version: "2026-01-01" }
  query: { style: plain }
check:
  get: /me
  ok: /ok
  account: { id: "${body.id}", name: "${first(body.name, body.email)}" }
"#;

/// Reads one definition, which must be right.
pub(crate) fn definition(yaml: &str) -> Arc<Integration> {
    let loaded = catalog::load_sources([("service.yaml", yaml)]);
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    Arc::clone(loaded.catalog.iter().next().unwrap())
}

/// [`SERVICE`] with a client authentication.
pub(crate) fn service(client_auth: &str) -> Arc<Integration> {
    definition(&SERVICE.replace("CLIENT_AUTH", client_auth))
}

/// The first sign-in of a definition.
pub(crate) fn oauth2(integration: &Integration) -> &OAuth2 {
    match &integration.auth[0].kind {
        AuthKind::OAuth2(method) => method,
        AuthKind::OAuth1(_) | AuthKind::ApiKey(_) => panic!("the first sign-in is not OAuth 2"),
    }
}

/// A client that may call one stub.
pub(crate) fn protocol(server: &MockServer) -> Protocol {
    let allow = vec![server.uri().parse().unwrap()];
    Protocol::new(
        Egress::new(EgressPolicy {
            allow,
            ..EgressPolicy::default()
        })
        .unwrap(),
    )
}

/// A service with one OAuth sign-in, whose lines are given.
pub(crate) fn signing_in(lines: &str) -> Arc<Integration> {
    let head = SERVICE.split("    title: Sign in\n").next().unwrap();
    let tail = "api:\n  base_url: \"${instance.sandbox_url}/api\"\n";
    let header = "    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n";
    let lines: String = lines.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    definition(&format!("{head}    title: Sign in\n{lines}{header}{tail}"))
}
