//! How many refreshes a second one process makes when nothing limits it, and how it spreads what ends together.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::numbers::{load, peak_to_mean, rounded};
use crate::process::{Cpu, Server, Start};
use crate::provider::Provider;
use crate::world::{APPS, Due, World};

/// One setting and its figures.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) delay_ms: u64,
    pub(crate) parallel: usize,
    pub(crate) journal: bool,
    pub(crate) rows: u64,
    pub(crate) seconds: f64,
    /// The median second between the first quarter and the last tenth of the rows: without the careful begin.
    pub(crate) a_second: f64,
    pub(crate) memory_mib: f64,
    /// Milliseconds of processor time for each refresh.
    pub(crate) cpu_ms: Cpu,
    pub(crate) load: f64,
}

pub(crate) struct Bench<'a> {
    pub(crate) program: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) provider: &'a Provider,
}

impl Bench<'_> {
    pub(crate) async fn start(&self, world: &World, start: Start) -> anyhow::Result<Server> {
        Server::start(self.program, self.folder, world, self.provider, start).await
    }

    /// Refreshes `rows` new rows of ten apps.
    pub(crate) async fn throughput(
        &self,
        world: &mut World,
        start: Start,
        delay: Duration,
        rows: u64,
    ) -> anyhow::Result<Throughput> {
        let apps = world.apps[..APPS].to_vec();
        world.seed(&apps, rows, Due::Overdue).await?;
        world.execute("vacuum analyze credentials").await?;
        self.provider.behave(delay, None);
        let before = self.provider.granted();
        let server = self.start(world, start).await?;
        let (cpu, begun) = (server.cpu(world), Instant::now());
        // What was done, a quarter of a second apart.
        let mut samples = vec![(0.0, 0_u64)];
        let patience = Duration::from_mins(3);
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let done = self.provider.granted() - before;
            samples.push((begun.elapsed().as_secs_f64(), done));
            if done >= rows || begun.elapsed() > patience {
                break;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let (_, memory) = server.memory();
        let used = server.cpu(world).since(cpu);
        server.stop().await?;
        let each = |seconds: f64| rounded(seconds * 1000.0 / rows as f64);
        Ok(Throughput {
            delay_ms: u64::try_from(delay.as_millis())?,
            parallel: start.parallel,
            journal: start.journal,
            rows,
            seconds: rounded(seconds),
            a_second: rounded(steady(&samples, rows)),
            memory_mib: rounded(memory),
            cpu_ms: Cpu {
                latchkey: each(used.latchkey),
                postgres: each(used.postgres),
                bench: each(used.bench),
            },
            load: load(),
        })
    }
}

/// The median rate over windows of a second, between a quarter and nine tenths of the rows.
fn steady(samples: &[(f64, u64)], rows: u64) -> f64 {
    let between = |done: u64| done * 4 >= rows && done * 10 <= rows * 9;
    let mut rates: Vec<f64> = samples
        .windows(5)
        .filter(|window| between(window[0].1) && between(window[4].1))
        .map(|window| (window[4].1 - window[0].1) as f64 / (window[4].0 - window[0].0))
        .collect();
    if rates.is_empty() {
        let last = samples.last().copied().unwrap_or((1.0, 0));
        return last.1 as f64 / last.0;
    }
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Tokens that end in the same second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) rows: u64,
    /// Calls of each second, from the first to the last.
    pub(crate) calls: Vec<u32>,
    pub(crate) peak_to_mean: f64,
}

impl Bench<'_> {
    /// Takes rows that the product has refreshed, with the jitter that it gave them, and moves them so that all tokens
    /// end in one second; then counts the calls at the provider.
    pub(crate) async fn spread(&self, world: &World, rows: u64) -> anyhow::Result<Spread> {
        self.provider.behave(Duration::ZERO, None);
        // The jitter is what lies between the end of a token and its refresh, beyond the margin of five minutes.
        let moved = world
            .execute(&format!(
                "update credentials set refresh_at = now() + interval '35 seconds'
                        - ((expires_at - refresh_at) - interval '300 seconds'), expires_at = now() + interval '335 seconds'
                 where connection_id in (select connection_id from credentials where generation = 2 limit {rows})"
            ))
            .await?;
        let first = self.provider.second();
        let server = self
            .start(
                world,
                Start {
                    parallel: 256,
                    journal: true,
                },
            )
            .await?;
        tokio::time::sleep(Duration::from_secs(40)).await;
        server.stop().await?;
        let seconds = self.provider.total(first..self.provider.second());
        let calls: Vec<u32> = seconds.iter().map(|second| second.granted).collect();
        let begin = calls.iter().position(|count| *count > 0).unwrap_or(0);
        let end = calls.iter().rposition(|count| *count > 0).unwrap_or(0);
        let calls = calls.get(begin..=end).unwrap_or_default().to_vec();
        Ok(Spread {
            rows: moved,
            peak_to_mean: peak_to_mean(&calls),
            calls,
        })
    }
}
