//! The table of mistakes.

/// A definition without a mistake, which each case below spoils.
pub(crate) const GOOD: &str = r#"id: acme
name: Acme
description: Makes everything.
categories: [tools]
aliases: [coyote]
docs: https://docs.acme.example/api
logo: acme
sources: [https://docs.acme.example/oauth]
variables:
  domain: { title: Your domain, placeholder: my-company }
  site: { title: Your site, type: origin, default: "https://acme.example" }
  region: { title: Region, type: choice, choices: [{ value: eu, label: Europe }, { value: us }, { value: Asia/East }], default: eu }
auth:
  - kind: oauth2
    title: Sign in with Acme
    authorize:
      url: https://${variables.domain}.acme.example/authorize
      params: { prompt: consent }
    token: { url: "https://${variables.domain}.acme.example/token", client_auth: body }
    revoke: { url: "https://${variables.domain}.acme.example/revoke" }
    refresh: { lifetime: 2h }
    scopes:
      default: [read]
      known: { read: Read your things }
    learn:
      origin: { from: "${token.origin}", type: origin, hosts: [.acme.example] }
    setup: https://docs.acme.example/apps
api:
  base_url: "${variables.origin}"
  headers: { Authorization: "Bearer ${credential.access_token}" }
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
actions:
  - { id: list-things, title: List things, method: GET, path: "/things/{{kind}}", tags: [things], knowledge: Lists things. }
"#;

const API_KEY: &str = r#"
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
    headers: { X-Key: "${credential.key}" }
api:"#;

/// What is replaced by what.
pub(crate) const CASES: &[(&str, &str, &str)] = &[
    ("unknown key", "    authorize:\n", "    authorise:\n"),
    (
        "unknown key of a variable",
        "title: Your domain,",
        "titel: Your domain,",
    ),
    ("missing key", "name: Acme\n", ""),
    (
        "a pattern of which nothing can be part of a host",
        "placeholder: my-company }",
        "placeholder: my-company, pattern: \"[A-Z]{2,9}|[a-z]+_[a-z]+\" }",
    ),
    (
        "a placeholder that cannot be part of a host",
        "placeholder: my-company }",
        "placeholder: My Company, pattern: \"[A-Za-z -]+\" }",
    ),
    (
        "the person chooses where the client secret goes",
        "url: \"https://${variables.domain}.acme.example/token\"",
        "url: \"${variables.site}/token\"",
    ),
    ("wrong type", "name: Acme\n", "name: [Acme]\n"),
    ("a number for a text", "default: eu", "default: 3"),
    ("a text for a list", "aliases: [coyote]", "aliases: coyote"),
    ("a key twice", "name: Acme\n", "name: Acme\nname: Other\n"),
    ("no YAML", "name: Acme\n", "name: [Acme\n"),
    ("an alias", "name: Acme\n", "name: &n Acme\nlogo: *n\n"),
    ("a merge key", "name: Acme\n", "<<: { name: Acme }\n"),
    ("a tag", "name: Acme\n", "name: !shell Acme\n"),
    ("two documents", "name: Acme\n", "name: Acme\n---\nname: B\n"),
    ("unknown kind", "kind: oauth2", "kind: oauth"),
    (
        "no kind",
        "kind: oauth2\n    title: Sign in with Acme",
        "title: Sign in with Acme",
    ),
    ("wrong word", "client_auth: body", "client_auth: Body"),
    ("bad id", "id: acme", "id: Acme Inc"),
    ("empty name", "name: Acme\n", "name: ''\n"),
    ("an alias twice", "aliases: [coyote]", "aliases: [coyote, coyote]"),
    ("docs over http", "docs: https:", "docs: http:"),
    (
        "docs as a script",
        "docs: https://docs.acme.example/api",
        "docs: 'javascript:alert(1)'",
    ),
    (
        "no sources",
        "sources: [https://docs.acme.example/oauth]",
        "sources: []",
    ),
    ("sources left out", "sources: [https://docs.acme.example/oauth]\n", ""),
    ("no environment", "logo: acme\n", "logo: acme\nenvironments: []\n"),
    (
        "unknown environment",
        "logo: acme\n",
        "logo: acme\nenvironments: [live, prod]\n",
    ),
    ("bad name of a variable", "  domain: {", "  Domain: {"),
    (
        "bad pattern",
        "title: Your domain,",
        "title: Your domain, pattern: '[a-z',",
    ),
    (
        "a huge pattern",
        "title: Your domain,",
        "title: Your domain, pattern: '(\\w{1,500}){500}',",
    ),
    (
        "a pattern with look-around",
        "title: Your domain,",
        "title: Your domain, pattern: '(?=a)a',",
    ),
    (
        "default against the pattern",
        "title: Your domain,",
        "title: Your domain, default: a.b,",
    ),
    ("default is no choice", "default: eu", "default: asia"),
    (
        "a choice that is no part of a host",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variables.region}.acme.example/authorize",
    ),
    (
        "no choices",
        "choices: [{ value: eu, label: Europe }, { value: us }, { value: Asia/East }], default: eu",
        "choices: []",
    ),
    ("pattern of a choice", "type: choice,", "type: choice, pattern: a,"),
    (
        "unknown variable",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variables.domian}.acme.example/authorize",
    ),
    (
        "unknown namespace",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variable.domain}.acme.example/authorize",
    ),
    (
        "unknown function",
        "Bearer ${credential.access_token}",
        "Basic ${bas64(credential.access_token)}",
    ),
    (
        "an open template",
        "Bearer ${credential.access_token}",
        "Bearer ${credential.access_token",
    ),
    (
        "logic",
        "Bearer ${credential.access_token}",
        "Bearer ${credential.access_token or 1}",
    ),
    (
        "unknown field of the credential",
        "${credential.access_token}",
        "${credential.acces_token}",
    ),
    (
        "host moved",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variables.domain}/authorize",
    ),
    (
        "host moved by a suffix without a dot",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variables.domain}acme.example/authorize",
    ),
    (
        "http",
        "https://${variables.domain}.acme.example/authorize",
        "http://${variables.domain}.acme.example/authorize",
    ),
    (
        "a variable that is not declared, and none like it",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variables.workspace}.acme.example/authorize",
    ),
    (
        "a name that is longer than the declared one",
        "https://${variables.domain}.acme.example/authorize",
        "https://${variables.domain_name}.acme.example/authorize",
    ),
    (
        "braces without a dollar in a host",
        "https://${variables.domain}.acme.example/authorize",
        "https://{subdomain}.acme.example/authorize",
    ),
    ("braces without a dollar in a path", "get: /me", "get: \"/users/{id}\""),
    ("a check that is neither a path nor an address", "get: /me", "get: me"),
    ("a slash in an input", "${body.id}", "${body.user/id}"),
    (
        "a token by the name that it has in the answer",
        "Bearer ${credential.access_token}",
        "Bearer ${token.token}",
    ),
    (
        "an optional variable in a host",
        "placeholder: my-company }",
        "placeholder: my-company, optional: true }",
    ),
    (
        "a service of one's own machine",
        "https://${variables.domain}.acme.example/authorize",
        "https://localhost/authorize",
    ),
    (
        "a port",
        "https://${variables.domain}.acme.example/authorize",
        "https://acme.example:8443/authorize",
    ),
    (
        "an IP address",
        "https://${variables.domain}.acme.example/authorize",
        "https://127.0.0.1/authorize",
    ),
    (
        "parameters in the address",
        ".acme.example/authorize",
        ".acme.example/authorize?state=1",
    ),
    (
        "a text as a whole origin",
        "\"${variables.origin}\"",
        "\"${variables.domain}\"",
    ),
    (
        "a base address with parameters",
        "\"${variables.origin}\"",
        "https://acme.example/?v=1",
    ),
    (
        "a learnt value before there is one",
        "https://${variables.domain}.acme.example/authorize",
        "${variables.origin}/authorize",
    ),
    (
        "discovered without discover",
        "\"${variables.origin}\"",
        "\"${discovered.userinfo_endpoint}\"",
    ),
    (
        "a secret in an address",
        "https://${variables.domain}.acme.example/authorize",
        "https://acme.example/${app.client_secret}",
    ),
    (
        "a secret in the base address",
        "\"${variables.origin}\"",
        "\"https://acme.example/${credential.access_token}\"",
    ),
    (
        "a secret in the authorization request",
        "prompt: consent",
        "hint: \"${app.client_secret}\"",
    ),
    (
        "a credential in the authorization request",
        "prompt: consent",
        "hint: \"${credential.access_token}\"",
    ),
    ("a reserved parameter", "prompt: consent", "state: abc"),
    ("response mode", "prompt: consent", "response_mode: form_post"),
    (
        "a reserved parameter of the token request",
        "client_auth: body",
        "client_auth: body, params: { grant_type: x }",
    ),
    (
        "no token address",
        "token: { url: \"https://${variables.domain}.acme.example/token\", client_auth: body }",
        "token: { client_auth: body }",
    ),
    (
        "both discover and addresses",
        "    refresh: { lifetime: 2h }",
        "    discover: { issuer: https://id.acme.example }",
    ),
    (
        "PKCE off without a reason",
        "    refresh: { lifetime: 2h }",
        "    pkce: off",
    ),
    (
        "a reason without PKCE off",
        "    refresh: { lifetime: 2h }",
        "    pkce_off_reason: Old.",
    ),
    ("a bad lifetime", "lifetime: 2h", "lifetime: 2 hours"),
    ("two scopes in one", "default: [read]", "default: [read write]"),
    ("a scope twice", "default: [read]", "default: [read, read]"),
    ("a learnt name that is a variable", "      origin: {", "      domain: {"),
    ("learnt from the wrong place", "${token.origin}", "${body.origin}"),
    ("nothing learnt", "${token.origin}", "https://acme.example"),
    ("a learnt origin without hosts", ", hosts: [.acme.example]", ""),
    (
        "a learnt origin of any company",
        "hosts: [.acme.example]",
        "hosts: [.com]",
    ),
    (
        "the credential is sent nowhere",
        "  headers: { Authorization: \"Bearer ${credential.access_token}\" }\n",
        "",
    ),
    ("no header name", "{ Authorization:", "{ 'Author ization':"),
    (
        "a header of the connection",
        "{ Authorization:",
        "{ Host: acme.example, Authorization:",
    ),
    (
        "a header twice",
        "{ Authorization:",
        "{ authorization: x, Authorization:",
    ),
    ("a line break in a header", "\"Bearer ${", "\"Bearer\\n${"),
    ("a header that one way to sign in cannot fill", "\napi:", API_KEY),
    (
        "the same id twice",
        "\napi:",
        "\n  - kind: oauth2\n    title: Again\n    discover: { issuer: https://id.acme.example }\napi:",
    ),
    (
        "an empty key form",
        "\napi:",
        "\n  - kind: api_key\n    title: Key\n    fields: []\napi:",
    ),
    ("check without a method", "  get: /me\n", ""),
    ("check with two methods", "  get: /me\n", "  get: /me\n  post: /me\n"),
    ("a body for get", "  get: /me\n", "  get: /me\n  body: { a: 1 }\n"),
    ("a path that climbs", "get: /me", "get: /../me"),
    ("a path that is a host", "get: /me", "get: //evil.example/me"),
    ("a check elsewhere over http", "get: /me", "get: http://acme.example/me"),
    ("an account from nowhere", "${body.id}", "${answer.id}"),
    ("no JSON pointer", "  get: /me\n", "  get: /me\n  ok: ok\n"),
    ("no id of an action", "id: list-things", "id: List things"),
    (
        "an action twice",
        "actions:\n",
        "actions:\n  - { id: list-things, title: Again, method: GET, path: /things, knowledge: Again. }\n",
    ),
    ("an empty title of an action", "title: List things", "title: ''"),
    ("no method of an action", "method: GET", "method: get"),
    ("an action with a query", "/things/{{kind}}", "/things?kind={{kind}}"),
    ("an action that climbs", "/things/{{kind}}", "/things/../{{kind}}"),
    (
        "an action on another host",
        "/things/{{kind}}",
        "//evil.example/{{kind}}",
    ),
    (
        "a template in an action",
        "/things/{{kind}}",
        "/things/${variables.region}",
    ),
    ("half a name in an action", "/things/{{kind}}", "/things/{{kind}"),
    ("no name in an action", "/things/{{kind}}", "/things/{{my kind}}"),
    ("a tag that tells the key", "tags: [things]", "tags: [custom]"),
    ("two tags in one", "tags: [things]", "tags: ['a,b']"),
    ("no knowledge", "knowledge: Lists things.", "knowledge: ' '"),
    (
        "a line that is no text",
        "knowledge: Lists things.",
        "knowledge: \"a\\tb\"",
    ),
    (
        "an empty schema of an action",
        "knowledge: Lists things.",
        "knowledge: Lists things., io: { input: {} }",
    ),
    (
        "an empty io",
        "knowledge: Lists things.",
        "knowledge: Lists things., io: {}",
    ),
    (
        "a schema that is a text",
        "knowledge: Lists things.",
        "knowledge: Lists things., io: { input: string }",
    ),
    (
        "several mistakes at once",
        "name: Acme\ndescription: Makes everything.\ncategories: [tools]\naliases: [coyote]\ndocs: https:",
        "nmae: Acme\nname: ''\ndescription: Makes everything.\ndocs: http:",
    ),
    (
        "a choice that sets nothing",
        "    setup: https://docs.acme.example/apps\n",
        "    choose: { get: /sites, id: \"${item.id}\", name: \"${item.name}\", learn: {} }\n",
    ),
    (
        "a choice without a call",
        "    setup: https://docs.acme.example/apps\n",
        "    choose: { id: \"${item.id}\", name: \"${item.name}\", learn: { seat: { from: \"${item.id}\" } } }\n",
    ),
    (
        "a choice from somewhere else",
        "    setup: https://docs.acme.example/apps\n",
        "    choose: { get: /sites, id: \"${body.id}\", name: \"Seat\", learn: { seat: { from: \"${token.id}\" } } }\n",
    ),
    (
        "a choice that learns nothing of the entry",
        "    setup: https://docs.acme.example/apps\n",
        "    choose: { get: /sites, id: \"${item.id}\", name: \"${item.name}\", learn: { domain: { from: fixed } } }\n",
    ),
    (
        "a list behind an address that needs the choice",
        "    learn:\n      origin: { from: \"${token.origin}\", type: origin, hosts: [.acme.example] }\n",
        "    choose: { get: /sites, id: \"${item.id}\", name: \"${item.name}\", learn: { origin: { from: \"${item.url}\", type: origin, hosts: [.acme.example] } } }\n",
    ),
    (
        "a revocation that needs the choice",
        "    revoke: { url: \"https://${variables.domain}.acme.example/revoke\" }\n",
        "    revoke: { url: \"https://${variables.seat}.acme.example/revoke\" }\n    choose: { get: /sites, id: \"${item.id}\", name: \"${item.name}\", learn: { seat: { from: \"${item.id}\" } } }\n",
    ),
    (
        "a sign-in that needs the choice",
        "    token: { url: \"https://${variables.domain}.acme.example/token\", client_auth: body }\n",
        "    token: { url: \"https://${variables.seat}.acme.example/token\", client_auth: body }\n    choose: { get: /sites, id: \"${item.id}\", name: \"${item.name}\", learn: { seat: { from: \"${item.id}\" } } }\n",
    ),
    (
        "a body of a get",
        "client_auth: body }\n    revoke",
        "client_auth: body, method: get, body: json }\n    revoke",
    ),
    (
        "an unknown body",
        "client_auth: body }\n    revoke",
        "client_auth: body, body: xml }\n    revoke",
    ),
    (
        "a secret in a header beside another proof",
        "client_auth: body }\n    revoke",
        "client_auth: body, headers: { X-Secret: \"${app.client_secret}\" } }\n    revoke",
    ),
    (
        "a proof in headers without a header",
        "client_auth: body }\n    revoke",
        "client_auth: header }\n    revoke",
    ),
    (
        "a header that the proof sets",
        "client_auth: body }\n    revoke",
        "client_auth: basic, headers: { authorization: x } }\n    revoke",
    ),
    (
        "a content type of its own",
        "client_auth: body }\n    revoke",
        "client_auth: body, headers: { Content-Type: text/plain } }\n    revoke",
    ),
    (
        "a header of the token request from the callback",
        "client_auth: body }\n    revoke",
        "client_auth: body, headers: { X-Shop: \"${query.shop}\" } }\n    revoke",
    ),
    (
        "a number in a form",
        "client_auth: body }\n    revoke",
        "client_auth: body, params: { ttl: 3600 } }\n    revoke",
    ),
    (
        "a list in a JSON body",
        "client_auth: body }\n    revoke",
        "client_auth: body, body: json, params: { ttl: [1] } }\n    revoke",
    ),
    (
        "the secret by its own name",
        "client_auth: body }\n    revoke",
        "client_auth: body, names: { client_secret: secret }, params: { client_secret: x } }\n    revoke",
    ),
    (
        "a parameter by its new name",
        "client_auth: body }\n    revoke",
        "client_auth: body, names: { code: auth_code }, params: { auth_code: x } }\n    revoke",
    ),
    (
        "two parameters of one name",
        "client_auth: body }\n    revoke",
        "client_auth: body, names: { client_id: code } }\n    revoke",
    ),
    (
        "an odd name of a parameter",
        "client_auth: body }\n    revoke",
        "client_auth: body, names: { client_id: \"client id\" } }\n    revoke",
    ),
    (
        "a name of no parameter",
        "client_auth: body }\n    revoke",
        "client_auth: body, names: { scope: scopes } }\n    revoke",
    ),
    (
        "a new name of the authorization request that is given too",
        "params: { prompt: consent }",
        "names: { client_id: client_key }\n      params: { client_key: x }",
    ),
    (
        "an answer without a pointer",
        "client_auth: body }\n    revoke",
        "client_auth: body, answer: { access_token: token } }\n    revoke",
    ),
    (
        "a lifetime and an end",
        "client_auth: body }\n    revoke",
        "client_auth: body, answer: { expires_in: /ttl, expires_at: /end } }\n    revoke",
    ),
    (
        "a second exchange that sends a reserved name",
        "client_auth: body }\n    revoke",
        "client_auth: body, then: { url: https://acme.example/long, params: { client_id: x, token: \"${token.access_token}\" } } }\n    revoke",
    ),
    (
        "a second exchange elsewhere by a person",
        "client_auth: body }\n    revoke",
        "client_auth: body, then: { url: \"${variables.site}/long\" } }\n    revoke",
    ),
    (
        "a second exchange that leaves out what it does not send",
        "client_auth: body }\n    revoke",
        "client_auth: body, then: { url: https://acme.example/long, omit: [grant_type] } }\n    revoke",
    ),
    (
        "the answer to the code before it is there",
        "client_auth: body }\n    revoke",
        "client_auth: body, params: { token: \"${token.access_token}\" } }\n    revoke",
    ),
    (
        "a refresh address that a person chooses",
        "    refresh: { lifetime: 2h }",
        "    refresh: { url: \"${variables.site}/refresh\" }",
    ),
    (
        "a reserved parameter of the refresh",
        "    refresh: { lifetime: 2h }",
        "    refresh: { with: access_token, params: { access_token: x } }",
    ),
    (
        "a redirect address that is sent and left out",
        "    refresh: { lifetime: 2h }",
        "    refresh: { redirect_uri: true, omit: [redirect_uri] }",
    ),
    (
        "no grant type",
        "    refresh: { lifetime: 2h }",
        "    refresh: { grant_type: \"\" }",
    ),
    (
        "a revocation without an address",
        "revoke: { url: \"https://${variables.domain}.acme.example/revoke\" }",
        "revoke: { method: post }",
    ),
    (
        "a revocation that sends no token",
        "acme.example/revoke\" }",
        "acme.example/revoke\", body: none }",
    ),
    (
        "parameters where there are none",
        "acme.example/revoke\" }",
        "acme.example/revoke\", body: none, client_auth: bearer, parameter: token_id, params: { a: b } }",
    ),
    (
        "a revocation of nothing",
        "acme.example/revoke\" }",
        "acme.example/revoke\", tokens: [] }",
    ),
    (
        "a token revoked twice",
        "acme.example/revoke\" }",
        "acme.example/revoke\", tokens: [access_token, access_token] }",
    ),
    (
        "a revocation that sets the token",
        "acme.example/revoke\" }",
        "acme.example/revoke\", params: { token: x } }",
    ),
    (
        "a revocation of an unknown token",
        "acme.example/revoke\" }",
        "acme.example/revoke\", tokens: [id_token] }",
    ),
    (
        "a revocation that ends something unknown",
        "acme.example/revoke\" }",
        "acme.example/revoke\", ends: family }",
    ),
    (
        "an odd fragment",
        "authorize\n      params",
        "authorize#/a b\n      params",
    ),
    (
        "a parameter in an address",
        "authorize\n      params",
        "authorize?a=b\n      params",
    ),
    (
        "optional scopes without a parameter",
        "      default: [read]\n",
        "      default: [read]\n      optional: [write]\n",
    ),
    (
        "a parameter without optional scopes",
        "      default: [read]\n",
        "      default: [read]\n      optional_parameter: optional_scope\n",
    ),
    (
        "an optional scope that is always asked for",
        "      default: [read]\n",
        "      default: [read]\n      required: [offline]\n      optional: [offline]\n      optional_parameter: scope\n",
    ),
    (
        "a separator that must be escaped",
        "      default: [read]\n",
        "      default: [read]\n      separator: \"&\"\n      unescaped: true\n",
    ),
    (
        "an empty prefix of scopes",
        "      default: [read]\n",
        "      default: [read]\n      answer_prefix: \"\"\n",
    ),
    (
        "a state that is something else",
        "    refresh: { lifetime: 2h }",
        "    callback: { state: code }",
    ),
    (
        "a signature in the state",
        "    refresh: { lifetime: 2h }",
        "    callback: { state: s, signature: { parameter: s } }",
    ),
    (
        "a signature in no parameter",
        "    refresh: { lifetime: 2h }",
        "    callback: { signature: {} }",
    ),
    (
        "an assertion that nobody sends",
        "client_auth: body }",
        "client_auth: body, assertion: { lifetime: 2m } }",
    ),
    (
        "an assertion that lives too long",
        "client_auth: body }",
        "client_auth: private_key_jwt, assertion: { lifetime: 1h } }",
    ),
    (
        "an assertion with a shared secret",
        "client_auth: body }",
        "client_auth: private_key_jwt, assertion: { algorithm: HS256 } }",
    ),
    (
        "an assertion for an issuer that nothing names",
        "client_auth: body }",
        "client_auth: private_key_jwt, assertion: { audience: issuer } }",
    ),
    (
        "an assertion in an address",
        "client_auth: body }",
        "client_auth: private_key_jwt, method: get }",
    ),
    (
        "a secret beside an assertion",
        "client_auth: body }",
        "client_auth: private_key_jwt, headers: { X-Secret: \"${app.client_secret}\" } }",
    ),
    (
        "pushed requests without an endpoint",
        "      params: { prompt: consent }\n",
        "      params: { prompt: consent }\n      pushed: {}\n",
    ),
    (
        "pushed requests where a value says",
        "      params: { prompt: consent }\n",
        "      params: { prompt: consent }\n      pushed: { url: \"${variables.site}/ahead\" }\n",
    ),
    (
        "a key of our own among the parameters",
        "params: { prompt: consent }",
        "params: { dpop_jkt: x }",
    ),
    (
        "a bound token as Bearer",
        "    refresh: { lifetime: 2h }",
        "    dpop: true",
    ),
    (
        "a proof of our own",
        "    refresh: { lifetime: 2h }",
        "    dpop: true\n    headers: { Authorization: \"DPoP ${credential.access_token}\", DPoP: x }",
    ),
];
