//! An API-key sign-in.

use url::Url;

use super::{Login, Signature};

/// An API-key sign-in.
#[derive(Debug)]
pub struct ApiKeyAuth {
    /// The secrets to ask for, in order. Never empty. Templates name them `credential.NAME`.
    pub fields: Vec<SecretField>,
    /// The page where the person finds the key.
    pub help_url: Option<Url>,
    /// What is made of the values.
    pub kind: FieldsKind,
    /// A token that we sign with them, `${signed.jwt}`: for the requests of `login`, else for each call.
    pub sign: Option<Box<Signature>>,
    /// Requests that turn them into `credential.access_token`.
    pub login: Option<Box<Login>>,
}

/// What is made of typed-in values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldsKind {
    /// They are sent as they are.
    ApiKey,
    /// They buy a token.
    Login,
    /// The same, by the client credentials grant.
    ClientCredentials,
    /// They sign a token for each call.
    Jwt,
}

impl FieldsKind {
    /// The name in the YAML and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Login => "login",
            Self::ClientCredentials => "oauth2_client_credentials",
            Self::Jwt => "jwt",
        }
    }
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
