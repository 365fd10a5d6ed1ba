//! Flows: one attempt inside a session, from the pick to success or a named failure.
//!
//! Each step is a single `UPDATE … WHERE status = …`, on the database's clock, so that a step happens once however
//! often and on however many replicas it is asked for. Values that a browser holds are found by digest only.

mod device;
mod finish;
mod held;
mod steps;
mod sweep;
pub(crate) mod told;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use vault::Environment;

pub use device::{ClaimedPoll, PollLimits};
pub use finish::{Completed, Finished};
pub use held::HeldForm;
pub use steps::{Bind, Confirmed, NewFlow};
pub use sweep::Swept;

use crate::{AppId, ConnectionId, FlowId, ProjectId, SessionId, StoreError};

/// Where a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowStatus {
    /// Made in the modal, not yet in a browser window.
    Created,
    /// A browser window holds it.
    Bound,
    /// The person is asked whether it is theirs.
    Confirming,
    /// At the provider.
    Away,
    /// The callback came, tokens are asked for.
    Exchanging,
    /// The grant is there and reaches several accounts: the person picks one.
    Choosing,
    /// The customer's backend must say who finished it.
    Verifying,
    /// There is a connection.
    Succeeded,
    /// It ended with a named failure.
    Failed,
    /// The person closed it.
    Cancelled,
    /// It took too long.
    Expired,
    /// It was not the person's.
    Rejected,
}

impl FlowStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Bound => "bound",
            Self::Confirming => "confirming",
            Self::Away => "away",
            Self::Exchanging => "exchanging",
            Self::Choosing => "choosing",
            Self::Verifying => "verifying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    /// Whether nothing more will happen.
    pub const fn is_ended(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Expired | Self::Rejected
        )
    }
}

/// How a flow's window is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowMode {
    /// A window of its own.
    Popup,
    /// The customer's page leaves and comes back.
    Redirect,
    /// The tab goes on with us.
    Top,
}

impl FlowMode {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Popup => "popup",
            Self::Redirect => "redirect",
            Self::Top => "top",
        }
    }
}

/// How it was proved that the browser which goes on is the one that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// A page of our origin began the navigation (fetch metadata).
    SameOrigin,
    /// The opener answered the handshake.
    Opener,
    /// The embed cookie is visible at top level.
    EmbedCookie,
    /// Only the `Referer` speaks for it.
    Referrer,
    /// The person typed the code of the waiting window.
    Code,
    /// The person confirmed in the same window.
    Confirmed,
}

impl Grade {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameOrigin => "same_origin",
            Self::Opener => "opener",
            Self::EmbedCookie => "embed_cookie",
            Self::Referrer => "referrer",
            Self::Code => "code",
            Self::Confirmed => "confirmed",
        }
    }
}

/// How the result is told to a customer's page after a same-window flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnForm {
    /// `one_auth_state` and `one_auth_error` are added to the address.
    Parameters,
    /// The address stays as it is; the page asks for the result.
    Unchanged,
}

impl ReturnForm {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Parameters => "v2",
            Self::Unchanged => "v3",
        }
    }
}

/// A flow as it is. Digests stay in the database.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// Its session.
    pub session: SessionId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The app.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// How its window is opened.
    pub mode: FlowMode,
    /// Where it is.
    pub status: FlowStatus,
    /// The origin of the page that embeds the modal.
    pub embedder: Option<String>,
    /// Our origin that it was started on, where it is a project's own domain.
    pub origin: Option<String>,
    /// The code that the waiting modal shows.
    pub code: String,
    /// The person's name for the connection.
    pub name: Option<String>,
    /// Given values of variables.
    pub variables: BTreeMap<String, String>,
    /// The customer's page to go back to.
    pub return_url: Option<String>,
    /// How it is told.
    pub return_form: Option<ReturnForm>,
    /// The redirect address as sent to the provider.
    pub redirect_uri: Option<String>,
    /// A machine's word for the failure.
    pub error_code: Option<String>,
    /// The sentence for people.
    pub error_message: Option<String>,
    /// The result.
    pub connection: Option<ConnectionId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Whether its time is over, by the database's clock.
    pub over: bool,
    /// Whether the opener proof was promised.
    pub has_proof: bool,
    /// Whether a replica is at work on it: on the exchange, or on a choice that was made.
    pub at_work: bool,
}

pub(crate) struct Row {
    id: FlowId,
    session_id: SessionId,
    project_id: ProjectId,
    environment: String,
    app_id: AppId,
    integration: String,
    auth_method: String,
    mode: String,
    status: String,
    embedder: Option<String>,
    origin: Option<String>,
    code: String,
    name: Option<String>,
    variables: sqlx::types::Json<BTreeMap<String, String>>,
    return_url: Option<String>,
    return_form: Option<String>,
    redirect_uri: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    connection_id: Option<ConnectionId>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    over: bool,
    has_proof: bool,
    at_work: bool,
}

impl TryFrom<Row> for Flow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let record = row.id.0;
        let inconsistent = |what: String| StoreError::Inconsistent {
            table: "flows",
            record,
            what,
        };
        let mode = match row.mode.as_str() {
            "popup" => FlowMode::Popup,
            "redirect" => FlowMode::Redirect,
            "top" => FlowMode::Top,
            other => return Err(inconsistent(format!("mode `{other}`"))),
        };
        let return_form = match row.return_form.as_deref() {
            None => None,
            Some("v2") => Some(ReturnForm::Parameters),
            Some("v3") => Some(ReturnForm::Unchanged),
            Some(other) => return Err(inconsistent(format!("return form `{other}`"))),
        };
        Ok(Self {
            environment: crate::database::environment("flows", record, &row.environment)?,
            mode,
            status: status(&row.status).ok_or_else(|| inconsistent(format!("status `{}`", row.status)))?,
            id: row.id,
            session: row.session_id,
            project: row.project_id,
            app: row.app_id,
            integration: row.integration,
            auth_method: row.auth_method,
            embedder: row.embedder,
            origin: row.origin,
            code: row.code,
            name: row.name,
            variables: row.variables.0,
            return_url: row.return_url,
            return_form,
            redirect_uri: row.redirect_uri,
            error_code: row.error_code,
            error_message: row.error_message,
            connection: row.connection_id,
            created_at: row.created_at,
            expires_at: row.expires_at,
            over: row.over,
            has_proof: row.has_proof,
            at_work: row.at_work,
        })
    }
}

fn status(text: &str) -> Option<FlowStatus> {
    use FlowStatus::{
        Away, Bound, Cancelled, Choosing, Confirming, Created, Exchanging, Expired, Failed, Rejected, Succeeded,
        Verifying,
    };
    [
        Created, Bound, Confirming, Away, Exchanging, Choosing, Verifying, Succeeded, Failed, Cancelled, Expired,
        Rejected,
    ]
    .into_iter()
    .find(|status| status.as_str() == text)
}

macro_rules! select_flows {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            crate::flows::Row,
            r#"select f.id as "id: FlowId", f.session_id as "session_id: SessionId", f.project_id as "project_id: ProjectId",
                      f.environment, f.app_id as "app_id: AppId", f.integration, f.auth_method, f.mode, f.status, f.embedder,
                      f.origin, f.code, f.name, f.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", f.return_url,
                      f.return_form, f.redirect_uri, f.error_code, f.error_message,
                      f.connection_id as "connection_id: ConnectionId", f.created_at, f.expires_at,
                      f.expires_at <= latchkey_now() as "over!", f.proof_digest is not null as "has_proof!",
                      coalesce(f.exchange_until > latchkey_now(), false) as "at_work!"
               from flows f "# + $tail
            $(, $argument)*
        )
    };
}
pub(crate) use select_flows;
