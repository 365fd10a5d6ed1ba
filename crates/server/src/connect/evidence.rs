//! What the browser's own headers said when it asked for the start page, sealed so that the later call can be held to it.
//!
//! The page carries the sealed text and gives it back with the ticket. It is bound to no ticket, but it lives for two
//! minutes only and says nothing but what this browser's navigation looked like.

use actix_web::http::header::{self, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use broker::{Evidence, FetchSite};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::Url;

/// How long the start page may take to come back.
const LIFETIME: TimeDelta = TimeDelta::seconds(120);
/// Sealed by a replica whose clock is a little ahead.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// What is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    site: Option<String>,
    navigate: bool,
    document: bool,
    referrer: Option<String>,
    old_webkit: bool,
    at: i64,
}

impl Seen {
    /// Reads the headers of a document request.
    pub(crate) fn of(headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            site: text("sec-fetch-site").map(ToOwned::to_owned),
            navigate: text("sec-fetch-mode") == Some("navigate"),
            document: text("sec-fetch-dest") == Some("document"),
            referrer: referrer_origin(headers),
            old_webkit: text("user-agent").is_some_and(webkit_before_18),
            at: now.timestamp(),
        }
    }

    /// As the broker judges it.
    pub(crate) fn evidence(self) -> Evidence {
        Evidence {
            site: self.site.as_deref().and_then(fetch_site),
            is_document_navigation: self.navigate && self.document,
            referrer_origin: self.referrer,
            site_is_forgeable: self.old_webkit,
        }
    }
}

fn fetch_site(text: &str) -> Option<FetchSite> {
    match text {
        "same-origin" => Some(FetchSite::SameOrigin),
        "same-site" => Some(FetchSite::SameSite),
        "cross-site" => Some(FetchSite::CrossSite),
        "none" => Some(FetchSite::None),
        _ => None,
    }
}

/// The origin in `Referer`, without the path that some pages send.
pub(crate) fn referrer_origin(headers: &HeaderMap) -> Option<String> {
    let url = Url::parse(headers.get(header::REFERER)?.to_str().ok()?).ok()?;
    url.origin().is_tuple().then(|| url.origin().ascii_serialization())
}

/// `WebKit` before Safari 18 told `Sec-Fetch-Site` of the frame instead of whoever started the navigation. All browsers
/// of iOS are `WebKit`; those say the system's version.
fn webkit_before_18(agent: &str) -> bool {
    let major = |after: &str| -> Option<u32> {
        let rest = &agent[agent.find(after)? + after.len()..];
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    if agent.contains("iPhone OS ") || agent.contains("CPU OS ") {
        return major("iPhone OS ")
            .or_else(|| major("CPU OS "))
            .is_none_or(|version| version < 18);
    }
    let webkit = agent.contains("AppleWebKit/") && !agent.contains("Chrome/") && !agent.contains("Chromium/");
    webkit && major("Version/").is_none_or(|version| version < 18)
}

/// Why a sealed text does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsealed {
    /// Changed, cut, or sealed by another installation.
    #[error("the start page's evidence is not ours")]
    Forged,
    /// More than two minutes old.
    #[error("the start page is too old")]
    Expired,
}

/// Seals and opens with a key that all replicas derive from the master key.
#[derive(Clone)]
pub(crate) struct Sealer([u8; 32]);

impl Sealer {
    /// With this key.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The text for the page.
    pub(crate) fn seal(&self, seen: &Seen) -> String {
        // A struct of texts and numbers always becomes JSON.
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(seen).unwrap_or_default());
        let tag = URL_SAFE_NO_PAD.encode(self.mac(&body).finalize().into_bytes());
        format!("{body}.{tag}")
    }

    /// What was sealed, if it was sealed here and lately.
    pub(crate) fn open(&self, text: &str, now: DateTime<Utc>) -> Result<Seen, Unsealed> {
        let (body, tag) = text.split_once('.').ok_or(Unsealed::Forged)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| Unsealed::Forged)?;
        self.mac(body).verify_slice(&tag).map_err(|_| Unsealed::Forged)?;
        let seen: Seen = URL_SAFE_NO_PAD
            .decode(body)
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok())
            .ok_or(Unsealed::Forged)?;
        let age = now.signed_duration_since(DateTime::from_timestamp(seen.at, 0).ok_or(Unsealed::Forged)?);
        if age < -SKEW || age > LIFETIME {
            Err(Unsealed::Expired)
        } else {
            Ok(seen)
        }
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn mac(&self, body: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of 32 bytes");
        mac.update(b"latchkey start evidence\0");
        mac.update(body.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn seen() -> Seen {
        let request = TestRequest::get()
            .insert_header(("sec-fetch-site", "same-origin"))
            .insert_header(("sec-fetch-mode", "navigate"))
            .insert_header(("sec-fetch-dest", "document"))
            .insert_header(("referer", "https://shop.example.test:8443/cart?x=1#y"))
            .to_http_request();
        Seen::of(request.headers(), at(0))
    }

    #[test]
    fn it_comes_back_as_it_was_seen() {
        let sealer = Sealer::new([7; 32]);
        let text = sealer.seal(&seen());
        assert_eq!(sealer.open(&text, at(119)).unwrap(), seen());
        let evidence = seen().evidence();
        assert_eq!(evidence.site, Some(FetchSite::SameOrigin));
        assert_eq!(
            evidence.referrer_origin.as_deref(),
            Some("https://shop.example.test:8443")
        );
        assert!(evidence.is_document_navigation && !evidence.site_is_forgeable);
    }

    #[test]
    fn it_lives_for_two_minutes() {
        let sealer = Sealer::new([7; 32]);
        let text = sealer.seal(&seen());
        assert_eq!(sealer.open(&text, at(121)), Err(Unsealed::Expired));
        assert_eq!(sealer.open(&text, at(-6)), Err(Unsealed::Expired));
        sealer.open(&text, at(-4)).unwrap();
    }

    #[test]
    fn a_change_anywhere_is_seen() {
        let sealer = Sealer::new([7; 32]);
        let text = sealer.seal(&seen());
        for index in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                sealer.open(&String::from_utf8(bytes).unwrap(), at(1)),
                Err(Unsealed::Forged),
                "{index}"
            );
        }
        assert_eq!(Sealer::new([8; 32]).open(&text, at(1)), Err(Unsealed::Forged));
        for junk in ["", ".", "a.b", "…"] {
            assert_eq!(sealer.open(junk, at(1)), Err(Unsealed::Forged));
        }
    }

    #[test]
    fn old_webkit_is_known() {
        let safari = |version: &str| {
            format!(
                "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15"
            )
        };
        assert!(webkit_before_18(&safari("17.6")));
        assert!(!webkit_before_18(&safari("18.0")));
        assert!(webkit_before_18(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/130"
        ));
        assert!(!webkit_before_18(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 CriOS/130"
        ));
        assert!(!webkit_before_18(
            "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36"
        ));
        assert!(!webkit_before_18(
            "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0"
        ));
    }

    #[test]
    fn a_referrer_that_is_no_origin_is_none() {
        for wrong in ["about:blank", "data:text/html,x", "not an address"] {
            let request = TestRequest::get().insert_header(("referer", wrong)).to_http_request();
            assert_eq!(referrer_origin(request.headers()), None, "{wrong}");
        }
    }
}
