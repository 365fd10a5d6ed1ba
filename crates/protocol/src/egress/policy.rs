//! What the outbound client may do, and for how long.

use std::str::FromStr;
use std::time::Duration;

use url::{Host, Url};

/// An origin that may be plain http, private or on another port: `scheme://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin {
    scheme: String,
    host: Host<String>,
    port: u16,
}

/// A text that is not an origin.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not an origin; write it as scheme://host:port, for example http://10.0.0.5:8080")]
pub struct MalformedOrigin(String);

impl AllowedOrigin {
    /// Whether an address has exactly this scheme, host and port.
    pub fn covers(&self, url: &Url) -> bool {
        url.scheme() == self.scheme
            && url.port_or_known_default() == Some(self.port)
            && url.host().is_some_and(|host| host.to_owned() == self.host)
    }
}

impl FromStr for AllowedOrigin {
    type Err = MalformedOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MalformedOrigin(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| malformed())?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let named = url.username().is_empty() && url.password().is_none();
        if !bare || !named || !matches!(url.scheme(), "http" | "https") {
            return Err(malformed());
        }
        let host = url.host().ok_or_else(malformed)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(malformed)?;
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host,
            port,
        })
    }
}

/// The rules of the outbound client. The default allows public https only.
#[derive(Clone, Debug)]
pub struct EgressPolicy {
    /// Origins that are allowed although private, plain http or on another port. Each is compared whole.
    pub allow: Vec<AllowedOrigin>,
    /// Root certificates of private authorities beside the public ones, each entry in PEM (one or several
    /// certificates).
    pub extra_roots: Vec<Vec<u8>>,
    /// For name resolution, TCP and TLS together: 5 s.
    pub connect_timeout: Duration,
    /// For a whole small call, such as a token request: 30 s.
    pub total_timeout: Duration,
    /// From the last byte of a passed-through request to the first of its answer: 60 s.
    pub first_byte_timeout: Duration,
    /// Between two pieces of a passed-through answer: 60 s.
    pub idle_timeout: Duration,
    /// For a whole passed-through call: 1 hour.
    pub stream_timeout: Duration,
    /// The largest passed-through request body in bytes: 4 GiB.
    pub request_limit: u64,
    /// The largest passed-through answer body in bytes: 4 GiB.
    pub response_limit: u64,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            extra_roots: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(30),
            first_byte_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_mins(1),
            stream_timeout: Duration::from_hours(1),
            request_limit: 4 << 30,
            response_limit: 4 << 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_whole() {
        let origin: AllowedOrigin = "http://10.0.0.5:8080".parse().unwrap();
        assert!(origin.covers(&Url::parse("http://10.0.0.5:8080/a?b").unwrap()));
        for other in [
            "https://10.0.0.5:8080/",
            "http://10.0.0.5/",
            "http://10.0.0.6:8080/",
            "http://10.0.0.5.evil.test:8080/",
        ] {
            assert!(!origin.covers(&Url::parse(other).unwrap()), "{other}");
        }
        let default_port: AllowedOrigin = "https://idp.corp.test".parse().unwrap();
        assert!(default_port.covers(&Url::parse("https://idp.corp.test:443/x").unwrap()));
    }

    #[test]
    fn only_origins_are_read() {
        for text in [
            "10.0.0.5:8080",
            "http://a.test/path",
            "http://u:p@a.test",
            "ftp://a.test",
            "http://a.test?x",
            "",
        ] {
            assert!(text.parse::<AllowedOrigin>().is_err(), "{text}");
        }
    }
}
