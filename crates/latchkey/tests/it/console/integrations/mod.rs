//! The catalogue, apps and definitions.

mod apps;
mod catalogue;
mod connecting;
mod definitions;

use testkit::{Account, Consent};

const ANN: Consent = Consent::Allow(Account::Ann);

const SECRET: &str = "GOCSPX-never-shown";

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

fn rows(page: &str) -> Vec<String> {
    let parts = page.split("<tr id=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

/// The value of an input.
fn value(page: &str, name: &str) -> String {
    let part = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    part.unwrap_or_else(|| panic!("no {name} in {page}"))
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}
