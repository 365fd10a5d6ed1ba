//! The confirm page: where a browser could not be proved, the person says whether the sign-in is theirs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use store::{AuditEntry, Confirmed, Flow, FlowId, FlowMode, FlowStatus, Grade};
use url::Url;
use vault::Token;

use super::expired;
use crate::sessions::Platform;
use crate::submit::access_of;
use crate::{Broker, Kind, Looks, Problem};

/// What the confirm page shows.
#[derive(Debug)]
pub struct ConfirmView {
    /// The flow.
    pub flow: FlowId,
    /// The project's name.
    pub app_name: String,
    /// Its look.
    pub looks: Arc<Looks>,
    /// The service.
    pub integration: String,
    /// Its name.
    pub integration_name: String,
    /// The service's logo file.
    pub integration_logo: Option<String>,
    /// Plain words for what is asked.
    pub access: Vec<String>,
    /// For whom; cut at 80 characters.
    pub owner: Option<String>,
    /// The page that started it.
    pub embedder: Option<String>,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// Whether the code of the waiting window is asked for.
    pub asks_code: bool,
}

impl Broker {
    /// The confirm page of a flow that this browser holds.
    pub async fn confirm_view(&self, flow: FlowId, browser: &Token) -> Result<ConfirmView, Problem> {
        let (flow, project) = self.flow_of_browser(flow, &browser.digest()).await?;
        if flow.status != FlowStatus::Confirming || flow.over {
            return Err(expired());
        }
        let session = self.store().session_by_id(flow.session).await?.ok_or_else(expired)?;
        let catalog = self.catalog();
        let integration = catalog.get(&flow.integration);
        let app = self.store().app(flow.app).await?;
        let access = match (integration, app) {
            (Some(integration), Some(app)) => {
                let platform = Platform {
                    integration: integration.clone(),
                    app,
                };
                platform
                    .method(Some(&flow.auth_method))
                    .map(|method| access_of(&platform, method).words)
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        };
        Ok(ConfirmView {
            flow: flow.id,
            app_name: project.shown_name().to_owned(),
            looks: self.looks(&project),
            integration_name: self.integration_name(&flow.integration),
            integration_logo: integration.and_then(|integration| integration.logo.clone()),
            integration: flow.integration,
            access,
            owner: session.owner.display().map(|text| text.chars().take(80).collect()),
            embedder: flow.embedder,
            started_at: flow.created_at,
            asks_code: flow.mode != FlowMode::Redirect,
        })
    }

    /// The person's answer. `None` after "this was not me".
    pub async fn confirm(
        &self,
        flow: FlowId,
        browser: &Token,
        code: Option<&str>,
        accept: bool,
    ) -> Result<Option<Url>, Problem> {
        let digest = browser.digest();
        let (flow, _) = self.flow_of_browser(flow, &digest).await?;
        if !accept {
            let told = self
                .store()
                .reject_flow(flow.id, "not_me", "Somebody said that this sign-in was not theirs.")
                .await?;
            if told {
                self.audit_flow(&flow, "flow.not_me").await?;
            }
            return Ok(None);
        }
        let answer = match flow.mode {
            FlowMode::Redirect => None,
            FlowMode::Popup | FlowMode::Top => Some(code.unwrap_or_default().trim().to_uppercase()),
        };
        let grade = if answer.is_some() {
            Grade::Code
        } else {
            Grade::Confirmed
        };
        match self
            .store()
            .confirm_flow(flow.id, &digest, answer.as_deref(), grade)
            .await?
        {
            Confirmed::Yes => Ok(Some(self.depart(flow.id).await?)),
            Confirmed::WrongCode { tries_left: 0 } => {
                self.audit_flow(&flow, "flow.wrong_codes").await?;
                Err(expired())
            }
            Confirmed::WrongCode { tries_left } => Err(Problem::new(
                Kind::Forbidden,
                "wrong_code",
                format!("This is not the code that the other window shows. {tries_left} tries are left."),
            )
            .with_meta(serde_json::json!({ "tries_left": tries_left }))),
            Confirmed::Over => Err(expired()),
        }
    }

    async fn audit_flow(&self, flow: &Flow, action: &'static str) -> Result<(), Problem> {
        let entry = AuditEntry {
            project: Some(flow.project),
            environment: Some(flow.environment),
            action,
            actor: "browser".to_owned(),
            subject: Some(format!("flow:{}", flow.id)),
            detail: &serde_json::json!({ "integration": flow.integration }),
        };
        Ok(self.store().audit(entry).await?)
    }
}
