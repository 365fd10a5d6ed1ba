//! Pace: how many refreshes a second one replica asks a service for.
//!
//! As TCP finds its window: it begins small, doubles each second that was used up, and once the service says 429 it falls
//! below what went well and climbs slowly. What is overdue after a long pause is drained without a wave, and a limit that
//! nobody declared is found with few refusals. The service's `Retry-After` stops all replicas besides
//! (`Store::hold_app`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::AppId;
use tokio::time::Instant;

/// The first second of an app that was quiet.
const FIRST: f64 = 32.0;
/// An app that was not asked for this long begins anew.
const FORGET: Duration = Duration::from_mins(10);

#[derive(Clone, Copy, Debug)]
struct App {
    /// Refreshes a second.
    rate: f64,
    /// What may be taken now.
    tokens: f64,
    filled: Instant,
    /// The present second: its begin, taken, gone well.
    second: Instant,
    taken: u32,
    well: u32,
    /// Refreshes that went well in the second before.
    well_before: u32,
    /// The service has said 429: climb slowly.
    limited: bool,
}

impl App {
    fn new(now: Instant) -> Self {
        Self {
            rate: FIRST,
            tokens: FIRST,
            filled: now,
            second: now,
            taken: 0,
            well: 0,
            well_before: 0,
            limited: false,
        }
    }

    fn turn(&mut self, now: Instant) {
        let passed = now.duration_since(self.filled);
        if passed > FORGET {
            *self = Self::new(now);
            return;
        }
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            let used_up = f64::from(self.taken) >= self.rate * 0.8;
            if used_up {
                self.rate *= if self.limited { 1.02 } else { 2.0 };
            }
            self.well_before = self.well;
            (self.second, self.taken, self.well) = (now, 0, 0);
        }
        // At least one at a time, however slow.
        self.tokens = self
            .rate
            .max(1.0)
            .min(passed.as_secs_f64().mul_add(self.rate, self.tokens));
        self.filled = now;
    }
}

/// The paces of all apps that are being refreshed.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<AppId, App>>);

impl Paces {
    fn with<T>(&self, app: AppId, now: Instant, change: impl FnOnce(&mut App) -> T) -> T {
        let mut apps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if apps.len() > 10_000 {
            apps.retain(|_, app| now.duration_since(app.filled) < FORGET);
        }
        let entry = apps.entry(app).or_insert_with(|| App::new(now));
        entry.turn(now);
        change(entry)
    }

    /// How many refreshes of this app may begin now.
    pub(crate) fn allowance(&self, app: AppId, now: Instant) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between nothing and a rate of refreshes"
        )]
        self.with(app, now, |app| app.tokens.max(0.0) as usize)
    }

    /// So many have begun.
    pub(crate) fn took(&self, app: AppId, now: Instant, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.with(app, now, |app| {
            app.tokens -= f64::from(count);
            app.taken += count;
        });
    }

    /// One went well.
    pub(crate) fn went_well(&self, app: AppId, now: Instant) {
        self.with(app, now, |app| app.well += 1);
    }

    /// The service said 429.
    pub(crate) fn too_many(&self, app: AppId, now: Instant) {
        self.with(app, now, |app| {
            let good = f64::from(app.well.max(app.well_before));
            let slower = if app.limited {
                app.rate * 0.9
            } else {
                (good * 0.7).min(app.rate * 0.5)
            };
            app.rate = slower.max(0.5);
            app.tokens = 0.0;
            app.limited = true;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drives one replica against a service that allows `limit` a second, for a number of seconds; asked and refused.
    fn drive(limit: u32, seconds: u32) -> (u32, u32) {
        let (paces, app, start) = (Paces::default(), AppId::generate(), Instant::now());
        let (mut asked, mut refused, mut allowed, mut held_until) = (0, 0, 0, start);
        for tick in 0..seconds * 10 {
            let now = start + Duration::from_millis(u64::from(tick) * 100);
            if tick % 10 == 0 {
                allowed = limit;
            }
            if now < held_until {
                continue;
            }
            let count = paces.allowance(app, now);
            paces.took(app, now, count);
            for _ in 0..count {
                asked += 1;
                if allowed > 0 {
                    allowed -= 1;
                    paces.went_well(app, now);
                } else {
                    refused += 1;
                    paces.too_many(app, now);
                    held_until = start + Duration::from_secs(u64::from(tick / 10) + 1);
                }
            }
        }
        (asked, refused)
    }

    #[test]
    fn a_limit_is_found_with_few_refusals() {
        let (asked, refused) = drive(50, 120);
        assert!(f64::from(refused) <= 0.05 * f64::from(asked), "{refused} of {asked}");
        assert!(asked >= 120 * 50 / 2, "and it is used: {asked}");
    }

    #[test]
    fn after_a_first_refusal_it_still_goes_on() {
        let (paces, app, start) = (Paces::default(), AppId::generate(), Instant::now());
        paces.too_many(app, start);
        assert_eq!(paces.allowance(app, start + Duration::from_secs(3)), 1);
    }

    #[test]
    fn without_a_limit_it_doubles() {
        let (paces, app, start) = (Paces::default(), AppId::generate(), Instant::now());
        let mut asked = 0;
        for tick in 0..100 {
            let now = start + Duration::from_millis(tick * 100);
            let count = paces.allowance(app, now);
            paces.took(app, now, count);
            asked += count;
        }
        assert!(asked > 10_000, "{asked}");
    }

    #[test]
    fn a_quiet_app_begins_anew() {
        let (paces, app, start) = (Paces::default(), AppId::generate(), Instant::now());
        paces.too_many(app, start);
        assert_eq!(paces.allowance(app, start), 0);
        assert_eq!(paces.allowance(app, start + FORGET + Duration::from_secs(1)), 32);
    }
}
