//! The refresh bench: one real `latchkey serve` against a durable Postgres and a provider on loopback, beside `pgbench`
//! with the same writes. `README.md` says what is measured against what.
#![expect(clippy::cast_precision_loss, reason = "counts of rows and calls, far below 2^52")]

mod claims;
mod drain;
mod numbers;
mod process;
mod provider;
mod report;
mod throughput;
mod world;
mod yardstick;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;

use drain::{Rows, SMALL};
use numbers::load;
use process::Start;
use provider::Provider;
use report::Report;
use throughput::Bench;
use world::{APPS, Due, World};

/// Measures how one process refreshes.
#[derive(Debug, Parser)]
struct Options {
    /// Less of everything, in under a minute: to see whether it works, not for figures.
    #[arg(long)]
    quick: bool,
    /// Due rows of the drain.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Seconds of the drain at most.
    #[arg(long, default_value_t = 120)]
    drain_seconds: u64,
    /// What each of the ten apps allows a second.
    #[arg(long, default_value_t = 200)]
    limit: u32,
    /// Only these parts: `throughput`, `spread`, `claims`, `drain`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Figures as JSON.
    #[arg(long)]
    json: bool,
    /// Where the plans of the claim are written, as Markdown.
    #[arg(long)]
    plans: Option<PathBuf>,
    /// The program; without, the one beside this.
    #[arg(long)]
    latchkey: Option<PathBuf>,
    /// The folder of `initdb`, `postgres` and `pgbench`.
    #[arg(long, env = "LATCHKEY_PG_BINDIR")]
    pg_bindir: Option<PathBuf>,
    /// Keep the folder with the logs.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let beside = std::env::current_exe()?.with_file_name("latchkey");
    // Absolute: it is started from another folder. Looked for now: not after minutes of seeding.
    let program = std::path::absolute(options.latchkey.as_deref().unwrap_or(&beside))?;
    anyhow::ensure!(
        program.is_file(),
        "{} is not there: build it with `cargo build --release -p latchkey`, or name another with --latchkey",
        program.display()
    );
    let bin_dir = match &options.pg_bindir {
        Some(folder) => folder.clone(),
        None => newest_postgres()?,
    };
    let mut folder = tempfile::Builder::new().prefix("refresh-bench-").tempdir()?;
    folder.disable_cleanup(options.keep);
    // The account of PostgreSQL has to get through.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let begun = Instant::now();
    let mut report = Report {
        cores: std::thread::available_parallelism()?.into(),
        load_before: load(),
        ..Report::default()
    };
    tell("the provider alone");
    report.provider_alone = provider::alone(Duration::from_secs(2)).await?;
    let provider = Provider::start(APPS + 1).await?;
    let mut world = World::make(folder.path(), bin_dir, &provider).await?;
    let bench = Bench {
        program: &program,
        folder: folder.path(),
        provider: &provider,
    };
    run(&options, &bench, &mut world, &mut report).await?;
    report.reused = provider.reused();
    report.lost = world.lost(&provider).await?;
    world.stop().await?;
    report.load_after = load();
    report.minutes = numbers::rounded(begun.elapsed().as_secs_f64() / 60.0);
    if let Some(path) = &options.plans {
        write_plans(path, &report)?;
    }
    if options.json {
        say(&serde_json::to_string(&report)?);
    } else {
        say(&report.text()?);
    }
    if options.keep {
        tell(&format!("kept: {}", folder.path().display()));
    }
    Ok(())
}

async fn run(options: &Options, bench: &Bench<'_>, world: &mut World, report: &mut Report) -> anyhow::Result<()> {
    let wants = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    let seconds = if options.quick { 2 } else { 8 };
    if wants("throughput") {
        yardstick::prepare(world).await?;
        tell("the yardstick");
        report
            .yardstick
            .push(yardstick::measure(world, bench.folder, seconds).await?);
        let settings: &[(u64, usize, bool)] = if options.quick {
            &[(0, 256, true), (200, 512, true)]
        } else {
            &[
                (0, 256, true),
                (0, 512, true),
                (0, 256, false),
                (200, 256, true),
                (200, 512, true),
                (200, 512, false),
            ]
        };
        for &(delay, parallel, journal) in settings {
            tell(&format!(
                "throughput: {delay} ms, {parallel} in flight, journal: {journal}"
            ));
            let rows = if options.quick { 5_000 } else { 25_000 };
            let start = Start { parallel, journal };
            let one = bench
                .throughput(world, start, Duration::from_millis(delay), rows)
                .await?;
            report.throughput.push(one);
        }
        tell("the yardstick");
        report
            .yardstick
            .push(yardstick::measure(world, bench.folder, seconds).await?);
        world
            .execute("delete from connections where key like 'yardstick::%'")
            .await?;
        world.execute("vacuum analyze credentials").await?;
    }
    if wants("spread") && wants("throughput") && !options.quick {
        tell("tokens that end together");
        report.spread = Some(bench.spread(world, 15_000).await?);
    }
    if wants("claims") || wants("drain") {
        due(options, bench, world, report, &wants).await?;
    }
    Ok(())
}

/// The claim at more and more due rows, and the drain of the last.
async fn due(
    options: &Options,
    bench: &Bench<'_>,
    world: &mut World,
    report: &mut Report,
    wants: &impl Fn(&str) -> bool,
) -> anyhow::Result<()> {
    let (apps, small) = (world.apps[..APPS].to_vec(), world.apps[APPS..].to_vec());
    let readers = (world.next_row, 200);
    world.seed(&apps, readers.1, Due::Later).await?;
    let all = if options.quick { 10_000 } else { options.rows };
    let (mut seeded, begun) = (0, Instant::now());
    let mut seeding = Duration::ZERO;
    for step in [1_000, 10_000, 100_000, all] {
        if step > all || step <= seeded {
            continue;
        }
        tell(&format!("seeding up to {step} due rows"));
        let sealing = Instant::now();
        world.seed(&apps, step - seeded, Due::Overdue).await?;
        seeding += sealing.elapsed();
        seeded = step;
        if wants("claims") {
            world.execute("vacuum analyze credentials").await?;
            report
                .claims
                .push(claims::measure(world, if options.quick { 10 } else { 40 }).await?);
        }
    }
    report.seeded_a_second = numbers::rounded(seeded as f64 / seeding.as_secs_f64());
    tell(&format!("seeded in {:.0} s", begun.elapsed().as_secs_f64()));
    world.execute("vacuum analyze credentials, connections, events").await?;
    if wants("claims") {
        report.plans = claims::plans(world).await?;
    }
    if wants("drain") {
        let rows = Rows {
            small: world.next_row,
            readers,
        };
        world.seed(&small, SMALL, Due::Later).await?;
        tell("draining");
        let seconds = if options.quick { 12 } else { options.drain_seconds };
        let start = Start {
            parallel: 256,
            journal: true,
        };
        report.drain = Some(
            bench
                .drain(world, rows, options.limit, start, Duration::from_secs(seconds))
                .await?,
        );
    }
    Ok(())
}

/// Debian's newest, else what is on the path.
fn newest_postgres() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, folder)| folder);
    newest.context("no PostgreSQL was found: name the folder of initdb, postgres and pgbench in LATCHKEY_PG_BINDIR")
}

fn write_plans(path: &Path, report: &Report) -> anyhow::Result<()> {
    let plans = report
        .plans
        .iter()
        .map(|(name, plan)| format!("`{name}`\n\n```text\n{plan}\n```\n"));
    Ok(std::fs::write(path, plans.collect::<Vec<_>>().join("\n"))?)
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "what goes on, for whoever waits")]
fn tell(text: &str) {
    eprintln!("{text} …");
}
