//! The requests of a sign-in with OAuth 2, and how their answers are read.

use crate::template::{Template, UrlTemplate};

/// A request to a token or revocation endpoint: all that is not the address. What is inherited is filled in.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Its method. A `GET` has its parameters in the query.
    pub method: RequestMethod,
    /// How parameters are sent.
    pub body: RequestBody,
    /// How the client authenticates.
    pub client_auth: ClientAuth,
    /// What the parameters are called.
    pub names: ParameterNames,
    /// Extra headers, as `Authorization` where [`ClientAuth::Header`] says so.
    pub headers: Vec<(String, Template)>,
    /// Extra parameters; none is called like one that is sent anyway.
    pub params: Vec<(String, ParameterValue)>,
}

impl TokenRequest {
    /// The templates of its headers and parameters.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let params = self.params.iter().filter_map(|(_, value)| match value {
            ParameterValue::Text(template) => Some(template),
            ParameterValue::Json(_) => None,
        });
        self.headers.iter().map(|(_, template)| template).chain(params)
    }
}

/// The method of such a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestMethod {
    /// POST
    Post,
    /// GET
    Get,
    /// DELETE, for revocations only.
    Delete,
}

/// How parameters are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// One flat JSON object.
    Json,
    /// In the query, without a body.
    Query,
    /// Not at all; only a revocation can be so.
    None,
}

/// Client authentication at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    Basic,
    /// `client_id` and `client_secret` among the parameters.
    Body,
    /// `client_id` and `client_secret` in the query.
    Query,
    /// In the headers that the definition writes out.
    Header,
    /// An assertion signed with the app's private key (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// Public client: `client_id` among the parameters only.
    None,
    /// The token that is revoked, as `Bearer`; only a revocation can be so.
    Bearer,
}

/// What a service calls the parameters of a token request. `None`: it is not sent.
#[derive(Clone, Debug)]
pub struct ParameterNames {
    /// `client_id`
    pub client_id: Option<String>,
    /// `client_secret`
    pub client_secret: String,
    /// `code`
    pub code: String,
    /// `redirect_uri`
    pub redirect_uri: Option<String>,
    /// `grant_type`
    pub grant_type: Option<String>,
    /// `code_verifier`
    pub code_verifier: String,
    /// The token of a refresh or a revocation: `refresh_token`, `token`.
    pub token: String,
}

/// The value of an extra parameter.
#[derive(Clone, Debug)]
pub enum ParameterValue {
    /// A text.
    Text(Template),
    /// A number or a truth value of a JSON body.
    Json(serde_json::Value),
}

/// Where the token and its companions stand in an answer. All are JSON pointers.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    /// What must be `true` in an answer of status 200.
    pub ok: Option<String>,
    /// The object that the others are looked for in; the answer itself without.
    pub object: Option<String>,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// The lifetime of the access token.
    pub expires_in: String,
    /// Whether the lifetime counts milliseconds.
    pub in_milliseconds: bool,
    /// The end of the access token: RFC 3339, or seconds or milliseconds since 1970.
    pub expires_at: Option<String>,
    /// The granted scopes; `/scope`, else `/scopes`, without.
    pub scope: Option<String>,
}

impl Default for TokenAnswer {
    /// As RFC 6749 §5.1 says.
    fn default() -> Self {
        Self {
            ok: None,
            object: None,
            access_token: "/access_token".to_owned(),
            refresh_token: "/refresh_token".to_owned(),
            expires_in: "/expires_in".to_owned(),
            in_milliseconds: false,
            expires_at: None,
            scope: None,
        }
    }
}

/// A second exchange right after the code, whose answer is the grant.
#[derive(Debug)]
pub struct SecondExchange {
    /// Where it is sent.
    pub url: UrlTemplate,
    /// How. Its templates may name `${token.…}`, the answer to the code.
    pub request: TokenRequest,
    /// How its answer is read.
    pub answer: TokenAnswer,
}

/// How tokens are refreshed.
#[derive(Debug)]
pub struct Refresh {
    /// Whether the grant can be refreshed at all.
    pub supported: bool,
    /// The endpoint, where it is not the token endpoint.
    pub url: Option<UrlTemplate>,
    /// How the request is sent.
    pub request: TokenRequest,
    /// The value of `grant_type`.
    pub grant_type: String,
    /// How the answer is read: like that of the last exchange.
    pub answer: TokenAnswer,
    /// Whether the access token itself buys the next one. It stands as the refresh token of a grant then.
    pub with_access_token: bool,
    /// Lifetime in seconds when the answer has no `expires_in` and the token itself tells no end.
    pub lifetime: Option<u64>,
    /// Seconds after which the service forgets a refresh token that nobody used.
    pub idle: Option<u64>,
    /// The service's own error codes.
    pub errors: RefreshErrors,
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

/// How tokens are revoked; where, is in [`Endpoints`](super::Endpoints).
#[derive(Debug)]
pub struct RevokeRequest {
    /// How the request is sent.
    pub request: TokenRequest,
    /// Which tokens are sent, in this order. Never empty.
    pub tokens: Vec<RevokedToken>,
    /// What it ends.
    pub ends: RevokeEnds,
}

/// What a revocation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeEnds {
    /// The tokens of one sign-in.
    Token,
    /// All that the account gave the OAuth client, at other sign-ins too.
    Grant,
}

/// A token that is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedToken {
    /// The refresh token, where there is one.
    Refresh,
    /// The access token.
    Access,
}
