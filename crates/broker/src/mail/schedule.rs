//! What becomes of a mail after an attempt.

use protocol::mail::MailError;
use store::MailVerdict;

/// Seconds between attempts that the mail server refused for the moment: about two days.
const PAUSES: [f64; 8] = [60.0, 300.0, 900.0, 3_600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0];
/// Between two looks whether a mail server is there again.
const SHORTEST_WAIT: f64 = 30.0;
const LONGEST_WAIT: f64 = 900.0;
/// Seconds after which a mail is given up, whatever kept it: what it tells is of another week.
const GIVEN_UP_AFTER: i64 = 7 * 86_400;

/// Judges a failed attempt, counted from 1, of a mail of this age. `spread` is between 0 and 1 and moves the next attempt
/// by a tenth each way.
pub(super) fn judge(error: &MailError, attempt: i32, age_seconds: i64, spread: f64) -> MailVerdict {
    let moved = |seconds: f64| seconds * (0.9 + spread / 5.0);
    if age_seconds >= GIVEN_UP_AFTER {
        return MailVerdict::Failed;
    }
    match error {
        // An outage costs no attempt: half an hour away means a look each few minutes.
        MailError::Unreachable(_) => MailVerdict::Retry {
            seconds: moved((age(age_seconds) / 4.0).clamp(SHORTEST_WAIT, LONGEST_WAIT)),
            counts: false,
        },
        MailError::Refused { permanent: true, .. } | MailError::Unwritable(_) => MailVerdict::Failed,
        MailError::Refused { .. } | MailError::Lost => {
            match usize::try_from(attempt - 1).ok().and_then(|done| PAUSES.get(done)) {
                Some(pause) => MailVerdict::Retry {
                    seconds: moved(*pause),
                    counts: true,
                },
                None => MailVerdict::Failed,
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a week at most")]
fn age(seconds: i64) -> f64 {
    seconds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(permanent: bool) -> MailError {
        MailError::Refused {
            code: if permanent { 550 } else { 451 },
            words: None,
            permanent,
        }
    }

    fn seconds(verdict: &MailVerdict) -> f64 {
        match verdict {
            MailVerdict::Retry { seconds, .. } => *seconds,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_for_the_moment_is_tried_for_two_days() {
        let total: f64 = (1..=8)
            .map(|attempt| seconds(&judge(&refused(false), attempt, 0, 0.5)))
            .sum();
        assert!((total / 86_400.0 - 1.93).abs() < 0.01, "{total}");
        assert_eq!(judge(&refused(false), 9, 0, 0.5), MailVerdict::Failed);
        assert_eq!(judge(&MailError::Lost, 9, 0, 0.5), MailVerdict::Failed);
        assert_eq!(judge(&refused(true), 1, 0, 0.5), MailVerdict::Failed);
    }

    #[test]
    fn an_outage_costs_no_attempt_and_a_week_ends_everything() {
        let away = MailError::Unreachable(String::new());
        for (age, expected) in [(0, 30.0), (600, 150.0), (86_400, 900.0)] {
            let verdict = judge(&away, 40, age, 0.5);
            assert!((seconds(&verdict) - expected).abs() < 1e-9, "{verdict:?}");
            assert!(matches!(verdict, MailVerdict::Retry { counts: false, .. }));
        }
        assert_eq!(judge(&away, 1, 7 * 86_400, 0.5), MailVerdict::Failed);
    }
}
