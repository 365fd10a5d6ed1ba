//! PUT `/v1/management/organizations/{org_id}/authkit`: which integrations a project's modal shows, and with which OAuth
//! client (one-api §2.8).

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, GivenKey, PlatformSettings, Scope};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::authkit::{self, TokenRow};
use super::management::own_environment;
use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::problems::{Kind, Problem};

/// What is to be shown, and how. Unknown fields are refused: a mistyped one would change nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SettingsRequest {
    /// A definition's id, as `conn_def_gmail`.
    connection_definition_id: String,
    /// The key's own environment.
    environment: String,
    /// false hides the integration.
    active: bool,
    /// The OAuth client's id. Needed before an integration that signs in with OAuth can be shown; stays when it is not given.
    client_id: Option<String>,
    /// The OAuth client's secret. It is sealed and never given back; stays when it is not given.
    #[schema(value_type = Option<String>)]
    client_secret: Option<SecretString>,
    /// The OAuth client's private key in PEM or as a JWK, where the service takes one (`private_key_jwt`). It is sealed and
    /// never given back; stays when it is not given.
    #[schema(value_type = Option<String>)]
    client_key: Option<SecretString>,
    /// true makes such a key here: its public half is the answer's `jwks`.
    generate_client_key: Option<bool>,
    /// The `kid` of the key that is given or made with it; without, that of the JWK, else its thumbprint (RFC 7638).
    client_key_id: Option<String>,
    /// Only false: there are no OAuth clients but yours.
    use_default_oauth_creds: Option<bool>,
    /// Scopes instead of the definition's, separated by spaces.
    scopes: Option<String>,
    /// Not kept here; a tile links to the service's documents.
    guide: Option<String>,
}

/// Shows or hides an integration in the project's modal, and sets its OAuth client.
#[utoipa::path(
    put, path = "/v1/management/organizations/{org_id}/authkit", operation_id = "setPlatform", tag = "Project",
    params(("org_id" = String, Path, description = "The project's id")),
    request_body(content = SettingsRequest, description = "What is to be shown", example = json!({
        "connectionDefinitionId": "conn_def_gmail", "environment": "test", "active": true,
        "clientId": "1234567.apps", "clientSecret": "GOCSPX-…", "scopes": "https://www.googleapis.com/auth/gmail.readonly"
    })),
    responses(
        (status = 200, body = TokenRow, description = "The tile as it is now", example = json!({
            "id": "01900000-0000-7000-8000-000000000005", "connectionDefId": "conn_def_gmail", "type": "gmail", "title": "Gmail",
            "image": "https://latchkey.example.com/assets/0/logos/gmail.svg", "activatedAt": "2026-11-29T12:00:00.000Z",
            "secretId": "01900000-0000-7000-8000-000000000005", "clientIdDisplay": "1234****", "clientSecretDisplay": "****",
            "scopes": "https://www.googleapis.com/auth/gmail.readonly", "environment": "test",
            "guide": "https://developers.google.com/gmail/api", "createdAt": "2026-11-29T12:00:00.000Z", "tags": ["email"],
            "active": true, "useDefaultOauthCreds": false
        })),
        (status = 400, description = "A field is missing, unknown or has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `admin`, or is of the other environment"),
        (status = 404, description = "The tenant or the integration is not there, or not yours"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The sandbox has no client yet: an operator switches it on"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "The integration needs an OAuth client or its private key, or takes none"),
        (status = 501, description = "A setting that is not kept here")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    let asked: SettingsRequest = body(&site, &request, payload).await?;
    own_environment(&caller.0, &asked.environment)?;
    let wanted = wanted(asked)?;
    let platform = broker.set_platform(&caller.0, wanted).await?;
    Ok(HttpResponse::Ok().json(authkit::row(&site, caller.0.environment.as_str(), &platform)))
}

fn wanted(asked: SettingsRequest) -> Result<PlatformSettings, Problem> {
    let not_kept = |message: &str| Err(Problem::new(Kind::NotImplemented, message));
    if asked.use_default_oauth_creds == Some(true) {
        return not_kept(
            "There are no OAuth clients here but your own. Send `clientId` and `clientSecret` of the app that you \
             registered at the service.",
        );
    }
    if asked.guide.is_some() {
        return not_kept("`guide` is not kept here: a tile links to the service's documents. Leave it out.");
    }
    let generates = asked.generate_client_key.unwrap_or(false);
    let client_key = client_key(asked.client_key, generates, asked.client_key_id)?;
    let id = asked.connection_definition_id.trim();
    let integration = id
        .strip_prefix("conn_def_")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| {
            Problem::bad_request(
                "`connectionDefinitionId` is none of ours. Send the `id` of a row of GET /v1/connection-definitions.",
            )
        })?;
    Ok(PlatformSettings {
        integration: integration.to_owned(),
        active: asked.active,
        client_id: asked.client_id,
        client_secret: asked.client_secret,
        client_key,
        scopes: asked
            .scopes
            .map(|text| text.split_whitespace().map(ToOwned::to_owned).collect()),
        ..PlatformSettings::default()
    })
}

/// The private key that a body gives or asks for, and its id at the service.
pub(super) fn client_key(
    given: Option<SecretString>,
    generates: bool,
    id: Option<String>,
) -> Result<Option<(GivenKey, Option<String>)>, Problem> {
    match (given, generates) {
        (Some(_), true) => Err(Problem::bad_request(
            "`clientKey` is given and `generateClientKey` asks for another one. Send one of the two.",
        )),
        (Some(text), false) => Ok(Some((GivenKey::Text(text), id))),
        (None, true) => Ok(Some((GivenKey::Made, id))),
        (None, false) if id.is_some() => Err(Problem::bad_request(
            "`clientKeyId` names a key that is not there. Send `clientKey` or `generateClientKey` with it.",
        )),
        (None, false) => Ok(None),
    }
}
