//! How long a service asks to wait.

use std::time::Duration;

use http::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest wait that is obeyed.
pub const RETRY_AFTER_LIMIT: Duration = Duration::from_hours(1);

/// Reads `Retry-After` (RFC 9110 §10.2.3) in seconds or as a date, at most an hour. A date is taken relative to the
/// service's own `Date`, so that clocks need not agree; without one, a past date or junk says nothing.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a wish for a very long time.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let then = httpdate::parse_http_date(text).ok()?;
        let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
        then.duration_since(now).ok()?
    };
    Some(wait.min(RETRY_AFTER_LIMIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_junk() {
        let date = "Mon, 23 Nov 2026 18:00:00 GMT";
        for (text, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("86400", Some(3600)),
            ("99999999999999999999999999", Some(3600)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("Mon, 23 Nov 2026 18:00:30 GMT", Some(30)),
            ("Mon, 23 Nov 2026 17:59:30 GMT", None),
            ("Tue, 24 Nov 2026 18:00:00 GMT", Some(3600)),
            ("Mon, 32 Nov 2026 18:00:00 GMT", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            headers.insert(DATE, date.parse().unwrap());
            assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_date_without_the_services_clock_says_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Mon, 23 Nov 2026 18:00:30 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }
}
