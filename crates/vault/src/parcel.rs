//! Secrets on their way to another instance: a file in the age format (<https://age-encryption.org/v1>), encrypted for the
//! public key that the other side made.

use age::x25519::Identity;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Why a parcel was not made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// Not a public key.
    #[error("this is no public key: it begins with `age1`, and `latchkey connections export-key` prints one")]
    Recipient,
    /// Not a private key.
    #[error(
        "this is no private key: it begins with `AGE-SECRET-KEY-1`, and `latchkey connections export-key` writes one"
    )]
    Key,
    /// The operating system gave no randomness, or memory ran out.
    #[error("the parcel could not be encrypted; try again")]
    NotEncrypted,
    /// Encrypted for another key, damaged, or no parcel at all.
    #[error("the parcel does not open: it was encrypted for another key, or was changed on its way")]
    NotOpened,
}

/// The private key that opens parcels. Never printed.
pub struct ParcelKey(Identity);

impl ParcelKey {
    /// A new one.
    pub fn generate() -> Self {
        Self(Identity::generate())
    }

    /// Reads what [`ParcelKey::to_text`] wrote; blanks around it and lines that begin with `#` are ignored.
    pub fn parse(text: &str) -> Result<Self, ParcelError> {
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        line.and_then(|line| line.parse().ok())
            .map(Self)
            .ok_or(ParcelError::Key)
    }

    /// The text to keep in a file that nobody else reads.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(self.0.to_string().expose_secret().to_owned())
    }

    /// The public half, for whoever makes parcels.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// Opens a parcel.
    pub fn open(&self, parcel: &[u8]) -> Result<Zeroizing<Vec<u8>>, ParcelError> {
        age::decrypt(&self.0, parcel)
            .map(Zeroizing::new)
            .map_err(|_| ParcelError::NotOpened)
    }
}

impl std::fmt::Debug for ParcelKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ParcelKey(redacted)")
    }
}

/// The public key of whoever opens a parcel.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

impl Recipient {
    /// Encrypts for this key.
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, ParcelError> {
        age::encrypt(&self.0, plaintext).map_err(|_| ParcelError::NotEncrypted)
    }
}

impl std::str::FromStr for Recipient {
    type Err = ParcelError;

    fn from_str(text: &str) -> Result<Self, ParcelError> {
        text.trim().parse().map(Self).map_err(|_| ParcelError::Recipient)
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Recipient({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_the_recipient_opens() {
        let key = ParcelKey::generate();
        let recipient: Recipient = key.recipient().to_string().parse().unwrap();
        let mut parcel = recipient.seal(b"canary").unwrap();
        assert!(!parcel.windows(6).any(|six| six == b"canary"));
        let same = ParcelKey::parse(&format!("# a comment\n{}\n", key.to_text().expose_secret())).unwrap();
        assert_eq!(same.open(&parcel).unwrap().as_slice(), b"canary");
        assert_eq!(ParcelKey::generate().open(&parcel).unwrap_err(), ParcelError::NotOpened);
        *parcel.last_mut().unwrap() ^= 1;
        assert_eq!(key.open(&parcel).unwrap_err(), ParcelError::NotOpened);
        assert_eq!(key.open(b"").unwrap_err(), ParcelError::NotOpened);
    }

    #[test]
    fn keys_are_told_apart_and_not_printed() {
        let key = ParcelKey::generate();
        assert_eq!(format!("{key:?}"), "ParcelKey(redacted)");
        assert_eq!(
            ParcelKey::parse(&key.recipient().to_string()).unwrap_err(),
            ParcelError::Key
        );
        assert_eq!(
            key.to_text().expose_secret().parse::<Recipient>().unwrap_err(),
            ParcelError::Recipient
        );
    }
}
