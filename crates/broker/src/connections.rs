//! Connections as their owners' applications see them.

use store::{Connection, ConnectionChange, ConnectionFilter, ConnectionId, Parting, Reach, RevocationStatus};

use crate::texts::plain;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// A page of connections to list.
pub type ListRequest = ConnectionFilter;

/// Changes to a connection; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectionPatch {
    /// New name; `Some(None)` takes it away.
    pub name: Option<Option<String>>,
    /// New tags, replacing all.
    pub tags: Option<Vec<String>>,
    /// On or off.
    pub active: Option<bool>,
}

/// A connection that was deleted.
#[derive(Debug)]
pub struct DeletedConnection {
    /// As it was.
    pub connection: Connection,
    /// What becomes of its grant.
    pub parting: Parting,
}

impl Broker {
    /// A page of connections and the exact total.
    pub async fn list_connections(
        &self,
        caller: &Caller,
        filter: &ListRequest,
    ) -> Result<(Vec<Connection>, i64), Problem> {
        caller.require(Scope::ConnectionsRead)?;
        Ok(self
            .store()
            .list_connections(caller.project, caller.environment, filter)
            .await?)
    }

    /// A connection by its id or key.
    pub async fn connection(&self, caller: &Caller, id_or_key: &str) -> Result<Connection, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        self.find(caller, id_or_key).await
    }

    pub(crate) async fn find(&self, caller: &Caller, id_or_key: &str) -> Result<Connection, Problem> {
        let found = match id_or_key.parse::<ConnectionId>() {
            Ok(id) => self.store().connection(caller.project, caller.environment, id).await?,
            Err(_) => {
                self.store()
                    .connection_by_key(caller.project, caller.environment, id_or_key)
                    .await?
            }
        };
        found.ok_or_else(|| Problem::not_found("This connection"))
    }

    /// Changes name, tags or the switch; returns the connection as it is then.
    pub async fn update_connection(
        &self,
        caller: &Caller,
        id_or_key: &str,
        patch: ConnectionPatch,
    ) -> Result<Connection, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let connection = self.find(caller, id_or_key).await?;
        let change = ConnectionChange {
            name: patch.name.map(|name| plain("name", name, 120)).transpose()?,
            tags: patch.tags.map(checked_tags).transpose()?,
            active: patch.active,
            read_tags: None,
        };
        self.store().change_connection(&connection, &change).await?;
        self.find(caller, &connection.id.to_string()).await
    }

    /// Replaces the tags of a connection where they are still those that were read.
    ///
    /// # Errors
    /// `tags_changed`, where somebody was faster.
    pub async fn replace_tags(
        &self,
        caller: &Caller,
        id_or_key: &str,
        read: Vec<String>,
        tags: Vec<String>,
    ) -> Result<Connection, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let connection = self.find(caller, id_or_key).await?;
        let change = ConnectionChange {
            tags: Some(checked_tags(tags)?),
            read_tags: Some(read),
            ..ConnectionChange::default()
        };
        let changed = self.store().change_connection(&connection, &change).await?;
        let connection = self.find(caller, &connection.id.to_string()).await?;
        if changed {
            return Ok(connection);
        }
        Err(Problem::new(
            Kind::Conflict,
            "tags_changed",
            format!(
                "Somebody changed these tags after you opened the page. Stored now: {}. Compare, then save again to put yours in their place.",
                if connection.tags.is_empty() {
                    "none".to_owned()
                } else {
                    connection.tags.join(", ")
                }
            ),
        ))
    }

    /// Deletes a connection at once; its grant is revoked at the provider in the background, unless that would end another
    /// connection too. One whose credential cannot be opened is deleted all the same, and the answer says that it was not
    /// revoked.
    pub async fn delete_connection(&self, caller: &Caller, id_or_key: &str) -> Result<DeletedConnection, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let connection = self.find(caller, id_or_key).await?;
        self.part_with(connection).await
    }

    /// Deletes it, whoever wished it.
    pub(crate) async fn part_with(&self, connection: Connection) -> Result<DeletedConnection, Problem> {
        let reach = self.reach(&connection.integration, &connection.auth_method);
        let parting = self
            .store()
            .delete_connection(&connection, reach)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))?;
        tracing::info!(connection = %connection.id, revocation = ?parting.revocation, "a connection was deleted");
        if parting.revocation == RevocationStatus::Pending {
            self.revoke_soon();
        }
        Ok(DeletedConnection { connection, parting })
    }

    /// Asks the services now to end what waits, and not with the next look of the scheduler.
    pub(crate) fn revoke_soon(&self) {
        let broker = self.clone();
        tokio::spawn(async move {
            if let Err(problem) = broker.revoke_tick().await {
                tracing::warn!(%problem, "a revocation is left to the scheduler");
            }
        });
    }

    /// What a revocation ends, as the definition knows it.
    pub(crate) fn reach(&self, integration: &str, auth_method: &str) -> Reach {
        let catalog = self.catalog();
        let method = catalog
            .get(integration)
            .and_then(|integration| integration.method(Some(auth_method)));
        let Some((method, catalog::AuthKind::OAuth2(oauth2))) = method.map(|method| (method, &method.kind)) else {
            return Reach::Nothing;
        };
        if matches!(&oauth2.endpoints, catalog::Endpoints::Fixed { revoke: None, .. }) {
            return Reach::Nothing;
        }
        match oauth2.revoke.ends {
            catalog::RevokeEnds::Token => Reach::Token,
            // What was chosen after the sign-in does not tell whose grant it is.
            catalog::RevokeEnds::Grant => Reach::Grant {
                by_account: method.choose.is_none(),
            },
        }
    }
}

pub(crate) fn checked_tags(tags: Vec<String>) -> Result<Vec<String>, Problem> {
    if tags.len() > 50 {
        return Err(Problem::bad_request(
            "too_many_tags",
            "A connection may have 50 tags at most.",
        ));
    }
    tags.into_iter()
        .filter_map(|tag| plain("tags", Some(tag), 64).transpose())
        .map(|tag| {
            let tag = tag?;
            if tag.contains(',') {
                return Err(Problem::bad_request(
                    "tag_with_comma",
                    "A tag must not hold a comma: lists of tags are written with commas.",
                ));
            }
            Ok(tag)
        })
        .collect()
}
