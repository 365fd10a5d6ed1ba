//! Remote servers of the Model Context Protocol.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Learn;

/// A remote server of the Model Context Protocol, which tells by itself where one signs in (RFC 9728) and takes clients
/// that register themselves (RFC 7591). No OAuth app is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mcp {
    /// Id of this way to sign in; `oauth_mcp` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Sign in to the server`.
    pub(crate) title: String,
    /// The server's address, as `${variables.url}`.
    pub(crate) url: String,
    /// Scopes to ask for in place of those that the server names.
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    /// Values kept with the connection as variables, from the token answer or the callback.
    #[serde(default)]
    pub(crate) learn: BTreeMap<String, Learn>,
    /// Headers of calls for this way to sign in, besides those of `api` and `Authorization`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}
