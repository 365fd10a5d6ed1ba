//! What a caller asks a service for: a refresh now, a test now. Each at most once in half a minute per connection,
//! however many ask; the others get the same outcome.

mod outcome;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use store::{Callable, Connection, ConnectionState, Exportable, OnDemand, TURN_SECONDS, Tested, Turn};
use vault::Credential;

use self::outcome::RefreshOutcome;
use crate::exports::not_refreshed;
use crate::passthrough::connection_failed;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// Between two looks at somebody else's turn.
const LOOK: Duration = Duration::from_millis(100);
/// Looks until the caller is told to come back.
const LOOKS: u32 = 150;

/// How a forced refresh ended.
#[derive(Debug)]
pub struct ForcedRefresh {
    /// Whether this call led to it; otherwise it happened within the last half minute.
    pub refreshed: bool,
    /// When the credential was refreshed.
    pub refreshed_at: Option<DateTime<Utc>>,
    /// When the access token ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The generation of the credential.
    pub generation: i64,
    /// How the connection is.
    pub state: ConnectionState,
}

/// How a test ended.
#[derive(Debug)]
pub struct TestResult {
    /// Whether this call made it; otherwise it was made within the last half minute.
    pub tested: bool,
    /// When it was made.
    pub tested_at: Option<DateTime<Utc>>,
    /// Whether the service accepted the credential as the same account.
    pub ok: bool,
    /// `credential_refused`, `account_changed`, `provider_unavailable`, `check_unexpected`, `check_impossible`, or why the
    /// connection cannot be used.
    pub reason: Option<String>,
    /// The same for people.
    pub message: Option<String>,
    /// How the connection is afterwards.
    pub state: ConnectionState,
}

impl Broker {
    /// Refreshes a credential now, unless that happened within the last half minute.
    pub async fn force_refresh(&self, caller: &Caller, id_or_key: &str) -> Result<ForcedRefresh, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let connection = self.find(caller, id_or_key).await?;
        if connection.state == ConnectionState::Failed {
            return Err(connection_failed(
                connection.state_message,
                connection.state_reason.as_deref(),
            ));
        }
        let export = self.opened(&connection).await?;
        if export.refreshed_lately {
            // As that refresh left it: it may have ended between the two looks.
            let state = self.find(caller, &connection.id.to_string()).await?.state;
            return Ok(told(false, &export, state));
        }
        if !self.is_refreshable(&connection, &export) {
            let name = self.integration_name(&connection.integration);
            if matches!(export.credential, Credential::Fields(_)) {
                return Err(Problem::new(
                    Kind::Conflict,
                    "nothing_to_refresh",
                    format!(
                        "This connection to {name} has a key, which does not end: there is nothing to refresh. POST /v1/vault/connections/{{id}}/test asks whether it is good."
                    ),
                ));
            }
            return Err(Problem::new(
                Kind::Conflict,
                "not_refreshable",
                format!(
                    "{name} gave no way to refresh this connection. Let its person connect again: POST /v1/vault/connections/{{id}}/reconnect."
                ),
            ));
        }
        let refreshed = self.refresh_in_turn(&connection).await;
        let mine = refreshed.map_err(|problem| not_refreshed(problem, &export))?;
        let after = self.opened(&connection).await?;
        let state = self.find(caller, &connection.id.to_string()).await?.state;
        Ok(told(mine && after.generation != export.generation, &after, state))
    }

    /// Refreshes through the lease, once in half a minute; whoever comes later waits for that one. Tells whether it was
    /// the caller's own.
    ///
    /// What the service answered is the answer for all. A refusal before it was asked takes no turn away from those who
    /// come afterwards; who waited is told of one that holds for all replicas, and tries alone where it was another's
    /// trouble.
    pub(crate) async fn refresh_in_turn(&self, connection: &Connection) -> Result<bool, Problem> {
        let turn = self.store().take_turn(connection.id, OnDemand::Refresh).await?;
        let Turn::Mine { started_at } = turn else {
            let (outcome, _, next_in) = self.others_turn(connection, OnDemand::Refresh, turn).await?;
            return match RefreshOutcome::read(&outcome) {
                RefreshOutcome::Refreshed => Ok(false),
                RefreshOutcome::Failed(told) => Err(told.problem(next_in)),
                RefreshOutcome::Theirs => {
                    let callable = self.callable_now(connection).await?;
                    self.refresh_inline(&callable).await.map(|()| true)
                }
            };
        };
        let (broker, connection) = (self.clone(), connection.clone());
        // Not tied to the caller: the others wait for this turn's end.
        let done = tokio::spawn(async move {
            let done = match broker.callable_now(&connection).await {
                Ok(callable) => broker.refresh_inline(&callable).await,
                Err(problem) => Err(problem),
            };
            let outcome = RefreshOutcome::of(&done).to_value();
            if let Err(error) = broker
                .store()
                .end_turn(connection.id, OnDemand::Refresh, started_at, &outcome)
                .await
            {
                tracing::warn!(%error, connection = %connection.id, "the end of a forced refresh was not noted");
            }
            done
        });
        match done.await {
            Ok(done) => done.map(|()| true),
            Err(_) => Err(Problem::internal("The refresh was interrupted.")),
        }
    }

    async fn callable_now(&self, connection: &Connection) -> Result<Callable, Problem> {
        self.store()
            .callable(connection.project, connection.environment, &connection.key)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))
    }

    /// Makes the definition's check with the connection's credential. It never makes a connection worse; a good one proves
    /// a connection that was never proved, and heals one whose key the service refused.
    pub async fn test_connection(&self, caller: &Caller, id_or_key: &str) -> Result<TestResult, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let connection = self.find(caller, id_or_key).await?;
        let catalog = self.catalog();
        let checks = catalog
            .get(&connection.integration)
            .map(|one| one.check_of(&connection.auth_method).is_some());
        if checks != Some(true) {
            let name = self.integration_name(&connection.integration);
            return Err(Problem::new(
                Kind::Unprocessable,
                "no_check",
                format!("The definition of {name} names no call that proves a credential. Its author can add `check`."),
            ));
        }
        let turn = self.store().take_turn(connection.id, OnDemand::Test).await?;
        let Turn::Mine { started_at } = turn else {
            let (outcome, ended_at, _) = self.others_turn(&connection, OnDemand::Test, turn).await?;
            let text = |name: &str| outcome[name].as_str().map(ToOwned::to_owned);
            // As the test left it.
            let state = self.find(caller, &connection.id.to_string()).await?.state;
            return Ok(TestResult {
                tested: false,
                tested_at: ended_at,
                ok: outcome["ok"] == true,
                reason: text("reason"),
                message: text("message"),
                state,
            });
        };
        let (broker, caller) = (self.clone(), caller.clone());
        // Not tied to the caller: the others wait for this turn's end.
        let done = tokio::spawn(async move { broker.make_test(&caller, &connection, started_at).await });
        done.await.map_err(|_| Problem::internal("The test was interrupted."))?
    }

    async fn make_test(
        &self,
        caller: &Caller,
        connection: &Connection,
        started_at: DateTime<Utc>,
    ) -> Result<TestResult, Problem> {
        let (tested, generation) = self.tested(caller, connection).await;
        let outcome = json!({ "ok": tested.accepted, "reason": tested.reason, "message": tested.message });
        let noted = self.store().note_test(connection, &tested, generation).await;
        // Also where it was not noted: others wait.
        let ended_at = self
            .store()
            .end_turn(connection.id, OnDemand::Test, started_at, &outcome)
            .await?;
        let state = noted?.ok_or_else(|| Problem::not_found("This connection"))?;
        Ok(TestResult {
            tested: true,
            tested_at: ended_at,
            ok: tested.accepted,
            reason: tested.reason.map(ToOwned::to_owned),
            message: tested.message,
            state,
        })
    }

    /// How the test went, and the generation that was tested.
    async fn tested(&self, caller: &Caller, connection: &Connection) -> (Tested, Option<i64>) {
        // A service that refused a key may have been wrong: that is what a test finds out.
        let refused = connection.active
            && connection.state == ConnectionState::Failed
            && connection.state_reason.as_deref() == Some("key_refused");
        let callable = if refused {
            self.callable_now(connection).await
        } else {
            self.usable(caller, &connection.key).await
        };
        match callable {
            Ok(callable) => {
                let tested = self.proof_of(&callable, connection.account_id.as_deref()).await;
                (tested, Some(callable.generation))
            }
            Err(problem) => (Tested::failed(problem.key(), problem.message().to_owned()), None),
        }
    }

    /// Waits for the end of a turn that is another's; its outcome, when it ended, and seconds until the next.
    pub(crate) async fn others_turn(
        &self,
        connection: &Connection,
        call: OnDemand,
        mut turn: Turn,
    ) -> Result<(Value, Option<DateTime<Utc>>, u64), Problem> {
        for _ in 0..LOOKS {
            if let Turn::Had {
                outcome: Some(outcome),
                ended_at,
                next_in,
            } = turn
            {
                return Ok((outcome, ended_at, next_in));
            }
            tokio::time::sleep(LOOK).await;
            match self.store().turn_had(connection.id, call).await? {
                Some(had) => turn = had,
                // It began more than half a minute ago and never ended: its replica died.
                None => break,
            }
        }
        let name = self.integration_name(&connection.integration);
        Err(Problem::new(
            Kind::FailedDependency,
            "still_running",
            format!("The same call is still waiting for {name}. Ask again as `Retry-After` says."),
        )
        .with_retry_after(Duration::from_secs(TURN_SECONDS / 2)))
    }

    /// Whether there is something to renew the credential with, and a service that takes it.
    pub(crate) fn is_refreshable(&self, connection: &Connection, export: &Exportable) -> bool {
        let catalog = self.catalog();
        let method = catalog
            .get(&connection.integration)
            .and_then(|integration| integration.method(Some(&connection.auth_method)));
        let supported = method.is_some_and(|method| match &method.kind {
            catalog::AuthKind::OAuth2(oauth2) => oauth2.refresh.supported,
            catalog::AuthKind::OAuth1(_) => false,
            catalog::AuthKind::ApiKey(typed) => typed.login.is_some(),
        });
        export.credential.is_renewable() && supported
    }
}

fn told(refreshed: bool, export: &Exportable, state: ConnectionState) -> ForcedRefresh {
    ForcedRefresh {
        refreshed,
        refreshed_at: export.refreshed_at,
        expires_at: export.expires_at,
        generation: export.generation,
        state,
    }
}
