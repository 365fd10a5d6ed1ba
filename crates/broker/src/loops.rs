//! The background loops as this process sees them, for `/metrics`: also while the database is away.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Broker;

/// When each loop last went round, and how often it should.
#[derive(Debug, Default)]
pub(crate) struct Loops(Mutex<BTreeMap<&'static str, (Instant, Duration)>>);

impl Broker {
    pub(crate) fn note_turn(&self, name: &'static str, interval: Duration) {
        let mut loops = self.0.loops.0.lock().unwrap_or_else(PoisonError::into_inner);
        loops.insert(name, (Instant::now(), interval));
    }

    /// Sets the gauges of the loops, as of now. A loop that hangs grows older with each look.
    pub fn publish_loops(&self) {
        let loops = self.0.loops.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, (last, interval)) in loops.iter() {
            metrics::gauge!("latchkey_loop_age_seconds", "loop" => *name).set(last.elapsed().as_secs_f64());
            metrics::gauge!("latchkey_loop_interval_seconds", "loop" => *name).set(interval.as_secs_f64());
        }
    }
}
