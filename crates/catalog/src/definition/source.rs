//! Where the facts of a definition come from.

use schemars::JsonSchema;
use serde::Deserialize;

/// A document of the provider: its address, or a mapping that also says what was read there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Source {
    /// The address, https. Everything may come from there.
    Address(String),
    /// The address with what was read there.
    Page(Page),
}

/// A document of the provider, and what was read there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// The address, https.
    pub(crate) url: String,
    /// Keys of this definition whose facts were read there, as `auth.token` or `check`. Numbers in lists are left out.
    pub(crate) fields: Vec<String>,
}

/// How far a definition was proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Confidence {
    /// Written from the provider's documents.
    #[default]
    Documented,
    /// Also replayed against exchanges that the provider's documents show.
    Fixture,
    /// Also used with a real account.
    Live,
}
