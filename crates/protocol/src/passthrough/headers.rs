//! Which headers of a caller reach the service, and which of the service's reach the caller.

use std::collections::BTreeSet;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers of one connection (RFC 9110 §7.6.1), and those that our own client or credential decides. Names are
/// compared with `-` for `_`, because some servers read both alike.
const NOT_FORWARDED: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "early-data",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// Beginnings of such names: our own headers, and what proxies say about a caller.
const NOT_FORWARDED_PREFIXES: &[&str] = &["proxy-", "x-forwarded-", "x-pica-", "x-one-", "x-latchkey-"];

/// Headers of an answer that concern one connection, or would act on our own origin in a browser.
const NOT_RETURNED: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-security-policy",
    "content-security-policy-report-only",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "keep-alive",
    "nel",
    "origin-agent-cluster",
    "permissions-policy",
    "public-key-pins",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "sourcemap",
    "speculation-rules",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-content-type-options",
    "x-frame-options",
    "x-sourcemap",
];

const NOT_RETURNED_PREFIXES: &[&str] = &["access-control-", "proxy-"];

fn comparable(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn named_in_connection(headers: &HeaderMap) -> BTreeSet<String> {
    let values = headers.get_all(header::CONNECTION);
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(|name| comparable(name.trim()))
        .collect()
}

fn without(headers: &HeaderMap, names: &[&str], prefixes: &[&str]) -> HeaderMap {
    let hop_by_hop = named_in_connection(headers);
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let comparable = comparable(name.as_str());
        let dropped = names.contains(&comparable.as_str())
            || prefixes.iter().any(|prefix| comparable.starts_with(prefix))
            || hop_by_hop.contains(&comparable);
        if !dropped {
            kept.append(name, value.clone());
        }
    }
    kept
}

/// The caller's headers that are forwarded. What belongs to one connection goes first, so that nothing named in
/// `Connection` can take an injected credential away again. A well-formed `Content-Length` is written anew.
pub(crate) fn forwarded(caller: &HeaderMap) -> HeaderMap {
    let mut kept = without(caller, NOT_FORWARDED, NOT_FORWARDED_PREFIXES);
    if let Some(length) = content_length(caller) {
        kept.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    kept.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    kept
}

/// The one length of a body that is not in another transfer coding.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let text = values.next()?.to_str().ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let alone = values.next().is_none() && !headers.contains_key(header::TRANSFER_ENCODING);
    (plain && alone).then(|| text.parse().ok())?
}

/// Whether the caller decides about this header. `Accept: */*`, which many clients send by themselves, says no more than no
/// `Accept` (RFC 9110 §12.5.1).
pub(crate) fn says_something(caller: &HeaderMap, name: &HeaderName) -> bool {
    let is_any = |value: &HeaderValue| *name == header::ACCEPT && value.as_bytes().trim_ascii() == b"*/*";
    caller.get_all(name).iter().any(|value| !is_any(value))
}

/// Puts a header of the definition in, instead of what the caller sent under this name in any spelling.
pub(crate) fn inject(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    let wanted = comparable(name.as_str());
    let same: Vec<HeaderName> = headers
        .keys()
        .filter(|name| comparable(name.as_str()) == wanted)
        .cloned()
        .collect();
    for name in same {
        headers.remove(name);
    }
    headers.insert(name, value);
}

/// The service's headers that are given to the caller. A `Location` is data: it is returned and not followed.
pub(crate) fn returned(answer: &HeaderMap) -> HeaderMap {
    without(answer, NOT_RETURNED, NOT_RETURNED_PREFIXES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn only_the_callers_own_business_is_forwarded() {
        let kept = forwarded(&headers(&[
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("x-custom", "1"),
            ("x-custom", "2"),
            ("if-none-match", "\"e\""),
            ("idempotency-key", "k"),
            ("user-agent", "caller/1"),
            ("host", "evil.test"),
            ("cookie", "a=b"),
            ("authorization", "Bearer broker"),
            ("accept-encoding", "gzip"),
            ("x-pica-secret", "sk"),
            ("x-one-connection-key", "k"),
            ("x_one_secret", "sk"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x_forwarded_host", "evil.test"),
            ("forwarded", "for=1"),
            ("proxy-authorization", "x"),
            ("proxy_connection", "x"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("expect", "100-continue"),
            ("via", "1.1 x"),
            ("x-real-ip", "1.2.3.4"),
        ]));
        assert_eq!(
            names(&kept),
            [
                "accept",
                "accept-encoding",
                "content-type",
                "idempotency-key",
                "if-none-match",
                "user-agent",
                "x-custom",
                "x-custom"
            ]
        );
        assert_eq!(kept[header::ACCEPT_ENCODING], "identity");
    }

    #[test]
    fn what_connection_names_is_removed_before_the_credential_is_put_in() {
        let caller = headers(&[
            ("connection", "close, authorization"),
            ("connection", "X-Api-Key,x-hop"),
            ("x-hop", "1"),
            ("x_api_key", "mine"),
            ("x-kept", "1"),
        ]);
        let mut kept = forwarded(&caller);
        inject(
            &mut kept,
            HeaderName::from_static("x-api-key"),
            HeaderValue::from_static("canary"),
        );
        inject(
            &mut kept,
            header::AUTHORIZATION,
            HeaderValue::from_static("Bearer canary"),
        );
        assert_eq!(
            names(&kept),
            ["accept-encoding", "authorization", "x-api-key", "x-kept"]
        );
    }

    #[test]
    fn an_injected_header_replaces_every_spelling() {
        let mut kept = headers(&[("x_api_key", "a"), ("x-api-key", "b"), ("x-api_key", "c")]);
        inject(
            &mut kept,
            HeaderName::from_static("x-api-key"),
            HeaderValue::from_static("canary"),
        );
        assert_eq!(names(&kept), ["x-api-key"]);
        assert_eq!(kept["x-api-key"], "canary");
    }

    #[test]
    fn a_length_is_kept_only_when_nothing_contradicts_it() {
        let length = |pairs: &[(&str, &str)]| content_length(&headers(pairs));
        assert_eq!(length(&[("content-length", "12")]), Some(12));
        assert_eq!(length(&[("content-length", "12"), ("content-length", "12")]), None);
        assert_eq!(
            length(&[("content-length", "12"), ("transfer-encoding", "chunked")]),
            None
        );
        for bad in ["+12", "-1", "12, 12", "0x0c", "", "99999999999999999999999"] {
            assert_eq!(length(&[("content-length", bad)]), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_cannot_act_on_our_origin() {
        let kept = returned(&headers(&[
            ("content-type", "text/html"),
            ("etag", "\"1\""),
            ("location", "https://other.test/"),
            ("link", "<x>; rel=next"),
            ("retry-after", "3"),
            ("x-ratelimit-remaining", "1"),
            ("set-cookie", "a=b"),
            ("access-control-allow-origin", "*"),
            ("clear-site-data", "\"*\""),
            ("refresh", "0;url=x"),
            ("service-worker-allowed", "/"),
            ("strict-transport-security", "max-age=1"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
        ]));
        assert_eq!(
            names(&kept),
            [
                "content-type",
                "etag",
                "link",
                "location",
                "retry-after",
                "x-ratelimit-remaining"
            ]
        );
    }

    #[test]
    fn an_accept_of_everything_says_nothing() {
        for (value, says) in [
            ("*/*", false),
            (" */* ", false),
            ("application/json", true),
            ("text/plain, */*", true),
        ] {
            assert_eq!(
                says_something(&headers(&[("accept", value)]), &header::ACCEPT),
                says,
                "{value}"
            );
        }
        assert!(!says_something(&headers(&[]), &header::ACCEPT));
        assert!(says_something(&headers(&[("user-agent", "*/*")]), &header::USER_AGENT));
    }
}
