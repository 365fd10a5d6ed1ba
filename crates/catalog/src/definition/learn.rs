//! Values that a connection keeps, from an answer or from a choice.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A value kept with the connection.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Learn {
    /// Where it comes from: `${token.…}` for the token answer, `${query.…}` for the callback; below `calls`, `${body.…}` for
    /// the answer; below `choose`, `${item.…}` for the entry that was picked.
    pub(crate) from: String,
    /// What it may be.
    #[serde(default, rename = "type")]
    pub(crate) kind: LearnType,
    /// For `type: text`: what the whole value must match. Without it the value is one DNS label.
    pub(crate) pattern: Option<String>,
    /// For `type: origin`: the hosts it may be; an entry that begins with a dot is a suffix, as `.salesforce.com`.
    pub(crate) hosts: Option<Vec<String>>,
}

/// What a learnt value may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LearnType {
    /// A text that matches `pattern`.
    #[default]
    Text,
    /// An https origin, one of `hosts`.
    Origin,
}

/// A call after the sign-in, whose answer says what a connection keeps: either `get` or `post`. It has the headers and
/// parameters of API calls, as far as these need nothing that is learnt later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearningCall {
    /// A path behind `api.base_url` that begins with `/`, or a whole address.
    pub(crate) get: Option<String>,
    /// The same with POST, where a service has nothing else.
    pub(crate) post: Option<String>,
    /// JSON body of the `post`.
    pub(crate) body: Option<serde_json::Value>,
    /// Headers of this call that differ from those of API calls, as `Authorization: "OAuth ${credential.access_token}"`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// JSON pointer of what must be `true` in the answer, as `/ok`.
    pub(crate) ok: Option<String>,
    /// Values of the answer that are kept with the connection as variables. At least one; all must be there.
    pub(crate) learn: BTreeMap<String, Learn>,
}

/// A call that lists what a credential reaches, of which a connection uses one: either `get` or `post`. One entry is taken
/// without asking, several are shown to the person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choose {
    /// A path behind `api.base_url` that begins with `/`, or a whole address.
    pub(crate) get: Option<String>,
    /// The same with POST, where a service has nothing else.
    pub(crate) post: Option<String>,
    /// JSON body of the `post`.
    pub(crate) body: Option<serde_json::Value>,
    /// JSON pointer of what must be `true` in the answer, as `/ok`.
    pub(crate) ok: Option<String>,
    /// JSON pointer of the list in the answer, as `/sites`. Without it the answer itself is the list.
    pub(crate) list: Option<String>,
    /// Stable id of an entry, as `${item.id}`. An entry that is a text or a number is `${item.value}`.
    pub(crate) id: String,
    /// Its name for people, as `${item.name}`.
    pub(crate) name: String,
    /// A quiet line below the name, as `${item.url}`.
    pub(crate) description: Option<String>,
    /// Values of the picked entry that are kept with the connection as variables. At least one.
    pub(crate) learn: BTreeMap<String, Learn>,
}
