//! `/v1/identities`: whose connections there are, and the erasure of somebody, as when they leave the customer's product.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Erased, IdentityType};
use chrono::SecondsFormat;
use serde::Serialize;
use store::{FoundIdentity, Identity, IdentitySearch};
use utoipa::ToSchema;

use super::authkit::identity_type;
use super::connections::id_or_key;
use crate::key::Authenticated;
use crate::paging::{Paging, Query};
use crate::problems::Problem;

/// What an identity has connected: of its newest 500 connections.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityConnections {
    /// How many were counted, at most 500.
    counted: i64,
    /// Of them, those that work.
    operational: i64,
    /// Of them, those whose refresh fails.
    degraded: i64,
    /// Of them, those that failed.
    failed: i64,
    /// Of them, those that were never proved.
    unknown: i64,
}

/// Somebody who has connections.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityRow {
    /// Your id of the person or team.
    identity: String,
    /// `user`, `team`, `organization` or `project`.
    identity_type: &'static str,
    /// What stands for them in addresses, the same each time: the `who` of `GET /v1/sessions`.
    who: String,
    /// The name for people, of the newest connection.
    label: Option<String>,
    /// What they have connected.
    connections: IdentityConnections,
    /// When one of the connections was last used, connected or changed.
    last_active_at: Option<String>,
}

/// A page of identities.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityRows {
    /// In the order of the alphabet.
    rows: Vec<IdentityRow>,
    /// The `after` of the next page. It names nobody in clear.
    next: Option<String>,
}

/// Lists whose connections there are in the key's environment, in the order of the alphabet.
#[utoipa::path(
    get, path = "/v1/identities", operation_id = "listIdentities", tag = "Connections",
    params(
        ("q" = Option<String>, Query, description = "The beginning of the identity, or of words of its name in any order; capitals and accents do not matter in a name. The first page then begins with some whose name fits, half of it at most; who is among them may come again on a later one"),
        ("after" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<i64>, Query, description = "At most 100")
    ),
    responses(
        (status = 200, body = IdentityRows, description = "A page of identities", example = json!({
            "rows": [{
                "identity": "u-42", "identityType": "user", "who": "AWqV0mGyb3fCq0Yx1Zk3s5uDq4mX7r9t", "label": "Ann Lee",
                "connections": { "counted": 3, "operational": 2, "degraded": 0, "failed": 1, "unknown": 0 },
                "lastActiveAt": "2026-11-29T12:00:00.000Z"
            }],
            "next": null
        })),
        (status = 400, description = "`after` is no `next` of this list, or `q` is too long"),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let project = caller.0.project;
    let after = query.get("after").map(|after| {
        broker
            .identity_of_reference(project, after)
            .ok_or_else(|| Problem::bad_request("`after` stands for no identity here. Send `next` of the page before."))
    });
    let search = IdentitySearch {
        beginning: query.text("q")?.map(ToOwned::to_owned),
        after: after.transpose()?,
        limit: Paging::read(&query).limit,
    };
    let found = broker.identities(&caller.0, search).await?;
    let reference = |identity: &Identity| broker.identity_reference(project, identity);
    let row = |one: FoundIdentity| IdentityRow {
        who: reference(&one.identity),
        identity_type: one.identity.kind.as_str(),
        identity: one.identity.id,
        label: one.label,
        connections: IdentityConnections {
            counted: one.total,
            operational: one.operational,
            degraded: one.degraded,
            failed: one.failed,
            unknown: one.unknown,
        },
        last_active_at: one
            .active_at
            .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
    };
    Ok(HttpResponse::Ok().json(IdentityRows {
        next: found.next.as_ref().map(reference),
        rows: found.rows.into_iter().map(row).collect(),
    }))
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErasedAnswer {
    /// Connections that this call deleted. Their grants are revoked at the services, within a day.
    connections: u64,
    /// Connect sessions that ended.
    sessions: u64,
    /// Links that were taken back.
    links: u64,
    /// Events that lost the name.
    events: u64,
    /// Whether nothing is left. If false, send the same request again: one call erases 500 connections at most.
    complete: bool,
}

impl From<Erased> for ErasedAnswer {
    fn from(erased: Erased) -> Self {
        Self {
            connections: erased.connections,
            sessions: erased.sessions,
            links: erased.links,
            events: erased.events,
            complete: erased.complete,
        }
    }
}

/// Erases an identity: deletes its connections, ends its sessions and links, forgets its mail address, and takes its name
/// out of what is kept. Events and the audit log hold ids only afterwards. It cannot be undone; an unknown one is erased
/// already.
#[utoipa::path(
    delete, path = "/v1/identities/{identity}", operation_id = "eraseIdentity", tag = "Connections",
    params(
        ("identity" = String, Path, description = "Your id of the person or team, percent-encoded"),
        ("identityType" = Option<String>, Query, description = "`user` (without, too), `team`, `organization` or `project`")
    ),
    responses(
        (status = 200, body = ErasedAnswer, description = "What was erased, and whether something is left"),
        (status = 400, description = "The identity or its type cannot be one"),
        (status = 403, description = "The key does not have the scopes `connections:write` and `sessions:write`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn erase(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let raw = request.uri().path().split_once("/identities/");
    let identity = id_or_key(raw.map_or("", |(_, rest)| rest))?;
    let kind = Query::parse(request.query_string())
        .get("identityType")
        .map_or(Ok(IdentityType::User), identity_type)?;
    let erased = broker.erase_identity(&caller.0, &identity, kind).await?;
    Ok(HttpResponse::Ok().json(ErasedAnswer::from(erased)))
}
