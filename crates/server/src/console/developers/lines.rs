//! A line of the log of requests as pages show it.

use broker::{LoggedRequest, RequestKind};
use chrono::{DateTime, Utc};

use super::super::operator::Here;
use super::super::pages::When;
use super::Mark;

/// A line in a list.
#[derive(Debug)]
pub(in crate::console) struct LineRow {
    pub(in crate::console) href: String,
    pub(in crate::console) method: String,
    pub(in crate::console) path: String,
    /// Where it went: the service's host, or Latchkey itself.
    pub(in crate::console) to: String,
    pub(in crate::console) state: Mark,
    pub(in crate::console) took: String,
    pub(in crate::console) at: When,
}

impl LineRow {
    pub(in crate::console) fn new(here: &Here, line: &LoggedRequest, now: DateTime<Utc>) -> Self {
        Self {
            href: here.at(&format!("requests/{}", line.id)),
            method: line.method.clone(),
            path: line.path.clone(),
            to: to(line),
            state: mark(line.status),
            took: took(line.duration_ms),
            at: When::new(line.at(), now),
        }
    }
}

/// Where a request went.
pub(super) fn to(line: &LoggedRequest) -> String {
    match (&line.host, line.kind) {
        (Some(host), _) => host.clone(),
        (None, RequestKind::Api) => "Latchkey".to_owned(),
        (None, RequestKind::Passthrough) => "not sent".to_owned(),
    }
}

/// A status with what it means.
pub(super) fn mark(status: u16) -> Mark {
    match status {
        200..400 => Mark::good(&status.to_string()),
        400..500 => Mark::attention(&status.to_string()),
        _ => Mark::bad(&status.to_string()),
    }
}

/// Milliseconds as people read them.
pub(super) fn took(milliseconds: i32) -> String {
    if milliseconds < 10_000 {
        format!("{milliseconds} ms")
    } else {
        format!("{} s", milliseconds / 1_000)
    }
}

/// Bytes as people read them.
pub(super) fn bytes(bytes: Option<i64>) -> Option<String> {
    Some(match bytes? {
        one @ ..10_000 => format!("{one} bytes"),
        many @ 10_000..10_000_000 => format!("{} KB", many / 1_000),
        many => format!("{} MB", many / 1_000_000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(bytes(Some(0)).as_deref(), Some("0 bytes"));
        assert_eq!(bytes(Some(20_480)).as_deref(), Some("20 KB"));
        assert_eq!(bytes(Some(20_480_000)).as_deref(), Some("20 MB"));
        assert_eq!(bytes(None), None);
        assert_eq!((took(12), took(61_500)), ("12 ms".to_owned(), "61 s".to_owned()));
    }
}
