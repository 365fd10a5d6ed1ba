//! What a backend can look up about its own tenant with a key of scope `admin`: the project under the names that
//! published clients give it, and the keys. Nothing of another tenant, and nothing of the other environment.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::{ApiKeyRow, Broker, Caller, KeyView, Scope};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use store::Project;
use utoipa::ToSchema;

use super::users::project;
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::{Kind, Problem};

/// The tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationView {
    /// The project's id: there is nothing above a project.
    id: String,
    name: String,
    description: Option<String>,
    /// Always empty: people are no part of a project.
    members: Vec<String>,
    /// The one.
    projects: Vec<ProjectView>,
    created_at: String,
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProjectView {
    id: String,
    /// The same id.
    organization_id: String,
    name: String,
    description: Option<String>,
    /// The public id in embed addresses, `pub_…`.
    pid: String,
    /// When the customer's backend confirms who finished: `off`, `hosted` or `always`.
    verify: &'static str,
    /// Whether our own line is hidden.
    is_white_label: bool,
    /// The origins that may embed the modal.
    origins: Vec<String>,
    created_at: String,
}

/// A secret key, never its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    id: String,
    /// The project.
    user_id: String,
    organization_id: String,
    project_id: String,
    name: String,
    /// Its first characters.
    key: String,
    /// The same: the whole is shown once, by whoever made it.
    access_key: String,
    /// The same.
    key_preview: String,
    connection_type: &'static str,
    environment: &'static str,
    default: bool,
    tags: Vec<String>,
    /// What it may do.
    scopes: Vec<String>,
    /// Networks and addresses that it is good from; empty is everywhere.
    ip_allow: Vec<String>,
    /// The key that was made in its place; it ends soon then.
    replaced_by: Option<String>,
    /// false once its time is over.
    active: bool,
    deleted: bool,
    version: &'static str,
    created_at: String,
    updated_at: String,
    /// To about a minute.
    last_used_at: Option<String>,
    expires_at: Option<String>,
}

/// The tenant of the key.
#[utoipa::path(
    get, path = "/v1/management/organizations/{org_id}", operation_id = "getOrganization", tag = "Project",
    params(("org_id" = String, Path, description = "The project's id")),
    responses(
        (status = 200, body = OrganizationView, description = "The tenant, which is the project", example = json!({
            "id": "01900000-0000-7000-8000-000000000003", "name": "Shop", "description": null, "members": [],
            "projects": [{
                "id": "01900000-0000-7000-8000-000000000003", "organizationId": "01900000-0000-7000-8000-000000000003",
                "name": "Shop", "description": null, "pid": "pub_AAAAAAAAAAAAAAAAAAAAAA", "verify": "off",
                "isWhiteLabel": false, "origins": ["https://shop.example.com"], "createdAt": "2026-11-29T12:00:00.000Z"
            }],
            "createdAt": "2026-11-29T12:00:00.000Z"
        })),
        (status = 403, description = "The key does not have the scope `admin`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn organization(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    let own = own(&broker, &caller.0).await?;
    Ok(HttpResponse::Ok().json(OrganizationView {
        id: own.id.clone(),
        name: own.name.clone(),
        description: None,
        members: Vec::new(),
        created_at: own.created_at.clone(),
        projects: vec![own],
    }))
}

/// The projects of a tenant, of which there is one.
#[utoipa::path(
    get, path = "/v1/management/organizations/{org_id}/projects", operation_id = "listProjects", tag = "Project",
    params(
        ("org_id" = String, Path, description = "The project's id"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<ProjectView>, description = "A page with the project"),
        (status = 403, description = "The key does not have the scope `admin`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn projects(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let own = own(&broker, &caller.0).await?;
    let paging = Paging::read(&Query::parse(request.query_string()));
    Ok(HttpResponse::Ok().json(paging.cut(vec![own])))
}

async fn own(broker: &Broker, caller: &Caller) -> Result<ProjectView, Problem> {
    caller.require(Scope::Admin)?;
    let project = project(broker, caller).await?;
    let origins = broker
        .store()
        .origins(project.id)
        .await
        .map_err(broker::Problem::from)?;
    Ok(view(project, origins))
}

fn view(project: Project, origins: Vec<String>) -> ProjectView {
    ProjectView {
        id: project.id.to_string(),
        organization_id: project.id.to_string(),
        name: project.name,
        description: None,
        pid: project.publishable_id,
        verify: project.verify.as_str(),
        is_white_label: project.white_label,
        origins,
        created_at: text(project.created_at),
    }
}

/// The keys of the project in the key's environment that were not revoked, oldest first.
#[utoipa::path(
    get, path = "/v1/event-access", operation_id = "listKeys", tag = "Project",
    params(
        ("environment" = Option<String>, Query, description = "The key's own, which is also what is listed without it"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<ApiKeyView>, description = "A page of keys, without the keys themselves", example = json!({
            "rows": [{
                "id": "01900000-0000-7000-8000-000000000004", "userId": "01900000-0000-7000-8000-000000000003",
                "organizationId": "01900000-0000-7000-8000-000000000003", "projectId": "01900000-0000-7000-8000-000000000003",
                "name": "backend", "key": "sk_test_lk_AbCd…", "accessKey": "sk_test_lk_AbCd…", "keyPreview": "sk_test_lk_AbCd…",
                "connectionType": "api", "environment": "test", "default": false, "tags": [],
                "scopes": ["sessions:write", "connections:read"], "ipAllow": [], "replacedBy": null, "active": true, "deleted": false, "version": "1.0.0",
                "createdAt": "2026-11-29T12:00:00.000Z", "updatedAt": "2026-11-29T12:00:00.000Z",
                "lastUsedAt": null, "expiresAt": null
            }],
            "total": 1, "pages": 1, "page": 1, "skip": 0, "limit": 20
        })),
        (status = 403, description = "The key does not have the scope `admin`, or is of the other environment")
    ),
    security(("secret" = []))
)]
pub(crate) async fn keys(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    if let Some(asked) = query.get("environment") {
        own_environment(&caller.0, asked)?;
    }
    let keys = broker.keys(&caller.0).await?;
    let rows = keys
        .into_iter()
        .map(|KeyView { key, has_ended }| row(key, has_ended))
        .collect();
    Ok(HttpResponse::Ok().json(Paging::read(&query).cut(rows)))
}

/// Refuses what names the other environment: a key never reaches across.
pub(crate) fn own_environment(caller: &Caller, asked: &str) -> Result<(), Problem> {
    let own = caller.environment.as_str();
    match asked.to_ascii_lowercase().as_str() {
        named if named == own => Ok(()),
        "test" | "live" => Err(Problem::keyed(
            Kind::Forbidden,
            "other_environment",
            format!("This key is one of `{own}` and reaches nothing else. Use a key of the environment that you mean."),
        )),
        _ => Err(Problem::bad_request(
            "`environment` is neither `test` nor `live`. Send one of them.",
        )),
    }
}

/// A key on the wire.
pub(crate) fn row(key: ApiKeyRow, has_ended: bool) -> ApiKeyView {
    let project = key.project.to_string();
    let created = text(key.created_at);
    ApiKeyView {
        id: key.id.to_string(),
        user_id: project.clone(),
        organization_id: project.clone(),
        project_id: project,
        name: key.name,
        key: key.hint.clone(),
        access_key: key.hint.clone(),
        key_preview: key.hint,
        connection_type: "api",
        environment: key.environment.as_str(),
        default: false,
        tags: Vec::new(),
        scopes: key.scopes,
        ip_allow: key.ip_allow,
        replaced_by: key.replaced_by.map(|id| id.to_string()),
        active: !has_ended,
        deleted: false,
        version: "1.0.0",
        updated_at: created.clone(),
        created_at: created,
        last_used_at: key.last_used_at.map(text),
        expires_at: key.expires_at.map(text),
    }
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
