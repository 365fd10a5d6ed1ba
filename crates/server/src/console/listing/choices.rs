//! Values to choose from.

use broker::{Broker, Permission};

use super::super::operator::Here;
use super::super::pages::Choice;
use crate::problems::Problem;

/// The values of a filter, each with its word for people.
pub(in super::super) fn choices<T: Copy + PartialEq>(
    all: impl IntoIterator<Item = T>,
    chosen: Option<T>,
    words: impl Fn(T) -> (&'static str, &'static str),
) -> Vec<Choice> {
    let choices = all.into_iter().map(|one| {
        let (value, label) = words(one);
        Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: chosen == Some(one),
        }
    });
    choices.collect()
}

/// The one of these values that an address names.
pub(in super::super) fn one_of<T: Copy>(
    all: &[T],
    value: &str,
    name: &str,
    word: impl Fn(T) -> &'static str,
) -> Result<T, Problem> {
    let found = all.iter().copied().find(|one| word(*one) == value);
    found.ok_or_else(|| {
        let all: Vec<&str> = all.iter().map(|one| word(*one)).collect();
        Problem::bad_request(format!("`{name}` is none of {}. Choose one of them.", all.join(", ")))
    })
}

/// What can be connected here, by name, with the one that is chosen.
pub(in super::super) async fn integrations(
    broker: &Broker,
    here: &Here,
    chosen: Option<&str>,
) -> Result<Vec<Choice>, Problem> {
    let catalog = broker.catalog();
    let apps = broker.apps(&here.caller(Permission::See)?).await?;
    let mut ids: Vec<&str> = apps.iter().map(|app| app.integration.as_str()).chain(chosen).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut integrations: Vec<Choice> = ids
        .into_iter()
        .map(|id| Choice {
            value: id.to_owned(),
            label: catalog.get(id).map_or_else(|| id.to_owned(), |one| one.name.clone()),
            chosen: chosen == Some(id),
        })
        .collect();
    integrations.sort_by_key(|choice| choice.label.to_lowercase());
    Ok(integrations)
}
