//! OAuth 1.0a (RFC 5849): the sign-in, and calls that are signed with values that a person types in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Choose, Learn, LearningCall};

/// A sign-in with OAuth 1.0a (RFC 5849 §2). Each call of the API is signed (§3).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth1 {
    /// Id of this way to sign in; `oauth1` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Sign in with Acme`.
    pub(crate) title: String,
    /// The request for temporary credentials (RFC 5849 §2.1), often called the request token.
    pub(crate) request_token: OAuth1Request,
    /// Where the person allows it (RFC 5849 §2.2).
    pub(crate) authorize: OAuth1Authorize,
    /// The request for token credentials (RFC 5849 §2.3), often called the access token.
    pub(crate) access_token: OAuth1Request,
    /// How requests and calls are signed.
    pub(crate) signature: OAuth1Method,
    /// The realm in the header (RFC 5849 §3.5.1), as `https://api.acme.com`.
    pub(crate) realm: Option<String>,
    /// Where the protocol's parameters of API calls stand; in the `Authorization` header unless said otherwise.
    #[serde(default)]
    pub(crate) parameters: OAuth1CallPlace,
    /// How long a token is good: a number and `s`, `m`, `h` or `d`, as `90d`. Without it tokens do not end by themselves.
    pub(crate) lifetime: Option<String>,
    /// Values kept with the connection as variables, from the answer with the token or the callback.
    #[serde(default)]
    pub(crate) learn: BTreeMap<String, Learn>,
    /// Calls after the sign-in, in order, whose answers say more that a connection keeps, as its data centre.
    #[serde(default)]
    pub(crate) calls: Vec<LearningCall>,
    /// Which of several accounts, sites or workspaces the connection is for, where the sign-in itself does not say it.
    pub(crate) choose: Option<Choose>,
    /// The page where an operator registers an app, https.
    pub(crate) setup: Option<String>,
    /// Headers of API calls for this way to sign in, besides those of `api` and the signature.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// A signed request for credentials.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth1Request {
    /// The address.
    pub(crate) url: String,
    /// `post`, unless the service wants `get`.
    #[serde(default)]
    pub(crate) method: OAuth1RequestMethod,
    /// Where the protocol's parameters stand; in the `Authorization` header unless said otherwise.
    #[serde(default)]
    pub(crate) parameters: OAuth1Place,
    /// Extra parameters, as `scope`: in the body of a `post`, in the query of a `get`.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
}

/// Where the person allows it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth1Authorize {
    /// The address; `oauth_token` is added.
    pub(crate) url: String,
    /// Extra query parameters.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
}

/// Calls that are signed with OAuth 1 (RFC 5849 §3), with values that the person types in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth1Calls {
    /// How calls are signed.
    pub(crate) signature: OAuth1Method,
    /// The client's key, as `${credential.consumer_key}`.
    pub(crate) consumer_key: String,
    /// The client's secret.
    pub(crate) consumer_secret: String,
    /// The token, where there is one.
    pub(crate) token: Option<String>,
    /// The token's secret.
    pub(crate) token_secret: Option<String>,
    /// The realm in the header (RFC 5849 §3.5.1).
    pub(crate) realm: Option<String>,
    /// Where the protocol's parameters stand; in the `Authorization` header unless said otherwise.
    #[serde(default)]
    pub(crate) parameters: OAuth1CallPlace,
}

/// A signature method (RFC 5849 §3.4). That with SHA-256 is the same with another hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum OAuth1Method {
    /// HMAC with SHA-1 (RFC 5849 §3.4.2).
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// HMAC with SHA-256.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    /// The secrets themselves (RFC 5849 §3.4.4). Over https only.
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}

/// The method of a request for credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OAuth1RequestMethod {
    /// As RFC 5849 §2.1 says.
    #[default]
    Post,
    /// All parameters in the query.
    Get,
}

/// Where the protocol's parameters stand (RFC 5849 §3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OAuth1Place {
    /// In the `Authorization` header.
    #[default]
    Header,
    /// In the query.
    Query,
    /// In the form of a `post`.
    Body,
}

/// The same for calls of the API, whose bodies pass through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OAuth1CallPlace {
    /// In the `Authorization` header.
    #[default]
    Header,
    /// In the query.
    Query,
}
