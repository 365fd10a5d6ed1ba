//! The confirm page: where a browser could not be proved, the person says whether the sign-in is theirs.

use chrono::{DateTime, Utc};
use store::{FlowId, FlowMode, FlowStatus, Grade};
use url::Url;
use vault::Token;

use super::expired;
use crate::{Branding, Broker, Kind, Problem};

/// What the confirm page shows.
#[derive(Debug)]
pub struct ConfirmView {
    /// The flow.
    pub flow: FlowId,
    /// The project's name.
    pub app_name: String,
    /// Its look.
    pub branding: Branding,
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
        let access = integration
            .and_then(|integration| match &integration.method(Some(&flow.auth_method))?.kind {
                catalog::AuthKind::OAuth2(oauth2) => Some(
                    oauth2
                        .scopes
                        .default
                        .iter()
                        .filter_map(|scope| oauth2.scopes.known.get(scope).cloned())
                        .collect(),
                ),
                catalog::AuthKind::ApiKey(_) => None,
            })
            .unwrap_or_default();
        Ok(ConfirmView {
            flow: flow.id,
            app_name: project.name.clone(),
            branding: Branding::of(&project),
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
            self.store()
                .reject_flow(flow.id, "not_me", "Somebody said that this sign-in was not theirs.")
                .await?;
            return Ok(None);
        }
        let asks_code = flow.mode != FlowMode::Redirect;
        let code = code.map(|code| code.trim().to_uppercase());
        let (code, grade) = match (asks_code, code) {
            (true, code) => (Some(code.unwrap_or_default()), Grade::Code),
            (false, _) => (None, Grade::Confirmed),
        };
        if self
            .store()
            .confirm_flow(flow.id, &digest, code.as_deref(), grade)
            .await?
        {
            return Ok(Some(self.depart(flow.id).await?));
        }
        if flow.status != FlowStatus::Confirming || flow.over || !asks_code {
            return Err(expired());
        }
        match self.store().count_wrong_code(flow.id, &digest).await? {
            Some(left) if left > 0 => Err(Problem::new(
                Kind::Forbidden,
                "wrong_code",
                format!("This is not the code that the other window shows. {left} tries are left."),
            )
            .with_meta(serde_json::json!({ "tries_left": left }))),
            _ => Err(expired()),
        }
    }
}
