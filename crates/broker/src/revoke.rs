//! Revocation at the provider, after the credential left its connection.

use std::time::Duration;

use futures_util::StreamExt as _;
use protocol::oauth2::Revocation as Answer;
use store::{Revocation, RevocationStatus};

use crate::{Broker, Problem};

/// Revocations of one turn.
const AT_ONCE: usize = 20;
/// For one: two requests.
const PATIENCE: Duration = Duration::from_secs(12);

impl Broker {
    /// Revokes what is due. A provider that does not answer is asked again, for a day at most. On a copy that nobody
    /// adopted grants only end with their day.
    pub async fn revoke_tick(&self) -> Result<usize, Problem> {
        let claimed = if self.is_at_home().await {
            self.store()
                .claim_revocations(i64::try_from(AT_ONCE).unwrap_or(i64::MAX))
                .await?
        } else {
            Vec::new()
        };
        let count = claimed.len();
        // All at once: a service that hangs holds up no other, and the turn is over long before its claims are.
        let ends: Vec<_> = futures_util::stream::iter(claimed)
            .map(|revocation| self.revoke(revocation))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.store().expire_revocations().await?;
        ends.into_iter().collect::<Result<(), _>>()?;
        Ok(count)
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), Problem> {
        let Some(tokens) = revocation.credential.tokens() else {
            return Ok(self
                .store()
                .end_revocation(revocation.id, RevocationStatus::Unsupported, None)
                .await?);
        };
        let answer = match self.store().app(revocation.app).await? {
            None => Err("the app is gone".to_owned()),
            Some(app) => {
                match self
                    .client_parts(app, &revocation.auth_method, &revocation.variables, None)
                    .await
                {
                    Err(problem) => Err(problem.to_string()),
                    Ok(parts) => match parts.of_grant(Some(tokens)).client(self) {
                        Err(problem) => Err(problem.to_string()),
                        Ok(client) => tokio::time::timeout(PATIENCE, self.protocol().revoke(&client, tokens))
                            .await
                            .map_err(|_| "the service did not answer".to_owned())
                            .and_then(|answer| answer.map_err(|error| error.to_string())),
                    },
                }
            }
        };
        match answer {
            Ok(Answer::Revoked) => {
                self.store()
                    .end_revocation(revocation.id, RevocationStatus::Revoked, None)
                    .await?;
            }
            Ok(Answer::Unsupported) => {
                self.store()
                    .end_revocation(revocation.id, RevocationStatus::Unsupported, None)
                    .await?;
            }
            Err(error) => {
                tracing::warn!(revocation = %revocation.id, %error, "a grant was not revoked yet");
                let pause = Duration::from_secs(15 * 2_u64.pow(revocation.attempts.clamp(0, 8).unsigned_abs()));
                self.store()
                    .postpone_revocation(revocation.id, pause.min(Duration::from_hours(1)).as_secs_f64(), &error)
                    .await?;
            }
        }
        Ok(())
    }
}
