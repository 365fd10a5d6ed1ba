//! Judges a history. Pure, so that hand-made histories prove that it can tell good from bad.
//!
//! What it holds to be true of the product:
//!
//! - One refresh of a connection is in flight at a time, and a refresh token is used once. A second use is allowed only
//!   after the answer of the first had become impossible to receive: its process died, its link was cut, the provider
//!   broke off, or so much time passed that nobody waits any more.
//! - An answer that a process had in its hands for [`WINDOW`] is never lost, whatever happens then.
//! - An answer that never arrived may cost the grant of a strict provider, and then the connection must say so.
//! - No call is made with a token whose refresh token could still be forgotten.
//! - Only a refusal of the provider makes a connection `failed`.

mod delivery;
mod family;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::history::{FamilyId, History, Millis, TokenRequest};
use delivery::Deliveries;

/// So long a process must have run after the last byte of an answer had been handed to its machine, to count as having
/// received it: to read it, and to make it durable.
pub(crate) const WINDOW: Millis = 700;
/// No client waits longer for a token endpoint.
pub(crate) const PATIENCE: Millis = 35_000;
/// Refusals that a process received before a connection rests, at most: the second use, its confirmation, and two that
/// could not be noted because the process died before the database was there.
const REFUSALS: usize = 4;

/// What the provider does with a token that was spent already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Revokes the whole family.
    #[default]
    Strict,
    /// Gives the successor once more, for two minutes.
    Grace,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Violation {
    /// Which promise.
    pub(crate) kind: Kind,
    /// Of which connection, where it is about one.
    pub(crate) connection: Option<u32>,
    /// What was seen.
    pub(crate) what: String,
}

/// The promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Two uses of one refresh token, the first of which was received or could be.
    Duplicate,
    /// A token that had been received is not the stored one.
    Lost,
    /// A grant was lost with an answer that never arrived, and the connection does not say so.
    Unreported,
    /// A grant was lost although the provider would have given the token again.
    GraceUnused,
    /// A token was used before its refresh token was durable.
    Undurable,
    /// What was replaced came back.
    Resurrected,
    /// `failed` although the provider had not refused.
    FailedUnrefused,
    /// A dead grant was asked for again and again.
    Loop,
    /// What the database tells: events, deliveries, leases.
    Record,
}

/// What a history amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    /// New refresh tokens that the provider gave.
    pub(crate) refreshes: usize,
    /// Second uses of a token that had no excuse.
    pub(crate) duplicates: usize,
    /// Grants lost although the answer had been received.
    pub(crate) lost: usize,
    /// Grants lost with an answer that never arrived.
    pub(crate) uncertain: usize,
    /// Answers that never arrived, whatever came of them.
    pub(crate) unreceived: usize,
    /// All broken promises, the duplicates and lost ones too.
    pub(crate) violations: Vec<Violation>,
}

impl Verdict {
    fn broken(&mut self, kind: Kind, connection: impl Into<Option<u32>>, what: impl Into<String>) {
        match kind {
            Kind::Duplicate => self.duplicates += 1,
            Kind::Lost => self.lost += 1,
            _ => {}
        }
        self.violations.push(Violation {
            kind,
            connection: connection.into(),
            what: what.into(),
        });
    }
}

/// Judges.
pub(crate) fn check(history: &History, mode: Mode, ended_at: Millis) -> Verdict {
    let deliveries = Deliveries::new(history, ended_at);
    let mut verdict = Verdict::default();
    for request in &history.requests {
        if request.outcome.issued().is_some() {
            verdict.refreshes += 1;
            verdict.unreceived += usize::from(!deliveries.received(request));
        }
    }
    for id in 0..u32::try_from(history.families.len()).unwrap_or(u32::MAX) {
        family::judge(&deliveries, mode, id, &mut verdict);
    }
    readers(history, &mut verdict);
    resurrections(history, &mut verdict);
    failures(&deliveries, &mut verdict);
    for finding in &history.findings {
        verdict.broken(Kind::Record, None, finding.clone());
    }
    verdict
}

/// A token that a reader's call was made with must be there, or a later one, in every later look at the database.
fn readers(history: &History, verdict: &mut Verdict) {
    let mut reads = history.reads.iter().collect::<Vec<_>>();
    reads.sort_by_key(|read| read.at);
    let mut reads = reads.into_iter().peekable();
    let mut highest: std::collections::HashMap<FamilyId, u32> = std::collections::HashMap::new();
    for stored in &history.stored {
        while let Some(read) = reads.next_if(|read| read.at < stored.at) {
            let serial = highest.entry(read.family).or_default();
            *serial = read.serial.max(*serial);
        }
        if let Some(&served) = highest.get(&stored.family)
            && served > stored.serial
        {
            // Told once, not at every later look.
            highest.remove(&stored.family);
            let what = format!(
                "a call was made with access token {served} of family {}, and the database holds {}",
                stored.family, stored.serial
            );
            verdict.broken(Kind::Undurable, stored.connection, what);
        }
    }
}

/// After a new sign-in was committed, nothing of an earlier grant is stored.
fn resurrections(history: &History, verdict: &mut Verdict) {
    let mut newest: std::collections::HashMap<u32, FamilyId> = std::collections::HashMap::new();
    let mut told = std::collections::HashSet::new();
    for stored in &history.stored {
        let newest = newest.entry(stored.connection).or_insert(stored.family);
        *newest = stored.family.max(*newest);
        let committed = history
            .families
            .iter()
            .enumerate()
            .rev()
            .find(|(_, family)| family.connection == stored.connection && family.from < stored.at)
            .and_then(|(id, _)| u32::try_from(id).ok());
        let expected = committed.unwrap_or(*newest).max(*newest);
        if stored.family < expected && told.insert((stored.connection, expected)) {
            let what = format!("family {} is stored after {expected} replaced it", stored.family);
            verdict.broken(Kind::Resurrected, stored.connection, what);
        }
    }
}

/// A connection fails only when the provider refused its grant, or when it says that an answer was lost and one was.
fn failures(deliveries: &Deliveries<'_>, verdict: &mut Verdict) {
    let history = deliveries.history;
    for failed in &history.failed {
        // A grant that had been replaced by then is no reason.
        let current = |id: FamilyId| {
            history.families[id as usize]
                .replaced_at
                .is_none_or(|at| at >= failed.at)
        };
        let of_this: Vec<_> = history
            .requests
            .iter()
            .filter(|request| request.connection == failed.connection && current(request.family))
            // The database's time may be a moment behind ours.
            .filter(|request| request.at <= failed.at + WINDOW)
            .collect();
        let lost_answer = |request: &TokenRequest| request.outcome.issued().is_some() && !deliveries.received(request);
        let excused = of_this.iter().any(|request| request.outcome.is_refusal())
            || is_uncertain(failed.reason.as_deref()) && of_this.iter().any(|request| lost_answer(request));
        if !excused {
            let reason = failed.reason.as_deref().unwrap_or("no reason");
            let what = format!(
                "failed with {reason} at {}, and the provider had not refused",
                failed.at
            );
            verdict.broken(Kind::FailedUnrefused, failed.connection, what);
        }
    }
}

/// Whether a reason says that an answer may have been lost on the way.
pub(crate) fn is_uncertain(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.contains("uncertain"))
}
