//! The YAML format as it is written. The JSON Schema for editors is made from these types, so each comment here is also
//! what an editor shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// An integration of Latchkey: a service, how one signs in to it and how its API is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Latchkey integration")]
pub(crate) struct Definition {
    /// Unique id: lower-case letters, digits and hyphens, as `google-calendar`.
    pub(crate) id: String,
    /// The name that people know.
    pub(crate) name: String,
    /// One sentence on what the service is.
    pub(crate) description: String,
    /// Where it stands in lists, as `crm`.
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    /// Other names that people search for.
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    /// The provider's API documents, https.
    pub(crate) docs: String,
    /// Name of the logo file, without its ending.
    pub(crate) logo: Option<String>,
    /// The provider's documents that this definition was written from, https. At least one.
    pub(crate) sources: Vec<String>,
    /// Environments in which it exists. Both, unless said otherwise.
    #[serde(default = "both_environments")]
    pub(crate) environments: Vec<Environment>,
    /// Non-secret values of a connection or of the operator's app, by name.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    /// The ways to sign in. The first is the default.
    pub(crate) auth: Vec<Auth>,
    /// How the API is called.
    pub(crate) api: Api,
    /// A call that proves a credential and names the account.
    pub(crate) check: Option<Check>,
    /// Calls of the API that are worth knowing, for agents and for whoever looks one up. Every other call works too.
    #[serde(default)]
    pub(crate) actions: Vec<Action>,
}

fn both_environments() -> Vec<Environment> {
    vec![Environment::Test, Environment::Live]
}

/// An environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Environment {
    /// For development.
    Test,
    /// For real.
    Live,
}

/// A non-secret value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// Label of the field.
    pub(crate) title: String,
    /// A sentence beside the field.
    pub(crate) help: Option<String>,
    /// Who gives it: the person who connects (`person`), or the operator with the OAuth app (`operator`).
    #[serde(default)]
    pub(crate) set_by: SetBy,
    /// What it may be.
    #[serde(default, rename = "type")]
    pub(crate) kind: VariableType,
    /// For `type: text`: what the whole value must match. Without it the value is one DNS label.
    pub(crate) pattern: Option<String>,
    /// For `type: choice`: the choices, in order.
    pub(crate) choices: Option<Vec<Choice>>,
    /// Used when nobody gives a value.
    pub(crate) default: Option<String>,
    /// Greyed text in the empty field.
    pub(crate) placeholder: Option<String>,
}

/// Who gives the value of a variable.
#[derive(PartialEq, Eq, Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SetBy {
    /// The person who connects, in the form.
    #[default]
    Person,
    /// The operator, with the OAuth app.
    Operator,
}

/// What a variable may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VariableType {
    /// A text that matches `pattern`.
    #[default]
    Text,
    /// A whole origin such as `https://id.example.com`.
    Origin,
    /// A whole address with a path, such as an issuer.
    Url,
    /// One of `choices`.
    Choice,
}

/// A choice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// What is put in.
    pub(crate) value: String,
    /// What is shown; the value, unless said otherwise.
    pub(crate) label: Option<String>,
}

/// A way to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
pub(crate) enum Auth {
    /// The authorization code grant of OAuth 2 (RFC 6749 §4.1).
    #[serde(rename = "oauth2")]
    OAuth2(Box<OAuth2>),
    /// One or several secrets that the person pastes.
    #[serde(rename = "api_key")]
    ApiKey(ApiKey),
}

/// The authorization code grant of OAuth 2.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth2 {
    /// Id of this way to sign in; `oauth2` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Sign in with Google`.
    pub(crate) title: String,
    /// The issuer, whose endpoints are read from `/.well-known/openid-configuration`. In place of the three addresses.
    pub(crate) discover: Option<Discover>,
    /// The authorization request.
    #[serde(default)]
    pub(crate) authorize: Authorize,
    /// The token request.
    #[serde(default)]
    pub(crate) token: Token,
    /// Revocation (RFC 7009).
    pub(crate) revoke: Option<Revoke>,
    /// The issuer, when answers of the authorization endpoint carry `iss` (RFC 9207).
    pub(crate) issuer: Option<String>,
    /// Refresh.
    #[serde(default)]
    pub(crate) refresh: Refresh,
    /// Scopes.
    #[serde(default)]
    pub(crate) scopes: Scopes,
    /// Values kept with the connection as variables, from the token answer or the callback.
    #[serde(default)]
    pub(crate) learn: BTreeMap<String, Learn>,
    /// PKCE (RFC 7636): `S256`, or `off` with `pkce_off_reason`.
    #[serde(default)]
    pub(crate) pkce: Pkce,
    /// Why PKCE is off.
    pub(crate) pkce_off_reason: Option<String>,
    /// The page where an operator registers an OAuth app, https.
    pub(crate) setup: Option<String>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// OpenID Connect Discovery.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discover {
    /// The issuer, as `${variables.issuer}`.
    pub(crate) issuer: String,
}

/// The authorization request.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authorize {
    /// The authorization endpoint.
    pub(crate) url: Option<String>,
    /// Extra query parameters, as `access_type: offline`.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
}

/// The token request.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// The token endpoint.
    pub(crate) url: Option<String>,
    /// How the client authenticates there, at refresh and at revocation too.
    #[serde(default)]
    pub(crate) client_auth: ClientAuth,
    /// Extra body parameters of the code exchange.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
    /// JSON pointer of the object that holds `access_token`, when it is not the top level, as `/authed_user`.
    pub(crate) object: Option<String>,
    /// JSON pointer of what must be `true` in an answer of status 200, as `/ok`.
    pub(crate) ok: Option<String>,
}

/// Client authentication at the token endpoint.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientAuth {
    /// HTTP Basic, with id and secret form-encoded (RFC 6749 §2.3.1).
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// A public client: `client_id` in the body and no secret.
    None,
}

/// The revocation request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoke {
    /// The revocation endpoint.
    pub(crate) url: String,
}

/// Refresh.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Refresh {
    /// Whether the service ever gives a refresh token.
    pub(crate) supported: bool,
    /// Lifetime of an access token when the answer has no `expires_in`: a number and `s`, `m`, `h` or `d`, as `2h`.
    /// Without it the end of such a token is learnt from its own `exp`, or from a call that is refused.
    pub(crate) lifetime: Option<String>,
    /// After which time the service forgets a refresh token that nobody used, as `90d`. It is used in half of it.
    pub(crate) idle: Option<String>,
    /// What the service's own error codes mean, where they are not those of RFC 6749 §5.2.
    pub(crate) errors: RefreshErrors,
    /// Extra body parameters of the refresh request.
    pub(crate) params: BTreeMap<String, String>,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            supported: true,
            lifetime: None,
            idle: None,
            errors: RefreshErrors::default(),
            params: BTreeMap::new(),
        }
    }
}

/// Error codes of a token endpoint, by what they mean.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RefreshErrors {
    /// The person must connect again, as `token_revoked`.
    pub(crate) grant_gone: Vec<String>,
    /// The operator's OAuth app is wrong, as `app_disabled`.
    pub(crate) app_broken: Vec<String>,
    /// It will pass, as `try_later`.
    pub(crate) transient: Vec<String>,
}

/// Scopes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scopes {
    /// Asked for unless the operator's app says otherwise.
    pub(crate) default: Vec<String>,
    /// Always asked for, as `offline_access`.
    pub(crate) required: Vec<String>,
    /// Between scopes; one space unless said otherwise.
    pub(crate) separator: String,
    /// Name of the parameter; `scope` unless said otherwise.
    pub(crate) parameter: String,
    /// What scopes mean, in plain words for the person who connects.
    pub(crate) known: BTreeMap<String, String>,
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            default: Vec::new(),
            required: Vec::new(),
            separator: " ".to_owned(),
            parameter: "scope".to_owned(),
            known: BTreeMap::new(),
        }
    }
}

/// A value kept with the connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Learn {
    /// Where it comes from: `${token.…}` for the token answer, `${query.…}` for the callback.
    pub(crate) from: String,
    /// What it may be.
    #[serde(default, rename = "type")]
    pub(crate) kind: LearnType,
    /// For `type: text`: what the whole value must match. Without it the value is one DNS label.
    pub(crate) pattern: Option<String>,
    /// For `type: origin`: the hosts it may be; an entry that begins with a dot is a suffix, as `.salesforce.com`.
    pub(crate) hosts: Option<Vec<String>>,
}

/// What a learnt value may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LearnType {
    /// A text that matches `pattern`.
    #[default]
    Text,
    /// An https origin, one of `hosts`.
    Origin,
}

/// PKCE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum Pkce {
    /// `S256`, always.
    #[default]
    S256,
    /// Off; needs `pkce_off_reason`.
    #[serde(rename = "off")]
    Off,
}

/// Secrets that the person pastes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    /// Id of this way to sign in; `api_key` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Secret key`.
    pub(crate) title: String,
    /// The secrets to ask for, in order; templates name them `${credential.NAME}`.
    pub(crate) fields: Vec<SecretField>,
    /// The page where the person finds the key, https.
    pub(crate) help_url: Option<String>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// A secret that the person pastes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretField {
    /// Name in templates, as `api_key`.
    pub(crate) name: String,
    /// Label.
    pub(crate) title: String,
    /// A sentence beside the field.
    pub(crate) help: Option<String>,
    /// What the whole value must match.
    pub(crate) pattern: Option<String>,
    /// Greyed text in the empty field.
    pub(crate) placeholder: Option<String>,
}

/// How the API is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// Base address; a caller's path is joined behind it and can never change its host.
    pub(crate) base_url: String,
    /// Headers put into each call; they carry the credential.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters put into each call.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// A call that proves a credential: either `get` or `post`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// A path behind `api.base_url` that begins with `/`, or a whole address.
    pub(crate) get: Option<String>,
    /// The same with POST, where a service has nothing else.
    pub(crate) post: Option<String>,
    /// JSON body of the `post`.
    pub(crate) body: Option<serde_json::Value>,
    /// JSON pointer of what must be `true` in the answer, as `/ok`.
    pub(crate) ok: Option<String>,
    /// Who the credential belongs to.
    #[serde(default)]
    pub(crate) account: Account,
}

/// Who a credential belongs to, from the answer of the check.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    /// Stable id, as `${body.id}`.
    pub(crate) id: Option<String>,
    /// Name for people, as `${body.email}`.
    pub(crate) name: Option<String>,
}

/// A call of the API that is worth knowing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Action {
    /// Unique in this definition, as `send-message`. Callers keep it: never give it to something else.
    pub(crate) id: String,
    /// What it does, as `Send a message`.
    pub(crate) title: String,
    /// The method.
    pub(crate) method: ActionMethod,
    /// Behind `api.base_url`; `{{name}}` stands for what the caller fills in, as `/repos/{{owner}}/{{repo}}`.
    pub(crate) path: String,
    /// What it is about; the first is its kind, as `messages`.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// How it is used: parameters, body, answer, what goes wrong. Markdown; title and address are put above it.
    pub(crate) knowledge: String,
    /// The same for machines, as far as it is written down.
    pub(crate) io: Option<ActionIo>,
}

/// What goes in and comes out, for machines.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionIo {
    /// JSON Schema of what the caller gives: the names of the path, query parameters and the fields of the body.
    pub(crate) input: Option<serde_json::Value>,
    /// JSON Schema of the answer's body.
    pub(crate) output: Option<serde_json::Value>,
    /// One call.
    pub(crate) example: Option<ActionExample>,
}

/// One call of an action, invented.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionExample {
    /// What the caller gives.
    pub(crate) input: Option<serde_json::Value>,
    /// What comes back.
    pub(crate) output: Option<serde_json::Value>,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ActionMethod {
    /// Reads.
    Get,
    /// Creates, or does.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
}
