//! How far an attempt came, as the console shows it.

use chrono::{DateTime, Utc};
use store::{ConnectAttempt, Outcome};

use super::{StateWords, When};
use crate::attempt;

/// A step of an attempt.
#[derive(Debug)]
pub(super) struct Step {
    /// What it is.
    pub(super) word: &'static str,
    /// When it was done; not, where it was not reached.
    pub(super) at: Option<When>,
    /// Whether it was done at all: the time is not known of each.
    pub(super) is_done: bool,
}

/// An outcome as the console shows it.
pub(in crate::console) const fn outcome_words(outcome: Outcome) -> StateWords {
    let (icon, tone, word, sentence) = match outcome {
        Outcome::Connected => ("check", "good", "Connected", "There is a connection."),
        Outcome::Failed => ("x", "bad", "Failed", "It met a failure."),
        Outcome::Cancelled => (
            "ban",
            "neutral",
            "Cancelled",
            "The person closed it, or said no at the service.",
        ),
        Outcome::Left => (
            "clock",
            "neutral",
            "Not finished",
            "Its time ended before the person was through.",
        ),
        Outcome::Open => ("activity", "attention", "Under way", "The person can still go on."),
    };
    StateWords {
        icon,
        tone,
        word,
        sentence,
    }
}

/// The five steps.
pub(super) fn steps(attempt: &ConnectAttempt, now: DateTime<Utc>) -> Vec<Step> {
    let shown = |step: attempt::Step| Step {
        word: step.word,
        at: step.at.map(|at| When::new(at, now)),
        is_done: step.is_done,
    };
    attempt::steps(attempt).into_iter().map(shown).collect()
}
