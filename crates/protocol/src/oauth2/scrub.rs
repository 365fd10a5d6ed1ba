//! Taking secrets and markup out of what a service says, before it is stored or shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// The longest text of a service that is kept, in characters.
const MESSAGE_LIMIT: usize = 300;
/// The longest error code that is kept.
const CODE_LIMIT: usize = 64;
/// A beginning of a secret of this length counts as the secret: services cut what they echo.
const TELLING: usize = 8;

/// The secrets of one request, in every spelling in which an answer may echo them.
#[derive(Clone, Default)]
pub(crate) struct Scrub {
    secrets: Vec<Zeroizing<String>>,
}

impl Scrub {
    /// Adds a secret that is sent.
    pub(crate) fn add(&mut self, secret: &SecretString) {
        self.add_text(secret.expose_secret());
    }

    /// Adds both halves of Basic authentication as they go over the wire.
    pub(crate) fn add_basic(&mut self, id_and_secret: &str) {
        self.add_text(&STANDARD.encode(id_and_secret));
    }

    fn add_text(&mut self, secret: &str) {
        if secret.chars().count() < 4 {
            return;
        }
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let percent = form.replace('+', "%20");
        for spelling in [secret.to_owned(), form, percent] {
            let spelling = Zeroizing::new(spelling);
            if !self.secrets.contains(&spelling) {
                self.secrets.push(spelling);
            }
        }
    }

    /// How many bytes at the start of a text are a secret or its telling beginning.
    fn secret_at(&self, text: &str) -> Option<usize> {
        let shared = |secret: &Zeroizing<String>| {
            let same = text
                .char_indices()
                .zip(secret.chars())
                .take_while(|((_, left), right)| left == right)
                .count();
            let enough = same == secret.chars().count() || same >= TELLING;
            enough.then(|| text.chars().take(same).map(char::len_utf8).sum())
        };
        self.secrets.iter().filter_map(shared).max()
    }

    fn without_secrets(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some(length) = self.secret_at(rest) {
                clean.push_str("[hidden]");
                rest = &rest[length..];
            } else {
                clean.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        clean
    }

    /// A text for people: no secret, no control character, no markup, at most 300 characters.
    pub(crate) fn message(&self, text: &str) -> Option<String> {
        // Nothing behind this point can survive the cut below.
        let text: String = text.chars().take(8 * MESSAGE_LIMIT).collect();
        let clean = self.without_secrets(&text);
        let words = plain(&clean).split_whitespace().collect::<Vec<_>>().join(" ");
        let mut short: String = words.chars().take(MESSAGE_LIMIT).collect();
        if short.len() < words.len() {
            short.pop();
            short.push('…');
        }
        (!short.is_empty()).then_some(short)
    }

    /// The beginning of an answer of any kind, at most so many bytes: no secret, no control character, no markup.
    pub(crate) fn excerpt(&self, text: &str, bytes: usize) -> Option<String> {
        let clean = self.without_secrets(text);
        let mut short = String::new();
        for word in plain(&clean).split_whitespace() {
            let space = usize::from(!short.is_empty());
            let room = bytes.saturating_sub(short.len() + space);
            if room == 0 {
                break;
            }
            if space == 1 {
                short.push(' ');
            }
            short.push_str(&word[..word.floor_char_boundary(room)]);
        }
        (!short.is_empty()).then_some(short)
    }

    /// A text of ours that goes out: no secret, everything else as it is.
    pub(crate) fn text(&self, text: &str) -> String {
        self.without_secrets(text)
    }

    /// An error code: no secret, only the letters that codes have.
    pub(crate) fn code(&self, text: &str) -> Option<String> {
        let clean = self.without_secrets(text.trim());
        let like_a_code = !clean.is_empty()
            && clean.len() <= CODE_LIMIT
            && clean
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':'));
        like_a_code.then_some(clean)
    }
}

/// Without control characters and markup.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| {
            if letter.is_control() || matches!(letter, '<' | '>') {
                ' '
            } else {
                letter
            }
        })
        .collect()
}

/// Letters without a form of their own that reorder or hide the text around them.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(secrets: &[&str]) -> Scrub {
        let mut scrub = Scrub::default();
        for secret in secrets {
            scrub.add(&SecretString::from(*secret));
        }
        scrub
    }

    #[test]
    fn no_spelling_of_a_secret_survives() {
        let scrub = scrub(&["p:%+&é/= canary", "rt-canary-0123456789"]);
        for echo in [
            "bad secret p:%+&é/= canary",
            "bad secret p%3A%25%2B%26%C3%A9%2F%3D+canary!",
            "bad secret p%3A%25%2B%26%C3%A9%2F%3D%20canary!",
            "token rt-canary-0123456789 is gone",
            "token rt-canary-012... is gone",
            "rt-canary-0123456789rt-canary-0123456789",
        ] {
            let message = scrub.message(echo).unwrap();
            assert!(!message.contains("canary"), "{message}");
            assert!(message.contains("[hidden]"), "{message}");
        }
        assert_eq!(scrub.code("rt-canary-0123456789"), None);
    }

    #[test]
    fn basic_credentials_are_hidden_too() {
        let mut scrub = Scrub::default();
        scrub.add_basic("id:canary-secret");
        assert_eq!(
            scrub.message("got Basic aWQ6Y2FuYXJ5LXNlY3JldA==").unwrap(),
            "got Basic [hidden]"
        );
    }

    #[test]
    fn a_text_becomes_plain_and_short() {
        let scrub = Scrub::default();
        assert_eq!(
            scrub.message("a <b>bold</b>\r\n\tword\u{202e}x\u{0}").unwrap(),
            "a b bold /b wordx"
        );
        assert_eq!(scrub.message(" \n "), None);
        let long = scrub.message(&"ä".repeat(10_000)).unwrap();
        assert_eq!(long.chars().count(), 300);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_secret_across_the_cut_is_hidden_as_a_whole() {
        let scrub = scrub(&["canary-canary-canary"]);
        for padding in 270..310 {
            let message = scrub
                .message(&format!("{}canary-canary-canary", "x".repeat(padding)))
                .unwrap();
            assert!(!message.contains("can"), "{message}");
        }
    }

    #[test]
    fn an_excerpt_is_as_long_as_allowed_and_hides_the_same() {
        let scrub = scrub(&["whsec_canary-canary-canary"]);
        let echo = format!("<p>{}</p>\r\n whsec_canary-canary-canary", "é ".repeat(100));
        let whole = scrub.excerpt(&echo, 2048).unwrap();
        assert!(whole.starts_with("p é é") && whole.ends_with("/p [hidden]"), "{whole}");
        for bytes in 1..60 {
            let short = scrub.excerpt(&echo, bytes).unwrap();
            assert!(short.len() <= bytes && whole.starts_with(&short), "{short}");
        }
        assert_eq!(scrub.excerpt(" \n", 2048), None);
    }

    #[test]
    fn codes_look_like_codes() {
        let scrub = Scrub::default();
        assert_eq!(scrub.code(" invalid_grant ").as_deref(), Some("invalid_grant"));
        assert_eq!(scrub.code("AADSTS70008:x").as_deref(), Some("AADSTS70008:x"));
        for bad in ["", "two words", "<b>", "é", &"x".repeat(65)] {
            assert_eq!(scrub.code(bad), None, "{bad}");
        }
    }
}
