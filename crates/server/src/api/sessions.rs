//! `/v1/sessions`: attempts to connect something, how far each came, and where it stopped. Nothing opens a session with it:
//! its token is nowhere.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{AttemptDetail, Broker, Caller, IdentityType};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use store::{AttemptFlow, AttemptSearch, ConnectAttempt, ConnectProblem, SessionId};
use utoipa::ToSchema;

use crate::attempt::{Step, failure, integration_of, steps, stopped};
use crate::browser::browser_words;
use crate::key::Authenticated;
use crate::paging::{Paging, Query};
use crate::problems::Problem;

/// A failure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionFailure {
    /// A word for machines.
    code: String,
    /// The sentence that its person read.
    message: String,
}

/// An attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRow {
    /// The session's id. It opens nothing.
    id: String,
    /// Whose connection it would make.
    identity: Option<String>,
    /// What that is.
    identity_type: Option<&'static str>,
    /// Its name for people.
    identity_label: Option<String>,
    /// The service, as far as it is known: none was picked otherwise.
    integration: Option<String>,
    /// `connected`, `failed`, `cancelled`, `left` (its time ended) or `open`.
    outcome: &'static str,
    /// Where it stopped, in words.
    stopped: &'static str,
    /// What went wrong, where something was told.
    failure: Option<SessionFailure>,
    /// The browser that opened the modal, in words.
    browser: Option<String>,
    /// Whether it came from a link.
    hosted: bool,
    /// When the session was made.
    created_at: String,
    /// When its modal was opened.
    opened_at: Option<String>,
    /// When it ends or ended.
    expires_at: String,
}

/// A page of attempts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRows {
    /// The newest first.
    rows: Vec<SessionRow>,
    /// The `after` of the next page.
    next: Option<String>,
    /// How many sessions were looked through, where that ended the page before it was full.
    looked_through: Option<i64>,
}

/// A step of an attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionStep {
    /// In words.
    step: &'static str,
    /// Whether it was reached.
    done: bool,
    /// When, where that is known.
    at: Option<String>,
}

/// A sign-in of an attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionSignIn {
    /// Its id.
    id: String,
    /// The service.
    integration: String,
    /// Where it is, as `away`.
    status: String,
    /// When the service was picked.
    picked_at: String,
    /// When the person was sent there.
    sent_at: Option<String>,
    /// When they came back.
    returned_at: Option<String>,
    /// When it ended.
    ended_at: Option<String>,
    /// A word for machines, where it failed.
    code: Option<String>,
    /// The sentence for people.
    message: Option<String>,
    /// The connection that it made.
    connection: Option<String>,
    /// The page that showed the modal.
    embedder: Option<String>,
}

/// What its person was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionProblem {
    /// What the screen showed, for people to quote.
    reference: String,
    /// The service, where it was known.
    integration: Option<String>,
    /// A word for machines.
    code: String,
    /// The sentence that was shown.
    message: String,
    /// When.
    at: String,
}

/// An attempt with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionDetail {
    #[serde(flatten)]
    session: SessionRow,
    /// The integrations that it offered; null: all that are switched on.
    integrations: Option<Vec<String>>,
    /// The connection that it was to connect again.
    reconnects: Option<String>,
    /// How far it came.
    steps: Vec<SessionStep>,
    /// Its sign-ins, the last first.
    sign_ins: Vec<SessionSignIn>,
    /// What its person was told, the last first.
    problems: Vec<SessionProblem>,
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl From<&ConnectAttempt> for SessionRow {
    fn from(attempt: &ConnectAttempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            identity: attempt.owner.identity.clone(),
            identity_type: attempt.owner.identity_type.map(IdentityType::as_str),
            identity_label: attempt.owner.label.clone(),
            integration: integration_of(attempt).map(ToOwned::to_owned),
            outcome: attempt.outcome.as_str(),
            stopped: stopped(attempt),
            failure: failure(attempt).map(|(code, message)| SessionFailure { code, message }),
            browser: attempt.browser.as_deref().map(browser_words),
            hosted: attempt.hosted,
            created_at: text(attempt.created_at),
            opened_at: attempt.opened_at.map(text),
            expires_at: text(attempt.expires_at),
        }
    }
}

impl From<Step> for SessionStep {
    fn from(step: Step) -> Self {
        Self {
            step: step.word,
            done: step.is_done,
            at: step.at.map(text),
        }
    }
}

impl From<AttemptFlow> for SessionSignIn {
    fn from(flow: AttemptFlow) -> Self {
        Self {
            id: flow.id.to_string(),
            integration: flow.integration,
            status: flow.status,
            picked_at: text(flow.picked_at),
            sent_at: flow.sent_at.map(text),
            returned_at: flow.returned_at.map(text),
            ended_at: flow.ended_at.map(text),
            code: flow.code,
            message: flow.message,
            connection: flow.connection.map(|id| id.to_string()),
            embedder: flow.embedder,
        }
    }
}

impl From<ConnectProblem> for SessionProblem {
    fn from(told: ConnectProblem) -> Self {
        Self {
            reference: told.reference,
            integration: told.integration,
            code: told.code,
            message: told.message,
            at: text(told.at),
        }
    }
}

/// Whom a list is narrowed to: an id in clear, or what stands for one in addresses.
fn whom(broker: &Broker, caller: &Caller, query: &Query) -> Result<Option<(String, Option<IdentityType>)>, Problem> {
    if let Some(typed) = query.text("identity")? {
        return Ok(Some((typed.to_owned(), None)));
    }
    let Some(reference) = query.get("who") else {
        return Ok(None);
    };
    let found = broker.identity_of_reference(caller.project, reference);
    found
        .map(|identity| Some((identity.id, Some(identity.kind))))
        .ok_or_else(|| {
            Problem::bad_request("`who` stands for no identity here. Send one that GET /v1/identities answered.")
        })
}

/// Lists attempts to connect something in the key's environment, the newest first. They are kept for a week.
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "listSessions", tag = "Connect",
    params(
        ("outcome" = Option<String>, Query, description = "`connected`, `failed`, `cancelled`, `left` or `open`"),
        ("integration" = Option<String>, Query, description = "At this service"),
        ("identity" = Option<String>, Query, description = "Of this identity, the whole of it"),
        ("who" = Option<String>, Query, description = "The same without its name in the address: the `who` of `GET /v1/identities`"),
        ("reference" = Option<String>, Query, description = "The one that somebody quotes: by the reference of their screen, or the id of the session or of a sign-in. Other filters do not count then"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<i64>, Query, description = "At most 100")
    ),
    responses(
        (status = 200, body = SessionRows, description = "A page of attempts", example = json!({
            "rows": [{
                "id": "01900000-0000-7000-8000-000000000007", "identity": "u-42", "identityType": "user",
                "identityLabel": "Ann Lee", "integration": "gmail", "outcome": "left",
                "stopped": "At the service: the person did not come back.", "failure": null, "browser": "Firefox on Windows",
                "hosted": false, "createdAt": "2026-11-29T12:00:00.000Z", "openedAt": "2026-11-29T12:00:02.000Z",
                "expiresAt": "2026-11-29T13:00:00.000Z"
            }],
            "next": null, "lookedThrough": null
        })),
        (status = 400, description = "A filter has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let mut search = AttemptSearch {
        limit: Paging::read(&query).limit,
        ..AttemptSearch::default()
    };
    if let Some(reference) = query.text("reference")? {
        search.session = broker.attempt_of_reference(&caller.0, reference).await?;
        if search.session.is_none() {
            return Ok(HttpResponse::Ok().json(SessionRows {
                rows: Vec::new(),
                next: None,
                looked_through: None,
            }));
        }
    } else {
        let outcome = query.get("outcome").map(str::parse).transpose();
        search.outcome = outcome.map_err(|_| {
            Problem::bad_request("`outcome` is none of connected, failed, cancelled, left, open. Send one of them.")
        })?;
        search.integration = query.text("integration")?.map(ToOwned::to_owned);
        (search.identity, search.identity_type) = match whom(&broker, &caller.0, &query)? {
            Some((identity, kind)) => (Some(identity), kind),
            None => (None, None),
        };
        let after = query.get("after").map(str::parse::<SessionId>).transpose();
        search.before = after
            .map_err(|_| Problem::bad_request("`after` is no id of a session. Send `next` of the page before."))?;
    }
    let found = broker.connect_attempts(&caller.0, search).await?;
    Ok(HttpResponse::Ok().json(SessionRows {
        rows: found.rows.iter().map(Into::into).collect(),
        next: found.next.map(|id| id.to_string()),
        looked_through: found.looked_through,
    }))
}

/// One attempt: its steps, its sign-ins, and what its person was told.
#[utoipa::path(
    get, path = "/v1/sessions/{id}", operation_id = "getSession", tag = "Connect",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 200, body = SessionDetail, description = "The attempt"),
        (status = 403, description = "The key does not have the scope `connections:read`"),
        (status = 404, description = "Not there, not yours, or more than a week old")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let AttemptDetail { attempt, flows, told } = broker.connect_attempt(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(SessionDetail {
        session: SessionRow::from(&attempt),
        steps: steps(&attempt).into_iter().map(Into::into).collect(),
        integrations: attempt.integrations,
        reconnects: attempt.reconnects.map(|id| id.to_string()),
        sign_ins: flows.into_iter().map(Into::into).collect(),
        problems: told.into_iter().map(Into::into).collect(),
    }))
}
