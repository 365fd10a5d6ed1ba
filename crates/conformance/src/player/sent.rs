//! The parameters of a request to an authorization server, wherever they are.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Address, Asked};

/// Parameters of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    query: Vec<(String, Value)>,
    body: Vec<(String, Value)>,
    /// Whether parameters are in the query.
    in_query: bool,
}

impl Sent {
    /// Reads a request whose parameters are a `form`, `json`, in the `query`, or `none`.
    pub(super) fn read(asked: &Asked, endpoint: &Address, kind: &str) -> Result<Self, String> {
        let content_type = asked.header("content-type").concat();
        let pairs = |text: &str| -> Vec<(String, Value)> {
            let pairs = form_urlencoded::parse(text.as_bytes());
            pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect()
        };
        let body = match kind {
            "form" if content_type.starts_with("application/x-www-form-urlencoded") => pairs(&asked.body),
            "json" if content_type.starts_with("application/json") => {
                let body: Value = serde_json::from_str(&asked.body).map_err(|error| error.to_string())?;
                let map = body.as_object().ok_or("the body is no object")?;
                map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
            }
            "query" | "none" if asked.body.is_empty() => Vec::new(),
            _ => return Err(format!("the body is `{content_type}`, and should be `{kind}`")),
        };
        let mut query: Vec<(String, Value)> = asked
            .address
            .query
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        for (name, value) in &endpoint.query {
            let position = query
                .iter()
                .position(|(other, given)| other == name && *given == json!(value));
            query.remove(position.ok_or_else(|| format!("`{name}` of the address is missing"))?);
        }
        let in_query = kind == "query";
        Ok(Self { query, body, in_query })
    }

    /// Takes all values of a parameter out, from where they should be.
    pub(super) fn take(&mut self, name: &str) -> Vec<Value> {
        let place = if self.in_query { &mut self.query } else { &mut self.body };
        taken(place, name)
    }

    /// Takes all values out of the query.
    pub(super) fn take_from_query(&mut self, name: &str) -> Vec<Value> {
        taken(&mut self.query, name)
    }

    /// Takes a text out that stands once.
    pub(super) fn single(&mut self, name: &str) -> Option<String> {
        match self.take(name).as_slice() {
            [Value::String(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// Puts a parameter back that something else is to look at.
    pub(super) fn put_back(&mut self, name: &str, value: &str) {
        let place = if self.in_query { &mut self.query } else { &mut self.body };
        place.push((name.to_owned(), json!(value)));
    }

    /// The names of what nobody took.
    pub(super) fn left(self) -> Vec<String> {
        self.query.into_iter().chain(self.body).map(|(name, _)| name).collect()
    }
}

fn taken(place: &mut Vec<(String, Value)>, name: &str) -> Vec<Value> {
    let (taken, left) = std::mem::take(place)
        .into_iter()
        .partition::<Vec<_>, _>(|(other, _)| other == name);
    *place = left;
    taken.into_iter().map(|(_, value)| value).collect()
}
