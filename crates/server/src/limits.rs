//! How much one caller may ask for: header bytes, body bytes, requests a minute.
//!
//! Rates are counted in each replica by itself: a limit protects a process, it is no quota.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use broker::{Actor, Caller, Network};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use store::ApiKeyId;

use crate::problems::{Kind, Problem};

/// Most bytes of address and headers together. A long `data` of an embed page fits.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;
/// Most bytes of a JSON body.
pub(crate) const JSON_BYTES: usize = 64 * 1024;

/// Most bytes of a JSON body with a row for each integration.
pub(crate) const LARGE_JSON_BYTES: usize = 1024 * 1024;

/// Requests a minute; `None` counts nothing.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Of one secret key.
    pub key: Option<NonZeroU32>,
    /// Of one address without a key: IPv4, or the /64 of an IPv6.
    pub source: Option<NonZeroU32>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            key: NonZeroU32::new(6_000),
            source: NonZeroU32::new(6_000),
        }
    }
}

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The counters of one process.
pub(crate) struct Limits {
    keys: Option<(Keyed<ApiKeyId>, NonZeroU32)>,
    sources: Option<(Keyed<IpAddr>, NonZeroU32)>,
    proxies: Vec<Network>,
}

/// What is left of a limit, for the `RateLimit-*` headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Requests a minute.
    pub limit: u32,
    /// Left now.
    pub remaining: u32,
    /// Seconds until there is more.
    pub reset: u64,
}

impl Allowance {
    /// Writes the IETF draft's names, and those that old clients know.
    pub(crate) fn write(self, head: &mut HeaderMap) {
        for (name, old_name, value) in [
            ("ratelimit-limit", "x-pica-rate-limit-limit", u64::from(self.limit)),
            (
                "ratelimit-remaining",
                "x-pica-rate-limit-remainings",
                u64::from(self.remaining),
            ),
            ("ratelimit-reset", "x-pica-rate-limit-reset", self.reset),
        ] {
            for name in [name, old_name] {
                head.insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
        }
    }
}

impl Limits {
    /// Counters. `proxies` are the only peers whose `X-Forwarded-For` is believed.
    pub(crate) fn new(rates: Rates, proxies: Vec<Network>) -> Self {
        let keyed = |rate: NonZeroU32| Quota::per_minute(rate);
        Self {
            keys: rates.key.map(|rate| {
                (
                    RateLimiter::keyed(keyed(rate)).with_middleware::<StateInformationMiddleware>(),
                    rate,
                )
            }),
            sources: rates.source.map(|rate| {
                (
                    RateLimiter::keyed(keyed(rate)).with_middleware::<StateInformationMiddleware>(),
                    rate,
                )
            }),
            proxies,
        }
    }

    /// Counts a request of a secret key.
    pub(crate) fn key(&self, caller: &Caller) -> Result<Option<Allowance>, Problem> {
        match (&self.keys, caller.actor) {
            (Some((limiter, rate)), Actor::Key(key)) => count(limiter, &key, *rate).map(Some),
            _ => Ok(None),
        }
    }

    /// Counts a request of an address.
    pub(crate) fn source(&self, request: &HttpRequest) -> Result<(), Problem> {
        let Some((limiter, rate)) = &self.sources else {
            return Ok(());
        };
        let Some(source) = self.who(request) else { return Ok(()) };
        count(limiter, &block(source), *rate).map(|_| ())
    }

    /// Who asks, as far as the peer and trusted proxies tell.
    pub(crate) fn who(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?;
        Some(source(peer.ip(), request.headers(), &self.proxies))
    }

    /// Forgets who has not been seen for a while. Called now and then.
    pub(crate) fn forget(&self) {
        if let Some((limiter, _)) = &self.keys {
            limiter.retain_recent();
        }
        if let Some((limiter, _)) = &self.sources {
            limiter.retain_recent();
        }
    }
}

fn count<K: std::hash::Hash + Eq + Clone>(limiter: &Keyed<K>, key: &K, rate: NonZeroU32) -> Result<Allowance, Problem> {
    match limiter.check_key(key) {
        Ok(left) => Ok(Allowance {
            limit: rate.get(),
            remaining: left.remaining_burst_capacity(),
            reset: 60,
        }),
        Err(early) => {
            let wait = early
                .wait_time_from(DefaultClock::default().now())
                .max(Duration::from_secs(1));
            let message = format!("More than {rate} requests in a minute. Wait as long as `Retry-After` says.");
            let none = Allowance {
                limit: rate.get(),
                remaining: 0,
                reset: wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
            };
            Err(Problem::new(Kind::TooManyRequests, message)
                .after(wait)
                .with_allowance(none))
        }
    }
}

/// Who asks: the peer, or behind trusted proxies the last address that is none of them.
fn source(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    if !trusted(peer) {
        return peer;
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    for hop in hops.iter().rev() {
        match hop.trim().parse() {
            Ok(address) if trusted(address) => {}
            Ok(address) => return address,
            Err(_) => break,
        }
    }
    peer
}

/// One customer of a provider usually has a whole /64.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !0 << 64)),
    }
}

/// Whether address and headers together are small enough.
pub(crate) fn head_fits(request: &HttpRequest) -> bool {
    let uri = request.uri();
    let address = uri.path().len() + uri.query().map_or(0, str::len);
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    address + headers <= HEAD_BYTES
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn forwarded(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static(value),
        );
        headers
    }

    #[test]
    fn only_trusted_proxies_tell_the_source() {
        let proxies: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let headers = forwarded("1.1.1.1, 203.0.113.9, 10.0.0.2");
        let outside: IpAddr = "198.51.100.7".parse().unwrap();
        assert_eq!(source(outside, &headers, &proxies), outside);
        let inside: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(
            source(inside, &headers, &proxies),
            "203.0.113.9".parse::<IpAddr>().unwrap()
        );
        assert_eq!(source(inside, &forwarded("junk"), &proxies), inside);
    }

    #[test]
    fn a_customer_is_a_block() {
        let first: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(block(first), block("2001:db8::ffff".parse().unwrap()));
        assert_ne!(block(first), block("2001:db8:0:1::1".parse().unwrap()));
    }

    #[test]
    fn the_one_too_many_is_told_to_wait() {
        let rates = Rates {
            key: None,
            source: NonZeroU32::new(2),
        };
        let limits = Limits::new(rates, Vec::new());
        let request = TestRequest::get()
            .peer_addr("192.0.2.1:1000".parse().unwrap())
            .to_http_request();
        limits.source(&request).unwrap();
        limits.source(&request).unwrap();
        let problem = limits.source(&request).unwrap_err();
        assert_eq!(problem.kind(), Kind::TooManyRequests);
        let response = problem.response(None);
        let wait = response.headers().get("retry-after").unwrap();
        for (name, value) in [
            ("ratelimit-limit", "2"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", wait.to_str().unwrap()),
            ("x-pica-rate-limit-limit", "2"),
            ("x-pica-rate-limit-remainings", "0"),
        ] {
            assert_eq!(response.headers().get(name).unwrap(), value, "{name}");
        }
        let other = TestRequest::get()
            .peer_addr("192.0.2.2:1000".parse().unwrap())
            .to_http_request();
        limits.source(&other).unwrap();
    }

    #[test]
    fn a_head_of_more_than_64_kib_is_refused() {
        let small = TestRequest::get().uri("/?data=x").to_http_request();
        assert!(head_fits(&small));
        let large = TestRequest::get()
            .insert_header(("x-long", "x".repeat(HEAD_BYTES)))
            .to_http_request();
        assert!(!head_fits(&large));
    }
}
