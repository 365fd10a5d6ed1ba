//! Where a definition comes from, and what its facts rest on.

use url::Url;

/// A document of the provider.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Source {
    /// The address.
    pub url: Url,
    /// Keys of the definition whose facts were read there, as `auth.token`. Empty: any of them.
    pub fields: Vec<String>,
}

/// How far a definition was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Written from the provider's documents.
    Documented,
    /// Also replayed against exchanges that the provider's documents show.
    Fixture,
    /// Also used with a real account.
    Live,
}

/// The file of a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its name, as `slack.yaml`.
    pub file: String,
    /// Whether it came with the program.
    pub built_in: bool,
    /// Whether it takes the place of another one.
    pub overrides: bool,
    /// Whether it came by the API.
    pub stored: bool,
    /// Differs where the text does, that of its family too.
    pub fingerprint: u64,
}
