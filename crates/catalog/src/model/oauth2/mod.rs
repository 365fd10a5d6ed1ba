//! The authorization code grant of OAuth 2.

use std::collections::BTreeMap;

use url::Url;

pub use self::assertion::{AssertionAudience, ClientAssertion, KeyAlgorithm};
pub use self::request::{
    ClientAuth, ParameterNames, ParameterValue, Refresh, RefreshErrors, RequestBody, RequestMethod, RevokeEnds,
    RevokeRequest, RevokedToken, SecondExchange, TokenAnswer, TokenRequest,
};
use super::Learned;
use crate::template::{Name, Template, UrlTemplate};

mod assertion;
mod request;

/// An OAuth 2 sign-in.
#[derive(Debug)]
pub struct OAuth2 {
    /// Either written out or discovered from the issuer.
    pub endpoints: Endpoints,
    /// The device authorization request, where the person enters a code in place of being sent away with a redirect.
    pub device: Option<DeviceAuthorization>,
    /// The authorization request.
    pub authorize: AuthorizeRequest,
    /// How the code is exchanged.
    pub token: TokenRequest,
    /// How the client proves itself where it has a private key.
    pub assertion: ClientAssertion,
    /// How the answer to that and to a refresh is read.
    pub answer: TokenAnswer,
    /// A second exchange right after the code.
    pub then: Option<SecondExchange>,
    /// Whether tokens are bound to a key of each connection's own (RFC 9449).
    pub dpop: bool,
    /// PKCE (RFC 7636), on unless a reason is written down.
    pub pkce: Pkce,
    /// Scopes.
    pub scopes: Scopes,
    /// Refresh.
    pub refresh: Refresh,
    /// Revocation.
    pub revoke: RevokeRequest,
    /// The parameter of the callback that is a signature: HMAC-SHA256 with the client secret, in hex, over the others.
    pub callback_signature: Option<String>,
    /// Values kept from the token answer or the check.
    pub learn: Vec<Learned>,
    /// The page where an operator registers an OAuth app.
    pub setup: Option<Url>,
}

impl OAuth2 {
    /// Whether each connection has a client of its own, which is registered when it is needed.
    pub fn registers_clients(&self) -> bool {
        matches!(self.endpoints, Endpoints::Resource { .. })
    }

    /// Whether an app needs a client secret for it.
    pub fn needs_client_secret(&self) -> bool {
        let is_secret = |name: &&Name| name.namespace == "app" && name.path == "client_secret";
        let requests = [
            Some(&self.token),
            Some(&self.refresh.request),
            self.device.as_ref().map(|device| &device.request),
            self.then.as_ref().map(|then| &then.request),
        ];
        self.callback_signature.is_some()
            || requests.into_iter().flatten().any(|request| {
                !matches!(request.client_auth, ClientAuth::None | ClientAuth::PrivateKeyJwt)
                    || request
                        .templates()
                        .any(|template| template.names().iter().any(is_secret))
            })
    }

    /// Whether an app needs a private key for it.
    pub fn needs_client_key(&self) -> bool {
        let requests = [
            Some(&self.token),
            Some(&self.refresh.request),
            Some(&self.revoke.request),
            self.then.as_ref().map(|then| &then.request),
            self.device.as_ref().map(|device| &device.request),
        ];
        requests
            .into_iter()
            .flatten()
            .any(|request| request.client_auth == ClientAuth::PrivateKeyJwt)
    }
}

/// Where the authorization server is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for each way to sign in, inside a box")]
pub enum Endpoints {
    /// Written in the definition.
    Fixed {
        /// Authorization endpoint; none where the person enters a code.
        authorize: Option<UrlTemplate>,
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

/// What is special about the authorization request.
#[derive(Debug)]
pub struct AuthorizeRequest {
    /// Extra query parameters. Names that the request sets itself (`client_id`, `redirect_uri`, `state`,
    /// `response_type`, `code_challenge*`, `scope`, and what they are called here) are refused at load.
    pub params: Vec<(String, Template)>,
    /// Where the parameters are sent ahead (RFC 9126), where they are.
    pub pushed: Option<Pushed>,
    /// What stands behind the `#` of the address; the parameters follow it, and not what is before.
    pub fragment: Option<Template>,
    /// `client_id`
    pub client_id: String,
    /// `redirect_uri`
    pub redirect_uri: String,
    /// `response_type`
    pub response_type: String,
    /// `code_challenge`
    pub code_challenge: String,
    /// `code_challenge_method`
    pub code_challenge_method: String,
    /// `state`, in the callback too.
    pub state: String,
}

/// Where the parameters of an authorization request are sent ahead.
#[derive(Debug)]
pub enum Pushed {
    /// Written in the definition.
    To(UrlTemplate),
    /// `pushed_authorization_request_endpoint` of the discovered metadata.
    Discovered,
}

/// The device authorization request (RFC 8628 §3.1).
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// Its endpoint; the issuer tells it without.
    pub url: Option<UrlTemplate>,
    /// How it is sent.
    pub request: TokenRequest,
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
    /// Where they are asked for, it is under a parameter of their own, which is named beside them.
    pub optional: Option<(String, Vec<String>)>,
    /// Between scopes, one space by default.
    pub separator: String,
    /// The parameter's name, `scope` unless declared (as `user_scope`).
    pub parameter: String,
    /// Whether separators and the marks in scopes are not percent-encoded.
    pub unescaped: bool,
    /// What answers put before scopes.
    pub answer_prefix: Option<String>,
    /// Whether answers may write scopes in other letters.
    pub ignore_case: bool,
    /// What scopes mean, in plain words, for the explain screen.
    pub known: BTreeMap<String, String>,
}
