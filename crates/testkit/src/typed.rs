//! Definitions of the odd provider whose values a person types in.

/// A definition `odd-typed`: several fields, a user name and password, or nothing, each with a check of its own.
pub(crate) fn typed_definition() -> (&'static str, &'static str) {
    (
        "odd-typed.yaml",
        r#"
id: odd-typed
name: Odd typed
description: A provider for tests, with forms.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: form
    title: Enter an account
    fields:
      - { name: account, title: Account, secret: false, pattern: "AC[0-9]{4}", placeholder: AC0000 }
      - { name: token, title: Token }
      - { name: region, title: Region, type: choice, choices: [{ value: eu, label: Europe }, { value: us }], secret: false, default: eu }
      - { name: seat, title: Seat, type: number, secret: false, optional: true }
    headers:
      Authorization: 'Basic ${base64(variables.account "/token:" credential.token)}'
      X-Seat: "${variables.seat}"
    query: { region: "${variables.region}" }
    check:
      get: /accounts/${variables.account}
      expect: { /type: known }
      account: { id: "${body.id}", name: "${body.name}", required: true }
  - kind: basic
    title: Enter a password
    username: { title: Email, type: email }
    check: { get: "/users/${variables.username}", account: { id: "${body.id}" } }
  - kind: none
    title: Connect without signing in
    check: { get: /status }
api:
  base_url: "${variables.base}/api"
"#,
    )
}
