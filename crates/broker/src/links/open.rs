//! A link in a browser: looking at it spends nothing, pressing the button opens a session.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use store::{AuditEntry, Connection, Link, LinkPurpose, LinkSource, LinkState, NewSession, Project, ProjectId};
use vault::Token;

use crate::{Broker, Kind, Looks, Problem};

/// Services that the page names; of more, the modal's list tells.
const NAMED: usize = 6;

/// What a link's page shows before the button is pressed.
#[derive(Debug, Serialize)]
pub struct LinkView {
    purpose: LinkPurpose,
    app: AppView,
    /// The only service that the link is for.
    service: Option<ServiceView>,
    /// Some of the services that it offers, where it offers several.
    services: Vec<ServiceView>,
    owner: Option<String>,
    inviter: Option<String>,
    /// The connection that is connected again.
    reconnect: Option<ReconnectView>,
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

#[derive(Debug, Serialize)]
struct ReconnectView {
    account: Option<String>,
    failed: bool,
    /// Whether a mail carried the link: then the connection ends soon, or has.
    mailed: bool,
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
    /// What a link is about. Nothing is spent, however often it is looked at and by whom. On an own domain (`place`) there
    /// are the links of its own project alone.
    pub async fn link_view(&self, secret: &Token, place: Option<ProjectId>) -> Result<LinkView, Problem> {
        let (link, project) = self.live_link(secret, place).await?;
        let connection = self.linked_connection(&link).await?;
        let mut services = self.services_of(&link, connection.as_ref()).await?;
        let service = match services.len() {
            1 if link.purpose == LinkPurpose::Connect => services.pop(),
            _ => None,
        };
        services.truncate(NAMED);
        let branding = self.looks(&project);
        Ok(LinkView {
            purpose: link.purpose,
            app: AppView {
                name: project.shown_name().to_owned(),
                logo_url: branding.logo_url.clone(),
                logo_dark_url: branding.logo_dark_url.clone(),
                home_url: project.home_url,
            },
            service,
            services,
            owner: link.owner.display().map(str::to_owned),
            inviter: link.inviter,
            reconnect: connection.map(|connection| ReconnectView {
                failed: connection.state == store::ConnectionState::Failed,
                account: connection.account_name,
                mailed: link.source == LinkSource::Mail,
            }),
            environment: link.environment,
            branding,
            white_label: project.white_label,
        })
    }

    /// Opens a session by a link. It may be opened again until its connection is made; each time ends the session before.
    /// On an own domain (`place`), only one of its own project.
    pub async fn open_link(&self, secret: &Token, place: Option<ProjectId>) -> Result<OpenedLink, Problem> {
        let (link, project) = self.live_link(secret, place).await?;
        let connection = self.linked_connection(&link).await?;
        let request_id = Token::generate();
        let new = NewSession {
            project: link.project,
            environment: link.environment,
            owner: connection
                .as_ref()
                .map_or_else(|| link.owner.clone(), |connection| connection.owner.clone()),
            integrations: match &connection {
                Some(connection) => Some(vec![connection.integration.clone()]),
                None => link.integrations.clone(),
            },
            connection: link.connection,
            hosted: true,
            // A link to connect may be forwarded: it shows nothing of what is there.
            manages: link.purpose == LinkPurpose::Manage,
            verify: link.verify,
            parent: None,
        };
        let opened = self.store().open_link(link.id, &request_id.digest(), &new).await?;
        // Between the two looks somebody was faster.
        let opened = opened.ok_or_else(|| over(&project, LinkState::Used, link.connection.is_some()))?;
        // Not for each press: whoever has the link can press without end.
        if opened.first {
            self.count((link.project, link.environment), "", crate::numbers::Counted::Opened);
            let detail = json!({ "purpose": link.purpose, "connection": link.connection });
            self.store()
                .audit(AuditEntry {
                    project: Some(link.project),
                    environment: Some(link.environment),
                    action: "link.opened",
                    actor: format!("link:{}", link.id),
                    subject: Some(format!("link:{}", link.id)),
                    detail: &detail,
                })
                .await?;
        }
        tracing::info!(link = %link.id, purpose = link.purpose.as_str(), "a link was opened");
        Ok(OpenedLink {
            request_id,
            expires_at: opened.expires_at,
        })
    }

    async fn linked_connection(&self, link: &Link) -> Result<Option<Connection>, Problem> {
        let Some(id) = link.connection else { return Ok(None) };
        let connection = self.store().connection(link.project, link.environment, id).await?;
        connection.ok_or_else(unknown).map(Some)
    }

    /// What the link offers, by name.
    async fn services_of(&self, link: &Link, connection: Option<&Connection>) -> Result<Vec<ServiceView>, Problem> {
        let catalog = self.catalog();
        let view = |id: &str| {
            let integration = catalog.get(id);
            ServiceView {
                name: integration.map_or_else(|| id.to_owned(), |integration| integration.name.clone()),
                logo: integration.and_then(|integration| integration.logo.clone()),
                id: id.to_owned(),
            }
        };
        if let Some(connection) = connection {
            return Ok(vec![view(&connection.integration)]);
        }
        if link.purpose == LinkPurpose::Manage {
            return Ok(Vec::new());
        }
        let platforms = self.platforms(link.project, link.environment).await?;
        let offered = platforms
            .iter()
            .map(|platform| platform.integration.id.as_str())
            .filter(|id| {
                let only = link.integrations.as_ref();
                only.is_none_or(|only| only.iter().any(|one| one == id))
            });
        Ok(offered.map(view).collect())
    }

    async fn live_link(&self, secret: &Token, place: Option<ProjectId>) -> Result<(Link, Project), Problem> {
        let link = self.store().link(&secret.digest()).await?;
        // Before its state is told: another project's domain says nothing of it, not even that it is over.
        let link = link
            .filter(|link| place.is_none_or(|own| own == link.project))
            .ok_or_else(unknown)?;
        let project = self.project(link.project).await?;
        if link.state.is_live() {
            return Ok((link, project));
        }
        Err(over(&project, link.state, link.connection.is_some()))
    }
}

fn unknown() -> Problem {
    Problem::new(
        Kind::NotFound,
        "link_unknown",
        "This link is not known. Open it as a whole, as it was sent, or go to the app that sent it.",
    )
}

/// Why a link opens nothing any more, and where to go instead.
fn over(project: &Project, state: LinkState, reconnects: bool) -> Problem {
    let (key, message) = match state {
        LinkState::Used if reconnects => ("link_used", "This was reconnected already. There is nothing to do."),
        LinkState::Used | LinkState::Open | LinkState::Opened => (
            "link_used",
            "This link was used: the account is connected. There is nothing to do.",
        ),
        LinkState::Revoked => (
            "link_revoked",
            "This link was taken back. Ask whoever sent it for a new one.",
        ),
        LinkState::Expired if reconnects => (
            "link_expired",
            "This link has ended. Open the app that sent it, and reconnect there.",
        ),
        LinkState::Expired => (
            "link_expired",
            "This link has ended. Ask whoever sent it for a new one.",
        ),
        LinkState::Deleted => (
            "link_deleted",
            "The connection that this link is for was deleted. Open the app that sent it, and connect there.",
        ),
    };
    Problem::new(Kind::Gone, key, message).with_meta(json!({
        "app": project.shown_name(), "home_url": project.home_url, "reconnects": reconnects, "white_label": project.white_label,
    }))
}
