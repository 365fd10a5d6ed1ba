//! What an integration consists of, open to everybody as the catalogue is (wire contract §4.4). Old and new names stand
//! beside each other.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;
use catalog::{
    AuthKind, AuthMethod, EntryName, Field as TypedField, Input, Integration, SetBy, Variable, VariableKind,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::etag::tagged;
use super::record::{definition_id, image};
use crate::Site;
use crate::paging::{Page, Paging, Query};
use crate::problems::{Kind, Problem};

/// A definition.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the wire's switches")]
pub(crate) struct DefinitionRow {
    /// The id, under the name that old clients read.
    #[serde(rename = "_id")]
    old_id: String,
    /// The id.
    id: String,
    /// The integration.
    name: String,
    key: String,
    r#type: &'static str,
    /// The integration.
    platform: String,
    platform_version: &'static str,
    status: &'static str,
    /// Whether it is connected by signing in at the service.
    oauth: bool,
    /// The secrets that a person pastes.
    auth_secrets: Vec<AuthSecret>,
    auth_method: AuthMethodView,
    multi_env: bool,
    frontend: Frontend,
    hidden: bool,
    test_connection: Option<String>,
    version: &'static str,
    active: bool,
    deleted: bool,
}

/// A secret's name.
#[derive(Debug, Serialize, ToSchema)]
struct AuthSecret {
    name: String,
}

/// How a call is signed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuthMethodView {
    /// `OAuth`, `ApiKey`, `QueryParam` or `None`.
    r#type: &'static str,
    /// The same for newer clients.
    auth_method_type: &'static str,
    /// The header or the parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Its value; a secret's name stands in double braces.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Frontend {
    spec: Spec,
    connection_form: ConnectionForm,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Spec {
    title: String,
    description: String,
    platform: String,
    category: String,
    image: Option<String>,
    tags: Vec<String>,
    helper_link: Option<String>,
    markdown: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectionForm {
    name: String,
    description: String,
    form_data: Vec<Field>,
}

/// An input of the form.
#[derive(Debug, Serialize, ToSchema)]
struct Field {
    name: String,
    /// `input`, `password` or `select`.
    r#type: &'static str,
    label: String,
    placeholder: String,
    optional: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Choice>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Choice {
    value: String,
    label: String,
}

/// Lists definitions. All of them stand on one page unless rows are skipped: an old client looks no further than the
/// first hundred and drops what it did not see. No key is needed.
#[utoipa::path(
    get, path = "/v1/connection-definitions", operation_id = "listDefinitions", tag = "Catalogue",
    params(
        ("_id" = Option<String>, Query, description = "A definition's id"), ("platform" = Option<String>, Query, description = "The integration's id"),
        ("name" = Option<String>, Query, description = "The row's `name`"), ("key" = Option<String>, Query, description = "The row's `key`"),
        ("hasOAuth" = Option<bool>, Query, description = "Only those that are connected by signing in, or only the others"),
        ("skip" = Option<i64>, Query, description = "Rows before")
    ),
    responses(
        (status = 200, body = Page<DefinitionRow>, description = "The definitions, and their `ETag`"),
        (status = 304, description = "What `If-None-Match` names is still right")
    )
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let same = |key: &str, value: &str| query.get(key).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
    let rows: Vec<DefinitionRow> = broker
        .integrations(None)
        .iter()
        .map(|integration| row(&site, integration))
        .filter(|row| same("_id", &row.id) && same("platform", &row.platform) && same("name", &row.name))
        .filter(|row| same("key", &row.key) && query.flag("hasOAuth").is_none_or(|wanted| wanted == row.oauth))
        .collect();
    let paging = Paging::all_but_skipped(&query, rows.len());
    tagged(&request, &paging.cut(rows))
}

/// Reads a definition. No key is needed.
#[utoipa::path(
    get, path = "/v1/connection-definitions/{id}", operation_id = "getDefinition", tag = "Catalogue",
    params(("id" = String, Path, description = "A definition's id")),
    responses((status = 200, body = DefinitionRow, description = "The definition"), (status = 404, description = "There is no such definition"))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let integrations = broker.integrations(None);
    let found = integrations
        .iter()
        .find(|integration| definition_id(integration.id.as_str()) == *id)
        .ok_or_else(|| Problem::general(Kind::NotFound))?;
    Ok(HttpResponse::Ok().json(row(&site, found)))
}

fn row(site: &Site, integration: &Integration) -> DefinitionRow {
    let id = integration.id.as_str();
    let method = integration.method(None);
    let oauth = integration.auth.iter().any(|method| method.kind.is_at_the_service());
    let pasted = integration.auth.iter().find_map(|method| match &method.kind {
        AuthKind::ApiKey(keys) => Some(keys),
        AuthKind::OAuth2(_) | AuthKind::OAuth1(_) => None,
    });
    let mut tags = integration.categories.clone();
    tags.extend(oauth.then(|| "oauth".to_owned()));
    DefinitionRow {
        old_id: definition_id(id),
        id: definition_id(id),
        name: id.to_owned(),
        key: format!("api::{id}::v1"),
        r#type: "api",
        platform: id.to_owned(),
        platform_version: "v1",
        status: "generally_available",
        oauth,
        auth_secrets: pasted
            .iter()
            .flat_map(|keys| keys.secrets())
            .map(|(name, _)| AuthSecret { name: name.to_owned() })
            .collect(),
        auth_method: method.map_or_else(|| signed("None", None), signing),
        multi_env: false,
        frontend: Frontend {
            spec: Spec {
                title: integration.name.clone(),
                description: integration.description.clone(),
                platform: id.to_owned(),
                category: integration.categories.first().cloned().unwrap_or_default(),
                image: image(site, integration),
                tags,
                helper_link: Some(integration.docs.to_string()),
                markdown: None,
            },
            connection_form: ConnectionForm {
                name: method.map(|method| method.title.clone()).unwrap_or_default(),
                description: integration.description.clone(),
                form_data: form(integration, method),
            },
        },
        hidden: false,
        test_connection: method
            .and_then(|method| method.check.as_ref())
            .map(|_| "check".to_owned()),
        version: "1.0.0",
        active: true,
        deleted: false,
    }
}

fn signed(kind: &'static str, sent: Option<(String, String)>) -> AuthMethodView {
    let (key, value) = sent.unzip();
    AuthMethodView {
        r#type: kind,
        auth_method_type: kind,
        key,
        value,
    }
}

/// The first header, or else parameter, that carries a secret.
fn signing(method: &AuthMethod) -> AuthMethodView {
    if method.kind.is_at_the_service() {
        return signed("OAuth", None);
    }
    let carrier = |named: &'_ [(EntryName, catalog::Template)]| {
        named
            .iter()
            .find(|(_, template)| template.names().iter().any(|name| name.namespace == "credential"))
            .map(|(name, template)| (name.template().in_braces(), template.in_braces()))
    };
    match (carrier(&method.headers), carrier(&method.query)) {
        (Some((name, value)), _) => signed("ApiKey", Some((name, value))),
        (None, Some((name, value))) => signed("QueryParam", Some((name, value))),
        (None, None) => signed("None", None),
    }
}

/// What a person types in: values of the connection, then secrets.
fn form(integration: &Integration, method: Option<&AuthMethod>) -> Vec<Field> {
    let values = integration
        .variables
        .iter()
        .filter(|(_, variable)| variable.set_by == SetBy::Person)
        .map(|(name, variable)| value_field(name, variable));
    let typed = method.and_then(AuthMethod::typed);
    let fields = typed.into_iter().flat_map(|typed| &typed.fields).map(typed_field);
    values.chain(fields).collect()
}

fn value_field(name: &str, variable: &Variable) -> Field {
    let options: Vec<Choice> = match &variable.kind {
        VariableKind::Choice(choices) => choices
            .iter()
            .map(|choice| Choice {
                value: choice.value.clone(),
                label: choice.label.clone(),
            })
            .collect(),
        _ => Vec::new(),
    };
    Field {
        name: name.to_owned(),
        r#type: if options.is_empty() { "input" } else { "select" },
        label: variable.title.clone(),
        placeholder: variable.placeholder.clone().unwrap_or_default(),
        optional: variable.optional || variable.default.is_some(),
        options,
    }
}

fn typed_field(field: &TypedField) -> Field {
    match &field.input {
        Input::Plain(variable) => value_field(&field.name, variable),
        Input::Secret(secret) => Field {
            name: field.name.clone(),
            r#type: "password",
            label: secret.title.clone(),
            placeholder: secret.placeholder.clone().unwrap_or_default(),
            optional: secret.optional,
            options: Vec::new(),
        },
    }
}
