//! Secret keys of projects: `sk_test_lk_…` and `sk_live_lk_…`.
//!
//! The published clients need the first two parts; the third keeps secret scanners from taking the key for another
//! vendor's. A checksum refuses mistyped and made-up keys without a question to the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::ZeroizeOnDrop;

use crate::{Digest, Environment, SecretString};

/// A secret key of a project: 32 random bytes and a CRC-32 behind the prefix. Shown once, stored as a digest.
#[derive(ZeroizeOnDrop)]
pub struct ApiKey {
    #[zeroize(skip)]
    environment: Environment,
    text: String,
}

/// A text that is not one of our keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of this server: keys look like sk_test_lk_… or sk_live_lk_…")]
pub struct MalformedApiKey;

/// 43 characters of the random part, 6 of the checksum.
const BODY: usize = 43 + 6;

impl ApiKey {
    /// A new key for one environment.
    pub fn generate(environment: Environment) -> Self {
        // `-` and `_` would end a word when someone double-clicks the key.
        let random = loop {
            let text = URL_SAFE_NO_PAD.encode(crate::token::random::<32>());
            if !text.contains(['-', '_']) {
                break text;
            }
        };
        let prefix = prefix(environment);
        let checksum = checksum(&format!("{prefix}{random}"));
        Self {
            environment,
            text: format!("{prefix}{random}{checksum}"),
        }
    }

    /// Reads a key; wrong prefix, length, alphabet or checksum is refused.
    pub fn parse(text: &str) -> Result<Self, MalformedApiKey> {
        let environment = [Environment::Test, Environment::Live]
            .into_iter()
            .find(|environment| text.starts_with(prefix(*environment)))
            .ok_or(MalformedApiKey)?;
        let body = &text[prefix(environment).len()..];
        if body.len() != BODY || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(MalformedApiKey);
        }
        let (covered, expected) = text.split_at(text.len() - 6);
        if checksum(covered) != expected {
            return Err(MalformedApiKey);
        }
        Ok(Self {
            environment,
            text: text.to_owned(),
        })
    }

    /// The environment that the prefix names.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// What is stored.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.text)
    }

    /// The first characters, for lists: enough to recognise, useless to guess.
    pub fn hint(&self) -> String {
        format!("{}…", &self.text[..prefix(self.environment).len() + 4])
    }

    /// The whole key, for the one time that it is shown.
    pub fn expose(&self) -> SecretString {
        SecretString::from(self.text.clone())
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ApiKey({}redacted)", prefix(self.environment))
    }
}

const fn prefix(environment: Environment) -> &'static str {
    match environment {
        Environment::Test => "sk_test_lk_",
        Environment::Live => "sk_live_lk_",
    }
}

/// CRC-32 of the text before it, in base 62, six characters.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_key_reads_back_and_names_its_environment() {
        for environment in [Environment::Test, Environment::Live] {
            let key = ApiKey::generate(environment);
            let text = key.expose();
            let same = ApiKey::parse(text.expose_secret()).unwrap();
            assert_eq!(same.environment(), environment);
            assert_eq!(same.digest(), key.digest());
            assert!(key.hint().len() < 20);
        }
    }

    #[test]
    fn one_changed_character_is_refused() {
        let key = ApiKey::generate(Environment::Test);
        let text = key.expose().expose_secret().to_owned();
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] = if bytes[position] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ApiKey::parse(&changed).is_err(), "{position}");
        }
        for wrong in ["", "sk_test_", "sk_test_lk_", "sk_prod_lk_abc", &text[..text.len() - 1]] {
            assert!(ApiKey::parse(wrong).is_err());
        }
    }

    #[test]
    fn never_prints_itself() {
        let key = ApiKey::generate(Environment::Live);
        assert_eq!(format!("{key:?}"), "ApiKey(sk_live_lk_redacted)");
    }
}
