//! PATCH `/v1/integrations/{id}`: the app of an integration, switch, client and all, as the console's form sets it.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{AppChange, Broker, SANDBOXES, Scope};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::etag::if_match;
use super::integrations::{IntegrationView, answer};
use super::patch::not_null;
use super::platform_settings::client_key;
use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::problems::Problem;

/// What is to be different about an app. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AppChangeBody {
    /// Whether people can connect it, once it has what it needs.
    #[serde(default, deserialize_with = "not_null")]
    enabled: Option<bool>,
    /// The OAuth client's id.
    #[serde(default, deserialize_with = "not_null")]
    client_id: Option<String>,
    /// The OAuth client's secret. It is sealed and never given back.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>)]
    client_secret: Option<SecretString>,
    /// The OAuth client's private key in PEM or as a JWK, where the service takes one. It is sealed and never given back.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>)]
    client_key: Option<SecretString>,
    /// true makes such a key here: its public half is at the answer's `jwksUri`.
    #[serde(default, deserialize_with = "not_null")]
    generate_client_key: Option<bool>,
    /// The `kid` of the key that is given or made with it; without, that of the JWK, else its thumbprint (RFC 7638).
    #[serde(default, deserialize_with = "not_null")]
    client_key_id: Option<String>,
    /// Scopes instead of the definition's; with none in it, those of the definition again. Required ones are always asked
    /// for.
    #[serde(default, deserialize_with = "not_null")]
    scopes: Option<Vec<String>>,
    /// Values that the definition asks the operator for, by name, secrets too; null takes one away. Others stay.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    variables: BTreeMap<String, Option<SecretString>>,
    /// The names of secret values to keep no longer, but for those that are given anew.
    #[serde(default)]
    removed_secrets: BTreeSet<String>,
}

impl AppChangeBody {
    fn into_change(self) -> Result<AppChange, Problem> {
        let generates = self.generate_client_key.unwrap_or(false);
        Ok(AppChange {
            enabled: self.enabled,
            client_id: self.client_id,
            client_secret: self.client_secret,
            client_key: client_key(self.client_key, generates, self.client_key_id)?,
            scopes: self.scopes,
            variables: self.variables,
            removed_secrets: self.removed_secrets,
        })
    }
}

/// Changes the app of an integration in the key's environment; what is left out stays. One that lacks something may be switched
/// on: nobody sees it before it has that.
#[utoipa::path(
    patch, path = "/v1/integrations/{id}", operation_id = "changeIntegration", tag = "Project",
    params(
        ("id" = String, Path, description = "The integration, as `acme`"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that you read: nothing is changed when it is another by now")
    ),
    request_body(content = AppChangeBody, description = "What is to be different", example = json!({
        "enabled": true, "clientId": "1234567.apps", "clientSecret": "GOCSPX-…",
        "scopes": ["https://www.googleapis.com/auth/gmail.readonly"]
    })),
    responses(
        (status = 200, body = IntegrationView, description = "The integration and its app as they are now"),
        (status = 400, description = "A field does not exist or has another type, `If-Match` is no `ETag`, or a value cannot be: `bad_client_id`, `bad_client_secret`, `bad_client_key`, `bad_scopes`, `bad_variable`"),
        (status = 403, description = "The key does not have the scope `admin`; or something that is kept would go to another address, which no key moves (`address_is_kept`)"),
        (status = 404, description = "There is no such integration in the key's environment"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "Others change the app at the same time (`app_changed`)"),
        (status = 412, description = "It was changed since you read it (`app_changed`)"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "The integration takes no OAuth client or no private key (`not_an_oauth_app`, `no_client_key`)")
    ),
    security(("secret" = []))
)]
pub(crate) async fn patch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = caller.0;
    caller.require(Scope::Admin)?;
    let revision = if_match(&request, "GET /v1/integrations/{id}")?;
    let sent: AppChangeBody = body(&site, &request, payload).await?;
    let change = sent.into_change()?;
    let mut shelved = broker.change_app(&caller, &id, revision, &change).await?;
    if change.enabled == Some(true) && SANDBOXES.contains(&id.as_str()) {
        // Its client is ours to make. Answers go on to the project's own domain, where they did.
        let project = broker.project_view(&caller).await?.project;
        let origin = shelved.app.map(|app| app.callback_origin);
        let own = origin.filter(|origin| project.domain.as_ref() == Some(origin));
        crate::enable_sandbox(&broker, project.id, &id, own.as_deref()).await?;
        shelved = broker.shelved(&caller, &id).await?;
    }
    Ok(answer(&caller, &shelved))
}
