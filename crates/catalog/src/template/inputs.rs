//! What a template is rendered with, and how values are encoded for their slot.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Expression, Name, Slot};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The named inputs of one rendering, as `variables.domain`. JSON inputs are looked up by a dotted path; texts win.
#[derive(Clone, Default)]
pub struct Inputs<'a> {
    texts: BTreeMap<(&'static str, &'a str), &'a str>,
    documents: BTreeMap<&'static str, &'a Value>,
}

impl<'a> Inputs<'a> {
    /// No inputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, namespace: &'static str, name: &'a str, value: &'a str) -> Self {
        self.insert_text(namespace, name, value);
        self
    }

    /// Adds a text in place.
    pub fn insert_text(&mut self, namespace: &'static str, name: &'a str, value: &'a str) {
        self.texts.insert((namespace, name), value);
    }

    /// Adds a JSON document.
    #[must_use]
    pub fn json(mut self, namespace: &'static str, value: &'a Value) -> Self {
        self.insert_json(namespace, value);
        self
    }

    /// Adds a JSON document in place.
    pub fn insert_json(&mut self, namespace: &'static str, value: &'a Value) {
        self.documents.insert(namespace, value);
    }

    pub(super) fn get(&self, name: &Name) -> Result<Cow<'a, str>, RenderError> {
        let wanted = (name.namespace.as_str(), name.path.as_str());
        if let Some((_, value)) = self.texts.iter().find(|((space, key), _)| (*space, *key) == wanted) {
            return Ok(Cow::Borrowed(value));
        }
        let missing = || RenderError::Missing(name.to_string());
        let mut value: &'a Value = self
            .documents
            .get(name.namespace.as_str())
            .copied()
            .ok_or_else(missing)?;
        for step in name.path.split('.') {
            value = match value {
                Value::Object(object) => object.get(step),
                Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        match value {
            Value::String(text) => Ok(Cow::Borrowed(text)),
            Value::Number(number) => Ok(Cow::Owned(number.to_string())),
            Value::Bool(truth) => Ok(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Value::Null => Err(missing()),
            Value::Array(_) | Value::Object(_) => Err(RenderError::NotText(name.to_string())),
        }
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Inputs")
            .field("texts", &self.texts.keys().collect::<Vec<_>>())
            .field("documents", &self.documents.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Why a template could not be rendered. It names inputs, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// An input is not there.
    #[error("`{0}` has no value")]
    Missing(String),
    /// An input is an object or a list, or its bytes are no text.
    #[error("`{0}` is not a text")]
    NotText(String),
    /// A value is empty or a dot segment where a part of a path must stand.
    #[error("the value of `{0}` cannot stand in a path: it is empty, `.` or `..`")]
    PathSegment(String),
    /// A header value with a control character or one outside ASCII.
    #[error("the value has a character that a header cannot carry, such as a line break")]
    HeaderCharacter,
    /// A value in a host that is not made of DNS labels.
    #[error("the value of `{0}` cannot stand in a host name")]
    HostLabel(String),
    /// The rendered address breaks the host rule: another scheme, host or port, or a user part.
    #[error("the address that came out breaks the rules of its definition: {0}")]
    Url(&'static str),
}

/// A value inside a path.
pub(super) fn path_segment(value: &str, expression: &Expression) -> Result<String, RenderError> {
    if matches!(value, "" | "." | "..") {
        return Err(RenderError::PathSegment(expression.to_string()));
    }
    Ok(percent(value))
}

/// Percent-encodes all but unreserved characters.
pub(super) fn percent(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// `application/x-www-form-urlencoded`.
pub(super) fn form(value: &[u8]) -> String {
    ::url::form_urlencoded::byte_serialize(value).collect()
}

/// Encodes a whole rendered text for its slot.
pub(crate) fn encode(text: &str, slot: Slot) -> Result<String, RenderError> {
    match slot {
        Slot::Path | Slot::Plain => Ok(text.to_owned()),
        Slot::Query => Ok(percent(text)),
        Slot::Form => Ok(form(text.as_bytes())),
        Slot::Header => {
            let carried = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            carried.then(|| text.to_owned()).ok_or(RenderError::HeaderCharacter)
        }
        Slot::Json => {
            let quoted = Value::from(text).to_string();
            Ok(quoted[1..quoted.len() - 1].to_owned())
        }
    }
}
