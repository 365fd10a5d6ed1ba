//! Secrets that the person pastes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Choose;

/// Secrets that the person pastes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    /// Id of this way to sign in; `api_key` unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Secret key`.
    pub(crate) title: String,
    /// The secrets to ask for, in order; templates name them `${credential.NAME}`.
    pub(crate) fields: Vec<SecretField>,
    /// The page where the person finds the key, https.
    pub(crate) help_url: Option<String>,
    /// Which of several accounts, sites or workspaces the connection is for, where the secrets do not say it.
    pub(crate) choose: Option<Box<Choose>>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
}

/// A secret that the person pastes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretField {
    /// Name in templates, as `api_key`.
    pub(crate) name: String,
    /// Label.
    pub(crate) title: String,
    /// A sentence beside the field.
    pub(crate) help: Option<String>,
    /// What the whole value must match.
    pub(crate) pattern: Option<String>,
    /// Greyed text in the empty field.
    pub(crate) placeholder: Option<String>,
}
