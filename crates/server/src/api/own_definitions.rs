//! `/v1/integration-definitions`: definitions of an operator's own, for the whole server.

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, DEFINITION_LIMIT, DefinitionVersion, DefinitionView, Expected, PutDefinition};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::on_demand::text;
use crate::Site;
use crate::guard::bytes;
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::{Kind, Problem};

/// A definition in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationDefinition)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefinitionRow {
    /// The integration.
    id: String,
    name: String,
    /// `built-in`, `folder` or `api`.
    from: &'static str,
    /// Whether it takes the place of another one.
    overrides: bool,
    /// Of one that came by the API: goes up with each change.
    version: Option<i64>,
    /// YAML or JSON, where one definition is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
}

impl From<DefinitionView> for DefinitionRow {
    fn from(view: DefinitionView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            from: view.from,
            overrides: view.overrides,
            version: view.version,
            document: None,
        }
    }
}

/// A version of a definition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationDefinitionVersion)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VersionRow {
    version: i64,
    /// Whether the definition was taken away with it.
    removed: bool,
    made_at: String,
    /// `key:…` with the key's id, or `cli`.
    made_by: String,
}

impl From<DefinitionVersion> for VersionRow {
    fn from(version: DefinitionVersion) -> Self {
        Self {
            version: version.version,
            removed: version.removed,
            made_at: text(version.made_at),
            made_by: version.made_by,
        }
    }
}

/// All definitions in force.
#[utoipa::path(
    get, path = "/v1/integration-definitions", operation_id = "listIntegrationDefinitions", tag = "Catalogue",
    params(
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<DefinitionRow>, description = "A page of definitions, without their texts"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let rows: Vec<DefinitionRow> = broker
        .definitions(&caller.0)
        .await?
        .into_iter()
        .map(Into::into)
        .collect();
    Ok(HttpResponse::Ok().json(Paging::read(&Query::parse(request.query_string())).cut(rows)))
}

/// One definition with its text.
#[utoipa::path(
    get, path = "/v1/integration-definitions/{id}", operation_id = "getIntegrationDefinition", tag = "Catalogue",
    params(("id" = String, Path, description = "The integration")),
    responses(
        (status = 200, body = DefinitionRow, description = "The definition. `ETag` is its version, of one that came by the API"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's"),
        (status = 404, description = "There is none")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = broker.definition(&caller.0, &id).await?;
    let mut row = DefinitionRow::from(found.view);
    row.document = Some(found.document);
    Ok(answer(&row))
}

/// Puts a definition in force, on every replica at its next look. The body is YAML or JSON, at most 256 KiB.
#[utoipa::path(
    put, path = "/v1/integration-definitions/{id}", operation_id = "putIntegrationDefinition", tag = "Catalogue",
    params(
        ("id" = String, Path, description = "The integration; the definition's own `id`"),
        ("dry_run" = Option<bool>, Query, description = "true: only checked"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that you read. Needed where there is a version already"),
        ("if-none-match" = Option<String>, Header, description = "`*`: only where there is none yet")
    ),
    request_body(content = String, content_type = "application/yaml", description = "The definition, as YAML or JSON"),
    responses(
        (status = 200, body = DefinitionRow, description = "It is in force here within seconds. `version` is null after a dry run"),
        (status = 400, description = "It is no text, or too large"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "There is a version already and no `If-Match`, there are too many definitions, or others have mistakes, which `meta.problems` names"),
        (status = 412, description = "Somebody changed it since"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "It has mistakes: `meta.problems` has each with `line`, `column`, `at`, `message` and `suggestion`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(broker::Scope::Admin)?;
    let expected = expected(&request)?;
    let dry_run = match Query::parse(request.query_string()).get("dry_run") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            return Err(Problem::bad_request(
                "`dry_run` is neither `true` nor `false`. Send one of them.",
            ));
        }
    };
    let body = bytes(&site, &request, payload, DEFINITION_LIMIT).await?;
    let document = String::from_utf8(body)
        .map_err(|_| Problem::bad_request("The body is no text. Send the definition as UTF-8."))?;
    let put = broker
        .put_definition(&caller.0, &id, document, expected, dry_run)
        .await?;
    Ok(answer(&row_of(put)))
}

/// Takes a definition away that came by the API. Another one of the same id comes in its place, where it was overridden.
#[utoipa::path(
    delete, path = "/v1/integration-definitions/{id}", operation_id = "deleteIntegrationDefinition", tag = "Catalogue",
    params(
        ("id" = String, Path, description = "The integration"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that you read: nothing is changed when it is another by now")
    ),
    responses(
        (status = 200, body = VersionRow, description = "It is gone; its versions stay"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's"),
        (status = 404, description = "There is none that came by the API"),
        (status = 409, description = "Connections use it: `meta.connections` says how many"),
        (status = 412, description = "Somebody changed it since")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let expected = expected(&request)?;
    let version = broker.remove_definition(&caller.0, &id, expected).await?;
    Ok(HttpResponse::Ok().json(json!({ "id": *id, "version": version, "removed": true })))
}

/// The last fifty versions, the newest first.
#[utoipa::path(
    get, path = "/v1/integration-definitions/{id}/versions", operation_id = "listIntegrationDefinitionVersions",
    tag = "Catalogue", params(("id" = String, Path, description = "The integration")),
    responses(
        (status = 200, body = Page<VersionRow>, description = "The versions, without their texts"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's"),
        (status = 404, description = "There never was one")
    ),
    security(("secret" = []))
)]
pub(crate) async fn versions(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let rows = broker.definition_versions(&caller.0, &id).await?;
    let rows: Vec<VersionRow> = rows.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Paging::read(&Query::parse(request.query_string())).cut(rows)))
}

/// The text of a version.
#[utoipa::path(
    get, path = "/v1/integration-definitions/{id}/versions/{version}", operation_id = "getIntegrationDefinitionVersion",
    tag = "Catalogue",
    params(("id" = String, Path, description = "The integration"), ("version" = i64, Path, description = "Its number")),
    responses(
        (status = 200, body = String, content_type = "application/yaml", description = "As it was sent"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's"),
        (status = 404, description = "Not there any more, or a removal")
    ),
    security(("secret" = []))
)]
pub(crate) async fn version(
    broker: web::Data<Broker>,
    caller: Authenticated,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, version) = numbered(path.into_inner())?;
    let document = broker.definition_version(&caller.0, &id, version).await?;
    Ok(HttpResponse::Ok().content_type("application/yaml").body(document))
}

/// Puts an earlier version in force once more, as a new one. It is checked as it would be now.
#[utoipa::path(
    post, path = "/v1/integration-definitions/{id}/versions/{version}/restore",
    operation_id = "restoreIntegrationDefinition", tag = "Catalogue",
    params(
        ("id" = String, Path, description = "The integration"), ("version" = i64, Path, description = "Its number"),
        ("if-match" = Option<String>, Header, description = "The `ETag` of the version in force: nothing is changed when it is another by now")
    ),
    responses(
        (status = 200, body = DefinitionRow, description = "In force, with a new number"),
        (status = 403, description = "The key does not have the scope `admin`, is not of `live`, or is not the operator's"),
        (status = 404, description = "Not there any more, or a removal"),
        (status = 412, description = "Somebody changed it since"),
        (status = 422, description = "It has mistakes by now")
    ),
    security(("secret" = []))
)]
pub(crate) async fn restore(
    broker: web::Data<Broker>,
    caller: Authenticated,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (id, version) = numbered(path.into_inner())?;
    let expected = expected(&request)?;
    let put = broker.restore_definition(&caller.0, &id, version, expected).await?;
    Ok(answer(&row_of(put)))
}

fn numbered((id, version): (String, String)) -> Result<(String, i64), Problem> {
    let version = version.parse().map_err(|_| Problem::general(Kind::NotFound))?;
    Ok((id, version))
}

fn row_of(put: PutDefinition) -> DefinitionRow {
    let mut row = DefinitionRow::from(put.view);
    row.version = put.version;
    row
}

fn answer(row: &DefinitionRow) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(version) = row.version {
        response.insert_header((header::ETAG, format!("\"{version}\"")));
    }
    response.json(row)
}

/// What `If-Match` and `If-None-Match: *` expect (RFC 9110 §13.1).
fn expected(request: &HttpRequest) -> Result<Option<Expected>, Problem> {
    let read = |name| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap_or_default().trim().to_owned())
    };
    match (read(header::IF_MATCH), read(header::IF_NONE_MATCH)) {
        (None, None) => Ok(None),
        (None, Some(text)) if text == "*" => Ok(Some(Expected::None)),
        (Some(text), None) if text == "*" => Ok(Some(Expected::Any)),
        (Some(text), None) => {
            let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let version = tag.and_then(|tag| tag.parse().ok()).map(Expected::Version);
            version.map(Some).ok_or_else(|| {
                Problem::bad_request(
                    "`If-Match` is not an `ETag` of a definition. Send one as it came, quotation marks and all.",
                )
            })
        }
        _ => Err(Problem::keyed(
            Kind::BadRequest,
            "bad_request",
            "Send `If-Match` with an `ETag`, or `If-None-Match: *`, and not both.",
        )),
    }
}
