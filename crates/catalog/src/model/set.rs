//! The set of definitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Integration;

/// The set of definitions that a server works with. Cheap to share; a reload makes a new one.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub(crate) by_id: BTreeMap<String, Arc<Integration>>,
}

impl Catalog {
    /// An integration by its id.
    pub fn get(&self, id: &str) -> Option<&Arc<Integration>> {
        self.by_id.get(id)
    }

    /// All integrations, ordered by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Integration>> {
        self.by_id.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// This set and another, which wins where both have an id.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.by_id.extend(other.by_id);
        self
    }
}
