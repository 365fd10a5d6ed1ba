//! The two cookies of the connect flow (connect-flow §2.3). Neither authorises anything by itself.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use vault::Token;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// B: one browser, first-party, so that a callback comes back to where the flow started.
    Browser,
    /// E: one browser in one partition, only evidence.
    Embed,
}

impl Kind {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Browser, true) => "__Host-lk_b",
            (Self::Browser, false) => "lk_b",
            (Self::Embed, true) => "__Host-lk_e",
            (Self::Embed, false) => "lk_e",
        }
    }

    /// The cookie's value, when it has the shape of a token. Without https on our side the prefixed names mean nothing,
    /// and with it the plain ones are never read.
    pub(crate) fn read(self, request: &HttpRequest, secure: bool) -> Option<Token> {
        if self == Self::Embed && !secure {
            return None;
        }
        read(request.headers(), self.name(secure))
    }

    /// The `Set-Cookie` value. `None` where the cookie cannot be set: E needs https.
    pub(crate) fn write(self, token: &Token, secure: bool) -> Option<String> {
        let name = self.name(secure);
        let value = token.expose();
        match (self, secure) {
            (Self::Browser, true) => Some(format!(
                "{name}={value}; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax"
            )),
            (Self::Browser, false) => Some(format!("{name}={value}; Path=/; Max-Age=900; HttpOnly; SameSite=Lax")),
            (Self::Embed, true) => Some(format!(
                "{name}={value}; Path=/; Max-Age=1800; Secure; HttpOnly; SameSite=None; Partitioned"
            )),
            (Self::Embed, false) => None,
        }
    }
}

/// The first cookie of that name.
fn read(headers: &HeaderMap, name: &str) -> Option<Token> {
    headers
        .get_all("cookie")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .and_then(|(_, value)| Token::parse(value))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(cookie: String) -> HttpRequest {
        TestRequest::get().insert_header(("cookie", cookie)).to_http_request()
    }

    #[test]
    fn they_come_back() {
        let token = Token::generate();
        for (kind, secure) in [(Kind::Browser, true), (Kind::Browser, false), (Kind::Embed, true)] {
            let set = kind.write(&token, secure).unwrap();
            let pair = set.split(';').next().unwrap();
            let found = kind.read(&request(format!("other=1; {pair}")), secure).unwrap();
            assert_eq!(found.digest(), token.digest());
            assert!(
                set.contains("HttpOnly") && set.contains("Path=/") && set.contains("Secure") == secure,
                "{set}"
            );
        }
    }

    #[test]
    fn plain_names_do_not_count_under_https() {
        let value = Token::generate().expose();
        assert!(Kind::Browser.read(&request(format!("lk_b={value}")), true).is_none());
        assert!(
            Kind::Browser
                .read(&request(format!("__Host-lk_b={value}")), false)
                .is_none()
        );
        assert!(Kind::Embed.read(&request(format!("lk_e={value}")), false).is_none());
        assert!(Kind::Embed.write(&Token::generate(), false).is_none());
    }

    #[test]
    fn malformed_values_are_none() {
        assert!(
            Kind::Browser
                .read(&request("__Host-lk_b=short".to_owned()), true)
                .is_none()
        );
        assert!(Kind::Browser.read(&request("__Host-lk_b".to_owned()), true).is_none());
    }
}
