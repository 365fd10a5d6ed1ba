//! The exchange: what the commit needs is read first, then the code is spent with no transaction open, then one commit.

use std::time::Duration;

use protocol::oauth2::{Granted, PkceVerifier, TokenError};
use serde_json::Value;
use store::{Connection, Finished, Flow, Grant, NewCredential, Project, Session, Verify};
use url::Url;
use vault::{Credential, SecretString, Token};

use super::callback::{CallbackEnd, Query};
use super::departure::{ClientParts, FlowSecrets};
use crate::keys::connection_key;
use crate::refresh::refresh_in;
use crate::submit::require_same_account;
use crate::texts::quoted;
use crate::{Broker, Kind, Problem};

/// Between two tries to reach the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// All that an exchange and its commit need.
pub(super) struct Ready {
    parts: ClientParts,
    project: Project,
    session: Session,
    /// The connection to connect again.
    known: Option<Connection>,
    verifier: Option<PkceVerifier>,
    code: SecretString,
    query: Value,
}

impl Broker {
    /// Everything that can be asked before the code is spent. An unavailable database or provider changes nothing.
    pub(super) async fn prepare_exchange(
        &self,
        flow: &Flow,
        secrets: &FlowSecrets,
        query: Query,
    ) -> Result<Ready, Problem> {
        let parts = self.flow_client_parts(flow).await?;
        let name = &parts.integration.name;
        self.require_issuer(&parts, query.issuer.as_deref()).await?;
        if let Some(error) = &query.error {
            return Err(provider_error(name, error, query.error_description.as_deref()));
        }
        let Some(code) = query.code else {
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
        let project = self.project(flow.project).await?;
        let known = self.connection_to_replace(&session).await?;
        if verifies(&project, &session, known.as_ref())
            && verify_address(project.verify_url.as_deref(), &Token::generate(), flow).is_none()
        {
            return Err(Problem::new(Kind::FailedDependency, "no_verify_url", NO_VERIFY_ADDRESS));
        }
        Ok(Ready {
            parts,
            project,
            session,
            known,
            verifier,
            code,
            query: query.all,
        })
    }

    /// Spends the code.
    pub(super) async fn exchange(
        &self,
        flow: &Flow,
        ready: Ready,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        let client = ready.parts.client(self)?;
        let granted = match self
            .protocol()
            .exchange(&client, &ready.code, ready.verifier.as_ref(), &ready.query)
            .await
        {
            Ok(granted) => granted,
            Err(error) if error.surely_not_sent() => {
                tracing::warn!(%error, flow = %flow.id, "the token request was not sent");
                return Ok(self.put_back(flow).await);
            }
            Err(error) => return Err(exchange_problem(&ready.parts.integration.name, &error)),
        };
        let forbidden = !granted.forbidden.is_empty();
        let refreshable = granted.tokens.refresh_token.is_some() && client.method.refresh.supported;
        let refresh_in = refresh_in(
            granted.expires_in,
            client.method.refresh.idle,
            refreshable,
            self.settings().refresh_margin,
        );
        let grant = self.grant(&ready.parts, flow, granted, refresh_in).await;
        let refusal = if forbidden {
            Some(Problem::new(
                Kind::FailedDependency,
                "value_refused",
                format!(
                    "{} answered with an address or value that its definition does not allow. Whoever runs the app has to look at it.",
                    ready.parts.integration.name
                ),
            ))
        } else {
            require_same_account(ready.known.as_ref(), &grant).err()
        };
        if let Some(problem) = refusal {
            self.give_back(flow, &ready.parts, &grant, &problem).await;
            return self.end_of(flow, handle, Some(problem.message())).await;
        }
        self.commit(flow, &ready, grant, handle).await
    }

    /// A grant that must not become a connection: it is queued to be revoked, and if even that cannot be stored, the
    /// provider is asked at once.
    async fn give_back(&self, flow: &Flow, parts: &ClientParts, grant: &Grant, problem: &Problem) {
        tracing::info!(flow = %flow.id, reason = problem.key(), "a grant is given back");
        let mut pause = Duration::from_millis(200);
        loop {
            match self
                .store()
                .refuse_grant(flow, grant, problem.key(), problem.message())
                .await
            {
                Ok(()) => return,
                Err(error) if error.is_unavailable() => tokio::time::sleep(pause).await,
                Err(error) => {
                    tracing::error!(%error, flow = %flow.id, "a grant cannot be queued; it is revoked now");
                    break;
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        if let (Ok(client), Some(tokens)) = (parts.client(self), grant.credential.credential.tokens())
            && let Err(error) = self.protocol().revoke(&client, tokens).await
        {
            tracing::error!(%error, flow = %flow.id, "a grant that was not kept was not revoked either");
        }
    }

    /// RFC 9207: a missing or different issuer ends the flow where one is known or promised.
    async fn require_issuer(&self, parts: &ClientParts, given: Option<&str>) -> Result<(), Problem> {
        let client = parts.client(self)?;
        let expected = self.protocol().expected_issuer(&client).await.map_err(|error| {
            if error.surely_not_sent() {
                tracing::warn!(%error, "the issuer of a callback is not known yet");
                return Problem::new(
                    Kind::Unavailable,
                    "provider_unavailable",
                    "The service cannot be reached.",
                );
            }
            exchange_problem(&parts.integration.name, &error)
        })?;
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
    /// What the provider wrote is cleaned first: a stray control character must not keep a grant from being stored.
    async fn grant(&self, parts: &ClientParts, flow: &Flow, granted: Granted, refresh_in: Option<u64>) -> Grant {
        let mut own = flow.variables.clone();
        own.extend(
            granted
                .learned
                .into_iter()
                .filter(|(_, value)| !value.chars().any(char::is_control)),
        );
        let credential = Credential::OAuth2(granted.tokens);
        let mut grant = Grant {
            proved: false,
            account_id: None,
            account_name: None,
            variables: own,
            scopes: granted
                .scopes
                .map(|scopes| scopes.iter().map(|scope| quoted(scope)).collect()),
            credential: NewCredential {
                credential,
                expires_in: granted.expires_in,
                refresh_in,
            },
        };
        if parts.integration.check.is_none() {
            return grant;
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
                grant.account_id = account.id.map(|id| quoted(&id));
                grant.account_name = account.name.map(|name| quoted(&name));
            }
            // The grant is good; that its account could not be read now must not lose it.
            Err(error) => tracing::warn!(%error, flow = %flow.id, "a new grant could not be checked"),
        }
        grant
    }

    async fn commit(
        &self,
        flow: &Flow,
        ready: &Ready,
        grant: Grant,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        let (session, project) = (&ready.session, &ready.project);
        let completion = verifies(project, session, ready.known.as_ref()).then(Token::generate);
        let key = connection_key(flow.environment, &flow.integration, &session.owner);
        let digest = completion.as_ref().map(Token::digest);
        let finished = match self
            .commit_patiently(flow, session, &key, &grant, digest.as_ref())
            .await
        {
            Ok(finished) => finished,
            Err(problem) => {
                self.give_back(flow, &ready.parts, &grant, &problem).await;
                return Err(problem);
            }
        };
        match (finished, completion) {
            (Finished::Quarantined, Some(code)) => {
                if let Some(url) = verify_address(project.verify_url.as_deref(), &code, flow) {
                    return Ok(CallbackEnd::Redirect(url));
                }
                // Without an address nobody confirms: the grant is revoked when its five minutes are over.
                self.end_of(flow, handle, Some(NO_VERIFY_ADDRESS)).await
            }
            (Finished::TooLate, _) => {
                self.end_of(
                    flow,
                    handle,
                    Some("This session made its connection already, or its connection was deleted."),
                )
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
        loop {
            match self.store().finish_flow(flow, session, key, grant, completion).await {
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, flow = %flow.id, "a new grant waits for the database");
                    tokio::time::sleep(pause).await;
                }
                other => return Ok(other?),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The provider's own refusal, in our words, with its words as a quotation.
fn provider_error(name: &str, error: &str, description: Option<&str>) -> Problem {
    let words = description.map(quoted).filter(|words| !words.is_empty());
    if asks_for_approval(error, words.as_deref()) {
        let said = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
        let message = format!(
            "{name} lets people of this organisation connect an app only after an administrator there has approved it.{said}"
        );
        return Problem::new(Kind::FailedDependency, "approval_needed", message);
    }
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

/// Services have no common word for "your administrator has to allow this first": some have a code, others say it in the
/// description of a general one.
fn asks_for_approval(error: &str, description: Option<&str>) -> bool {
    let mut codes = error.split(['_', ' ', '.']);
    if codes.any(|word| matches!(word, "admin" | "administrator")) {
        return true;
    }
    let Some(words) = description.map(str::to_lowercase) else {
        return false;
    };
    words.contains("admin")
        && ["consent", "approv", "grant", "permission", "allow"]
            .iter()
            .any(|word| words.contains(word))
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

const NO_VERIFY_ADDRESS: &str = "The app has no address to confirm sign-ins at. Whoever runs it sets one with `latchkey projects set --verify-url`.";

/// Whether the customer's backend must say who finished. Where a hosted link reconnects an account that is known, the
/// service says it: another account is refused. What a link wishes counts, unless the project verifies always.
fn verifies(project: &Project, session: &Session, known: Option<&Connection>) -> bool {
    match (project.verify, session.verify) {
        (Verify::Always, _) => true,
        (_, Some(wished)) => wished,
        (Verify::Off, None) => false,
        (Verify::Hosted, None) => session.hosted && known.is_none_or(|known| known.account_id.is_none()),
    }
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
    fn a_denial_is_plain_words_and_quotes_nothing_foreign() {
        let problem = provider_error("Gmail", "access_denied", Some("<img onerror=x>"));
        assert_eq!(problem.key(), "access_denied");
        assert!(!problem.message().contains("img"));
        for (error, description) in [
            ("admin_policy_enforced", None),
            (
                "access_denied",
                Some("AADSTS90094: The grant requires admin permission."),
            ),
            ("consent_required", Some("Need admin approval")),
            (
                "access_denied",
                Some("An Administrator has to consent to this app first"),
            ),
        ] {
            let problem = provider_error("Gmail", error, description);
            assert_eq!(problem.key(), "approval_needed", "{error}");
            assert!(
                problem.message().contains("administrator there has approved it"),
                "{error}"
            );
        }
        for (error, description) in [
            ("access_denied", Some("The person said no")),
            ("server_error", Some("Ask the admin of the moon")),
        ] {
            assert_ne!(provider_error("Gmail", error, description).key(), "approval_needed");
        }
        let problem = provider_error("Gmail", "server_error", Some("a\u{202e}b"));
        assert!(problem.message().contains("“ab”"));
    }
}
