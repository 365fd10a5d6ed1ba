//! Mistakes in what a person types in, and in the check.

/// A definition without a mistake, which each case below spoils.
pub(crate) const GOOD: &str = r#"id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example/api
sources: [https://docs.acme.example/keys]
variables:
  application: { title: Application, pattern: "[A-Z0-9]{10}" }
  region: { title: Region, type: choice, choices: [{ value: "https://api.acme.example" }, { value: "https://api.acme.eu" }], other: origin }
  team: { title: Team, optional: true }
  path: { title: Path, type: path, default: /me }
auth:
  - kind: api_key
    title: Enter a key
    fields:
      - { name: key, title: Key }
      - { name: account, title: Account, secret: false, pattern: "AC[0-9]{4}" }
      - { name: header, title: Header, secret: false, default: X-Key }
    headers: { "${variables.header}": "${credential.key}", X-Team: "${variables.team}" }
    check:
      post: /accounts/${variables.account}
      body: { key: "${credential.key}" }
      expect: { /type: known, /error: { present: false } }
      account: { id: "${body.id}", required: true }
  - kind: basic
    title: Enter a password
    username: { title: Email, type: email }
  - kind: form
    title: Enter both
    fields:
      - { name: plan, title: Plan, type: choice, choices: [{ value: free }, { value: paid }], secret: false }
      - { name: seats, title: Seats, type: number, secret: false, default: "1" }
      - { name: pem, title: Private key, type: multiline, optional: true }
    query: { plan: "${variables.plan}", seats: "${variables.seats}", pem: "${credential.pem}" }
  - kind: none
    title: Connect
    check: { get: "${variables.path}" }
api:
  base_url: https://${lower(variables.application)}.acme.example/v1
  hosts: [files.acme.example, .index.acme.example]
check:
  get: /me
"#;

/// What is replaced by what.
pub(crate) const CASES: &[(&str, &str, &str)] = &[
    (
        "a key that is none",
        "{ name: key, title: Key }",
        "{ name: key, title: Key, secret: false }",
    ),
    ("no secret in a key", "      - { name: key, title: Key }\n", ""),
    (
        "a form without fields",
        "  - kind: none\n    title: Connect\n",
        "  - kind: form\n    title: Connect\n    id: other\n    fields: []\n",
    ),
    (
        "fields of user name and password",
        "    username: { title: Email, type: email }",
        "    fields: [{ name: a, title: A }]",
    ),
    (
        "a user name of a wrong type",
        "username: { title: Email, type: email }",
        "username: { title: Email, type: choice }",
    ),
    (
        "a password of a wrong type",
        "username: { title: Email, type: email }",
        "password: { type: email }",
    ),
    (
        "an operator's variable that is named like a secret",
        "application: { title: Application, pattern",
        "app_token: { title: Application, set_by: operator, pattern",
    ),
    (
        "a person's variable that is named like a secret",
        "application: { title: Application, pattern",
        "password: { title: Application, pattern",
    ),
    (
        "a person's variable that is a secret",
        "application: { title: Application, pattern",
        "application: { title: Application, secret: true, pattern",
    ),
    (
        "a secret that is an address",
        "path: { title: Path, type: path, default: /me }",
        "path: { title: Path, type: path, default: /me }\n  other: { title: Other, type: origin, set_by: operator, secret: true }",
    ),
    (
        "an operator's secret with a default",
        "team: { title: Team, optional: true }",
        "team: { title: Team, set_by: operator, secret: true, default: us, pattern: \"[a-z]+\" }",
    ),
    (
        "an operator's secret in an address",
        "application: { title: Application, pattern",
        "application: { title: Application, set_by: operator, secret: true, pattern",
    ),
    (
        "fields of nothing",
        "    title: Connect\n",
        "    title: Connect\n    fields: []\n",
    ),
    (
        "a secret with a default",
        "{ name: key, title: Key }",
        "{ name: key, title: Key, default: x }",
    ),
    (
        "a secret choice",
        "{ name: key, title: Key }",
        "{ name: key, title: Key, type: choice, choices: [{ value: a }] }",
    ),
    (
        "a plain field named as a secret",
        "X-Team: \"${variables.team}\"",
        "X-Team: \"${credential.account}\"",
    ),
    (
        "a secret named as a plain field",
        "X-Team: \"${variables.team}\"",
        "X-Team: \"${variables.key}\"",
    ),
    (
        "a field named as a variable",
        "{ name: account, title: Account,",
        "{ name: team, title: Account,",
    ),
    (
        "a field that stands twice",
        "{ name: account, title: Account,",
        "{ name: key, title: Account,",
    ),
    (
        "a field of another way to sign in",
        "  base_url: https://${lower(variables.application)}",
        "  headers: { X-Account: \"${variables.account}\" }\n  base_url: https://${lower(variables.application)}",
    ),
    (
        "a field of another way in a check",
        "check: { get: \"${variables.path}\" }",
        "check: { get: \"/${variables.account}\" }",
    ),
    (
        "a field of one way in the check of all",
        "  get: /me\n",
        "  get: /me/${variables.account}\n",
    ),
    (
        "optional with a default",
        "default: \"1\" }",
        "default: \"1\", optional: true }",
    ),
    ("a default that is no number", "default: \"1\" }", "default: one }"),
    (
        "an optional value in the host",
        "${lower(variables.application)}",
        "${lower(variables.team)}",
    ),
    (
        "an optional value in a path",
        "post: /accounts/${variables.account}",
        "post: /accounts/${variables.team}",
    ),
    (
        "an optional value in the name of a header",
        "\"${variables.header}\": \"${credential.key}\"",
        "\"${variables.team}\": \"${credential.key}\"",
    ),
    (
        "a secret in the name of a header",
        "\"${variables.header}\": \"${credential.key}\"",
        "\"X-${credential.key}\": \"${credential.key}\"",
    ),
    ("a header name that cannot be", "default: X-Key }", "default: X Key }"),
    (
        "a header of the connection by default",
        "default: X-Key }",
        "default: Host }",
    ),
    (
        "a header name around an input",
        "\"${variables.header}\"",
        "\"X ${variables.header}\"",
    ),
    (
        "a choice that is no header",
        "{ name: header, title: Header, secret: false, default: X-Key }",
        "{ name: header, title: Header, secret: false, type: choice, choices: [{ value: X-Key }, { value: Cookie }] }",
    ),
    (
        "something else than choices where there are none",
        "{ title: Team, optional: true }",
        "{ title: Team, optional: true, other: url }",
    ),
    (
        "choices that are no origins as one",
        "    query: { plan:",
        "    check: { get: \"${variables.plan}/me\" }\n    query: { plan:",
    ),
    (
        "another address inside a host",
        "${lower(variables.application)}",
        "${variables.region}",
    ),
    (
        "upper case in a host",
        "${lower(variables.application)}",
        "${upper(variables.application)}",
    ),
    (
        "a path inside a path",
        "get: \"${variables.path}\"",
        "get: \"/v1${variables.path}\"",
    ),
    (
        "a path as an address",
        "https://${lower(variables.application)}.acme.example/v1",
        "\"${variables.path}\"",
    ),
    (
        "a check at a host that the person names",
        "get: \"${variables.path}\"",
        "get: \"${variables.region}/me\"",
    ),
    (
        "a check without a call",
        "      post: /accounts/${variables.account}\n",
        "",
    ),
    (
        "a check with two bodies",
        "      body: { key: \"${credential.key}\" }\n",
        "      body: null\n      form: { a: b }\n",
    ),
    (
        "a body of a get",
        "      post: /accounts/${variables.account}\n",
        "      get: /accounts/${variables.account}\n",
    ),
    (
        "a mistake deep in a body",
        "body: { key: \"${credential.key}\" }",
        "body: { a: [{ b: \"${credential.kye}\" }] }",
    ),
    ("an expectation without a pointer", "/type: known", "type: known"),
    ("an expectation that says nothing", "/type: known", "/type: [known]"),
    ("an expectation of null", "/type: known", "/type: null"),
    (
        "an expectation with a wrong word",
        "/error: { present: false }",
        "/error: { absent: true }",
    ),
    (
        "an expectation that stands twice",
        "      expect: { /type: known,",
        "      ok: /type\n      expect: { /type: known,",
    ),
    (
        "a required account without an id",
        "account: { id: \"${body.id}\", required: true }",
        "account: { name: \"${body.id}\", required: true }",
    ),
    (
        "a header of the connection in a check",
        "      expect: {",
        "      headers: { Host: evil.test }\n      expect: {",
    ),
    (
        "a host that is none",
        "hosts: [files.acme.example,",
        "hosts: [\"https://files.acme.example\",",
    ),
    (
        "a host that is every one",
        "hosts: [files.acme.example,",
        "hosts: [\".example\",",
    ),
    ("a secret that is sent nowhere", "pem: \"${credential.pem}\"", "pem: x"),
    (
        "an id of OAuth for a key",
        "    title: Enter a password\n",
        "    title: Enter a password\n    id: oauth_basic\n",
    ),
    (
        "two ways with one id",
        "    title: Enter a password\n",
        "    title: Enter a password\n    id: form\n",
    ),
];
