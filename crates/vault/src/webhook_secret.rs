//! Signing secrets of webhooks, in the form of the Standard Webhooks specification: `whsec_` and base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::SecretString;

const PREFIX: &str = "whsec_";

/// The key that signs deliveries to one endpoint: 24 to 64 bytes. Shown when it is made, sealed in the database.
#[derive(Clone, ZeroizeOnDrop)]
pub struct WebhookSecret(Vec<u8>);

/// A text that is not a signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signing secret is `whsec_` and 24 to 64 random bytes in base64: leave it out to get one, or make one from `openssl rand -base64 32`"
)]
pub struct MalformedWebhookSecret;

impl WebhookSecret {
    /// 32 random bytes.
    pub fn generate() -> Self {
        Self(crate::token::random::<32>().to_vec())
    }

    /// Reads a secret with its prefix; padding may be missing.
    pub fn parse(text: &str) -> Result<Self, MalformedWebhookSecret> {
        let body = text.trim().strip_prefix(PREFIX).ok_or(MalformedWebhookSecret)?;
        let bytes = STANDARD_NO_PAD
            .decode(body.trim_end_matches('='))
            .map_err(|_| MalformedWebhookSecret)?;
        Self::from_bytes(&bytes)
    }

    /// From the database.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedWebhookSecret> {
        if !(24..=64).contains(&bytes.len()) {
            return Err(MalformedWebhookSecret);
        }
        Ok(Self(bytes.to_vec()))
    }

    /// For sealing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text that goes to whoever made the endpoint.
    pub fn expose(&self) -> SecretString {
        let body = Zeroizing::new(STANDARD.encode(&self.0));
        SecretString::from(format!("{PREFIX}{}", body.as_str()))
    }

    /// HMAC-SHA-256 (RFC 2104) over the parts, one after the other.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn keyed(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0).expect("a key of any length")
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WebhookSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_reads_back_and_never_prints() {
        let secret = WebhookSecret::generate();
        let text = secret.expose();
        let text = text.expose_secret();
        assert!(text.starts_with("whsec_"));
        assert_eq!(WebhookSecret::parse(text).unwrap().0, secret.0);
        assert_eq!(WebhookSecret::parse(text.trim_end_matches('=')).unwrap().0, secret.0);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(redacted)");
    }

    #[test]
    fn short_long_and_foreign_ones_are_refused() {
        for bytes in [0, 23, 65, 100] {
            let text = format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
            assert_eq!(
                WebhookSecret::parse(&text).unwrap_err(),
                MalformedWebhookSecret,
                "{bytes}"
            );
        }
        for bytes in [24, 64] {
            WebhookSecret::parse(&format!("whsec_{}", STANDARD.encode(vec![7; bytes]))).unwrap();
        }
        for text in ["", "whsec_", "secret", "whsec_!!!", &STANDARD.encode([7; 32])] {
            assert!(WebhookSecret::parse(text).is_err(), "{text}");
        }
    }

    /// The known answer is OpenSSL's: `printf abc | openssl dgst -sha256 -mac HMAC -macopt hexkey:…`.
    #[test]
    fn signs_as_others_do() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let whole = secret.sign(&[b"abc"]);
        assert_eq!(whole, secret.sign(&[b"a", b"b", b"", b"c"]));
        assert_eq!(
            hex::encode(whole),
            "d5dd680361d5d11edfc7da7a8e8ed3e8a15bcc6c87cfd343a4fa3f724fc60abf"
        );
    }
}
