//! The command line.

use std::path::PathBuf;

use clap::Parser;
use serde::Serialize;

use crate::checker::Mode;

/// What is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// Everything breaks.
    #[default]
    All,
    /// The same for three minutes.
    Ci,
    /// Nothing breaks: readers at an expired connection, and at a thousand.
    Readers,
}

/// Breaks a running Latchkey in every way, from a seed, and checks that no token was lost.
#[derive(Clone, Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(name = "chaos")]
pub(crate) struct Options {
    /// Processes of Latchkey.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) replicas: u16,
    /// Faults to make; the run ends after them.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) faults: usize,
    /// Draws the faults; the same seed draws the same ones. A new one without.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Ends the faults after so many minutes, even if some are left.
    #[arg(long)]
    pub(crate) minutes: Option<u64>,
    /// Connections that are refreshed all the time.
    #[arg(long, default_value_t = 60)]
    pub(crate) connections: u32,
    /// Services that they are of, each with an app of its own. Faults of the provider hit a quarter of them, mostly.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) integrations: u32,
    /// Callers; in the profile `readers`, as many as read one connection at the same moment.
    #[arg(long)]
    pub(crate) readers: Option<u32>,
    /// Mean time between two faults in milliseconds.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(8..))]
    pub(crate) gap: u64,
    /// What is run.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,
    /// What the provider does with a refresh token that was spent already.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) mode: Mode,
    /// The largest step of the database's clock in seconds, forward and backward; 0 leaves it alone.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) clock_step: i64,
    /// Only faults of this name, as `--plan` prints them; may be given several times.
    #[arg(long, value_name = "FAULT")]
    pub(crate) only: Vec<String>,
    /// Replicas have no journal: shows what it is for.
    #[arg(long)]
    pub(crate) no_journal: bool,
    /// Replicas abort at failpoints. Needs a binary built with the feature `failpoints`.
    #[arg(long)]
    pub(crate) failpoints: bool,
    /// Percent of refreshes that abort at a replica's failpoint.
    #[arg(long, default_value_t = 2)]
    pub(crate) failpoint_percent: u8,
    /// The binary; searched beside this program without.
    #[arg(long)]
    pub(crate) latchkey: Option<PathBuf>,
    /// Where the run's folder is made.
    #[arg(long, default_value = "/tmp")]
    pub(crate) folder: PathBuf,
    /// Keeps the run's folder also when all went well.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Prints the schedule of the seed and ends.
    #[arg(long)]
    pub(crate) plan: bool,
    /// The last line of standard output is JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Set by the program for its second start, in a mount namespace of its own.
    #[arg(long, hide = true)]
    pub(crate) inside: bool,
}
