//! Definitions as the player reads them: plain YAML, without the product's types.

use std::path::Path;
use std::sync::Arc;

use catalog::Files;
use serde_json::Value;

use crate::fixture::Fixture;
use crate::player::Tamper;

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
    /// What the provider's documents show.
    pub(crate) fixture: Option<Fixture>,
    /// How the product's requests are changed.
    pub(crate) tamper: Option<Tamper>,
}

impl Script {
    /// Reads a definition that extends no family.
    pub fn read(file: &str, text: &str) -> Result<Self, String> {
        let json: Value = serde_saphyr::from_str(text).map_err(|error| format!("{file}: {error}"))?;
        let id = json["id"].as_str().ok_or_else(|| format!("{file}: it has no id"))?;
        Ok(Self {
            id: id.to_owned(),
            file: file.to_owned(),
            text: text.to_owned(),
            json,
            fixture: None,
            tamper: None,
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

    /// Reads a file. A definition that extends a family is what comes of both.
    pub fn read_file(path: &Path) -> Result<Arc<Self>, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let script = Self::read(&file, &text)?;
        if script.at("extends").is_there() {
            return Self::read(&file, &resolved(path)?).map(Arc::new);
        }
        Ok(Arc::new(script))
    }

    /// The same with a mistake in what the product sends.
    #[must_use]
    pub fn tampered(mut self, tamper: Tamper) -> Self {
        self.tamper = Some(tamper);
        self
    }

    /// Whether exchanges from the provider's documents are replayed.
    pub fn has_fixture(&self) -> bool {
        self.fixture.is_some()
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

    /// The call that proves what this way to sign in gives: its own, or that of the definition.
    pub(crate) fn check(&self, way: usize) -> Part<'_> {
        let own = self.ways()[way].at("check");
        if own.is_there() { own } else { self.at("check") }
    }

    /// What somebody gives for this way to sign in that is no secret: variables, and plain fields of the form.
    pub(crate) fn given(&self, way: usize) -> Vec<Given<'_>> {
        let variables = self.at("variables").entries();
        let mut given: Vec<Given<'_>> = variables
            .into_iter()
            .map(|(name, part)| Given {
                name,
                part,
                usual: LABEL,
            })
            .collect();
        let way = self.ways()[way].clone();
        if way.at("kind").text() == Some("basic") {
            given.push(Given {
                name: "username",
                part: way.at("username"),
                usual: USER_NAME,
            });
        }
        let plain = way.at("fields").items().into_iter().filter(Part::is_plain);
        given.extend(plain.map(|part| Given {
            name: part.at("name").text_or(""),
            part,
            usual: VISIBLE,
        }));
        given
    }

    /// The ways to sign in.
    pub(crate) fn ways(&self) -> Vec<Part<'_>> {
        self.at("auth").items()
    }
}

/// A definition laid over its family, which stands in `families` beside it or among the built-in ones.
fn resolved(path: &Path) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("{}: {error}", path.display());
    let own = Files::read_one(path).map_err(unread)?;
    let built_in = Files::read(&crate::folders()[0]).map_err(unread)?;
    let loaded = catalog::load_beside(&built_in, &own);
    let found = loaded.resolved.values().next().map(catalog::Resolved::yaml);
    found.ok_or_else(|| format!("{}: {:?}", path.display(), loaded.problems))
}

/// One DNS label, which is what a variable without a pattern may be.
pub(crate) const LABEL: &str = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
/// What a plain field without a pattern may be.
const VISIBLE: &str = "[ -~]+";
/// What a user name without a pattern may be: the first colon ends it (RFC 7617 §2).
const USER_NAME: &str = "[^:\\x00-\\x1f\\x7f]+";

/// Something that is no secret and that somebody gives.
#[derive(Clone, Debug)]
pub(crate) struct Given<'a> {
    /// Its name, as in `${variables.NAME}`.
    pub(crate) name: &'a str,
    /// Where it is written, if it is.
    pub(crate) part: Part<'a>,
    /// The pattern of a text that has none.
    pub(crate) usual: &'static str,
}

impl Given<'_> {
    /// Whether the operator gives it, and not the person.
    pub(crate) fn is_operators(&self) -> bool {
        self.part.at("set_by").text() == Some("operator")
    }

    /// Whether it may stay empty.
    pub(crate) fn is_optional(&self) -> bool {
        self.part.at("optional").is_true()
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

    /// Whether it says `true`.
    pub(crate) fn is_true(&self) -> bool {
        self.value == Some(&Value::Bool(true))
    }

    /// Whether it is a field that is no secret.
    pub(crate) fn is_plain(&self) -> bool {
        self.at("secret").value == Some(&Value::Bool(false))
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
