//! Values that are no secrets of a person.

use schemars::JsonSchema;
use serde::Deserialize;

/// A value that is no secret of the person who connects: those are fields of a way to sign in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// Label of the field.
    pub(crate) title: String,
    /// A sentence beside the field.
    pub(crate) help: Option<String>,
    /// Who gives it: the person who connects (`person`), or the operator with the OAuth app (`operator`).
    #[serde(default)]
    pub(crate) set_by: SetBy,
    /// What it may be.
    #[serde(default, rename = "type")]
    pub(crate) kind: VariableType,
    /// For `type: text`: what the whole value must match. Without it the value is one DNS label; a field of a way to
    /// sign in takes any visible ASCII characters and spaces.
    pub(crate) pattern: Option<String>,
    /// For `type: choice`: the choices, in order. Whole origins (`https://api.example.eu`) may begin an address.
    pub(crate) choices: Option<Vec<Choice>>,
    /// For `type: choice`: what may be typed in besides the choices, as the address of a server of one's own.
    pub(crate) other: Option<OtherValue>,
    /// For `set_by: operator`: whether it is a secret, which is sealed and never shown. One that is named like a secret says
    /// `true`, or `false` where anybody may know it.
    pub(crate) secret: Option<bool>,
    /// Whether it may stay empty. Headers and query parameters that need it are then left out.
    #[serde(default)]
    pub(crate) optional: bool,
    /// Used when nobody gives a value.
    pub(crate) default: Option<String>,
    /// Greyed text in the empty field.
    pub(crate) placeholder: Option<String>,
}

/// Who gives the value of a variable.
#[derive(PartialEq, Eq, Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SetBy {
    /// The person who connects, in the form.
    #[default]
    Person,
    /// The operator, with the OAuth app.
    Operator,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VariableType {
    /// A text that matches `pattern`.
    #[default]
    Text,
    /// An email address.
    Email,
    /// A whole origin such as `https://id.example.com`.
    Origin,
    /// A whole address with a path, such as an issuer.
    Url,
    /// A path behind the base address, with its query if there is one: `/v1/me`. It can only be the whole path of a `check`.
    Path,
    /// A number, as `42` or `0.5`.
    Number,
    /// A text of several lines, such as a private key.
    Multiline,
    /// One of `choices`.
    Choice,
}

/// A choice.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// What is put in.
    pub(crate) value: String,
    /// What is shown; the value, unless said otherwise.
    pub(crate) label: Option<String>,
}

/// What may be typed in besides the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtherValue {
    /// A whole origin such as `https://sentry.example.com`.
    Origin,
    /// A whole address with a path.
    Url,
}
