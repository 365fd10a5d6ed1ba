//! What a webhook can be told: names in groups, a line on each, and what its `data` looks like.

use serde_json::{Value, json};

/// A name to choose.
#[derive(Debug)]
pub(super) struct EventChoice {
    pub(super) name: String,
    pub(super) words: &'static str,
    pub(super) sample: Option<String>,
    pub(super) chosen: bool,
}

/// Names that belong together.
#[derive(Debug)]
pub(super) struct EventGroup {
    pub(super) title: &'static str,
    pub(super) events: Vec<EventChoice>,
    pub(super) is_open: bool,
}

type Known = (&'static str, &'static str);

const GROUPS: [(&str, &str, &[Known]); 4] = [
    (
        "Connections",
        "connection.*",
        &[
            ("connection.created", "Somebody connected, or it was brought here."),
            ("connection.updated", "Its name, tags or switch changed."),
            ("connection.reconnected", "The same connection has a new grant."),
            ("connection.degraded", "A refresh fails and is tried again."),
            ("connection.recovered", "It works again."),
            ("connection.failed", "The person has to connect again."),
            ("connection.expiring", "It ends in some days and cannot be refreshed."),
            ("connection.deleted", "It is gone."),
            ("connection.tested", "Somebody tested it, and how that went."),
            ("connection.mailed", "Its person was sent a link to reconnect."),
            ("connection.mail_failed", "That mail could not be sent."),
            (
                "revocation.ended",
                "The access of a deleted connection was ended at the service, could not be, or is another connection's too.",
            ),
        ],
    ),
    (
        "Tokens",
        "oauth.*",
        &[
            ("oauth.refreshed", "A token was refreshed."),
            ("oauth.failed", "A refresh failed."),
            (
                "oauth.interrupted",
                "A refresh was cut off, and nobody knows how it ended.",
            ),
        ],
    ),
    (
        "Sessions",
        "session.*",
        &[
            ("session.completed", "A session of the modal made its connection."),
            ("session.failed", "An attempt in a session failed."),
            ("session.expired", "A session ended, and nobody had used it."),
        ],
    ),
    (
        "Integrations",
        "integration.*",
        &[
            (
                "integration.app_broken",
                "The service refuses your app: nothing of it is refreshed.",
            ),
            ("integration.recovered", "The service accepts your app again."),
            (
                "integration.destination_changed",
                "Its definition names a new address for secrets, and waits for you.",
            ),
        ],
    ),
];

/// All groups, with what an endpoint hears of ticked. Names of it that are in no group come last, so that nothing is lost.
pub(super) fn groups(chosen: &[String]) -> Vec<EventGroup> {
    let is_chosen = |name: &str| chosen.iter().any(|one| one == name);
    let mut groups: Vec<EventGroup> = GROUPS
        .iter()
        .map(|(title, all, events)| {
            let whole = EventChoice {
                name: (*all).to_owned(),
                words: "All that begin like this, also later ones.",
                sample: None,
                chosen: is_chosen(all),
            };
            let each = events.iter().map(|(name, words)| EventChoice {
                name: (*name).to_owned(),
                words,
                sample: serde_json::to_string_pretty(&sample(name)).ok(),
                chosen: is_chosen(name),
            });
            let events: Vec<_> = std::iter::once(whole).chain(each).collect();
            EventGroup {
                title,
                is_open: events.iter().any(|event| event.chosen),
                events,
            }
        })
        .collect();
    let is_known = |name: &str| {
        groups
            .iter()
            .any(|group| group.events.iter().any(|event| event.name == name))
    };
    let others: Vec<EventChoice> = chosen
        .iter()
        .filter(|name| !is_known(name))
        .map(|name| EventChoice {
            name: name.clone(),
            words: "Asked for by the API.",
            sample: None,
            chosen: true,
        })
        .collect();
    if !others.is_empty() {
        groups.push(EventGroup {
            title: "Others",
            events: others,
            is_open: true,
        });
    }
    groups
}

/// What an event's `data` looks like.
fn sample(kind: &str) -> Value {
    const ID: &str = "01900000-0000-7000-8000-000000000002";
    let more = match kind {
        "connection.created" => json!({ "origin": "connect" }),
        "connection.degraded" | "oauth.failed" => {
            json!({ "state": "degraded", "reason": "provider_unavailable", "message": "Acme did not answer." })
        }
        "connection.failed" => {
            json!({ "state": "failed", "reason": "grant_refused", "message": "Acme has ended the access." })
        }
        "connection.expiring" => json!({ "expiresAt": "2026-12-06T12:00:00Z", "days": 7 }),
        "connection.deleted" => json!({ "revocation": "pending" }),
        "connection.tested" => json!({ "ok": true }),
        "connection.mailed" => json!({ "reason": "failed" }),
        "connection.mail_failed" => json!({ "reason": "failed", "message": "The mail server refused the address." }),
        "revocation.ended" => return json!({ "id": ID, "platform": "acme", "revocation": "revoked" }),
        "integration.app_broken" => {
            return json!({
                "app": "01900000-0000-7000-8000-000000000005", "integration": "acme", "reason": "client_refused",
                "message": "Acme refuses the client id or secret."
            });
        }
        "integration.recovered" => {
            return json!({ "app": "01900000-0000-7000-8000-000000000005", "integration": "acme" });
        }
        "integration.destination_changed" => {
            return json!({ "integration": "acme", "added": ["https://oauth.example.com"] });
        }
        "session.completed" => {
            return session(&json!({ "platform": "acme", "connectionId": ID, "reconnected": false }));
        }
        "session.failed" => {
            return session(&json!({
                "flowId": "01900000-0000-7000-8000-000000000008", "platform": "acme", "connectionId": null,
                "reason": "access_denied", "message": "The person did not allow it."
            }));
        }
        "session.expired" => {
            return session(&json!({ "connectionId": null, "expiredAt": "2026-11-29T12:00:00Z" }));
        }
        _ => json!({}),
    };
    let mut data = json!({
        "id": ID, "key": "test::acme::default::0123456789abcdef0123456789abcdef|u-42", "platform": "acme",
        "environment": "test", "identity": "u-42", "identityType": "user", "state": "operational"
    });
    merge(&mut data, &more);
    data
}

fn session(more: &Value) -> Value {
    let mut data = json!({
        "id": "01900000-0000-7000-8000-000000000007", "environment": "test", "identity": "u-42",
        "identityType": "user"
    });
    merge(&mut data, more);
    data
}

fn merge(data: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        data[name] = value.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_that_can_be_heard_and_none_is_missing() {
        let named: Vec<String> = groups(&[])
            .into_iter()
            .flat_map(|group| group.events)
            .map(|event| event.name)
            .collect();
        for name in &named {
            assert!(store::is_event_pattern(name), "{name}");
        }
        let ours = store::EVENT_TYPES
            .iter()
            .take_while(|name| **name != "passthrough.executed");
        for name in ours.filter(|name| **name != "connection.oauth.created") {
            assert!(named.iter().any(|one| one == name), "{name}");
        }
    }

    #[test]
    fn a_name_of_the_api_is_kept() {
        let chosen = ["member.added".to_owned(), "oauth.*".to_owned()];
        let groups = groups(&chosen);
        let ticked: Vec<&str> = groups
            .iter()
            .flat_map(|group| &group.events)
            .filter(|event| event.chosen)
            .map(|event| event.name.as_str())
            .collect();
        assert_eq!(ticked, ["oauth.*", "member.added"]);
    }
}
