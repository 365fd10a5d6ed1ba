//! Bulkheads: one service that hangs must not hold the places of all others.
//!
//! A place is given only while the app, and the integration, hold fewer places than are free (dynamic thresholds, as
//! switches share their buffers). One alone may take half; each further that hangs, half of what the others left. No
//! numbers to set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::AppId;
use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Held {
    all: usize,
    apps: HashMap<AppId, usize>,
    integrations: HashMap<String, usize>,
}

#[derive(Debug)]
struct Parts {
    capacity: usize,
    held: Mutex<Held>,
    freed: Notify,
}

/// Places for refreshes in flight.
#[derive(Clone, Debug)]
pub(crate) struct Bulkhead(Arc<Parts>);

impl Bulkhead {
    /// So many places.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Arc::new(Parts {
            capacity: capacity.max(1),
            held: Mutex::default(),
            freed: Notify::new(),
        }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Places that nobody holds.
    pub(crate) fn free(&self) -> usize {
        self.0.capacity.saturating_sub(self.held().all)
    }

    /// How many more places an app of an integration may take now.
    pub(crate) fn allowance(&self, app: AppId, integration: &str) -> usize {
        let held = self.held();
        let free = self.0.capacity.saturating_sub(held.all);
        let of_app = held.apps.get(&app).copied().unwrap_or(0);
        let of_integration = held.integrations.get(integration).copied().unwrap_or(0);
        // Taking one makes one less free: the largest n with held + n <= free - n; the last place is for who has none.
        let room = |held: usize| free.saturating_sub(held).div_ceil(2);
        room(of_app).min(room(of_integration))
    }

    /// Takes a place; the caller asked for the allowance.
    pub(crate) fn take(&self, app: AppId, integration: &str) -> Place {
        let mut held = self.held();
        held.all += 1;
        *held.apps.entry(app).or_default() += 1;
        *held.integrations.entry(integration.to_owned()).or_default() += 1;
        drop(held);
        Place {
            bulkhead: self.clone(),
            app,
            integration: integration.to_owned(),
        }
    }

    /// Takes a place if there is one for this app.
    pub(crate) fn try_take(&self, app: AppId, integration: &str) -> Option<Place> {
        (self.allowance(app, integration) > 0).then(|| self.take(app, integration))
    }

    /// Returns when a place was given back since the last call, or at once if so before.
    pub(crate) async fn freed(&self) {
        self.0.freed.notified().await;
    }

    /// Whether nothing is in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.held().all == 0
    }
}

/// A place; dropped, it is free.
#[derive(Debug)]
pub(crate) struct Place {
    bulkhead: Bulkhead,
    app: AppId,
    integration: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.bulkhead.held();
        held.all = held.all.saturating_sub(1);
        if let Some(count) = held.apps.get_mut(&self.app) {
            *count -= 1;
            if *count == 0 {
                held.apps.remove(&self.app);
            }
        }
        if let Some(count) = held.integrations.get_mut(&self.integration) {
            *count -= 1;
            if *count == 0 {
                held.integrations.remove(&self.integration);
            }
        }
        drop(held);
        self.bulkhead.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(bulkhead: &Bulkhead, app: AppId, integration: &str) -> Vec<Place> {
        std::iter::from_fn(|| bulkhead.try_take(app, integration)).collect()
    }

    #[test]
    fn one_alone_has_half_and_the_rest_is_for_others() {
        let bulkhead = Bulkhead::new(256);
        let first = fill(&bulkhead, AppId::generate(), "slow");
        assert!((127..=129).contains(&first.len()), "{}", first.len());
        let hanging: Vec<_> = (0..6)
            .map(|index| fill(&bulkhead, AppId::generate(), &format!("hangs-{index}")))
            .collect();
        assert!(hanging.iter().all(|places| !places.is_empty()));
        assert!(
            bulkhead.try_take(AppId::generate(), "well").is_some(),
            "seven that hang leave a place"
        );
    }

    #[test]
    fn apps_of_one_integration_share_its_part() {
        let bulkhead = Bulkhead::new(90);
        let apps: usize = (0..10)
            .map(|_| {
                fill(&bulkhead, AppId::generate(), "slow")
                    .into_iter()
                    .map(std::mem::forget)
                    .count()
            })
            .sum();
        assert!((44..=47).contains(&apps), "{apps}");
    }

    #[test]
    fn places_come_back() {
        let bulkhead = Bulkhead::new(4);
        let app = AppId::generate();
        let places = fill(&bulkhead, app, "a");
        assert!(!bulkhead.is_idle());
        drop(places);
        assert!(bulkhead.is_idle());
        assert_eq!(bulkhead.free(), 4);
        assert!(bulkhead.try_take(app, "a").is_some());
    }

    #[tokio::test]
    async fn a_task_that_panics_gives_its_place_back() {
        let bulkhead = Bulkhead::new(1);
        let place = bulkhead.try_take(AppId::generate(), "a").unwrap();
        let task = tokio::spawn(async move {
            let _place = place;
            panic!("as a mistake would");
        });
        assert!(task.await.unwrap_err().is_panic());
        assert!(bulkhead.is_idle());
    }

    #[test]
    fn a_single_place_is_given() {
        let bulkhead = Bulkhead::new(1);
        let place = bulkhead.try_take(AppId::generate(), "a");
        assert!(place.is_some());
        assert!(bulkhead.try_take(AppId::generate(), "b").is_none());
    }
}
