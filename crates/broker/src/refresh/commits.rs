//! Answers are committed together: who comes while others are being written waits for the next transaction, and one of
//! those who wait writes for all of them. Nobody waits when nothing is being written.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use store::{ConnectionId, Store, StoreError};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::journal::Record;

/// Transactions at once: while the disk confirms one, the next is written.
const AT_ONCE: usize = 2;
/// Answers in one transaction.
const TOGETHER: usize = 64;
/// A transaction that takes longer hangs at a connection that nobody answers any more. Its answers may have been written
/// all the same: the generation tells.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Answer {
    record: Arc<Record>,
    /// Whether it was written. Dropped when the transaction failed.
    done: oneshot::Sender<bool>,
}

/// Answers on their way to the database.
#[derive(Debug)]
pub(super) struct Commits {
    waiting: Mutex<VecDeque<Answer>>,
    turns: Semaphore,
}

impl Default for Commits {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

impl Commits {
    /// As [`Store::commit_refresh`].
    pub(super) async fn commit(&self, store: &Store, record: &Arc<Record>) -> Result<bool, StoreError> {
        let (done, mut answer) = oneshot::channel();
        self.waiting().push_back(Answer {
            record: Arc::clone(record),
            done,
        });
        let together = tokio::select! {
            biased;
            answer = &mut answer => answer.ok(),
            turn = self.turns.acquire() => {
                let end = self.write(store, &mut answer).await;
                drop(turn);
                match end {
                    ControlFlow::Break(end) => end,
                    // It is in somebody else's hands, and the turn is free for others meanwhile.
                    ControlFlow::Continue(()) => answer.await.ok(),
                }
            }
        };
        match together {
            Some(written) => Ok(written),
            // One answer that cannot be written must not keep the others from it, and each learns its own error.
            None => store.commit_refresh(&record.fence, &record.refreshed).await,
        }
    }

    /// Writes what waits until `answer` has its end, which is none where its transaction failed; or until nothing waits.
    async fn write(&self, store: &Store, answer: &mut oneshot::Receiver<bool>) -> ControlFlow<Option<bool>> {
        loop {
            match answer.try_recv() {
                Ok(written) => return ControlFlow::Break(Some(written)),
                Err(TryRecvError::Closed) => return ControlFlow::Break(None),
                Err(TryRecvError::Empty) => {}
            }
            let Some(batch) = self.next() else {
                return ControlFlow::Continue(());
            };
            let answers = batch
                .values()
                .map(|answer| {
                    let record = &answer.record;
                    (record.fence.connection, (&record.fence, &record.refreshed))
                })
                .collect();
            // A mistake of ours over one answer must not end the task of another, nor a connection that fell silent
            // keep everybody's turn.
            let writing = AssertUnwindSafe(store.commit_refreshes(&answers)).catch_unwind();
            match timeout(PATIENCE, writing).await {
                Ok(Ok(Ok(written))) => {
                    for (connection, answer) in batch {
                        // Who does not wait any more finds out by the generation.
                        answer.done.send(written.contains(&connection)).ok();
                    }
                }
                Ok(Ok(Err(error))) => {
                    tracing::debug!(%error, answers = batch.len(), "answers are committed one by one");
                }
                Ok(Err(_)) => tracing::error!(
                    answers = batch.len(),
                    "a commit panicked; its answers follow one by one"
                ),
                Err(_) => tracing::warn!(
                    answers = batch.len(),
                    "a commit fell silent; its answers follow one by one"
                ),
            }
        }
    }

    /// The longest waiting; of a connection only one, since the next may build upon it.
    fn next(&self) -> Option<BTreeMap<ConnectionId, Answer>> {
        let mut waiting = self.waiting();
        let mut batch = BTreeMap::new();
        while batch.len() < TOGETHER
            && let Some(answer) = waiting.pop_front()
        {
            let connection = answer.record.fence.connection;
            if batch.contains_key(&connection) {
                waiting.push_front(answer);
                break;
            }
            batch.insert(connection, answer);
        }
        (!batch.is_empty()).then_some(batch)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
