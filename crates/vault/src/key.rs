//! The master key: it wraps data keys and is the root of the keys that Latchkey derives for itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// Why a text is not a master key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Nothing was given.
    #[error(
        "the master key is empty: give 32 random bytes in base64 or hex, for example from `openssl rand -base64 32`"
    )]
    Empty,
    /// Neither base64 nor hex.
    #[error(
        "the master key is neither base64 nor hex: give 32 random bytes, for example from `openssl rand -base64 32`"
    )]
    Encoding,
    /// Another length than 32 bytes.
    #[error("the master key has {0} bytes, 32 are needed: make one with `openssl rand -base64 32`")]
    Length(usize),
    /// All bytes alike: a placeholder, not a key.
    #[error("the master key is a placeholder (all bytes are equal): make one with `openssl rand -base64 32`")]
    Placeholder,
}

/// What a derived key is for. Each purpose has a key of its own, so that none can be used in place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Wraps data keys.
    Wrap,
    /// Proves at start that the master key is the one of this database.
    Check,
    /// Signs the browser evidence of `/connect/start`.
    Evidence,
    /// Encrypts the journal of refreshed tokens on disk.
    Journal,
    /// Tags entries of the audit log and fingerprints of requests.
    Tag,
    /// Seals what belongs to no project.
    Instance,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Wrap => b"latchkey/v1/wrap",
            Self::Check => b"latchkey/v1/check",
            Self::Evidence => b"latchkey/v1/evidence",
            Self::Journal => b"latchkey/v1/journal",
            Self::Tag => b"latchkey/v1/tag",
            Self::Instance => b"latchkey/v1/instance",
        }
    }
}

/// The key-encryption key, 32 bytes, kept outside of the database. It is never printed and is wiped on drop.
#[derive(ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads a key written as base64 (any alphabet, padded or not) or as 64 hex digits; blanks around it are ignored.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        let bytes = Zeroizing::new(
            if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                hex::decode(text).map_err(|_| KeyError::Encoding)?
            } else {
                let mut standard: String = text
                    .trim_end_matches('=')
                    .chars()
                    .map(|character| match character {
                        '-' => '+',
                        '_' => '/',
                        other => other,
                    })
                    .collect();
                let decoded = STANDARD_NO_PAD.decode(&standard);
                standard.zeroize();
                decoded.map_err(|_| KeyError::Encoding)?
            },
        );
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError::Length(bytes.len()))?;
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(KeyError::Placeholder);
        }
        Ok(Self(key))
    }

    /// A new key from the operating system's random source.
    pub fn generate() -> Self {
        Self(crate::token::random())
    }

    /// The text form that [`MasterKey::parse`] reads, for the key file that development makes.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }

    /// The key for one purpose (HKDF-SHA-256, RFC 5869).
    pub fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0_u8; 32]);
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand(purpose.label(), derived.as_mut());
        debug_assert!(expanded.is_ok(), "32 bytes are within the limit of HKDF-SHA-256");
        derived
    }

    /// A value that is equal for equal keys and tells nothing about them. It is stored with the instance and compared
    /// at start, so that a wrong key is noticed before anything is written with it.
    pub fn check_value(&self) -> [u8; 16] {
        use sha2::Digest as _;
        let digest = Sha256::digest(self.derive(Purpose::Check).as_ref());
        let mut value = [0; 16];
        value.copy_from_slice(&digest[..16]);
        value
    }
}

const STANDARD_NO_PAD: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD_NO_PAD;

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_base64_of_both_alphabets_and_hex() {
        let key = MasterKey::generate();
        let text = key.to_text();
        let same = MasterKey::parse(&format!("  {}\n", text.as_str())).unwrap();
        assert_eq!(same.0, key.0);
        let url_safe = text.replace('+', "-").replace('/', "_").replace('=', "");
        assert_eq!(MasterKey::parse(&url_safe).unwrap().0, key.0);
        assert_eq!(MasterKey::parse(&hex::encode(key.0)).unwrap().0, key.0);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(MasterKey::parse(" ").unwrap_err(), KeyError::Empty);
        assert_eq!(MasterKey::parse("a secret!").unwrap_err(), KeyError::Encoding);
        assert_eq!(MasterKey::parse("c2hvcnQ=").unwrap_err(), KeyError::Length(5));
        assert_eq!(MasterKey::parse(&"0".repeat(64)).unwrap_err(), KeyError::Placeholder);
    }

    #[test]
    fn never_prints_itself() {
        let key = MasterKey::generate();
        assert_eq!(format!("{key:?}"), "MasterKey(redacted)");
    }

    #[test]
    fn purposes_have_different_keys() {
        let key = MasterKey::parse(&hex::encode([7_u8; 31].iter().chain(&[8]).copied().collect::<Vec<_>>())).unwrap();
        assert_ne!(*key.derive(Purpose::Wrap), *key.derive(Purpose::Evidence));
        assert_ne!(*key.derive(Purpose::Check), *key.derive(Purpose::Journal));
        assert_ne!(*key.derive(Purpose::Tag), *key.derive(Purpose::Journal));
    }
}
