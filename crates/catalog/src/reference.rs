//! The reference page of the format, made from the types' own comments by way of the JSON Schema.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::schema::json_schema;

/// What stands above the tables.
const HEAD: &str = "# The format of definitions

Every key that a [definition](integrations.md) can have. This page is made from the program by `latchkey integrations reference`;
what an editor shows comes from the same place. How the keys work together, and the template language, is told in
[integration definitions](integrations.md); [add an integration](add-an-integration.md) goes through one step by step.

**Bold** keys are needed. In a family, and in a definition that extends one, none is.
";

/// The page, as Markdown. `docs/integration-format.md` is this.
pub fn reference() -> String {
    let schema = json_schema();
    let mut page = Page {
        root: &schema,
        headings: BTreeMap::new(),
        queue: VecDeque::new(),
        kind: None,
        text: HEAD.to_owned(),
    };
    page.section("The definition", &schema);
    while let Some(waiting) = page.queue.pop_front() {
        page.kind = waiting.kind;
        page.section(&waiting.heading, waiting.schema);
    }
    page.text
}

struct Page<'s> {
    root: &'s Value,
    /// The headings of types that have one, by the name of the type.
    headings: BTreeMap<String, String>,
    /// Sections that wait.
    queue: VecDeque<Waiting<'s>>,
    /// The kind of sign-in that the section at hand is about.
    kind: Option<String>,
    text: String,
}

/// A section to be written.
struct Waiting<'s> {
    heading: String,
    schema: &'s Value,
    kind: Option<String>,
}

impl<'s> Page<'s> {
    fn section(&mut self, heading: &str, schema: &'s Value) {
        let path = heading.split('`').nth(1).unwrap_or_default().to_owned();
        let _ = writeln!(self.text, "\n## {heading}\n");
        if let Some(about) = schema["description"].as_str() {
            let _ = writeln!(self.text, "{}\n", paragraph(about));
        }
        let required = schema["required"].as_array();
        let needed = |key: &str| required.is_some_and(|list| list.iter().any(|one| one == key));
        let mut rows = String::new();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(word) = property["const"].as_str() {
                let _ = writeln!(rows, "| **`{key}`** | `{word}` | |");
                continue;
            }
            let below = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            let (type_words, choices) = self.type_of(property, &below);
            let mut about = paragraph(property["description"].as_str().unwrap_or_default());
            if !choices.is_empty() {
                about = format!("{about} {choices}");
            }
            if let default @ (Value::String(_) | Value::Bool(_) | Value::Number(_)) = &property["default"] {
                let shown = default.as_str().filter(|text| !text.trim().is_empty());
                about = format!(
                    "{about} Default: `{}`.",
                    shown.map_or_else(|| default.to_string(), str::to_owned)
                );
            }
            let key = if needed(key) {
                format!("**`{key}`**")
            } else {
                format!("`{key}`")
            };
            let _ = writeln!(rows, "| {key} | {type_words} | {} |", cell(about.trim()));
        }
        let _ = write!(self.text, "| key | type | meaning |\n|---|---|---|\n{rows}");
    }

    fn definition(&self, reference: &str) -> Option<(&'s str, &'s Value)> {
        let definitions = self.root["$defs"].as_object()?;
        let name = reference.strip_prefix("#/$defs/")?;
        let (name, schema) = definitions.iter().find(|(key, _)| *key == name)?;
        Some((name.as_str(), schema))
    }

    /// The type in words, with a link to its section; and what the words of an enumeration mean.
    fn type_of(&mut self, schema: &'s Value, path: &str) -> (String, String) {
        let null = json!({ "type": "null" });
        if let Some(options) = schema["anyOf"].as_array() {
            let some: Vec<(String, String)> = options
                .iter()
                .filter(|option| **option != null)
                .map(|option| self.type_of(option, path))
                .collect();
            let words: Vec<String> = some.iter().map(|(words, _)| words.clone()).collect();
            let choices = some
                .into_iter()
                .map(|(_, choices)| choices)
                .find(|choices| !choices.is_empty());
            return (words.join(" or "), choices.unwrap_or_default());
        }
        if let Some((name, found)) = schema["$ref"].as_str().and_then(|reference| self.definition(reference)) {
            return self.named(name, found, path);
        }
        let kind = match &schema["type"] {
            Value::String(kind) => kind.as_str(),
            Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
            _ => "",
        };
        match kind {
            "string" => ("text".to_owned(), String::new()),
            "boolean" => ("`true` or `false`".to_owned(), String::new()),
            "integer" | "number" => ("number".to_owned(), String::new()),
            "array" => {
                let (below, choices) = self.type_of(&schema["items"], path);
                (format!("list: {below}"), choices)
            }
            "object" => {
                let (below, choices) = self.type_of(&schema["additionalProperties"], &format!("{path}.NAME"));
                (format!("mapping by name: {below}"), choices)
            }
            _ => ("any value".to_owned(), String::new()),
        }
    }

    fn named(&mut self, name: &'s str, found: &'s Value, path: &str) -> (String, String) {
        if let Some(options) = found["oneOf"].as_array() {
            let kinds: Vec<(&str, &'s Value)> = options
                .iter()
                .filter_map(|option| Some((option["properties"]["kind"]["const"].as_str()?, option)))
                .collect();
            if kinds.is_empty() {
                return ("word".to_owned(), words(options));
            }
            let links: Vec<String> = kinds
                .into_iter()
                .map(|(kind, option)| {
                    let target = option["$ref"].as_str().and_then(|reference| self.definition(reference));
                    let name = target.map_or_else(|| format!("{name} {kind}"), |(name, _)| name.to_owned());
                    let target = target.map_or(option, |(_, target)| target);
                    self.link(&format!("`{path}` of kind `{kind}`"), &name, target, Some(kind))
                })
                .collect();
            return (links.join(" or "), String::new());
        }
        if let Some(several) = found["enum"].as_array() {
            let several: Vec<String> = several
                .iter()
                .filter_map(Value::as_str)
                .map(|word| format!("`{word}`"))
                .collect();
            return (format!("word: {}", several.join(", ")), String::new());
        }
        if found["anyOf"].is_array() {
            let (words, choices) = self.type_of(found, path);
            return (words, choices);
        }
        (self.link(&format!("`{path}`"), name, found, None), String::new())
    }

    /// A link to the section of a type, which is put into the queue the first time.
    fn link(&mut self, heading: &str, name: &str, found: &'s Value, kind: Option<&str>) -> String {
        let known = self.headings.get(name).cloned();
        let heading = known.unwrap_or_else(|| {
            let kind = kind.map(str::to_owned).or_else(|| self.kind.clone());
            // Two kinds may have a part of the same name.
            let is_taken = self.headings.values().any(|other| other == heading);
            let heading = match kind.as_ref().filter(|_| is_taken) {
                Some(kind) => format!("{heading} of kind `{kind}`"),
                None => heading.to_owned(),
            };
            self.headings.insert(name.to_owned(), heading.clone());
            self.queue.push_back(Waiting {
                heading: heading.clone(),
                schema: found,
                kind,
            });
            heading
        });
        let anchor: String = heading
            .to_lowercase()
            .chars()
            .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '_' | '-'))
            .map(|character| if character == ' ' { '-' } else { character })
            .collect();
        let shown = match kind {
            Some(kind) => format!("`{kind}`"),
            None => heading,
        };
        format!("[{shown}](#{anchor})")
    }
}

/// The words of an enumeration with what they mean.
fn words(options: &[Value]) -> String {
    let told: Vec<String> = options
        .iter()
        .flat_map(|option| {
            let about = paragraph(option["description"].as_str().unwrap_or_default());
            let about = about.trim_end_matches('.').to_owned();
            let words = match (&option["const"], &option["enum"]) {
                (Value::String(word), _) => vec![word.clone()],
                (_, Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                _ => Vec::new(),
            };
            words.into_iter().map(move |word| match about.as_str() {
                "" => format!("`{word}`"),
                about => format!("`{word}`: {about}"),
            })
        })
        .collect();
    format!("{}.", told.join("; "))
}

/// One line, with names of the code as they are written there.
fn paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
