//! The authorization code grant of OAuth 2.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::assertion::{AssertionAudience, ClientAssertion, KeyAlgorithm, Pushed};
pub(crate) use self::device::DeviceAuthorization;
pub(super) use self::device::{ByCode, as_oauth2};
pub(crate) use self::request::{
    Answer, Authorize, ClientAuth, ExpiresUnit, Omitted, Param, Refresh, RefreshErrors, RefreshWith, Revoke,
    RevokeAuth, RevokeBody, RevokeEnds, RevokeMethod, RevokedToken, Then, Token, TokenBody, TokenMethod, TokenNames,
};
use super::{Choose, Learn, LearningCall};

mod assertion;
mod device;
mod request;

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
    /// The device authorization request, where the person enters a code (`kind: oauth2_device`).
    #[serde(skip)]
    pub(crate) device: Option<DeviceAuthorization>,
    /// The authorization request.
    #[serde(default)]
    pub(crate) authorize: Authorize,
    /// The token request.
    #[serde(default)]
    pub(crate) token: Token,
    /// Revocation (RFC 7009).
    pub(crate) revoke: Option<Revoke>,
    /// What the service's answer in the browser is besides `code` and `state`.
    #[serde(default)]
    pub(crate) callback: Callback,
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
    /// Calls after the sign-in, in order, whose answers say more that a connection keeps, as its data centre.
    #[serde(default)]
    pub(crate) calls: Vec<LearningCall>,
    /// Which of several accounts, sites or workspaces the connection is for, where the sign-in itself does not say it.
    pub(crate) choose: Option<Choose>,
    /// PKCE (RFC 7636): `S256`, or `off` with `pkce_off_reason`.
    #[serde(default)]
    pub(crate) pkce: Pkce,
    /// Why PKCE is off.
    pub(crate) pkce_off_reason: Option<String>,
    /// Whether tokens are bound to a key of each connection's own (RFC 9449), which signs each call with them.
    #[serde(default)]
    pub(crate) dpop: bool,
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

/// The service's answer in the browser.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Callback {
    /// Name of the parameter that carries the state, in the request and in the answer; `state` unless said otherwise.
    pub(crate) state: Option<String>,
    /// The signature of the answer, which is proved before the code is sent.
    pub(crate) signature: Option<Signature>,
}

/// A signature over the parameters of the callback: HMAC-SHA256 with the client secret, in hex. What is signed are all
/// other parameters, sorted by name, as `name=value` joined by `&`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signature {
    /// The parameter with the signature, as `hmac`.
    pub(crate) parameter: String,
}

/// Scopes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scopes {
    /// Asked for unless the operator's app says otherwise.
    pub(crate) default: Vec<String>,
    /// Always asked for, as `offline_access`.
    pub(crate) required: Vec<String>,
    /// Which scopes go under `optional_parameter` where they are asked for, by `default` or by the operator's app: the
    /// sign-in goes on where the person cannot give them.
    pub(crate) optional: Vec<String>,
    /// Name of the parameter with optional scopes, as `optional_scope`.
    pub(crate) optional_parameter: Option<String>,
    /// Between scopes; one space unless said otherwise.
    pub(crate) separator: String,
    /// Name of the parameter; `scope` unless said otherwise.
    pub(crate) parameter: String,
    /// Whether separators and the marks in scopes go as they are, for a service that takes no `%2C`.
    pub(crate) unescaped: bool,
    /// What answers put before a scope, as `https://graph.microsoft.com/`. It is taken off.
    pub(crate) answer_prefix: Option<String>,
    /// Whether answers may write scopes in other letters, as `mail.read` for `Mail.Read`.
    pub(crate) ignore_case: bool,
    /// What scopes mean, in plain words for the person who connects.
    pub(crate) known: BTreeMap<String, String>,
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            default: Vec::new(),
            required: Vec::new(),
            optional: Vec::new(),
            optional_parameter: None,
            separator: " ".to_owned(),
            parameter: "scope".to_owned(),
            unescaped: false,
            answer_prefix: None,
            ignore_case: false,
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
