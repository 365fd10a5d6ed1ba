//! Actions from the operations of an OpenAPI document.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::openapi::{resolved, server};
use super::yaml::Writer;
use super::{first_sentence, id_from, one_line};
use crate::suggest;

/// Most characters of an imported page; a person shortens or adds.
const KNOWLEDGE: usize = 2_000;
/// Most characters of a schema; a larger one says little to a model and is left out.
const SCHEMA: usize = 6_000;
/// How deep references in schemas are followed.
const DEPTH: usize = 4;
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Which operations are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// By their ids, or as `GET /path`. Without any, all are.
    pub operations: Vec<String>,
    /// By a tag.
    pub tags: Vec<String>,
    /// Ids of actions that are there already, which are left out.
    pub known: BTreeSet<String>,
}

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedActions {
    /// The entries of `actions`, as YAML at the indentation of a file.
    pub yaml: String,
    /// Their ids.
    pub ids: Vec<String>,
    /// What was asked for and is not there, with what was probably meant.
    pub missing: Vec<(String, Option<String>)>,
}

struct Operation<'a> {
    name: String,
    method: &'static str,
    path: &'a str,
    item: &'a Value,
    written: &'a Value,
}

/// Makes actions of a document's operations. `base_path` is the path of the definition's `api.base_url`: what a server of the
/// document has more than this goes into the actions' paths.
pub fn import_actions(document: &Value, base_path: &str, wanted: &Wanted) -> ImportedActions {
    let operations = operations(document);
    let mut imported = ImportedActions::default();
    for asked in &wanted.operations {
        if !operations.iter().any(|operation| operation.is(asked)) {
            let names = operations.iter().map(|operation| operation.name.as_str());
            imported.missing.push((asked.clone(), suggest::nearest(asked, names)));
        }
    }
    for tag in &wanted.tags {
        if !operations
            .iter()
            .any(|operation| operation.tags().any(|found| found == tag))
        {
            let names: Vec<&str> = operations.iter().flat_map(Operation::tags).collect();
            imported.missing.push((tag.clone(), suggest::nearest(tag, names)));
        }
    }
    let prefix = prefix(document, base_path);
    let all = wanted.operations.is_empty() && wanted.tags.is_empty();
    let mut taken = wanted.known.clone();
    let mut file = Writer::default();
    for operation in &operations {
        let chosen = wanted.operations.iter().any(|asked| operation.is(asked))
            || operation.tags().any(|tag| wanted.tags.iter().any(|asked| asked == tag));
        let id = operation.id();
        if !(all || chosen) || id.is_empty() || !taken.insert(id.clone()) {
            continue;
        }
        if !imported.ids.is_empty() {
            file.blank();
        }
        operation.write(document, &prefix, &id, &mut file);
        imported.ids.push(id);
    }
    imported.yaml = file.text();
    imported
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let item = resolved(document, item);
        for method in METHODS {
            let operation = &item[method];
            if operation.is_object() {
                let named = operation["operationId"].as_str().map(str::to_owned);
                found.push(Operation {
                    name: named.unwrap_or_else(|| format!("{} {path}", method.to_uppercase())),
                    method,
                    path,
                    item,
                    written: operation,
                });
            }
        }
    }
    found
}

/// What the document's server has behind the base address.
fn prefix(document: &Value, base_path: &str) -> String {
    let url = server(document).and_then(|server| url::Url::parse(&server).ok());
    let path = url
        .map(|url| url.path().trim_end_matches('/').to_owned())
        .unwrap_or_default();
    match path.strip_prefix(base_path.trim_end_matches('/')) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.to_owned(),
        _ => String::new(),
    }
}

impl<'a> Operation<'a> {
    fn is(&self, asked: &str) -> bool {
        self.name == asked || self.id() == asked || format!("{} {}", self.method.to_uppercase(), self.path) == asked
    }

    fn tags(&self) -> impl Iterator<Item = &'a str> {
        self.written["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// `listOrders` and `orders/list` are `list-orders` and `orders-list`.
    fn id(&self) -> String {
        let mut words = String::new();
        let mut before = ' ';
        for character in self.name.chars() {
            if character.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
                words.push('-');
            }
            words.push(character);
            before = character;
        }
        id_from(&words)
    }

    fn write(&self, document: &Value, prefix: &str, id: &str, file: &mut Writer) {
        let summary = self.written["summary"].as_str().unwrap_or_default();
        let title = one_line(summary.trim_end_matches('.'), 120);
        file.line(2, &format!("- id: {id}"));
        file.pair(4, "title", if title.is_empty() { &self.name } else { &title });
        file.pair(4, "method", &self.method.to_uppercase());
        let path = self.path.replace('{', "{{").replace('}', "}}");
        file.pair(4, "path", &format!("{prefix}{path}"));
        let tags: Vec<String> = self
            .tags()
            .map(id_from)
            .filter(|tag| !tag.is_empty() && tag != "custom")
            .collect();
        if !tags.is_empty() {
            file.line(4, &format!("tags: [{}]", tags.join(", ")));
        }
        let body = self.body(document);
        file.block(4, "knowledge", &self.knowledge(document, body, summary));
        let input = self.input(document, body);
        let output = self.answer(document).map(|schema| inlined(document, schema, DEPTH));
        let fits = |schema: &Value| {
            schema.as_object().is_some_and(|schema| !schema.is_empty()) && schema.to_string().len() <= SCHEMA
        };
        let parts = [("input", input), ("output", output)].map(|(key, schema)| (key, schema.filter(fits)));
        if parts.iter().any(|(_, schema)| schema.is_some()) {
            file.line(4, "io:");
        }
        for (key, schema) in parts {
            if let Some(schema) = schema {
                // JSON is YAML too, and stays on one line.
                file.line(6, &format!("{key}: {schema}"));
            }
        }
    }

    fn parameters<'b>(&'b self, document: &'b Value) -> impl Iterator<Item = &'b Value> {
        let lists = [&self.item["parameters"], &self.written["parameters"]];
        let all = lists.into_iter().filter_map(Value::as_array).flatten();
        all.map(move |parameter| resolved(document, parameter))
    }

    fn body<'b>(&'b self, document: &'b Value) -> Option<&'b Value> {
        let body = resolved(document, &self.written["requestBody"]);
        let schema = body["content"]["application/json"]["schema"].as_object();
        schema.map(|_| resolved(document, &body["content"]["application/json"]["schema"]))
    }

    fn answer<'b>(&'b self, document: &'b Value) -> Option<&'b Value> {
        let answers = self.written["responses"].as_object()?;
        let good = answers.iter().find(|(status, _)| status.starts_with('2'))?.1;
        let schema = &resolved(document, good)["content"]["application/json"]["schema"];
        schema.is_object().then_some(schema)
    }

    fn knowledge(&self, document: &Value, body: Option<&Value>, summary: &str) -> String {
        let mut page = String::new();
        let description = self.written["description"].as_str().unwrap_or_default();
        let about = first_sentence(description);
        let about = if about.is_empty() {
            one_line(summary, 300)
        } else {
            about
        };
        if !about.is_empty() {
            let _ = writeln!(page, "{about}\n");
        }
        for (place, title) in [("path", "Path"), ("query", "Query")] {
            let names: Vec<String> = self
                .parameters(document)
                .filter(|parameter| parameter["in"] == place)
                .filter_map(|parameter| {
                    described(parameter["name"].as_str()?, parameter, parameter["required"] == true)
                })
                .collect();
            if !names.is_empty() {
                let _ = writeln!(page, "{title}: {}.\n", names.join(", "));
            }
        }
        let properties = body.and_then(|body| body["properties"].as_object());
        let needed = |name: &str| {
            let list = body.and_then(|body| body["required"].as_array());
            list.is_some_and(|list| list.iter().any(|one| one == name))
        };
        let names: Vec<String> = properties
            .into_iter()
            .flatten()
            .filter_map(|(name, schema)| described(name, resolved(document, schema), needed(name)))
            .collect();
        if !names.is_empty() {
            let _ = writeln!(page, "JSON body: {}.\n", names.join(", "));
        }
        if page.trim().is_empty() {
            page.push_str("No parameters.");
        }
        let plain: String = page
            .chars()
            .filter(|character| *character == '\n' || !character.is_control())
            .collect();
        if plain.chars().count() <= KNOWLEDGE {
            return plain;
        }
        let cut: String = plain.chars().take(KNOWLEDGE - 1).collect();
        format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept))
    }

    /// Path, query and body in one object, as callers give them.
    fn input(&self, document: &Value, body: Option<&Value>) -> Option<Value> {
        let mut properties = Map::new();
        let mut required: Vec<Value> = Vec::new();
        let outside = self
            .parameters(document)
            .filter(|one| one["in"] == "path" || one["in"] == "query");
        for parameter in outside {
            if let Some(name) = parameter["name"].as_str() {
                properties.insert(name.to_owned(), inlined(document, &parameter["schema"], DEPTH));
                if parameter["required"] == true {
                    required.push(json!(name));
                }
            }
        }
        if let Some(body) = body.map(|body| inlined(document, body, DEPTH)) {
            properties.extend(body["properties"].as_object().cloned().unwrap_or_default());
            required.extend(body["required"].as_array().cloned().unwrap_or_default());
        }
        if properties.is_empty() {
            return None;
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            required.dedup();
            schema["required"] = Value::Array(required);
        }
        Some(schema)
    }
}

/// `` `name` (required): what it is ``.
fn described(name: &str, what: &Value, required: bool) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let needed = if required { " (required)" } else { "" };
    let about = one_line(&first_sentence(what["description"].as_str().unwrap_or_default()), 120);
    let about = about.trim_end_matches('.');
    Some(if about.is_empty() {
        format!("`{name}`{needed}")
    } else {
        format!("`{name}`{needed} – {about}")
    })
}

/// A schema without references, and without what only people read. What lies deeper is any value.
fn inlined(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolved(document, schema);
    let Some(object) = schema.as_object() else {
        return json!({});
    };
    if depth == 0 {
        return match object.get("type") {
            Some(kind) => json!({ "type": kind }),
            None => json!({}),
        };
    }
    let mut plain = Map::new();
    for (key, value) in object {
        match key.as_str() {
            "type" | "enum" | "const" | "required" | "format" | "nullable" => {
                plain.insert(key.clone(), value.clone());
            }
            "properties" => {
                let below = value.as_object().into_iter().flatten();
                let below: Map<String, Value> = below
                    .map(|(name, schema)| (name.clone(), inlined(document, schema, depth - 1)))
                    .collect();
                plain.insert(key.clone(), Value::Object(below));
            }
            "items" => {
                plain.insert(key.clone(), inlined(document, value, depth - 1));
            }
            "allOf" | "anyOf" | "oneOf" => {
                let several = value.as_array().into_iter().flatten();
                let several: Vec<Value> = several.map(|schema| inlined(document, schema, depth - 1)).collect();
                plain.insert(key.clone(), Value::Array(several));
            }
            _ => {}
        }
    }
    Value::Object(plain)
}
