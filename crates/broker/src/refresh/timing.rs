//! When a token is refreshed next, and after which pause a failed refresh is tried again.

use std::time::Duration;

use rand::RngExt as _;

/// Without a lifetime, a refresh token is used this often, so that it does not lapse unused: a week.
const IDLE: u64 = 7 * 86_400;

/// Seconds until a token should be refreshed. `None` when it cannot be.
///
/// With a lifetime: its end minus the margin or a fifth of the lifetime, whichever is less, minus up to a tenth of that,
/// so that tokens of one moment do not end in one moment. Without one, and at the latest: half of the time after which
/// the service forgets an unused refresh token, with a tenth of jitter.
pub(crate) fn refresh_in(lifetime: Option<u64>, idle: Option<u64>, refreshable: bool, margin: Duration) -> Option<u64> {
    if !refreshable {
        return None;
    }
    let exercise = idle.map_or(IDLE, |idle| (idle / 2).max(1));
    let exercise = exercise - rand::rng().random_range(0..=exercise / 10);
    Some(match lifetime {
        Some(lifetime) => before_the_end(lifetime, margin).min(exercise.max(1)),
        None => exercise.max(1),
    })
}

fn before_the_end(lifetime: u64, margin: Duration) -> u64 {
    let margin = margin.as_secs().min(lifetime / 5);
    let spread = rand::rng().random_range(0..=margin / 10);
    lifetime.saturating_sub(margin + spread).max(1)
}

/// Seconds until the next attempt: exponential with full jitter, ten minutes at most.
pub(super) fn backoff(attempts: i32) -> f64 {
    let ceiling = (5.0 * 2_f64.powi(attempts.clamp(0, 10))).min(600.0);
    rand::rng().random_range(1.0..=ceiling)
}

/// Seconds until a refused token is offered once more: a service that is not sure of itself gets a moment, a person who
/// waits gets an answer.
pub(super) fn until_confirmation(expired: bool) -> f64 {
    if expired {
        rand::rng().random_range(5.0..=10.0)
    } else {
        rand::rng().random_range(30.0..=60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARGIN: Duration = Duration::from_mins(5);

    #[test]
    fn the_margin_scales_with_the_lifetime() {
        for _ in 0..100 {
            let hour = refresh_in(Some(3600), None, true, MARGIN).unwrap();
            assert!((3600 - 330..=3300).contains(&hour), "{hour}");
            let minute = refresh_in(Some(60), None, true, MARGIN).unwrap();
            assert!((47..=48).contains(&minute), "{minute}");
            assert_eq!(refresh_in(Some(1), None, true, MARGIN), Some(1));
            assert!(refresh_in(Some(0), None, true, MARGIN).unwrap() >= 1);
        }
    }

    #[test]
    fn a_token_of_one_second_is_spread_over_the_margin() {
        let mut seen = std::collections::BTreeMap::<u64, u32>::new();
        for _ in 0..100_000 {
            *seen
                .entry(refresh_in(Some(3600), None, true, MARGIN).unwrap())
                .or_default() += 1;
        }
        let peak = seen.values().max().copied().unwrap();
        let mean = 100_000 / u32::try_from(seen.len()).unwrap();
        assert!(seen.len() >= 30 && peak <= 2 * mean, "peak {peak}, mean {mean}");
    }

    #[test]
    fn an_idle_refresh_token_is_used_in_time() {
        for _ in 0..100 {
            let ninety_days = refresh_in(None, Some(90 * 86_400), true, MARGIN).unwrap();
            assert!((40 * 86_400..=45 * 86_400).contains(&ninety_days), "{ninety_days}");
            let long_life = refresh_in(Some(365 * 86_400), Some(30 * 86_400), true, MARGIN).unwrap();
            assert!(long_life <= 15 * 86_400, "{long_life}");
            assert!(refresh_in(None, None, true, MARGIN).unwrap() <= IDLE);
        }
        assert_eq!(refresh_in(Some(3600), None, false, MARGIN), None);
    }

    #[test]
    fn backoff_grows_is_capped_and_fully_jittered() {
        for attempts in 0..40 {
            let pause = backoff(attempts);
            assert!((1.0..=600.0).contains(&pause), "{pause}");
        }
        let mean = |attempts| (0..400).map(|_| backoff(attempts)).sum::<f64>() / 400.0;
        assert!(mean(6) > mean(0) * 4.0);
        // Kolmogorov-Smirnov against a uniform distribution; 1.63/sqrt(n) is the bound at one percent.
        let mut pauses: Vec<f64> = (0..10_000).map(|_| backoff(7)).collect();
        pauses.sort_by(f64::total_cmp);
        let distance = pauses.iter().enumerate().map(|(index, pause)| {
            #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
            let share = (index + 1) as f64 / 10_000.0;
            (share - (pause - 1.0) / 599.0).abs()
        });
        assert!(distance.fold(0.0, f64::max) < 0.0163 * 1.5);
    }
}
