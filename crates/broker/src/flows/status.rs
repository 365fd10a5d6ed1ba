//! Reading the outcome: by handle for the modal, by browser for the page that ends the window.

use std::sync::Arc;

use serde::Serialize;
use store::{Connection, Flow, FlowId, FlowMode, FlowStatus, ProjectId};
use vault::Token;

use crate::sessions::Platform;
use crate::submit::missing_access;
use crate::{Broker, Looks, Problem};

/// A flow as its waiting modal sees it.
#[derive(Clone, Debug)]
pub struct FlowView {
    /// The flow.
    pub flow: FlowId,
    /// Whose it is.
    pub project: ProjectId,
    /// `pending`, `success` or `error`.
    pub status: &'static str,
    /// Where it is.
    pub stage: FlowStatus,
    /// The result.
    pub connection: Option<Box<Connection>>,
    /// The sentence for people.
    pub message: Option<String>,
    /// The word for machines.
    pub code: Option<String>,
    /// The name of the account that was connected. Not for a sign-in in the customer's own tab, whose handle stands in
    /// that tab's address.
    pub account: Option<String>,
    /// In plain words, what was asked for and not given.
    pub missing: Vec<String>,
}

/// How a flow ended, for the page in the popup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DoneOutcome {
    /// Connected.
    Success,
    /// Failed.
    Failure,
    /// Stopped by the person: here, or at the service.
    Cancelled,
    /// The customer's app confirms.
    Verifying,
    /// Not over yet.
    Pending,
}

/// What the page in the popup says.
#[derive(Debug)]
pub struct DoneView {
    /// The flow.
    pub flow: FlowId,
    /// How it ended.
    pub outcome: DoneOutcome,
    /// The project's name.
    pub app_name: String,
    /// How the project looks.
    pub looks: Arc<Looks>,
    /// The service's name.
    pub integration_name: String,
    /// The sentence for people, on failure.
    pub message: Option<String>,
    /// The word for machines, on failure.
    pub code: Option<String>,
    /// Where "Back to …" leads in a tab that stays: the project's home, else the embedding page.
    pub home_url: Option<String>,
    /// Whether the tab stays for certain. The window of a popup stays where a person took this tab instead.
    pub stays: bool,
}

impl Broker {
    /// The flow behind a handle. Unknown handles and flows that ended long ago are not found.
    pub async fn flow_status(&self, result: &Token) -> Result<FlowView, Problem> {
        let flow = self
            .store()
            .flow_by_result(&result.digest())
            .await?
            .ok_or_else(|| Problem::not_found("This sign-in"))?;
        self.view_flow(flow).await
    }

    /// The flows behind many handles with one query: whoever watches on this replica shares it.
    pub async fn watched_flows(&self, results: &[Vec<u8>]) -> Result<Vec<(FlowId, FlowStatus)>, Problem> {
        let flows = self.store().flows_by_result(results).await?;
        Ok(flows.iter().map(|flow| (flow.id, effective(flow))).collect())
    }

    async fn view_flow(&self, flow: Flow) -> Result<FlowView, Problem> {
        let stage = effective(&flow);
        let connection = match (stage, flow.connection) {
            (FlowStatus::Succeeded, Some(id)) => self
                .store()
                .connection(flow.project, flow.environment, id)
                .await?
                .map(Box::new),
            _ => None,
        };
        let (status, message, code) = match stage {
            FlowStatus::Succeeded => ("success", None, None),
            stage if stage.is_ended() => {
                let took_too_long = || "The sign-in took too long. Start again.".to_owned();
                (
                    "error",
                    Some(flow.error_message.clone().unwrap_or_else(took_too_long)),
                    Some(flow.error_code.clone().unwrap_or_else(|| stage.as_str().to_owned())),
                )
            }
            _ => ("pending", None, None),
        };
        let missing = match &connection {
            Some(connection) => self.missing_of(&flow, connection).await?,
            None => Vec::new(),
        };
        let account = connection
            .as_ref()
            .filter(|_| flow.mode != FlowMode::Redirect)
            .and_then(|connection| connection.account_name.clone());
        Ok(FlowView {
            flow: flow.id,
            project: flow.project,
            status,
            stage,
            connection,
            message,
            code,
            account,
            missing,
        })
    }

    pub(super) async fn missing_of(&self, flow: &Flow, connection: &Connection) -> Result<Vec<String>, Problem> {
        let Some(integration) = self.catalog().get(&flow.integration).cloned() else {
            return Ok(Vec::new());
        };
        let Some(app) = self.store().app(flow.app).await? else {
            return Ok(Vec::new());
        };
        let platform = Platform { integration, app };
        Ok(platform
            .method(Some(&flow.auth_method))
            .map(|method| missing_access(&platform, method, connection.scopes.as_deref()))
            .unwrap_or_default())
    }

    /// What the last page of a window says, in the browser that holds the flow. `None` for every other browser.
    pub async fn done_view(&self, flow: FlowId, browser: Option<&Token>) -> Result<Option<DoneView>, Problem> {
        let Some(browser) = browser else { return Ok(None) };
        let digest = browser.digest();
        if !self.store().flow_is_of_browser(flow, &digest).await? {
            return Ok(None);
        }
        let (flow, project) = self.flow_of_browser(flow, &digest).await?;
        let outcome = match effective(&flow) {
            FlowStatus::Succeeded => DoneOutcome::Success,
            FlowStatus::Verifying => DoneOutcome::Verifying,
            FlowStatus::Cancelled => DoneOutcome::Cancelled,
            FlowStatus::Failed if flow.error_code.as_deref() == Some("access_denied") => DoneOutcome::Cancelled,
            stage if stage.is_ended() => DoneOutcome::Failure,
            _ => DoneOutcome::Pending,
        };
        Ok(Some(DoneView {
            flow: flow.id,
            outcome,
            looks: self.looks(&project),
            app_name: project.shown_name().to_owned(),
            integration_name: self.integration_name(&flow.integration),
            message: flow.error_message,
            code: flow.error_code,
            home_url: project.home_url.or(flow.embedder),
            stays: flow.mode != FlowMode::Popup,
        }))
    }
}

/// The status by the clock: a sweep that has not run yet must not keep a dead flow waiting.
fn effective(flow: &Flow) -> FlowStatus {
    // A choice that was made is worked on like an exchange.
    if flow.status == FlowStatus::Choosing && flow.at_work {
        return FlowStatus::Exchanging;
    }
    let waits = matches!(
        flow.status,
        FlowStatus::Created | FlowStatus::Bound | FlowStatus::Confirming | FlowStatus::Away | FlowStatus::Choosing
    );
    if waits && flow.over {
        FlowStatus::Expired
    } else {
        flow.status
    }
}
