//! The header sets of connect-flow §2.2: what each kind of answer tells browsers and caches.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_EMBEDDER_POLICY: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
/// Who may load an answer as a resource.
pub(crate) const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

const NOTHING_ALLOWED: &str = "default-src 'none'; frame-ancestors 'none'";
const NO_FEATURES: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=(), \
                           browsing-topics=()";

/// A value that a page's own scripts and styles carry, new for each answer.
#[derive(Clone, Debug)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// A new one.
    pub(crate) fn generate() -> Self {
        // 18 of the 32 random bytes: no padding, no ambiguity.
        let bytes = vault::Token::generate();
        Self(URL_SAFE_NO_PAD.encode(&bytes.expose().as_bytes()[..18]))
    }

    /// Its text, for `nonce="…"`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What kind of page an answer is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Set<'a> {
    /// The modal's page, framed by a project's origins.
    Embed {
        /// Who may frame it. Empty: nobody.
        ancestors: &'a [String],
        /// Further origins of images.
        images: &'a [String],
    },
    /// What stands in the modal's place while that cannot be answered. It holds nothing and runs nothing: anybody may frame it.
    Later,
    /// Start, callback and done: they keep a window handle for openers, or `window.close()` fails.
    Pass,
    /// A hosted link.
    Full,
    /// The confirm page: an opener that could move the window is cut off.
    Confirm,
    /// The demo of development, which frames our own modal.
    Demo,
    /// A page of the console that shows another one of ours beside it.
    Beside,
    /// What it shows: framed by our own pages alone, and with nobody to call.
    Preview,
    /// The API's documentation. Its script is ours; it writes styles into elements.
    Docs,
}

impl Set<'_> {
    /// Puts the set into an answer.
    pub(crate) fn apply(self, nonce: &Nonce, response: &mut HttpResponseBuilder) {
        response.insert_header((header::CONTENT_SECURITY_POLICY, self.policy(nonce)));
        response.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
        match self {
            Self::Embed { .. } | Self::Later => {
                response.insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
                response.insert_header((CROSS_ORIGIN_EMBEDDER_POLICY, "credentialless"));
            }
            Self::Pass | Self::Demo => opened(response, "unsafe-none"),
            Self::Full => opened(response, "same-origin-allow-popups"),
            Self::Confirm | Self::Beside | Self::Docs => opened(response, "same-origin"),
            Self::Preview => {
                response.insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"));
                response.insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"));
            }
        }
    }

    fn policy(self, nonce: &Nonce) -> String {
        let nonce = nonce.as_str();
        let scripts = match self {
            Self::Docs => "script-src 'self'; style-src 'self' 'unsafe-inline'".to_owned(),
            Self::Later => format!("style-src 'nonce-{nonce}'"),
            _ => format!("script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; require-trusted-types-for 'script'"),
        };
        let rest = match self {
            Self::Embed { ancestors, images } => embed_rest(ancestors, images),
            Self::Later => "frame-ancestors *".to_owned(),
            Self::Full | Self::Docs => "frame-ancestors 'none'; connect-src 'self'; img-src 'self' data:".to_owned(),
            Self::Preview => "frame-ancestors 'self'; connect-src 'none'; img-src 'self'".to_owned(),
            Self::Pass | Self::Confirm | Self::Beside | Self::Demo => {
                "frame-ancestors 'none'; connect-src 'self'; img-src 'self'".to_owned()
            }
        };
        let framed = if matches!(self, Self::Demo | Self::Beside) {
            "'self'"
        } else {
            "'none'"
        };
        let sends = if matches!(self, Self::Preview | Self::Later) {
            "'none'"
        } else {
            "'self'"
        };
        format!(
            "default-src 'none'; {scripts}; font-src 'self'; base-uri 'none'; object-src 'none'; frame-src {framed}; \
             form-action {sends}; {rest}"
        )
    }
}

fn opened(response: &mut HttpResponseBuilder, opener_policy: &'static str) {
    response.insert_header((CROSS_ORIGIN_OPENER_POLICY, opener_policy));
    response.insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"));
    response.insert_header((header::X_FRAME_OPTIONS, "DENY"));
}

fn embed_rest(ancestors: &[String], images: &[String]) -> String {
    let listed = sources(ancestors);
    let framers = if listed.is_empty() {
        "'none'".to_owned()
    } else {
        listed.join(" ")
    };
    // A customer's token endpoint is https anywhere; plain http only where the page itself may be plain http.
    let plain: Vec<&str> = listed
        .iter()
        .copied()
        .filter(|origin| origin.starts_with("http://"))
        .collect();
    let mut connect = vec!["'self'", "https:"];
    connect.extend(plain);
    let mut pictures = vec!["'self'", "data:"];
    pictures.extend(listed.iter().copied());
    pictures.extend(sources(images));
    format!(
        "frame-ancestors {framers}; connect-src {}; img-src {}",
        connect.join(" "),
        pictures.join(" ")
    )
}

/// The entries that are origins. One that could break out of its directive is left out.
fn sources(origins: &[String]) -> Vec<&str> {
    let plain = |origin: &&str| {
        (origin.starts_with("https://") || origin.starts_with("http://"))
            && origin
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b":/.-_*[]".contains(&byte))
    };
    origins.iter().map(String::as_str).filter(plain).collect()
}

/// What every answer has, unless its handler said something else.
pub(crate) fn complete(headers: &mut HeaderMap, secure: bool) {
    let mut or = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    or(header::CACHE_CONTROL, "no-store");
    or(header::REFERRER_POLICY, "no-referrer");
    or(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    or(header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED);
    or(CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    or(PERMISSIONS_POLICY, NO_FEATURES);
    if secure {
        or(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

#[cfg(test)]
mod tests {
    use actix_web::HttpResponse;

    use super::*;

    fn applied(set: Set<'_>) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        set.apply(&Nonce("N".to_owned()), &mut response);
        response.finish()
    }

    fn policy(response: &HttpResponse) -> &str {
        response
            .headers()
            .get(header::CONTENT_SECURITY_POLICY)
            .unwrap()
            .to_str()
            .unwrap()
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(Nonce::generate().as_str(), Nonce::generate().as_str());
        assert_eq!(Nonce::generate().as_str().len(), 24);
    }

    #[test]
    fn a_modal_is_framed_by_the_listed_origins_only() {
        let ancestors = ["https://app.example.test".to_owned(), "http://localhost:*".to_owned()];
        let images = ["https://cdn.example.test".to_owned()];
        let response = applied(Set::Embed {
            ancestors: &ancestors,
            images: &images,
        });
        let policy = policy(&response);
        assert!(
            policy.contains("frame-ancestors https://app.example.test http://localhost:*;"),
            "{policy}"
        );
        assert!(
            policy.contains("connect-src 'self' https: http://localhost:*;"),
            "{policy}"
        );
        assert!(
            policy
                .ends_with("img-src 'self' data: https://app.example.test http://localhost:* https://cdn.example.test")
        );
        assert!(!response.headers().contains_key(header::X_FRAME_OPTIONS));
        assert_eq!(
            response.headers().get("cross-origin-embedder-policy").unwrap(),
            "credentialless"
        );
    }

    #[test]
    fn without_origins_nobody_frames_the_modal() {
        assert!(
            policy(&applied(Set::Embed {
                ancestors: &[],
                images: &[]
            }))
            .contains("frame-ancestors 'none';")
        );
    }

    #[test]
    fn what_anybody_frames_runs_nothing_and_sends_nothing() {
        let response = applied(Set::Later);
        assert_eq!(
            policy(&response),
            "default-src 'none'; style-src 'nonce-N'; font-src 'self'; base-uri 'none'; object-src 'none'; \
             frame-src 'none'; form-action 'none'; frame-ancestors *"
        );
        assert!(!response.headers().contains_key(header::X_FRAME_OPTIONS));
    }

    #[test]
    fn an_origin_cannot_end_its_directive() {
        let ancestors = [
            "https://a.test; script-src *".to_owned(),
            "https://a.test\r\nx: y".to_owned(),
            "*".to_owned(),
        ];
        assert!(
            policy(&applied(Set::Embed {
                ancestors: &ancestors,
                images: &[]
            }))
            .contains("frame-ancestors 'none';")
        );
    }

    #[test]
    fn opened_pages_are_never_framed() {
        for (set, opener_policy) in [
            (Set::Pass, "unsafe-none"),
            (Set::Full, "same-origin-allow-popups"),
            (Set::Confirm, "same-origin"),
            (Set::Docs, "same-origin"),
        ] {
            let response = applied(set);
            assert!(policy(&response).contains("frame-ancestors 'none'"));
            assert!(policy(&response).contains("default-src 'none'"));
            assert_eq!(
                response.headers().get("cross-origin-opener-policy").unwrap(),
                opener_policy
            );
            assert_eq!(response.headers().get(header::X_FRAME_OPTIONS).unwrap(), "DENY");
        }
    }

    #[test]
    fn a_preview_is_framed_by_our_own_pages_and_calls_nobody() {
        let response = applied(Set::Preview);
        let policy = policy(&response);
        for part in [
            "frame-ancestors 'self'",
            "connect-src 'none'",
            "form-action 'none'",
            "frame-src 'none'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert_eq!(response.headers().get(header::X_FRAME_OPTIONS).unwrap(), "SAMEORIGIN");
        let around = applied(Set::Beside);
        assert!(self::policy(&around).contains("frame-src 'self'; form-action 'self'; frame-ancestors 'none'"));
        assert_eq!(around.headers().get(header::X_FRAME_OPTIONS).unwrap(), "DENY");
    }

    #[test]
    fn only_https_gets_hsts_and_handlers_keep_their_own() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        complete(&mut headers, false);
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert_eq!(headers.get(header::CACHE_CONTROL).unwrap(), "public");
        assert_eq!(headers.get(header::CONTENT_SECURITY_POLICY).unwrap(), NOTHING_ALLOWED);
        complete(&mut headers, true);
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    }
}
