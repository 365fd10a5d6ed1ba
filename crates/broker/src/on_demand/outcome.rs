//! How a forced refresh ended, for those who waited for it and those who come in the half minute after it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Kind, Problem};

/// The end of a turn, as it is kept.
#[derive(Debug, PartialEq)]
pub(super) enum RefreshOutcome {
    Refreshed,
    /// It holds for everybody.
    Failed(Told),
    /// It holds for the caller whose turn it was: its replica, or a moment without the database.
    Theirs,
}

/// A failure that is told to others.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    /// As `grant_refused`.
    reason: String,
    /// For people.
    message: String,
    /// Whether the service was asked. If not, the turn counts only for those who wait.
    asked: bool,
    /// Seconds until it is worth another try, where that was said.
    retry_in: Option<u64>,
}

impl RefreshOutcome {
    pub(super) fn of(done: &Result<(), Problem>) -> Self {
        let Err(problem) = done else { return Self::Refreshed };
        let meta = problem.meta();
        let reason = meta.and_then(|meta| meta["reason"].as_str());
        match reason {
            Some(reason) if problem.key() == "refresh_failed" && reason != "replica_not_ready" => Self::Failed(Told {
                reason: reason.to_owned(),
                message: problem.message().to_owned(),
                asked: meta.is_some_and(|meta| meta["asked"] == true),
                retry_in: problem.retry_after().map(|after| after.as_secs()),
            }),
            _ => Self::Theirs,
        }
    }

    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Refreshed => json!({ "message": null }),
            // Versions before read the message alone.
            Self::Failed(told) => json!({
                "message": told.message, "reason": told.reason, "asked": told.asked, "retryIn": told.retry_in,
            }),
            Self::Theirs => json!({
                "message": "The replica that tried it could not ask the service. Try again.", "asked": false,
            }),
        }
    }

    pub(super) fn read(value: &Value) -> Self {
        match (value["message"].as_str(), value["reason"].as_str()) {
            (None, _) => Self::Refreshed,
            (Some(_), None) if value["asked"] == false => Self::Theirs,
            (Some(message), reason) => Self::Failed(Told {
                reason: reason.unwrap_or("refresh_failing").to_owned(),
                message: message.to_owned(),
                asked: value["asked"] != false,
                retry_in: value["retryIn"].as_u64(),
            }),
        }
    }
}

impl Told {
    /// The problem of whoever waited: that of the first, and when there is another turn.
    pub(super) fn problem(self, next_turn: u64) -> Problem {
        let after = if self.asked {
            next_turn
        } else {
            self.retry_in.unwrap_or(1)
        };
        Problem::new(Kind::FailedDependency, "refresh_failed", self.message)
            .with_meta(json!({ "reason": self.reason, "asked": self.asked }))
            .with_retry_after(Duration::from_secs(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(reason: &str, asked: bool) -> Problem {
        Problem::new(Kind::FailedDependency, "refresh_failed", "Because.")
            .with_meta(json!({ "reason": reason, "asked": asked }))
            .with_retry_after(Duration::from_secs(7))
    }

    fn of(problem: Problem) -> RefreshOutcome {
        let outcome = RefreshOutcome::of(&Err(problem));
        assert_eq!(
            RefreshOutcome::read(&outcome.to_value()),
            outcome,
            "it is read as it was written"
        );
        outcome
    }

    #[test]
    fn what_the_service_said_is_for_all_and_a_replicas_trouble_is_its_own() {
        assert_eq!(
            RefreshOutcome::of(&Ok(())),
            RefreshOutcome::read(&json!({ "message": null }))
        );
        for reason in ["grant_refused", "refresh_failing", "app_broken", "too_many_requests"] {
            let RefreshOutcome::Failed(told) = of(failed(reason, true)) else {
                panic!("{reason}")
            };
            let problem = told.problem(20);
            assert_eq!(problem.meta().unwrap()["reason"], reason);
            assert_eq!(problem.retry_after(), Some(Duration::from_secs(20)));
        }
        // An open circuit or a pause: told with its own time.
        let RefreshOutcome::Failed(told) = of(failed("app_broken", false)) else {
            panic!("it holds for all")
        };
        assert_eq!(told.problem(20).retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(of(failed("replica_not_ready", false)), RefreshOutcome::Theirs);
        for key in ["database_unavailable", "not_at_home"] {
            let problem = Problem::new(Kind::Unavailable, key, "Not now.");
            assert_eq!(of(problem), RefreshOutcome::Theirs, "{key}");
        }
    }

    #[test]
    fn what_an_older_version_wrote_is_a_failure_for_all() {
        let RefreshOutcome::Failed(told) = RefreshOutcome::read(&json!({ "message": "No." })) else {
            panic!("it failed")
        };
        assert!(told.asked && told.problem(3).message() == "No.");
    }
}
