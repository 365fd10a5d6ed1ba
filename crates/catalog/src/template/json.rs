//! A JSON body whose texts are templates.

use serde_json::{Map, Value};

use super::{Inputs, RenderError, Slot, Template};
use secrecy::ExposeSecret as _;

/// A JSON document with inputs in its texts. Keys, numbers and everything else are fixed.
#[derive(Clone, Debug)]
pub enum JsonTemplate {
    /// No text, as it was written.
    Fixed(Value),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl JsonTemplate {
    /// Parses each text; `None` when one of them is wrong, which `parse` reports at the place that it is given.
    pub(crate) fn new<P>(
        value: &Value,
        place: &P,
        below: &impl Fn(&P, &str) -> P,
        parse: &mut impl FnMut(&str, &P) -> Option<Template>,
    ) -> Option<Self> {
        Some(match value {
            Value::String(text) => Self::Text(parse(text, place)?),
            Value::Array(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::new(item, place, below, parse))
                    .collect::<Option<_>>()?,
            ),
            Value::Object(object) => Self::Object(
                object
                    .iter()
                    .map(|(key, value)| Some((key.clone(), Self::new(value, &below(place, key), below, parse)?)))
                    .collect::<Option<_>>()?,
            ),
            other => Self::Fixed(other.clone()),
        })
    }

    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(entries) => entries.iter().flat_map(|(_, value)| value.templates()).collect(),
        }
    }

    /// The document. Entries that need an optional input which is absent are left out; `None` when nothing is left. It may
    /// hold secrets.
    pub fn render(&self, inputs: &Inputs<'_>) -> Result<Option<Value>, RenderError> {
        Ok(match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::Text(template) => template
                .render_present(inputs, Slot::Plain)?
                .map(|text| Value::from(text.expose_secret())),
            Self::List(items) => {
                let rendered: Result<Vec<_>, _> = items.iter().map(|item| item.render(inputs)).collect();
                Some(rendered?.into_iter().flatten().collect())
            }
            Self::Object(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    if let Some(value) = value.render(inputs)? {
                        object.insert(key.clone(), value);
                    }
                }
                Some(Value::Object(object))
            }
        })
    }
}
