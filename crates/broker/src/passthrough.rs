//! Passthrough: a call to the service's API with the credential put in.

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use protocol::egress::{BodyStream, EgressError, body_of};
use protocol::passthrough::PassthroughError;
use store::{Callable, ConnectionState};

use crate::sessions::effective_variables;
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

impl Broker {
    /// Calls the service. Its answer comes back as it is; only our own failures are problems.
    pub async fn passthrough(&self, caller: &Caller, call: PassthroughCall) -> Result<Response<BodyStream>, Problem> {
        caller.require(Scope::Passthrough)?;
        let key = call.connection_key.clone();
        let callable = self.usable(caller, &key).await?;
        if let Some(other) = call.action_of.as_deref().filter(|id| *id != callable.integration) {
            return Err(of_another_service(other, &callable.integration));
        }
        let again = is_repeatable(&call).then(|| (call.method.clone(), call.headers.clone()));
        let path = call.path_and_query.clone();
        let answer = self.send(&callable, call).await;
        if callable.use_is_old {
            let (store, id) = (self.store().clone(), callable.connection);
            tokio::spawn(async move {
                if let Err(error) = store.touch_connection(id).await {
                    tracing::debug!(%error, "the use of a connection was not noted");
                }
            });
        }
        let answer = answer?;
        if answer.status() != StatusCode::UNAUTHORIZED || !callable.refreshable {
            return Ok(answer);
        }
        let Some(age) = self.renew_rejected(&callable).await else {
            return Ok(answer);
        };
        // A body that streamed through is gone; the caller may send it again.
        let (Some((method, headers)), Some(renewed)) = (again, self.usable(caller, &key).await.ok()) else {
            return Ok(answer);
        };
        let second = PassthroughCall {
            connection_key: key,
            method,
            action_of: None,
            path_and_query: path,
            headers,
            body: body_of(Bytes::new()),
        };
        let answer = self.send(&renewed, second).await?;
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
        let variables = effective_variables(integration, &app.variables, &callable.variables);
        let mut inputs = self.instance_inputs();
        for (name, value) in &variables {
            inputs.insert_text("variables", name, value);
        }
        if let Some(client_id) = &app.client_id {
            inputs.insert_text("app", "client_id", client_id);
        }
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
        self.protocol()
            .passthrough(request, call.body)
            .await
            .map_err(|error| unanswered(&integration.name, error))
    }

    /// The connection with a credential that is good now.
    pub(crate) async fn usable(&self, caller: &Caller, key: &str) -> Result<Callable, Problem> {
        let not_found = || Problem::not_found("This connection");
        let read = || self.store().callable(caller.project, caller.environment, key);
        let callable = read().await?.ok_or_else(not_found)?;
        if !callable.active {
            return Err(Problem::new(
                Kind::Conflict,
                "connection_inactive",
                "This connection is switched off. Switch it on with PATCH /v1/vault/connections/{id}, {\"active\": true}.",
            ));
        }
        if callable.state == ConnectionState::Failed {
            let why = callable
                .state_message
                .clone()
                .unwrap_or_else(|| "Its access has ended.".to_owned());
            return Err(Problem::new(Kind::FailedDependency, "connection_failed", why));
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

/// No token is left, and why there is no new one.
pub(crate) fn ended(problem: Problem) -> Problem {
    if problem.key() != "refresh_failed" {
        return problem;
    }
    problem.reworded(|why| format!("The access token of this connection has ended. {why}"))
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
