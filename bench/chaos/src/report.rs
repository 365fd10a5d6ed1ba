//! What a run says at its end.

use std::io::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use crate::checker::{Mode, Verdict};
use crate::options::Profile;
use crate::readers::Counted;

/// The last line of standard output with `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    /// Faults that were made.
    pub(crate) faults: usize,
    /// New refresh tokens that the provider gave.
    pub(crate) refreshes: usize,
    /// Second uses of one refresh token without an excuse.
    pub(crate) duplicates: usize,
    /// Grants lost although the answer had been received.
    pub(crate) lost: usize,
    /// Grants lost with an answer that never arrived.
    pub(crate) uncertain: usize,
    /// All broken promises, the duplicates and lost ones too.
    pub(crate) violations: usize,
    /// Answers that never arrived, whatever came of them.
    pub(crate) unreceived: usize,
    pub(crate) kills: usize,
    /// Processes that ended at a failpoint.
    pub(crate) aborts: usize,
    /// Starts after the first one.
    pub(crate) restarts: usize,
    pub(crate) database_crashes: usize,
    /// New sign-ins: of those that had lost their grant, and in between.
    pub(crate) reconnects: usize,
    /// Callers' calls by their end.
    pub(crate) readers: Counted,
    pub(crate) state_changes: i64,
    pub(crate) events: i64,
    /// Rows of the outbox.
    pub(crate) deliveries: i64,
    /// What came to the subscriber, repeated ones too.
    pub(crate) delivered: usize,
    /// From the end of the faults until all connections were well or failed.
    pub(crate) settle_seconds: u64,
    pub(crate) seconds: u64,
    pub(crate) profile: Profile,
    pub(crate) mode: Mode,
    pub(crate) replicas: u16,
    pub(crate) connections: usize,
    pub(crate) journal: bool,
    /// Whether a full disk was a full disk.
    pub(crate) real_full_disk: bool,
    /// Where logs and history lie, when they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<PathBuf>,
}

/// Says something to people.
pub(crate) fn say(words: impl std::fmt::Display) {
    // Whoever closed standard error does not want to know.
    drop(writeln!(std::io::stderr(), "{words}"));
}

/// Tells each broken promise, a few of each kind.
pub(crate) fn tell(verdict: &Verdict) {
    let mut told = std::collections::BTreeMap::new();
    for violation in &verdict.violations {
        let count = told.entry(violation.kind).or_insert(0);
        *count += 1;
        if *count <= 10 {
            let connection = violation.connection.map(|number| format!(" connection {number}:"));
            say(format!(
                "violation: {:?}:{} {}",
                violation.kind,
                connection.unwrap_or_default(),
                violation.what
            ));
        }
    }
    for (kind, count) in told {
        say(format!("{count} × {kind:?}"));
    }
}

/// Writes the result to standard output.
pub(crate) fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    if json {
        writeln!(output, "{}", serde_json::to_string(report)?)?;
    } else {
        writeln!(output, "{}", serde_json::to_string_pretty(report)?)?;
    }
    Ok(output.flush()?)
}
