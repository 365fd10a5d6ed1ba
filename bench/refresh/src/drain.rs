//! Draining what is overdue after a long pause, at a provider that allows so many a second: how smooth, how fair, how
//! much memory, and how quick the calls of customers are meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::numbers::{load, milliseconds, peak_to_mean, percentile, rounded};
use crate::process::{Cpu, Start};
use crate::throughput::Bench;
use crate::world::{APPS, World, connection_key};

/// Rows of the small tenant.
pub(crate) const SMALL: u64 = 10;
/// Calls of customers a second.
const READS: u32 = 40;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Drain {
    pub(crate) due_rows: i64,
    pub(crate) limit_a_second: u32,
    pub(crate) seconds: f64,
    pub(crate) refreshed: u64,
    /// Once every app has found its limit: from the twentieth second on.
    pub(crate) a_second: f64,
    /// For all rows, at that rate.
    pub(crate) minutes_for_all: f64,
    pub(crate) drained: bool,
    pub(crate) refused_share: f64,
    /// The provider's busiest second, granted and refused, against its limit.
    pub(crate) asked_to_limit_mean: f64,
    pub(crate) asked_to_limit_peak: f64,
    pub(crate) peak_to_mean: f64,
    pub(crate) memory_mib: f64,
    pub(crate) memory_each_10s_mib: Vec<f64>,
    pub(crate) cpu_ms: Cpu,
    pub(crate) reads: usize,
    pub(crate) reads_failed: usize,
    pub(crate) read_p50_ms: f64,
    pub(crate) read_p99_ms: f64,
    /// How late rows of the small tenant were refreshed.
    pub(crate) small_rows: usize,
    pub(crate) small_p50_ms: f64,
    pub(crate) small_worst_ms: f64,
    pub(crate) load: f64,
}

/// Where what a drain needs lies among the rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// The small tenant's first row.
    pub(crate) small: u64,
    /// The first row with a good token, for readers, and how many there are.
    pub(crate) readers: (u64, u64),
}

impl Bench<'_> {
    pub(crate) async fn drain(
        &self,
        world: &World,
        rows: Rows,
        limit: u32,
        start: Start,
        at_most: Duration,
    ) -> anyhow::Result<Drain> {
        let due_rows = world
            .number("select count(*) from credentials where refresh_at <= now()")
            .await?;
        self.provider.behave(Duration::from_millis(20), Some(limit));
        self.provider.note_from(rows.small);
        let granted = self.provider.granted();
        let server = self.start(world, start).await?;
        let (cpu, begun, first) = (server.cpu(world), Instant::now(), self.provider.second());
        let readers = Readers::start(&server.address, &world.secret, rows.readers);
        let (mut memory, mut due) = (Vec::new(), Vec::new());
        let mut drained = false;
        for turn in 1.. {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // One row of the small tenant falls due each third second.
            let ends_soon = begun.elapsed() + Duration::from_secs(3) > at_most;
            if turn % 3 == 0 && turn > 5 && !ends_soon && due.len() < usize::try_from(SMALL)? {
                let row = rows.small + due.len() as u64;
                world
                    .execute(&format!(
                        "update credentials set refresh_at = now() where connection_id =
                         (select id from connections where key = '{}')",
                        connection_key(row)
                    ))
                    .await?;
                due.push((row, Instant::now()));
            }
            if turn % 10 == 0 {
                memory.push(rounded(server.memory().0));
            }
            let done = self.provider.granted() - granted;
            drained = i64::try_from(done)? >= due_rows;
            if drained || begun.elapsed() > at_most {
                break;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let mut read = readers.stop().await;
        let (_, most) = server.memory();
        let used = server.cpu(world).since(cpu);
        let refreshed = self.provider.granted() - granted;
        let range = first..self.provider.second();
        server.stop().await?;

        let per_second = self.provider.total(range);
        let skipped = if per_second.len() > 40 {
            20
        } else {
            per_second.len() / 3
        };
        let steady = per_second.get(skipped..).unwrap_or_default();
        let well: Vec<u32> = steady.iter().map(|second| second.granted).collect();
        let rate = f64::from(well.iter().sum::<u32>()) / well.len().max(1) as f64;
        let asked: Vec<u32> = steady.iter().map(|second| second.granted + second.refused).collect();
        let whole_limit = f64::from(limit) * APPS as f64;
        let refused: u32 = per_second.iter().map(|second| second.refused).sum();
        let noted = self.provider.noted();
        let mut late: Vec<Duration> = due
            .iter()
            .filter_map(|(row, at)| {
                let called = noted.iter().find(|(noted, _)| noted == row)?;
                Some(called.1.duration_since(*at))
            })
            .collect();
        let each = |seconds: f64| rounded(seconds * 1000.0 / refreshed.max(1) as f64);
        Ok(Drain {
            due_rows,
            limit_a_second: limit * u32::try_from(APPS)?,
            seconds: rounded(seconds),
            refreshed,
            a_second: rounded(rate),
            minutes_for_all: rounded(due_rows as f64 / rate / 60.0),
            drained,
            refused_share: (f64::from(refused) / (refreshed as f64 + f64::from(refused)) * 1e5).round() / 1e5,
            asked_to_limit_mean: rounded(
                f64::from(asked.iter().sum::<u32>()) / asked.len().max(1) as f64 / whole_limit,
            ),
            asked_to_limit_peak: rounded(f64::from(asked.iter().max().copied().unwrap_or(0)) / whole_limit),
            peak_to_mean: peak_to_mean(&well),
            memory_mib: rounded(most),
            memory_each_10s_mib: memory,
            cpu_ms: Cpu {
                latchkey: each(used.latchkey),
                postgres: each(used.postgres),
                bench: each(used.bench),
            },
            reads: read.took.len(),
            reads_failed: read.failed,
            read_p50_ms: milliseconds(percentile(&mut read.took, 50)),
            read_p99_ms: milliseconds(percentile(&mut read.took, 99)),
            small_rows: due.len(),
            small_p50_ms: milliseconds(percentile(&mut late, 50)),
            // One that was never called must not look well.
            small_worst_ms: if late.len() == due.len() {
                milliseconds(percentile(&mut late, 100))
            } else {
                f64::INFINITY
            },
            load: load(),
        })
    }
}

#[derive(Debug, Default)]
struct Read {
    took: Vec<Duration>,
    failed: usize,
}

/// Customers' backends that call through connections with a good token, at a fixed rate: a late answer does not make the
/// next call later.
struct Readers {
    task: tokio::task::JoinHandle<()>,
    read: Arc<Mutex<Read>>,
}

impl Readers {
    fn start(address: &str, secret: &SecretString, (first, count): (u64, u64)) -> Self {
        let read = Arc::new(Mutex::new(Read::default()));
        let results = Arc::clone(&read);
        let (url, secret) = (format!("{address}/v1/passthrough/ping"), secret.clone());
        let task = tokio::spawn(async move {
            let client = client();
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / READS);
            let mut calls = JoinSet::new();
            for turn in 0_u64.. {
                ticks.tick().await;
                let request = client
                    .get(&url)
                    .header("x-pica-secret", secret.expose_secret())
                    .header("x-pica-connection-key", connection_key(first + turn % count));
                let results = Arc::clone(&results);
                calls.spawn(async move {
                    let begun = Instant::now();
                    let answer = match request.send().await {
                        Ok(answer) if answer.status().is_success() => answer.bytes().await.is_ok(),
                        _ => false,
                    };
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.took.push(begun.elapsed());
                    results.failed += usize::from(!answer);
                });
                while calls.try_join_next().is_some() {}
            }
        });
        Self { task, read }
    }

    async fn stop(self) -> Read {
        self.task.abort();
        drop(self.task.await);
        std::mem::take(&mut self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the customer's side of the network")]
fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap_or_default()
}
