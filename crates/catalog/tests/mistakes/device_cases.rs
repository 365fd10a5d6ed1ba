//! A good definition where a code is entered, and mistakes in it: a name, what is replaced, and by what.

/// It has no mistake.
pub(crate) const GOOD: &str = r#"id: acme
name: Acme
description: Everything for tests.
categories: [development]
docs: https://docs.acme.test
sources: [https://docs.acme.test]
variables:
  site: { title: Site }
auth:
  - kind: oauth2_device
    title: Sign in with a code
    device:
      url: "https://${variables.site}.acme.test/device"
      client_auth: none
      params: { audience: api }
    token:
      url: "https://${variables.site}.acme.test/token"
      client_auth: body
      params: { tenant: "${variables.site}" }
      then: { url: https://acme.test/long, params: { short: "${token.access_token}" } }
    refresh: { supported: true }
    scopes: { default: [read] }
    learn: { home: { from: "${token.home}" } }
    headers: { Authorization: "Bearer ${credential.access_token}" }
  - kind: oauth2_device
    id: oauth2_issuer
    title: Sign in to the issuer
    discover: { issuer: https://id.acme.test }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: https://api.acme.test
"#;

/// Name, from, to.
pub(crate) const CASES: &[(&str, &str, &str)] = &[
    (
        "calls after a code",
        "    refresh: { supported: true }\n",
        "    calls: [{ get: \"https://api.acme.test/more\", learn: { shard: { from: \"${body.shard}\" } } }]\n",
    ),
    (
        "no address",
        "      url: \"https://${variables.site}.acme.test/device\"\n",
        "",
    ),
    (
        "no token address",
        "      url: \"https://${variables.site}.acme.test/token\"\n",
        "",
    ),
    (
        "parameters in the address",
        "acme.test/device\"",
        "acme.test/device?a=b\"",
    ),
    (
        "both addresses and an issuer",
        "    discover: { issuer: https://id.acme.test }",
        "    discover: { issuer: https://id.acme.test }\n    device: { url: https://id.acme.test/device }",
    ),
    (
        "an authorization endpoint",
        "    refresh: { supported: true }",
        "    authorize: { url: https://acme.test/authorize }",
    ),
    ("PKCE", "    refresh: { supported: true }", "    pkce: \"off\""),
    (
        "a callback",
        "    refresh: { supported: true }",
        "    callback: { state: ticket }",
    ),
    (
        "an unknown key of the request",
        "      params: { audience: api }",
        "      parameters: { audience: api }",
    ),
    (
        "a parameter of the request itself",
        "{ audience: api }",
        "{ scope: read, client_secret: x }",
    ),
    (
        "the scopes under another name",
        "    scopes: { default: [read] }",
        "    scopes: { default: [read], parameter: audience }",
    ),
    ("a number in a form", "{ audience: api }", "{ audience: 1 }"),
    (
        "a redirect address at refresh",
        "{ supported: true }",
        "{ redirect_uri: true, omit: [redirect_uri] }",
    ),
    (
        "names of what is not sent",
        "      client_auth: body",
        "      client_auth: body\n      names: { redirect_uri: to, code_verifier: proof }\n      omit: [redirect_uri]",
    ),
    (
        "two parameters of one name",
        "      client_auth: body",
        "      client_auth: body\n      names: { code: client_id }",
    ),
    (
        "a value of a callback",
        "{ tenant: \"${variables.site}\" }",
        "{ tenant: \"${query.tenant}\" }",
    ),
    (
        "a value of a callback in the second exchange",
        "{ short: \"${token.access_token}\" }",
        "{ short: \"${query.short}\" }",
    ),
    ("a value learnt from a callback", "${token.home}", "${query.home}"),
    (
        "scopes that are not escaped",
        "{ default: [read] }",
        "{ default: [read], unescaped: true }",
    ),
    (
        "the secret in a header that proves nothing",
        "      client_auth: none",
        "      client_auth: header\n      headers: { X-App: acme }",
    ),
    ("an id of something else", "id: oauth2_issuer", "id: device"),
];
