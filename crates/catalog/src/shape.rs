//! Compares a document with the format's JSON Schema: unknown keys, missing keys, wrong types, wrong words. All mistakes
//! are told, with their lines; the schema is made from the types of [`crate::definition`], so there is one truth.

use serde_json::{Map, Value, json};

use crate::report::{Place, Report};
use crate::suggest;
use crate::tree::{Content, Node};

/// Compares, and gives the document as JSON without the keys that are not known.
pub(crate) fn compare(schema: &Value, node: &Node, report: &mut Report<'_>) -> Value {
    let mut comparison = Comparison {
        root: schema,
        report,
        partial: false,
    };
    comparison.value(schema, node, &Place::default())
}

/// Compares a part of a document: keys may be missing.
pub(crate) fn compare_part(schema: &Value, node: &Node, report: &mut Report<'_>) {
    let mut comparison = Comparison {
        root: schema,
        report,
        partial: true,
    };
    comparison.value(schema, node, &Place::default());
}

struct Comparison<'r, 'a, 's> {
    root: &'s Value,
    report: &'r mut Report<'a>,
    partial: bool,
}

impl<'s> Comparison<'_, '_, 's> {
    fn resolve(&self, schema: &'s Value) -> &'s Value {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|name| name.strip_prefix('#'));
        target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    fn value(&mut self, schema: &'s Value, node: &Node, place: &Place) -> Value {
        let schema = self.resolve(schema);
        if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
            return self.any_of(options, node, place);
        }
        if let Some(options) = schema.get("oneOf").and_then(Value::as_array) {
            return self.one_of(options, node, place);
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return self.word(words.iter().filter_map(Value::as_str).collect(), node, place);
        }
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return node.json(),
        };
        let may_be = |one: &[&str]| one.iter().any(|one| types.contains(one));
        match (&node.content, types.first()) {
            (Content::Null, _) if types.contains(&"null") => Value::Null,
            (Content::Map(_), Some(&"object")) => self.object(schema, node, place),
            (Content::List(items), Some(&"array")) => {
                let below = schema.get("items").unwrap_or(&Value::Null);
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.value(below, item, &place.index(index)))
                    .collect()
            }
            (Content::Text(_), _) if may_be(&["string"]) => node.json(),
            (Content::Bool(_), _) if may_be(&["boolean"]) => node.json(),
            (Content::Number(_), _) if may_be(&["integer", "number"]) => node.json(),
            (found, wanted) => {
                self.mismatch(found, wanted.copied().unwrap_or_default(), place);
                node.json()
            }
        }
    }

    /// `Option<T>`: the type or null. Else types that are told apart by what stands there.
    fn any_of(&mut self, options: &'s [Value], node: &Node, place: &Place) -> Value {
        let null = json!("null");
        let optional = options.iter().any(|option| option.get("type") == Some(&null));
        if optional && matches!(node.content, Content::Null) {
            return Value::Null;
        }
        let some: Vec<&'s Value> = options
            .iter()
            .filter(|option| option.get("type") != Some(&null))
            .collect();
        let wanted = match &node.content {
            Content::Null => "null",
            Content::Bool(_) => "boolean",
            Content::Number(_) => "number",
            Content::Text(_) => "string",
            Content::List(_) => "array",
            Content::Map(_) => "object",
        };
        let fits = |option: &&'s Value| self.resolve(option).get("type").and_then(Value::as_str) == Some(wanted);
        let fitting = some.iter().copied().find(fits).or(match some[..] {
            [only] => Some(only),
            _ => None,
        });
        if let Some(option) = fitting {
            return self.value(option, node, place);
        }
        let types = some
            .iter()
            .filter_map(|option| self.resolve(option).get("type")?.as_str());
        let words: Vec<&str> = types.map(in_words).collect();
        let message = format!("expected {}, found {}", words.join(" or "), node.content.describe());
        self.report.add(place, message);
        node.json()
    }

    fn mismatch(&mut self, found: &Content, wanted: &str, place: &Place) {
        let wanted_words = in_words(wanted);
        let quotes = match found {
            Content::Number(_) | Content::Bool(_) if wanted == "string" => ": put it in quotes",
            _ => "",
        };
        self.report.add(
            place,
            format!("expected {wanted_words}, found {}{quotes}", found.describe()),
        );
    }

    fn word(&mut self, words: Vec<&str>, node: &Node, place: &Place) -> Value {
        match &node.content {
            Content::Text(text) if words.contains(&text.as_str()) => {}
            Content::Text(text) => {
                let message = format!("`{text}` is not one of {}", listed(&words));
                self.report.add_with(place, message, suggest::nearest(text, words));
            }
            found => {
                let message = format!("expected one of {}, found {}", listed(&words), found.describe());
                self.report.add(place, message);
            }
        }
        node.json()
    }

    fn one_of(&mut self, options: &'s [Value], node: &Node, place: &Place) -> Value {
        let words: Vec<&str> = options
            .iter()
            .flat_map(|option| match (option.get("const"), option.get("enum")) {
                (Some(word), _) => vec![word.as_str()],
                (None, Some(words)) => words.as_array().into_iter().flatten().map(Value::as_str).collect(),
                _ => vec![],
            })
            .flatten()
            .collect();
        if !words.is_empty() {
            return self.word(words, node, place);
        }
        // Kinds of objects, told apart by their key `kind`.
        let kind = |option: &'s Value| option.pointer("/properties/kind/const").and_then(Value::as_str);
        let kinds: Vec<&str> = options.iter().filter_map(kind).collect();
        let Content::Map(entries) = &node.content else {
            self.mismatch(&node.content, "object", place);
            return node.json();
        };
        let Some((_, found)) = entries.iter().find(|(key, _)| key.name == "kind") else {
            self.report
                .add(place, format!("`kind` is missing: one of {}", listed(&kinds)));
            return node.json();
        };
        let chosen = match &found.content {
            Content::Text(text) => options.iter().find(|option| kind(option) == Some(text)),
            _ => None,
        };
        if let Some(option) = chosen {
            return self.object_of(option, options, node, place);
        }
        self.word(kinds, found, &place.key("kind"));
        node.json()
    }

    fn object(&mut self, schema: &'s Value, node: &Node, place: &Place) -> Value {
        self.object_of(schema, &[], node, place)
    }

    /// The kinds beside this one that have a key, in words.
    fn kinds_with(&self, kinds: &'s [Value], key: &str) -> String {
        let has = |option: &&'s Value| {
            let place = format!("/properties/{key}");
            option.pointer(&place).is_some() || self.resolve(option).pointer(&place).is_some()
        };
        let kind = |option: &'s Value| option.pointer("/properties/kind/const").and_then(Value::as_str);
        let kinds: Vec<String> = kinds
            .iter()
            .filter(has)
            .filter_map(kind)
            .map(|kind| format!("`kind: {kind}`"))
            .collect();
        if kinds.is_empty() {
            return String::new();
        }
        format!(" (only {} may have it)", kinds.join(", "))
    }

    /// An object that is one of several kinds, or of none.
    fn object_of(&mut self, schema: &'s Value, kinds: &'s [Value], node: &Node, place: &Place) -> Value {
        let Content::Map(entries) = &node.content else {
            return node.json();
        };
        // A kind of an object names the type of its fields by reference.
        let fields = self.resolve(schema);
        let own = schema.get("properties").and_then(Value::as_object);
        let properties = fields.get("properties").and_then(Value::as_object);
        let find = |name: &str| {
            own.and_then(|own| own.get(name))
                .or_else(|| properties.and_then(|all| all.get(name)))
        };
        // `true` is a mapping of anything.
        let others = fields
            .get("additionalProperties")
            .filter(|others| **others != Value::Bool(false));
        let mut object = Map::new();
        for (key, value) in entries {
            let below = place.key(&key.name);
            if let Some(schema) = find(&key.name).or(others) {
                let value = self.value(schema, value, &below);
                object.insert(key.name.clone(), value);
                continue;
            }
            let mut known: Vec<&str> = [own, properties]
                .into_iter()
                .flatten()
                .flat_map(Map::keys)
                .map(String::as_str)
                .collect();
            known.sort_unstable();
            known.dedup();
            let elsewhere = self.kinds_with(kinds, &key.name);
            let message = format!(
                "the key `{}` is not known here{elsewhere}; known are {}",
                key.name,
                listed(&known)
            );
            self.report
                .add_at(key.position, &below, message, suggest::nearest(&key.name, known));
        }
        if self.partial {
            return Value::Object(object);
        }
        for name in fields
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !entries.iter().any(|(key, _)| key.name == name) {
                self.report.add(place, format!("`{name}` is missing"));
            }
        }
        Value::Object(object)
    }
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "string" => "a text",
        "boolean" => "true or false",
        "integer" | "number" => "a number",
        "array" => "a list",
        _ => "a mapping",
    }
}

fn listed(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
