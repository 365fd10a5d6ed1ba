//! Whether an answer arrived, by what was done to its process and its link.

use crate::checker::{PATIENCE, WINDOW};
use crate::history::{History, Millis, Span, TokenRequest};

/// The longest outage of the database in a run, with some rest.
const TIME_TO_WRITE: Millis = 12_000;

/// A history, and when it ends.
pub(super) struct Deliveries<'a> {
    pub(super) history: &'a History,
    ended_at: Millis,
}

impl<'a> Deliveries<'a> {
    pub(super) fn new(history: &'a History, ended_at: Millis) -> Self {
        Self { history, ended_at }
    }

    /// The process that sent a request: the last that its replica had begun when the connection was opened.
    fn life(&self, request: &TokenRequest) -> Option<&Span> {
        let lives = self.history.lives.iter();
        lives
            .filter(|life| life.replica == request.replica && life.from <= request.connected_at)
            .max_by_key(|life| life.from)
    }

    fn death(&self, request: &TokenRequest) -> Option<Millis> {
        self.life(request).and_then(|life| life.to)
    }

    fn is_cut(&self, request: &TokenRequest, from: Millis, to: Millis) -> bool {
        let mut cuts = self.history.cuts.iter();
        cuts.any(|cut| cut.replica == request.replica && cut.touches(from, to))
    }

    /// How long the process ran between two moments: alive and not stopped.
    fn ran(&self, request: &TokenRequest, from: Millis, to: Millis) -> Millis {
        let end = self.death(request).unwrap_or(Millis::MAX).min(to);
        let stops = self.history.stops.iter();
        let stopped: Millis = stops
            .filter(|stop| stop.replica == request.replica)
            .map(|stop| stop.overlap(from, end))
            .sum();
        end.saturating_sub(from).saturating_sub(stopped)
    }

    /// Whether the process had the whole answer in its hands, and time to keep it.
    pub(super) fn received(&self, request: &TokenRequest) -> bool {
        self.received_by(request, self.ended_at)
    }

    /// The same, as of a moment.
    pub(super) fn received_by(&self, request: &TokenRequest, by: Millis) -> bool {
        request.answered_at.is_some_and(|answered| {
            request.broken_at.is_none()
                && answered.saturating_sub(request.at) < PATIENCE
                && !self.is_cut(request, request.at, answered)
                && self.ran(request, answered, by) >= WINDOW
        })
    }

    /// Whether the process lived on long enough to write an answer down, also through an outage of the database.
    pub(super) fn had_time(&self, request: &TokenRequest) -> bool {
        self.received(request)
            && request
                .answered_at
                .is_some_and(|answered| self.ran(request, answered, self.ended_at) >= TIME_TO_WRITE)
    }

    /// Whether, at a moment, the asker could no longer get the answer.
    pub(super) fn gave_up(&self, request: &TokenRequest, by: Millis) -> bool {
        request.broken_at.is_some_and(|broken| broken <= by)
            || self.death(request).is_some_and(|death| death <= by)
            || self.is_cut(request, request.at, by.min(request.answered_at.unwrap_or(by)))
            || by.saturating_sub(request.at) >= PATIENCE
    }

    /// Whether the exchange had ended at a moment, or a moment later: the asker may be quicker than our notes.
    pub(super) fn is_over(&self, request: &TokenRequest, by: Millis) -> bool {
        let ended = request.answered_at.or(request.broken_at);
        ended.is_some_and(|ended| ended <= by + 50) || self.gave_up(request, by)
    }

    /// Whether the process was dead at a moment.
    pub(super) fn is_dead(&self, request: &TokenRequest, by: Millis) -> bool {
        self.death(request).is_some_and(|death| death <= by)
    }
}
