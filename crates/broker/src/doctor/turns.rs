//! Each check asks the service with a code that is made up. So an app is not checked as often as somebody can press.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use store::AppId;

use crate::{Kind, Problem};

/// Between two checks of an app, on one replica.
const PACE: TimeDelta = TimeDelta::seconds(10);

/// When each app was checked within [`PACE`].
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<AppId, DateTime<Utc>>>);

impl Turns {
    /// Takes the app's turn, or says when there is one.
    pub(super) fn take(&self, app: AppId, now: DateTime<Utc>) -> Result<(), Problem> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back holds nobody for longer.
        all.retain(|_, begun| (now - *begun).abs() < PACE);
        let Some(begun) = all.get(&app) else {
            all.insert(app, now);
            return Ok(());
        };
        let wait = (PACE - (now - *begun)).to_std().unwrap_or_default();
        let seconds = wait.as_secs().max(1);
        let message = format!(
            "This app was checked a moment ago, and the service is not asked again so soon. Check it again in {seconds} seconds."
        );
        Err(Problem::new(Kind::TooManyRequests, "checked_just_now", message)
            .with_retry_after(std::time::Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_app_is_checked_once_in_a_while() {
        let turns = Turns::default();
        let (one, other) = (AppId::generate(), AppId::generate());
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        assert!(turns.take(one, at(100)).is_ok());
        assert!(turns.take(other, at(101)).is_ok());
        let refused = turns.take(one, at(104)).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.key()),
            (Kind::TooManyRequests, "checked_just_now")
        );
        assert_eq!(refused.retry_after(), Some(std::time::Duration::from_secs(6)));
        // Who is refused waits no longer for it.
        assert!(turns.take(one, at(110)).is_ok());
        assert!(turns.take(one, at(50)).is_ok(), "the clock was set back");
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
