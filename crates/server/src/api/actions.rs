//! What can be done at a service: lists, search and pages of knowledge (wire contract §3.9). Every call passes through,
//! described here or not.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;
use catalog::{Action, ActionIo, Integration};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::etag::tagged;
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::Problem;

/// What ids of actions begin with. Clients split them at `::` and want three parts.
const PREFIX: &str = "conn_mod_def";

/// The id of an action on the wire.
pub(crate) fn action_id(integration: &Integration, action: &Action) -> String {
    format!("{PREFIX}::{}::{}", integration.id.as_str(), action.id)
}

/// The integration and the action that an id names. Ids from elsewhere name none.
pub(crate) fn parse_action_id(id: &str) -> Option<(&str, &str)> {
    let mut parts = id.trim().split("::");
    let (prefix, integration, action) = (parts.next()?, parts.next()?, parts.next()?);
    (prefix == PREFIX && parts.next().is_none()).then_some((integration, action))
}

/// An action in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActionRow {
    /// The id, for knowledge and for `x-pica-action-id`.
    system_id: String,
    title: String,
    /// The last part of the id.
    key: String,
    /// What it is about.
    model_name: String,
    method: &'static str,
    /// Behind the service's base address; `{{name}}` is filled in by the caller.
    path: String,
    platform: String,
    tags: Vec<String>,
}

/// An action that was searched for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundAction {
    #[serde(flatten)]
    action: ActionRow,
    /// Its page, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    knowledge: Option<String>,
}

/// An action with its page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnowledgeRow {
    /// The id, under the name that clients read.
    #[serde(rename = "_id")]
    old_id: String,
    /// The id.
    id: String,
    connection_platform: String,
    title: String,
    method: &'static str,
    /// Behind `baseUrl`; `{{name}}` is filled in by the caller.
    path: String,
    /// The service's address as the page writes it. A value that a connection brings stands in double braces.
    base_url: String,
    /// Markdown.
    knowledge: String,
    /// The same for machines, where the definition has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    io_schema: Option<IoSchema>,
    tags: Vec<String>,
    active: bool,
    supported: bool,
}

/// What goes into an action and comes out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IoSchema {
    /// JSON Schema of what the caller gives: names of the path, query parameters, fields of the body.
    #[schema(value_type = Option<Object>)]
    input_schema: Option<Value>,
    /// JSON Schema of the answer's body.
    #[schema(value_type = Option<Object>)]
    output_schema: Option<Value>,
    io_example: IoExample,
}

/// One call, invented.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IoExample {
    input: Option<Value>,
    output: Option<Value>,
}

impl From<&ActionIo> for IoSchema {
    fn from(io: &ActionIo) -> Self {
        Self {
            input_schema: io.input.clone(),
            output_schema: io.output.clone(),
            io_example: IoExample {
                input: io.example_input.clone(),
                output: io.example_output.clone(),
            },
        }
    }
}

/// The actions of a service. None where none are described, and where there is no such service.
#[utoipa::path(
    get, path = "/v1/available-actions/{platform}", operation_id = "listActions", tag = "Actions",
    params(
        ("platform" = String, Path, description = "The integration's id"),
        ("title" = Option<String>, Query, description = "A part of the title"), ("key" = Option<String>, Query, description = "The row's `key`"),
        ("method" = Option<String>, Query, description = "`GET`, `POST`, `PUT`, `PATCH` or `DELETE`"),
        ("tags" = Option<String>, Query, description = "A comma list; one of them is enough"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<ActionRow>, description = "A page of actions, and its `ETag`"),
        (status = 304, description = "What `If-None-Match` names is still right")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    platform: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let rows = integration(&broker, &caller, &platform)
        .iter()
        .flat_map(|integration| integration.actions.iter().map(|action| row(integration, action)))
        .filter(|row| wanted(row, &query))
        .collect();
    tagged(&request, &Paging::read(&query).cut(rows))
}

fn wanted(row: &ActionRow, query: &Query) -> bool {
    let tags = query.list(&["tags"]);
    query.get("key").is_none_or(|key| key == row.key)
        && query
            .get("method")
            .is_none_or(|method| method.eq_ignore_ascii_case(row.method))
        && query
            .get("title")
            .is_none_or(|title| row.title.to_lowercase().contains(&title.to_lowercase()))
        && (tags.is_empty() || tags.iter().any(|tag| row.tags.contains(tag)))
}

/// Searches the actions of a service, the best first. When no word of `query` is found, the first of all are given.
#[utoipa::path(
    get, path = "/v1/available-actions/search/{platform}", operation_id = "searchActions", tag = "Actions",
    params(
        ("platform" = String, Path, description = "The integration's id"),
        ("query" = Option<String>, Query, description = "What is to be done, in words"),
        ("limit" = Option<i64>, Query, description = "At most 150"),
        ("includeKnowledge" = Option<bool>, Query, description = "With their pages")
    ),
    responses((status = 200, body = Vec<FoundAction>, description = "The actions; no page around them")),
    security(("secret" = []))
)]
pub(crate) async fn search(
    broker: web::Data<Broker>,
    caller: Authenticated,
    platform: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let most = usize::try_from(Paging::read(&query).limit).unwrap_or_default();
    let with_knowledge = query.flag("includeKnowledge") == Some(true);
    let found: Vec<FoundAction> = integration(&broker, &caller, &platform)
        .iter()
        .flat_map(|integration| {
            catalog::search(&integration.actions, query.get("query").unwrap_or_default())
                .into_iter()
                .take(most)
                .map(|action| FoundAction {
                    action: row(integration, action),
                    knowledge: with_knowledge.then(|| page(&broker, integration, action)),
                })
        })
        .collect();
    Ok(HttpResponse::Ok().json(found))
}

/// Pages about actions: of one action, of one service, or of all.
#[utoipa::path(
    get, path = "/v1/knowledge", operation_id = "listKnowledge", tag = "Actions",
    params(
        ("_id" = Option<String>, Query, description = "An action's `systemId`"),
        ("connectionPlatform" = Option<String>, Query, description = "The integration's id"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<KnowledgeRow>, description = "A page of actions with their pages, and its `ETag`"),
        (status = 304, description = "What `If-None-Match` names is still right")
    ),
    security(("secret" = []))
)]
pub(crate) async fn knowledge(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let integrations = broker.integrations(Some(&caller.0));
    let of_platform = |integration: &&Arc<Integration>| {
        query
            .get("connectionPlatform")
            .is_none_or(|platform| platform == integration.id.as_str())
    };
    // Pages are long: only those that are sent are written.
    let wanted: Vec<(&Arc<Integration>, &Action)> = integrations
        .iter()
        .filter(of_platform)
        .flat_map(|integration| integration.actions.iter().map(move |action| (integration, action)))
        .filter(|(integration, action)| query.get("_id").is_none_or(|id| id == action_id(integration, action)))
        .collect();
    let page = Paging::read(&query).cut(wanted);
    let page = page.map(|(integration, action)| known(&broker, integration, action));
    tagged(&request, &page)
}

fn integration(broker: &Broker, caller: &Authenticated, platform: &str) -> Option<Arc<Integration>> {
    broker
        .integrations(Some(&caller.0))
        .into_iter()
        .find(|integration| integration.id.as_str() == platform)
}

fn row(integration: &Integration, action: &Action) -> ActionRow {
    ActionRow {
        system_id: action_id(integration, action),
        title: action.title.clone(),
        key: action.id.clone(),
        model_name: action.tags.first().cloned().unwrap_or_default(),
        method: action.method.as_str(),
        path: action.path.clone(),
        platform: integration.id.as_str().to_owned(),
        tags: action.tags.clone(),
    }
}

fn known(broker: &Broker, integration: &Integration, action: &Action) -> KnowledgeRow {
    let id = action_id(integration, action);
    KnowledgeRow {
        old_id: id.clone(),
        id,
        connection_platform: integration.id.as_str().to_owned(),
        title: action.title.clone(),
        method: action.method.as_str(),
        path: action.path.clone(),
        base_url: broker.base_url(integration),
        knowledge: page(broker, integration, action),
        io_schema: action.io.as_ref().map(Into::into),
        tags: action.tags.clone(),
        active: true,
        supported: true,
    }
}

/// The page under its title and address. Clients put the passthrough's address in place of the service's.
fn page(broker: &Broker, integration: &Integration, action: &Action) -> String {
    format!(
        "# {}\n\n`{} {}{}`\n\n{}",
        action.title,
        action.method,
        broker.base_url(integration),
        action.path,
        action.knowledge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_three_parts() {
        assert_eq!(
            parse_action_id("conn_mod_def::gmail::send-message"),
            Some(("gmail", "send-message"))
        );
        for other in [
            "",
            "gmail::send-message",
            "conn_mod_def::gmail",
            "conn_mod_def::a::b::c",
            "x::gmail::send-message",
        ] {
            assert_eq!(parse_action_id(other), None, "{other}");
        }
    }
}
