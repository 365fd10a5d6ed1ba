//! Which integrations of a list to show: the same choices in the console and by the API.

use std::collections::BTreeSet;

use crate::{Shelved, Standing};

/// Kinds of sign-in to filter by, as `AuthKind::name` has them.
pub const KINDS: [&str; 10] = [
    "oauth2",
    "oauth2_device",
    "oauth1",
    "api_key",
    "basic",
    "form",
    "none",
    "login",
    "oauth2_client_credentials",
    "jwt",
];

/// What to filter the list by. What is not given fits all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShelfFilter<'a> {
    /// Stands in the name, the id or another name that people know it by, in capitals or not.
    pub text: Option<&'a str>,
    /// One of its categories.
    pub category: Option<&'a str>,
    /// How it stands in the environment.
    pub state: Option<ShelfState>,
    /// A kind of sign-in, as `oauth2`.
    pub kind: Option<&'a str>,
}

/// How an integration stands, for a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShelfState {
    /// Whether people can connect it.
    Standing(Standing),
    /// Its app needs attention, be it on or off.
    Attention,
}

impl ShelfState {
    /// Every state, in the order in which to offer them.
    pub const ALL: [Self; 4] = [
        Self::Standing(Standing::On),
        Self::Standing(Standing::Lacking),
        Self::Standing(Standing::Off),
        Self::Attention,
    ];

    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standing(standing) => standing.as_str(),
            Self::Attention => "attention",
        }
    }

    /// The state of this name, where it is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl ShelfFilter<'_> {
    /// Whether an integration is to be shown.
    pub fn fits(&self, shelved: &Shelved) -> bool {
        let integration = &shelved.integration;
        let named = self.text.is_none_or(|text| {
            let text = text.to_lowercase();
            let has = |name: &String| name.to_lowercase().contains(&text);
            has(&integration.name) || integration.id.as_str().contains(&text) || integration.aliases.iter().any(has)
        });
        let of_category = self
            .category
            .is_none_or(|category| integration.categories.iter().any(|one| one == category));
        let of_state = self.state.is_none_or(|state| match state {
            ShelfState::Attention => shelved.attention.is_some(),
            ShelfState::Standing(standing) => shelved.standing == standing,
        });
        let of_kind = self
            .kind
            .is_none_or(|kind| integration.auth.iter().any(|method| method.kind.name() == kind));
        named && of_category && of_state && of_kind
    }
}

/// The categories of these integrations, by name, each once.
pub fn categories(shelf: &[Shelved]) -> BTreeSet<&str> {
    shelf
        .iter()
        .flat_map(|one| one.integration.categories.iter().map(String::as_str))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_name() {
        for state in ShelfState::ALL {
            assert_eq!(ShelfState::named(state.as_str()), Some(state));
        }
        assert_eq!(ShelfState::named("broken"), None);
    }
}
