//! How the provider behaves at the moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is done to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As it should be.
    Honest,
    /// `invalid_grant` for a good token.
    Hiccup,
    /// This status; the token is not looked at.
    Status(u16),
    /// `invalid_client`.
    AppBroken,
    /// Reset, having decided or not.
    Reset { decides: bool },
    /// The first half of the answer.
    Truncated,
    /// None until the hanging ends, and then a reset.
    Hang { decides: bool },
}

/// What is turned on. Numbers are requests that are left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) before: Duration,
    pub(crate) after: Duration,
    pub(crate) status: Option<u16>,
    pub(crate) app_broken: bool,
    pub(crate) hang: Option<bool>,
    pub(crate) resets_before: u32,
    pub(crate) resets_after: u32,
    pub(crate) truncates: u32,
    pub(crate) hiccups: u32,
}

/// The provider's knobs. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knobs(Arc<Mutex<Settings>>);

impl Knobs {
    /// Turns something.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether a hanging request hangs on.
    pub(crate) fn hangs(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hang.is_some()
    }

    /// What becomes of the next request, with the times before and after the decision. `may_hiccup` is asked before a
    /// good token is refused.
    pub(crate) fn next(&self, may_hiccup: impl FnOnce() -> bool) -> (Duration, Duration, Answer) {
        let mut settings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let take = |left: &mut u32| {
            let any = *left > 0;
            *left = left.saturating_sub(1);
            any
        };
        let answer = if let Some(decides) = settings.hang {
            Answer::Hang { decides }
        } else if settings.app_broken {
            Answer::AppBroken
        } else if let Some(status) = settings.status {
            Answer::Status(status)
        } else if take(&mut settings.resets_before) {
            Answer::Reset { decides: false }
        } else if take(&mut settings.resets_after) {
            Answer::Reset { decides: true }
        } else if take(&mut settings.truncates) {
            Answer::Truncated
        } else if settings.hiccups > 0 && may_hiccup() {
            settings.hiccups -= 1;
            Answer::Hiccup
        } else {
            Answer::Honest
        };
        (settings.before, settings.after, answer)
    }
}
