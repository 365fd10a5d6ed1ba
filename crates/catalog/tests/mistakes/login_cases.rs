//! A good definition whose ways to sign in buy or sign tokens, and mistakes in it: a name, what is replaced, and by what.

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
  - kind: login
    title: Log in
    fields: [{ name: user, title: User }, { name: password, title: Password }]
    sign:
      algorithm: RS256
      key: "${credential.password}"
      claims: { iss: "${credential.user}" }
      lifetime: 5m
    requests:
      - post: "https://${variables.site}.acme.test/session"
        headers: { X-Assertion: "${signed.jwt}" }
        json: { user: "${credential.user}", list: ["${variables.site}", 1] }
        keep: { session: "${body.session}" }
      - get: https://api.acme.test/token
        query: { session: "${kept.session}" }
    token: { access_token: /token, expires_at: /ends, lifetime: 1h }
    learn: { home: { from: "${token.home}" } }
    headers: { Authorization: "Bearer ${credential.access_token}" }
  - kind: oauth2_client_credentials
    title: Own app
    token: { url: https://api.acme.test/oauth/token, client_auth: body, params: { audience: api } }
    scopes: [read]
    headers: { Authorization: "Bearer ${credential.access_token}" }
  - kind: jwt
    title: Key
    fields: [{ name: key, title: Key }]
    sign:
      algorithm: HS256
      key: '${part(credential.key, ":", "1")}'
      key_format: hex
      header: { kid: '${part(credential.key, ":", "0")}' }
      claims: { aud: acme }
      lifetime: 5m
    headers: { Authorization: "Acme ${signed.jwt}" }
  - kind: mcp
    title: Tools
    url: https://mcp.acme.test/mcp
    scopes: [tools]
api:
  base_url: https://api.acme.test
"#;

/// Name, from, to.
pub(crate) const CASES: &[(&str, &str, &str)] = &[
    (
        "calls after a log-in",
        "    learn: { home: { from: \"${token.home}\" } }\n    headers: { Auth",
        "    calls: [{ get: \"https://api.acme.test/more\", learn: { shard: { from: \"${body.shard}\" } } }]\n    headers: { Auth",
    ),
    (
        "calls after a sign-in to a server of tools",
        "    url: https://mcp.acme.test/mcp\n",
        "    url: https://mcp.acme.test/mcp\n    calls: [{ get: \"https://api.acme.test/more\" }]\n",
    ),
    (
        "no request",
        "    requests:\n      - post: \"https://${variables.site}.acme.test/session\"\n        headers: { X-Assertion: \"${signed.jwt}\" }\n        json: { user: \"${credential.user}\", list: [\"${variables.site}\", 1] }\n        keep: { session: \"${body.session}\" }\n      - get: https://api.acme.test/token\n        query: { session: \"${kept.session}\" }\n",
        "    requests: []\n",
    ),
    (
        "neither get nor post",
        "- get: https://api.acme.test/token",
        "- headers: {}",
    ),
    (
        "a get with a body",
        "        query: { session: \"${kept.session}\" }",
        "        form: { session: \"${kept.session}\" }",
    ),
    ("two bodies", "        keep:", "        form: { a: b }\n        keep:"),
    (
        "parameters in the address",
        "https://api.acme.test/token\n",
        "https://api.acme.test/token?a=b\n",
    ),
    (
        "a host that a value moves",
        "https://${variables.site}.acme.test/",
        "https://${variables.site}/",
    ),
    (
        "a secret in an address",
        "https://api.acme.test/token\n",
        "\"https://api.acme.test/${credential.user}\"\n",
    ),
    (
        "the app's secret",
        "X-Assertion: \"${signed.jwt}\"",
        "X-Assertion: \"${signed.jwt}${app.client_secret}\"",
    ),
    (
        "a variable that is a secret with another name",
        "user: \"${credential.user}\",",
        "user: \"${variables.username}\",",
    ),
    ("what no request keeps", "${kept.session}", "${kept.sesion}"),
    (
        "a kept value that is no name",
        "keep: { session:",
        "keep: { Session-Id:",
    ),
    (
        "a value that is not learnt yet",
        "iss: \"${credential.user}\"",
        "iss: \"${variables.home}\"",
    ),
    (
        "a field that is used nowhere",
        "{ name: password, title: Password }",
        "{ name: password, title: Password }, { name: spare, title: Spare }",
    ),
    (
        "a token that is sent nowhere",
        "    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n  - kind: oauth2_client",
        "    headers: { X-User: \"${credential.user}\" }\n  - kind: oauth2_client",
    ),
    (
        "what is signed is sent nowhere",
        "headers: { X-Assertion: \"${signed.jwt}\" }",
        "headers: { X-Assertion: a }",
    ),
    (
        "signed in the wrong place",
        "{ session: \"${kept.session}\" }",
        "{ session: \"${kept.session}\", a: \"${signed.jwd}\" }",
    ),
    ("a pointer that is none", "access_token: /token", "access_token: token"),
    ("a lifetime that is none", "lifetime: 1h", "lifetime: an hour"),
    ("a signature that lives too long", "lifetime: 5m", "lifetime: 2d"),
    (
        "a claim that is ours",
        "claims: { aud: acme }",
        "claims: { exp: \"1\" }",
    ),
    ("a header that is ours", "header: { kid:", "header: { alg:"),
    ("a shared key in PEM", "key_format: hex", "key_format: pem"),
    (
        "a private key in hex",
        "      algorithm: HS256",
        "      algorithm: ES256",
    ),
    ("an algorithm that is not known", "algorithm: RS256", "algorithm: none"),
    (
        "a parameter that is ours",
        "params: { audience: api }",
        "params: { grant_type: password }",
    ),
    ("a scope with a space", "scopes: [read]", "scopes: [\"read write\"]"),
    (
        "client authentication that needs no secret",
        "client_auth: body",
        "client_auth: none",
    ),
    (
        "a function with too few arguments",
        "'${part(credential.key, \":\", \"0\")}'",
        "'${part(credential.key)}'",
    ),
    (
        "a scope of a server with a space",
        "scopes: [tools]",
        "scopes: [\"a b\"]",
    ),
    (
        "a server that a value moves",
        "https://mcp.acme.test/mcp",
        "\"https://${variables.site}/mcp\"",
    ),
    ("an id that says OAuth", "kind: jwt\n", "kind: jwt\n    id: oauth_key\n"),
    (
        "a private key of a person's client",
        "client_auth: body",
        "client_auth: private_key_jwt",
    ),
    (
        "an assertion that nobody sends",
        "client_auth: body, params: { audience: api }",
        "client_auth: body, assertion: {}",
    ),
    (
        "a label for what nobody types in",
        "    title: Own app\n",
        "    title: Own app\n    set_by: operator\n    client_id_title: App\n",
    ),
    (
        "a parameter that proves the client",
        "params: { audience: api }",
        "params: { client_assertion: x }",
    ),
    (
        "the client secret of the app in a log-in",
        "json: { user: \"${credential.user}\",",
        "json: { user: \"${app.client_secret}\",",
    ),
];
