//! Tokens: 256 bits from the operating system, written as 43 base64url characters, stored as SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Fresh bytes from the operating system at each call, so that copies of a process never repeat them.
#[expect(
    clippy::expect_used,
    reason = "without randomness from the operating system nothing may go on"
)]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// An unguessable value: a session's request id, a ticket, a state, a cookie, a completion code.
///
/// Only [`Token::expose`] gives the text; printing it shows nothing.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Token([u8; 32]);

impl Token {
    /// Characters of a token's text.
    pub const LENGTH: usize = 43;

    /// A new token.
    pub fn generate() -> Self {
        Self(random())
    }

    /// From 32 bytes that nobody can guess.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the 43 base64url characters of a token; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::LENGTH {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self(bytes.as_slice().try_into().ok()?))
    }

    /// The text that goes to whoever may have it.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored. A slow hash is not needed: the value has full entropy.
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.0).into())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(redacted)")
    }
}

/// The SHA-256 of a secret, as the database keeps it. Compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of any text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// From the database.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// For the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl std::fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Digest({}…)", hex::encode(&self.0[..4]))
    }
}

/// Four characters that a person compares or types between two windows. No look-alikes, no vowels; it is useless alone.
pub fn human_code() -> String {
    const ALPHABET: &[u8; 28] = b"BCDFGHJKLMNPQRSTVWXYZ2346789";
    let mut code = String::with_capacity(4);
    while code.len() < 4 {
        let [byte] = random::<1>();
        // 252 is the largest multiple of 28 in a byte: above it the first letters would come more often.
        if byte < 252 {
            code.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back() {
        let token = Token::generate();
        let text = token.expose();
        assert_eq!(text.len(), Token::LENGTH);
        assert!(!text.contains('~'));
        assert_eq!(Token::parse(&text).unwrap().digest(), token.digest());
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let text = Token::generate().expose();
        for wrong in [
            "",
            "short",
            &text[1..],
            &format!("{text}a"),
            &text.replacen(&text[..1], "~", 1),
        ] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn tokens_never_print_or_repeat() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let token = Token::generate();
            assert!(seen.insert(token.expose()));
            assert_eq!(format!("{token:?}"), "Token(redacted)");
        }
    }

    #[test]
    fn codes_are_four_plain_characters() {
        for _ in 0..1_000 {
            let code = human_code();
            assert_eq!(code.len(), 4);
            assert!(
                code.chars().all(|c| "BCDFGHJKLMNPQRSTVWXYZ2346789".contains(c)),
                "{code}"
            );
        }
    }
}
