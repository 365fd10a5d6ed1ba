//! What keeps a connection going: when it is refreshed next, and what it was not granted.

use chrono::{DateTime, Utc};
use store::{AppAttention, Connection, EventDelivery, EventId};

use crate::sessions::Platform;
use crate::submit::missing_access;
use crate::{Broker, Caller, Problem, Scope, Timeline};

/// How a connection is kept going.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// When its credential is refreshed next; never where there is nothing to refresh.
    pub next_refresh: Option<DateTime<Utc>>,
    /// Attempts in a row that failed.
    pub failed_attempts: i32,
    /// What the app may not do because it was not granted, in words.
    pub missing: Vec<String>,
    /// Why its app needs attention, where it does: renewing may fail before that is mended.
    pub app: Option<AppAttention>,
}

impl Broker {
    /// How a connection is kept going.
    pub async fn upkeep(&self, caller: &Caller, connection: &Connection) -> Result<Upkeep, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let (next_refresh, failed_attempts) = self.store().next_refresh(connection.id).await?.unwrap_or_default();
        let integration = self.catalog().get(&connection.integration).cloned();
        let app = self.store().app(connection.app).await?;
        let missing = integration.zip(app).and_then(|(integration, app)| {
            let platform = Platform { integration, app };
            let method = platform.method(Some(&connection.auth_method)).ok()?;
            Some(missing_access(&platform, method, connection.scopes.as_deref()))
        });
        Ok(Upkeep {
            next_refresh,
            failed_attempts,
            missing: missing.unwrap_or_default(),
            app: self.store().attention_of(connection.app).await?,
        })
    }

    /// How the deliveries of what a timeline tells stand.
    pub async fn deliveries_of(&self, caller: &Caller, timeline: &Timeline) -> Result<Vec<EventDelivery>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let ids: Vec<EventId> = timeline.items.iter().map(|item| item.id).collect();
        Ok(self.store().deliveries_of(&ids).await?)
    }
}
