//! What becomes of a delivery after an attempt.

use protocol::{EgressError, WebhookAnswer};
use store::Verdict;

/// Seconds between attempts: the example schedule of Standard Webhooks, which ends after three days.
const PAUSES: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// What an attempt means.
#[derive(Debug, PartialEq)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    /// The endpoint asked to be left alone for so many seconds.
    pub(super) pause: Option<f64>,
    /// Why it did not count, for people.
    pub(super) error: Option<String>,
}

/// Judges an attempt, counted from 1. `spread` is between 0 and 1 and moves the next attempt by a tenth each way, so
/// that what failed together does not come back together. A test is tried once and switches nothing off.
pub(super) fn judge(
    answer: Result<&WebhookAnswer, &EgressError>,
    attempt: i32,
    is_test: bool,
    spread: f64,
) -> Judgement {
    let status = answer.ok().map(|answer| answer.status);
    if status.is_some_and(|status| status.is_success()) {
        return Judgement {
            verdict: Verdict::Delivered,
            pause: None,
            error: None,
        };
    }
    let asked = answer
        .ok()
        .and_then(|answer| answer.retry_after)
        .map(|after| after.as_secs_f64());
    let code = status.map_or(0, |status| status.as_u16());
    let error = match answer {
        Err(error) => error.to_string(),
        Ok(answer) if answer.status.is_redirection() => {
            format!("The endpoint answered {code}, and redirects are not followed. Change the subscription's url.")
        }
        Ok(_) if code == 410 && !is_test => {
            "The endpoint answered 410: the subscription is switched off. Switch it on when the endpoint is back."
                .to_owned()
        }
        Ok(_) => format!("The endpoint answered {code}. A delivery counts when the answer is 2xx."),
    };
    let next = usize::try_from(attempt - 1).ok().and_then(|done| PAUSES.get(done));
    let verdict = match next {
        _ if is_test => Verdict::Failed,
        _ if code == 410 => Verdict::Gone,
        None => Verdict::Failed,
        Some(pause) => Verdict::Retry {
            seconds: (f64::from(*pause) * (0.9 + spread / 5.0)).max(asked.unwrap_or(0.0)),
        },
    };
    Judgement {
        verdict,
        // Only these two speak for the endpoint as a whole.
        pause: asked.filter(|_| matches!(code, 429 | 503)),
        error: Some(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;
    use protocol::egress::TimeoutPhase;

    use super::*;

    fn answer(status: u16, retry_after: Option<u64>) -> WebhookAnswer {
        WebhookAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: retry_after.map(Duration::from_secs),
            excerpt: None,
        }
    }

    fn seconds(judgement: &Judgement) -> f64 {
        match judgement.verdict {
            Verdict::Retry { seconds } => seconds,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_2xx_counts() {
        for status in 100..600 {
            let judged = judge(Ok(&answer(status, None)), 1, false, 0.5);
            let delivered = judged.verdict == Verdict::Delivered;
            assert_eq!(delivered, (200..300).contains(&status), "{status}");
            assert_eq!(judged.error.is_none(), delivered, "{status}");
            assert_eq!(judged.verdict == Verdict::Gone, status == 410, "{status}");
        }
        let late = EgressError::Timeout {
            phase: TimeoutPhase::FirstByte,
        };
        assert!((seconds(&judge(Err(&late), 1, false, 0.5)) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn ten_attempts_over_three_days() {
        let total = |spread: f64| -> f64 {
            (1..=9)
                .map(|attempt| seconds(&judge(Ok(&answer(500, None)), attempt, false, spread)))
                .sum()
        };
        assert!(
            (total(0.5) - f64::from(75 * 3600 + 35 * 60 + 5)).abs() < 1.0,
            "{}",
            total(0.5)
        );
        assert!(total(0.0) < total(0.5) && total(0.5) < total(1.0));
        assert_eq!(judge(Ok(&answer(500, None)), 10, false, 0.5).verdict, Verdict::Failed);
    }

    #[test]
    fn retry_after_is_obeyed_where_it_is_longer() {
        let judged = judge(Ok(&answer(429, Some(120))), 1, false, 0.5);
        assert_eq!((seconds(&judged), judged.pause), (120.0, Some(120.0)));
        let judged = judge(Ok(&answer(503, Some(1))), 2, false, 0.5);
        assert!(seconds(&judged) > 250.0);
        assert_eq!(judged.pause, Some(1.0));
        // A server error of one delivery does not speak for the others.
        assert_eq!(judge(Ok(&answer(500, Some(60))), 1, false, 0.5).pause, None);
    }

    #[test]
    fn a_test_is_tried_once() {
        for status in [302, 410, 429, 500] {
            let judged = judge(Ok(&answer(status, None)), 1, true, 0.5);
            assert_eq!(judged.verdict, Verdict::Failed, "{status}");
        }
    }
}
