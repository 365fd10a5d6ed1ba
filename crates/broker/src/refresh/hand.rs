//! What outlives a mistake of ours: an attempt runs in a task of its own, and its answer is held outside of it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use store::Lease;
use tokio::task::JoinError;

use super::attempt::{Failure, Outcome};
use super::bulkhead::Place;
use super::{Broker, Flight};
use crate::journal::{Record, Slot};

/// What an attempt has in its hands. It outlives the task, which a mistake of ours can end at any point.
pub(super) struct Hand {
    answer: Mutex<Option<Arc<Record>>>,
    pub(super) slot: tokio::sync::Mutex<Option<Slot>>,
}

impl Hand {
    fn with(slot: Option<Slot>) -> Self {
        Self {
            answer: Mutex::default(),
            slot: tokio::sync::Mutex::new(slot),
        }
    }

    pub(super) fn take_answer(&self, record: Record) -> Arc<Record> {
        let record = Arc::new(record);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&record));
        record
    }

    fn answer(&self) -> Option<Arc<Record>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Broker {
    /// Sees a refresh through, also when its task panics. `place` and `flight` are held until the end.
    pub(super) async fn attend(self, lease: Lease, slot: Option<Slot>, place: Place, flight: Flight) -> Outcome {
        let lease = Arc::new(lease);
        let hand = Arc::new(Hand::with(slot));
        let (broker, leased, held) = (self.clone(), Arc::clone(&lease), Arc::clone(&hand));
        let done = tokio::spawn(async move {
            let _place = place;
            broker.attempt(&leased, &held).await
        })
        .await;
        let outcome = match done {
            Ok(outcome) => outcome,
            Err(panic) => self.after_panic(panic, &lease, &hand).await,
        };
        drop(flight);
        // After the flight: what is looked for must no longer count as known.
        if matches!(outcome, Outcome::NotSent) {
            self.0.refreshes.claims_in_doubt.store(true, Ordering::Release);
        }
        outcome
    }

    /// A mistake of ours ended the task. What the provider had answered is saved before anything else happens to the
    /// connection; only without an answer nobody knows how far it came.
    async fn after_panic(&self, panic: JoinError, lease: &Arc<Lease>, hand: &Arc<Hand>) -> Outcome {
        let fence = lease.fence;
        tracing::error!(%panic, connection = %fence.connection, "a refresh panicked");
        if let Some(record) = hand.answer() {
            let (broker, leased, held) = (self.clone(), Arc::clone(lease), Arc::clone(hand));
            // It may be the commit itself that panics.
            let saved = tokio::spawn(async move { broker.commit_answer(&leased, &record, &held).await }).await;
            match saved {
                Ok(outcome @ (Outcome::Refreshed | Outcome::Superseded)) => return outcome,
                Ok(_) => tracing::error!(connection = %fence.connection, "its answer could not be committed"),
                Err(panic) => {
                    tracing::error!(%panic, connection = %fence.connection, "its answer could not be committed");
                    // The next start replays it.
                    if let Some(slot) = hand.slot.lock().await.take() {
                        slot.leave();
                    }
                }
            }
        }
        let mark = || {
            self.store()
                .interrupt_lease(&fence, lease.replica, lease.number)
                .boxed()
        };
        if let Err(error) = self.patiently(&fence, mark).await {
            tracing::error!(%error, connection = %fence.connection, "a lost refresh could not be marked");
        }
        Outcome::Failed(Failure {
            key: "internal",
            message: "The refresh failed inside the server.".to_owned(),
            retry_after: None,
            asked: true,
        })
    }
}
