//! Non-secret values.

/// A non-secret value.
#[derive(Debug)]
pub struct Variable {
    /// Label of the field.
    pub title: String,
    /// A sentence beside the field.
    pub help: Option<String>,
    /// Who gives it.
    pub set_by: SetBy,
    /// What it may be.
    pub kind: VariableKind,
    /// Used when nobody gives one.
    pub default: Option<String>,
    /// Greyed text in the empty field.
    pub placeholder: Option<String>,
    /// Whether it stands in the host of an address; then a value is made of DNS labels, whatever the pattern says.
    pub in_host: bool,
}

impl Variable {
    /// Checks a given value. The message is for people and says what to change.
    pub fn check(&self, value: &str) -> Result<(), String> {
        crate::check::variable_value(self, value)
    }
}

/// Who gives the value of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// The person who connects, in the form (`set_by: person`, the default).
    Person,
    /// The operator, with the app (`set_by: operator`).
    Operator,
}

/// What a variable may be.
#[derive(Debug)]
pub enum VariableKind {
    /// A text that matches the whole pattern. Without a pattern in the definition it is one DNS label.
    Text {
        /// Anchored, linear-time.
        pattern: regex::Regex,
    },
    /// A whole https origin such as `https://id.example.com`; guarded by the outbound client.
    Origin,
    /// A whole https address with a path, such as an issuer; guarded by the outbound client.
    Url,
    /// One of the choices.
    Choice(Vec<Choice>),
}

/// A choice of a variable.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is put in.
    pub value: String,
    /// What is shown.
    pub label: String,
}
