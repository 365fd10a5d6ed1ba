//! The provider comes back. In order: the raw query, the claim (one statement with the browser in it), the issuer, the
//! exchange with no transaction open, the account, one commit.

use std::time::Duration;

use protocol::oauth2::{Granted, PkceVerifier, TokenError};
use serde_json::{Map, Value, json};
use store::{
    AppId, AuditEntry, Finished, Flow, FlowMode, FlowStatus, Grant, NewCredential, ReturnForm, Session, Verify,
};
use url::{Url, form_urlencoded};
use vault::{Credential, SecretString, Token};

use super::departure::{ClientParts, FlowSecrets};
use crate::keys::connection_key;
use crate::refresh::refresh_in;
use crate::texts::quoted;
use crate::{Broker, Kind, Problem};

/// How a callback ends in the browser.
#[derive(Debug)]
pub enum CallbackEnd {
    /// 303 to a clean address: our last page, the customer's page, or its verify address.
    Redirect(Url),
    /// A page of ours.
    Page {
        /// The HTTP status.
        status: u16,
        /// What happened.
        title: &'static str,
        /// Who can mend it, and how.
        message: String,
        /// The page loads itself again after a few seconds: the flow is untouched.
        retry: bool,
    },
}

/// The largest query that is read.
const QUERY_LIMIT: usize = 16 * 1024;
/// The largest `state` that is read.
const STATE_LIMIT: usize = 8 * 1024;

/// A callback's query that passed the raw check.
struct Query {
    state: Token,
    code: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
    issuer: Option<String>,
    /// Everything, for values that a definition learns.
    all: Value,
}

impl Broker {
    /// Takes a provider's answer. Whatever goes wrong, the person gets a page that says what to do.
    pub async fn callback(&self, app: Option<AppId>, raw_query: &str, browser: Option<&Token>) -> CallbackEnd {
        let Some(query) = read_query(raw_query) else {
            return page(
                400,
                "This address is not complete",
                "Go back to the app and start the sign-in again there.",
            );
        };
        match self.take_callback(app, query, browser).await {
            Ok(end) => end,
            Err(problem) if problem.kind() == Kind::Unavailable => CallbackEnd::Page {
                status: 503,
                title: "One moment",
                message: "The sign-in cannot be finished right now. This page tries again by itself.".to_owned(),
                retry: true,
            },
            Err(problem) => {
                tracing::error!(%problem, "a callback failed");
                page(
                    500,
                    "Something went wrong on our side",
                    "Go back to the app and start the sign-in again there.",
                )
            }
        }
    }

    async fn take_callback(
        &self,
        app: Option<AppId>,
        query: Query,
        browser: Option<&Token>,
    ) -> Result<CallbackEnd, Problem> {
        let state = query.state.digest();
        let Some(cookie) = browser else {
            return self.refuse_callback(&query.state, None).await;
        };
        let Some(flow) = self.store().claim_flow(&state, &cookie.digest(), app).await? else {
            return self.refuse_callback(&query.state, Some(cookie)).await;
        };
        let secrets = self.flow_secrets(&flow).await?;
        let handle = secrets.handle.as_deref().map(String::as_str);
        let exchanged = self.exchange_flow(&flow, &secrets, query).await;
        match exchanged {
            Ok(None) => Ok(CallbackEnd::Page {
                status: 503,
                title: "The service did not answer",
                message: format!(
                    "{} could not be reached. Nothing was lost; this page tries again by itself.",
                    self.integration_name(&flow.integration)
                ),
                retry: true,
            }),
            Ok(Some(end)) => Ok(end),
            Err(problem) => {
                // The provider answered and the code is spent: the flow ends with a name, whatever the database says.
                tracing::info!(flow = %flow.id, integration = flow.integration, reason = problem.key(), "a sign-in failed");
                self.store()
                    .fail_flow(flow.id, problem.key(), problem.message())
                    .await?;
                self.end_of(&flow, handle, Some(problem.message())).await
            }
        }
    }

    /// Everything between the claim and the commit. `None`: the request surely was not sent and the flow is as before.
    async fn exchange_flow(
        &self,
        flow: &Flow,
        secrets: &FlowSecrets,
        query: Query,
    ) -> Result<Option<CallbackEnd>, Problem> {
        let parts = self.flow_client_parts(flow).await?;
        let name = parts.integration.name.clone();
        self.require_issuer(&parts, query.issuer.as_deref()).await?;
        if let Some(error) = &query.error {
            return Err(provider_error(&name, error, query.error_description.as_deref()));
        }
        let Some(code) = &query.code else {
            return Err(Problem::new(
                Kind::FailedDependency,
                "no_code",
                format!("{name} sent no code. Try again."),
            ));
        };
        let session = self
            .store()
            .session_by_id(flow.session)
            .await?
            .filter(Session::is_live)
            .ok_or_else(|| {
                Problem::new(
                    Kind::Gone,
                    "session_expired",
                    "The connect session has ended. Start again.",
                )
            })?;
        let verifier = secrets
            .verifier
            .as_ref()
            .map(|verifier| PkceVerifier::new(SecretString::from(verifier.as_str())))
            .transpose()
            .map_err(|_| Problem::internal("The sign-in could not be read back. Start again in the app."))?;
        let client = parts.client(self)?;
        let granted = match self
            .protocol()
            .exchange(&client, code, verifier.as_ref(), &query.all)
            .await
        {
            Ok(granted) => granted,
            Err(error) if error.surely_not_sent() => {
                tracing::warn!(%error, flow = %flow.id, "the token request was not sent");
                self.store().release_flow(flow.id).await?;
                return Ok(None);
            }
            Err(error) => return Err(exchange_problem(&name, &error)),
        };
        let grant = self.grant(&parts, flow, granted).await?;
        let handle = secrets.handle.as_deref().map(String::as_str);
        Ok(Some(self.commit(flow, &session, grant, handle).await?))
    }

    /// RFC 9207: a missing or different issuer ends the flow where one is known or promised.
    async fn require_issuer(&self, parts: &ClientParts, given: Option<&str>) -> Result<(), Problem> {
        let client = parts.client(self)?;
        let expected = self
            .protocol()
            .expected_issuer(&client)
            .await
            .map_err(|error| exchange_problem(&parts.integration.name, &error))?;
        let Some(expected) = expected else { return Ok(()) };
        let fits = match given {
            Some(given) => given == expected.issuer,
            None => !expected.required,
        };
        if fits {
            return Ok(());
        }
        Err(Problem::new(
            Kind::FailedDependency,
            "issuer_mismatch",
            format!(
                "The answer did not come from {}. Start again; tell whoever runs the app if it happens twice.",
                parts.integration.name
            ),
        ))
    }

    /// Tokens become a grant: learnt values, the account, the time of the next refresh.
    async fn grant(&self, parts: &ClientParts, flow: &Flow, granted: Granted) -> Result<Grant, Problem> {
        let mut own = flow.variables.clone();
        own.extend(granted.learned);
        let refreshable = granted.tokens.refresh_token.is_some() && parts.method()?.refresh.supported;
        let credential = Credential::OAuth2(granted.tokens);
        let mut grant = Grant {
            proved: false,
            account_id: None,
            account_name: None,
            variables: own,
            scopes: granted.scopes,
            credential: NewCredential {
                credential,
                expires_in: granted.expires_in,
                refresh_in: granted
                    .expires_in
                    .filter(|_| refreshable)
                    .map(|lifetime| refresh_in(lifetime, self.settings().refresh_margin)),
            },
        };
        if parts.integration.check.is_none() {
            return Ok(grant);
        }
        let variables =
            crate::sessions::effective_variables(&parts.integration, &parts.app.variables, &grant.variables);
        let mut inputs = self.instance_inputs();
        for (name, value) in &variables {
            inputs.insert_text("variables", name, value);
        }
        match self
            .protocol()
            .check(&parts.integration, &grant.credential.credential, &inputs)
            .await
        {
            Ok(account) => {
                grant.proved = true;
                grant.account_id = account.id;
                grant.account_name = account.name.map(|name| quoted(&name));
            }
            // The grant is good; that its account could not be read now must not lose it.
            Err(error) => tracing::warn!(%error, flow = %flow.id, "a new grant could not be checked"),
        }
        Ok(grant)
    }

    async fn commit(
        &self,
        flow: &Flow,
        session: &Session,
        grant: Grant,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        if let Err(problem) = self.require_same_account(session, &grant).await {
            self.store()
                .refuse_grant(flow, &grant, problem.key(), problem.message())
                .await?;
            return self.end_of(flow, handle, Some(problem.message())).await;
        }
        let project = self.project(flow.project).await?;
        let verifies = match project.verify {
            Verify::Off => false,
            Verify::Hosted => session.hosted,
            Verify::Always => true,
        };
        let completion = verifies.then(Token::generate);
        let key = connection_key(flow.environment, &flow.integration, &session.owner);
        let digest = completion.as_ref().map(Token::digest);
        let finished = self
            .commit_patiently(flow, session, &key, &grant, digest.as_ref())
            .await?;
        match (finished, completion) {
            (Finished::Quarantined, Some(code)) => {
                if let Some(url) = verify_address(project.verify_url.as_deref(), &code, flow) {
                    return Ok(CallbackEnd::Redirect(url));
                }
                let message = "The app has no address to confirm sign-ins at. Whoever runs it sets one with `latchkey projects set --verify-url`.";
                self.store()
                    .refuse_grant(flow, &grant, "no_verify_url", message)
                    .await?;
                self.end_of(flow, handle, Some(message)).await
            }
            (Finished::TooLate, _) => {
                self.end_of(flow, handle, Some("This session made its connection already."))
                    .await
            }
            (Finished::Connected(connection), _) => {
                tracing::info!(flow = %flow.id, %connection, integration = flow.integration, "connected");
                self.end_of(flow, handle, None).await
            }
            (Finished::Quarantined, None) => self.end_of(flow, handle, None).await,
        }
    }

    /// Tokens are in our hands and nowhere else: a database that is away for a moment must not lose them.
    async fn commit_patiently(
        &self,
        flow: &Flow,
        session: &Session,
        key: &str,
        grant: &Grant,
        completion: Option<&vault::Digest>,
    ) -> Result<Finished, Problem> {
        let mut pause = Duration::from_millis(200);
        for _ in 0..6 {
            match self.store().finish_flow(flow, session, key, grant, completion).await {
                Err(error) if error.is_unavailable() => tokio::time::sleep(pause).await,
                other => return Ok(other?),
            }
            pause *= 2;
        }
        Ok(self.store().finish_flow(flow, session, key, grant, completion).await?)
    }

    /// The way out: the customer's page in its form, else our last page.
    async fn end_of(&self, flow: &Flow, handle: Option<&str>, failure: Option<&str>) -> Result<CallbackEnd, Problem> {
        if flow.mode == FlowMode::Redirect
            && let (Some(page), Some(form)) = (&flow.return_url, flow.return_form)
            && let Ok(url) = Url::parse(page)
            && self
                .require_embedder(
                    flow.project,
                    flow.environment,
                    Some(&url.origin().ascii_serialization()),
                )
                .await
                .is_ok()
        {
            return Ok(CallbackEnd::Redirect(return_address(url, form, handle, failure)));
        }
        let mut url = self.settings().public_url.clone();
        url.set_path("/connect/done");
        url.query_pairs_mut().clear().append_pair("f", &flow.id.to_string());
        Ok(CallbackEnd::Redirect(url))
    }

    /// No claim: say why, as far as this browser may know, and note what looks like an attack. No token request.
    async fn refuse_callback(&self, state: &Token, browser: Option<&Token>) -> Result<CallbackEnd, Problem> {
        let unknown = || {
            page(
                400,
                "This sign-in is not known here",
                "Go back to the app and start the sign-in again there.",
            )
        };
        let Some(flow) = self.store().flow_by_state(&state.digest()).await? else {
            return Ok(unknown());
        };
        let same_browser = match browser {
            Some(browser) => self.store().flow_is_of_browser(flow.id, &browser.digest()).await?,
            None => false,
        };
        if !same_browser {
            let action = if browser.is_some() {
                "flow.state_cookie_mismatch"
            } else {
                "flow.state_cookie_missing"
            };
            let entry = AuditEntry {
                project: Some(flow.project),
                environment: Some(flow.environment),
                action,
                actor: "browser".to_owned(),
                subject: Some(format!("flow:{}", flow.id)),
                detail: &json!({ "integration": flow.integration }),
            };
            self.store().audit(entry).await?;
            if browser.is_some() {
                self.store().count_cookie_mismatch(flow.id).await?;
            }
            return Ok(page(
                400,
                "This sign-in was started in another browser",
                "Nothing was connected. Go back to the app, in the browser you use it with, and start again there.",
            ));
        }
        match flow.status {
            FlowStatus::Away if flow.over => Ok(over()),
            FlowStatus::Away => {
                // Right browser, right time: the app in the address is another, or the session ended.
                let session = self.store().session_by_id(flow.session).await?;
                if session.is_some_and(|session| session.is_live()) {
                    Ok(unknown())
                } else {
                    Ok(over())
                }
            }
            FlowStatus::Created | FlowStatus::Bound | FlowStatus::Confirming => Ok(unknown()),
            FlowStatus::Expired | FlowStatus::Cancelled => Ok(over()),
            _ => {
                self.end_of(
                    &Flow {
                        return_url: None,
                        ..flow
                    },
                    None,
                    None,
                )
                .await
            }
        }
    }
}

/// The customer's page with the parameters that its form asks for; they go before the fragment.
fn return_address(mut url: Url, form: ReturnForm, handle: Option<&str>, failure: Option<&str>) -> Url {
    if form == ReturnForm::Parameters {
        let mut pairs = url.query_pairs_mut();
        if let Some(handle) = handle {
            pairs.append_pair("one_auth_state", handle);
        }
        if let Some(failure) = failure {
            pairs.append_pair("one_auth_error", &failure.chars().take(200).collect::<String>());
        }
    }
    url
}

fn over() -> CallbackEnd {
    page(
        410,
        "This sign-in has ended",
        "It took too long or was closed. Go back to the app and start again there.",
    )
}

fn page(status: u16, title: &'static str, message: &str) -> CallbackEnd {
    CallbackEnd::Page {
        status,
        title,
        message: message.to_owned(),
        retry: false,
    }
}

/// Refuses doubled keys, contradictions, arrays, tokens in the query, and anything too long, before a value is used.
fn read_query(raw: &str) -> Option<Query> {
    if raw.len() > QUERY_LIMIT {
        return None;
    }
    let mut all = Map::new();
    for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
        let odd =
            key.contains(['[', ']']) || matches!(key.as_ref(), "access_token" | "id_token" | "refresh_token" | "token");
        if odd
            || all
                .insert(key.into_owned(), Value::String(value.into_owned()))
                .is_some()
        {
            return None;
        }
    }
    let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
    let (code, error) = (text("code"), text("error"));
    if code.is_some() == error.is_some() {
        return None;
    }
    let state = text("state").filter(|state| state.len() <= STATE_LIMIT)?;
    // Nothing of ours that goes to a provider holds a `~`: a state with one was not made by us.
    let state = Token::parse(&state)?;
    Some(Query {
        state,
        code: code.filter(|code| !code.is_empty()).map(SecretString::from),
        error,
        error_description: text("error_description"),
        issuer: text("iss"),
        all: Value::Object(all),
    })
}

/// The provider's own refusal, in our words, with its words as a quotation.
fn provider_error(name: &str, error: &str, description: Option<&str>) -> Problem {
    let words = description.map(quoted).filter(|words| !words.is_empty());
    let (key, message) = match error {
        "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => (
            "access_denied",
            format!("{name} was not connected: the access was not allowed."),
        ),
        "temporarily_unavailable" | "server_error" => (
            "provider_unavailable",
            format!("{name} cannot sign anybody in at the moment. Try again in a few minutes."),
        ),
        "login_required" | "consent_required" | "interaction_required" => (
            "login_required",
            format!("{name} wants you to sign in there first. Try again."),
        ),
        "invalid_scope"
        | "unauthorized_client"
        | "invalid_request"
        | "unsupported_response_type"
        | "invalid_client" => (
            "app_refused",
            format!(
                "{name} refused the way this app asks for access. Whoever runs the app has to look at its settings there."
            ),
        ),
        _ => ("provider_refused", format!("{name} refused the sign-in.")),
    };
    let message = match words {
        Some(words) if key != "access_denied" => format!("{message} It said: “{words}”"),
        _ => message,
    };
    Problem::new(Kind::FailedDependency, key, message)
}

fn exchange_problem(name: &str, error: &TokenError) -> Problem {
    tracing::warn!(%error, integration = name, "a code could not be exchanged");
    let words = error.provider_message().map(quoted).filter(|words| !words.is_empty());
    let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
    let (key, message) = match error {
        TokenError::GrantGone { .. } => (
            "code_expired",
            format!("{name} no longer accepts this sign-in. Start again."),
        ),
        TokenError::AppBroken { .. } => (
            "app_broken",
            format!(
                "{name} refused this app's client. Whoever runs the app has to check its client id and secret.{quote}"
            ),
        ),
        TokenError::Refused { .. } => ("provider_refused", format!("{name} refused the sign-in.{quote}")),
        TokenError::Configuration(..) => (
            "app_broken",
            format!("The settings for {name} are not complete. Whoever runs the app has to look at them."),
        ),
        _ => (
            "provider_unavailable",
            format!("{name} did not answer as expected. Start again in a minute."),
        ),
    };
    Problem::new(Kind::FailedDependency, key, message)
}

fn verify_address(url: Option<&str>, code: &Token, flow: &Flow) -> Option<Url> {
    let mut url = Url::parse(url?).ok()?;
    url.query_pairs_mut()
        .append_pair("code", &code.expose())
        .append_pair("flow", &flow.id.to_string());
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_answer_is_read() {
        let state = Token::generate().expose();
        let query = read_query(&format!("code=abc&state={state}&iss=https%3A%2F%2Fidp.test&realmId=7")).unwrap();
        assert_eq!(query.issuer.as_deref(), Some("https://idp.test"));
        assert_eq!(query.all["realmId"], "7");
        assert!(query.error.is_none());
    }

    #[test]
    fn odd_answers_are_refused_before_anything_is_used() {
        let state = Token::generate().expose();
        for raw in [
            String::new(),
            format!("state={state}"),
            format!("code=a&state={state}&code=b"),
            format!("code=a&state={state}&state={state}"),
            format!("code=a&error=b&state={state}"),
            format!("code[]=a&state={state}"),
            format!("code=a&access_token=b&state={state}"),
            format!("code=a&state={state}~RET"),
            "code=a&state=short".to_owned(),
            format!("code={}&state={state}", "a".repeat(QUERY_LIMIT)),
        ] {
            assert!(read_query(&raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn a_denial_is_plain_words_and_quotes_nothing_foreign() {
        let problem = provider_error("Gmail", "access_denied", Some("<img onerror=x>"));
        assert_eq!(problem.key(), "access_denied");
        assert!(!problem.message().contains("img"));
        let problem = provider_error("Gmail", "server_error", Some("a\u{202e}b"));
        assert!(problem.message().contains("“ab”"));
    }
}
