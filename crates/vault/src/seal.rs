//! The format of sealed values. It is for ever: `tests/sealed.known.json` keeps it.
//!
//! ```text
//! "LK" | version 1 | algorithm 1 | key id (16) | nonce (24) | ciphertext and tag
//! ```
//!
//! Algorithm 1 is XAES-256-GCM (C2SP): a 192-bit random nonce and a key derived per value, so there is neither a count
//! of uses to keep nor a birthday limit. The header and the place of the value are its associated data: bytes that were
//! moved to another row, column, environment or generation do not open.

use uuid::Uuid;
use xaes_256_gcm::Xaes256Gcm;
use xaes_256_gcm::aead::{Aead as _, KeyInit as _, Payload};
use zeroize::Zeroizing;

use crate::Environment;

const MAGIC: [u8; 2] = *b"LK";
const VERSION: u8 = 1;
const XAES_256_GCM: u8 = 1;
const HEADER: usize = 20;
pub(crate) const NONCE: usize = 24;
const TAG: usize = 16;

/// Where a sealed value lives. It opens only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The project that owns the value.
    pub project: Uuid,
    /// Its environment.
    pub environment: Environment,
    /// The row: a connection, a flow, an app.
    pub record: Uuid,
    /// The column, as `table.column`.
    pub column: &'static str,
    /// The generation of the row's value; 0 where values are not replaced.
    pub generation: i64,
}

impl Place {
    fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        let mut data = Vec::with_capacity(header.len() + 42 + self.column.len());
        data.extend_from_slice(header);
        data.extend_from_slice(self.project.as_bytes());
        data.push(match self.environment {
            Environment::Test => 0,
            Environment::Live => 1,
        });
        data.extend_from_slice(self.record.as_bytes());
        data.extend_from_slice(&self.generation.to_be_bytes());
        // Last, so that its length needs no prefix.
        data.extend_from_slice(self.column.as_bytes());
        data
    }
}

/// Why a sealed value did not open. The text never tells more than the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No header of ours.
    #[error("the sealed value has no known header")]
    Header,
    /// A version or algorithm of a later release.
    #[error("the sealed value was written by a newer version")]
    Newer,
    /// The tag does not fit: another key, another place, or changed bytes.
    #[error("the sealed value does not belong here or was changed")]
    Refused,
}

/// A sealed value, as the database keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// From the database. The header is checked when it is opened.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// For the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is different in each value of one key.
    pub(crate) fn without_header(&self) -> &[u8] {
        self.0.get(HEADER..).unwrap_or_default()
    }

    /// The other way round.
    pub(crate) fn under_header(key_id: Uuid, rest: &[u8]) -> Self {
        Self([header(key_id).as_slice(), rest].concat())
    }

    /// The key that sealed it.
    pub fn key_id(&self) -> Result<Uuid, SealError> {
        let header = self.0.get(..HEADER).ok_or(SealError::Header)?;
        if header[..2] != MAGIC {
            return Err(SealError::Header);
        }
        if header[2] != VERSION || header[3] != XAES_256_GCM {
            return Err(SealError::Newer);
        }
        Uuid::from_slice(&header[4..]).map_err(|_| SealError::Header)
    }

    pub(crate) fn seal(key: &[u8; 32], key_id: Uuid, place: &Place, plaintext: &[u8]) -> Self {
        Self::seal_with_nonce(key, key_id, place, plaintext, &crate::token::random())
    }

    /// The same with a nonce of the caller's: never one of another value under the same key.
    #[expect(clippy::expect_used, reason = "encryption fails only above 64 GiB")]
    pub(crate) fn seal_with_nonce(
        key: &[u8; 32],
        key_id: Uuid,
        place: &Place,
        plaintext: &[u8],
        nonce: &[u8; NONCE],
    ) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + NONCE + plaintext.len() + TAG);
        bytes.extend_from_slice(&header(key_id));
        let aad = place.associated_data(&bytes);
        let ciphertext = Xaes256Gcm::new(key.into())
            .encrypt(
                nonce.into(),
                Payload {
                    msg: plaintext,
                    aad: &aad,
                },
            )
            .expect("a plaintext of this size can be sealed");
        bytes.extend_from_slice(nonce);
        bytes.extend_from_slice(&ciphertext);
        Self(bytes)
    }

    pub(crate) fn open(&self, key: &[u8; 32], place: &Place) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.key_id()?;
        let (header, rest) = self.0.split_at(HEADER);
        if rest.len() < NONCE + TAG {
            return Err(SealError::Header);
        }
        let (nonce, ciphertext) = rest.split_at(NONCE);
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| SealError::Header)?;
        Xaes256Gcm::new(key.into())
            .decrypt(
                (&nonce).into(),
                Payload {
                    msg: ciphertext,
                    aad: &place.associated_data(header),
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| SealError::Refused)
    }
}

fn header(key_id: Uuid) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&MAGIC);
    header[2..4].copy_from_slice(&[VERSION, XAES_256_GCM]);
    header[4..].copy_from_slice(key_id.as_bytes());
    header
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> Place {
        Place {
            project: Uuid::from_u128(1),
            environment: Environment::Test,
            record: Uuid::from_u128(2),
            column: "credentials.sealed",
            generation: 3,
        }
    }

    /// The known answers: a change of the format that cannot read old rows fails here.
    #[test]
    fn known_answers_open_and_are_reproduced() {
        let cases: Vec<serde_json::Value> = serde_json::from_str(include_str!("../tests/sealed.known.json")).unwrap();
        assert!(cases.len() >= 3);
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap().to_owned();
            let key: [u8; 32] = hex::decode(text("key")).unwrap().try_into().unwrap();
            let nonce: [u8; NONCE] = hex::decode(text("nonce")).unwrap().try_into().unwrap();
            let place = Place {
                project: text("project").parse().unwrap(),
                environment: text("environment").parse().unwrap(),
                record: text("record").parse().unwrap(),
                column: Box::leak(text("column").into_boxed_str()),
                generation: case["generation"].as_i64().unwrap(),
            };
            let sealed = Sealed::seal_with_nonce(
                &key,
                text("key_id").parse().unwrap(),
                &place,
                text("plaintext").as_bytes(),
                &nonce,
            );
            assert_eq!(hex::encode(sealed.as_bytes()), text("sealed"));
            assert_eq!(
                sealed.open(&key, &place).unwrap().as_slice(),
                text("plaintext").as_bytes()
            );
        }
    }

    /// The second vector of the C2SP specification of XAES-256-GCM, so that the cipher is the published one.
    #[test]
    fn the_cipher_is_the_published_one() {
        let cipher = Xaes256Gcm::new(&[3_u8; 32].into());
        let sealed = cipher
            .encrypt(
                b"ABCDEFGHIJKLMNOPQRSTUVWX".into(),
                Payload {
                    msg: b"XAES-256-GCM",
                    aad: b"c2sp.org/XAES-256-GCM",
                },
            )
            .unwrap();
        assert_eq!(
            hex::encode(sealed),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
        );
    }

    #[test]
    fn opens_only_in_its_place() {
        let key = [9; 32];
        let sealed = Sealed::seal(&key, Uuid::from_u128(4), &place(), b"canary");
        assert_eq!(sealed.open(&key, &place()).unwrap().as_slice(), b"canary");
        let elsewhere = [
            Place {
                project: Uuid::from_u128(9),
                ..place()
            },
            Place {
                environment: Environment::Live,
                ..place()
            },
            Place {
                record: Uuid::from_u128(9),
                ..place()
            },
            Place {
                column: "flows.sealed",
                ..place()
            },
            Place {
                generation: 4,
                ..place()
            },
        ];
        for wrong in elsewhere {
            assert_eq!(sealed.open(&key, &wrong).unwrap_err(), SealError::Refused, "{wrong:?}");
        }
        assert_eq!(sealed.open(&[8; 32], &place()).unwrap_err(), SealError::Refused);
    }

    #[test]
    fn each_changed_byte_is_noticed() {
        let key = [9; 32];
        let sealed = Sealed::seal(&key, Uuid::from_u128(4), &place(), b"canary");
        for position in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[position] ^= 1;
            assert!(Sealed::from_bytes(bytes).open(&key, &place()).is_err(), "{position}");
        }
    }

    #[test]
    fn a_later_format_is_named() {
        let mut bytes = Sealed::seal(&[9; 32], Uuid::from_u128(4), &place(), b"x")
            .as_bytes()
            .to_vec();
        bytes[2] = 2;
        assert_eq!(Sealed::from_bytes(bytes).key_id().unwrap_err(), SealError::Newer);
    }

    proptest! {
        #[test]
        fn junk_never_opens_or_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Sealed::from_bytes(bytes).open(&[1; 32], &place()).is_err());
        }
    }
}
