//! Values that are no secrets of a person.

/// A value that is no secret of the person who connects.
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
    /// What may be typed in besides the choices of a [`VariableKind::Choice`].
    pub other: Option<OtherValue>,
    /// Whether it is a secret of the operator's: sealed, and never shown.
    pub secret: bool,
    /// Whether it may be absent.
    pub optional: bool,
    /// Used when nobody gives one.
    pub default: Option<String>,
    /// Greyed text in the empty field.
    pub placeholder: Option<String>,
    /// Where the definition puts it.
    pub uses: Uses,
}

impl Variable {
    /// Checks a given value. The message is for people and says what to change.
    pub fn check(&self, value: &str) -> Result<(), String> {
        crate::check::variable_value(self, value)
    }
}

/// Places where a value has to obey more than its own rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// In the host of an address: then a value is made of DNS labels, whatever the pattern says.
    pub host: Option<HostCase>,
    /// In the name of a header: then it is a token of RFC 9110 §5.6.2 that makes no header of the connection.
    pub header_name: bool,
}

/// How a value stands in a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostCase {
    /// As it is.
    AsWritten,
    /// In lower case, by `lower(…)`.
    Lowered,
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
    /// An email address.
    Email,
    /// A whole https origin such as `https://id.example.com`; guarded by the outbound client.
    Origin,
    /// A whole https address with a path, such as an issuer; guarded by the outbound client.
    Url,
    /// A path behind the base address that begins with `/`, perhaps with a query.
    Path,
    /// A number.
    Number,
    /// A text of several lines.
    Multiline,
    /// One of the choices.
    Choice(Vec<Choice>),
}

impl VariableKind {
    /// The name in the YAML, by which the form shows it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Email => "email",
            Self::Origin => "origin",
            Self::Url => "url",
            Self::Path => "path",
            Self::Number => "number",
            Self::Multiline => "multiline",
            Self::Choice(_) => "choice",
        }
    }
}

/// A choice of a variable.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is put in.
    pub value: String,
    /// What is shown.
    pub label: String,
}

/// What may be typed in besides the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherValue {
    /// A whole origin.
    Origin,
    /// A whole address with a path.
    Url,
}
