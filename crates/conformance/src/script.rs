//! Definitions as the player reads them: plain YAML, without the product's types.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

/// A definition: what the player plays, and what the product reads.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its id.
    pub id: String,
    /// The name of its file.
    pub file: String,
    /// The YAML.
    pub text: String,
    json: Value,
}

impl Script {
    /// Reads a definition.
    pub fn read(file: &str, text: &str) -> Result<Self, String> {
        let json: Value = serde_saphyr::from_str(text).map_err(|error| format!("{file}: {error}"))?;
        let id = json["id"].as_str().ok_or_else(|| format!("{file}: it has no id"))?;
        Ok(Self {
            id: id.to_owned(),
            file: file.to_owned(),
            text: text.to_owned(),
            json,
        })
    }

    /// Reads every definition of a folder, in the order of their names.
    pub fn read_folder(folder: &Path) -> Result<Vec<Arc<Self>>, String> {
        let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
        paths.sort();
        paths.iter().map(|path| Self::read_file(path)).collect()
    }

    /// Reads a file.
    pub fn read_file(path: &Path) -> Result<Arc<Self>, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Self::read(&file, &text).map(Arc::new)
    }

    /// The definition as JSON.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The whole.
    pub(crate) fn root(&self) -> Part<'_> {
        Part {
            path: String::new(),
            value: Some(&self.json),
        }
    }

    /// A key of the whole.
    pub(crate) fn at(&self, key: &str) -> Part<'_> {
        self.root().at(key)
    }

    /// The ways to sign in.
    pub(crate) fn ways(&self) -> Vec<Part<'_>> {
        self.at("auth").items()
    }
}

/// A place in a definition, with what stands there, if anything does.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    /// As `auth[0].token.url`.
    pub(crate) path: String,
    value: Option<&'a Value>,
}

impl<'a> Part<'a> {
    /// A key of it.
    pub(crate) fn at(&self, key: &str) -> Self {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        Self {
            path,
            value: self.value.and_then(|value| value.get(key)),
        }
    }

    /// Whether it is written.
    pub(crate) fn is_there(&self) -> bool {
        self.value.is_some()
    }

    /// Its value.
    pub(crate) fn value(&self) -> Option<&'a Value> {
        self.value
    }

    /// Its text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.value.and_then(Value::as_str)
    }

    /// Its text, or this.
    pub(crate) fn text_or(&self, or: &'a str) -> &'a str {
        self.text().unwrap_or(or)
    }

    /// Its keys.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Self)> {
        let map = self.value.and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .map(|(key, _)| (key.as_str(), self.at(key)))
            .collect()
    }

    /// Its entries.
    pub(crate) fn items(&self) -> Vec<Self> {
        let list = self.value.and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .enumerate()
            .map(|(position, value)| Self {
                path: format!("{}[{position}]", self.path),
                value: Some(value),
            })
            .collect()
    }

    /// The texts of its entries.
    pub(crate) fn texts(&self) -> Vec<&'a str> {
        self.items().iter().filter_map(Self::text).collect()
    }

    /// Everything below it that has nothing below itself.
    pub(crate) fn leaves(&self) -> Vec<String> {
        let below: Vec<Self> = match self.value {
            Some(Value::Object(map)) => map.keys().map(|key| self.at(key)).collect(),
            Some(Value::Array(_)) => self.items(),
            _ => Vec::new(),
        };
        if below.is_empty() {
            return vec![self.path.clone()];
        }
        below.iter().flat_map(Self::leaves).collect()
    }
}
