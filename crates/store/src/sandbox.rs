//! The state of the built-in sandbox: its clients, grants, codes, tokens and items.
//!
//! Codes, tokens and client secrets are kept as digests, and time is the database's, so that any replica can answer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vault::{Digest, SecretString, Token};
use zeroize::Zeroizing;

use crate::{Store, StoreError};

mod clients;
mod fault_rows;
pub mod faults;
mod grants;
mod items;
mod rotation;

pub use fault_rows::{FaultSetting, GrantId, Met};
pub use faults::{Fault, FaultedCall, Faults, InvalidFaults, Revocation};

/// A code is good for this long.
pub const CODE_LIFETIME: Duration = Duration::from_mins(1);
/// A refresh token that nobody uses lapses after this long.
pub const REFRESH_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Codes of one client that may wait at once. More are refused: anyone with a browser can ask for one.
pub const OPEN_CODES: i64 = 1_000;
/// Items kept for one owner; the oldest give way.
pub const ITEMS_PER_OWNER: i64 = 100;
/// Items kept for all API keys together: such a key is free to invent.
pub const ITEMS_BY_KEY: i64 = 10_000;
/// An added item is kept for this long.
pub const ITEM_LIFETIME: Duration = Duration::from_hours(24);

/// An OAuth client with its secret, as an application would have got it from a provider.
#[derive(Clone, Debug)]
pub struct Client {
    /// The public half.
    pub client_id: String,
    /// The secret half.
    pub client_secret: SecretString,
}

/// A client as the sandbox's own endpoints see it.
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// The row.
    pub id: Uuid,
    /// Its project's name, for the consent page.
    pub project_name: String,
    /// SHA-256 of its secret.
    pub secret_digest: Digest,
}

/// A person who has an account at the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// The first.
    Ann,
    /// The second.
    Ben,
}

impl Account {
    /// The name in the database and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ann => "ann",
            Self::Ben => "ben",
        }
    }
}

impl std::str::FromStr for Account {
    type Err = UnknownAccount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ann" => Ok(Self::Ann),
            "ben" => Ok(Self::Ben),
            _ => Err(UnknownAccount),
        }
    }
}

/// The text names no account of the sandbox.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox has the accounts `ann` and `ben`")]
pub struct UnknownAccount;

/// What a person allowed on the consent page.
#[derive(Clone, Debug)]
pub struct Consent<'a> {
    /// The client that asked.
    pub client: Uuid,
    /// Where the code goes.
    pub redirect_uri: &'a str,
    /// SHA-256 of the PKCE verifier (RFC 7636 §4.2).
    pub code_challenge: Digest,
    /// Who allowed it.
    pub account: Account,
    /// What was allowed.
    pub scopes: &'a [String],
    /// How long each access token is to live.
    pub access_lifetime: Duration,
    /// What is to go wrong with the grant; `None` for what is set for the project.
    pub faults: Option<&'a Faults>,
}

/// A client's request to turn a code into tokens.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// The authenticated client.
    pub client: Uuid,
    /// The code.
    pub code: Digest,
    /// The redirect address that the client says it used.
    pub redirect_uri: &'a str,
    /// SHA-256 of the verifier that the client sent.
    pub verifier: Digest,
}

/// Tokens, just issued. They exist in clear only here.
#[derive(Debug)]
pub struct Issued {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token; `None` when the one that was used is kept.
    pub refresh_token: Option<SecretString>,
    /// Lifetime of the access token.
    pub access_lifetime: Duration,
    /// Whether the client is told the lifetime.
    pub tells_lifetime: bool,
    /// Scopes of the access token.
    pub scopes: Vec<String>,
}

/// Why a code or a refresh token is refused. To the client each is `invalid_grant`, [`Refusal::Scope`] apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Never issued, or long gone.
    Unknown,
    /// Issued to another client.
    OtherClient,
    /// Used before. Of a code, its grant is now revoked (RFC 6749 §4.1.2).
    Used,
    /// Too old.
    Expired,
    /// The grant was revoked.
    Revoked,
    /// The redirect address is not the one of the authorization request.
    RedirectUri,
    /// The verifier does not fit the challenge.
    Verifier,
    /// More scopes than were allowed.
    Scope,
}

/// What an access token stands for.
#[derive(Clone, Debug)]
pub enum Access {
    /// It is good.
    Granted {
        /// The client it was issued to.
        client: Uuid,
        /// The account it speaks for.
        account: Account,
        /// What it allows.
        scopes: Vec<String>,
    },
    /// It was good once.
    Expired,
    /// It, or its grant, was revoked.
    Revoked,
    /// It was never issued, or is long gone.
    Unknown,
}

/// An item that a caller added.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id.
    pub id: Uuid,
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Deletes what ended more than a day ago, and returns how many rows that were. Call it every few minutes.
    pub async fn purge_sandbox(&self) -> Result<u64, StoreError> {
        let mut rows = 0;
        // Each statement by itself and in bites, so that none runs into the statement's time limit.
        rows += sqlx::query!(
            "delete from sandbox_codes where digest = any (array(
                 select digest from sandbox_codes where expires_at < latchkey_now() - interval '1 day' limit 10000))"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        rows += sqlx::query!(
            "delete from sandbox_tokens where digest = any (array(
                 select digest from sandbox_tokens where expires_at < latchkey_now() - interval '1 day' limit 10000))"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        rows += sqlx::query!(
            "delete from sandbox_grants where id = any (array(
                 select id from sandbox_grants where expires_at < latchkey_now() - interval '1 day'
                     or revoked_at < latchkey_now() - interval '1 day' limit 1000))"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        rows += sqlx::query!(
            "delete from sandbox_items where id = any (array(
                 select id from sandbox_items where expires_at < latchkey_now() - interval '1 day' limit 10000))"
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(rows)
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn secret(prefix: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{prefix}{}", Token::generate().expose()))
}

fn digest(table: &'static str, record: Uuid, bytes: &[u8]) -> Result<Digest, StoreError> {
    Digest::from_bytes(bytes).ok_or_else(|| StoreError::Inconsistent {
        table,
        record,
        what: "a digest has not 32 bytes".to_owned(),
    })
}
