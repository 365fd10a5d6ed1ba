//! The authorization code grant of OAuth 2.

use std::collections::BTreeMap;

use url::Url;

use super::Learned;
use crate::template::{Template, UrlTemplate};

/// An OAuth 2 sign-in.
#[derive(Debug)]
pub struct OAuth2 {
    /// Either written out or discovered from the issuer.
    pub endpoints: Endpoints,
    /// Extra query parameters of the authorization request. Reserved names (`client_id`, `redirect_uri`, `state`,
    /// `response_type`, `code_challenge*`, `scope`) are refused at load.
    pub authorize_params: Vec<(String, Template)>,
    /// Extra body parameters of the code exchange.
    pub token_params: Vec<(String, Template)>,
    /// How the client authenticates, in exchange, refresh and revocation alike.
    pub client_auth: ClientAuth,
    /// PKCE (RFC 7636), on unless a reason is written down.
    pub pkce: Pkce,
    /// Scopes.
    pub scopes: Scopes,
    /// Refresh.
    pub refresh: Refresh,
    /// Values kept from the token answer or the check.
    pub learn: Vec<Learned>,
    /// Where the access token and its companions are in the answer, when not at the top level (as Slack's
    /// `authed_user`): JSON pointer of the object that holds `access_token`.
    pub token_object: Option<String>,
    /// Where an error stands in an answer of status 200: a boolean or text that must not be there or must be true.
    pub ok_pointer: Option<String>,
    /// The page where an operator registers an OAuth app.
    pub setup: Option<Url>,
}

impl OAuth2 {
    /// Whether each connection has a client of its own, which is registered when it is needed.
    pub fn registers_clients(&self) -> bool {
        matches!(self.endpoints, Endpoints::Resource { .. })
    }
}

/// Where the authorization server is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each way to sign in, inside a box")]
pub enum Endpoints {
    /// Written in the definition.
    Fixed {
        /// Authorization endpoint.
        authorize: UrlTemplate,
        /// Token endpoint.
        token: UrlTemplate,
        /// Revocation endpoint (RFC 7009).
        revoke: Option<UrlTemplate>,
        /// The issuer, when the answer of the authorization endpoint carries `iss` (RFC 9207).
        issuer: Option<UrlTemplate>,
    },
    /// Read from `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4).
    Discovered {
        /// The issuer.
        issuer: UrlTemplate,
    },
    /// Told by the service itself: its protected resource metadata (RFC 9728) names the authorization server, where a
    /// client of each connection's own is registered (RFC 7591).
    Resource {
        /// The service, which is also the resource indicator (RFC 8707).
        resource: UrlTemplate,
    },
}

/// Client authentication at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// Public client: `client_id` in the body only.
    None,
}

/// PKCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// `S256`, always.
    S256,
    /// Off, because of a written reason.
    Off {
        /// Shown to operators.
        reason: String,
    },
}

/// Scopes of an OAuth 2 sign-in.
#[derive(Debug)]
pub struct Scopes {
    /// Asked for unless the app says otherwise.
    pub default: Vec<String>,
    /// Always added, as `offline_access`.
    pub required: Vec<String>,
    /// Between scopes, one space by default.
    pub separator: String,
    /// The parameter's name, `scope` unless declared (Slack's `user_scope`).
    pub parameter: String,
    /// What scopes mean, in plain words, for the explain screen.
    pub known: BTreeMap<String, String>,
}

/// How tokens are refreshed.
#[derive(Debug)]
pub struct Refresh {
    /// Whether the grant can be refreshed at all.
    pub supported: bool,
    /// Lifetime in seconds when the answer has no `expires_in` and the token itself tells no end.
    pub lifetime: Option<u64>,
    /// Seconds after which the service forgets a refresh token that nobody used.
    pub idle: Option<u64>,
    /// The service's own error codes.
    pub errors: RefreshErrors,
    /// Extra body parameters of the refresh request.
    pub params: Vec<(String, Template)>,
}

/// Error codes of a token endpoint by what they mean, in lower case, besides those of RFC 6749 §5.2.
#[derive(Clone, Debug, Default)]
pub struct RefreshErrors {
    /// The grant is gone.
    pub grant_gone: Vec<String>,
    /// The app is wrong.
    pub app_broken: Vec<String>,
    /// It passes.
    pub transient: Vec<String>,
}
