//! When an access token ends: told as a lifetime, as a date, or by the token itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use http::header::{DATE, HeaderMap};
use serde_json::Value;

/// The longest lifetime in seconds that is believed: ten years. Above it stand dates and other mistakes.
const LONGEST_LIFETIME: f64 = 315_360_000.0;
/// A number above it counts milliseconds since 1970, one below it seconds: it is the year 5138 or the year 1973.
const MILLISECONDS: f64 = 1e11;

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn believed(seconds: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    (1.0..=LONGEST_LIFETIME).contains(&seconds).then_some(seconds as u64)
}

/// Whole seconds from a number or a text; `None` for what makes no sense: nothing, zero, negative, more than ten years,
/// a date.
pub(crate) fn lifetime(value: &Value, in_milliseconds: bool) -> Option<u64> {
    let count = number(value)?;
    believed(if in_milliseconds { count / 1000.0 } else { count })
}

/// The lifetime up to an end: RFC 3339, or seconds or milliseconds since 1970. It is counted from the answer's own
/// `Date`, so that clocks need not agree; without one a date says nothing.
pub(crate) fn until(end: &Value, headers: &HeaderMap) -> Option<u64> {
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let now = now.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs_f64();
    let end = match (number(end), end) {
        (Some(count), _) if count > MILLISECONDS => count / 1000.0,
        (Some(count), _) => count,
        (None, Value::String(text)) => {
            let end = DateTime::parse_from_rfc3339(text.trim()).ok()?;
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
            let seconds = end.timestamp() as f64;
            seconds
        }
        (None, _) => return None,
    };
    believed(end - now)
}

/// The lifetime that a JWT access token tells by itself (RFC 9068 §2.2): from `iat` to `exp`, so that no clock is needed.
/// Nothing is verified: it says when to refresh, and proves nothing.
pub(crate) fn told_by_token(access_token: &str) -> Option<u64> {
    let mut parts = access_token.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let seconds = |name| claims.get(name).and_then(Value::as_f64);
    believed(seconds("exp")? - seconds("iat")?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_end_is_told_by_its_form() {
        let mut headers = HeaderMap::new();
        assert_eq!(
            until(&json!("2026-11-23T20:00:00Z"), &headers),
            None,
            "no clock to compare with"
        );
        headers.insert(DATE, "Mon, 23 Nov 2026 18:00:00 GMT".parse().unwrap());
        for (end, expected) in [
            (json!("2026-11-23T20:00:00Z"), Some(7200)),
            (json!("2026-11-23T21:00:00+01:00"), Some(7200)),
            (json!(" 2026-11-23T20:00:00.250Z "), Some(7200)),
            (json!(1_795_464_000), Some(7200)),
            (json!("1795464000"), Some(7200)),
            (json!(1_795_464_000.9), Some(7200)),
            (json!(1_795_464_000_000_u64), Some(7200)),
            (json!("1795464000000"), Some(7200)),
            (json!("2026-11-23T18:00:00Z"), None),
            (json!("2026-11-23T17:00:00Z"), None),
            (json!("2046-11-23T17:00:00Z"), None),
            (json!("2026-11-23"), None),
            (json!("tomorrow"), None),
            (json!(3600), None),
            (json!(0), None),
            (json!(-5), None),
            (json!("NaN"), None),
            (json!(null), None),
            (json!([1_795_464_000]), None),
        ] {
            assert_eq!(until(&end, &headers), expected, "{end}");
        }
    }

    #[test]
    fn milliseconds_become_seconds() {
        for (value, expected) in [
            (json!(7_200_000), Some(7200)),
            (json!("7200000"), Some(7200)),
            (json!(1999), Some(1)),
            (json!(999), None),
            (json!(-1), None),
        ] {
            assert_eq!(lifetime(&value, true), expected, "{value}");
        }
    }
}
