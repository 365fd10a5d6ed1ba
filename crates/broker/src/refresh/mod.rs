//! Refresh: claim, ask the provider with no transaction open, commit fenced by the generation.
//!
//! [`Broker::refresh_tick`] claims what is due, [`Broker::refresh_inline`] what a caller waits for, both through the same
//! lease; `attempt` is one refresh from the claim to its end, `hand` what it holds; `replica` begins a life and takes over what others left.

mod attempt;
mod bulkhead;
mod commits;
mod hand;
mod hosts;
mod inline;
mod pace;
mod replica;
mod rotated;
mod round;
mod timing;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{App, AppId, ConnectionId};
use tokio::time::Instant;

pub(crate) use self::attempt::{ASKED_ONCE_MORE, TRIED_AGAIN};
use self::bulkhead::Bulkhead;
use self::commits::Commits;
use self::hosts::Hosts;
use self::inline::Waiting;
use self::pace::Paces;
pub(crate) use self::rotated::not_bound;
pub use self::round::Tick;
pub(crate) use self::timing::refresh_in;
use crate::client_key::ClientSecrets;
use crate::journal::Journal;
use crate::{Broker, Problem};

/// How long an app with its client secret is believed without asking the database.
const APP_BELIEVED: Duration = Duration::from_secs(1);

/// An app and what its client proves itself with.
pub(crate) type AppWithSecrets = Arc<(App, ClientSecrets)>;

/// What a replica knows about its own refreshes. Nothing here is needed by another replica.
#[derive(Debug)]
pub(crate) struct Refreshes {
    /// Places of the scheduler.
    scheduled: Bulkhead,
    /// Places of refreshes that a caller waits for.
    waited_for: Bulkhead,
    hosts: Hosts,
    paces: Paces,
    /// Apps whose failures this process counted since their last success.
    troubled: Mutex<HashSet<AppId>>,
    journal: Option<Journal>,
    /// Connections with a lease of this process, or with one on its way.
    in_flight: Mutex<HashSet<ConnectionId>>,
    /// Calls that wait for a refresh, by connection and generation.
    waiting: Waiting,
    commits: Commits,
    /// Answers that the database has not taken yet.
    unsettled: AtomicUsize,
    /// Held by a call from before its flight until its claim is answered.
    claims: tokio::sync::RwLock<()>,
    /// A claim may have been committed whose answer was lost.
    claims_in_doubt: AtomicBool,
    /// This life is announced and its journal replayed.
    started: AtomicBool,
    stopping: AtomicBool,
    rounds: AtomicUsize,
    /// When uncertain tokens were last tried.
    uncertain_at: Mutex<Option<Instant>>,
    apps: moka::future::Cache<AppId, AppWithSecrets>,
}

impl Refreshes {
    pub(crate) fn new(parallel: usize, journal: Option<Journal>) -> Self {
        Self {
            scheduled: Bulkhead::new(parallel),
            waited_for: Bulkhead::new(parallel),
            hosts: Hosts::new(parallel),
            paces: Paces::default(),
            troubled: Mutex::default(),
            journal,
            in_flight: Mutex::default(),
            waiting: Waiting::default(),
            commits: Commits::default(),
            unsettled: AtomicUsize::new(0),
            claims: tokio::sync::RwLock::new(()),
            claims_in_doubt: AtomicBool::new(false),
            started: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            rounds: AtomicUsize::new(0),
            uncertain_at: Mutex::default(),
            apps: moka::future::Cache::builder()
                .time_to_live(APP_BELIEVED)
                .max_capacity(10_000)
                .build(),
        }
    }

    /// Whether uncertain tokens may be tried now: once a second.
    fn uncertain_turn(&self) -> bool {
        let mut last = self.uncertain_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1));
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    fn in_flight(&self) -> MutexGuard<'_, HashSet<ConnectionId>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn troubled(&self) -> MutexGuard<'_, HashSet<AppId>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether answers are kept on a disk of this replica.
    pub(crate) fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    /// Why nothing may be claimed now, in words for people.
    pub(crate) fn obstacle(&self) -> Option<&'static str> {
        if !self.started.load(Ordering::Acquire) {
            return Some("the journal of this replica is not replayed yet");
        }
        match &self.journal {
            Some(journal) if !journal.is_healthy() => Some(
                "the journal cannot be written to: look at the disk of LATCHKEY_JOURNAL_DIR; nothing is refreshed until then",
            ),
            None if self.unsettled.load(Ordering::Acquire) > 0 => {
                Some("a refreshed token waits for the database, and there is no journal; nothing more is refreshed")
            }
            _ => None,
        }
    }
}

/// A connection that this process refreshes. Registered before the claim, so that none is ever unknown.
struct Flight {
    broker: Broker,
    connection: ConnectionId,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.broker.0.refreshes.in_flight().remove(&self.connection);
    }
}

impl Broker {
    /// Why this replica refreshes nothing now, in words for people; `None` when it does.
    pub fn refresh_obstacle(&self) -> Option<&'static str> {
        self.0.refreshes.obstacle()
    }

    /// `None` when this process refreshes the connection already.
    fn begin_flight(&self, connection: ConnectionId) -> Option<Flight> {
        self.0.refreshes.in_flight().insert(connection).then(|| Flight {
            broker: self.clone(),
            connection,
        })
    }

    /// An app with the secrets of its client, at most a second old.
    pub(crate) async fn app_with_secrets(&self, id: AppId) -> Result<Option<AppWithSecrets>, Problem> {
        if let Some(known) = self.0.refreshes.apps.get(&id).await {
            return Ok(Some(known));
        }
        let Some(app) = self.store().app(id).await? else {
            return Ok(None);
        };
        let secrets = self.client_secrets(&app).await?;
        let known = Arc::new((app, secrets));
        self.0.refreshes.apps.insert(id, Arc::clone(&known)).await;
        Ok(Some(known))
    }
}

/// Who waits, by connection and generation.
type WaitingMap<T> = HashMap<(ConnectionId, i64), T>;
