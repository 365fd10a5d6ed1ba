//! How the API is called, and the call that proves a credential.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How the API is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// Base address; a caller's path is joined behind it and can never change its host.
    pub(crate) base_url: String,
    /// Headers put into each call; they carry the credential.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters put into each call.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// A call that proves a credential: either `get` or `post`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// A path behind `api.base_url` that begins with `/`, or a whole address.
    pub(crate) get: Option<String>,
    /// The same with POST, where a service has nothing else.
    pub(crate) post: Option<String>,
    /// JSON body of the `post`.
    pub(crate) body: Option<serde_json::Value>,
    /// JSON pointer of what must be `true` in the answer, as `/ok`.
    pub(crate) ok: Option<String>,
    /// Who the credential belongs to.
    #[serde(default)]
    pub(crate) account: Account,
}

/// Who a credential belongs to, from the answer of the check.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    /// Stable id, as `${body.id}`.
    pub(crate) id: Option<String>,
    /// Name for people, as `${body.email}`.
    pub(crate) name: Option<String>,
}
