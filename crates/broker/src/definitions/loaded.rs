//! What definitions came to when they were last loaded. Reading all of them takes a while, so whoever only looks at one uses
//! this while nothing changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use catalog::Loaded;
use chrono::{DateTime, Utc};
use store::StoredDefinition;

use super::{Sources, entry, unknown};
use crate::{Broker, Caller, Problem};

/// Definitions, and what they were loaded from.
#[derive(Debug)]
pub(crate) struct LastLoaded {
    sources: Arc<Sources>,
    /// Name and version of each that came by the API.
    pub(super) versions: Vec<(String, i64)>,
    pub(super) loaded: Loaded,
}

/// The built-in definition in whose place one stands.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// As it is now, laid over its family.
    pub built_in: String,
    /// The one in its place, written in the same way.
    pub own: String,
    /// What the built-in one was when the other was written, and when that was; not known of one in a folder.
    pub written_from: Option<(String, DateTime<Utc>)>,
}

impl Replaced {
    /// Whether the built-in one is another than the one that the own one was written from.
    pub fn has_changed(&self) -> bool {
        self.written_from
            .as_ref()
            .is_some_and(|(text, _)| *text != self.built_in)
    }
}

impl LastLoaded {
    /// The built-in one that another took the place of.
    fn replaced(&self, id: &str) -> Option<String> {
        self.loaded.replaced.get(id).map(catalog::Resolved::yaml)
    }
}

impl Broker {
    /// Definitions as they are now, loaded only where something changed since the last time.
    pub(super) async fn last_loaded(&self) -> Result<Arc<LastLoaded>, Problem> {
        let versions = self.store().definition_versions_in_force().await?;
        if let Some(last) = self.loaded_from(&versions) {
            return Ok(last);
        }
        // Of many that look at once, one loads.
        let _turn = self.0.reloading.lock().await;
        match self.loaded_from(&versions) {
            Some(last) => Ok(last),
            None => self.load_anew().await,
        }
    }

    fn loaded_from(&self, versions: &[(String, i64)]) -> Option<Arc<LastLoaded>> {
        let last = self
            .0
            .last_loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()?;
        (Arc::ptr_eq(&last.sources, &self.sources()) && last.versions == versions).then_some(last)
    }

    /// Loads all, and keeps what came of it for those who look.
    pub(super) async fn load_anew(&self) -> Result<Arc<LastLoaded>, Problem> {
        let sources = self.sources();
        let stored = self.store().stored_definitions().await?;
        let last = Arc::new(LastLoaded {
            versions: versions_of(&stored),
            loaded: self.load_with(stored).await?,
            sources,
        });
        *self.0.last_loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&last));
        Ok(last)
    }

    /// The built-in one in whose place this stands, if it does.
    pub(super) async fn replaced(&self, last: &LastLoaded, id: &str) -> Result<Option<Replaced>, Problem> {
        let (Some(built_in), Some(own)) = (last.replaced(id), last.loaded.resolved.get(id)) else {
            return Ok(None);
        };
        let base = self.store().definition_base(id).await?;
        Ok(Some(Replaced {
            built_in,
            own: own.yaml(),
            written_from: base.map(|base| (base.document, base.taken_at)),
        }))
    }

    /// Definitions by the API whose built-in one changed since they were written.
    ///
    /// # Errors
    /// The key may not; the database is away.
    pub async fn definitions_behind(&self, caller: &Caller) -> Result<BTreeSet<String>, Problem> {
        self.require_operator(caller).await?;
        let last = self.last_loaded().await?;
        let bases: BTreeMap<_, _> = self.store().definition_bases().await?.into_iter().collect();
        let changed = bases
            .into_iter()
            .filter(|(id, base)| last.replaced(id).is_some_and(|built_in| built_in != base.document));
        Ok(changed.map(|(id, _)| id).collect())
    }

    /// Somebody looked at what changed in the built-in one: from now on, changes count from what it is now.
    ///
    /// # Errors
    /// `not_found` when no definition by the API stands in the place of a built-in one; the key may not; the database is
    /// away.
    pub async fn review_definition(&self, caller: &Caller, id: &str) -> Result<(), Problem> {
        self.require_operator(caller).await?;
        let last = self.last_loaded().await?;
        let built_in = last.replaced(id).ok_or_else(unknown)?;
        let noted = entry(caller, "definition.reviewed", id);
        if self.store().take_definition_base(id, &built_in, noted).await? {
            return Ok(());
        }
        Err(unknown())
    }
}

/// Name and version of each.
pub(super) fn versions_of(stored: &[StoredDefinition]) -> Vec<(String, i64)> {
    stored
        .iter()
        .map(|one| (one.integration.clone(), one.version))
        .collect()
}
