//! OAuth 1.0a (RFC 5849): temporary credentials, the person's consent, token credentials, and signed calls.

mod grant;
mod signature;
mod signer;

use std::collections::BTreeMap;

use catalog::{Inputs, OAuth1};
use secrecy::SecretString;
use vault::OAuth1Token;

pub(crate) use self::signer::{SignError, Signer};

/// A client of a service: a definition's sign-in with the app of one project.
#[derive(Clone)]
pub struct OAuth1Client<'a> {
    /// The sign-in.
    pub method: &'a OAuth1,
    /// The app's client id, here called the consumer key.
    pub consumer_key: &'a str,
    /// The app's client secret.
    pub consumer_secret: Option<&'a SecretString>,
    /// `variables` and `instance`.
    pub inputs: Inputs<'a>,
}

impl std::fmt::Debug for OAuth1Client<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OAuth1Client")
            .field("consumer_key", &self.consumer_key)
            .finish_non_exhaustive()
    }
}

/// What came of a sign-in.
#[derive(Clone, Debug)]
pub struct OAuth1Granted {
    /// The token credentials.
    pub token: OAuth1Token,
    /// Lifetime in seconds, where the definition says one.
    pub expires_in: Option<u64>,
    /// Values to keep with the connection as variables, checked against the definition.
    pub learned: BTreeMap<String, String>,
    /// Variables whose value in the answer is not what the definition allows: there must be no connection then.
    pub forbidden: Vec<String>,
}
