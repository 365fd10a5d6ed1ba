//! The clockwork: tokio-cron-scheduler triggers, Postgres knows what is due. No state of a job is kept here.
//!
//! It triggers by the host's clock, and a job that was late by more than its interval, as after a stopped process or a
//! clock that was put forward, is never triggered again. So each loop is also looked after by a clock that only goes on:
//! one that was not triggered in time is run at once.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::{Broker, Problem};

/// The running loops.
pub struct Scheduler {
    broker: Broker,
    ticks: JobScheduler,
    watch: JoinHandle<()>,
    stopping: Arc<AtomicBool>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Scheduler")
    }
}

const REVOKE: Duration = Duration::from_secs(15);

/// How late a loop may be triggered beyond half of its interval, and between two looks.
const LATE: Duration = Duration::from_secs(1);

type Work = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send>>;

impl Scheduler {
    /// Starts the loops of a replica.
    pub async fn start(broker: &Broker) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let stopping = Arc::new(AtomicBool::new(false));
        let mut loops = Vec::new();
        let mut add = async |name, interval, work: fn(Broker) -> Work| {
            // Its first turn comes after one interval: until then it counts as alive.
            beat(broker, name, interval).await;
            let repeating = Loop::new(broker.clone(), Arc::clone(&stopping), name, interval, work);
            scheduler.add(repeating.job()?).await?;
            loops.push(repeating);
            Ok::<_, JobSchedulerError>(())
        };
        add("replica", Duration::from_secs(5), |broker| {
            Box::pin(async move { broker.beat_replica().await })
        })
        .await?;
        add("refresh", broker.settings().refresh_interval, |broker| {
            Box::pin(async move {
                let interval = broker.settings().refresh_interval;
                let last = Mutex::new(Instant::now());
                let beating = broker.clone();
                // A long turn is alive as long as it goes round.
                let alive = move || {
                    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                    if last.elapsed() < interval {
                        return std::future::ready(()).boxed();
                    }
                    *last = Instant::now();
                    let broker = beating.clone();
                    async move { beat(&broker, "refresh", interval).await }.boxed()
                };
                broker.refresh_turn(alive).await
            })
        })
        .await?;
        add("revoke", REVOKE, |broker| {
            Box::pin(async move {
                let beating = broker.clone();
                let alive = move || {
                    let broker = beating.clone();
                    async move { beat(&broker, "revoke", REVOKE).await }.boxed()
                };
                broker.revoke_turn(alive).await
            })
        })
        .await?;
        add("sweep", Duration::from_secs(10), |broker| {
            Box::pin(async move {
                let expired = broker.expired_sessions_tick().await?;
                let swept = broker.store().sweep_flows().await?;
                let sandbox = broker.store().purge_sandbox().await?;
                broker.store().forget_replicas().await?;
                let (told, purged) = (broker.forecast_tick().await?, broker.purge_tick().await?);
                tracing::debug!(?swept, ?sandbox, ?purged, told, expired, "what ended was swept");
                Ok(())
            })
        })
        .await?;
        add("destinations", Duration::from_secs(30), |broker| {
            Box::pin(async move { broker.compare_destinations().await.map(drop) })
        })
        .await?;
        add("idle", Duration::from_secs(15), |broker| {
            Box::pin(async move { broker.check_idle_tick().await.map(drop) })
        })
        .await?;
        add("reseal", Duration::from_secs(5), |broker| {
            Box::pin(async move { broker.reseal_tick().await.map(drop) })
        })
        .await?;
        add("webhook", Duration::from_secs(1), |broker| {
            Box::pin(async move { broker.webhook_tick().await.map(drop) })
        })
        .await?;
        add("device", Duration::from_secs(1), |broker| {
            Box::pin(async move { broker.poll_tick().await.map(drop) })
        })
        .await?;
        add("mail", Duration::from_secs(5), |broker| {
            Box::pin(async move { broker.mail_tick().await.map(drop) })
        })
        .await?;
        add("webhook_purge", Duration::from_mins(1), |broker| {
            Box::pin(async move { Ok(broker.store().purge_deliveries().await.map(drop)?) })
        })
        .await?;
        add("deletion", Duration::from_secs(5), |broker| {
            Box::pin(async move { broker.deletion_tick().await.map(drop) })
        })
        .await?;
        add("numbers", Duration::from_secs(10), |broker| {
            Box::pin(async move { broker.numbers_tick().await })
        })
        .await?;
        scheduler.start().await?;
        Ok(Self {
            broker: broker.clone(),
            ticks: scheduler,
            watch: tokio::spawn(look_after(loops)),
            stopping,
        })
    }

    /// Claims nothing more, and waits half a minute at most for refreshes and sign-ins that are on their way.
    pub async fn stop(mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.watch.abort();
        let patience = Duration::from_secs(30);
        tokio::join!(self.broker.drain_refreshes(patience), self.broker.drain_polls(patience));
        if let Err(error) = self.ticks.shutdown().await {
            tracing::warn!(%error, "the scheduler did not stop cleanly");
        }
    }
}

/// A loop that never runs twice at once on a replica, tells that it is alive, and survives a failed turn.
#[derive(Clone)]
struct Loop(Arc<LoopParts>);

struct LoopParts {
    broker: Broker,
    stopping: Arc<AtomicBool>,
    name: &'static str,
    interval: Duration,
    work: fn(Broker) -> Work,
    busy: AtomicBool,
    /// When its last turn began.
    begun: Mutex<Instant>,
}

impl Loop {
    fn new(
        broker: Broker,
        stopping: Arc<AtomicBool>,
        name: &'static str,
        interval: Duration,
        work: fn(Broker) -> Work,
    ) -> Self {
        Self(Arc::new(LoopParts {
            broker,
            stopping,
            name,
            interval,
            work,
            busy: AtomicBool::new(false),
            begun: Mutex::new(Instant::now()),
        }))
    }

    fn job(&self) -> Result<Job, JobSchedulerError> {
        let this = self.clone();
        Job::new_repeated_async(self.0.interval, move |_, _| {
            let this = this.clone();
            Box::pin(async move { this.turn().await })
        })
    }

    async fn turn(&self) {
        let Self(parts) = self;
        if parts.stopping.load(Ordering::SeqCst) || parts.busy.swap(true, Ordering::SeqCst) {
            return;
        }
        *parts.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let result = turn(parts.name, (parts.work)(parts.broker.clone())).await;
        parts.busy.store(false, Ordering::SeqCst);
        metrics::counter!("latchkey_loop_turns_total", "loop" => parts.name, "result" => result).increment(1);
        if result == "success" {
            beat(&parts.broker, parts.name, parts.interval).await;
        }
    }

    /// Whether its turn did not come although it is long due: half an interval and a second late.
    fn is_forgotten(&self) -> bool {
        let begun = *self.0.begun.lock().unwrap_or_else(PoisonError::into_inner);
        !self.0.busy.load(Ordering::SeqCst) && begun.elapsed() > self.0.interval.mul_f64(1.5) + LATE
    }
}

/// Runs what is not triggered any more.
async fn look_after(loops: Vec<Loop>) {
    let mut clock = tokio::time::interval(LATE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        for forgotten in loops.iter().filter(|one| one.is_forgotten()) {
            tracing::debug!(name = forgotten.0.name, "a loop was not triggered in time and runs now");
            let forgotten = forgotten.clone();
            tokio::spawn(async move { forgotten.turn().await });
        }
    }
}

/// One turn in a task of its own, so that a panic in it is contained: `success`, `failure` or `panic`.
async fn turn(name: &'static str, work: impl Future<Output = Result<(), Problem>> + Send + 'static) -> &'static str {
    match tokio::spawn(work).await {
        Ok(Ok(())) => "success",
        Ok(Err(problem)) => {
            tracing::warn!(%problem, name, "a turn of a loop failed");
            "failure"
        }
        Err(panic) => {
            tracing::error!(%panic, name, "a turn of a loop panicked");
            "panic"
        }
    }
}

async fn beat(broker: &Broker, name: &'static str, interval: Duration) {
    broker.note_turn(name, interval);
    let seconds = i32::try_from(interval.as_secs().max(1)).unwrap_or(i32::MAX);
    if let Err(error) = broker.store().beat(broker.settings().replica.id, name, seconds).await {
        tracing::warn!(%error, name, "the heartbeat was not noted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_turn_is_contained_and_is_no_success() {
        let panics = async { panic!("as a mistake would") };
        assert_eq!(turn("refresh", panics).await, "panic");
        assert_eq!(turn("refresh", async { Ok(()) }).await, "success");
        assert_eq!(turn("refresh", async { Err(Problem::internal("no")) }).await, "failure");
    }
}
