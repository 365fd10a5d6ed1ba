//! The log of requests: what callers asked and how it ended, kept for some days.
//!
//! A line is put into a queue of bounded size when its answer is over, and a task of the replica writes what has come
//! together. No request waits for the log: where the queue is full the line is dropped and counted.

mod plain;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::{LoggedRequest, RequestSearch, StoreError};
use tokio::sync::Notify;

pub use self::plain::{query_names, shown_path};
use crate::{Actor, Broker, Caller, Problem, Scope};

/// Lines that may wait.
const WAITING: usize = 20_000;
/// Lines of one statement.
const BATCH: usize = 500;
/// Between two writes, unless there is a batch before. What a replica that dies loses at most.
const PAUSE: Duration = Duration::from_millis(500);

/// The lines that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    waiting: Mutex<Vec<LoggedRequest>>,
    batch_is_full: Notify,
    /// Held by the one that writes: what was taken before is in the log once another has its turn.
    writing: tokio::sync::Mutex<()>,
}

/// A page of the log.
pub type RequestPage = store::FoundRequests;

fn count(result: &'static str, lines: usize) {
    metrics::counter!("latchkey_request_log_lines_total", "result" => result)
        .increment(u64::try_from(lines).unwrap_or(u64::MAX));
}

impl RequestLog {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<LoggedRequest>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was room for it.
    fn put(&self, line: LoggedRequest) -> bool {
        let mut waiting = self.lock();
        if waiting.len() >= WAITING {
            return false;
        }
        waiting.push(line);
        let is_full = waiting.len() == BATCH;
        drop(waiting);
        if is_full {
            self.batch_is_full.notify_one();
        }
        true
    }

    fn take(&self) -> Vec<LoggedRequest> {
        let mut waiting = self.lock();
        let number = waiting.len().min(BATCH);
        waiting.drain(..number).collect()
    }

    /// Puts lines that could not be written back to the front, as far as there is room; how many there was none for.
    fn put_back(&self, mut lines: Vec<LoggedRequest>) -> usize {
        let mut waiting = self.lock();
        let room = WAITING.saturating_sub(waiting.len());
        let lost = lines.len().saturating_sub(room);
        lines.truncate(room);
        waiting.splice(..0, lines);
        lost
    }
}

impl Broker {
    /// Whether requests are logged at all.
    pub fn logs_requests(&self) -> bool {
        self.settings().request_log_days > 0
    }

    /// Puts a line into the queue, and never waits.
    pub fn log_request(&self, line: LoggedRequest) {
        if self.logs_requests() && !self.0.requests.put(line) {
            count("dropped", 1);
        }
    }

    /// Writes what waits; how many lines that were.
    ///
    /// # Errors
    /// The database is away; the lines wait on.
    pub async fn write_requests(&self) -> Result<usize, Problem> {
        let _turn = self.0.requests.writing.lock().await;
        let mut written = 0;
        loop {
            let lines = self.0.requests.take();
            if lines.is_empty() {
                return Ok(written);
            }
            // A copy of a database is left as it came.
            if !self.is_at_home().await {
                count("dropped", lines.len());
                continue;
            }
            match self.store().log_requests(&lines).await {
                Ok(()) => {
                    count("written", lines.len());
                    written += lines.len();
                }
                Err(error @ StoreError::Unavailable(_)) => {
                    count("dropped", self.0.requests.put_back(lines));
                    return Err(error.into());
                }
                // What the database refuses it refuses again.
                Err(error) => {
                    tracing::warn!(%error, lines = lines.len(), "lines of the log of requests were dropped");
                    count("dropped", lines.len());
                }
            }
        }
    }

    /// Writes what comes, for as long as the replica lives.
    pub async fn keep_writing_requests(self) {
        let mut is_away = false;
        loop {
            drop(tokio::time::timeout(PAUSE, self.0.requests.batch_is_full.notified()).await);
            match self.write_requests().await {
                Ok(_) => is_away = false,
                Err(problem) => {
                    if !is_away {
                        tracing::warn!(%problem, "the log of requests waits for the database");
                    }
                    is_away = true;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// A page of the log.
    pub async fn requests(&self, caller: &Caller, mut search: RequestSearch) -> Result<RequestPage, Problem> {
        may_read(caller)?;
        search.limit = search.limit.clamp(1, 100);
        Ok(self
            .store()
            .search_requests(caller.project, caller.environment, &search)
            .await?)
    }

    /// A line of the log.
    pub async fn request(&self, caller: &Caller, id: &str) -> Result<LoggedRequest, Problem> {
        may_read(caller)?;
        let missing = || Problem::not_found("This request");
        let id = id.parse().map_err(|_| missing())?;
        let found = self
            .store()
            .logged_request(caller.project, caller.environment, id)
            .await?;
        found.ok_or_else(missing)
    }
}

/// Keys need `admin`; operators the role that builds, which is the one with webhooks.
fn may_read(caller: &Caller) -> Result<(), Problem> {
    caller.require(match caller.actor {
        Actor::Operator(_) => Scope::WebhooksWrite,
        Actor::Key(_) | Actor::CommandLine => Scope::Admin,
    })
}

#[cfg(test)]
mod tests {
    use store::{ProjectId, RequestId, RequestKind};

    use super::*;

    fn line() -> LoggedRequest {
        LoggedRequest {
            id: RequestId::generate(),
            project: ProjectId::generate(),
            environment: vault::Environment::Test,
            correlation_id: String::new(),
            kind: RequestKind::Api,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query_names: String::new(),
            host: None,
            status: 200,
            upstream_status: None,
            duration_ms: 0,
            request_bytes: None,
            response_bytes: None,
            key: None,
            connection: None,
            error_code: None,
        }
    }

    #[test]
    fn a_full_queue_takes_no_more_and_never_grows() {
        let log = RequestLog::default();
        let line = line();
        for _ in 0..WAITING {
            assert!(log.put(line.clone()));
        }
        assert!(!log.put(line.clone()));
        let taken = log.take();
        assert_eq!(taken.len(), BATCH);
        assert!(log.put(line));
        assert_eq!(log.put_back(taken), 1);
        assert_eq!(log.lock().len(), WAITING);
    }
}
