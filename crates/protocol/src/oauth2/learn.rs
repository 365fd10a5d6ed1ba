//! Values that a connection keeps from a token answer, such as the account's own host.

use std::collections::BTreeMap;

use catalog::{Inputs, Learned, LearnedKind, Slot};
use secrecy::ExposeSecret as _;
use url::Url;

/// A value that is there but is not what the definition allows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forbidden {
    /// The variable's name.
    pub(crate) name: String,
}

/// The values whose inputs are there, and those that are not allowed.
pub(crate) fn learn(learned: &[Learned], inputs: &Inputs<'_>) -> (BTreeMap<String, String>, Vec<Forbidden>) {
    let mut values = BTreeMap::new();
    let mut forbidden = Vec::new();
    for one in learned {
        let Ok(text) = one.from.render(inputs, Slot::Plain) else {
            continue;
        };
        match allowed(&one.kind, text.expose_secret()) {
            Some(value) => {
                values.insert(one.name.clone(), value);
            }
            None => forbidden.push(Forbidden { name: one.name.clone() }),
        }
    }
    (values, forbidden)
}

fn allowed(kind: &LearnedKind, text: &str) -> Option<String> {
    match kind {
        LearnedKind::Text { pattern } => pattern.is_match(text).then(|| text.to_owned()),
        LearnedKind::Origin { hosts } => {
            let url = Url::parse(text).ok()?;
            let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
            let listed = url.domain().is_some_and(|host| {
                hosts.iter().any(|entry| match entry.strip_prefix('.') {
                    Some(_) => host.len() > entry.len() && host.ends_with(entry.as_str()),
                    None => host == entry,
                })
            });
            (url.scheme() == "https" && bare && listed).then(|| url.origin().ascii_serialization())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_must_end_with_what_is_written_out() {
        let kind = LearnedKind::Origin {
            hosts: vec![".example.com".to_owned(), "other.test".to_owned()],
        };
        assert_eq!(
            allowed(&kind, "https://eu.example.com/x").as_deref(),
            Some("https://eu.example.com")
        );
        assert_eq!(
            allowed(&kind, "https://other.test").as_deref(),
            Some("https://other.test")
        );
        for text in [
            "http://eu.example.com",
            "https://example.com",
            "https://.example.com",
            "https://eu.example.com.evil.test",
            "https://evilexample.com",
            "https://u@eu.example.com",
            "https://eu.example.com:8443",
            "https://a.other.test",
            "https://10.0.0.1",
            "eu.example.com",
            "",
            "https://evil.test/.example.com",
            "https://evil.test#.example.com",
        ] {
            assert_eq!(allowed(&kind, text), None, "{text}");
        }
    }
}
