//! A YAML document with the place of each piece, read under a tight budget.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, Value};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Error, Spanned};

use crate::problem::Problem;

/// The largest definition, in bytes.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// How deep lists and mappings may stand in each other.
const MAX_DEPTH: usize = 32;

/// A piece of the document and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) position: Position,
    pub(crate) content: Content,
}

/// A place in a file; line and column are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: FileOf,
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// The file that a piece of a definition stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileOf {
    /// The definition's own.
    Definition,
    /// That of the family which it extends.
    Family,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) position: Position,
}

/// A document that is no YAML, or more of it than a definition may be.
pub(crate) struct Unreadable {
    pub(crate) position: Option<Position>,
    pub(crate) message: String,
}

impl Unreadable {
    /// As a problem of a file.
    pub(crate) fn problem(self, file: &str) -> Problem {
        let mut problem = Problem::of_file(file, self.message);
        problem.line = self.position.map(|position| position.line);
        problem.column = self.position.map(|position| position.column);
        problem
    }
}

/// Reads a document. Anchors and aliases are refused: a definition has no use for them, and bombs are made of them.
pub(crate) fn read(text: &str) -> Result<Node, Unreadable> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_BYTES / 1024);
        return Err(Unreadable {
            position: None,
            message,
        });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 12_000,
            max_nodes: 5_000,
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_total_scalar_bytes: MAX_BYTES,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let position = error.location().map(|place| Position {
            file: FileOf::Definition,
            line: place.line(),
            column: place.column(),
        });
        Unreadable {
            position,
            message: explain(&error),
        }
    })
}

/// The parser's message in words for the person who wrote the file.
fn explain(error: &Error) -> String {
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` stands twice"),
        Error::MergeKeyNotAllowed { .. } => "merge keys (`<<`) are not taken: write the keys out".to_owned(),
        Error::UnsupportedTag { .. } => "tags (`!…`) are not taken: remove it".to_owned(),
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } => {
                "anchors and aliases (`&`, `*`) are not taken: write the value out, or put it in quotes".to_owned()
            }
            BudgetBreach::Documents { .. } => "a file holds one definition: remove `---` and what follows".to_owned(),
            BudgetBreach::Depth { .. } => format!("the file is nested more than {MAX_DEPTH} deep"),
            _ => "the file holds more than a definition can".to_owned(),
        },
        Error::Eof { .. } => "the file is empty".to_owned(),
        error => {
            // The library ends some messages with the place, which is told apart here.
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default();
            let end = message.rfind(" at line ").unwrap_or(message.len());
            format!("the file is no YAML: {}", &message[..end])
        }
    }
}

impl Node {
    /// The value of a key of a mapping.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|(_, value)| value)
    }

    /// A key of a mapping, and its value.
    pub(crate) fn entry(&self, name: &str) -> Option<(&Key, &Node)> {
        let Content::Map(entries) = &self.content else {
            return None;
        };
        let found = entries.iter().find(|(key, _)| key.name == name);
        found.map(|(key, value)| (key, value))
    }

    /// What it says, where it is a text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The document as JSON.
    pub(crate) fn json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(truth) => Value::Bool(*truth),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.name.clone(), value.json()))
                .collect(),
        }
    }

    /// Says of each piece that it stands in the file of a family.
    pub(crate) fn move_to_family(&mut self) {
        self.position.file = FileOf::Family;
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(Self::move_to_family),
            Content::Map(entries) => {
                for (key, value) in entries {
                    key.position.file = FileOf::Family;
                    value.move_to_family();
                }
            }
            _ => {}
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Null => serializer.serialize_unit(),
            Content::Bool(truth) => serializer.serialize_bool(*truth),
            Content::Number(number) => number.serialize(serializer),
            Content::Text(text) => serializer.serialize_str(text),
            Content::List(items) => serializer.collect_seq(items),
            Content::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (&key.name, value))),
        }
    }
}

impl Content {
    /// What it is, for people.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    Position {
        file: FileOf::Definition,
        line: spanned.referenced.line(),
        column: spanned.referenced.column(),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self {
            position: position(&spanned),
            content: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Content, E> {
        Number::from_f64(value)
            .map(Content::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let key = Key {
                position: position(&key),
                name: key.value,
            };
            let value = access.next_value()?;
            entries.push((key, value));
        }
        Ok(Content::Map(entries))
    }
}
