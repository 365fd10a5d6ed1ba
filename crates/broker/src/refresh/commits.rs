//! Answers are committed together: who comes while others are being written waits for the next transaction, and one of
//! those who wait writes for all of them. Nobody waits when nothing is being written.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::{ConnectionId, Store, StoreError};
use tokio::sync::{Semaphore, oneshot};

use crate::journal::Record;

/// Transactions at once: while the disk confirms one, the next is written.
const AT_ONCE: usize = 2;
/// Answers in one transaction.
const TOGETHER: usize = 64;

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
            answer = &mut answer => answer,
            turn = self.turns.acquire() => {
                if turn.is_ok() {
                    self.write(store, &mut answer).await;
                }
                answer.await
            }
        };
        match together {
            Ok(written) => Ok(written),
            // One answer that cannot be written must not keep the others from it, and each learns its own error.
            Err(_) => store.commit_refresh(&record.fence, &record.refreshed).await,
        }
    }

    /// Writes what waits, until `answer` is among it.
    async fn write(&self, store: &Store, answer: &mut oneshot::Receiver<bool>) {
        while answer.is_empty() {
            let Some(batch) = self.next() else { return };
            let answers = batch
                .values()
                .map(|answer| {
                    let record = &answer.record;
                    (record.fence.connection, (&record.fence, &record.refreshed))
                })
                .collect();
            match store.commit_refreshes(&answers).await {
                Ok(written) => {
                    for (connection, answer) in batch {
                        // Who does not wait any more finds out by the generation.
                        drop(answer.done.send(written.contains(&connection)));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, answers = batch.len(), "answers are committed one by one");
                    return;
                }
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
