//! How the API is called, and the call that proves a credential.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// How the API is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// Base address; a caller's path is joined behind it and can never change its host.
    pub(crate) base_url: String,
    /// Further hosts of the API, as `content.example.com`; an entry that begins with a dot is a suffix. A caller names one
    /// in `X-Latchkey-Host`, and the path is then joined behind that host alone.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    /// Headers put into each call; they carry the credential. A name may hold an input.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters put into each call. A name may hold an input.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// A call that proves a credential: either `get` or `post`. It has the headers and parameters of API calls.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// A path behind `api.base_url` that begins with `/`, or a whole address.
    pub(crate) get: Option<String>,
    /// The same with POST, where a service has nothing else. Without `body` and `form` nothing is sent in it, and no
    /// content type.
    pub(crate) post: Option<String>,
    /// JSON body of the `post`; its texts are templates, which may name the credential. `null` is a body too.
    #[serde(default, deserialize_with = "given")]
    pub(crate) body: Option<Value>,
    /// The same as a form.
    pub(crate) form: Option<BTreeMap<String, String>>,
    /// Headers of this call that differ from those of API calls.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// JSON pointer of what must be `true` in the answer, as `/ok`.
    pub(crate) ok: Option<String>,
    /// What the answer must say, by JSON pointer: a text, number or truth value that must stand there, or
    /// `{ present: true }` or `{ present: false }`. `null` counts as not there.
    #[serde(default)]
    pub(crate) expect: BTreeMap<String, Value>,
    /// Who the credential belongs to.
    #[serde(default)]
    pub(crate) account: Account,
}

/// `null` is something that was given.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Who a credential belongs to, from the answer of the check.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    /// Stable id, as `${body.id}`.
    pub(crate) id: Option<String>,
    /// Name for people, as `${body.email}`.
    pub(crate) name: Option<String>,
    /// Whether an answer without the id is a refusal, as where a service also answers whom it does not know.
    #[serde(default)]
    pub(crate) required: bool,
}
