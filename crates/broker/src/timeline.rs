//! A connection's timeline as its owner's application reads it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use store::{ConnectionId, EventFilter, EventId, Page, ProjectEvent};

use crate::{Broker, Caller, Problem, Scope};

/// A page of a timeline, newest first.
#[derive(Debug)]
pub struct Timeline {
    /// The connection.
    pub connection: ConnectionId,
    /// Its key.
    pub key: String,
    /// When it was last called through, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// The entries.
    pub items: Vec<TimelineItem>,
    /// Where the next page begins, when there is one.
    pub next: Option<EventId>,
}

/// Something that happened.
#[derive(Debug)]
pub struct TimelineItem {
    /// The event.
    pub id: EventId,
    /// As `connection.created`.
    pub kind: String,
    /// When.
    pub at: DateTime<Utc>,
    /// A sentence for people.
    pub summary: String,
    /// What webhooks carry of it.
    pub data: Value,
}

impl Broker {
    /// A page of what happened to a connection, also after it was deleted. `limit` is clamped to 1 to 100.
    pub async fn timeline(
        &self,
        caller: &Caller,
        id_or_key: &str,
        before: Option<EventId>,
        limit: i64,
    ) -> Result<Timeline, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let limit = limit.clamp(1, 100);
        let of = self
            .store()
            .timeline_of(caller.project, caller.environment, id_or_key.parse().ok(), id_or_key)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))?;
        let entries = self.store().timeline(of.id, before, limit + 1).await?;
        let page = Page::cut(entries, limit, |entry| entry.id);
        Ok(Timeline {
            connection: of.id,
            key: of.key,
            last_used_at: of.last_used_at,
            deleted_at: of.deleted_at,
            next: page.next,
            items: page
                .rows
                .into_iter()
                .map(|entry| TimelineItem {
                    summary: summary(&entry.kind, &entry.payload),
                    id: entry.id,
                    kind: entry.kind,
                    at: entry.at,
                    data: entry.payload,
                })
                .collect(),
        })
    }
}

impl Broker {
    /// A page of what happened in the caller's project and environment, newest first, and how much the filter finds. It is
    /// kept as long as events are.
    ///
    /// # Errors
    /// The key does not have the scope `webhooks:write`; the database is away.
    pub async fn events(&self, caller: &Caller, filter: &EventFilter) -> Result<(Vec<ProjectEvent>, i64), Problem> {
        caller.require(Scope::WebhooksWrite)?;
        Ok(self.store().events(caller.project, caller.environment, filter).await?)
    }
}

/// What an event says to people: its own words where it has some.
fn summary(kind: &str, data: &Value) -> String {
    if let Some(message) = data["message"].as_str().filter(|message| !message.is_empty()) {
        return message.to_owned();
    }
    let words = match kind {
        "connection.created" if data["origin"] == "move" => "Moved here from another instance.",
        "connection.created" if data["origin"] == "import" => "Brought here with a credential from elsewhere.",
        "connection.created" => "Connected.",
        // Written by versions that told of an import twice.
        "connection.imported" => "Brought here with a credential from elsewhere.",
        "connection.reconnected" => "Connected again.",
        "connection.updated" => "Changed: name, tags or the switch.",
        "connection.deleted" => "Deleted.",
        "connection.tested" if data["ok"] == true => "Tested: the service accepted the credential.",
        "connection.tested" => "Tested: the service did not accept the credential.",
        "connection.degraded" if data["reason"] == "key_refused" => {
            "The service refused the credential; it is asked once more."
        }
        "connection.degraded" => "The refresh fails; it is tried again.",
        "connection.recovered" => "Works again.",
        "connection.failed" if data["reason"] == "moved" => "Moved to another instance.",
        "connection.failed" => "Its person has to connect again.",
        "connection.expiring" => "Ends soon and cannot be refreshed.",
        "connection.mailed" => "Its person got a mail with a link to reconnect.",
        "connection.mail_failed" => "The mail to its person could not be sent.",
        "oauth.refreshed" => "Refreshed.",
        "oauth.interrupted" => "A refresh was cut off; it is tried once more.",
        "oauth.failed" if data["state"] == "failed" => "The refresh was refused: its person has to connect again.",
        "oauth.failed" => "The refresh failed; it is tried again.",
        "revocation.ended" if data["revocation"] == "revoked" => "The access was ended at the service.",
        "revocation.ended" if data["revocation"] == "shared" => {
            "The access at the service was not ended: another connection uses it."
        }
        "revocation.ended" => "The access could not be ended at the service. End it there, where that matters.",
        other => return other.to_owned(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_events_own_words_come_first() {
        assert_eq!(
            summary("oauth.failed", &json!({ "message": "It said no." })),
            "It said no."
        );
        assert_eq!(
            summary("oauth.failed", &json!({ "state": "degraded" })),
            "The refresh failed; it is tried again."
        );
        for (kind, data, words) in [
            ("connection.created", json!({ "origin": "move" }), "Moved here"),
            (
                "connection.failed",
                json!({ "reason": "moved" }),
                "Moved to another instance.",
            ),
            (
                "revocation.ended",
                json!({ "revocation": "revoked" }),
                "The access was ended",
            ),
            (
                "revocation.ended",
                json!({ "revocation": "shared" }),
                "The access at the service was not ended: another",
            ),
            (
                "revocation.ended",
                json!({ "revocation": "failed" }),
                "The access could not be ended",
            ),
        ] {
            assert!(summary(kind, &data).starts_with(words), "{kind}");
        }
        assert_eq!(summary("of.tomorrow", &json!({})), "of.tomorrow");
    }
}
