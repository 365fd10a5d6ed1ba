//! What the person types in: a key, a user name and password, any fields, or nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::{Check, Choice, Choose, OAuth1Calls, OtherValue, SetBy, Variable, VariableType};

/// One or several values that the person types in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    /// Id of this way to sign in; the name of its kind unless said otherwise.
    pub(crate) id: Option<String>,
    /// What the person reads, as `Secret key`.
    pub(crate) title: String,
    /// What to ask for, in order.
    pub(crate) fields: Vec<Field>,
    /// The page where the person finds the key, https.
    pub(crate) help_url: Option<String>,
    /// Which of several accounts, sites or workspaces the connection is for, where the values do not say it.
    pub(crate) choose: Option<Box<Choose>>,
    /// Headers of API calls for this way to sign in, besides those of `api`. A name may hold an input.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`. A name may hold an input.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// Calls are signed with OAuth 1, with what is asked for here.
    pub(crate) oauth1: Option<Box<OAuth1Calls>>,
    /// The call that proves what this way to sign in asks for, in place of the definition's `check`.
    pub(crate) check: Option<Box<Check>>,
}

/// A field of the form.
///
/// A field with `secret: false` is a variable that belongs to one way to sign in: this is the only way to write such a
/// one. It stands among the secrets, in the order in which the person reads them, and has the same keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// Name in templates, as `api_key`: a secret is `${credential.NAME}`, a plain field `${variables.NAME}`.
    pub(crate) name: String,
    /// Label.
    pub(crate) title: String,
    /// A sentence beside the field.
    pub(crate) help: Option<String>,
    /// Whether it is a secret. What is none is shown, and stands in the form when the person connects again.
    #[serde(default = "yes")]
    pub(crate) secret: bool,
    /// Whether it may stay empty. Headers and parameters that need it are then left out.
    #[serde(default)]
    pub(crate) optional: bool,
    /// What it may be. A secret is a `text` or `multiline`.
    #[serde(default, rename = "type")]
    pub(crate) kind: VariableType,
    /// For a text: what the whole value must match.
    pub(crate) pattern: Option<String>,
    /// For `type: choice`: the choices, in order.
    pub(crate) choices: Option<Vec<Choice>>,
    /// For `type: choice`: what may be typed in besides the choices.
    pub(crate) other: Option<OtherValue>,
    /// Stands in the field from the start, and is used when it is left empty. Not for a secret.
    pub(crate) default: Option<String>,
    /// Greyed text in the empty field.
    pub(crate) placeholder: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Field {
    /// A plain field as the variable that it is.
    pub(crate) fn variable(&self) -> Variable {
        Variable {
            title: self.title.clone(),
            help: self.help.clone(),
            set_by: SetBy::Person,
            kind: self.kind,
            pattern: self.pattern.clone(),
            choices: self.choices.clone(),
            other: self.other,
            // A plain field says that it is none.
            secret: Some(false),
            optional: self.optional,
            default: self.default.clone(),
            placeholder: self.placeholder.clone(),
        }
    }
}

/// A user name and a password (RFC 7617). They are sent as `Authorization: Basic` with each call, unless `headers` say
/// how else.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Basic {
    /// Id of this way to sign in; `basic` unless said otherwise.
    id: Option<String>,
    /// What the person reads, as `Enter an API token`.
    title: String,
    /// The user name, which is no secret: `${variables.username}`.
    #[serde(default)]
    username: BasicField,
    /// The password: `${credential.password}`.
    #[serde(default)]
    password: BasicField,
    /// The page where the person finds them, https.
    help_url: Option<String>,
    /// Which of several accounts, sites or workspaces the connection is for, where the values do not say it.
    choose: Option<Box<Choose>>,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// The call that proves user name and password, in place of the definition's `check`.
    check: Option<Box<Check>>,
}

/// What a service calls its user name or password.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasicField {
    /// Label; `User name` or `Password` unless said otherwise.
    title: Option<String>,
    /// A sentence beside the field.
    help: Option<String>,
    /// What the whole value must match.
    pattern: Option<String>,
    /// Greyed text in the empty field.
    placeholder: Option<String>,
    /// For the user name: `text` or `email`.
    #[serde(default, rename = "type")]
    kind: VariableType,
}

/// Names of the two fields.
const BASIC: [&str; 2] = ["username", "password"];

impl From<Basic> for ApiKey {
    fn from(basic: Basic) -> Self {
        let field = |name: &str, title: &str, secret: bool, written: BasicField| Field {
            name: name.to_owned(),
            title: written.title.unwrap_or_else(|| title.to_owned()),
            help: written.help,
            secret,
            optional: false,
            kind: written.kind,
            // The first colon ends a user name (RFC 7617 §2).
            pattern: written.pattern.or_else(|| {
                let plain = !secret && written.kind == VariableType::Text;
                plain.then(|| "[^:\\x00-\\x1f\\x7f]+".to_owned())
            }),
            choices: None,
            other: None,
            default: None,
            placeholder: written.placeholder,
        };
        let mut headers = basic.headers;
        if !headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
            headers.insert("Authorization".to_owned(), BASIC_HEADER.to_owned());
        }
        Self {
            id: basic.id,
            title: basic.title,
            fields: vec![
                field(BASIC[0], "User name", false, basic.username),
                field(BASIC[1], "Password", true, basic.password),
            ],
            help_url: basic.help_url,
            choose: basic.choose,
            headers,
            query: basic.query,
            oauth1: None,
            check: basic.check,
        }
    }
}

/// What RFC 7617 §2 asks for.
const BASIC_HEADER: &str = "Basic ${base64(variables.username \":\" credential.password)}";

/// Nothing is asked for but the variables of the definition: a public API, or a service of one's own network.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {
    /// Id of this way to sign in; `none` unless said otherwise.
    id: Option<String>,
    /// What the person reads, as `Connect without signing in`.
    title: String,
    /// Headers of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Query parameters of API calls for this way to sign in, besides those of `api`.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// The call that proves that the service answers, in place of the definition's `check`.
    check: Option<Box<Check>>,
}

impl From<Nothing> for ApiKey {
    fn from(nothing: Nothing) -> Self {
        Self {
            id: nothing.id,
            title: nothing.title,
            fields: Vec::new(),
            help_url: None,
            choose: None,
            headers: nothing.headers,
            query: nothing.query,
            oauth1: None,
            check: nothing.check,
        }
    }
}

/// Reads one of the shorter forms as what it stands for.
pub(super) fn as_fields<'de, D, T>(deserializer: D) -> Result<ApiKey, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Into<ApiKey>,
{
    T::deserialize(deserializer).map(Into::into)
}
