//! The call that lists the accounts, sites or workspaces that a credential reaches.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{AuthMethod, Choose, Inputs, Integration, Slot, Template};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use vault::Credential;

use crate::Protocol;
use crate::calls::Declared;
use crate::check::CheckError;
use crate::oauth2::learn;

/// Entries of a list that are read; what comes after them is left out.
pub const CHOICES_LIMIT: usize = 1000;
/// The longest id, name or line that is read, in bytes.
const LONGEST: usize = 512;

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The service's stable id of it.
    pub id: String,
    /// Its name for people; the id where the service gives none.
    pub name: String,
    /// A quiet line below the name.
    pub description: Option<String>,
    /// Values to keep with the connection as variables, checked against the definition.
    pub values: BTreeMap<String, String>,
}

/// What a credential reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// In the service's order, each id once.
    pub entries: Vec<Choice>,
    /// Entries that cannot be used: without an id, or with a value that the definition does not allow.
    pub unusable: usize,
}

impl Protocol {
    /// Asks for the list. `inputs` are the connection's `variables`, its `app` and `instance`.
    pub async fn choices(
        &self,
        integration: &Integration,
        method: &AuthMethod,
        choose: &Choose,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Choices, CheckError> {
        let declared = Declared {
            place: "choose",
            method: choose.method,
            target: &choose.target,
            headers: &choose.headers,
            query: &choose.query,
            body: choose.body.as_ref(),
            ok_pointer: choose.ok_pointer.as_ref(),
        };
        let document = self
            .declared(integration, method, &declared, credential, inputs)
            .await?;
        let list = document.as_ref().and_then(|document| match &choose.list_pointer {
            Some(pointer) => document.pointer(pointer),
            None => Some(document),
        });
        match list {
            Some(Value::Array(list)) => Ok(read(list, choose)),
            // Some services leave the list out, or say `null`, where there is nothing.
            Some(Value::Null) => Ok(Choices::default()),
            None if document.is_some() && choose.list_pointer.is_some() => Ok(Choices::default()),
            _ => Err(CheckError::Unexpected {
                status: 200,
                reason: "there is no list in the answer",
            }),
        }
    }
}

fn read(list: &[Value], choose: &Choose) -> Choices {
    let mut choices = Choices::default();
    let mut seen = BTreeSet::new();
    for item in list.iter().take(CHOICES_LIMIT) {
        // What is no object has its text as `value`.
        let wrapped;
        let item = if item.is_object() {
            item
        } else {
            wrapped = Value::Object(Map::from_iter([("value".to_owned(), item.clone())]));
            &wrapped
        };
        let inputs = Inputs::new().json("item", item);
        let text = |template: &Template| {
            let text = template.render(&inputs, Slot::Plain).ok()?;
            let text = text.expose_secret().trim();
            (!text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
        };
        let (values, forbidden) = learn(&choose.learn, &inputs);
        match text(&choose.id) {
            Some(id) if forbidden.is_empty() && values.len() == choose.learn.len() => {
                if seen.insert(id.clone()) {
                    choices.entries.push(Choice {
                        name: text(&choose.name).unwrap_or_else(|| id.clone()),
                        description: choose.description.as_ref().and_then(text),
                        id,
                        values,
                    });
                }
            }
            _ => choices.unusable += 1,
        }
    }
    choices
}

#[cfg(test)]
mod tests;
