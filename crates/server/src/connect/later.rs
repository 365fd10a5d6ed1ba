//! What people see in place of a page that cannot be answered now: that it comes back, and it does so by itself. What
//! programs call, and every other refusal, is answered as ever.

use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use super::embed::{asks_for_status, is_framed};
use super::pages::LaterPage;
use super::{Message, brand_here, page};
use crate::Site;
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};
use crate::texts::Texts;

/// Seconds until a page comes back, at least.
const PAUSE: u64 = 3;

/// A page that somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Later {
    place: Place,
    texts: Texts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `/connect/start`.
    Start,
    /// Another page around a sign-in.
    Window,
    /// The modal's address in a window of its own.
    Opened,
    /// The modal.
    Frame,
}

/// Addresses around a sign-in, beside those that begin as in [`BELOW`].
const WINDOWS: [&str; 5] = [
    "/connect/done",
    "/connect/choose",
    "/connect/confirm",
    "/connections/oauth/callback",
    "/oauth/callback",
];
const BELOW: [&str; 2] = ["/connect/link/", "/connections/oauth/callback/"];
/// Under the modal's address, and no page.
const SCRIPTS: [&str; 2] = ["/embed/v1.js", "/embed/v1.mjs"];

impl Place {
    fn of(request: &HttpRequest) -> Option<Self> {
        let path = request.path();
        if path == "/connect/start" {
            return Some(Self::Start);
        }
        if WINDOWS.contains(&path) || BELOW.iter().any(|start| path.starts_with(start)) {
            return Some(Self::Window);
        }
        let is_modal = if path == "/" {
            !asks_for_status(request)
        } else {
            path.starts_with("/embed/") && !SCRIPTS.contains(&path)
        };
        is_modal.then(|| if is_framed(request) { Self::Frame } else { Self::Opened })
    }
}

impl Later {
    /// None for what is no page, or is sent something.
    pub(crate) fn of(request: &HttpRequest, secure: bool) -> Option<Self> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return None;
        }
        let place = Place::of(request)?;
        let texts = match place {
            Place::Window => Texts::on_the_way(request, secure),
            Place::Start | Place::Opened | Place::Frame => Texts::asked_by(request),
        };
        Some(Self { place, texts })
    }

    /// The page in place of a refusal that passes. None leaves the refusal as it is. Without the request, which a panic takes
    /// along, it has our own looks.
    pub(crate) fn page(
        self,
        site: &Site,
        request: Option<&HttpRequest>,
        problem: &Problem,
        correlation: &str,
    ) -> Option<HttpResponse> {
        if !matches!(
            problem.kind(),
            Kind::Unavailable | Kind::Internal | Kind::TooManyRequests
        ) {
            return None;
        }
        let seconds = problem.wait().unwrap_or(PAUSE).max(PAUSE);
        let status = problem.kind().status();
        let mut response = if self.place == Place::Frame {
            self.frame(site, status, seconds)
        } else {
            let brand = request.map(brand_here).unwrap_or_default();
            self.message(correlation, seconds).branded(site, brand, status)
        }
        .ok()?;
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        Some(response)
    }

    fn message(self, reference: &str, seconds: u64) -> Message<'_> {
        let reload_after = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        let reference = Some(reference);
        let texts = self.texts;
        match self.place {
            // It never comes back by itself: that a page of ours asks for it is what proves whose sign-in it is, and here
            // anybody may have led to it.
            Place::Start => Message {
                texts,
                title: texts.get("start-failed-title"),
                text: texts.get("start-failed"),
                reference,
                ..Message::default()
            },
            Place::Window => Message {
                reload_after,
                reference,
                ..Message::named(texts, "callback-later")
            },
            Place::Opened | Place::Frame => Message {
                text: texts.get("page-embed-later-text"),
                reload_after,
                reference,
                ..Message::named(texts, "callback-later")
            },
        }
    }

    /// Who may frame the modal is not known now, so this may be framed by anybody: it has no script, nothing of a project and
    /// nothing to press. What comes after it has the modal's own rule. It names no page that embeds it, though: at the bare
    /// address of a server with several projects the next answer is the default project's.
    fn frame(self, site: &Site, status: StatusCode, seconds: u64) -> Result<HttpResponse, Problem> {
        let nonce = Nonce::generate();
        let template = LaterPage {
            nonce: nonce.as_str(),
            assets: &site.assets,
            texts: self.texts,
        };
        let mut response = page(Set::Later, &nonce, status, &template)?;
        response
            .headers_mut()
            .insert(HeaderName::from_static("refresh"), seconds.into());
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn pages_for_people_wait_and_calls_of_programs_do_not() {
        let place = |uri: &str, dest: &'static str| {
            let request = TestRequest::get().uri(uri).insert_header(("sec-fetch-dest", dest));
            Later::of(&request.to_http_request(), false).map(|later| later.place)
        };
        for (uri, expected) in [
            ("/connect/start?state=x", Place::Start),
            ("/connect/done?f=x", Place::Window),
            ("/connect/choose?f=x", Place::Window),
            ("/connect/confirm?f=x", Place::Window),
            ("/connect/link/x", Place::Window),
            ("/connections/oauth/callback/x?code=x", Place::Window),
            ("/oauth/callback?code=x", Place::Window),
            ("/embed/pub_x?data=x", Place::Opened),
            ("/", Place::Opened),
        ] {
            assert_eq!(place(uri, "document"), Some(expected), "{uri}");
        }
        for uri in ["/embed/pub_x?data=x", "/?data=x"] {
            assert_eq!(place(uri, "iframe"), Some(Place::Frame), "{uri}");
        }
        for uri in [
            "/embed/v1.js",
            "/embed/v1.mjs",
            "/embed.js",
            "/connect/api/flows/x/events",
            "/connect/brand/pub_x/logo-x",
            "/connections/oauth/jwks/x",
            "/v1/vault/connections",
            "/console",
            "/healthz",
        ] {
            assert_eq!(place(uri, "document"), None, "{uri}");
        }
        let sent = TestRequest::post().uri("/connect/done").to_http_request();
        assert!(Later::of(&sent, false).is_none());
        let probe = TestRequest::get()
            .uri("/")
            .insert_header(("accept", "application/json"));
        assert!(Later::of(&probe.to_http_request(), false).is_none());
    }
}
