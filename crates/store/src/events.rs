//! Events and their outbox: both are written in the transaction of the change.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;
use vault::Environment;

use crate::{ConnectionId, EventId, ProjectId, StoreError};

/// Every type that an endpoint can subscribe to by name. Those after the gap are the wire contract's (§6.1) for things
/// that do not happen here: a subscription that names them is accepted and hears nothing of them.
pub const EVENT_TYPES: &[&str] = &[
    "connection.created",
    "connection.oauth.created",
    "connection.updated",
    "connection.deleted",
    "connection.reconnected",
    "connection.degraded",
    "connection.recovered",
    "connection.failed",
    "connection.expiring",
    "connection.tested",
    "connection.mailed",
    "connection.mail_failed",
    "oauth.refreshed",
    "oauth.failed",
    "oauth.interrupted",
    "revocation.ended",
    "integration.app_broken",
    "integration.recovered",
    "integration.destination_changed",
    "session.completed",
    "session.failed",
    "session.expired",
    //
    "passthrough.executed",
    "api_key.created",
    "api_key.revoked",
    "project.created",
    "project.updated",
    "project.deleted",
    "organization.created",
    "organization.updated",
    "organization.deleted",
    "member.added",
    "member.removed",
    "member.role_updated",
];

/// Whether an endpoint can subscribe to this: a type, everything below a word as `connection.*`, or `*`.
pub fn is_event_pattern(text: &str) -> bool {
    let below = |prefix: &str| {
        EVENT_TYPES
            .iter()
            .any(|kind| kind.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')))
    };
    text == "*" || EVENT_TYPES.contains(&text) || text.strip_suffix(".*").is_some_and(below)
}

/// What happened. Payloads hold ids and states only, never a secret.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// As `connection.created`.
    pub kind: &'static str,
    /// The connection that it is about.
    pub connection: Option<ConnectionId>,
    /// Details for subscribers, beside those that every event about a connection has.
    pub payload: &'a serde_json::Value,
}

/// Writes an event, one delivery for each endpoint that subscribes to its type, under the name subscribed to, and the mail
/// that it may be worth.
///
/// What is about a connection says of it `id`, `key`, `platform`, `environment`, `identity`, `identityType` and `state`, as
/// its row has them after the change; `payload` adds to that.
pub(crate) async fn record(connection: &mut PgConnection, event: NewEvent<'_>) -> Result<(), StoreError> {
    record_all(connection, &[event]).await
}

/// Writes events of different connections, each with its deliveries and the mail that it may be worth.
pub(crate) async fn record_all(connection: &mut PgConnection, events: &[NewEvent<'_>]) -> Result<(), StoreError> {
    // Ids of one process ascend, and who lists events sees them in this order. Connections by their primary key.
    let ids: Vec<Uuid> = events.iter().map(|_| EventId::generate().0).collect();
    sqlx::query!(
        "insert into events (id, project_id, environment, type, connection_id, payload)
         select v.id, v.project_id, v.environment, v.type, v.connection_id,
                case when c.id is null then v.payload
                     else jsonb_build_object('id', c.id, 'key', c.key, 'platform', c.integration,
                              'environment', c.environment, 'identity', c.identity, 'identityType', c.identity_type,
                              'state', c.state) || v.payload end
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::jsonb[])
              as v (id, project_id, environment, type, connection_id, payload)
         left join connections c on c.id = v.connection_id",
        &ids,
        &events.iter().map(|event| event.project.0).collect::<Vec<_>>(),
        &texts(events, |event| event.environment.as_str()),
        &texts(events, |event| event.kind),
        &connections(events) as &[Option<Uuid>],
        &events.iter().map(|event| event.payload.clone()).collect::<Vec<_>>(),
    )
    .execute(&mut *connection)
    .await?;
    crate::numbers::mark(&mut *connection, events).await?;
    // What is heard under the same names, in one statement.
    let mut alike: BTreeMap<_, Vec<(Uuid, &NewEvent<'_>)>> = BTreeMap::new();
    for (id, event) in ids.into_iter().zip(events) {
        let names = names(event.kind, event.payload);
        alike.entry((event.kind, names)).or_default().push((id, event));
    }
    for ((kind, names), events) in alike {
        deliver(connection, kind, names, &events).await?;
    }
    for event in events {
        crate::mail::queue(connection, event.kind, event.connection, event.payload).await?;
    }
    Ok(())
}

fn texts(events: &[NewEvent<'_>], text: impl Fn(&NewEvent<'_>) -> &'static str) -> Vec<String> {
    events.iter().map(|event| text(event).to_owned()).collect()
}

fn connections(events: &[NewEvent<'_>]) -> Vec<Option<Uuid>> {
    events.iter().map(|event| event.connection.map(|id| id.0)).collect()
}

async fn deliver(
    connection: &mut PgConnection,
    kind: &str,
    names: Vec<(String, String)>,
    events: &[(Uuid, &NewEvent<'_>)],
) -> Result<(), StoreError> {
    let (patterns, names) = names.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
    let ids: Vec<Uuid> = events.iter().map(|(id, _)| *id).collect();
    let projects: Vec<Uuid> = events.iter().map(|(_, event)| event.project.0).collect();
    let environments: Vec<_> = events
        .iter()
        .map(|(_, event)| event.environment.as_str().to_owned())
        .collect();
    let lanes: Vec<_> = events
        .iter()
        .map(|(_, event)| event.connection.map(|id| id.0))
        .collect();
    // Endpoints by webhook_endpoints_by_project, the delivery before by webhook_deliveries_lane. That one is locked: its
    // end looks for the next of the lane, and must not miss this one.
    sqlx::query!(
        "insert into webhook_deliveries (id, event_id, endpoint_id, type, lane, blocked)
         select gen_random_uuid(), v.id, e.id, m.name, v.lane,
                coalesce((select true from webhook_deliveries d
                          where d.endpoint_id = e.id and d.lane = v.lane and d.status = 'pending'
                          order by d.seq desc limit 1 for share of d), false)
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[]) as v (id, project_id, environment, lane)
         join webhook_endpoints e on e.project_id = v.project_id and e.environment = v.environment and e.active
         cross join lateral (
             select case when e.types = '{}' then $5
                    else (select t.name from unnest($6::text[], $7::text[]) with ordinality as t (pattern, name, place)
                          where t.pattern = any (e.types)
                            and (t.name <> 'connection.oauth.created' or exists (
                                select from connections c where c.id = v.lane and c.auth_method like 'oauth%'))
                          order by t.place limit 1) end as name) m
         where m.name is not null",
        &ids,
        &projects,
        &environments,
        &lanes as &[Option<Uuid>],
        kind,
        &patterns as &[String],
        &names as &[String],
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// What an endpoint can have subscribed to in order to hear of an event, and the name that it then hears. The first
/// that fits counts: names before wildcards, the event's own name before its others (wire contract §6.1).
fn names(kind: &str, payload: &serde_json::Value) -> Vec<(String, String)> {
    let state = payload["state"].as_str();
    let others: &[&str] = match (kind, state) {
        // The statement keeps this one to connections that were made by OAuth.
        ("connection.created", _) => &["connection.oauth.created"],
        // Who knows the wire's names only must hear that something is different.
        ("connection.reconnected", _) => &["connection.updated"],
        ("oauth.failed", Some("failed")) => &["connection.failed"],
        ("oauth.failed", Some("degraded")) => &["connection.degraded"],
        ("connection.failed" | "connection.degraded", _) => &["oauth.failed"],
        ("connection.recovered", _) => &["oauth.refreshed"],
        _ => &[],
    };
    let all = || std::iter::once(kind).chain(others.iter().copied());
    let mut found: Vec<(String, String)> = all().map(|name| (name.to_owned(), name.to_owned())).collect();
    for name in all() {
        let mut rest = name;
        while let Some((prefix, _)) = rest.rsplit_once('.') {
            found.push((format!("{prefix}.*"), name.to_owned()));
            rest = prefix;
        }
    }
    found.push(("*".to_owned(), kind.to_owned()));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_come_before_wildcards_and_the_own_name_first() {
        let found = names("connection.created", &json!({}));
        let patterns: Vec<&str> = found.iter().map(|(pattern, _)| pattern.as_str()).collect();
        assert_eq!(
            patterns,
            [
                "connection.created",
                "connection.oauth.created",
                "connection.*",
                "connection.oauth.*",
                "connection.*",
                "*"
            ]
        );
        assert_eq!(found[2].1, "connection.created");
        assert_eq!(found[3].1, "connection.oauth.created");
        let failed = names("oauth.failed", &json!({ "state": "failed" }));
        assert!(failed.contains(&("connection.failed".to_owned(), "connection.failed".to_owned())));
    }

    #[test]
    fn patterns_are_known_names_and_what_is_below() {
        for good in [
            "connection.created",
            "connection.*",
            "connection.oauth.*",
            "member.*",
            "*",
            "oauth.failed",
        ] {
            assert!(is_event_pattern(good), "{good}");
        }
        for bad in [
            "",
            "connection",
            "connection.creatd",
            "connect.*",
            ".*",
            "connection.**",
            "Connection.*",
            "c*",
        ] {
            assert!(!is_event_pattern(bad), "{bad}");
        }
    }
}
