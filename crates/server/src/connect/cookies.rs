//! The cookies of the connect flow (connect-flow §2.3). None authorises anything by itself.

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
        read(request.headers(), self.name(secure)).and_then(Token::parse)
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
fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all("cookie")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// L: the language that the embedding page chose, for the pages of a sign-in. No secret, and no identity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Language;

impl Language {
    const fn name(secure: bool) -> &'static str {
        if secure { "__Host-lk_l" } else { "lk_l" }
    }

    /// The tag as it was sent; whoever reads it compares it with the languages there are.
    pub(crate) fn read(request: &HttpRequest, secure: bool) -> Option<String> {
        read(request.headers(), Self::name(secure)).map(ToOwned::to_owned)
    }

    /// The `Set-Cookie` value: as long as B, and gone at once where the embedding page chose nothing.
    pub(crate) fn write(chosen: Option<&'static str>, secure: bool) -> String {
        let name = Self::name(secure);
        let (value, age) = chosen.map_or(("", 0), |tag| (tag, 900));
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={age}{secure}; HttpOnly; SameSite=Lax")
    }
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
    fn the_language_comes_back_and_goes() {
        for secure in [true, false] {
            let set = Language::write(Some("pt-BR"), secure);
            assert_eq!(set.contains("Secure"), secure);
            let pair = set.split(';').next().unwrap().to_owned();
            assert_eq!(Language::read(&request(pair), secure).as_deref(), Some("pt-BR"));
            assert!(Language::write(None, secure).contains("Max-Age=0"));
        }
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
