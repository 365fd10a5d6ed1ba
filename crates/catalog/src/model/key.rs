//! An API-key sign-in.

use url::Url;

/// An API-key sign-in.
#[derive(Debug)]
pub struct ApiKeyAuth {
    /// The secrets to ask for, in order. Never empty. Templates name them `credential.NAME`.
    pub fields: Vec<SecretField>,
    /// The page where the person finds the key.
    pub help_url: Option<Url>,
}

/// A secret that the person pastes.
#[derive(Debug)]
pub struct SecretField {
    /// Name in templates.
    pub name: String,
    /// Label.
    pub title: String,
    /// A sentence beside the field.
    pub help: Option<String>,
    /// Whole-match pattern, anchored.
    pub pattern: Option<regex::Regex>,
    /// Greyed text, as `sk_live_…`.
    pub placeholder: Option<String>,
}
