//! What is done to many connections at once. All of them are there, or nothing is done.

use serde_json::json;
use store::{
    AuditEntry, Connection, ConnectionId, ConnectionSearch, LinkPurpose, Owner, Repeatable, RevocationStatus, TagChange,
};

use crate::connections::checked_tags;
use crate::export_turns::ExportTurn;
use crate::{Broker, Caller, Kind, LinkRequest, Problem, Scope};

/// Connections of one request.
pub const MOST_AT_ONCE: usize = 100;

/// Rows of an export at most.
pub const EXPORTED: usize = 100_000;
/// Rows that are read for it at once.
const EXPORTED_AT_ONCE: i64 = 1_000;

/// A reconnect link of one connection, or why there is none.
#[derive(Debug)]
pub struct MadeReconnect {
    /// The connection.
    pub connection: Connection,
    /// Its address with the secret.
    pub link: Result<String, Problem>,
}

/// Reconnect links that were made.
pub type Reconnects = Vec<MadeReconnect>;

/// How far an export is.
#[derive(Debug)]
pub struct Exported {
    turn: ExportTurn,
    search: ConnectionSearch,
    rows: usize,
    is_over: bool,
    is_cut: bool,
}

impl Exported {
    /// Whether more fit than an export holds, as far as it is now.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How many of the next rows still belong in it; `goes_on` tells that there are others behind them.
    fn take(&mut self, found: usize, goes_on: bool) -> usize {
        let taken = found.min(EXPORTED - self.rows);
        self.rows += taken;
        self.is_over = !goes_on || self.rows == EXPORTED;
        self.is_cut = self.rows == EXPORTED && (goes_on || taken < found);
        taken
    }
}

impl Broker {
    /// Adds a tag to connections or takes it away; how many changed.
    pub async fn tag_many(
        &self,
        caller: &Caller,
        ids: &[ConnectionId],
        tag: &str,
        change: TagChange,
    ) -> Result<u64, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let tags = checked_tags(vec![tag.to_owned()])?;
        let Some(tag) = tags.first() else {
            return Err(Problem::bad_request("tag_missing", "Write the tag."));
        };
        let ids = self.all_there(caller, ids).await?;
        let action = match change {
            TagChange::Add => "connections.tagged",
            TagChange::Remove => "connections.untagged",
        };
        self.note_many(caller, action, &ids).await?;
        let changed = self
            .store()
            .tag_connections(caller.project, caller.environment, &ids, tag, change)
            .await?;
        changed.ok_or_else(|| {
            Problem::new(
                Kind::Conflict,
                "tags_not_changed",
                format!(
                    "Nothing was changed: one of the connections has {} tags already, or was deleted meanwhile. Look at the list again.",
                    store::MOST_TAGS
                ),
            )
        })
    }

    /// Deletes connections, each as if by itself; how many.
    pub async fn delete_many(&self, caller: &Caller, ids: &[ConnectionId]) -> Result<u64, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        let ids = self.all_there(caller, ids).await?;
        self.note_many(caller, "connections.deleted", &ids).await?;
        let (mut deleted, mut revoking) = (0, false);
        for id in ids {
            let connection = self.store().connection(caller.project, caller.environment, id).await?;
            // Somebody else may be first.
            let Some(connection) = connection else { continue };
            let reach = self.reach(&connection.integration, &connection.auth_method);
            if let Some(parting) = self.store().delete_connection(&connection, reach).await? {
                deleted += 1;
                revoking |= parting.revocation == RevocationStatus::Pending;
            }
        }
        if revoking {
            self.revoke_soon();
        }
        Ok(deleted)
    }

    /// Makes a link for each connection with which its person connects it again; `repeatable` says by what the request
    /// for one is known when it comes again.
    pub async fn reconnect_many(
        &self,
        caller: &Caller,
        ids: &[ConnectionId],
        repeatable: impl Fn(ConnectionId) -> Option<Repeatable>,
    ) -> Result<Reconnects, Problem> {
        caller.require(Scope::SessionsWrite)?;
        let ids = self.all_there(caller, ids).await?;
        let mut made = Vec::with_capacity(ids.len());
        for id in ids {
            let connection = self.store().connection(caller.project, caller.environment, id).await?;
            let Some(connection) = connection else { continue };
            let link = self.link_to_reconnect(caller, id, repeatable(id)).await;
            made.push(MadeReconnect { connection, link });
        }
        Ok(made)
    }

    /// Makes a link with which the person behind a connection connects it again. The same request gets it again.
    ///
    /// # Errors
    /// As [`Broker::make_link`] and [`MadeLink::into_address`](crate::MadeLink::into_address).
    pub async fn link_to_reconnect(
        &self,
        caller: &Caller,
        id: ConnectionId,
        repeatable: Option<Repeatable>,
    ) -> Result<String, Problem> {
        let request = LinkRequest {
            purpose: LinkPurpose::Connect,
            owner: Owner::default(),
            integrations: None,
            connection: Some(id),
            ttl: None,
            verify: None,
            locale: None,
            inviter: None,
            repeatable,
        };
        self.make_link(caller, request).await?.into_address()
    }

    /// Begins an export of the connections that fit. The log says what kinds of filters were in force and names nobody.
    ///
    /// # Errors
    /// A scope is missing; `export_running` (429) while two others are written, or one of theirs.
    pub async fn begin_export(&self, caller: &Caller, mut search: ConnectionSearch) -> Result<Exported, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let turn = self.export_turns().take(caller.actor())?;
        search.limit = EXPORTED_AT_ONCE;
        search.before = None;
        let entry = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action: "connections.exported",
            actor: caller.actor(),
            subject: None,
            detail: &json!({
                "integration": search.integration, "state": search.state,
                "narrowed": search.text.is_some() || search.identity.is_some() || search.account.is_some(),
            }),
        };
        self.store().audit(entry).await?;
        Ok(Exported {
            turn,
            search,
            rows: 0,
            is_over: false,
            is_cut: false,
        })
    }

    /// The next rows of an export; none at its end.
    pub async fn go_on_exporting(&self, caller: &Caller, export: &mut Exported) -> Result<Vec<Connection>, Problem> {
        while !export.is_over {
            export.turn.goes_on()?;
            let found = self
                .store()
                .search_connections(caller.project, caller.environment, &export.search)
                .await?;
            let mut rows = found.rows;
            rows.truncate(export.take(rows.len(), found.next.is_some()));
            export.search.before = found.next;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        Ok(Vec::new())
    }

    /// The same ids without repetitions, when each of them is here.
    async fn all_there(&self, caller: &Caller, ids: &[ConnectionId]) -> Result<Vec<ConnectionId>, Problem> {
        let mut wanted = ids.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Err(Problem::bad_request(
                "nothing_chosen",
                "No connection is ticked. Tick those that are meant.",
            ));
        }
        if wanted.len() > MOST_AT_ONCE {
            return Err(Problem::bad_request(
                "too_many_chosen",
                format!("At most {MOST_AT_ONCE} connections are changed at once. Tick fewer."),
            ));
        }
        let known = self
            .store()
            .known_connections(caller.project, caller.environment, &wanted)
            .await?;
        if known.len() == wanted.len() {
            return Ok(known);
        }
        Err(Problem::new(
            Kind::NotFound,
            "connections_not_found",
            "One of these connections does not exist here, or was deleted. Nothing was done. Look at the list again.",
        ))
    }

    /// How many of these connections are here, or a refusal.
    pub async fn count_chosen(&self, caller: &Caller, ids: &[ConnectionId]) -> Result<Vec<ConnectionId>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        self.all_there(caller, ids).await
    }

    async fn note_many(&self, caller: &Caller, action: &'static str, ids: &[ConnectionId]) -> Result<(), Problem> {
        let entry = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action,
            actor: caller.actor(),
            subject: None,
            detail: &json!({ "connections": ids }),
        };
        Ok(self.store().audit(entry).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export_turns::ExportTurns;

    fn begun(rows: usize) -> Exported {
        let turn = ExportTurns::default().take("operator:1".to_owned());
        Exported {
            turn: turn.unwrap(),
            search: ConnectionSearch::default(),
            rows,
            is_over: false,
            is_cut: false,
        }
    }

    #[test]
    fn an_export_says_when_more_would_fit() {
        for (rows, found, goes_on, taken, is_over, is_cut) in [
            (0, 1_000, true, 1_000, false, false),
            (0, 3, false, 3, true, false),
            (EXPORTED - 1_000, 1_000, false, 1_000, true, false),
            (EXPORTED - 1_000, 1_000, true, 1_000, true, true),
            (EXPORTED - 10, 1_000, false, 10, true, true),
        ] {
            let mut export = begun(rows);
            assert_eq!(export.take(found, goes_on), taken, "{rows}");
            assert_eq!((export.is_over, export.is_cut()), (is_over, is_cut), "{rows}");
        }
    }
}
