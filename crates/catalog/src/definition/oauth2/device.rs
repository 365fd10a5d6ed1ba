//! The device authorization grant of OAuth 2.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::super::{Choose, Learn};
use super::{Authorize, Callback, ClientAuth, Discover, OAuth2, Param, Pkce, Refresh, Revoke, Scopes, Token};

/// The device authorization grant of OAuth 2 (RFC 8628): the person enters a code at the service, in any browser. For a
/// service that has no redirect address for an app, or whose app cannot register one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByCode {
    /// Id of this way to sign in; `oauth2_device` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Sign in with a code`.
    pub(crate) title: String,
    /// The issuer, whose endpoints are read from `/.well-known/openid-configuration`. In place of the addresses.
    pub(crate) discover: Option<Discover>,
    /// The device authorization request.
    #[serde(default)]
    pub(crate) device: DeviceAuthorization,
    /// The token request, which is made until the person has decided. `names.code` is another name of `device_code` here.
    #[serde(default)]
    pub(crate) token: Token,
    /// Revocation (RFC 7009).
    pub(crate) revoke: Option<Revoke>,
    /// Refresh.
    #[serde(default)]
    pub(crate) refresh: Refresh,
    /// Scopes. They are asked for in the device authorization request.
    #[serde(default)]
    pub(crate) scopes: Scopes,
    /// Values kept with the connection as variables, from the token answer.
    #[serde(default)]
    pub(crate) learn: BTreeMap<String, Learn>,
    /// Which of several accounts, sites or workspaces the connection is for, where the sign-in itself does not say it.
    pub(crate) choose: Option<Choose>,
    /// The page where an operator registers an OAuth app, https.
    pub(crate) setup: Option<String>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// The device authorization request (RFC 8628 §3.1).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeviceAuthorization {
    /// The device authorization endpoint.
    pub(crate) url: Option<String>,
    /// That of `token`, unless said otherwise; `none` where this endpoint takes no secret.
    pub(crate) client_auth: Option<ClientAuth>,
    /// Extra headers. Those of `token` are sent too, unless this request has a `client_auth` of its own.
    pub(crate) headers: BTreeMap<String, String>,
    /// Extra parameters. In a JSON body a number or `true` is sent as such.
    pub(crate) params: BTreeMap<String, Param>,
}

impl From<ByCode> for OAuth2 {
    fn from(own: ByCode) -> Self {
        Self {
            id: own.id,
            title: own.title,
            discover: own.discover,
            device: Some(own.device),
            authorize: Authorize::default(),
            token: own.token,
            revoke: own.revoke,
            callback: Callback::default(),
            issuer: None,
            refresh: own.refresh,
            scopes: own.scopes,
            learn: own.learn,
            calls: Vec::new(),
            choose: own.choose,
            pkce: Pkce::S256,
            pkce_off_reason: None,
            dpop: false,
            setup: own.setup,
            headers: own.headers,
            query: own.query,
        }
    }
}

pub(in super::super) fn as_oauth2<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<OAuth2>, D::Error> {
    ByCode::deserialize(deserializer).map(|own| Box::new(own.into()))
}
