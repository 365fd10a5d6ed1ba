//! POST `/v1/authkit/token` and its older name: opens a connect session and lists what can be connected.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Caller, OpenSession, Platform, Scope};
use catalog::AuthKind;
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use store::{ConnectionId, IdentityType, Owner};
use utoipa::ToSchema;

use super::record::{definition_id, image};
use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::Problem;

/// Whose connection it will be. Everything may be left out; other fields of newer clients are ignored.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenRequest {
    /// The owner's id at the customer's.
    identity: Option<Id>,
    /// `user`, `team`, `organization` or `project`.
    #[serde(alias = "identity_type")]
    identity_type: Option<String>,
    /// Older word for the owner.
    group: Option<Id>,
    /// A name for people, shown in the modal.
    label: Option<String>,
    /// Only these integrations.
    integrations: Option<Vec<String>>,
    /// The connection to replace.
    connection: Option<String>,
    /// Whether the modal shows the owner's connections and lets them end one. Without: for a user, not for a team,
    /// organization or project.
    manage: Option<bool>,
    /// Where the owner gets mail from now on, where the project sends any. An empty one is forgotten.
    email: Option<String>,
    /// What a new connection is called, unless the person writes a name; at most 120 characters.
    name: Option<String>,
    /// The tags of a new connection; at most 50 of 64 characters.
    tags: Option<Vec<String>>,
}

impl TokenRequest {
    /// For one user.
    pub(crate) fn of_user(identity: &str, label: &str) -> Self {
        Self {
            identity: Some(Id::Text(identity.to_owned())),
            identity_type: Some("user".to_owned()),
            label: Some(label.to_owned()),
            ..Self::default()
        }
    }
}

/// An id that some backends send as a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Id {
    /// As it is.
    Text(String),
    /// A number.
    Number(i64),
}

impl Id {
    /// The text; an empty one is none.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) if text.is_empty() => None,
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
        }
    }
}

/// A page of integrations, and the session that the modal goes on with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPage {
    #[serde(flatten)]
    page: Page<TokenRow>,
    /// The session: unguessable, for one identity, for 30 minutes.
    request_id: String,
    /// The same for clients of other spelling.
    #[serde(rename = "request_id")]
    snake_request_id: String,
    /// Whether our own line is hidden.
    is_white_label: bool,
    /// When the session ends.
    expires_at: String,
}

/// An integration that can be connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenRow {
    /// Stable and opaque.
    id: String,
    /// The definition.
    connection_def_id: String,
    /// The integration.
    r#type: String,
    /// Its name.
    title: String,
    /// Its logo.
    image: Option<String>,
    activated_at: String,
    /// The app.
    secret_id: String,
    /// First characters of the OAuth client id.
    client_id_display: Option<String>,
    /// Never more than that there is one.
    client_secret_display: Option<String>,
    /// The public half of the OAuth client's private key as a JWK Set, where it has one: to be registered at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    jwks: Option<serde_json::Value>,
    /// Where the service can read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    /// Scopes that are asked for, separated by spaces.
    scopes: String,
    environment: &'static str,
    /// The provider's documents.
    guide: String,
    created_at: String,
    tags: Vec<String>,
    active: bool,
    use_default_oauth_creds: bool,
}

/// Opens a connect session and lists the integrations that can be connected in it.
#[utoipa::path(
    post, path = "/v1/authkit/token", operation_id = "openSession", tag = "Connect",
    params(
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    request_body(content = TokenRequest, description = "For whom; nothing at all is accepted too"),
    responses(
        (status = 200, body = TokenPage, description = "A new session, and a page of what can be connected in it"),
        (status = 400, description = "A field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 404, description = "The connection to replace is not there"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn token(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::SessionsWrite)?;
    let body = body(&site, &request, payload).await?;
    open_for(&broker, &site, &caller.0, &request, body).await
}

/// The same for a caller at hand.
pub(crate) async fn open_for(
    broker: &Broker,
    site: &Site,
    caller: &Caller,
    request: &HttpRequest,
    body: TokenRequest,
) -> Result<HttpResponse, Problem> {
    let page = token_page(broker, site, caller, request, session_request(body)?).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Opens a session and lists what can be connected in it.
pub(crate) async fn token_page(
    broker: &Broker,
    site: &Site,
    caller: &Caller,
    request: &HttpRequest,
    session: OpenSession,
) -> Result<TokenPage, Problem> {
    let environment = caller.environment.as_str();
    let opened = broker.open_session(caller, session).await?;
    let rows = opened
        .platforms
        .iter()
        .map(|platform| row(site, environment, platform))
        .collect();
    let request_id = opened.request_id.expose();
    Ok(TokenPage {
        page: Paging::read(&Query::parse(request.query_string())).cut(rows),
        snake_request_id: request_id.clone(),
        request_id,
        is_white_label: opened.white_label,
        expires_at: opened.expires_at.to_rfc3339_opts(SecondsFormat::Millis, true),
    })
}

/// The older name of `/v1/authkit/token`.
#[utoipa::path(
    post, path = "/v1/authkit", operation_id = "openSessionByOlderName", tag = "Connect",
    params(
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    request_body(content = TokenRequest, description = "For whom; nothing at all is accepted too"),
    responses(
        (status = 200, body = TokenPage, description = "A new session, and a page of what can be connected in it"),
        (status = 400, description = "A field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `sessions:write`"),
        (status = 404, description = "The connection to replace is not there"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large")
    ),
    security(("secret" = []))
)]
pub(crate) async fn open(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    token(broker, site, caller, request, payload).await
}

/// The session that a body asks for.
pub(crate) fn session_request(body: TokenRequest) -> Result<OpenSession, Problem> {
    Ok(OpenSession {
        owner: Owner {
            identity: body.identity.and_then(Id::text),
            identity_type: body
                .identity_type
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(identity_type)
                .transpose()?,
            group: body.group.and_then(Id::text),
            label: body.label.filter(|text| !text.is_empty()),
        },
        integrations: body.integrations,
        connection: body.connection.as_deref().map(connection_id).transpose()?,
        manages: body.manage,
        email: body.email,
        connection_name: body.name,
        connection_tags: body.tags.unwrap_or_default(),
    })
}

/// Reads an identity type in any case.
pub(crate) fn identity_type(text: &str) -> Result<IdentityType, Problem> {
    text.to_ascii_lowercase().parse().map_err(|_| {
        Problem::bad_request("`identityType` is none of user, team, organization, project. Send one of them.")
    })
}

pub(super) fn connection_id(text: &str) -> Result<ConnectionId, Problem> {
    text.parse()
        .map_err(|_| Problem::bad_request("`connection` is no connection id. Send the `id` of a vault row."))
}

/// A tile, and the answer to whoever sets it.
pub(crate) fn row(site: &Site, environment: &'static str, platform: &Platform) -> TokenRow {
    let integration = &platform.integration;
    let app = &platform.app;
    let created = app.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    TokenRow {
        id: app.id.to_string(),
        connection_def_id: definition_id(integration.id.as_str()),
        r#type: integration.id.as_str().to_owned(),
        title: integration.name.clone(),
        image: image(site, integration),
        activated_at: created.clone(),
        secret_id: app.id.to_string(),
        client_id_display: app.client_id.as_deref().map(display),
        client_secret_display: app.client_id.as_ref().map(|_| "****".to_owned()),
        jwks: app.jwks(),
        jwks_uri: app.jwks_uri(),
        scopes: scopes(platform),
        environment,
        guide: integration.docs.to_string(),
        created_at: created,
        tags: integration.categories.clone(),
        active: app.enabled,
        use_default_oauth_creds: false,
    }
}

/// What the app asks for: its own list, or what the definition says.
pub(crate) fn scopes(platform: &Platform) -> String {
    let own = platform.app.scopes.as_deref();
    let defaults = || {
        platform.integration.auth.iter().find_map(|method| match &method.kind {
            AuthKind::OAuth2(oauth2) => Some(oauth2.scopes.default.as_slice()),
            AuthKind::OAuth1(_) | AuthKind::ApiKey(_) => None,
        })
    };
    own.or_else(defaults).unwrap_or_default().join(" ")
}

/// Enough of a client id to tell two apart.
pub(super) fn display(client_id: &str) -> String {
    format!("{}****", client_id.chars().take(4).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<OpenSession, Problem> {
        session_request(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn both_spellings_and_nothing_at_all() {
        assert!(read("{}").unwrap().owner.identity.is_none());
        for json in [
            r#"{"identity":"u-42","identityType":"user","name":"n","tags":["a"]}"#,
            r#"{"identity":"u-42","identity_type":"USER"}"#,
        ] {
            let request = read(json).unwrap();
            assert_eq!(request.owner.identity.as_deref(), Some("u-42"));
            assert_eq!(request.owner.identity_type, Some(IdentityType::User));
            let named = request.connection_name.is_some();
            assert_eq!(request.connection_tags.len(), usize::from(named), "{json}");
        }
        assert_eq!(
            read(r#"{"identity":42,"identityType":null}"#)
                .unwrap()
                .owner
                .identity
                .as_deref(),
            Some("42")
        );
        assert_eq!(read(r#"{"identity":"","group":"g"}"#).unwrap().owner.identity, None);
    }

    #[test]
    fn wrong_values_are_named() {
        assert!(read(r#"{"identityType":"robot"}"#).is_err());
        assert!(read(r#"{"connection":"x"}"#).is_err());
    }

    #[test]
    fn a_client_id_is_cut() {
        assert_eq!(display("1234567.apps"), "1234****");
        assert_eq!(display("é"), "é****");
    }
}
