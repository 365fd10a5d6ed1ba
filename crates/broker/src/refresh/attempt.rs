//! One refresh, from the claim to its end. From the moment that the request goes out nothing gives up: what the provider
//! said is on disk or in the database, or in our hands and tried again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use protocol::oauth2::{FailureClass, Granted, TokenError};
use store::{
    CircuitReason, ConnectionState, Doubt, Fence, Lease, NOT_AGREED, NewCredential, RefreshFailure, Refreshed,
    StoreError,
};
use tokio::time::Instant;
use vault::{Credential, OAuth2Tokens};

use super::Broker;
use super::hand::Hand;
use super::rotated::{not_bound, rotated};
use super::timing::{backoff, refresh_in, until_confirmation};
use crate::flows::ClientParts;
use crate::journal::Record;
use crate::numbers::Counted;
use crate::texts::quoted;
use crate::{Kind, Problem};

/// A claim that was held this long before its request went out is given back: its holder may have been given up.
const STALE: Duration = Duration::from_mins(1);
/// Between two tries to reach the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A 429 that does not say how long.
const TOO_MANY: Duration = Duration::from_secs(5);
/// After a mistake of ours that may be over soon.
const OURS: f64 = 30.0;
/// Before a host of a customer's own that has enough to do is looked at again.
const HOST_FULL: f64 = 0.5;
/// What comes after a failure of a connection that stays.
pub(crate) const ASKED_ONCE_MORE: &str = " It is asked once more before the connection counts as ended.";
pub(crate) const TRIED_AGAIN: &str = " It is tried again.";
/// What the operator's app has to be mended for.
pub(super) const APP_BROKEN: &str = "app_broken";
/// Between two looks at a definition or an app that cannot be used.
const CHANGED: f64 = 600.0;

/// Why a refresh failed, for a caller who waits for it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) key: &'static str,
    pub(crate) message: String,
    pub(crate) retry_after: Option<Duration>,
    /// Whether the service was asked, as far as anybody knows.
    pub(crate) asked: bool,
}

/// How one refresh ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Refreshed,
    Failed(Failure),
    /// Somebody else committed a newer generation, or the connection is gone.
    Superseded,
    /// The database was away before anything was sent.
    NotSent,
}

impl Broker {
    pub(super) async fn attempt(&self, lease: &Lease, hand: &Hand) -> Outcome {
        let parts = match self.lease_parts(lease).await {
            Ok(parts) => parts,
            Err(problem) if problem.key() == "database_unavailable" => return Outcome::NotSent,
            // Of ours, not of the definition.
            Err(problem) if problem.kind() == Kind::Internal => return self.return_lease(lease, OURS).await,
            Err(problem) if problem.key() == NOT_AGREED => return self.pause(lease, problem.message()).await,
            Err(problem) => {
                let failure = failure(
                    ConnectionState::Degraded,
                    "integration_changed",
                    problem.message(),
                    CHANGED,
                );
                return self.note(lease, failure).await;
            }
        };
        if !lease.credential.is_renewable() {
            return self.note(lease, without_refresh_token(lease)).await;
        }
        if lease.begun.elapsed() > STALE {
            return self.return_lease(lease, 0.0).await;
        }
        let own_host = parts.own_host(self);
        let at_host = match &own_host {
            Some(host) => match self.0.refreshes.hosts.try_take(lease.app, host.clone()) {
                Some(place) => Some(place),
                None => {
                    return self
                        .return_lease(lease, HOST_FULL * (1.0 + rand::random::<f64>()))
                        .await;
                }
            },
            None => None,
        };
        fail::fail_point!("refresh::before_send", |_| std::process::abort());
        let answer = self.ask(lease, &parts).await;
        drop(at_host);
        match answer {
            Ok(refreshed) => {
                let record = hand.take_answer(Record {
                    fence: lease.fence,
                    refreshed,
                });
                fail::fail_point!("refresh::after_answer", |_| std::process::abort());
                self.commit_answer(lease, &record, hand).await
            }
            Err(Some(error)) => match rotated(lease, &error) {
                Some(credential) => self.keep_rotated(lease, &parts, credential, hand).await,
                None => self.note_error(lease, &parts, &error).await,
            },
            Err(None) => {
                let message = format!("The way to sign in to {} was changed.", parts.integration.name);
                let failure = failure(ConnectionState::Degraded, "integration_changed", &message, CHANGED);
                self.note(lease, failure).await
            }
        }
    }

    /// Nothing was sent: it is due again after so many seconds.
    async fn return_lease(&self, lease: &Lease, seconds: f64) -> Outcome {
        match self.store().free_lease(lease, seconds).await {
            Ok(_) => Outcome::Superseded,
            Err(_) => Outcome::NotSent,
        }
    }

    async fn lease_parts(&self, lease: &Lease) -> Result<ClientParts, Problem> {
        let known = self
            .app_with_secrets(lease.app)
            .await?
            .ok_or_else(|| Problem::not_found("The app"))?;
        let parts = self.client_parts_with(
            known.0.clone(),
            known.1.clone(),
            &lease.auth_method,
            &lease.variables,
            None,
        );
        let parts = parts.await?;
        Ok(parts.of_grant(lease.credential.tokens()))
    }

    /// Asks the provider. `Err(None)`: the definition has no such sign-in any more, and nothing was sent.
    async fn ask(&self, lease: &Lease, parts: &ClientParts) -> Result<Refreshed, Option<TokenError>> {
        let started = Instant::now();
        #[cfg(feature = "failpoints")]
        crash_after_sending();
        let answer = match &lease.credential {
            Credential::Issued(issued) => self.log_in_again(lease, parts, issued).await,
            Credential::OAuth2(tokens) => self.refresh_tokens(lease, parts, tokens).await,
            Credential::OAuth1(_) | Credential::Fields(_) => Err(None),
        };
        let integration = lease.integration.clone();
        let result = if answer.is_ok() { "success" } else { "failure" };
        let counted = if answer.is_ok() {
            Counted::Refreshed
        } else {
            Counted::NotRefreshed
        };
        self.count((lease.fence.project, lease.fence.environment), &integration, counted);
        metrics::counter!("latchkey_refreshes_total", "integration" => integration.clone(), "result" => result)
            .increment(1);
        metrics::histogram!("latchkey_refresh_seconds", "integration" => integration)
            .record(started.elapsed().as_secs_f64());
        answer
    }

    async fn refresh_tokens(
        &self,
        lease: &Lease,
        parts: &ClientParts,
        tokens: &OAuth2Tokens,
    ) -> Result<Refreshed, Option<TokenError>> {
        let client = parts.client(self).map_err(|_| None)?;
        let token = tokens.refresh_token.as_ref().ok_or(None)?;
        let granted = self.protocol().refresh(&client, token).await.map_err(Some)?;
        Ok(self.timed(lease, granted, client.method.refresh.idle))
    }

    fn timed(&self, lease: &Lease, granted: Granted, idle: Option<u64>) -> Refreshed {
        let expires_in = granted.expires_in.or(lease.learned_lifetime);
        let refreshable = granted.tokens.refresh_token.is_some();
        Refreshed {
            new: NewCredential {
                expires_in,
                refresh_in: refresh_in(expires_in, idle, refreshable, self.settings().refresh_margin),
                credential: Credential::OAuth2(granted.tokens),
            },
            claimed_at: lease.claimed_at,
            variables: granted
                .learned
                .into_iter()
                .filter(|(_, value)| !value.chars().any(char::is_control))
                .collect(),
            scopes: granted
                .scopes
                .map(|scopes| scopes.iter().map(|scope| quoted(scope)).collect()),
            degraded: None,
        }
    }

    /// The answer is in our hands and nowhere else: it goes to the journal and to the database at once, and the commit
    /// is tried until it is through, or another was first.
    pub(super) async fn commit_answer(&self, lease: &Lease, record: &Arc<Record>, hand: &Hand) -> Outcome {
        let fence = &lease.fence;
        let keeping = async {
            if let Some(slot) = hand.slot.lock().await.as_mut()
                && !slot.keep(record).await
            {
                tracing::error!(connection = %fence.connection, "an answer is not in the journal, only in memory");
            }
        };
        let committing = async {
            fail::fail_point!("refresh::before_commit", |_| std::process::abort());
            self.patiently(fence, || self.0.refreshes.commits.commit(self.store(), record).boxed())
                .await
        };
        let ((), committed) = tokio::join!(keeping, committing);
        fail::fail_point!("refresh::after_commit", |_| std::process::abort());
        let slot = hand.slot.lock().await.take();
        match committed {
            Ok(true) => {
                drop(slot);
                if record.refreshed.degraded.is_some() {
                    return Outcome::Refreshed;
                }
                self.0.refreshes.paces.went_well(lease.app, Instant::now());
                tracing::info!(connection = %fence.connection, generation = fence.generation + 1, "refreshed");
                self.note_success(lease).await;
                Outcome::Refreshed
            }
            Ok(false) => {
                let late = &record.refreshed.new.credential;
                let revoke = || self.store().revoke_late_refresh(fence, late).boxed();
                match self.patiently(fence, revoke).await {
                    Ok(revoked) => {
                        tracing::warn!(connection = %fence.connection, revoked, "a refreshed token came late");
                    }
                    Err(error) => tracing::error!(%error, "a late token is left to its end"),
                }
                drop(slot);
                Outcome::Superseded
            }
            Err(error) => {
                // Its project is gone, or its row is damaged. The answer stays on disk.
                tracing::error!(%error, connection = %fence.connection, "a refreshed token cannot be committed");
                if let Some(slot) = slot {
                    slot.leave();
                }
                Outcome::Failed(Failure {
                    key: "not_committed",
                    message: "The new token could not be stored.".to_owned(),
                    retry_after: None,
                    asked: true,
                })
            }
        }
    }

    async fn note_success(&self, lease: &Lease) {
        // Of this process's own failures also what was claimed before them is an end.
        if !self.0.refreshes.troubled().remove(&lease.app) && !lease.troubled {
            return;
        }
        match self
            .store()
            .note_app_success(&lease.fence, lease.app, &lease.integration)
            .await
        {
            Ok(true) => {
                tracing::info!(app = %lease.app, integration = lease.integration, "the app's circuit is closed");
            }
            Ok(false) => {}
            // The next success says it again.
            Err(error) => tracing::debug!(%error, "a success was not noted with its app"),
        }
    }

    /// What a failure means, by its class (R12 in `docs/reliability.md`).
    async fn note_error(&self, lease: &Lease, parts: &ClientParts, error: &TokenError) -> Outcome {
        tracing::warn!(%error, connection = %lease.fence.connection, "a refresh failed");
        let name = &parts.integration.name;
        let class = match parts.method() {
            Ok(method) => error.class_under(&method.refresh.errors),
            Err(_) => error.class(),
        };
        // A client that registered itself is this connection's alone, and no operator's: only connecting again makes another.
        let is_own_client = parts.registered.is_some() && matches!(error, TokenError::AppBroken { .. });
        let class = if is_own_client { FailureClass::GrantGone } else { class };
        let words = error.provider_message().map(quoted).filter(|words| !words.is_empty());
        let quote = words
            .as_ref()
            .map(|words| format!(" It said: “{words}”"))
            .unwrap_or_default();
        let mut failure = match class {
            FailureClass::GrantGone => refused(lease, name, &quote),
            FailureClass::AppBroken => {
                let message = match error {
                    TokenError::NotBound { .. } => not_bound(name),
                    _ => format!("{name} refuses the app's client. Whoever runs the app has to check it.{quote}"),
                };
                if parts.own_host(self).is_none() {
                    self.count_failure(lease, CircuitReason::AppBroken, &message).await;
                }
                RefreshFailure {
                    state: None,
                    // Not this connection's fault. One that is uncertain has no other mark that it was tried.
                    counts: lease.doubt == Some(Doubt::Adopted),
                    ..self::failure(
                        ConnectionState::Degraded,
                        APP_BROKEN,
                        &message,
                        backoff(lease.attempts + 3),
                    )
                }
            }
            FailureClass::Transient => self.transient(lease, parts, error).await,
        };
        failure.provider_message = words;
        failure.provider_code = error.provider_code().map(ToOwned::to_owned);
        self.note(lease, failure).await
    }

    /// What a host of one customer's own says holds for that connection, and not for its app.
    async fn transient(&self, lease: &Lease, parts: &ClientParts, error: &TokenError) -> RefreshFailure {
        let name = &parts.integration.name;
        let is_shared = parts.own_host(self).is_none();
        let message = format!("{name} did not refresh the access yet.{TRIED_AGAIN}");
        let asked = error.retry_after();
        if error.is_too_many() || asked.is_some() {
            let pause = asked.unwrap_or(TOO_MANY);
            if is_shared {
                self.0.refreshes.paces.too_many(lease.app, Instant::now());
                let hold = self.store().hold_app(lease.app, pause.as_secs_f64()).await;
                if let Err(error) = hold {
                    tracing::warn!(%error, app = %lease.app, "a wish of a service to wait was not noted for others");
                }
            }
            // A limit is about the app, not about this connection.
            let spread = pause.as_secs_f64() * (1.0 + 0.5 * rand::random::<f64>());
            return RefreshFailure {
                state: lease.expired.then_some(ConnectionState::Degraded),
                counts: false,
                ..failure(ConnectionState::Degraded, "too_many_requests", &message, spread)
            };
        }
        // An answer that is about this connection says nothing about the service.
        if is_shared && error.is_of_the_service() {
            self.count_failure(lease, CircuitReason::ProviderUnavailable, &message)
                .await;
        }
        RefreshFailure {
            unanswered: error.is_unanswered(),
            ..failure(
                ConnectionState::Degraded,
                "refresh_failing",
                &message,
                backoff(lease.attempts),
            )
        }
    }

    pub(super) async fn count_failure(&self, lease: &Lease, reason: CircuitReason, message: &str) {
        self.0.refreshes.troubled().insert(lease.app);
        match self.store().note_app_failure(lease, reason, message).await {
            Ok(true) => {
                metrics::counter!("latchkey_circuits_opened_total", "integration" => lease.integration.clone(), "reason" => reason.as_str())
                    .increment(1);
                tracing::error!(app = %lease.app, integration = lease.integration, reason = reason.as_str(), "the app's circuit is open: {message}");
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, app = %lease.app, "a failure was not counted with its app"),
        }
    }

    async fn note(&self, lease: &Lease, failure: RefreshFailure) -> Outcome {
        let write = || self.store().fail_refresh(lease, &failure).boxed();
        match self.patiently(&lease.fence, write).await {
            Ok(true) => Outcome::Failed(Failure {
                key: failure.reason,
                message: failure.message,
                retry_after: failure.retry_in.map(Duration::from_secs_f64),
                // Or there was nothing to ask with, which holds for all as well.
                asked: true,
            }),
            Ok(false) => Outcome::Superseded,
            Err(error) => {
                // Its row is damaged: it must not be asked for again at once.
                tracing::error!(%error, connection = %lease.fence.connection, "a failed refresh could not be noted");
                self.return_lease(lease, CHANGED).await
            }
        }
    }

    /// The connection stays as it is until somebody agrees to where its secrets would go.
    async fn pause(&self, lease: &Lease, message: &str) -> Outcome {
        match self.store().pause_refresh(lease, message, CHANGED).await {
            Ok(true) => Outcome::Failed(Failure {
                key: NOT_AGREED,
                message: message.to_owned(),
                retry_after: Some(Duration::from_secs_f64(CHANGED)),
                asked: false,
            }),
            Ok(false) => Outcome::Superseded,
            Err(_) => Outcome::NotSent,
        }
    }

    /// Tries until the database takes it. While something waits that is nowhere else, this replica claims nothing more
    /// and is not ready.
    pub(super) async fn patiently<'a, T>(
        &self,
        fence: &Fence,
        attempt: impl Fn() -> BoxFuture<'a, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let mut pause = Duration::from_millis(100);
        let mut unsettled = None;
        loop {
            match attempt().await {
                Err(error) if error.may_pass() => {
                    unsettled.get_or_insert_with(|| Unsettled::count(self));
                    tracing::warn!(%error, connection = %fence.connection, "the end of a refresh waits for the database");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                other => return other,
            }
        }
    }
}

/// Something of this process waits for the database.
struct Unsettled(Broker);

impl Unsettled {
    fn count(broker: &Broker) -> Self {
        broker.0.refreshes.unsettled.fetch_add(1, Ordering::AcqRel);
        Self(broker.clone())
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        self.0.0.refreshes.unsettled.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A failure with a pause; everything else as for most.
fn failure(state: ConnectionState, reason: &'static str, message: &str, retry_in: f64) -> RefreshFailure {
    RefreshFailure {
        state: Some(state),
        reason,
        message: message.to_owned(),
        provider_message: None,
        provider_code: None,
        retry_in: Some(retry_in),
        refused: false,
        unanswered: false,
        counts: true,
    }
}

/// `invalid_grant`: the first time it is asked once more, the second time it holds.
fn refused(lease: &Lease, name: &str, quote: &str) -> RefreshFailure {
    // An uncertain token is offered once: it may be another instance's by now.
    if lease.refusals == 0 && lease.doubt != Some(Doubt::Adopted) {
        let message = format!("{name} refused to renew the access.{ASKED_ONCE_MORE}");
        return RefreshFailure {
            refused: true,
            ..failure(
                ConnectionState::Degraded,
                "grant_refused",
                &message,
                until_confirmation(lease.expired),
            )
        };
    }
    let (reason, message) = if lease.doubt == Some(Doubt::Adopted) {
        let message = format!(
            "{name} no longer accepts this connection: the database was restored or copied, and the token in it was replaced since. Connect it again."
        );
        ("rotation_uncertain", message)
    } else if lease.doubt.is_some() {
        let message = format!(
            "{name} no longer accepts this connection: a refresh was cut off before its answer arrived, and the token in it is lost. Connect it again."
        );
        ("rotation_uncertain", message)
    } else {
        (
            "grant_gone",
            format!("{name} no longer accepts this connection. Connect it again.{quote}"),
        )
    };
    RefreshFailure {
        refused: true,
        retry_in: None,
        ..failure(ConnectionState::Failed, reason, &message, 0.0)
    }
}

/// Nothing to refresh with: that matters when the access token has ended.
fn without_refresh_token(lease: &Lease) -> RefreshFailure {
    RefreshFailure {
        state: lease.expired.then_some(ConnectionState::Failed),
        retry_in: None,
        ..failure(
            ConnectionState::Failed,
            "no_refresh_token",
            "The access has ended and the service gave nothing to renew it with. Connect it again.",
            0.0,
        )
    }
}

impl Failure {
    /// What a waiting caller is told, who adds what it means for the token at hand.
    pub(crate) fn problem(&self) -> Problem {
        let problem = Problem::new(Kind::FailedDependency, "refresh_failed", self.message.clone())
            .with_meta(serde_json::json!({ "reason": self.key, "asked": self.asked }));
        match self.retry_after {
            Some(after) => problem.with_retry_after(after),
            None => problem,
        }
    }
}

/// Ends the process a moment after the request went out, as a crash does that loses the answer.
#[cfg(feature = "failpoints")]
fn crash_after_sending() {
    tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
        fail::fail_point!("refresh::after_send", |_| std::process::abort());
    });
}
