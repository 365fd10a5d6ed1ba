//! Revocation at the provider, after the credential left its connection.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use protocol::oauth2::Revocation as Answer;
use store::{Reach, Revocation, RevocationStatus};

use crate::{Broker, Problem};

/// How long one turn of the loop claims: about as long as until the next.
const TURN: Duration = Duration::from_secs(14);
/// How often a turn says that it goes on.
const ALIVE: Duration = Duration::from_secs(5);
/// Revocations of one round.
const AT_ONCE: usize = 20;
/// For one: two requests.
const PATIENCE: Duration = Duration::from_secs(12);

impl Broker {
    /// Revokes round after round until nothing is due, or the turn is over. `alive` is called as long as it goes on.
    pub async fn revoke_turn(&self, alive: impl Fn() -> BoxFuture<'static, ()> + Send) -> Result<(), Problem> {
        let begun = Instant::now();
        let mut told = begun;
        loop {
            let (claimed, expired) = self.revoke_some().await?;
            if claimed + expired == 0 || begun.elapsed() >= TURN {
                return Ok(());
            }
            if told.elapsed() >= ALIVE {
                told = Instant::now();
                alive().await;
            }
        }
    }

    /// Revokes some of what is due. A provider that does not answer is asked again, for a day at most. On a copy that nobody
    /// adopted grants only end with their day.
    pub async fn revoke_tick(&self) -> Result<usize, Problem> {
        Ok(self.revoke_some().await?.0)
    }

    /// How many were asked for, and how many are past their day.
    async fn revoke_some(&self) -> Result<(usize, usize), Problem> {
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
        let expired = self.store().expire_revocations().await?;
        ends.into_iter().collect::<Result<(), _>>()?;
        Ok((count, expired))
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), Problem> {
        let Some(tokens) = revocation.credential.tokens() else {
            return Ok(self
                .store()
                .end_revocation(revocation.id, RevocationStatus::Unsupported, None)
                .await?);
        };
        // Somebody may have connected since it was queued, and what a sign-in left may be the grant of a connection, too.
        if let Reach::Grant { by_account } = self.reach(&revocation.integration, &revocation.auth_method)
            && self.store().is_revocation_shared(revocation.id, by_account).await?
        {
            tracing::info!(revocation = %revocation.id, "a grant is not revoked: another connection lives on it");
            return Ok(self
                .store()
                .end_revocation(revocation.id, RevocationStatus::Shared, None)
                .await?);
        }
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
