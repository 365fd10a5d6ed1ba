//! Calls that are worth knowing.

use schemars::JsonSchema;
use serde::Deserialize;

/// A call of the API that is worth knowing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Action {
    /// Unique in this definition, as `send-message`. Callers keep it: never give it to something else.
    pub(crate) id: String,
    /// What it does, as `Send a message`.
    pub(crate) title: String,
    /// The method.
    pub(crate) method: ActionMethod,
    /// Behind `api.base_url`; `{{name}}` stands for what the caller fills in, as `/repos/{{owner}}/{{repo}}`.
    pub(crate) path: String,
    /// What it is about; the first is its kind, as `messages`.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// How it is used: parameters, body, answer, what goes wrong. Markdown; title and address are put above it.
    pub(crate) knowledge: String,
    /// The same for machines, as far as it is written down.
    pub(crate) io: Option<ActionIo>,
}

/// What goes in and comes out, for machines.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionIo {
    /// JSON Schema of what the caller gives: the names of the path, query parameters and the fields of the body.
    pub(crate) input: Option<serde_json::Value>,
    /// JSON Schema of the answer's body.
    pub(crate) output: Option<serde_json::Value>,
    /// One call.
    pub(crate) example: Option<ActionExample>,
}

/// One call of an action, invented.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionExample {
    /// What the caller gives.
    pub(crate) input: Option<serde_json::Value>,
    /// What comes back.
    pub(crate) output: Option<serde_json::Value>,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ActionMethod {
    /// Reads.
    Get,
    /// Creates, or does.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes.
    Delete,
}
