//! The catalog bench: all definitions loaded, beside the same files only parsed. `README.md` says what is measured.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use catalog::Files;
use clap::Parser;
use serde_json::json;

/// The goals.
const LOAD: Duration = Duration::from_millis(100);
const MEMORY_KIB: u64 = 30 * 1024;

/// Measures how all definitions are loaded.
#[derive(Debug, Parser)]
struct Options {
    /// Loads after the first.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Figures as JSON.
    #[arg(long)]
    json: bool,
    /// Fail when a goal is not met.
    #[arg(long)]
    assert: bool,
    /// The repository.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))]
    root: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let folder = options.root.join("integrations");
    let before = memory("VmRSS")?;
    let start = Instant::now();
    let loaded = load(&folder)?;
    let first = start.elapsed();
    let (resident, peak) = (memory("VmRSS")?, memory("VmHWM")?);
    ensure!(
        loaded.problems.is_empty(),
        "definitions have mistakes: {:?}",
        loaded.problems
    );
    let definitions = loaded.catalog.len();
    let loads = timed(options.rounds, || load(&folder).map(drop))?;
    let parses = timed(options.rounds, || parse(&[&folder, &folder.join("families")]))?;
    let grown = resident.saturating_sub(before);
    let met = first.max(middle(&loads)) < LOAD && peak.saturating_sub(before) < MEMORY_KIB;
    let ratio = middle(&loads).as_secs_f64() / middle(&parses).as_secs_f64().max(f64::EPSILON);
    if options.json {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "{}",
            json!({
                "definitions": definitions, "first_ms": millis(first), "median_ms": millis(middle(&loads)),
                "yardstick_ms": millis(middle(&parses)), "ratio": ratio, "resident_kib": grown,
                "peak_kib": peak.saturating_sub(before), "met": met,
            })
        );
    } else {
        let span = |times: &[Duration]| {
            format!(
                "{:.1?} ({:.1?} to {:.1?})",
                middle(times),
                times[0],
                times[times.len() - 1]
            )
        };
        println!("definitions  {definitions}");
        println!("first load   {first:.1?}");
        println!("load         {}", span(&loads));
        println!("yardstick    {}, so a load is {ratio:.1} of it", span(&parses));
        println!(
            "memory       {grown} KiB more, {} KiB at the peak",
            peak.saturating_sub(before)
        );
        println!("goals        {}", if met { "met" } else { "not met" });
    }
    ensure!(met || !options.assert, "a goal is not met");
    Ok(())
}

/// As a server does at its start.
fn load(folder: &Path) -> anyhow::Result<catalog::Loaded> {
    let files = Files::read(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    Ok(catalog::load(&files, None))
}

/// The yardstick: the files as plain values.
fn parse(folders: &[&Path]) -> anyhow::Result<()> {
    for folder in folders {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                let text = std::fs::read_to_string(&path)?;
                let value: serde_json::Value = serde_saphyr::from_str(&text)?;
                std::hint::black_box(value);
            }
        }
    }
    Ok(())
}

/// The times of some rounds, the least first.
fn timed(rounds: usize, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn middle(times: &[Duration]) -> Duration {
    times[times.len() / 2]
}

/// A line of `/proc/self/status`, in KiB.
fn memory(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("the memory is read from /proc, as on Linux")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{name} is not told"))
}
