//! The requests of a sign-in with OAuth 2: what is sent, and how.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{ClientAssertion, Pushed};

/// The authorization request.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Authorize {
    /// The authorization endpoint. Where its path stands behind a `#`, the parameters do so too.
    pub(crate) url: Option<String>,
    /// Sends the parameters ahead from server to server (RFC 9126); the browser carries a reference to them.
    pub(crate) pushed: Option<Pushed>,
    /// Extra query parameters, as `access_type: offline`.
    pub(crate) params: BTreeMap<String, String>,
    /// Parameters that the service calls otherwise, as `client_id: client_key`.
    pub(crate) names: AuthorizeNames,
}

/// Other names of parameters of the authorization request. That of `scope` is `scopes.parameter`, that of `state`
/// `callback.state`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuthorizeNames {
    /// In place of `client_id`.
    pub(crate) client_id: Option<String>,
    /// In place of `redirect_uri`.
    pub(crate) redirect_uri: Option<String>,
    /// In place of `response_type`.
    pub(crate) response_type: Option<String>,
    /// In place of `code_challenge`.
    pub(crate) code_challenge: Option<String>,
    /// In place of `code_challenge_method`.
    pub(crate) code_challenge_method: Option<String>,
}

/// The token request.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Token {
    /// The token endpoint.
    pub(crate) url: Option<String>,
    /// `post`, unless the service wants `get`. At refresh too, unless `refresh` says otherwise.
    pub(crate) method: Option<TokenMethod>,
    /// How parameters are sent: `form`, unless said otherwise; those of a `get` are in the query. At refresh too, unless
    /// `refresh` says otherwise.
    pub(crate) body: Option<TokenBody>,
    /// How the client authenticates there, at refresh and at revocation too, unless those say otherwise.
    pub(crate) client_auth: ClientAuth,
    /// What `client_auth: private_key_jwt` sends, where it is not the usual.
    pub(crate) assertion: Option<ClientAssertion>,
    /// Parameters that the service calls otherwise, as `client_id: client_key`. At refresh too.
    pub(crate) names: TokenNames,
    /// Parameters that are not sent, for a service that refuses what it does not know.
    pub(crate) omit: Vec<Omitted>,
    /// Extra headers; at refresh, in `then` and at revocation too, unless those have a `client_auth` of their own.
    pub(crate) headers: BTreeMap<String, String>,
    /// Extra parameters of the code exchange. In a JSON body a number or `true` is sent as such.
    pub(crate) params: BTreeMap<String, Param>,
    /// JSON pointer of the object that holds `access_token`, when it is not the top level, as `/authed_user`.
    pub(crate) object: Option<String>,
    /// JSON pointer of what must be `true` in an answer of status 200, as `/ok`.
    pub(crate) ok: Option<String>,
    /// Where the token and its companions stand in the answer, when they are called otherwise.
    pub(crate) answer: Answer,
    /// A second exchange right after the code, as for a token that lives longer. Its answer is the grant.
    pub(crate) then: Option<Then>,
}

/// A second exchange right after the code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    /// Where it is sent.
    pub(crate) url: String,
    /// That of `token`, unless said otherwise.
    pub(crate) method: Option<TokenMethod>,
    /// That of `token`, unless said otherwise.
    pub(crate) body: Option<TokenBody>,
    /// That of `token`, unless said otherwise.
    pub(crate) client_auth: Option<ClientAuth>,
    /// Parameters that are not sent; only `client_id` is sent here at all.
    #[serde(default)]
    pub(crate) omit: Vec<Omitted>,
    /// Extra headers; they may name `${token.…}`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// All parameters besides those of the client; they may name `${token.…}`, the answer to the code.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, Param>,
    /// JSON pointer of the object that holds the token in this answer.
    pub(crate) object: Option<String>,
    /// JSON pointer of what must be `true` in this answer.
    pub(crate) ok: Option<String>,
    /// Where the token and its companions stand in this answer, when they are called otherwise.
    #[serde(default)]
    pub(crate) answer: Answer,
}

/// Refresh.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Refresh {
    /// Whether the service ever gives a token that can be refreshed.
    pub(crate) supported: bool,
    /// The endpoint, where it is another than that of the code.
    pub(crate) url: Option<String>,
    /// That of `token`, unless said otherwise.
    pub(crate) method: Option<TokenMethod>,
    /// That of `token`, unless said otherwise.
    pub(crate) body: Option<TokenBody>,
    /// That of `token`, unless said otherwise.
    pub(crate) client_auth: Option<ClientAuth>,
    /// Whether the redirect address is sent again.
    pub(crate) redirect_uri: bool,
    /// Which token buys the new one: `refresh_token`, or `access_token` where a service has no other and takes the old
    /// one. The parameter is called like that, unless `token.names` says otherwise.
    pub(crate) with: RefreshWith,
    /// What is sent as `grant_type`; `refresh_token` unless said otherwise.
    pub(crate) grant_type: Option<String>,
    /// Parameters that are not sent; those of `token.omit` unless said otherwise.
    pub(crate) omit: Option<Vec<Omitted>>,
    /// Lifetime of an access token when the answer tells none: a number and `s`, `m`, `h` or `d`, as `2h`.
    /// Without it the end of such a token is learnt from its own `exp`, or from a call that is refused.
    pub(crate) lifetime: Option<String>,
    /// After which time the service forgets a refresh token that nobody used, as `90d`. It is used in half of it.
    pub(crate) idle: Option<String>,
    /// What the service's own error codes mean, where they are not those of RFC 6749 §5.2.
    pub(crate) errors: RefreshErrors,
    /// Extra headers of the refresh request.
    pub(crate) headers: BTreeMap<String, String>,
    /// Extra parameters of the refresh request. In a JSON body a number or `true` is sent as such.
    pub(crate) params: BTreeMap<String, Param>,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            supported: true,
            url: None,
            method: None,
            body: None,
            client_auth: None,
            redirect_uri: false,
            with: RefreshWith::RefreshToken,
            grant_type: None,
            omit: None,
            lifetime: None,
            idle: None,
            errors: RefreshErrors::default(),
            headers: BTreeMap::new(),
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

/// The revocation request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Revoke {
    /// The revocation endpoint. With `discover` it comes from there.
    pub(crate) url: Option<String>,
    /// `post` unless said otherwise.
    pub(crate) method: RevokeMethod,
    /// How parameters are sent: `form` unless said otherwise, those of a `get` in the query; `none` sends none.
    pub(crate) body: Option<RevokeBody>,
    /// That of `token`, unless said otherwise; `bearer` sends the token itself.
    pub(crate) client_auth: Option<RevokeAuth>,
    /// Name of the parameter with the token; `token` unless said otherwise.
    pub(crate) parameter: Option<String>,
    /// Which tokens are sent, in this order: refresh token, then access token, unless said otherwise.
    pub(crate) tokens: Vec<RevokedToken>,
    /// What it ends: `token` unless said otherwise. A `grant` is not revoked while another connection lives on it.
    pub(crate) ends: RevokeEnds,
    /// Extra headers.
    pub(crate) headers: BTreeMap<String, String>,
    /// Extra parameters. In a JSON body a number or `true` is sent as such.
    pub(crate) params: BTreeMap<String, Param>,
}

impl Default for Revoke {
    fn default() -> Self {
        Self {
            url: None,
            method: RevokeMethod::Post,
            body: None,
            client_auth: None,
            parameter: None,
            tokens: both_tokens(),
            ends: RevokeEnds::Token,
            headers: BTreeMap::new(),
            params: BTreeMap::new(),
        }
    }
}

fn both_tokens() -> Vec<RevokedToken> {
    vec![RevokedToken::RefreshToken, RevokedToken::AccessToken]
}

/// Method of a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenMethod {
    /// As RFC 6749 says.
    Post,
    /// All parameters in the query.
    Get,
}

/// How the parameters of a token request are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenBody {
    /// `application/x-www-form-urlencoded`, as RFC 6749 says.
    Form,
    /// One flat JSON object.
    Json,
    /// In the query of the address, and no body.
    Query,
}

/// Client authentication at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientAuth {
    /// HTTP Basic, with id and secret form-encoded (RFC 6749 §2.3.1).
    #[default]
    Basic,
    /// `client_id` and `client_secret` among the parameters.
    Body,
    /// `client_id` and `client_secret` in the query, whatever the body is.
    Query,
    /// In headers that `headers` writes out, with `${app.client_secret}`.
    Header,
    /// An assertion that is signed with the private key of the operator's app (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// A public client: `client_id` among the parameters and no secret.
    None,
}

/// Method of a revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokeMethod {
    /// As RFC 7009 says.
    #[default]
    Post,
    /// All parameters in the query.
    Get,
    /// DELETE, with a body or without.
    Delete,
}

/// How the parameters of a revocation are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokeBody {
    /// `application/x-www-form-urlencoded`, as RFC 7009 says.
    Form,
    /// One flat JSON object.
    Json,
    /// In the query of the address, and no body.
    Query,
    /// No parameter and no body at all: with `client_auth: bearer` the token is in its header.
    None,
}

/// Authentication at the revocation endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokeAuth {
    /// HTTP Basic, with id and secret form-encoded (RFC 6749 §2.3.1).
    Basic,
    /// `client_id` and `client_secret` among the parameters.
    Body,
    /// `client_id` and `client_secret` in the query, whatever the body is.
    Query,
    /// In headers that `headers` writes out, with `${app.client_secret}`.
    Header,
    /// An assertion that is signed with the private key of the operator's app (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// `client_id` among the parameters and no secret.
    None,
    /// The token that is revoked, as `Authorization: Bearer`, and nothing of the client.
    Bearer,
}

/// A token that is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokedToken {
    /// The refresh token, where there is one.
    RefreshToken,
    /// The access token.
    AccessToken,
}

/// What a revocation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevokeEnds {
    /// The tokens of this sign-in.
    Token,
    /// All that the account gave the OAuth client, at other sign-ins too.
    Grant,
}

/// The token that buys a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefreshWith {
    /// The refresh token.
    RefreshToken,
    /// The access token itself, while it is good.
    AccessToken,
}

/// A parameter that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Omitted {
    /// `client_id`, where the service knows the app by its secret or not at all.
    ClientId,
    /// `grant_type`.
    GrantType,
    /// `redirect_uri`.
    RedirectUri,
}

/// Other names of the parameters of token requests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TokenNames {
    /// In place of `client_id`.
    pub(crate) client_id: Option<String>,
    /// In place of `client_secret`.
    pub(crate) client_secret: Option<String>,
    /// In place of `code`.
    pub(crate) code: Option<String>,
    /// In place of `redirect_uri`.
    pub(crate) redirect_uri: Option<String>,
    /// In place of `grant_type`.
    pub(crate) grant_type: Option<String>,
    /// In place of `code_verifier`.
    pub(crate) code_verifier: Option<String>,
    /// In place of `refresh_token`.
    pub(crate) refresh_token: Option<String>,
}

/// Where the token and its companions stand in a token answer: JSON pointers below `object`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Answer {
    /// In place of `/access_token`.
    pub(crate) access_token: Option<String>,
    /// In place of `/refresh_token`.
    pub(crate) refresh_token: Option<String>,
    /// In place of `/expires_in`.
    pub(crate) expires_in: Option<String>,
    /// What `expires_in` counts: `s` (seconds) unless said otherwise.
    pub(crate) expires_unit: ExpiresUnit,
    /// The end of the access token, where the service tells that and no lifetime: RFC 3339, or seconds or milliseconds
    /// since 1970. It is compared with the answer's own `Date`.
    pub(crate) expires_at: Option<String>,
    /// In place of `/scope`.
    pub(crate) scope: Option<String>,
}

/// What a lifetime counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExpiresUnit {
    /// Seconds.
    #[default]
    S,
    /// Milliseconds.
    Ms,
}

/// The value of a parameter: a template, or in a JSON body also a number or a truth value.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Param {
    Text(String),
    Json(serde_json::Value),
}

impl JsonSchema for Param {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Param".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}
