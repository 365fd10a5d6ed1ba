//! The breaking harness: runs replicas of Latchkey on a database of its own, against a provider that forgives nothing,
//! breaks everything in an order that a seed draws, and checks that no token was lost, used twice or used too early.
//!
//! `README.md` beside this crate says what a run proves and what its figures mean.

mod checker;
mod faults;
mod front;
mod gathering;
mod history;
mod hooks;
mod journal;
mod options;
mod postgres;
mod provider;
mod proxy;
mod readers;
mod replica;
mod report;
mod run;
mod schedule;
mod settle;
mod stage;
mod witness;
mod world;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;

use options::{Options, Profile};
use report::say;
use schedule::Shape;

/// How long the profile `ci` breaks things.
const CI: Duration = Duration::from_mins(3);

fn main() -> anyhow::Result<ExitCode> {
    let mut options = Options::parse();
    let seed = match options.seed {
        Some(seed) => seed,
        None => u64::from_le_bytes(random()?) >> 1,
    };
    let shape = Shape {
        replicas: options.replicas.into(),
        faults: options.faults,
        gap: options.gap,
        clock_step: options.clock_step,
        only: options.only.clone(),
    };
    schedule::check_names(&shape.only)?;
    if options.plan {
        for planned in schedule::draw(seed, &shape) {
            say(serde_json::to_string(&planned)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !options.inside && rustix::process::geteuid().is_root() {
        // The journals' disks are mounted where nobody else sees them, and are gone when we are. Comes back only if it
        // did not work.
        let error = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "--"])
            .arg(std::env::current_exe()?)
            .args(std::env::args_os().skip(1))
            .arg("--inside")
            .args(options.seed.is_none().then(|| format!("--seed={seed}")))
            .exec();
        say(format!("no mount namespace ({error})"));
        options.inside = false;
    }
    say(format!("seed {seed}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(go(&options, seed, &shape));
    runtime.shutdown_timeout(Duration::from_secs(2));
    code
}

fn random() -> anyhow::Result<[u8; 8]> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// SIGINT or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn go(options: &Options, seed: u64, shape: &Shape) -> anyhow::Result<ExitCode> {
    let place = tempfile::Builder::new()
        .prefix("latchkey-chaos-")
        .tempdir_in(&options.folder)?;
    // PostgreSQL runs as another user.
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755))?;
    say(format!("in {}", place.path().display()));
    let minutes = options.minutes.map(|minutes| Duration::from_secs(minutes * 60));
    let plan = || schedule::draw(seed, shape);
    let running = async {
        match options.profile {
            Profile::Readers => gathering::run(options, seed, place.path()).await,
            Profile::All => run::run(options, seed, plan(), minutes, place.path()).await,
            Profile::Ci => run::run(options, seed, plan(), Some(minutes.unwrap_or(CI)), place.path()).await,
        }
    };
    let (mut report, verdict) = tokio::select! {
        result = running => match result {
            Ok(result) => result,
            Err(error) => {
                let folder = place.keep();
                return Err(error).with_context(|| format!("the run did not end; its logs are in {}", folder.display()));
            }
        },
        () = told_to_stop() => {
            say("interrupted");
            return Ok(ExitCode::from(130));
        }
    };
    report::tell(&verdict);
    if report.violations > 0 || options.keep {
        let folder = place.keep();
        std::fs::write(folder.join("verdict.json"), serde_json::to_string_pretty(&verdict)?)?;
        say(format!("logs and history are in {}", folder.display()));
        report.folder = Some(folder);
    }
    report::print(&report, options.json)?;
    Ok(if report.violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
