//! A refresh that a caller waits for: the same lease as the scheduler's, one for all callers of this process, and those
//! of other processes wait for whoever has it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use store::{Callable, Claim, ConnectionId};
use tokio::time::Instant;

use super::attempt::{Failure, Outcome};
use super::{Broker, WaitingMap};
use crate::{Kind, Problem};

/// How long a caller waits for somebody else's refresh.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it is done.
const LOOK: Duration = Duration::from_millis(50);

/// How a waited-for refresh ended, for all who wait.
#[derive(Clone, Debug)]
enum Ended {
    /// There may be a newer generation.
    Look,
    Failed(Failure),
    Database,
}

type Ending = Shared<BoxFuture<'static, Ended>>;

/// The refreshes that callers of this process wait for.
#[derive(Default)]
pub(super) struct Waiting(Mutex<WaitingMap<Ending>>);

impl std::fmt::Debug for Waiting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Waiting")
    }
}

impl Broker {
    /// Refreshes a token that has ended. Returns when there is a newer generation; `Err` says why there is none.
    pub(crate) async fn refresh_inline(&self, callable: &Callable) -> Result<(), Problem> {
        self.refresh_generation(
            callable.connection,
            callable.generation,
            callable.app,
            &callable.integration,
        )
        .await
    }

    /// The same for a connection as of a generation, whoever asks.
    pub(crate) async fn refresh_generation(
        &self,
        connection: ConnectionId,
        generation: i64,
        app: store::AppId,
        integration: &str,
    ) -> Result<(), Problem> {
        self.require_home().await?;
        match self.shared_ending(connection, generation, app, integration).await {
            Ended::Look => Ok(()),
            Ended::Failed(failure) => Err(failure.problem()),
            Ended::Database => Err(Problem::new(
                Kind::Unavailable,
                "database_unavailable",
                "The database is not available at the moment. Nothing was changed; try again in a few seconds.",
            )
            .with_retry_after(Duration::from_secs(3))),
        }
    }

    /// The first who asks begins it; it goes on when that one goes away, since it spends a token.
    fn shared_ending(&self, connection: ConnectionId, generation: i64, app: store::AppId, integration: &str) -> Ending {
        let mut waiting = self
            .0
            .refreshes
            .waiting
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(ending) = waiting.get(&(connection, generation)) {
            return ending.clone();
        }
        let (broker, integration) = (self.clone(), integration.to_owned());
        let task = tokio::spawn(async move {
            let ended = broker.refresh_or_wait(connection, generation, app, &integration).await;
            let mut waiting = broker
                .0
                .refreshes
                .waiting
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            waiting.remove(&(connection, generation));
            drop(waiting);
            ended
        });
        let ending = async move { task.await.unwrap_or(Ended::Database) }.boxed().shared();
        waiting.insert((connection, generation), ending.clone());
        ending
    }

    async fn refresh_or_wait(
        &self,
        connection: ConnectionId,
        generation: i64,
        app: store::AppId,
        integration: &str,
    ) -> Ended {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.try_refresh(connection, generation, app, integration).await {
                Some(ended) => return ended,
                None if Instant::now() >= end => return Ended::Failed(busy(integration)),
                None => {}
            }
            // Somebody else has it, or has just had it.
            tokio::time::sleep(LOOK).await;
            match self.store().generation(connection).await {
                Ok(current) if current != Some(generation) => return Ended::Look,
                Ok(_) => {}
                Err(_) => return Ended::Database,
            }
        }
    }

    /// Refreshes, if this process gets the lease; `None` when somebody else has it.
    async fn try_refresh(
        &self,
        connection: ConnectionId,
        generation: i64,
        app: store::AppId,
        integration: &str,
    ) -> Option<Ended> {
        let refreshes = &self.0.refreshes;
        let slot = match &refreshes.journal {
            Some(journal) if journal.is_writable().await => Some(journal.reserve()?),
            None => None,
            Some(_) => return Some(Ended::Failed(obstructed("the journal cannot be written to"))),
        };
        if let Some(obstacle) = refreshes.obstacle() {
            return Some(Ended::Failed(obstructed(obstacle)));
        }
        let place = refreshes.waited_for.try_take(app, integration)?;
        let claims = refreshes.claims.read().await;
        let flight = self.begin_flight(connection)?;
        let claim = self
            .store()
            .claim_one(self.settings().replica, connection, generation)
            .await;
        drop(claims);
        match claim {
            Ok(Claim::Mine(lease)) => match self.clone().attend(*lease, slot, place, flight).await {
                Outcome::Refreshed | Outcome::Superseded => Some(Ended::Look),
                Outcome::Failed(failure) => Some(Ended::Failed(failure)),
                Outcome::NotSent => Some(Ended::Database),
            },
            Ok(Claim::NotYet { seconds, own }) => {
                Some(Ended::Failed(self.not_yet(app, integration, seconds, own).await))
            }
            Ok(Claim::Somebodys) => None,
            Err(error) => {
                tracing::warn!(%error, %connection, "a refresh could not be claimed");
                // Before the doubt: what is looked for must not count as known.
                drop(flight);
                refreshes
                    .claims_in_doubt
                    .store(true, std::sync::atomic::Ordering::Release);
                Some(Ended::Database)
            }
        }
    }

    /// An earlier attempt failed, the app's circuit is open, or the service wants the app to wait: what is known about it.
    async fn not_yet(&self, app: store::AppId, integration: &str, seconds: u64, own: bool) -> Failure {
        let retry_after = Some(Duration::from_secs(seconds.max(1)));
        match self.store().circuit_message(app).await {
            Ok(Some((key, message))) => Failure {
                key: key.as_str(),
                message,
                retry_after,
                asked: false,
            },
            _ if !own => Failure {
                key: "too_many_requests",
                message: self.held(integration, seconds).await,
                retry_after,
                asked: false,
            },
            _ => Failure {
                key: "refresh_failing",
                message: format!(
                    "{} did not give a new one. It is tried again; look at the connection's state.",
                    self.integration_name(integration)
                ),
                retry_after,
                asked: false,
            },
        }
    }

    /// The app is to be left alone, which is no fault of the connection.
    async fn held(&self, integration: &str, seconds: u64) -> String {
        let name = self.integration_name(integration);
        let wait = chrono::TimeDelta::seconds(i64::try_from(seconds.max(1)).unwrap_or(i64::MAX / 1000));
        let until = match self
            .store()
            .now()
            .await
            .ok()
            .and_then(|now| now.checked_add_signed(wait))
        {
            Some(end) => format!("until {}", end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
            None => format!("for {seconds} seconds"),
        };
        format!(
            "{name} wants to be left alone by this app, {until}, so it was not asked. All connections of the app wait; nothing is wrong with this one."
        )
    }
}

fn busy(integration: &str) -> Failure {
    Failure {
        key: "refresh_running",
        message: format!("Its refresh at {integration} is not through yet. Try again in a few seconds."),
        retry_after: Some(Duration::from_secs(3)),
        asked: false,
    }
}

fn obstructed(why: &str) -> Failure {
    Failure {
        key: "replica_not_ready",
        message: format!("This replica cannot refresh now: {why}. Whoever runs the server has to look at it."),
        retry_after: Some(Duration::from_secs(5)),
        asked: false,
    }
}
