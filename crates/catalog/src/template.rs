//! The template language: literals, named inputs and a closed list of functions. It has no logic, and what it renders is
//! never read as a template again.
//!
//! ```text
//! Bearer ${credential.access_token}
//! Basic ${base64(credential.email "/token:" credential.api_key)}
//! ```

mod function;
mod inputs;
mod json;
mod parse;
mod path;
mod url;

use std::fmt;

use secrecy::SecretString;
use zeroize::Zeroizing;

pub use self::function::Function;
pub(crate) use self::inputs::encode;
pub use self::inputs::{Inputs, RenderError};
pub use self::json::JsonTemplate;
pub use self::parse::SyntaxError;
pub use self::path::PathTemplate;
pub(crate) use self::path::is_plain_path;
pub use self::url::UrlTemplate;
pub(crate) use self::url::{WholeOrigin, is_label, is_listed_origin};

/// A parsed template.
#[derive(Clone)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
    may_be_absent: bool,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Text as it stands.
    Literal(String),
    /// What is put in.
    Expression(Expression),
}

/// What stands between `${` and `}`.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    /// A named input.
    Name(Name),
    /// A quoted text, only as an argument.
    Quoted(String),
    /// A function; each argument is a row of values that are joined.
    Call(Function, Vec<Vec<Expression>>),
}

/// `namespace.name`, where the name may go deeper with dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As `credential`.
    pub namespace: String,
    /// As `access_token` or `authed_user.id`.
    pub path: String,
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.namespace, self.path)
    }
}

/// Where a rendered text lands, which decides how it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// In a URL's path: literals stay, each value is percent-encoded and can neither be empty nor a dot segment.
    Path,
    /// A query value: the whole text is percent-encoded. Use [`Slot::Plain`] where a URL serializer encodes.
    Query,
    /// A header value: nothing is encoded; control characters and characters outside ASCII are refused.
    Header,
    /// A form value: the whole text is encoded as `application/x-www-form-urlencoded`. Use [`Slot::Plain`] where a form
    /// serializer encodes.
    Form,
    /// The inside of a JSON string, without the quotes.
    Json,
    /// As it is: for values that the caller encodes itself.
    Plain,
}

impl Template {
    /// Parses a template. Errors say what is wrong and where, counted in characters from the template's start.
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        Ok(Self {
            source: source.to_owned(),
            parts: parse::template(source)?,
            may_be_absent: false,
        })
    }

    /// What this renders is left out when one of its inputs is absent.
    #[must_use]
    pub(crate) fn left_out_when_absent(mut self) -> Self {
        self.may_be_absent = true;
        self
    }

    /// A name that stands alone in braces, as in `/users/{id}`: the writing of other languages. What follows `?` is not
    /// looked at.
    pub(crate) fn bare_braces(&self) -> Option<&str> {
        for part in &self.parts {
            let Part::Literal(text) = part else { continue };
            let (path, query) = text
                .split_once('?')
                .map_or((text.as_str(), None), |(path, query)| (path, Some(query)));
            let mut opened = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
            let is_name = |name: &str| {
                name.starts_with(|first: char| first.is_ascii_alphabetic())
                    && name
                        .chars()
                        .all(|character| character.is_ascii_alphanumeric() || character == '_')
            };
            if let Some((name, _)) = opened.find(|(name, _)| is_name(name)) {
                return Some(name);
            }
            if query.is_some() {
                return None;
            }
        }
        None
    }

    /// The text that it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text with each plain input as its name in double braces, as in `Bearer {{api_key}}`: what people and other
    /// programs read. Where a function stands, the whole text is as it was written.
    pub fn in_braces(&self) -> String {
        let plain = self.parts.iter().map(|part| match part {
            Part::Literal(text) => Some(text.clone()),
            Part::Expression(Expression::Name(name)) => Some(format!("{{{{{}}}}}", name.path)),
            Part::Expression(_) => None,
        });
        plain.collect::<Option<String>>().unwrap_or_else(|| self.source.clone())
    }

    /// Renders for a slot. The result is a secret, since a credential may be in it.
    pub fn render(&self, inputs: &Inputs<'_>, slot: Slot) -> Result<SecretString, RenderError> {
        let mut text = Zeroizing::new(String::new());
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Expression(expression) => {
                    let value = function::text(expression, inputs)?;
                    if slot == Slot::Path {
                        text.push_str(&inputs::path_segment(&value, expression)?);
                    } else {
                        text.push_str(&value);
                    }
                }
            }
        }
        inputs::encode(&text, slot).map(SecretString::from)
    }

    /// The same; `None` when an optional input is absent and nothing stands in for it.
    pub fn render_present(&self, inputs: &Inputs<'_>, slot: Slot) -> Result<Option<SecretString>, RenderError> {
        match self.render(inputs, slot) {
            Err(RenderError::Missing(_)) if self.may_be_absent => Ok(None),
            rendered => rendered.map(Some),
        }
    }

    /// The inputs that must be there for it to be rendered: all but those that another one stands in for, in `first(…)`.
    pub(crate) fn needed(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        for part in &self.parts {
            if let Part::Expression(expression) = part {
                needed(expression, &mut names);
            }
        }
        names
    }

    /// All inputs that it names, in order, with repetitions.
    pub fn names(&self) -> Vec<&Name> {
        names_of(&self.parts)
    }

    /// The text, when the template has no inputs at all.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The texts between the inputs.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| {
            if let Part::Literal(text) = part {
                Some(text.as_str())
            } else {
                None
            }
        })
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

pub(crate) fn names_of(parts: &[Part]) -> Vec<&Name> {
    let mut names = Vec::new();
    for part in parts {
        if let Part::Expression(expression) = part {
            collect(expression, &mut names);
        }
    }
    names
}

fn collect<'a>(expression: &'a Expression, names: &mut Vec<&'a Name>) {
    match expression {
        Expression::Name(name) => names.push(name),
        Expression::Quoted(_) => {}
        Expression::Call(_, arguments) => {
            arguments.iter().flatten().for_each(|argument| collect(argument, names));
        }
    }
}

fn needed<'a>(expression: &'a Expression, names: &mut Vec<&'a Name>) {
    match expression {
        Expression::Name(name) => names.push(name),
        Expression::Quoted(_) => {}
        Expression::Call(Function::First, arguments) => {
            arguments
                .iter()
                .rev()
                .take(1)
                .flatten()
                .for_each(|last| needed(last, names));
        }
        Expression::Call(_, arguments) => arguments.iter().flatten().for_each(|argument| needed(argument, names)),
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Template({:?})", self.source)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(formatter),
            Self::Quoted(text) => write!(formatter, "{text:?}"),
            Self::Call(function, _) => write!(formatter, "{}(…)", function.name()),
        }
    }
}

#[cfg(test)]
mod tests;
