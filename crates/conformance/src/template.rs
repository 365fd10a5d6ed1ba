//! The player's own reading of templates, from their description in `docs/integrations.md`: text with inputs as
//! `${namespace.name}`, a few functions, `$${` for a literal `${`. It shares no code with the product, so that the two
//! can disagree.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A text with inputs.
#[derive(Clone, Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value(Expression),
}

/// What stands between the braces.
#[derive(Clone, Debug)]
enum Expression {
    /// `namespace.path`.
    Name(String),
    /// A text in quotes.
    Quoted(String),
    /// A function of arguments, each a row of values side by side.
    Call(String, Vec<Vec<Expression>>),
}

/// An input that is not there, or a text that is no template.
pub(crate) type Problem = String;

impl Template {
    /// Reads a text.
    pub(crate) fn parse(source: &str) -> Result<Self, Problem> {
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                pieces.push(Piece::Text(format!("{}${{", &rest[..at - 1])));
                rest = &rest[at + 2..];
                continue;
            }
            pieces.push(Piece::Text(rest[..at].to_owned()));
            let mut reader = Reader(&rest[at + 2..]);
            let expression = reader.expression()?;
            reader.space();
            rest = reader
                .0
                .strip_prefix('}')
                .ok_or_else(|| format!("`{source}`: a `}}` is missing"))?;
            pieces.push(Piece::Value(expression));
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(Self(pieces))
    }

    /// The text with its inputs as they are.
    pub(crate) fn plain(&self, inputs: &Value) -> Result<String, Problem> {
        self.render(inputs, ToOwned::to_owned)
    }

    /// An address: inputs are percent-encoded, but not a whole origin that stands at the beginning.
    pub(crate) fn address(&self, inputs: &Value) -> Result<String, Problem> {
        let mut text = String::new();
        for (position, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value(expression) => {
                    let value = text_of(expression, inputs)?;
                    if position == 0 {
                        text.push_str(&value);
                    } else {
                        text.extend(percent_encoding::utf8_percent_encode(&value, IN_PATH));
                    }
                }
            }
        }
        Ok(text)
    }

    fn render(&self, inputs: &Value, encode: impl Fn(&str) -> String) -> Result<String, Problem> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value(expression) => text.push_str(&encode(&text_of(expression, inputs)?)),
            }
        }
        Ok(text)
    }

    /// The one input that the whole template is, as `token.instance_url`.
    pub(crate) fn only_name(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Value(Expression::Name(name))] => Some(name),
            _ => None,
        }
    }

    /// The paths in a namespace, and of each `first` the alternative of this number (the last where it has fewer).
    pub(crate) fn paths(&self, namespace: &str, alternative: usize) -> Vec<String> {
        let mut paths = Vec::new();
        for piece in &self.0 {
            if let Piece::Value(expression) = piece {
                collect(expression, namespace, alternative, &mut paths);
            }
        }
        paths
    }

    /// How many alternatives the longest `first` has; 1 without.
    pub(crate) fn alternatives(&self) -> usize {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Value(Expression::Call(name, arguments)) if name == "first" => arguments.len(),
                _ => 1,
            })
            .max()
            .unwrap_or(1)
    }

    /// Whether an input of this namespace stands in it.
    pub(crate) fn uses(&self, namespace: &str) -> bool {
        (0..8).any(|alternative| !self.paths(namespace, alternative).is_empty())
    }
}

/// What is not encoded in an address: RFC 3986, section 2.3.
const IN_PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn collect(expression: &Expression, namespace: &str, alternative: usize, paths: &mut Vec<String>) {
    match expression {
        Expression::Name(name) => {
            if let Some((found, path)) = name.split_once('.')
                && found == namespace
            {
                paths.push(path.to_owned());
            }
        }
        Expression::Quoted(_) => {}
        Expression::Call(name, arguments) if name == "first" => {
            let chosen = &arguments[alternative.min(arguments.len() - 1)];
            for one in chosen {
                collect(one, namespace, alternative, paths);
            }
        }
        Expression::Call(_, arguments) => {
            for one in arguments.iter().flatten() {
                collect(one, namespace, alternative, paths);
            }
        }
    }
}

/// What stands at a dotted path, as `data.0.id`.
pub(crate) fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

fn text_of(expression: &Expression, inputs: &Value) -> Result<String, Problem> {
    String::from_utf8(bytes_of(expression, inputs)?).map_err(|_| "bytes stand where text should".to_owned())
}

fn bytes_of(expression: &Expression, inputs: &Value) -> Result<Vec<u8>, Problem> {
    match expression {
        Expression::Quoted(text) => Ok(text.clone().into_bytes()),
        Expression::Name(name) => match at_path(inputs, name) {
            Some(Value::String(text)) => Ok(text.clone().into_bytes()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string().into_bytes()),
            _ => Err(format!("`{name}` is not known")),
        },
        Expression::Call(name, arguments) if name == "first" => arguments
            .iter()
            .find_map(|row| joined(row, inputs).ok().filter(|value| !value.is_empty()))
            .ok_or_else(|| "no alternative of `first` is known".to_owned()),
        Expression::Call(name, arguments) => {
            let given: Vec<Vec<u8>> = arguments
                .iter()
                .map(|row| joined(row, inputs))
                .collect::<Result<_, _>>()?;
            let first = given.first().cloned().unwrap_or_default();
            Ok(match name.as_str() {
                "base64" => STANDARD.encode(first).into_bytes(),
                "base64url" => URL_SAFE_NO_PAD.encode(first).into_bytes(),
                "hex" => hex::encode(first).into_bytes(),
                "sha256" => Sha256::digest(first).to_vec(),
                "hmac_sha256" => {
                    let mut mac = Hmac::<Sha256>::new_from_slice(&first).map_err(|error| error.to_string())?;
                    mac.update(given.get(1).map_or(&[], Vec::as_slice));
                    mac.finalize().into_bytes().to_vec()
                }
                "lower" => first.to_ascii_lowercase(),
                "upper" => first.to_ascii_uppercase(),
                "form_encode" => url::form_urlencoded::byte_serialize(&first)
                    .collect::<String>()
                    .into_bytes(),
                "part" => {
                    let text =
                        |at: usize| String::from_utf8_lossy(given.get(at).map_or(&[], Vec::as_slice)).into_owned();
                    let (whole, between) = (text(0), text(1));
                    let at: usize = text(2).parse().map_err(|_| "`part` wants a number".to_owned())?;
                    let mut pieces = whole.split(between.as_str());
                    pieces.nth(at).ok_or("`part` finds no such piece")?.as_bytes().to_vec()
                }
                "json" => {
                    let document: Value = serde_json::from_slice(&first).map_err(|error| error.to_string())?;
                    let pointer = String::from_utf8_lossy(given.get(1).map_or(&[], Vec::as_slice)).into_owned();
                    match document.pointer(&pointer) {
                        Some(Value::String(text)) => text.clone().into_bytes(),
                        Some(value @ Value::Number(_)) => value.to_string().into_bytes(),
                        _ => return Err(format!("`json` finds nothing at {pointer}")),
                    }
                }
                other => return Err(format!("the player does not know the function `{other}`")),
            })
        }
    }
}

fn joined(row: &[Expression], inputs: &Value) -> Result<Vec<u8>, Problem> {
    let parts: Vec<Vec<u8>> = row.iter().map(|one| bytes_of(one, inputs)).collect::<Result<_, _>>()?;
    Ok(parts.concat())
}

/// What is left to read.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn space(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn expression(&mut self) -> Result<Expression, Problem> {
        self.space();
        if let Some(rest) = self.0.strip_prefix('"') {
            let end = rest.find('"').ok_or("a quote is not closed")?;
            self.0 = &rest[end + 1..];
            return Ok(Expression::Quoted(rest[..end].to_owned()));
        }
        let end = self
            .0
            .find(|one: char| !(one.is_alphanumeric() || matches!(one, '_' | '-' | '.')))
            .unwrap_or(self.0.len());
        let name = self.0[..end].to_owned();
        self.0 = &self.0[end..];
        if name.is_empty() {
            return Err(format!("a name is missing before `{}`", self.0));
        }
        let Some(rest) = self.0.strip_prefix('(') else {
            return Ok(Expression::Name(name));
        };
        self.0 = rest;
        let mut arguments = vec![Vec::new()];
        loop {
            self.space();
            if let Some(rest) = self.0.strip_prefix(')') {
                self.0 = rest;
                return Ok(Expression::Call(name, arguments));
            }
            if let Some(rest) = self.0.strip_prefix(',') {
                self.0 = rest;
                arguments.push(Vec::new());
                continue;
            }
            let value = self.expression()?;
            if let Some(row) = arguments.last_mut() {
                row.push(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_description_says() {
        let inputs = json!({
            "credential": { "email": "a@b.example", "api_key": "k/1" },
            "body": { "data": [{ "id": 7 }], "name": "" },
        });
        let plain = |text: &str| Template::parse(text).unwrap().plain(&inputs);
        assert_eq!(plain("Bearer ${credential.api_key}").unwrap(), "Bearer k/1");
        assert_eq!(
            plain(r#"Basic ${base64(credential.email "/token:" credential.api_key)}"#).unwrap(),
            format!("Basic {}", STANDARD.encode("a@b.example/token:k/1"))
        );
        assert_eq!(plain("${first(body.name, body.data.0.id)}").unwrap(), "7");
        assert_eq!(plain("a $${x} b").unwrap(), "a ${x} b");
        assert!(plain("${body.none}").is_err());
        let address = Template::parse("https://x.example/${credential.api_key}").unwrap();
        assert_eq!(address.address(&inputs).unwrap(), "https://x.example/k%2F1");
        let name = Template::parse("${first(body.a.b, body.c)}").unwrap();
        assert_eq!(
            (name.paths("body", 0), name.paths("body", 5)),
            (vec!["a.b".to_owned()], vec!["c".to_owned()])
        );
        assert_eq!(name.alternatives(), 2);
    }
}
