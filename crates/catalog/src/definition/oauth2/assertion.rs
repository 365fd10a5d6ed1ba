//! How a client with a private key proves itself, and where it sends parameters ahead.

use schemars::JsonSchema;
use serde::Deserialize;

/// The assertion of a client with a private key (RFC 7523 §2.2).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClientAssertion {
    /// The algorithm, where the service takes one only: `RS256`, `PS256` or `ES256`. Without it, that of the operator's key.
    pub(crate) algorithm: Option<KeyAlgorithm>,
    /// Whom it is for: the `token_endpoint`, unless the service wants its `issuer`.
    pub(crate) audience: AssertionAudience,
    /// How long it is good: a number and `s` or `m`, up to `5m`; `60s` unless said otherwise.
    pub(crate) lifetime: Option<String>,
}

/// Pushed authorization requests (RFC 9126).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pushed {
    /// Their endpoint. With `discover` it comes from there: `pushed: {}`.
    pub(crate) url: Option<String>,
}

/// An algorithm with a private key (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum KeyAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// Whom an assertion is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AssertionAudience {
    /// The token endpoint (OpenID Connect Core 1.0 §9).
    #[default]
    TokenEndpoint,
    /// The issuer: that of `discover`, or `issuer`.
    Issuer,
}
