//! From a grant to a connection: the account, what a reconnect asks of it, and one commit.

use std::time::Duration;

use catalog::AuthKind;
use protocol::{CheckError, Client};
use store::{Connection, Finished, Flow, Grant, Project, Reach, Session, SessionPurpose, Verify};
use url::Url;
use vault::Token;

use super::callback::CallbackEnd;
use super::choice::named;
use super::departure::ClientParts;
use crate::keys::connection_key;
use crate::submit::{check_problem, require_same_account};
use crate::texts::quoted;
use crate::{Broker, Kind, Problem};

/// Between two tries to reach the database.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const NO_VERIFY_ADDRESS: &str = "The app has no address to confirm sign-ins at. Whoever runs it sets one with `latchkey projects set --verify-url`.";

/// What the commit of a flow needs, all of it known before anything is spent.
pub(super) struct Around {
    pub(super) parts: ClientParts,
    pub(super) project: Project,
    pub(super) session: Session,
    /// The connection to connect again.
    pub(super) known: Option<Connection>,
}

impl Around {
    /// Whether the customer's backend must say who finished. Where a hosted link reconnects an account that is known, the
    /// service says it: another account is refused. What a link wishes counts, unless the project verifies always.
    pub(super) fn verifies(&self) -> bool {
        // Nobody but the person who types a secret in finishes a form.
        if !self.parts.auth().is_some_and(|method| method.kind.is_at_the_service()) {
            return false;
        }
        match (self.project.verify, self.session.verify) {
            (Verify::Always, _) => true,
            (_, Some(wished)) => wished,
            (Verify::Off, None) => false,
            (Verify::Hosted, None) => {
                self.session.hosted && self.known.as_ref().is_none_or(|known| known.account_id.is_none())
            }
        }
    }

    /// A session that adds access leaves a connection alone that would lose some.
    fn require_no_less(&self, grant: &Grant) -> Result<(), Problem> {
        if self.session.purpose != SessionPurpose::Widen {
            return Ok(());
        }
        let Some(known) = &self.known else { return Ok(()) };
        let explained = match self.parts.auth().map(|method| &method.kind) {
            Some(AuthKind::OAuth2(oauth2)) => &oauth2.scopes.known,
            _ => return Ok(()),
        };
        let (Some(before), Some(now)) = (&known.scopes, &grant.scopes) else {
            return Ok(());
        };
        // Scopes without words are not compared: services answer with other spellings of technical ones.
        if before
            .iter()
            .all(|scope| !explained.contains_key(scope) || now.contains(scope))
        {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Conflict,
            "less_access",
            format!(
                "{} gave less this time than before, so the connection was left as it was. Try again and leave every box ticked.",
                self.parts.integration.name
            ),
        ))
    }
}

impl Broker {
    /// Everything that a commit needs to know, asked while nothing is spent.
    pub(super) async fn around(&self, flow: &Flow, parts: ClientParts) -> Result<Around, Problem> {
        let session = self
            .store()
            .session_by_id(flow.session)
            .await?
            .filter(Session::is_live)
            .ok_or_else(session_expired)?;
        let around = Around {
            project: self.project(flow.project).await?,
            known: self.connection_to_replace(&session).await?,
            session,
            parts,
        };
        if around.verifies() && around.parts.method().is_ok_and(|method| method.device.is_some()) {
            return Err(cannot_confirm(&around.parts.integration.name));
        }
        if around.verifies() && verify_address(around.project.verify_url.as_deref(), &Token::generate(), flow).is_none()
        {
            return Err(Problem::new(Kind::FailedDependency, "no_verify_url", NO_VERIFY_ADDRESS));
        }
        Ok(around)
    }

    /// A grant that is for one account becomes the connection, or is given back.
    pub(super) async fn settle(
        &self,
        flow: &Flow,
        around: &Around,
        mut grant: Grant,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        if let Err(error) = self.prove_grant(flow, &around.parts, &mut grant).await {
            let problem = check_problem(&around.parts.integration.name, &error, None);
            if problem.kind() == Kind::Unavailable {
                self.store().release_choice(flow.id).await?;
                return Err(problem);
            }
            self.give_back(flow, &around.parts, &grant, &problem).await;
            return self.end_of(flow, handle, Some(problem.message())).await;
        }
        let refusal = require_same_account(around.known.as_ref(), &grant)
            .and_then(|()| around.require_no_less(&grant))
            .err();
        if let Some(problem) = refusal {
            self.give_back(flow, &around.parts, &grant, &problem).await;
            return self.end_of(flow, handle, Some(problem.message())).await;
        }
        self.commit(flow, around, grant, handle).await
    }

    /// Asks the service whose grant it is, where the definition says how. Only typed-in values can fail it.
    async fn prove_grant(&self, flow: &Flow, parts: &ClientParts, grant: &mut Grant) -> Result<(), CheckError> {
        if parts.integration.check_of(&parts.auth_method).is_none() {
            return Ok(());
        }
        let filled = self
            .call_inputs(&parts.integration, &parts.auth_method, &parts.app, &grant.variables)
            .await;
        let filled = filled.map_err(|problem| CheckError::Unavailable {
            reason: problem.to_string(),
            status: None,
            retry_after: None,
        });
        let filled = match filled {
            Ok(filled) => filled,
            Err(error) if grant.credential.credential.typed().is_some() => return Err(error),
            Err(error) => {
                tracing::warn!(%error, flow = %flow.id, "a new grant could not be checked");
                return Ok(());
            }
        };
        let inputs = filled.inputs(self);
        match self
            .protocol()
            .check(
                &parts.integration,
                (&parts.auth_method, &grant.credential.credential),
                &inputs,
            )
            .await
        {
            Ok(account) => {
                grant.proved = true;
                grant.account_id = account.id.map(|id| quoted(&id));
                grant.account_name = named(grant.account_name.take(), account.name);
            }
            // They can be typed in again; until they are proved nobody knows whether they are right.
            Err(error) if grant.credential.credential.typed().is_some() => return Err(error),
            // The grant is good; that its account could not be read now must not lose it.
            Err(error) => tracing::warn!(%error, flow = %flow.id, "a new grant could not be checked"),
        }
        Ok(())
    }

    /// A grant that must not become a connection: it is queued to be revoked, and if even that cannot be stored, the
    /// provider is asked at once.
    pub(super) async fn give_back(&self, flow: &Flow, parts: &ClientParts, grant: &Grant, problem: &Problem) {
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
        // Whether other connections live on it, only the database knows.
        if matches!(self.reach(&flow.integration, &flow.auth_method), Reach::Grant { .. }) {
            tracing::error!(flow = %flow.id, "a grant that was not kept is not revoked: that could end other connections");
            return;
        }
        if let (Ok(client), Some(tokens)) = (parts.client(self), grant.credential.credential.tokens())
            && let client = (Client {
                registered: tokens.client.as_ref(),
                ..client
            })
            && let Err(error) = self.protocol().revoke(&client, tokens).await
        {
            tracing::error!(%error, flow = %flow.id, "a grant that was not kept was not revoked either");
        }
    }

    async fn commit(
        &self,
        flow: &Flow,
        around: &Around,
        grant: Grant,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        let (session, project) = (&around.session, &around.project);
        let completion = around.verifies().then(Token::generate);
        let key = connection_key(flow.environment, &flow.integration, &session.owner);
        let digest = completion.as_ref().map(Token::digest);
        let is_by_app = grant.credential.credential.tokens().is_some();
        let finished = match self
            .commit_patiently(flow, session, &key, &grant, digest.as_ref())
            .await
        {
            Ok(finished) => finished,
            Err(problem) => {
                self.give_back(flow, &around.parts, &grant, &problem).await;
                return Err(problem);
            }
        };
        if is_by_app && !matches!(finished, Finished::TooLate) {
            self.note_app_well(flow.app).await;
        }
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

/// The answer to a session that ended on the way.
pub(super) fn session_expired() -> Problem {
    Problem::new(
        Kind::Gone,
        "session_expired",
        "The connect session has ended. Start again.",
    )
}

/// Who enters a code does it in a browser that never comes back to us, so nobody can say who it was (RFC 8628 §5.4).
fn cannot_confirm(name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "cannot_confirm",
        format!(
            "{name} is connected with a code, and this app confirms who signed in, which a code cannot show. Whoever runs the app makes the link with `\"verify\": false`, or sets `latchkey projects set --verify off`."
        ),
    )
}

fn verify_address(url: Option<&str>, code: &Token, flow: &Flow) -> Option<Url> {
    let mut url = Url::parse(url?).ok()?;
    url.query_pairs_mut()
        .append_pair("code", &code.expose())
        .append_pair("flow", &flow.id.to_string());
    Some(url)
}
