//! Hosts of the customers' own: where each connection of an app has its own (`https://${variables.domain}.example.com`),
//! one that hangs or limits must not stand for the others of its app.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::AppId;

type Counts = HashMap<(AppId, String), usize>;

/// Refreshes in flight at such hosts.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    limit: usize,
    held: Arc<Mutex<Counts>>,
}

impl Hosts {
    /// One host may have an eighth of all places.
    pub(super) fn new(parallel: usize) -> Self {
        Self {
            limit: (parallel / 8).max(1),
            held: Arc::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Counts> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` when this host has as many as it may.
    pub(super) fn try_take(&self, app: AppId, host: String) -> Option<AtHost> {
        let key = (app, host);
        let mut held = self.held();
        let count = held.entry(key.clone()).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        drop(held);
        Some(AtHost {
            hosts: self.clone(),
            key,
        })
    }
}

/// A refresh at a host; dropped, its place is free.
#[derive(Debug)]
pub(super) struct AtHost {
    hosts: Hosts,
    key: (AppId, String),
}

impl Drop for AtHost {
    fn drop(&mut self) {
        let mut held = self.hosts.held();
        if let Some(count) = held.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_an_eighth_and_gives_it_back() {
        let (hosts, app) = (Hosts::new(16), AppId::generate());
        let held: Vec<_> = (0..2).map(|_| hosts.try_take(app, "a".to_owned()).unwrap()).collect();
        assert!(hosts.try_take(app, "a".to_owned()).is_none());
        assert!(hosts.try_take(app, "b".to_owned()).is_some());
        assert!(hosts.try_take(AppId::generate(), "a".to_owned()).is_some());
        drop(held);
        assert!(hosts.try_take(app, "a".to_owned()).is_some());
        assert!(hosts.held().is_empty());
    }
}
