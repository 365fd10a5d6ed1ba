//! A run: everything breaks as planned while readers read, then all is healed, has time to settle, and is judged.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::checker::{self, Verdict};
use crate::faults;
use crate::options::Options;
use crate::readers::read_for_ever;
use crate::report::{Report, say};
use crate::schedule::{Fault, Planned};
use crate::settle;
use crate::stage::Stage;
use crate::witness;

/// Where a refresh can be interrupted.
const FAILPOINTS: [&str; 5] = [
    "before_send",
    "after_send",
    "after_answer",
    "before_commit",
    "after_commit",
];
/// Callers, unless told otherwise.
const READERS: u32 = 24;

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    faults: AtomicUsize,
    crashes: AtomicUsize,
    reconnects: AtomicUsize,
}

/// Runs a schedule and judges what came of it.
pub(crate) async fn run(
    options: &Options,
    seed: u64,
    plan: Vec<Planned>,
    limit: Option<Duration>,
    folder: &Path,
) -> anyhow::Result<(Report, Verdict)> {
    let began = Instant::now();
    let mut stage = Stage::build(options, folder).await?;
    for number in 0..options.connections {
        let lifetime = 4 + u64::from(number % 7);
        stage.world.connect(lifetime, lifetime).await?;
    }
    let stage = Arc::new(stage);
    let mut failpoint = failpoints(options, seed);
    for station in &stage.stations {
        station.replica.set_failpoint(failpoint()).await;
    }
    stage.start().await?;
    say(format!(
        "{} replicas, {} connections, {} faults planned; a full disk is {}",
        options.replicas,
        options.connections,
        plan.len(),
        if stage.stations[0].journal.is_real() {
            "real"
        } else {
            "played by a folder that cannot be written to"
        },
    ));

    let done = Arc::new(Done::default());
    let keeper = tokio::spawn(faults::look_after(Arc::clone(&stage), failpoint));
    let mut background = JoinSet::new();
    background.spawn(mend(Arc::clone(&stage), Arc::clone(&done)));
    background.spawn(observe(Arc::clone(&stage)));
    background.spawn(progress(Arc::clone(&stage), Arc::clone(&done), plan.len()));
    let keys: Vec<String> = stage
        .world
        .connections
        .iter()
        .map(|connected| connected.key.clone())
        .collect();
    let keys = Arc::new(keys);
    for reader in 0..options.readers.unwrap_or(READERS) {
        let seed = seed.wrapping_add(u64::from(reader));
        background.spawn(read_for_ever(
            stage.caller.clone(),
            stage.origin.clone(),
            Arc::clone(&keys),
            seed,
        ));
    }

    break_things(&stage, &done, plan, limit).await;
    faults::heal(&stage).await?;
    say("healed; waiting for everything to settle");
    background.shutdown().await;
    let settle_seconds = settle::settle(&stage).await?;
    let verdict = judge(options, &stage, folder).await?;
    let report = report(options, seed, &stage, &done, &verdict, settle_seconds, began).await?;
    keeper.abort();
    stage.end().await;
    Ok((report, verdict))
}

async fn break_things(stage: &Arc<Stage>, done: &Arc<Done>, plan: Vec<Planned>, limit: Option<Duration>) {
    let began = Instant::now();
    let mut making = JoinSet::new();
    for planned in plan {
        let at = Duration::from_millis(planned.at);
        if limit.is_some_and(|limit| at >= limit) {
            break;
        }
        tokio::time::sleep_until(began + at).await;
        let (stage, done) = (Arc::clone(stage), Arc::clone(done));
        making.spawn(async move {
            match planned.fault {
                Fault::DatabaseCrash => done.crashes.fetch_add(1, Ordering::Relaxed),
                Fault::Reconnect { .. } | Fault::ReconnectInFlight { .. } => {
                    done.reconnects.fetch_add(1, Ordering::Relaxed)
                }
                _ => 0,
            };
            if let Err(error) = faults::make(&stage, &planned.fault).await {
                stage
                    .recorder
                    .finding(format!("{:?} could not be made: {error:#}", planned.fault));
            }
            done.faults.fetch_add(1, Ordering::Relaxed);
        });
    }
    making.join_all().await;
}

/// A failpoint for each new life, drawn from the seed.
fn failpoints(options: &Options, seed: u64) -> impl FnMut() -> Option<String> + use<> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0xfa11);
    let percent = options.failpoints.then_some(options.failpoint_percent);
    move || {
        let name = FAILPOINTS[rng.random_range(0..FAILPOINTS.len())];
        percent.map(|percent| format!("refresh::{name}={percent}%return"))
    }
}

/// People whose connection failed sign in again.
async fn mend(stage: Arc<Stage>, done: Arc<Done>) {
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // The database is away at times.
        let Ok(failed) = stage.world.failed().await else {
            continue;
        };
        for number in failed {
            match stage.world.reconnect(number).await {
                Ok(()) => done.reconnects.fetch_add(1, Ordering::Relaxed),
                Err(error) => {
                    say(format!("{error:#}"));
                    0
                }
            };
        }
    }
}

async fn observe(stage: Arc<Stage>) {
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The database is away at times.
        drop(stage.world.observe().await);
    }
}

async fn progress(stage: Arc<Stage>, done: Arc<Done>, planned: usize) {
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let refreshes = {
            let history = stage.recorder.lock();
            history
                .requests
                .iter()
                .filter(|request| request.outcome.issued().is_some())
                .count()
        };
        say(format!(
            "{:4} s  {}/{planned} faults  {refreshes} refreshes  {} reconnects  readers {:?}",
            stage.recorder.now() / 1_000,
            done.faults.load(Ordering::Relaxed),
            done.reconnects.load(Ordering::Relaxed),
            stage.caller.counts.counted(),
        ));
    }
}

async fn judge(options: &Options, stage: &Stage, folder: &Path) -> anyhow::Result<Verdict> {
    stage.world.observe().await?;
    let now = stage.recorder.now();
    let failed = witness::failed(stage.postgres.pool()).await?;
    let findings = witness::findings(stage.postgres.pool()).await?;
    let mut history = stage.recorder.lock().clone();
    history.findings.extend(findings);
    history
        .findings
        .extend(stage.hooks.findings(stage.postgres.pool()).await?);
    history.failed = failed
        .into_iter()
        .filter_map(|row| {
            Some(crate::history::Failed {
                connection: stage.world.number(row.connection)?,
                at: now.saturating_sub(row.ago.max(0).unsigned_abs()),
                reason: row.reason,
            })
        })
        .collect();
    serde_json::to_writer(std::fs::File::create(folder.join("history.json"))?, &history)?;
    Ok(checker::check(&history, options.mode, now))
}

async fn report(
    options: &Options,
    seed: u64,
    stage: &Stage,
    done: &Done,
    verdict: &Verdict,
    settle_seconds: u64,
    began: Instant,
) -> anyhow::Result<Report> {
    let (state_changes, events, deliveries) = witness::counts(stage.postgres.pool()).await?;
    let sum = |number: fn(&crate::replica::Replica) -> &AtomicUsize| -> usize {
        let replicas = stage.stations.iter().map(|station| &station.replica);
        replicas.map(|replica| number(replica).load(Ordering::Relaxed)).sum()
    };
    Ok(Report {
        seed,
        faults: done.faults.load(Ordering::Relaxed),
        refreshes: verdict.refreshes,
        duplicates: verdict.duplicates,
        lost: verdict.lost,
        uncertain: verdict.uncertain,
        violations: verdict.violations.len(),
        unreceived: verdict.unreceived,
        kills: sum(|replica| &replica.kills),
        aborts: sum(|replica| &replica.aborts),
        restarts: sum(|replica| &replica.starts) - stage.stations.len(),
        database_crashes: done.crashes.load(Ordering::Relaxed),
        reconnects: done.reconnects.load(Ordering::Relaxed),
        readers: stage.caller.counts.counted(),
        state_changes,
        events,
        deliveries,
        delivered: stage.hooks.total(),
        settle_seconds,
        seconds: began.elapsed().as_secs(),
        profile: options.profile,
        mode: options.mode,
        replicas: options.replicas,
        connections: stage.world.connections.len(),
        journal: !options.no_journal,
        real_full_disk: stage.stations[0].journal.is_real(),
        folder: None,
    })
}
