//! Connect attempts: how far each came, and where it stopped.

use std::sync::Arc;

use store::{
    AttemptFlow, AttemptSearch, ConnectAttempt, ConnectProblem, FlowId, FoundAttempts, NewConnectProblem, SessionId,
    StoreError,
};
use tokio::sync::Semaphore;
use uuid::Uuid;
use vault::Token;

use crate::{Broker, Caller, Problem, Scope};

/// Notes that are written at the same time.
const AT_ONCE: usize = 8;

/// Turns to write down what modals were told. They are a help to the operator: better short of one than a way for
/// strangers to keep the database busy.
pub(crate) struct Notes(Arc<Semaphore>);

impl Default for Notes {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// An attempt with all that is known of it.
#[derive(Debug)]
pub struct AttemptDetail {
    /// The session.
    pub attempt: ConnectAttempt,
    /// Its sign-ins, the last first.
    pub flows: Vec<AttemptFlow>,
    /// What its person was told, the last first.
    pub told: Vec<ConnectProblem>,
}

impl Broker {
    /// A page of attempts.
    pub async fn connect_attempts(&self, caller: &Caller, mut search: AttemptSearch) -> Result<FoundAttempts, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        search.limit = search.limit.clamp(1, 100);
        Ok(self
            .store()
            .attempts(caller.project, caller.environment, &search)
            .await?)
    }

    /// One attempt, by its session's id.
    pub async fn connect_attempt(&self, caller: &Caller, id: &str) -> Result<AttemptDetail, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let missing = || Problem::not_found("This attempt");
        let session: SessionId = id.parse().map_err(|_| missing())?;
        let search = AttemptSearch {
            session: Some(session),
            limit: 1,
            ..AttemptSearch::default()
        };
        let found = self
            .store()
            .attempts(caller.project, caller.environment, &search)
            .await?;
        let attempt = found.rows.into_iter().next().ok_or_else(missing)?;
        Ok(AttemptDetail {
            flows: self.store().attempt_flows(session).await?,
            told: self.store().connect_problems(session).await?,
            attempt,
        })
    }

    /// The attempt that somebody quotes: by the reference of their screen, or by the id of the session or of a sign-in.
    pub async fn attempt_of_reference(&self, caller: &Caller, text: &str) -> Result<Option<SessionId>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let (project, environment) = (caller.project, caller.environment);
        // References are ids; people write them in capitals and with spaces around.
        let text = text.trim().to_lowercase();
        if let Some(found) = self.store().session_by_reference(project, environment, &text).await? {
            return Ok(Some(found));
        }
        let Ok(id) = text.parse::<Uuid>() else { return Ok(None) };
        if let Some(found) = self.store().session_of_flow(project, environment, id).await? {
            return Ok(Some(found));
        }
        let search = AttemptSearch {
            session: Some(SessionId(id)),
            limit: 1,
            ..AttemptSearch::default()
        };
        let found = self.store().attempts(project, environment, &search).await?;
        Ok(found.rows.first().map(|attempt| attempt.id))
    }

    /// Notes that the modal of a session was opened. The modal does not wait for the console: what cannot be noted is not.
    pub async fn note_opened(&self, session: &Token, browser: &str) {
        if let Err(error) = self.store().note_session_opened(&session.digest(), browser).await {
            tracing::debug!(%error, "an opened modal was not noted");
        }
    }

    /// Notes what the modal of a session was told, in the background.
    pub fn note_told(&self, session: &Token, problem: NewConnectProblem) {
        let (store, digest) = (self.store().clone(), session.digest());
        self.in_turn(async move { store.note_connect_problem(&digest, &problem).await });
    }

    /// Notes the reference that the last page of a sign-in shows, in the background.
    pub fn note_ended(&self, flow: FlowId, reference: String) {
        let store = self.store().clone();
        self.in_turn(async move { store.note_flow_problem(Some(flow), None, &reference, None).await });
    }

    /// Notes the reference of a page that a service's redirect led to, in the background: the sign-in is the one of the
    /// state that came back.
    pub fn note_returned(&self, state: &Token, reference: String, code: &'static str, message: String) {
        let (store, digest) = (self.store().clone(), state.digest());
        self.in_turn(async move {
            let words = Some((code, message.as_str()));
            store.note_flow_problem(None, Some(&digest), &reference, words).await
        });
    }

    fn in_turn(&self, note: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        let Ok(turn) = Arc::clone(&self.0.notes.0).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(error) = note.await {
                tracing::debug!(%error, "what somebody was told was not noted");
            }
        });
    }
}
