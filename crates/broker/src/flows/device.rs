//! Sign-ins with a code (RFC 8628): the person enters it at the service in any browser, and the scheduler asks the service
//! whether they did. The device code waits sealed in the flow, so any replica can go on asking.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::oauth2::{DeviceCode, FailureClass, Granted, Polled, TokenError};
use store::{AppId, ClaimedPoll, Flow, FlowId, FlowMode, PollLimits, StoreError};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::Url;
use vault::{ExposeSecret as _, SecretString, Token};
use zeroize::Zeroizing;

use super::departure::{ClientParts, FlowSecrets, unreachable_provider};
use super::exchange::{exchange_problem, grant, provider_error, unbound};
use super::settle::{Around, LONGEST_PAUSE};
use super::{NewFlowRequest, expired};
use crate::numbers::Counted;
use crate::submit::address_unreachable;
use crate::{Broker, Kind, Place, Problem};

/// Questions in flight at most, of this replica.
const IN_FLIGHT: usize = 64;
/// Of them for one app: a service that hangs keeps no other waiting.
const PER_APP: usize = 8;
/// How long a turn waits for what it began. What takes longer goes on by itself.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Before a code that an earlier question may have spent counts as lost: whoever holds its tokens tries to reach the
/// database at least every [`LONGEST_PAUSE`], and comes first.
const HOLDER_FIRST: Duration = Duration::from_secs(LONGEST_PAUSE.as_secs() + 3);
/// What `slow_down` adds to the interval (RFC 8628 §3.5).
const SLOWER: u32 = 5;
/// The longest interval that silence of a service makes: each time it is doubled.
const LONGEST_INTERVAL: u32 = 60;
/// The longest that a code is waited for, in seconds: the session has as much left, so its end surprises nobody.
const LONGEST_WAIT: u64 = 15 * 60;

/// A sign-in with a code to begin.
#[derive(Debug)]
pub struct NewCodeRequest {
    /// The integration.
    pub integration: String,
    /// The sign-in method; the first without.
    pub auth: Option<String>,
    /// Values of variables.
    pub values: BTreeMap<String, SecretString>,
    /// The person's name for the connection.
    pub name: Option<String>,
    /// The origin of the page that embeds the modal.
    pub embedder: Option<String>,
    /// Which of our origins the modal is on.
    pub place: Place,
}

/// A sign-in with a code that began.
#[derive(Debug)]
pub struct StartedCode {
    /// The flow.
    pub flow: FlowId,
    /// The handle that reads its result.
    pub result: Token,
    /// What the person enters at the service.
    pub user_code: String,
    /// Where.
    pub verification_uri: Url,
    /// The same with the code in it.
    pub verification_uri_complete: Option<Url>,
    /// Seconds until the code ends.
    pub expires_in: i64,
}

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollTick {
    /// Services that were asked, and answered by now.
    pub asked: usize,
    /// Still running, also from turns before.
    pub running: usize,
}

/// For which flows this replica is asking, and their apps.
#[derive(Clone, Default)]
pub(crate) struct Polls(Arc<Mutex<HashMap<FlowId, AppId>>>);

/// A question that is on its way. Dropping it frees the place.
struct Slot {
    polls: Polls,
    flow: FlowId,
}

impl Polls {
    fn take(&self, flow: &Flow) -> Slot {
        self.lock().insert(flow.id, flow.app);
        Slot {
            polls: self.clone(),
            flow: flow.id,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<FlowId, AppId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> usize {
        self.lock().len()
    }

    fn full(&self) -> Vec<AppId> {
        let mut running: HashMap<AppId, usize> = HashMap::new();
        for app in self.lock().values() {
            *running.entry(*app).or_default() += 1;
        }
        running.retain(|_, questions| *questions >= PER_APP);
        running.into_keys().collect()
    }

    fn held(&self) -> Vec<FlowId> {
        self.lock().keys().copied().collect()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.polls.lock().remove(&self.flow);
    }
}

impl Broker {
    /// Asks the service for a code and begins to wait for the person.
    pub async fn start_code(&self, request_id: &Token, request: NewCodeRequest) -> Result<StartedCode, Problem> {
        // Nobody asks a service for the decision on a copy of a database.
        self.require_home().await?;
        let new = NewFlowRequest {
            integration: request.integration,
            auth: request.auth,
            values: request.values,
            name: request.name,
            mode: FlowMode::Popup,
            // No window takes it.
            ticket: Token::generate(),
            proof: None,
            embedder: request.embedder,
            embed: None,
            place: request.place,
        };
        let begun = self.begin_flow(request_id, new, true).await?;
        let flow = self.store().flow(begun.flow).await?.ok_or_else(expired)?;
        match self.ask_for_code(&flow, begun.result).await {
            Ok(started) => Ok(started),
            Err(problem) => {
                self.store()
                    .fail_flow(flow.id, problem.key(), problem.message())
                    .await?;
                Err(problem)
            }
        }
    }

    async fn ask_for_code(&self, flow: &Flow, result: Token) -> Result<StartedCode, Problem> {
        let parts = self.flow_client_parts(flow).await?;
        // What the commit would refuse, the person need not sign in for.
        let around = self.around(flow, parts).await?;
        let parts = &around.parts;
        let name = &parts.integration.name;
        let answer = self.protocol().authorize_device(&parts.client(self)?).await;
        if let Err(error) = &answer {
            self.note_refused_app(parts, error).await;
        }
        let answer = answer.map_err(|error| match error {
            TokenError::Transient { .. } if error.surely_not_sent() && parts.own_host(self).is_some() => {
                address_unreachable(name, None)
            }
            TokenError::Transient { .. } => unreachable_provider(name, &error),
            error => exchange_problem(name, &error),
        })?;
        let code = Zeroizing::new(answer.code.secret().expose_secret().to_owned());
        let secrets = FlowSecrets {
            device: Some(code),
            ..FlowSecrets::default()
        };
        let seconds = |seconds: u64| u32::try_from(seconds.clamp(1, LONGEST_WAIT)).unwrap_or(u32::MAX);
        let times = (seconds(answer.interval), seconds(answer.expires_in));
        let sent = self.store().send_device(flow, &secrets.to_plaintext()?, times).await?;
        let expires_in = sent.ok_or_else(expired)?;
        self.count((flow.project, flow.environment), &flow.integration, Counted::Sent);
        tracing::info!(flow = %flow.id, integration = flow.integration, "a sign-in waits for its code to be entered");
        Ok(StartedCode {
            flow: flow.id,
            result,
            user_code: answer.user_code,
            verification_uri: answer.verification_uri,
            verification_uri_complete: answer.verification_uri_complete,
            expires_in,
        })
    }

    /// Asks each service whose code may have been entered, never sooner than it allows. Called by the scheduler, and by
    /// tests step by step. Returns when all have answered, or soon after; the rest goes on.
    pub async fn poll_tick(&self) -> Result<PollTick, Problem> {
        let free = IN_FLIGHT.saturating_sub(self.0.polls.running());
        let mut tick = PollTick::default();
        // A copy of a database must not take the tokens that the original waits for.
        if free > 0 && self.is_at_home().await {
            let limits = PollLimits {
                all: i64::try_from(free).unwrap_or(i64::MAX),
                per_app: i64::try_from(PER_APP).unwrap_or(i64::MAX),
                full: &self.0.polls.full(),
                held: &self.0.polls.held(),
            };
            let mut tasks = JoinSet::new();
            for claimed in self.store().claim_polls(limits).await? {
                let slot = self.0.polls.take(&claimed.flow);
                let broker = self.clone();
                tasks.spawn(async move {
                    broker.poll(claimed).await;
                    drop(slot);
                });
            }
            let end = Instant::now() + PATIENCE;
            while let Ok(Some(done)) = timeout_at(end, tasks.join_next()).await {
                tick.asked += 1;
                if let Err(panic) = done {
                    tracing::error!(%panic, "a question for a sign-in panicked; its claim ends by itself");
                }
            }
            tasks.detach_all();
        }
        tick.running = self.0.polls.running();
        Ok(tick)
    }

    /// Waits for questions that are on their way: their answers may be tokens.
    pub(crate) async fn drain_polls(&self, patience: Duration) {
        let idle = async {
            while self.0.polls.running() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(patience, idle).await.is_err() {
            tracing::warn!("sign-ins were still asked for at the stop; whose answer is lost is told so");
        }
    }

    async fn poll(&self, claimed: ClaimedPoll) {
        let flow = &claimed.flow;
        let Err(problem) = self.ask_for_decision(&claimed).await else {
            return;
        };
        let told = if problem.kind() == Kind::Unavailable {
            tracing::warn!(%problem, flow = %flow.id, "a sign-in is asked for later");
            until_told(|| self.store().ask_again(&claimed, claimed.interval, claimed.interval)).await
        } else {
            tracing::info!(flow = %flow.id, integration = flow.integration, reason = problem.key(), "a sign-in failed");
            let failed = until_told(|| self.store().fail_poll(&claimed, problem.key(), problem.message()));
            failed.await.map(drop)
        };
        if let Err(error) = told {
            tracing::error!(%error, flow = %flow.id, "what became of a sign-in was not noted");
        }
    }

    async fn ask_for_decision(&self, claimed: &ClaimedPoll) -> Result<(), Problem> {
        let flow = &claimed.flow;
        let code = self.flow_secrets(flow).await?.device.ok_or_else(unreadable)?;
        let code = DeviceCode::new(SecretString::from(code.as_str()));
        let parts = self.flow_client_parts(flow).await?;
        let around = self.around(flow, parts).await?;
        let name = &around.parts.integration.name;
        let polled = self.protocol().poll_device(&around.parts.client(self)?, &code).await;
        let (interval, wait) = match polled {
            Polled::Granted(granted) => return self.take_device_grant(claimed, &around, *granted).await,
            Polled::Pending => (claimed.interval, claimed.interval),
            Polled::SlowDown => {
                let slower = claimed.interval.saturating_add(SLOWER);
                (slower, slower)
            }
            Polled::Later(error) => {
                tracing::warn!(%error, flow = %flow.id, "a service did not say whether a code was entered");
                less_often(claimed.interval, &error)
            }
            Polled::Denied(error) => return Err(provider_error(name, "access_denied", error.provider_message())),
            Polled::Expired(_) => return Err(code_ended(name)),
            // The question before this one may have been answered to a replica that is gone, or that cannot say so yet.
            Polled::Failed(error) if claimed.interrupted && error.class() == FailureClass::GrantGone => {
                tokio::time::sleep(HOLDER_FIRST).await;
                return Err(interrupted());
            }
            Polled::Failed(error) => {
                let problem = exchange_problem(name, &error);
                self.note_refused_app(&around.parts, &error).await;
                if let TokenError::NotBound { tokens, .. } = error {
                    let grant = unbound(flow, *tokens);
                    self.give_back(flow, &around.parts, &grant, &problem).await;
                }
                return Err(problem);
            }
        };
        let noted = until_told(|| self.store().ask_again(claimed, interval, wait)).await;
        Ok(noted?)
    }

    /// The tokens are in our hands and nowhere else: a database that is away for a moment must not lose them, and a flow
    /// that ended meanwhile gives them back.
    async fn take_device_grant(&self, claimed: &ClaimedPoll, around: &Around, granted: Granted) -> Result<(), Problem> {
        let flow = &claimed.flow;
        match until_told(|| self.store().take_device_grant(claimed)).await {
            Ok(Some(flow)) => {
                let bought = self.bought(&flow, &around.parts.client(self)?, granted);
                self.take_grant(&flow, around, bought, None).await.map(drop)
            }
            Ok(None) => {
                self.refuse_late(flow, &around.parts, granted).await;
                Ok(())
            }
            Err(error) => {
                self.refuse_late(flow, &around.parts, granted).await;
                Err(error.into())
            }
        }
    }

    async fn refuse_late(&self, flow: &Flow, parts: &ClientParts, granted: Granted) {
        let grant = grant(flow, granted, None);
        self.give_back(flow, parts, &grant, &expired()).await;
    }
}

/// The same again while the database is away.
async fn until_told<T, F>(call: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = Duration::from_millis(200);
    loop {
        match call().await {
            Err(error) if error.is_unavailable() => tokio::time::sleep(pause).await,
            other => return other,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// After silence or a busy answer the interval is doubled (RFC 8628 §3.5); a wish to wait is obeyed once.
fn less_often(interval: u32, error: &TokenError) -> (u32, u32) {
    let interval = interval.max(interval.saturating_mul(2).min(LONGEST_INTERVAL));
    let wished = error
        .retry_after()
        .map_or(0, |wish| u32::try_from(wish.as_secs()).unwrap_or(u32::MAX));
    (interval, interval.max(wished))
}

fn code_ended(name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "code_expired",
        format!("The code for {name} was not entered in time. Start again."),
    )
}

/// As a sweep says it of an exchange.
fn interrupted() -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "interrupted",
        "The sign-in was interrupted on our side. Try again.",
    )
}

fn unreadable() -> Problem {
    Problem::internal("The sign-in could not be read back. Start again in the app.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_doubles_the_interval_up_to_a_minute_and_never_shortens_it() {
        let silent = TokenError::Transient {
            reason: String::new(),
            status: None,
            retry_after: None,
            not_sent: false,
            provider_code: None,
            provider_message: None,
        };
        for (interval, expected) in [(5, 10), (10, 20), (40, 60), (60, 60), (90, 90)] {
            assert_eq!(less_often(interval, &silent), (expected, expected));
        }
        let busy = TokenError::Transient {
            reason: String::new(),
            status: Some(429),
            retry_after: Some(Duration::from_secs(45)),
            not_sent: false,
            provider_code: None,
            provider_message: None,
        };
        assert_eq!(less_often(5, &busy), (10, 45), "a wish to wait is for once");
    }
}
