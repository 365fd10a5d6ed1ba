//! What happened, as far as the checker has to know: written while things break, read when all is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

/// Milliseconds since the run began.
pub(crate) type Millis = u64;

/// A grant at the provider. All refresh tokens that came from it are one family; a connection gets a new one when
/// somebody connects again.
pub(crate) type FamilyId = u32;

/// What the provider made of a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Outcome {
    /// It has not decided yet.
    Undecided,
    /// Spent; this is the next one.
    Rotated(u32),
    /// Spent before, inside the grace window: the successor once more.
    Reissued(u32),
    /// Spent before: the family is revoked by this.
    Reused,
    /// The family was revoked before.
    Dead,
    /// `invalid_grant` although the grant is good, once: what a confirmation is for.
    Hiccup,
    /// An error of the provider; the token was not looked at.
    Unprocessed,
}

impl Outcome {
    /// Whether the provider spent the token, or would have.
    pub(crate) fn is_use(self) -> bool {
        matches!(self, Self::Rotated(_) | Self::Reissued(_) | Self::Reused)
    }

    /// Whether it gave a new token.
    pub(crate) fn issued(self) -> Option<u32> {
        match self {
            Self::Rotated(next) | Self::Reissued(next) => Some(next),
            _ => None,
        }
    }

    /// Whether the provider said that the grant is gone, and it is.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::Reused | Self::Dead)
    }
}

/// A request to the token endpoint.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TokenRequest {
    pub(crate) connection: u32,
    pub(crate) family: FamilyId,
    /// Which of the family's refresh tokens came.
    pub(crate) presented: u32,
    /// Through whose link it came.
    pub(crate) replica: usize,
    /// When its connection was opened, which tells the process that sent it.
    pub(crate) connected_at: Millis,
    /// When it had arrived whole.
    pub(crate) at: Millis,
    pub(crate) outcome: Outcome,
    /// When the outcome was decided.
    pub(crate) decided_at: Option<Millis>,
    /// When the whole answer had been handed to the network.
    pub(crate) answered_at: Option<Millis>,
    /// When the exchange broke off without a whole answer: by the provider, or because the asker had left.
    pub(crate) broken_at: Option<Millis>,
}

/// A stretch of time of one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    pub(crate) replica: usize,
    pub(crate) from: Millis,
    /// `None` while it goes on.
    pub(crate) to: Option<Millis>,
}

impl Span {
    /// Whether any of it lies in this stretch, ends included.
    pub(crate) fn touches(&self, from: Millis, to: Millis) -> bool {
        self.from <= to && self.to.is_none_or(|end| end >= from)
    }

    /// How much of it lies in this stretch.
    pub(crate) fn overlap(&self, from: Millis, to: Millis) -> Millis {
        let end = self.to.unwrap_or(Millis::MAX).min(to);
        end.saturating_sub(self.from.max(from))
    }
}

/// A grant of a connection.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Family {
    pub(crate) connection: u32,
    /// When it was known to be committed; [`Millis::MAX`] until then.
    pub(crate) from: Millis,
    /// When a newer one was known to be committed: nothing of this one may come back.
    pub(crate) replaced_at: Option<Millis>,
}

/// A call of a reader that the provider's API answered.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Read {
    pub(crate) family: FamilyId,
    /// Which access token the provider saw.
    pub(crate) serial: u32,
    /// When the answer was there.
    pub(crate) at: Millis,
}

/// What the database holds for a connection.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stored {
    pub(crate) connection: u32,
    /// Not later than the snapshot it was read from.
    pub(crate) at: Millis,
    pub(crate) family: FamilyId,
    pub(crate) serial: u32,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
}

/// A change of state that was committed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failed {
    pub(crate) connection: u32,
    /// When, to within the clock of the database's machine, which is ours.
    pub(crate) at: Millis,
    pub(crate) reason: Option<String>,
}

/// Everything.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct History {
    /// In order of arrival.
    pub(crate) requests: Vec<TokenRequest>,
    /// Processes, from start to death.
    pub(crate) lives: Vec<Span>,
    /// `SIGSTOP` to `SIGCONT`.
    pub(crate) stops: Vec<Span>,
    /// The link between a replica and the provider was disturbed.
    pub(crate) cuts: Vec<Span>,
    /// By family id.
    pub(crate) families: Vec<Family>,
    pub(crate) reads: Vec<Read>,
    /// In order of time; the last one of each connection was made when everything had settled.
    pub(crate) stored: Vec<Stored>,
    pub(crate) failed: Vec<Failed>,
    /// What was found otherwise, in words.
    pub(crate) findings: Vec<String>,
}

/// Writes the history. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    began: Instant,
    history: Arc<Mutex<History>>,
}

impl Recorder {
    /// An empty history that begins now.
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            history: Arc::default(),
        }
    }

    /// Now, on the history's clock.
    pub(crate) fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// For a change or a look. Held for a moment only.
    pub(crate) fn lock(&self) -> MutexGuard<'_, History> {
        // Every change is one assignment or push.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A disturbance begins; the number ends it.
    pub(crate) fn cut_begins(&self, replica: usize) -> usize {
        let from = self.now();
        push(
            &mut self.lock().cuts,
            Span {
                replica,
                from,
                to: None,
            },
        )
    }

    /// It is over.
    pub(crate) fn cut_ends(&self, number: usize) {
        let now = self.now();
        self.lock().cuts[number].to = Some(now);
    }

    /// A process begins.
    pub(crate) fn life_begins(&self, replica: usize) -> usize {
        let from = self.now();
        push(
            &mut self.lock().lives,
            Span {
                replica,
                from,
                to: None,
            },
        )
    }

    /// It is dead.
    pub(crate) fn life_ends(&self, number: usize) {
        let now = self.now();
        self.lock().lives[number].to.get_or_insert(now);
    }

    /// A process is stopped.
    pub(crate) fn stop_begins(&self, replica: usize) -> usize {
        let from = self.now();
        push(
            &mut self.lock().stops,
            Span {
                replica,
                from,
                to: None,
            },
        )
    }

    /// It goes on, or is dead.
    pub(crate) fn stop_ends(&self, number: usize) {
        let now = self.now();
        self.lock().stops[number].to.get_or_insert(now);
    }

    /// Something that must not be.
    pub(crate) fn finding(&self, words: impl Into<String>) {
        self.lock().findings.push(words.into());
    }
}

/// Adds and tells the place.
fn push<T>(list: &mut Vec<T>, item: T) -> usize {
    list.push(item);
    list.len() - 1
}
