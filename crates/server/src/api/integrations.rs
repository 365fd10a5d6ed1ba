//! `/v1/integrations`: what can be connected, how each stands in the key's environment, and its app.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{App, Broker, Caller, KINDS, Missing, Scope, ShelfFilter, ShelfState, Shelved};
use catalog::{Integration, SetBy};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::authkit::display;
use crate::app_scopes::{oauth2, offered, required, usual};
use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::Problem;

/// Rows of a page, and the most of them.
const ROWS: usize = 50;
const MOST: usize = 100;

/// How many connections there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountedView {
    /// So many were counted.
    number: i64,
    /// Whether there are more.
    is_more: bool,
}

/// Why an app needs attention. It goes away with the next good check or sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppAttentionView {
    /// What is wrong, for people.
    message: String,
    /// What to do about it, where that is known.
    mend: Option<String>,
    /// What found it: `check`, `connect` (somebody who connected) or `refresh`.
    found_by: &'static str,
    /// When it was found last.
    at: String,
}

/// An integration as it stands in the key's environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationRow {
    /// The id.
    id: String,
    /// The name, for people.
    name: String,
    /// What the service does.
    description: String,
    /// The service's documents.
    docs: String,
    /// Its categories.
    categories: Vec<String>,
    /// How people sign in, each kind once: `oauth2`, `oauth2_device`, `oauth1`, `api_key`, `basic`, `form`, `none`,
    /// `login`, `oauth2_client_credentials`, `jwt`.
    kinds: Vec<&'static str>,
    /// `on`: people can connect it; `lacking`: it is switched on and lacks something, so nobody sees it; `off`.
    standing: &'static str,
    /// What has to be given before every way to sign in works: `clientId`, `clientSecret`, `clientKey`, `variables.` with a
    /// name.
    lacks: Vec<String>,
    /// Counted up to 1,000 in the list, and to 10,000 of one.
    connections: CountedView,
    /// null where nothing is known to be wrong with the app.
    attention: Option<AppAttentionView>,
}

/// Integrations, or a part of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationPage {
    /// By name.
    rows: Vec<IntegrationRow>,
    /// How many fit the filters, on all pages.
    total: usize,
    /// What `after` of the next page is; null on the last.
    next: Option<String>,
}

/// A scope that the definition knows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownScope {
    /// As the service writes it.
    scope: String,
    /// What it allows, for people, where the definition says so.
    words: Option<String>,
    /// Whether it is asked for where no scopes were chosen.
    is_usual: bool,
    /// Whether it is asked for whatever was chosen.
    is_required: bool,
}

/// The app of an integration. Its secrets are never shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppView {
    /// Whether it is switched on.
    enabled: bool,
    /// The OAuth client's id; its beginning to a key without the scope `admin`.
    client_id: Option<String>,
    /// Whether a client secret is kept.
    has_client_secret: bool,
    /// When it was given, where that was noted.
    client_secret_given_at: Option<String>,
    /// Whether a private key is kept.
    has_client_key: bool,
    /// When it was given, where that was noted.
    client_key_given_at: Option<String>,
    /// The scopes that were chosen; null for those of the definition.
    scopes: Option<Vec<String>>,
    /// Scopes to choose from. Others that the service has can be chosen as well.
    known_scopes: Vec<KnownScope>,
    /// Values that the definition asks the operator for, but for those that are secrets.
    variables: BTreeMap<String, String>,
    /// The names of secret values that are kept.
    secret_variables: BTreeSet<String>,
    /// The address to register at the service; null before the app was first set.
    redirect_uri: Option<String>,
    /// The address of the app's public keys, where it has a private one.
    jwks_uri: Option<String>,
    /// How often it was changed, 0 before the first time: what the `ETag` is made of.
    revision: i64,
}

/// An integration with its app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationView {
    #[serde(flatten)]
    row: IntegrationRow,
    /// The app in the key's environment.
    app: AppView,
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn lack(missing: Missing) -> String {
    match missing {
        Missing::ClientId => "clientId".to_owned(),
        Missing::ClientSecret => "clientSecret".to_owned(),
        Missing::ClientKey => "clientKey".to_owned(),
        Missing::Variable(name) => format!("variables.{name}"),
    }
}

impl From<&Shelved> for IntegrationRow {
    fn from(shelved: &Shelved) -> Self {
        let integration = &shelved.integration;
        let mut kinds = Vec::new();
        for kind in integration.auth.iter().map(|method| method.kind.name()) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Self {
            id: integration.id.as_str().to_owned(),
            name: integration.name.clone(),
            description: integration.description.clone(),
            docs: integration.docs.to_string(),
            categories: integration.categories.clone(),
            kinds,
            standing: shelved.standing.as_str(),
            lacks: shelved.missing().into_iter().map(lack).collect(),
            connections: CountedView {
                number: shelved.connections.number,
                is_more: shelved.connections.is_more,
            },
            attention: shelved.attention.as_ref().map(|one| AppAttentionView {
                message: without(shelved, &one.message),
                mend: one.mend.as_deref().map(|mend| without(shelved, mend)),
                found_by: one.found_by.as_str(),
                at: text(one.noted_at),
            }),
        }
    }
}

/// A service's words without the whole client id, which not every key may read.
fn without(shelved: &Shelved, text: &str) -> String {
    let id = shelved.app.as_ref().and_then(|app| app.client_id.as_deref());
    match id.filter(|id| id.len() > 4) {
        Some(id) => text.replace(id, "…"),
        None => text.to_owned(),
    }
}

fn known_scopes(integration: &Integration) -> Vec<KnownScope> {
    let (usual, required) = (usual(integration), required(integration));
    let offered = offered(integration);
    let further = offered.into_iter().filter(|scope| !required.contains(scope));
    let all: Vec<String> = required.iter().cloned().chain(further).collect();
    let words = |scope: &String| oauth2(integration).find_map(|one| one.scopes.known.get(scope)).cloned();
    all.into_iter()
        .map(|scope| KnownScope {
            words: words(&scope),
            is_usual: usual.contains(&scope),
            is_required: required.contains(&scope),
            scope,
        })
        .collect()
}

/// The values that may be shown: a value that the definition marks as a secret, or knows no more, may be one.
fn plain_values(integration: &Integration, app: &App) -> BTreeMap<String, String> {
    let is_plain = |name: &String| {
        let variable = integration.variables.get(name);
        variable.is_some_and(|variable| variable.set_by == SetBy::Operator && !variable.secret)
    };
    let plain = app.variables.iter().filter(|(name, _)| is_plain(name));
    plain.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn secret_values(integration: &Integration, app: &App) -> BTreeSet<String> {
    let marked = integration.variables.iter().filter(|(_, variable)| variable.secret);
    let given = marked.filter(|(name, _)| app.has_variable(name, true));
    given.map(|(name, _)| name.clone()).collect()
}

impl AppView {
    fn new(shelved: &Shelved, in_full: bool) -> Self {
        let integration = &shelved.integration;
        let app = shelved.app.as_ref();
        let client_id = app.and_then(|app| app.client_id.as_deref());
        Self {
            enabled: app.is_some_and(|app| app.enabled),
            client_id: client_id.map(|id| if in_full { id.to_owned() } else { display(id) }),
            has_client_secret: app.is_some_and(|app| app.has_client_secret),
            client_secret_given_at: app.and_then(|app| app.secret_given_at).map(text),
            has_client_key: app.is_some_and(|app| app.public_key.is_some()),
            client_key_given_at: app.and_then(|app| app.key_given_at).map(text),
            scopes: app.and_then(|app| app.scopes.clone()),
            known_scopes: known_scopes(integration),
            variables: app.map(|app| plain_values(integration, app)).unwrap_or_default(),
            secret_variables: app.map(|app| secret_values(integration, app)).unwrap_or_default(),
            redirect_uri: app.map(App::redirect_uri),
            jwks_uri: app.and_then(App::jwks_uri),
            revision: app.map_or(0, |app| app.revision),
        }
    }
}

/// One integration, as this caller may see it.
pub(super) fn answer(caller: &Caller, shelved: &Shelved) -> HttpResponse {
    let app = AppView::new(shelved, caller.require(Scope::Admin).is_ok());
    HttpResponse::Ok()
        .insert_header((header::ETAG, format!("\"{}\"", app.revision)))
        .json(IntegrationView {
            row: shelved.into(),
            app,
        })
}

fn filter(query: &Query) -> Result<ShelfFilter<'_>, Problem> {
    let state = query
        .get("state")
        .map(|given| {
            ShelfState::named(given).ok_or_else(|| {
                Problem::bad_request("`state` is none of on, lacking, off, attention. Send one of them.")
            })
        })
        .transpose()?;
    let kind = query.get("kind");
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        return Err(Problem::bad_request(format!(
            "`kind` is none of {}. Send one of them.",
            KINDS.join(", ")
        )));
    }
    Ok(ShelfFilter {
        text: query.text("q")?,
        category: query.get("category"),
        state,
        kind,
    })
}

/// Lists what can be connected in the key's environment, by name, switched on or not.
#[utoipa::path(
    get, path = "/v1/integrations", operation_id = "listIntegrations", tag = "Project",
    params(
        ("q" = Option<String>, Query, description = "Stands in the name, the id, or another name that people know it by"),
        ("category" = Option<String>, Query, description = "A category, as `crm`"),
        ("state" = Option<String>, Query, description = "`on`, `lacking`, `off`, or `attention`: the app needs some"),
        ("kind" = Option<String>, Query, description = "A kind of sign-in, as `oauth2`"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 100; 50 without")
    ),
    responses(
        (status = 200, body = IntegrationPage, description = "A page of integrations", example = json!({
            "rows": [{
                "id": "gmail", "name": "Gmail", "description": "Read and send mail.",
                "docs": "https://developers.google.com/gmail/api", "categories": ["email"], "kinds": ["oauth2"],
                "standing": "lacking", "lacks": ["clientSecret"], "connections": { "number": 12, "isMore": false },
                "attention": null
            }],
            "total": 1, "next": null
        })),
        (status = 400, description = "`category`, `state`, `kind` or `after` is none that there is, or `q` is too long"),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::ConnectionsRead)?;
    let query = Query::parse(request.query_string());
    let filter = filter(&query)?;
    let limit = query.get("limit").and_then(|limit| limit.parse().ok());
    let limit = limit.unwrap_or(ROWS).clamp(1, MOST);
    let shelf = broker.shelf(&caller.0).await?;
    if let Some(category) = filter.category {
        let categories = broker::categories(&shelf);
        if !categories.contains(category) {
            let known: Vec<&str> = categories.into_iter().collect();
            return Err(Problem::bad_request(format!(
                "`category` is none of {}. Send one of them.",
                known.join(", ")
            )));
        }
    }
    // Among all of them: one that was switched meanwhile fits the filter no more and still is where the page began.
    let begin = match query.get("after") {
        None => 0,
        Some(after) => {
            let at = shelf.iter().position(|one| one.integration.id.as_str() == after);
            let at =
                at.ok_or_else(|| Problem::bad_request("`after` is no integration. Send `next` of the page before."))?;
            at + 1
        }
    };
    let total = shelf.iter().filter(|one| filter.fits(one)).count();
    let mut rest = shelf.iter().skip(begin).filter(|one| filter.fits(one));
    let rows: Vec<IntegrationRow> = rest.by_ref().take(limit).map(Into::into).collect();
    let next = rest.next().and_then(|_| rows.last()).map(|row| row.id.clone());
    Ok(HttpResponse::Ok().json(IntegrationPage { rows, total, next }))
}

/// One integration with its app in the key's environment. Secrets are never shown: what is kept is told by name.
#[utoipa::path(
    get, path = "/v1/integrations/{id}", operation_id = "getIntegration", tag = "Project",
    params(("id" = String, Path, description = "The integration, as `acme`")),
    responses(
        (status = 200, body = IntegrationView, description = "The integration and its app. `ETag` changes with the app", example = json!({
            "id": "gmail", "name": "Gmail", "description": "Read and send mail.",
            "docs": "https://developers.google.com/gmail/api", "categories": ["email"], "kinds": ["oauth2"],
            "standing": "on", "lacks": [], "connections": { "number": 12, "isMore": false }, "attention": null,
            "app": {
                "enabled": true, "clientId": "1234567.apps", "hasClientSecret": true,
                "clientSecretGivenAt": "2026-11-29T12:00:00.000Z", "hasClientKey": false, "clientKeyGivenAt": null,
                "scopes": null,
                "knownScopes": [{
                    "scope": "https://www.googleapis.com/auth/gmail.readonly", "words": "Read mail", "isUsual": true,
                    "isRequired": false
                }],
                "variables": {}, "secretVariables": [],
                "redirectUri": "https://latchkey.example.com/connections/oauth/callback/01900000-0000-7000-8000-000000000005",
                "jwksUri": null, "revision": 3
            }
        })),
        (status = 403, description = "The key does not have the scope `connections:read`"),
        (status = 404, description = "There is no such integration in the key's environment")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(answer(&caller.0, &broker.shelved(&caller.0, &id).await?))
}
