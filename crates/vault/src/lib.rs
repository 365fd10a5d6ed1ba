//! Keys, sealed values, secret types and tokens.
//!
//! Here lives everything that touches key material: the wrapping key and the ring of data keys, the format in which
//! values are sealed, the types that hold secrets without ever printing them, and the minting and hashing of tokens.
//!
//! What never lives here: a database, a clock, a web framework, or any rule about who may read what.

mod api_key;
mod credential;
mod journal;
mod key;
mod parcel;
mod ring;
mod seal;
mod token;
mod webhook_secret;

pub use api_key::{ApiKey, MalformedApiKey};
pub use credential::{Credential, CredentialError, Fields, IssuedToken, OAuth1Token, OAuth2Tokens, RegisteredClient};
pub use journal::JournalKey;
pub use key::{KeyError, MasterKey, Purpose};
pub use parcel::{ParcelError, ParcelKey, Recipient};
pub use ring::{DataKey, DataKeyId, KeyRing, OpenError, UnknownDataKey, WrappedDataKey};
pub use seal::{Place, SealError, Sealed};
pub use secrecy::{ExposeSecret, SecretString};
pub use token::{Digest, Token, human_code};
pub use webhook_secret::{MalformedWebhookSecret, WebhookSecret};

/// The two worlds of a project. Every key, setting and connection belongs to one; nothing crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// For development and automated tests; the sandbox integration exists only here.
    Test,
    /// For real accounts.
    Live,
}

impl Environment {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that is neither `test` nor `live`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an environment: write `test` or `live`")]
pub struct UnknownEnvironment(pub String);

impl std::str::FromStr for Environment {
    type Err = UnknownEnvironment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "test" => Ok(Self::Test),
            "live" => Ok(Self::Live),
            other => Err(UnknownEnvironment(other.to_owned())),
        }
    }
}
