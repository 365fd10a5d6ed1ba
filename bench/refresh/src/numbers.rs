//! Percentiles and the like.

use std::time::Duration;

/// The value that so many percent do not exceed.
pub(crate) fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(index).copied().unwrap_or_default()
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1000.0)
}

/// Two places behind the point.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The largest against the mean.
pub(crate) fn peak_to_mean(counts: &[u32]) -> f64 {
    let sum: u32 = counts.iter().sum();
    let peak = counts.iter().max().copied().unwrap_or(0);
    rounded(f64::from(peak) * counts.len() as f64 / f64::from(sum.max(1)))
}

/// The machine's load over a minute.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or(-1.0)
}
