//! Turns of those who take a file along. A file is long and asks the database all the while, so few are written at once,
//! and what connects people keeps its connections.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Kind, Problem};

/// Files that one process writes at the same time.
const AT_ONCE: usize = 2;
/// How long one may take. Whoever reads slower holds no place for longer.
const LONGEST: Duration = Duration::from_mins(10);
/// When somebody who was refused may ask again.
const AGAIN: Duration = Duration::from_secs(10);

/// A turn that is under way.
#[derive(Debug)]
struct Held {
    number: u64,
    actor: String,
    ends: Instant,
}

/// Who has a turn.
#[derive(Debug, Default)]
struct Running {
    next: u64,
    held: Vec<Held>,
}

/// The turns of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExportTurns(Arc<Mutex<Running>>);

impl ExportTurns {
    /// Takes a turn for somebody who has none.
    ///
    /// # Errors
    /// `export_running` (429) where all are taken, or they have one.
    pub(crate) fn take(&self, actor: String) -> Result<ExportTurn, Problem> {
        self.take_at(actor, Instant::now())
    }

    fn take_at(&self, actor: String, now: Instant) -> Result<ExportTurn, Problem> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.held.retain(|held| held.ends > now);
        if running.held.len() >= AT_ONCE || running.held.iter().any(|held| held.actor == actor) {
            return Err(Problem::new(
                Kind::TooManyRequests,
                "export_running",
                "Another export is running. Try again when it is done.",
            )
            .with_retry_after(AGAIN));
        }
        let (number, ends) = (running.next, now + LONGEST);
        running.next += 1;
        running.held.push(Held { number, actor, ends });
        Ok(ExportTurn {
            turns: self.clone(),
            number,
            ends,
        })
    }
}

/// A turn; it ends when this is dropped, as it is with an answer that nobody reads any more.
#[derive(Debug)]
pub(crate) struct ExportTurn {
    turns: ExportTurns,
    number: u64,
    ends: Instant,
}

impl ExportTurn {
    /// Refuses to go on when the time is over: the place may be somebody else's.
    pub(crate) fn goes_on(&self) -> Result<(), Problem> {
        self.goes_on_at(Instant::now())
    }

    fn goes_on_at(&self, now: Instant) -> Result<(), Problem> {
        if now < self.ends {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Unavailable,
            "export_too_long",
            "The export took longer than ten minutes and was broken off. Narrow the filters, or read it faster.",
        ))
    }
}

impl Drop for ExportTurn {
    fn drop(&mut self) {
        let mut running = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.held.retain(|held| held.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(number: u8) -> String {
        format!("operator:{number}")
    }

    #[test]
    fn two_at_once_and_one_of_each() {
        let (turns, now) = (ExportTurns::default(), Instant::now());
        let first = turns.take_at(who(1), now).unwrap();
        let refused = turns.take_at(who(1), now).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.message(), refused.retry_after()),
            (
                Kind::TooManyRequests,
                "Another export is running. Try again when it is done.",
                Some(AGAIN)
            )
        );
        let second = turns.take_at(who(2), now).unwrap();
        assert_eq!(turns.take_at(who(3), now).unwrap_err().key(), "export_running");
        drop(first);
        let third = turns.take_at(who(3), now).unwrap();
        drop((second, third));
        turns.take_at(who(1), now).unwrap();
    }

    #[test]
    fn whoever_reads_slowly_loses_the_turn_and_takes_nobody_elses() {
        let (turns, now) = (ExportTurns::default(), Instant::now());
        let slow = turns.take_at(who(1), now).unwrap();
        let later = now + LONGEST;
        slow.goes_on_at(now).unwrap();
        let over = slow.goes_on_at(later).unwrap_err();
        assert_eq!((over.kind(), over.key()), (Kind::Unavailable, "export_too_long"));
        assert!(over.message().contains("ten minutes"), "{}", over.message());
        let next = turns.take_at(who(1), later).unwrap();
        drop(slow);
        assert_eq!(turns.take_at(who(1), later).unwrap_err().key(), "export_running");
        next.goes_on_at(later).unwrap();
    }
}
