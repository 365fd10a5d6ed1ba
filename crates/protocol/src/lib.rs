//! How services are spoken to.
//!
//! Here lives the one guarded outbound client, the OAuth 2 client (authorize, exchange, refresh, revoke), the check that
//! proves a credential, the building of passed-through calls, and mail through the operator's mail server. What a service wants is read from its definition;
//! nothing about a particular service is written here.
//!
//! What never lives here: a database, a web framework, or any rule about who may call what.

mod calls;
mod check;
mod choices;
mod clock;
pub mod egress;
mod login;
pub mod mail;
mod oauth1;
pub mod oauth2;
pub mod openid;
pub mod passthrough;
mod retry_after;
mod signing;
#[cfg(test)]
mod testing;
mod webhook;

use std::sync::Arc;

pub use check::{Account, CheckError};
pub use choices::{CHOICES_LIMIT, Choice, Choices};
pub use clock::Clock;
pub use egress::{AllowedOrigin, BodyStream, Egress, EgressError, EgressPolicy, body_of};
pub use login::{AppClient, Issued};
pub use oauth1::{OAuth1Client, OAuth1Granted};
pub use oauth2::{
    Client, Discovery, DpopKey, ExpectedIssuer, FailureClass, Granted, NonceWanted, PkceVerifier, Revocation,
    TokenError, is_reserved_parameter,
};
pub use openid::RelyingParty;
pub use passthrough::PassthroughError;
pub use retry_after::{RETRY_AFTER_LIMIT, retry_after};
pub use signing::{SigningKey, UnusableKey};
pub use webhook::{EXCERPT_LIMIT, SENT_LIMIT, SentWebhook, WEBHOOK_TIMEOUT, WebhookAnswer, WebhookRequest};

/// Everything that speaks to services: the guarded client and what is remembered about authorization servers. Cloning
/// shares both.
#[derive(Clone, Debug)]
pub struct Protocol {
    egress: Egress,
    discovery: Arc<Discovery>,
    nonces: Arc<oauth2::Nonces>,
    clock: Clock,
}

impl Protocol {
    /// Speaks through this client.
    pub fn new(egress: Egress) -> Self {
        Self {
            egress,
            discovery: Arc::default(),
            nonces: Arc::default(),
            clock: Clock::default(),
        }
    }

    /// The same by another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// The guarded client, for calls that are no sign-in, such as webhooks.
    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    fn nonces(&self) -> &oauth2::Nonces {
        &self.nonces
    }

    fn discovery(&self) -> &Discovery {
        &self.discovery
    }
}
