//! How one signs in to services over OAuth, open to everybody as the catalogue is. It tells what a browser sees on the
//! way: no token endpoint, no secret. Old and new names stand beside each other.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;
use catalog::{AuthKind, Endpoints, Integration, OAuth2, Pkce};
use serde::Serialize;
use utoipa::ToSchema;

use super::etag::tagged;
use super::record::definition_id;
use crate::Site;
use crate::paging::{Page, Paging, Query};
use crate::problems::{Kind, Problem};

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OAuthDefinitionRow {
    /// The id, under the name that old clients read.
    #[serde(rename = "_id")]
    old_id: String,
    /// The id.
    id: String,
    /// The definition.
    connection_def_id: String,
    /// The integration.
    connection_platform: String,
    flow_type: &'static str,
    render_with_secret: bool,
    frontend: OAuthFrontend,
    /// Changes to the authorization request.
    configuration: Vec<Change>,
    version: &'static str,
    active: bool,
    deleted: bool,
    tags: Vec<String>,
}

/// What a browser is sent with, in both spellings.
#[derive(Debug, Serialize, ToSchema)]
struct OAuthFrontend {
    r#type: &'static str,
    /// The authorization endpoint; a value that a connection brings stands in double braces. Null when it is discovered.
    platform_redirect_uri: Option<String>,
    /// Where the service sends the browser back to.
    ios_redirect_uri: String,
    scopes: String,
    separator: String,
    #[serde(rename = "platformRedirectUri")]
    old_platform_redirect_uri: Option<String>,
    #[serde(rename = "iosRedirectUri")]
    old_ios_redirect_uri: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Change {
    Pkce { enabled: bool },
}

/// Lists sign-ins. All of them stand on one page unless rows are skipped. No key is needed.
#[utoipa::path(
    get, path = "/v1/connection-oauth-definitions", operation_id = "listOAuthDefinitions", tag = "Catalogue",
    params(("skip" = Option<i64>, Query, description = "Rows before")),
    responses(
        (status = 200, body = Page<OAuthDefinitionRow>, description = "The sign-ins, and their `ETag`"),
        (status = 304, description = "What `If-None-Match` names is still right")
    )
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let rows = all(&broker, &site);
    tagged(&request, &Paging::all_but_skipped(&query, rows.len()).cut(rows))
}

/// The sign-in of a service. No key is needed.
#[utoipa::path(
    get, path = "/v1/connection-oauth-definitions/view/{platform}", operation_id = "getOAuthDefinitionOfPlatform", tag = "Catalogue",
    params(("platform" = String, Path, description = "The integration's id")),
    responses((status = 200, body = OAuthDefinitionRow, description = "The sign-in"), (status = 404, description = "There is no such sign-in"))
)]
pub(crate) async fn of_platform(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    platform: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&broker, &site, |row| row.connection_platform == *platform)
}

/// Reads a sign-in. No key is needed.
#[utoipa::path(
    get, path = "/v1/connection-oauth-definitions/view/id/{id}", operation_id = "getOAuthDefinition", tag = "Catalogue",
    params(("id" = String, Path, description = "A sign-in's id")),
    responses((status = 200, body = OAuthDefinitionRow, description = "The sign-in"), (status = 404, description = "There is no such sign-in"))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    one(&broker, &site, |row| row.id == *id)
}

fn one(broker: &Broker, site: &Site, is_it: impl Fn(&OAuthDefinitionRow) -> bool) -> Result<HttpResponse, Problem> {
    all(broker, site)
        .iter()
        .find(|row| is_it(row))
        .map(|row| HttpResponse::Ok().json(row))
        .ok_or_else(|| Problem::general(Kind::NotFound))
}

fn all(broker: &Broker, site: &Site) -> Vec<OAuthDefinitionRow> {
    broker
        .integrations(None)
        .iter()
        .filter_map(|integration| {
            integration.auth.iter().find_map(|method| match &method.kind {
                // A sign-in with a code sends nobody away.
                AuthKind::OAuth2(oauth2) if oauth2.device.is_none() => Some(row(site, integration, oauth2)),
                AuthKind::OAuth2(_) | AuthKind::OAuth1(_) | AuthKind::ApiKey(_) => None,
            })
        })
        .collect()
}

fn row(site: &Site, integration: &Integration, oauth2: &OAuth2) -> OAuthDefinitionRow {
    // The record of a connection names it so.
    let id = definition_id(integration.id.as_str());
    let authorize = match &oauth2.endpoints {
        Endpoints::Fixed { authorize, .. } => authorize.as_ref().map(|page| page.template().in_braces()),
        Endpoints::Discovered { .. } | Endpoints::Resource { .. } => None,
    };
    let callback = format!("{}/connections/oauth/callback", site.public_origin);
    let scopes: Vec<&str> = [&oauth2.scopes.default, &oauth2.scopes.required]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    OAuthDefinitionRow {
        old_id: id.clone(),
        id: id.clone(),
        connection_def_id: id,
        connection_platform: integration.id.as_str().to_owned(),
        flow_type: "authorization_code",
        render_with_secret: false,
        frontend: OAuthFrontend {
            r#type: "AuthorizationCode",
            platform_redirect_uri: authorize.clone(),
            ios_redirect_uri: callback.clone(),
            scopes: scopes.join(&oauth2.scopes.separator),
            separator: oauth2.scopes.separator.clone(),
            old_platform_redirect_uri: authorize,
            old_ios_redirect_uri: callback,
        },
        configuration: vec![Change::Pkce {
            enabled: oauth2.pkce == Pkce::S256,
        }],
        version: "1.0.0",
        active: true,
        deleted: false,
        tags: Vec::new(),
    }
}
