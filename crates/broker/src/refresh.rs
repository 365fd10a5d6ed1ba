//! Refresh: claim, ask the provider with no transaction open, commit fenced by the generation.

use std::sync::Arc;
use std::time::Duration;

use protocol::oauth2::{FailureClass, Granted, TokenError};
use rand::RngExt as _;
use store::{Callable, Claim, Connection, ConnectionState, Lease, NewCredential, RefreshFailure};
use vault::Credential;

use crate::texts::quoted;
use crate::{Broker, Kind, Problem};

/// What one look for due refreshes did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Claimed.
    pub claimed: usize,
    /// Refreshed and committed.
    pub refreshed: usize,
    /// Failed for now or for good.
    pub failed: usize,
}

/// How one refresh ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Refreshed,
    Failed,
    /// Somebody else committed a newer generation.
    Superseded,
}

/// Seconds until a token of this lifetime should be refreshed: its end minus the margin or a fifth of its lifetime,
/// whichever is less, minus up to a tenth of that so that tokens of one moment do not end in one moment.
pub(crate) fn refresh_in(lifetime: u64, margin: Duration) -> u64 {
    let margin = margin.as_secs().min(lifetime / 5);
    let spread = rand::rng().random_range(0..=margin / 10);
    lifetime.saturating_sub(margin + spread).max(1)
}

/// Seconds until the next attempt: full jitter between nothing and twice as much each time, ten minutes at most.
fn backoff(attempts: i32) -> f64 {
    let ceiling = 2_f64.powi(attempts.clamp(0, 10)).mul_add(5.0, 0.0).min(600.0);
    rand::rng().random_range(1.0..=ceiling.max(1.5))
}

impl Broker {
    /// Claims what is due and refreshes it. Called by the scheduler, and by tests step by step.
    pub async fn refresh_tick(&self) -> Result<Tick, Problem> {
        if !self.is_at_home().await {
            return Ok(Tick::default());
        }
        let free = self.0.refreshes.available_permits();
        if free == 0 {
            return Ok(Tick::default());
        }
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let leases = self.store().claim_due(self.settings().replica, limit).await?;
        let mut tick = Tick {
            claimed: leases.len(),
            ..Tick::default()
        };
        let mut tasks = tokio::task::JoinSet::new();
        for lease in leases {
            let broker = self.clone();
            let permits = Arc::clone(&self.0.refreshes);
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                broker.refresh(lease).await
            });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(Ok(Outcome::Refreshed)) => tick.refreshed += 1,
                Ok(Ok(Outcome::Superseded)) => {}
                Ok(Ok(Outcome::Failed)) => tick.failed += 1,
                Ok(Err(problem)) => {
                    tracing::error!(%problem, "a refresh could not be noted; its lease ends by itself");
                    tick.failed += 1;
                }
                Err(panic) => {
                    tracing::error!(%panic, "a refresh panicked; its lease ends by itself");
                    tick.failed += 1;
                }
            }
        }
        Ok(tick)
    }

    async fn refresh(&self, lease: Lease) -> Result<Outcome, Problem> {
        let started = tokio::time::Instant::now();
        let Some(connection) = self.store().leased_connection(&lease).await? else {
            // Deleted in the meantime: the credential left with it.
            return Ok(Outcome::Superseded);
        };
        let app = self
            .store()
            .app(connection.app)
            .await?
            .ok_or_else(|| Problem::not_found("The app"))?;
        let (parts, token) = match self
            .client_parts(app, &connection.auth_method, &connection.variables, None)
            .await
        {
            Ok(parts) => (
                parts,
                lease
                    .credential
                    .tokens()
                    .and_then(|tokens| tokens.refresh_token.clone()),
            ),
            Err(problem) if problem.kind() == Kind::Unavailable && problem.key() == "database_unavailable" => {
                return Err(problem);
            }
            Err(problem) => {
                return self
                    .fail(&lease, "integration_changed", problem.message(), Some(600.0))
                    .await;
            }
        };
        let Some(token) = token else {
            return self
                .fail(&lease, "no_refresh_token", "The service gave no refresh token.", None)
                .await;
        };
        let client = parts.client(self)?;
        let answer = self.protocol().refresh(&client, &token).await;
        let integration = parts.integration.id.as_str().to_owned();
        let result = if answer.is_ok() { "success" } else { "failure" };
        metrics::counter!("latchkey_refreshes_total", "integration" => integration.clone(), "result" => result)
            .increment(1);
        metrics::histogram!("latchkey_refresh_seconds", "integration" => integration)
            .record(started.elapsed().as_secs_f64());
        match answer {
            Ok(granted) => self.commit_refreshed(&lease, &connection, granted).await,
            Err(error) => self.note_failure(&lease, &parts.integration.name, &error).await,
        }
    }

    /// The answer is in our hands and nowhere else: the commit is tried until it is through, or another was first.
    async fn commit_refreshed(
        &self,
        lease: &Lease,
        connection: &Connection,
        granted: Granted,
    ) -> Result<Outcome, Problem> {
        let refresh_in = granted
            .expires_in
            .filter(|_| granted.tokens.refresh_token.is_some())
            .map(|lifetime| refresh_in(lifetime, self.settings().refresh_margin));
        let new = NewCredential {
            credential: Credential::OAuth2(granted.tokens),
            expires_in: granted.expires_in,
            refresh_in,
        };
        let mut pause = Duration::from_millis(100);
        loop {
            match self.store().commit_refresh(lease, &new).await {
                Ok(true) => {
                    tracing::info!(connection = %lease.connection, generation = lease.generation + 1, "refreshed");
                    return Ok(Outcome::Refreshed);
                }
                Ok(false) => {
                    let revoked = self
                        .store()
                        .revoke_late_refresh(lease, connection, &new.credential)
                        .await?;
                    tracing::warn!(connection = %lease.connection, revoked, "a refreshed token came late");
                    return Ok(Outcome::Superseded);
                }
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, connection = %lease.connection, "a refreshed token waits for the database");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn note_failure(&self, lease: &Lease, name: &str, error: &TokenError) -> Result<Outcome, Problem> {
        tracing::warn!(%error, connection = %lease.connection, "a refresh failed");
        let words = error.provider_message().map(quoted).filter(|words| !words.is_empty());
        let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
        match error.class() {
            FailureClass::GrantGone => {
                let message = format!("{name} no longer accepts this connection. Connect it again.{quote}");
                self.fail(lease, "grant_gone", &message, None).await
            }
            FailureClass::AppBroken => {
                let message = format!("{name} refuses the app's client. Whoever runs the app has to check it.{quote}");
                self.fail(lease, "app_broken", &message, Some(backoff(lease.attempts + 4)))
                    .await
            }
            FailureClass::Transient => {
                let message = format!("{name} did not refresh the access yet. It is tried again.");
                let pause = error
                    .retry_after()
                    .map_or_else(|| backoff(lease.attempts), |after| after.as_secs_f64());
                self.fail(lease, "refresh_failing", &message, Some(pause)).await
            }
        }
    }

    async fn fail(
        &self,
        lease: &Lease,
        reason: &str,
        message: &str,
        retry_in: Option<f64>,
    ) -> Result<Outcome, Problem> {
        let state = if retry_in.is_none() {
            ConnectionState::Failed
        } else {
            ConnectionState::Degraded
        };
        let failure = RefreshFailure {
            state,
            reason: reason.to_owned(),
            message: message.to_owned(),
            retry_in,
        };
        let noted = self.store().fail_refresh(lease, &failure).await?;
        Ok(if noted { Outcome::Failed } else { Outcome::Superseded })
    }

    /// Refreshes a token that has ended, through the same lease as the scheduler; whoever does not get the lease waits
    /// for the one who has it.
    pub(crate) async fn refresh_inline(&self, callable: &Callable) -> Result<(), Problem> {
        self.require_home().await?;
        let replica = self.settings().replica;
        match self
            .store()
            .claim_one(replica, callable.connection, callable.generation)
            .await?
        {
            Claim::Mine(lease) => {
                // Not tied to the caller: one who goes away must not interrupt a refresh that spends a token.
                let broker = self.clone();
                let done = tokio::spawn(async move { broker.refresh(*lease).await }).await;
                return match done {
                    Ok(Ok(Outcome::Refreshed | Outcome::Superseded)) => Ok(()),
                    Ok(Ok(Outcome::Failed)) => Err(self.not_refreshed(callable)),
                    Ok(Err(problem)) => Err(problem),
                    Err(_) => Err(Problem::internal("The refresh was interrupted.")),
                };
            }
            Claim::NotYet { seconds } => {
                let pause = Duration::from_secs(seconds.max(1));
                return Err(self.not_refreshed(callable).with_retry_after(pause));
            }
            Claim::Somebodys => {}
        }
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if self.store().generation(callable.connection).await? != Some(callable.generation) {
                return Ok(());
            }
        }
        Err(self.not_refreshed(callable))
    }

    fn not_refreshed(&self, callable: &Callable) -> Problem {
        let name = self.integration_name(&callable.integration);
        Problem::new(
            Kind::FailedDependency,
            "refresh_failed",
            format!(
                "The access token of this connection has ended and {name} did not give a new one. Look at the connection's state."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_scales_with_the_lifetime() {
        for _ in 0..100 {
            let hour = refresh_in(3600, Duration::from_mins(5));
            assert!((3600 - 330..=3300).contains(&hour), "{hour}");
            let minute = refresh_in(60, Duration::from_mins(5));
            assert!((47..=48).contains(&minute), "{minute}");
            assert_eq!(refresh_in(1, Duration::from_mins(5)), 1);
            assert!(refresh_in(0, Duration::from_mins(5)) >= 1);
        }
    }

    #[test]
    fn backoff_grows_and_is_capped() {
        for attempts in 0..40 {
            let pause = backoff(attempts);
            assert!((1.0..=600.0).contains(&pause), "{pause}");
        }
        let mean = |attempts| (0..400).map(|_| backoff(attempts)).sum::<f64>() / 400.0;
        assert!(mean(6) > mean(0) * 4.0);
    }
}
