//! What went over the wire in an attempt: the body as it was sent, its headers, and what came back.

use store::AttemptRow;

/// Bytes of an answer that are shown.
const ANSWER: usize = 1024;
/// Headers that prove where a delivery came from, by how they are told.
const SIGNATURES: [&str; 2] = ["webhook-signature", "x-webhook-signature"];

/// A header of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) is_signature: bool,
}

/// What was sent.
#[derive(Debug)]
pub(super) struct Sent {
    /// As it was sent, as far as it is kept.
    pub(super) body: String,
    /// How much of it that is.
    pub(super) extent: String,
    /// Whether these are the very bytes that were signed.
    pub(super) is_whole: bool,
    /// The same in lines, where it is JSON.
    pub(super) formatted: Option<String>,
    pub(super) headers: Vec<Header>,
    /// `ID.TIMESTAMP.`, which is signed before the body.
    pub(super) signed_before: Option<String>,
}

impl Sent {
    /// None of an attempt of a version that kept nothing.
    pub(super) fn new(row: &AttemptRow) -> Option<Self> {
        let body = row.request_body.clone()?;
        let headers = headers(row);
        let value = |name: &str| {
            let found = headers.iter().find(|header| header.name == name);
            found.map(|header| header.value.as_str())
        };
        let length = value("content-length").and_then(|text| text.parse::<usize>().ok());
        let signed_before = value("webhook-id").zip(value("webhook-timestamp"));
        let signed_before = signed_before.map(|(id, at)| format!("{id}.{at}."));
        let (is_whole, extent) = extent(body.len(), length);
        Some(Self {
            formatted: formatted(&body),
            signed_before,
            extent,
            is_whole,
            headers,
            body,
        })
    }
}

/// How much of a body is kept, in words, and whether that is all of it as it was.
fn extent(kept: usize, sent: Option<usize>) -> (bool, String) {
    match sent {
        Some(sent) if sent == kept => (true, format!("Exactly the {sent} bytes that were sent.")),
        // A body that is cut ends at a whole character.
        Some(sent) if sent > kept && kept + 4 > protocol::SENT_LIMIT => {
            (false, format!("The first {kept} of {sent} bytes. More is not kept."))
        }
        Some(sent) => (
            false,
            format!(
                "{sent} bytes were sent. A secret in them is hidden here, so these are not the bytes that were signed."
            ),
        ),
        None => (false, "How many bytes were sent is not known.".to_owned()),
    }
}

fn formatted(body: &str) -> Option<String> {
    let value = serde_json::from_str::<serde_json::Value>(body).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

/// The headers of an attempt; of a signature only its version is kept.
pub(super) fn headers(row: &AttemptRow) -> Vec<Header> {
    let request = row.request.as_ref().and_then(|request| request["headers"].as_object());
    let headers = request.into_iter().flatten();
    headers
        .map(|(name, value)| Header {
            is_signature: SIGNATURES.contains(&name.as_str()),
            name: name.clone(),
            value: value.as_str().unwrap_or_default().to_owned(),
        })
        .collect()
}

/// The beginning of an answer, and whether there was more.
pub(super) fn answer(row: &AttemptRow) -> Option<(String, bool)> {
    let text = row.response.as_deref().filter(|text| !text.trim().is_empty())?;
    let end = text.floor_char_boundary(ANSWER);
    Some((text.get(..end)?.to_owned(), end < text.len()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn attempt(body: &str, length: &str, response: Option<&str>) -> AttemptRow {
        AttemptRow {
            request: Some(json!({ "url": "https://a.example", "headers": {
                "content-length": length, "webhook-id": "m-1", "webhook-signature": "v1,[hidden]", "webhook-timestamp": "7",
            } })),
            request_body: Some(body.to_owned()),
            status: Some(200),
            duration_ms: 1,
            response: response.map(ToOwned::to_owned),
            error: None,
            attempted_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_body_says_how_much_of_it_is_there() {
        let whole = Sent::new(&attempt("{\"a\":1}", "7", None)).unwrap();
        assert!(whole.is_whole);
        assert_eq!(whole.extent, "Exactly the 7 bytes that were sent.");
        assert_eq!(whole.formatted.as_deref(), Some("{\n  \"a\": 1\n}"));
        assert_eq!(whole.signed_before.as_deref(), Some("m-1.7."));
        let signatures = whole.headers.iter().filter(|header| header.is_signature);
        assert_eq!(
            signatures.map(|header| header.name.as_str()).collect::<Vec<_>>(),
            ["webhook-signature"]
        );
        let scrubbed = Sent::new(&attempt("{\"a\":\"[hidden]\"}", "40", None)).unwrap();
        assert!(
            !scrubbed.is_whole && scrubbed.extent.contains("A secret in them is hidden"),
            "{}",
            scrubbed.extent
        );
        let long = "x".repeat(protocol::SENT_LIMIT);
        let cut = Sent::new(&attempt(&long, "70000", None)).unwrap();
        assert_eq!(cut.extent, "The first 65536 of 70000 bytes. More is not kept.");
        assert!(!cut.is_whole && cut.formatted.is_none());
        let old = AttemptRow {
            request: None,
            ..attempt("{}", "2", None)
        };
        assert_eq!(
            Sent::new(&old).unwrap().extent,
            "How many bytes were sent is not known."
        );
        let older = AttemptRow {
            request_body: None,
            ..old
        };
        assert!(Sent::new(&older).is_none());
    }

    #[test]
    fn of_an_answer_the_first_kilobyte_is_shown() {
        assert_eq!(answer(&attempt("{}", "2", None)), None);
        assert_eq!(answer(&attempt("{}", "2", Some(" "))), None);
        assert_eq!(
            answer(&attempt("{}", "2", Some("taken"))),
            Some(("taken".to_owned(), false))
        );
        let long = "ü".repeat(800);
        let (shown, more) = answer(&attempt("{}", "2", Some(&long))).unwrap();
        assert_eq!((shown.len(), more), (1024, true));
    }
}
