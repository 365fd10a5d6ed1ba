//! GET `/v1/available-connectors`: what there is to connect (wire contract §3.9).

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Connector};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::{definition_id, image};
use crate::Site;
use crate::key::{Authenticated, Perhaps};
use crate::paging::{Page, Paging, Query};
use crate::problems::Problem;

/// An integration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectorRow {
    id: String,
    name: String,
    title: String,
    key: String,
    platform: String,
    platform_version: &'static str,
    status: &'static str,
    description: String,
    category: String,
    image: Option<String>,
    tags: Vec<String>,
    /// Whether it is connected by signing in at the service.
    oauth: bool,
    oauth_scopes: Option<Scopes>,
    /// How many actions are described.
    tools: usize,
    version: &'static str,
    active: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
struct Scopes {
    scopes: Vec<String>,
    raw: String,
    separator: String,
}

/// Lists integrations. Without a key `authkit` is ignored.
#[utoipa::path(
    get, path = "/v1/available-connectors", operation_id = "listConnectors", tag = "Catalogue",
    params(
        ("platform" = Option<String>, Query, description = "The integration's id"),
        ("authkit" = Option<bool>, Query, description = "Only those switched on; needs a key"),
        ("key" = Option<String>, Query, description = "The row's `key`"), ("name" = Option<String>, Query, description = "The integration's name"),
        ("category" = Option<String>, Query, description = "A category or tag"), ("page" = Option<i64>, Query, description = "From 1"),
        ("limit" = Option<i64>, Query, description = "At most 150"), ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses((status = 200, body = Page<ConnectorRow>, description = "A page of integrations")), security(("secret" = []), ())
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Perhaps,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let enabled_only = caller.0.is_some() && query.flag("authkit") == Some(true);
    let connectors = broker.connectors(caller.0.as_ref()).await?;
    Ok(page(&site, &query, &connectors, enabled_only))
}

/// Lists the integrations that the project has a usable connection to.
#[utoipa::path(
    get, path = "/v1/available-connectors/connected", operation_id = "listConnectedConnectors", tag = "Catalogue",
    params(
        ("platform" = Option<String>, Query, description = "The integration's id"),
        ("authkit" = Option<bool>, Query, description = "Only those switched on"),
        ("key" = Option<String>, Query, description = "The row's `key`"), ("name" = Option<String>, Query, description = "The integration's name"),
        ("category" = Option<String>, Query, description = "A category or tag"), ("page" = Option<i64>, Query, description = "From 1"),
        ("limit" = Option<i64>, Query, description = "At most 150"), ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<ConnectorRow>, description = "A page of integrations"),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn connected(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let connectors = broker.connected_connectors(&caller.0).await?;
    Ok(page(&site, &query, &connectors, query.flag("authkit") == Some(true)))
}

fn page(site: &Site, query: &Query, connectors: &[Connector], enabled_only: bool) -> HttpResponse {
    let rows = connectors
        .iter()
        .filter(|connector| !enabled_only || connector.enabled)
        .map(|connector| row(site, connector))
        .filter(|row| wanted(row, query))
        .collect();
    HttpResponse::Ok().json(Paging::read(query).cut(rows))
}

fn wanted(row: &ConnectorRow, query: &Query) -> bool {
    let same = |key: &str, value: &str| query.get(key).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
    same("platform", &row.platform)
        && same("key", &row.key)
        && same("name", &row.name)
        && (same("category", &row.category) || row.tags.iter().any(|tag| same("category", tag)))
}

fn row(site: &Site, connector: &Connector) -> ConnectorRow {
    let integration = &connector.integration;
    let id = integration.id.as_str();
    let scopes = connector.oauth_scopes().map(|(scopes, separator)| Scopes {
        scopes: scopes.to_vec(),
        raw: scopes.join(separator),
        separator: separator.to_owned(),
    });
    let mut tags = integration.categories.clone();
    tags.extend(scopes.is_some().then(|| "oauth".to_owned()));
    ConnectorRow {
        id: definition_id(id),
        name: integration.name.clone(),
        title: integration.name.clone(),
        key: format!("api::{id}::v1"),
        platform: id.to_owned(),
        platform_version: "v1",
        status: "generally_available",
        description: integration.description.clone(),
        category: integration.categories.first().cloned().unwrap_or_default(),
        image: image(site, integration),
        tags,
        oauth: scopes.is_some(),
        oauth_scopes: scopes,
        tools: integration.actions.len(),
        version: "1.0.0",
        active: true,
    }
}
