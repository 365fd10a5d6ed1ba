//! A refresh whose answer had no access token to use, and a new refresh token all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::oauth2::TokenError;
use store::{CircuitReason, Degraded, Lease, NewCredential, Refreshed};
use vault::{Credential, ExposeSecret as _, OAuth2Tokens};

use super::Broker;
use super::attempt::{APP_BROKEN, Failure, Outcome};
use super::hand::Hand;
use super::timing::backoff;
use crate::flows::ClientParts;
use crate::journal::Record;

impl Broker {
    /// The service took the refresh token and gave another one, beside an access token that is not bound to a key of ours:
    /// the next refresh needs that other one, and calls go on with the access of before.
    pub(super) async fn keep_rotated(
        &self,
        lease: &Lease,
        parts: &ClientParts,
        credential: Credential,
        hand: &Hand,
    ) -> Outcome {
        let message = not_bound(&parts.integration.name);
        tracing::warn!(connection = %lease.fence.connection, "a refresh gave a token that is not bound");
        if parts.own_host(self).is_none() {
            self.count_failure(lease, CircuitReason::AppBroken, &message).await;
        }
        let pause = Duration::from_secs_f64(backoff(lease.attempts + 3));
        let record = hand.take_answer(Record {
            fence: lease.fence,
            refreshed: Refreshed {
                new: NewCredential {
                    credential,
                    expires_in: None,
                    refresh_in: Some(pause.as_secs()),
                },
                claimed_at: lease.claimed_at,
                variables: BTreeMap::new(),
                scopes: None,
                degraded: Some(Degraded {
                    reason: APP_BROKEN.to_owned(),
                    message: message.clone(),
                }),
            },
        });
        match self.commit_answer(lease, &record, hand).await {
            Outcome::Refreshed => Outcome::Failed(Failure {
                key: APP_BROKEN,
                message,
                retry_after: Some(pause),
                asked: true,
            }),
            other => other,
        }
    }
}

/// The credential of before with the refresh token of a refused answer, where the service gave a new one.
pub(super) fn rotated(lease: &Lease, error: &TokenError) -> Option<Credential> {
    let TokenError::NotBound { tokens, .. } = error else {
        return None;
    };
    let before = lease.credential.tokens()?;
    let new = tokens.refresh_token.as_ref()?;
    let old = before.refresh_token.as_ref()?;
    if new.expose_secret() == old.expose_secret() {
        return None;
    }
    Some(Credential::OAuth2(OAuth2Tokens {
        refresh_token: Some(new.clone()),
        ..before.clone()
    }))
}

/// The service binds no tokens where the definition wants it (RFC 9449 §5).
pub(crate) fn not_bound(name: &str) -> String {
    format!(
        "{name} gave an access that is not bound to a key of ours. Whoever runs the app has to switch DPoP on at its client there."
    )
}
