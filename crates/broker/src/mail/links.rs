//! Links to reconnect: looking at one spends nothing, pressing the button opens a session.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use store::{AuditEntry, Link, LinkState, NewSession};
use vault::Token;

use crate::{Broker, Kind, Looks, Problem};

/// What a link's page shows before the button is pressed.
#[derive(Debug, Serialize)]
pub struct LinkView {
    app: AppView,
    service: ServiceView,
    owner: Option<String>,
    account: Option<String>,
    failed: bool,
    environment: store::Environment,
    branding: Arc<Looks>,
    white_label: bool,
}

#[derive(Debug, Serialize)]
struct AppView {
    name: String,
    logo_url: Option<String>,
    logo_dark_url: Option<String>,
    home_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct ServiceView {
    id: String,
    name: String,
    /// A file name; the server turns it into an address.
    logo: Option<String>,
}

/// A session that a link opened.
#[derive(Debug)]
pub struct OpenedLink {
    /// The session's secret, for the page.
    pub request_id: Token,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Broker {
    /// What a link is about. Nothing is spent, however often it is looked at and by whom.
    pub async fn link_view(&self, secret: &Token) -> Result<LinkView, Problem> {
        let link = self.live_link(secret).await?;
        let connection = self
            .store()
            .connection(link.project, link.environment, link.connection)
            .await?
            .ok_or_else(unknown)?;
        let project = self.project(link.project).await?;
        let branding = self.looks(&project);
        let catalog = self.catalog();
        let integration = catalog.get(&connection.integration);
        Ok(LinkView {
            app: AppView {
                name: project.name,
                logo_url: branding.logo_url.clone(),
                logo_dark_url: branding.logo_dark_url.clone(),
                home_url: project.home_url,
            },
            service: ServiceView {
                name: integration.map_or_else(
                    || connection.integration.clone(),
                    |integration| integration.name.clone(),
                ),
                logo: integration.and_then(|integration| integration.logo.clone()),
                id: connection.integration,
            },
            owner: connection.owner.display().map(str::to_owned),
            account: connection.account_name,
            failed: connection.state == store::ConnectionState::Failed,
            environment: link.environment,
            branding,
            white_label: project.white_label,
        })
    }

    /// Opens a session by a link, for the same connection. It may be opened again until its connection is connected; each
    /// time ends the session before.
    pub async fn open_link(&self, secret: &Token) -> Result<OpenedLink, Problem> {
        let link = self.live_link(secret).await?;
        let connection = self
            .store()
            .connection(link.project, link.environment, link.connection)
            .await?
            .ok_or_else(unknown)?;
        let request_id = Token::generate();
        let new = NewSession {
            project: link.project,
            environment: link.environment,
            owner: connection.owner,
            integrations: Some(vec![connection.integration]),
            connection: Some(connection.id),
            hosted: true,
        };
        let opened = self.store().open_link(link.id, &request_id.digest(), &new).await?;
        // Between the two looks somebody was faster.
        let opened = opened.ok_or_else(used)?;
        // Not for each press: whoever has the link can press without end.
        if opened.first {
            self.store()
                .audit(AuditEntry {
                    project: Some(link.project),
                    environment: Some(link.environment),
                    action: "link.opened",
                    actor: format!("link:{}", link.id),
                    subject: Some(connection.id.to_string()),
                    detail: &json!({}),
                })
                .await?;
        }
        tracing::info!(link = %link.id, connection = %connection.id, "a link to reconnect was opened");
        Ok(OpenedLink {
            request_id,
            expires_at: opened.expires_at,
        })
    }

    async fn live_link(&self, secret: &Token) -> Result<Link, Problem> {
        let link = self.store().link(&secret.digest()).await?.ok_or_else(unknown)?;
        match link.state {
            LinkState::Open => Ok(link),
            LinkState::Used => Err(used()),
            LinkState::Expired => Err(Problem::new(
                Kind::Gone,
                "link_expired",
                "This link has ended. Open the app that sent it, and reconnect there.",
            )),
            LinkState::Deleted => Err(Problem::new(
                Kind::Gone,
                "link_deleted",
                "The connection that this link is for was deleted. Open the app that sent it, and connect there.",
            )),
        }
    }
}

fn unknown() -> Problem {
    Problem::new(
        Kind::NotFound,
        "link_unknown",
        "This link is not known. Open it as a whole, as it stands in the mail, or reconnect in the app that sent it.",
    )
}

fn used() -> Problem {
    Problem::new(
        Kind::Gone,
        "link_used",
        "This was reconnected already. There is nothing to do.",
    )
}
