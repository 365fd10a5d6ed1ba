//! Passthrough: a call to the service's API with the credential put in.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, Response, StatusCode};
use protocol::NonceWanted;
use protocol::egress::{BodyStream, EgressError, body_of};
use protocol::passthrough::PassthroughError;
use serde_json::json;
use store::{Callable, ConnectionId, ConnectionState, IdleKey};
use tokio::time::Instant;

use crate::{Broker, Caller, Kind, Problem, Scope};

/// A call to pass through.
pub struct PassthroughCall {
    /// The connection's key.
    pub connection_key: String,
    /// The integration whose action the caller names, if it names one that is known here.
    pub action_of: Option<String>,
    /// The method.
    pub method: Method,
    /// Raw path and query behind `/v1/passthrough`, as the caller wrote them.
    pub path_and_query: String,
    /// The caller's headers.
    pub headers: HeaderMap,
    /// The caller's body.
    pub body: BodyStream,
    /// Where it is noted what was called.
    pub called: Arc<Called>,
}

/// What becomes known of a call while it is made, for its line in the log of requests.
#[derive(Debug, Default)]
pub struct Called {
    connection: OnceLock<ConnectionId>,
    host: OnceLock<String>,
}

impl Called {
    /// The connection, once it was found.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.connection.get().copied()
    }

    /// The service's host, once the call was built.
    pub fn host(&self) -> Option<&str> {
        self.host.get().map(String::as_str)
    }
}

impl std::fmt::Debug for PassthroughCall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PassthroughCall")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// A token with less time than this is refreshed before it is used: the call itself takes time.
const ENDING: i64 = 2;
/// The largest body that is kept to be sent again, in bytes.
const KEPT: usize = 256 * 1024;

impl Broker {
    /// Calls the service. Its answer comes back as it is; only our own failures are problems.
    pub async fn passthrough(&self, caller: &Caller, call: PassthroughCall) -> Result<Response<BodyStream>, Problem> {
        caller.require(Scope::Passthrough)?;
        let key = call.connection_key.clone();
        let callable = self.usable_noted(caller, &key, &call.called).await?;
        if let Some(other) = call.action_of.as_deref().filter(|id| *id != callable.integration) {
            return Err(of_another_service(other, &callable.integration));
        }
        let begun = Instant::now();
        let answer = self.answered(caller, &key, &callable, call).await;
        let place = (caller.project, caller.environment);
        let is_answered = answer.as_ref().is_ok_and(|answer| !answer.status().is_server_error());
        self.count_call(place, &callable.integration, begun.elapsed(), is_answered);
        answer
    }

    /// The service's answer; after a refusal of the credential, that to a second try with a new one.
    async fn answered(
        &self,
        caller: &Caller,
        key: &str,
        callable: &Callable,
        call: PassthroughCall,
    ) -> Result<Response<BodyStream>, Problem> {
        let (call, again) = repeatable(callable, call).await;
        let mut answer = self.send(callable, call).await;
        if let (true, Some(again)) = (wants_nonce(&answer), &again) {
            // Nothing was done yet: the service wants its newest number in the proof (RFC 9449 §9).
            answer = self.send(callable, again.call()).await;
        }
        if callable.old.usage {
            let (store, id) = (self.store().clone(), callable.connection);
            tokio::spawn(async move {
                if let Err(error) = store.touch_connection(id).await {
                    tracing::debug!(%error, "the use of a connection was not noted");
                }
            });
        }
        let answer = answer?;
        let nothing_said = answer.extensions().get::<NonceWanted>().is_some();
        if !callable.refreshable && !nothing_said {
            self.note_answer(caller, key, callable, &answer);
        }
        if answer.status() != StatusCode::UNAUTHORIZED || nothing_said || !callable.refreshable {
            return Ok(answer);
        }
        let Some(age) = self.renew_rejected(callable).await else {
            return Ok(answer);
        };
        // A body that streamed through is gone; the caller may send it again.
        let (Some(again), Some(renewed)) = (again, self.usable(caller, key).await.ok()) else {
            return Ok(answer);
        };
        let answer = self.send(&renewed, again.call()).await?;
        let good = answer.status() != StatusCode::UNAUTHORIZED;
        // Who found a newer token learnt nothing about the life of the old one.
        if age > 0 || !good {
            let learnt = self
                .store()
                .learn_from_rejection(renewed.connection, good.then_some(age))
                .await;
            if let Err(error) = learnt {
                tracing::debug!(%error, "what a 401 taught was not noted");
            }
        }
        Ok(answer)
    }

    /// The service no longer takes a token that looked good: one refresh for each generation, and none when a new token
    /// was refused before. The age of the rejected token in seconds, when there is a newer one now.
    async fn renew_rejected(&self, callable: &Callable) -> Option<u64> {
        let age = self
            .store()
            .age_of_rejected(callable.connection, callable.generation)
            .await;
        match age {
            Ok(Some(age)) => self.refresh_inline(callable).await.ok().map(|()| age),
            // Somebody was quicker, or a refresh is no remedy.
            Ok(None) => match self.store().generation(callable.connection).await {
                Ok(Some(current)) if current != callable.generation => Some(0),
                _ => None,
            },
            Err(_) => None,
        }
    }

    /// What an answer says about a credential that nothing renews. A 401 may be about the call alone, so the check is due,
    /// which tells. Without a check the service's own `invalid_token` is its refusal, and a good answer takes that back.
    fn note_answer(&self, caller: &Caller, key: &str, callable: &Callable, answer: &Response<BodyStream>) {
        let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
        let was_refused =
            callable.state == ConnectionState::Degraded && callable.state_reason.as_deref() == Some("key_refused");
        let says_more = if is_refused {
            callable.old.refusal
        } else {
            was_refused && answer.status().is_success()
        };
        if !says_more {
            return;
        }
        let catalog = self.catalog();
        let Some(integration) = catalog.get(&callable.integration) else {
            return;
        };
        let has_check = integration.check_of(&callable.auth_method).is_some();
        let counts = match (has_check, is_refused) {
            // What the check refused it heals, too.
            (true, is_refused) => is_refused,
            (false, true) => says_invalid_token(answer.headers()),
            (false, false) => true,
        };
        if !counts {
            return;
        }
        let message = format!(
            "{} does not accept this credential. Its person has to connect again.",
            integration.name
        );
        let store = self.store().clone();
        let credential = IdleKey {
            id: callable.connection,
            project: caller.project,
            environment: caller.environment,
            integration: callable.integration.clone(),
            key: key.to_owned(),
            account_id: None,
            generation: callable.generation,
            refusals: i16::from(was_refused),
        };
        tokio::spawn(async move {
            let noted = match (has_check, is_refused) {
                (true, _) => store.note_refused_call(credential.id).await,
                (false, true) => store.note_idle_refused(&credential, &message).await.map(drop),
                (false, false) => store.note_idle_accepted(&credential).await.map(drop),
            };
            if let Err(error) = noted {
                tracing::debug!(%error, "what an answer says about a credential was not noted");
            }
        });
    }

    async fn send(&self, callable: &Callable, call: PassthroughCall) -> Result<Response<BodyStream>, Problem> {
        let app = self
            .store()
            .app(callable.app)
            .await?
            .ok_or_else(|| Problem::not_found("The app of this connection"))?;
        let catalog = self.catalog();
        let integration = catalog.get(&callable.integration).ok_or_else(|| {
            Problem::new(
                Kind::Unavailable,
                "integration_changed",
                format!(
                    "The definition of `{}` is not loaded on this server. Put it back, then try again.",
                    callable.integration
                ),
            )
        })?;
        let filled = self
            .call_inputs(integration, &callable.auth_method, &app, &callable.variables)
            .await?;
        let inputs = filled.inputs(self);
        let request = self
            .protocol()
            .passthrough_request(
                integration,
                (&callable.auth_method, &callable.credential),
                &inputs,
                call.method,
                &call.path_and_query,
                &call.headers,
            )
            .map_err(refused_request)?;
        if let Some(host) = request.uri.host() {
            call.called.host.get_or_init(|| host.to_owned());
        }
        self.protocol()
            .passthrough(request, call.body)
            .await
            .map_err(|error| unanswered(&integration.name, error))
    }

    /// The connection with a credential that is good now.
    pub(crate) async fn usable(&self, caller: &Caller, key: &str) -> Result<Callable, Problem> {
        self.usable_noted(caller, key, &Called::default()).await
    }

    async fn usable_noted(&self, caller: &Caller, key: &str, noted: &Called) -> Result<Callable, Problem> {
        let not_found = || Problem::not_found("This connection");
        let read = || self.store().callable(caller.project, caller.environment, key);
        let callable = read().await?.ok_or_else(not_found)?;
        noted.connection.get_or_init(|| callable.connection);
        if !callable.active {
            return Err(Problem::new(
                Kind::Conflict,
                "connection_inactive",
                "This connection is switched off. Switch it on with PATCH /v1/vault/connections/{id}, {\"active\": true}.",
            ));
        }
        if callable.state == ConnectionState::Failed {
            return Err(connection_failed(
                callable.state_message,
                callable.state_reason.as_deref(),
            ));
        }
        let ending = callable.expires_in.is_some_and(|seconds| seconds <= ENDING);
        if !ending || !callable.refreshable {
            return Ok(callable);
        }
        if let Err(problem) = self.refresh_inline(&callable).await {
            // A token that is still good is served, whatever becomes of the next one.
            let still_good = callable.expires_in.is_some_and(|seconds| seconds > 0);
            return if still_good { Ok(callable) } else { Err(ended(problem)) };
        }
        read().await?.ok_or_else(not_found)
    }
}

/// It needs its person. Why, in words and for programs, is what the connection says.
pub(crate) fn connection_failed(message: Option<String>, reason: Option<&str>) -> Problem {
    let message = message.unwrap_or_else(|| "Its access has ended. Let its person connect again.".to_owned());
    Problem::new(Kind::FailedDependency, "connection_failed", message).with_meta(json!({ "reason": reason }))
}

/// No token is left, and why there is no new one.
pub(crate) fn ended(problem: Problem) -> Problem {
    if problem.key() != "refresh_failed" {
        return problem;
    }
    problem.reworded(|why| format!("The access token of this connection has ended. {why}"))
}

/// A call that can be sent again.
struct Again {
    method: Method,
    path_and_query: String,
    headers: HeaderMap,
    body: Bytes,
    called: Arc<Called>,
}

impl Again {
    fn call(&self) -> PassthroughCall {
        PassthroughCall {
            connection_key: String::new(),
            action_of: None,
            method: self.method.clone(),
            path_and_query: self.path_and_query.clone(),
            headers: self.headers.clone(),
            body: body_of(self.body.clone()),
            called: Arc::clone(&self.called),
        }
    }
}

/// The call, and what is needed to send it once more: without a body, or, where the service may ask for another proof,
/// with a small one.
async fn repeatable(callable: &Callable, mut call: PassthroughCall) -> (PassthroughCall, Option<Again>) {
    let bound = callable
        .credential
        .tokens()
        .is_some_and(|tokens| tokens.dpop_key.is_some());
    let body = if is_repeatable(&call) {
        Bytes::new()
    } else if bound && announced_length(&call.headers).is_some_and(|length| length <= KEPT) {
        match whole(&mut call.body).await {
            Ok(body) => {
                call.body = body_of(body.clone());
                body
            }
            // The sender broke off, which the call itself will say.
            Err(error) => {
                call.body = futures_util::stream::iter([Err(error)]).boxed();
                return (call, None);
            }
        }
    } else {
        return (call, None);
    };
    let again = Again {
        method: call.method.clone(),
        path_and_query: call.path_and_query.clone(),
        headers: call.headers.clone(),
        body,
        called: Arc::clone(&call.called),
    };
    (call, Some(again))
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body that the server's own limit keeps to the length it announced.
async fn whole(body: &mut BodyStream) -> Result<Bytes, EgressError> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        whole.extend_from_slice(&piece?);
    }
    Ok(whole.freeze())
}

fn wants_nonce(answer: &Result<Response<BodyStream>, Problem>) -> bool {
    answer
        .as_ref()
        .is_ok_and(|answer| answer.extensions().get::<NonceWanted>().is_some())
}

/// Whether the service says that the token itself is no good (RFC 6750 §3.1).
fn says_invalid_token(answer: &HeaderMap) -> bool {
    answer
        .get_all(http::header::WWW_AUTHENTICATE)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("invalid_token")))
}

/// Whether a call can be sent a second time: it has no body.
fn is_repeatable(call: &PassthroughCall) -> bool {
    let length = call.headers.get(http::header::CONTENT_LENGTH);
    !call.headers.contains_key(http::header::TRANSFER_ENCODING)
        && length.is_none_or(|length| length.as_bytes() == b"0")
        && (length.is_some() || !matches!(call.method, Method::POST | Method::PUT | Method::PATCH))
}

/// A call meant for one service must not reach another: it has the credential of the other.
fn of_another_service(action_of: &str, integration: &str) -> Problem {
    Problem::bad_request(
        "action_of_another_service",
        format!(
            "The action is one of `{action_of}`, the connection is to `{integration}`. Send a connection of the same \
             service, or no action id."
        ),
    )
}

fn refused_request(error: PassthroughError) -> Problem {
    Problem::bad_request(
        "passthrough_refused",
        format!("This call cannot be passed through: {error}."),
    )
    .with_cause(error)
}

fn unanswered(name: &str, error: EgressError) -> Problem {
    if matches!(error, EgressError::Unsigned(_)) {
        let message = format!("This call cannot be passed through: {error}.");
        return Problem::bad_request("passthrough_refused", message).with_cause(error);
    }
    let (key, message) = match &error {
        EgressError::Refused(_) => (
            "address_refused",
            format!("The address of {name} is not one that this server may call: {error}."),
        ),
        EgressError::Timeout { .. } => ("provider_timeout", format!("{name} did not answer in time.")),
        EgressError::TooLarge { .. } => (
            "too_large",
            format!("The call to {name} is larger than this server passes through: {error}."),
        ),
        _ => ("provider_unreachable", format!("{name} could not be reached: {error}.")),
    };
    Problem::new(Kind::FailedDependency, key, message).with_cause(error)
}
