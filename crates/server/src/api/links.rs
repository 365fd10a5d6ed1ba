//! `/v1/connect/links`: links that lead a person to one connection, or to their own connections.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Link, LinkFilter, LinkPurpose, LinkRequest, Scope};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use store::{LinkSource, Owner};
use utoipa::ToSchema;

use super::authkit::{Id, connection_id, identity_type};
use super::import::idempotency_key;
use crate::Site;
use crate::guard::whole_body;
use crate::key::Authenticated;
use crate::page_language;
use crate::paging::{Page, Paging, Query};
use crate::problems::Problem;

/// States of a link, as a filter.
const STATES: [&str; 5] = ["open", "opened", "used", "revoked", "expired"];

/// A link to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LinkBody {
    /// The owner's id at the customer's. Needed, unless `connection` says whose it is.
    identity: Option<Id>,
    /// `user`, `team`, `organization` or `project`.
    #[serde(alias = "identity_type")]
    identity_type: Option<String>,
    /// A name of the owner for people: the page says for whom it is.
    #[serde(alias = "identity_label", alias = "label")]
    identity_label: Option<String>,
    /// `connect` (without, too) or `manage`: the person's own connections, to see, reconnect and end them.
    purpose: Option<String>,
    /// Only these integrations.
    integrations: Option<Vec<String>>,
    /// The connection to connect again.
    connection: Option<String>,
    /// Seconds that it lives: 300 to 2592000. A week without; an hour for `manage`.
    ttl: Option<i64>,
    /// Whether your backend confirms who finished; as the project has it without.
    verify: Option<bool>,
    /// The language of its page; the browser's without.
    locale: Option<String>,
    /// The name of who sends it, for the page.
    inviter: Option<String>,
}

/// A link, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkRow {
    /// Its id.
    id: String,
    /// `connect` or `manage`.
    #[schema(value_type = String)]
    purpose: LinkPurpose,
    /// `open`, `opened` (somebody pressed its button), `used`, `revoked` (also with its connection) or `expired`.
    state: &'static str,
    /// Whose connection it is about.
    identity: Option<String>,
    /// What that is.
    identity_type: Option<&'static str>,
    /// Its name for people.
    identity_label: Option<String>,
    /// The only integrations that it offers or shows.
    integrations: Option<Vec<String>>,
    /// The connection that it connects again.
    connection: Option<String>,
    /// Whether your backend confirms who finished; null as the project has it.
    verify: Option<bool>,
    /// The language of its page.
    locale: Option<String>,
    /// Who sends it.
    inviter: Option<String>,
    /// `api`, or `mail`: Latchkey sent it.
    #[schema(value_type = String)]
    source: LinkSource,
    /// When it was made.
    created_at: String,
    /// When it ends.
    expires_at: String,
    /// When its button was first pressed.
    opened_at: Option<String>,
    /// When its connection was made by it.
    used_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
}

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkMade {
    #[serde(flatten)]
    link: LinkRow,
    /// Its address with the secret, this one time; null for a repeated request whose secret cannot be made again.
    url: Option<String>,
}

/// Makes a link for one person: to connect an account, to connect one again, or to their own connections.
#[utoipa::path(
    post, path = "/v1/connect/links", operation_id = "createLink", tag = "Connect",
    params(("idempotency-key" = Option<String>, Header, description = "At most 255 characters; the same request under the same key within a day makes one link, with the same address")),
    request_body(content = LinkBody, description = "For whom, and for what"),
    responses(
        (status = 200, body = LinkMade, description = "The same request made this link earlier"),
        (status = 201, body = LinkMade, description = "The new link, with its address"),
        (status = 400, description = "A field is not known, is missing, or has a value that cannot be; or the project has no address to confirm who finished"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 404, description = "The connection is not there"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large"),
        (status = 422, description = "The `Idempotency-Key` belongs to another request")
    ),
    security(("secret" = []))
)]
pub(crate) async fn create(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let (body, bytes) = whole_body::<LinkBody>(&site, &request, payload).await?;
    let mut asked = link_request(body)?;
    if let Some(key) = idempotency_key(&request)? {
        asked.repeatable = Some(broker.store().repeatable(&key, &bytes));
    }
    let made = broker.make_link(&caller.0, asked).await?;
    let mut response = if made.new {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    Ok(response.json(LinkMade {
        link: row(made.link),
        url: made.url,
    }))
}

/// Lists links, newest first: those made by this API and those that mails carried.
#[utoipa::path(
    get, path = "/v1/connect/links", operation_id = "listLinks", tag = "Connect",
    params(
        ("identity" = Option<String>, Query, description = "Whose"),
        ("state" = Option<String>, Query, description = "`open`, `opened`, `used`, `revoked` or `expired`"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<LinkRow>, description = "A page of links"),
        (status = 400, description = "A filter has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `sessions:write`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let paging = Paging::read(&query);
    let state = query.get("state").map(ToOwned::to_owned);
    if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        return Err(Problem::bad_request(
            "`state` is none of open, opened, used, revoked, expired. Send one of them.",
        ));
    }
    let filter = LinkFilter {
        identity: query.get("identity").map(ToOwned::to_owned),
        state,
        skip: paging.skip,
        limit: paging.limit,
    };
    let (links, total) = broker.links(&caller.0, &filter).await?;
    Ok(HttpResponse::Ok().json(Page::new(links.into_iter().map(row).collect(), total, paging)))
}

/// One link. Its secret is not shown again.
#[utoipa::path(
    get, path = "/v1/connect/links/{id}", operation_id = "getLink", tag = "Connect",
    params(("id" = String, Path, description = "The link's id")),
    responses(
        (status = 200, body = LinkRow, description = "The link"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(row(broker.link(&caller.0, &id).await?)))
}

/// Revokes a link at once, with the sessions that it opened and the sign-ins under way in them. One that was used stays as
/// it is, and so does its connection.
#[utoipa::path(
    delete, path = "/v1/connect/links/{id}", operation_id = "revokeLink", tag = "Connect",
    params(("id" = String, Path, description = "The link's id")),
    responses(
        (status = 200, body = LinkRow, description = "The link as it is now"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn revoke(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(row(broker.revoke_link(&caller.0, &id).await?)))
}

fn link_request(body: LinkBody) -> Result<LinkRequest, Problem> {
    let named = |text: &String| !text.is_empty();
    Ok(LinkRequest {
        purpose: body
            .purpose
            .as_deref()
            .map_or(Ok(LinkPurpose::Connect), str::parse)
            .map_err(|_| Problem::bad_request("`purpose` is neither `connect` nor `manage`. Send one of them."))?,
        owner: Owner {
            identity: body.identity.and_then(Id::text),
            identity_type: body
                .identity_type
                .filter(named)
                .as_deref()
                .map(identity_type)
                .transpose()?,
            group: None,
            label: body.identity_label.filter(named),
        },
        integrations: body.integrations,
        connection: body.connection.as_deref().map(connection_id).transpose()?,
        ttl: body.ttl,
        verify: body.verify,
        locale: body
            .locale
            .filter(named)
            .map(|tag| page_language(&tag).map(ToOwned::to_owned))
            .transpose()
            .map_err(|error| Problem::bad_request(format!("`locale`: {error}.")))?,
        inviter: body.inviter,
        repeatable: None,
    })
}

fn row(link: Link) -> LinkRow {
    LinkRow {
        id: link.id.to_string(),
        purpose: link.purpose,
        state: link.state.as_str(),
        identity: link.owner.identity,
        identity_type: link.owner.identity_type.map(store::IdentityType::as_str),
        identity_label: link.owner.label,
        integrations: link.integrations,
        connection: link.connection.map(|id| id.to_string()),
        verify: link.verify,
        locale: link.locale,
        inviter: link.inviter,
        source: link.source,
        created_at: text(link.created_at),
        expires_at: text(link.expires_at),
        opened_at: link.opened_at.map(text),
        used_at: link.used_at.map(text),
        revoked_at: link.revoked_at.map(text),
    }
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
