//! What the person types in.

use url::Url;

use super::{AppLogin, Login, OAuth1Calls, Signature, Variable};

/// What the person types in: a key, a user name and password, any fields, or nothing.
#[derive(Debug)]
pub struct ApiKeyAuth {
    /// Which of these it is.
    pub kind: TypedKind,
    /// The fields to ask for, in order. Empty for [`TypedKind::Nothing`] only.
    pub fields: Vec<Field>,
    /// The page where the person finds the key.
    pub help_url: Option<Url>,
    /// A token that we sign with the values, `${signed.jwt}`: for the requests of `login`, else for each call.
    pub sign: Option<Box<Signature>>,
    /// Requests that turn the values into `credential.access_token`.
    pub login: Option<Box<Login>>,
    /// Calls are signed with OAuth 1 and these values.
    pub oauth1: Option<Box<OAuth1Calls>>,
}

impl ApiKeyAuth {
    /// How the operator's app logs in, where it is its client.
    pub fn app(&self) -> Option<&AppLogin> {
        self.login.as_ref()?.app.as_ref()
    }

    /// The secrets. Templates name them `credential.NAME`.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.fields.iter().filter_map(|field| match &field.input {
            Input::Secret(secret) => Some((field.name.as_str(), secret)),
            Input::Plain(_) => None,
        })
    }

    /// The plain fields, which are variables of connections made in this way. Templates name them `variables.NAME`.
    pub fn plain(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.fields.iter().filter_map(|field| match &field.input {
            Input::Secret(_) => None,
            Input::Plain(variable) => Some((field.name.as_str(), variable)),
        })
    }
}

/// What is typed in, as the definition names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedKind {
    /// `api_key`: at least one secret.
    ApiKey,
    /// `basic`: `username`, which is no secret, and `password`.
    Basic,
    /// `form`: any fields.
    Form,
    /// `none`: no fields.
    Nothing,
    /// `login`: what buys a token.
    Login,
    /// `oauth2_client_credentials`: `client_id` and `client_secret`, which buy a token.
    ClientCredentials,
    /// `jwt`: what signs a token for each call.
    Jwt,
}

impl TypedKind {
    /// The name in the YAML and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Basic => "basic",
            Self::Form => "form",
            Self::Nothing => "none",
            Self::Login => "login",
            Self::ClientCredentials => "oauth2_client_credentials",
            Self::Jwt => "jwt",
        }
    }
}

/// A field of the form.
#[derive(Debug)]
pub struct Field {
    /// Name in templates. No field of a way to sign in has the name of a variable of its definition.
    pub name: String,
    /// What is asked for.
    pub input: Input,
}

/// What a field asks for.
#[derive(Debug)]
pub enum Input {
    /// Sealed as part of the credential.
    Secret(Secret),
    /// Kept with the connection as a variable.
    Plain(Variable),
}

/// A secret that the person pastes.
#[derive(Debug)]
pub struct Secret {
    /// Label.
    pub title: String,
    /// A sentence beside the field.
    pub help: Option<String>,
    /// Whole-match pattern, anchored.
    pub pattern: Option<regex::Regex>,
    /// Greyed text, as `sk_live_…`.
    pub placeholder: Option<String>,
    /// Whether it may stay empty.
    pub optional: bool,
    /// Which characters it may have.
    pub characters: Characters,
}

/// Which characters a secret may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// Visible ASCII characters and spaces, which a header carries as they are.
    Ascii,
    /// All but control characters: a password, which is encoded before it is sent.
    Text,
    /// The same and line breaks, as in a private key.
    Lines,
}

impl Characters {
    /// Whether a text has only these.
    pub fn allow(self, text: &str) -> bool {
        text.chars().all(|one| match self {
            Self::Ascii => one == ' ' || one.is_ascii_graphic(),
            Self::Text => !one.is_control(),
            Self::Lines => !one.is_control() || matches!(one, '\n' | '\r' | '\t'),
        })
    }
}
