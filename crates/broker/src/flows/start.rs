//! A flow begins: the modal made its ticket and opens the window.

use std::collections::BTreeMap;
use std::time::Duration;

use catalog::{AuthKind, AuthMethod};
use chrono::{DateTime, Utc};
use store::{FlowId, FlowMode, NewFlow, Session, SessionPurpose};
use url::Url;
use vault::{SecretString, Token, human_code};

use crate::form::accept_values;
use crate::sessions::{Platform, used};
use crate::texts::plain;
use crate::{Broker, Kind, Place, Problem};

/// A flow starts only with this much left in its session: two minutes to open the window, ten to sign in, five for the
/// customer's confirmation. So the end of the session surprises nobody.
const NEEDED_SECONDS: u32 = 17 * 60;
/// So much more where the person may have to choose from a list.
const CHOICE_SECONDS: u32 = 5 * 60;

/// A flow to begin.
#[derive(Debug)]
pub struct NewFlowRequest {
    /// The integration.
    pub integration: String,
    /// The sign-in method; the first without.
    pub auth: Option<String>,
    /// Values of variables.
    pub values: BTreeMap<String, SecretString>,
    /// The person's name for the connection.
    pub name: Option<String>,
    /// How the window is opened.
    pub mode: FlowMode,
    /// The start ticket, made by the modal.
    pub ticket: Token,
    /// The opener proof, made by the modal.
    pub proof: Option<Token>,
    /// The origin of the page that embeds the modal.
    pub embedder: Option<String>,
    /// The embed cookie.
    pub embed: Option<Token>,
    /// Which of our origins the modal is on.
    pub place: Place,
}

/// A flow that began.
#[derive(Debug)]
pub struct StartedFlow {
    /// Its id.
    pub flow: FlowId,
    /// The handle that reads its result.
    pub result: Token,
    /// The code that the modal shows while it waits.
    pub code: String,
    /// For the same window: where the customer's page is sent.
    pub url: Option<Url>,
    /// When the ticket ends.
    pub expires_at: DateTime<Utc>,
}

impl Broker {
    /// Begins a flow. The session must have time left for all of it.
    pub async fn start_flow(&self, request_id: &Token, request: NewFlowRequest) -> Result<StartedFlow, Problem> {
        self.begin_flow(request_id, request, false).await
    }

    /// The same for both ways: through a window, or with a code that the person enters.
    pub(super) async fn begin_flow(
        &self,
        request_id: &Token,
        request: NewFlowRequest,
        by_code: bool,
    ) -> Result<StartedFlow, Problem> {
        let session = self.live_session(request_id).await?;
        crate::branding::require_place(request.place.project, session.project)?;
        if session.is_used() {
            return Err(used());
        }
        if !session.hosted {
            self.require_embedder(session.project, session.environment, request.embedder.as_deref())
                .await?;
        }
        let platform = self.session_platform(&session, &request.integration).await?;
        let (auth_method, variables) = if session.purpose == SessionPurpose::Widen {
            self.as_before(&session, &platform).await?
        } else {
            accept(&platform, request.auth.as_deref(), request.values)?
        };
        let method = platform.method(Some(&auth_method))?;
        require_way(method, by_code)?;
        self.require_agreed(&platform.integration, &method.id, &platform.app)
            .await?;
        let needs = NEEDED_SECONDS + method.choose.as_ref().map_or(0, |_| CHOICE_SECONDS);
        if session.seconds_left < i64::from(needs) {
            return Err(session_expiring());
        }
        let result = Token::generate();
        let code = human_code();
        let new = NewFlow {
            app: platform.app.id,
            integration: request.integration,
            auth_method,
            mode: request.mode,
            ticket: request.ticket.digest(),
            proof: request.proof.as_ref().map(Token::digest),
            result: result.digest(),
            embed: request.embed.as_ref().map(Token::digest),
            embedder: request.embedder,
            origin: request.place.project.map(|_| request.place.origin.to_string()),
            code: code.clone(),
            name: plain("name", request.name, 120)?,
            variables,
            needs,
        };
        let (flow, expires_at) = self.create(&session, &new).await?;
        tracing::info!(%flow, integration = new.integration, mode = request.mode.as_str(), "a sign-in was started");
        let url = (request.mode == FlowMode::Redirect)
            .then(|| start_address(&request.place.origin, &result))
            .flatten();
        Ok(StartedFlow {
            flow,
            result,
            code,
            url,
            expires_at,
        })
    }

    async fn create(&self, session: &Session, new: &NewFlow) -> Result<(FlowId, DateTime<Utc>), Problem> {
        let created = self.store().create_flow(session, new).await.map_err(spent_ticket)?;
        created.ok_or_else(|| {
            Problem::new(
                Kind::TooManyRequests,
                "too_many_flows",
                "Too many sign-ins were started from this window. Close it and start again in the app.",
            )
            .with_retry_after(Duration::from_mins(1))
        })
    }

    /// A new ticket for a flow that no window took yet.
    pub async fn renew_ticket(
        &self,
        request_id: &Token,
        flow: FlowId,
        ticket: &Token,
        proof: Option<&Token>,
    ) -> Result<(), Problem> {
        let session = self.live_session(request_id).await?;
        let proof = proof.map(Token::digest);
        if self
            .store()
            .renew_ticket(session.id, flow, &ticket.digest(), proof.as_ref())
            .await
            .map_err(spent_ticket)?
        {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Conflict,
            "flow_started",
            "The sign-in window is open already.",
        ))
    }

    /// The modal was closed or the person cancelled. Nothing happens when the flow has ended.
    pub async fn cancel_flow(&self, request_id: &Token, flow: FlowId) -> Result<(), Problem> {
        // Also an expired session may cancel what it began.
        if let Some(session) = self.store().session(&request_id.digest()).await? {
            self.store().cancel_flow(session.id, flow).await?;
        }
        Ok(())
    }
}

pub(super) fn accept(
    platform: &Platform,
    auth: Option<&str>,
    values: BTreeMap<String, SecretString>,
) -> Result<(String, BTreeMap<String, String>), Problem> {
    let method = platform.method(auth)?;
    if !method.kind.is_at_the_service() {
        return Err(Problem::bad_request(
            "not_oauth",
            "This service is connected with a form, not by signing in.",
        ));
    }
    let (_, variables) = accept_values(platform, method, values)?;
    Ok((method.id.clone(), variables))
}

fn require_way(method: &AuthMethod, by_code: bool) -> Result<(), Problem> {
    match &method.kind {
        AuthKind::OAuth2(oauth2) if oauth2.device.is_some() == by_code => Ok(()),
        AuthKind::OAuth1(_) if !by_code => Ok(()),
        AuthKind::OAuth2(_) | AuthKind::OAuth1(_) if by_code => Err(Problem::bad_request(
            "not_by_code",
            "This service is connected in a window of its own, not with a code.",
        )),
        _ => Err(Problem::bad_request(
            "by_code",
            "This service is connected with a code that is entered there, not in a window of ours.",
        )),
    }
}

/// `BASE/connect/start?state=H`: the customer's page adds its address to the state, the modal the ticket behind `#`.
fn start_address(origin: &str, result: &Token) -> Option<Url> {
    let mut url = Url::parse(origin).ok()?;
    url.set_path("/connect/start");
    url.query_pairs_mut().clear().append_pair("state", &result.expose());
    Some(url)
}

/// A ticket that another flow has.
fn spent_ticket(error: store::StoreError) -> Problem {
    match error {
        store::StoreError::Conflict(_) => Problem::new(
            Kind::Conflict,
            "ticket_spent",
            "This ticket was used before. Make a new one.",
        ),
        other => other.into(),
    }
}

fn session_expiring() -> Problem {
    Problem::new(
        Kind::Conflict,
        "session_expiring",
        "This connect session ends too soon for a sign-in. The window asks the app for a new one.",
    )
}
