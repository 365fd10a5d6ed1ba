//! A good definition whose calls are signed with OAuth 1, and mistakes in it: a name, what is replaced, and by what.

/// It has no mistake.
pub(crate) const GOOD: &str = r#"id: acme
name: Acme
description: Everything for tests.
categories: [development]
docs: https://docs.acme.test
sources: [https://docs.acme.test]
check_off_reason: A test.
variables:
  site: { title: Site }
auth:
  - kind: oauth1
    title: Sign in
    request_token: { url: "https://${variables.site}.acme.test/initiate", params: { scope: read } }
    authorize: { url: "https://${variables.site}.acme.test/authorize", params: { mode: plain } }
    access_token: { url: "https://${variables.site}.acme.test/token", method: get, parameters: query }
    signature: HMAC-SHA256
    realm: "${variables.site}"
    lifetime: 90d
    learn: { user: { from: "${token.user_id}" } }
    calls:
      - get: https://login.acme.test/me
        headers: { X-By: us }
        learn: { region: { from: "${body.region}" } }
      - post: "https://${variables.region}.acme.test/home"
        body: { of: "${variables.user}" }
        learn: { home: { from: "${body.home}" } }
    choose: { get: "https://api.acme.test/sites", id: "${item.id}", name: "${item.name}", learn: { site_id: { from: "${item.id}" } } }
    setup: https://docs.acme.test/apps
    headers: { X-User: "${variables.user}" }
  - kind: form
    title: Enter a token
    fields: [{ name: key, title: Key }, { name: secret, title: Secret }, { name: token, title: Token }, { name: signs, title: Token secret }]
    oauth1:
      signature: PLAINTEXT
      consumer_key: "${credential.key}"
      consumer_secret: "${credential.secret}"
      token: "${credential.token}"
      token_secret: "${credential.signs}"
      parameters: query
  - kind: oauth2
    title: Sign in otherwise
    authorize: { url: https://acme.test/authorize }
    token: { url: https://acme.test/token }
    revoke: { url: https://acme.test/revoke }
    calls: [{ get: "https://login.acme.test/me", learn: { region: { from: "${body.region}" } } }]
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: https://api.acme.test
"#;

/// Name, from, to.
pub(crate) const CASES: &[(&str, &str, &str)] = &[
    (
        "no address",
        "request_token: { url: \"https://${variables.site}.acme.test/initiate\", ",
        "request_token: { ",
    ),
    (
        "parameters in the address",
        "acme.test/initiate\"",
        "acme.test/initiate?a=b\"",
    ),
    (
        "parameters in the address of the page",
        "acme.test/authorize\"",
        "acme.test/authorize?a=b\"",
    ),
    (
        "a parameter of the protocol",
        "params: { scope: read }",
        "params: { oauth_callback: oob }",
    ),
    (
        "another on the page",
        "params: { mode: plain }",
        "params: { oauth_token: x }",
    ),
    (
        "a secret in a parameter",
        "params: { scope: read }",
        "params: { scope: \"${app.client_secret}\" }",
    ),
    (
        "a learnt value before it is there",
        "params: { scope: read }",
        "params: { scope: \"${variables.user}\" }",
    ),
    ("a get with a form", "parameters: query }", "parameters: body }"),
    ("an unknown signature", "signature: HMAC-SHA256", "signature: RSA-SHA1"),
    ("no signature", "    signature: HMAC-SHA256\n", ""),
    (
        "an address without encryption",
        "https://${variables.site}.acme.test/token",
        "http://${variables.site}.acme.test/token",
    ),
    (
        "a realm that breaks out",
        "realm: \"${variables.site}\"",
        "realm: 'a\"b'",
    ),
    (
        "a realm in a query",
        "      parameters: query\n",
        "      parameters: query\n      realm: acme\n",
    ),
    (
        "a realm that is learnt",
        "realm: \"${variables.site}\"",
        "realm: \"${variables.user}\"",
    ),
    ("no lifetime", "lifetime: 90d", "lifetime: forever"),
    (
        "the signature has the header to itself",
        "headers: { X-User: \"${variables.user}\" }",
        "headers: { authorization: Basic }",
    ),
    (
        "and its parameters",
        "    headers: { X-User: \"${variables.user}\" }",
        "    query: { oauth_token: \"${variables.user}\" }",
    ),
    (
        "its token is sent by itself",
        "headers: { X-User: \"${variables.user}\" }",
        "headers: { X-User: \"${credential.oauth_token}\" }",
    ),
    (
        "an id that says something else",
        "  - kind: oauth1\n",
        "  - kind: oauth1\n    id: sign\n",
    ),
    ("half of a token", "      token_secret: \"${credential.signs}\"\n", ""),
    (
        "a field that signs nothing",
        "consumer_secret: \"${credential.secret}\"",
        "consumer_secret: \"${credential.key}\"",
    ),
    (
        "a field that is none",
        "consumer_key: \"${credential.key}\"",
        "consumer_key: \"${credential.kye}\"",
    ),
    (
        "a body for calls",
        "      parameters: query\n",
        "      parameters: body\n",
    ),
    ("an unknown part", "      parameters: query\n", "      place: query\n"),
    (
        "a call that learns nothing",
        "        learn: { home: { from: \"${body.home}\" } }\n",
        "        learn: {}\n",
    ),
    (
        "a call that is none",
        "      - get: https://login.acme.test/me\n",
        "      - ok: /ok\n",
    ),
    (
        "a get with a body",
        "- post: \"https://${variables.region}",
        "- get: \"https://${variables.region}",
    ),
    (
        "an address that the call itself learns",
        "https://${variables.region}.acme.test/home",
        "https://${variables.home}.acme.test/home",
    ),
    (
        "a header that a later call learns",
        "X-By: us",
        "X-By: \"${variables.home}\"",
    ),
    (
        "a header that the choice sets",
        "X-By: us",
        "X-By: \"${variables.site_id}\"",
    ),
    (
        "something else than the answer",
        "from: \"${body.region}\" } }\n      - post",
        "from: \"${token.region}\" } }\n      - post",
    ),
    ("a name that is learnt twice", "learn: { home:", "learn: { region:"),
    ("a name that the sign-in learns too", "learn: { home:", "learn: { user:"),
    (
        "a revocation that needs a call",
        "revoke: { url: https://acme.test/revoke }",
        "revoke: { url: \"https://${variables.region}.acme.test/revoke\" }",
    ),
];
