//! The profile `readers`: nothing breaks, but very many callers come to an expired connection at the same moment.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::checker::{Kind, Verdict, Violation};
use crate::options::Options;
use crate::report::{Report, say};
use crate::stage::Stage;

/// Callers of one connection at each replica, unless told otherwise.
const READERS: u32 = 200;
/// Connections of the second part.
const MANY: u32 = 1_000;
/// Nothing expires once it has been refreshed.
const LONG: u64 = 24 * 3_600;

/// One connection, then a thousand. Each must be refreshed exactly once, and every caller gets the new token.
pub(crate) async fn run(options: &Options, seed: u64, folder: &Path) -> anyhow::Result<(Report, Verdict)> {
    let began = Instant::now();
    let mut stage = Stage::build(options, folder).await?;
    let readers = options.readers.unwrap_or(READERS);
    stage.world.connect(LONG, 1).await?;
    for _ in 0..MANY {
        stage.world.connect(LONG, LONG).await?;
    }
    let stage = Arc::new(stage);
    let mut verdict = Verdict::default();
    stage
        .postgres
        .execute("update credentials set refresh_at = 'infinity'")
        .await?;
    stage.start().await?;

    tokio::time::sleep(Duration::from_secs(3)).await;
    gather(&stage, readers, 0..1, true).await;
    let one = count(&stage);
    say(format!(
        "{readers} readers × {} replicas on 1 expired connection: {one} refreshes",
        options.replicas
    ));
    expect(&stage, &mut verdict, one, 1);

    // What they have now ends at once; what they get lives long.
    stage
        .postgres
        .execute("update credentials set expires_at = latchkey_now() - interval '1 second' where generation = 1")
        .await?;
    gather(&stage, readers, 1..MANY + 1, false).await;
    let many = count(&stage) - one;
    say(format!(
        "{readers} readers on {MANY} expired connections: {many} refreshes"
    ));
    expect(&stage, &mut verdict, many, MANY as usize);
    let readers = stage.caller.counts.counted();
    let unserved =
        readers.refused + readers.trouble + readers.unavailable + readers.broken + readers.other.values().sum::<u64>();
    if unserved > 0 {
        broken(
            &mut verdict,
            Kind::Record,
            format!("calls without a good answer: {readers:?}"),
        );
    }
    verdict.refreshes = one + many;
    let report = Report {
        seed,
        faults: 0,
        refreshes: verdict.refreshes,
        duplicates: verdict.duplicates,
        lost: verdict.lost,
        uncertain: 0,
        violations: verdict.violations.len(),
        unreceived: 0,
        kills: 0,
        aborts: 0,
        restarts: 0,
        database_crashes: 0,
        reconnects: 0,
        readers,
        state_changes: 0,
        events: 0,
        deliveries: 0,
        delivered: stage.hooks.total(),
        settle_seconds: 0,
        seconds: began.elapsed().as_secs(),
        profile: options.profile,
        mode: options.mode,
        replicas: options.replicas,
        connections: stage.world.connections.len(),
        journal: !options.no_journal,
        real_full_disk: stage.stations[0].journal.is_real(),
        folder: None,
    };
    let history = stage.recorder.lock().clone();
    serde_json::to_writer(std::fs::File::create(folder.join("history.json"))?, &history)?;
    stage.end().await;
    Ok((report, verdict))
}

/// Callers begin at the same moment and call these connections in the same order: with `each`, so many at each replica,
/// else so many through the load balancer.
async fn gather(stage: &Arc<Stage>, readers: u32, connections: std::ops::Range<u32>, each: bool) {
    let origins: Vec<String> = if each {
        let addresses = stage.stations.iter().map(|station| station.replica.address());
        addresses.map(|address| format!("http://{address}")).collect()
    } else {
        vec![stage.origin.clone()]
    };
    let start = Arc::new(Barrier::new(readers as usize * origins.len()));
    let mut calls = JoinSet::new();
    for origin in origins {
        for _ in 0..readers {
            let (stage, origin, start) = (Arc::clone(stage), origin.clone(), Arc::clone(&start));
            let connections = connections.clone();
            calls.spawn(async move {
                start.wait().await;
                for number in connections {
                    let key = &stage.world.connections[number as usize].key;
                    let me = stage.caller.call(&origin, key).await;
                    // The first token had ended; everybody has to see the second.
                    if me.and_then(|me| me.serial) != Some(2) {
                        stage
                            .recorder
                            .finding(format!("a caller of connection {number} got {me:?}"));
                    }
                }
            });
        }
    }
    calls.join_all().await;
}

fn count(stage: &Stage) -> usize {
    stage.recorder.lock().requests.len()
}

fn expect(stage: &Stage, verdict: &mut Verdict, found: usize, wanted: usize) {
    if found > wanted {
        verdict.duplicates += found - wanted;
        broken(
            verdict,
            Kind::Duplicate,
            format!("{found} requests to the provider, {wanted} expected"),
        );
    }
    if found < wanted {
        broken(
            verdict,
            Kind::Record,
            format!("{found} requests to the provider, {wanted} expected"),
        );
    }
    let findings = std::mem::take(&mut stage.recorder.lock().findings);
    for what in findings {
        broken(verdict, Kind::Record, what);
    }
}

fn broken(verdict: &mut Verdict, kind: Kind, what: String) {
    verdict.violations.push(Violation {
        kind,
        connection: None,
        what,
    });
}
