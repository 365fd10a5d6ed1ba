//! The authorization code grant of OAuth 2.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Choose, Learn};

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
    /// Which of several accounts, sites or workspaces the connection is for, where the sign-in itself does not say it.
    pub(crate) choose: Option<Choose>,
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
