//! POST `/v1/vault/connections`: a connection whose credential comes from elsewhere.

use std::collections::BTreeMap;

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, ImportRequest, ImportedTokens, Prove, Scope};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{ConnectionState, Owner};
use utoipa::ToSchema;

use super::authkit::{Id, identity_type};
use super::record::{Record, Times, record};
use crate::Site;
use crate::guard::{Values, whole_body};
use crate::key::Authenticated;
use crate::problems::Problem;

/// Longest `Idempotency-Key`.
const LONGEST_KEY: usize = 255;

/// A credential from elsewhere, and whose it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Import {
    /// The integration's id.
    #[serde(alias = "integration")]
    platform: String,
    /// The sign-in method's id; without, the first that takes what is sent.
    auth: Option<String>,
    /// The owner's id at the customer's.
    identity: Option<Id>,
    /// `user`, `team`, `organization` or `project`.
    #[serde(alias = "identity_type")]
    identity_type: Option<String>,
    /// Older word for the owner.
    group: Option<Id>,
    /// A name of the owner for people.
    label: Option<String>,
    /// A name of the connection for people.
    name: Option<String>,
    /// The customer's tags.
    #[serde(default)]
    tags: Vec<String>,
    /// For OAuth.
    tokens: Option<Tokens>,
    /// For API keys: secrets by the definition's names.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    fields: Values,
    /// Non-secret values of the definition.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// When the access token ends.
    expires_at: Option<DateTime<Utc>>,
    /// Seconds until then; this or `expiresAt`.
    expires_in: Option<i64>,
    /// The account at the service, where it is known.
    #[serde(default)]
    account: ImportAccount,
    /// `none` (the connection is `unknown` until it is tested), `check` or `refresh`.
    #[serde(default)]
    prove: ImportProof,
    /// Keep the connection also when the proof fails.
    #[serde(default)]
    keep: bool,
}

/// Tokens of an OAuth grant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    /// The access token.
    #[serde(alias = "access_token")]
    #[schema(value_type = String)]
    access_token: SecretString,
    /// The refresh token. From now on Latchkey spends it; nobody else may.
    #[serde(alias = "refresh_token")]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<SecretString>,
    /// `Bearer` without.
    #[serde(alias = "token_type")]
    token_type: Option<String>,
    /// Granted scopes.
    scopes: Option<Vec<String>>,
}

/// The account at the service.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ImportAccount {
    /// The service's id of it.
    id: Option<String>,
    /// Its name.
    name: Option<String>,
}

/// How an import is proved.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportProof {
    /// Not at all.
    #[default]
    None,
    /// By the definition's check, before anything is kept.
    Check,
    /// By a refresh, after which your own copy of the refresh token may be spent.
    Refresh,
}

/// The connection that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportAnswer {
    #[serde(flatten)]
    record: Record,
    /// Whether the service accepted the credential. false also where no proof was asked for.
    proved: bool,
    /// Why it is not proved, with `keep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unproved: Option<Unproved>,
}

/// Why a kept connection is not proved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unproved {
    /// A machine's word.
    reason: &'static str,
    /// A sentence for people.
    message: String,
}

/// Makes a connection with a credential from elsewhere.
#[utoipa::path(
    post, path = "/v1/vault/connections", operation_id = "importConnection", tag = "Credentials",
    params(("idempotency-key" = Option<String>, Header, description = "At most 255 characters; the same request under the same key within a day makes one connection")),
    request_body(content = Import, description = "The credential, and whose it is"),
    responses(
        (status = 200, body = ImportAnswer, description = "The same request made this connection earlier"),
        (status = 201, body = ImportAnswer, description = "The new connection"),
        (status = 400, description = "The body does not fit, or a field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `connections:import`"),
        (status = 404, description = "The service cannot be connected in this way"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large"),
        (status = 422, description = "A value cannot be taken (`meta.fields` names it, never its value), the service refused it, or the `Idempotency-Key` belongs to another request"),
        (status = 424, description = "The proving refresh failed, and nothing was kept"),
        (status = 503, description = "The audit log cannot be written, or the database is away")
    ),
    security(("secret" = []))
)]
pub(crate) async fn import(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::ConnectionsImport)?;
    let (body, bytes) = whole_body::<Import>(&site, &request, payload).await?;
    let mut asked = import_request(body)?;
    asked.from = site.limits.who(&request);
    if let Some(key) = idempotency_key(&request)? {
        asked.repeatable = Some(broker.store().repeatable(&key, &bytes));
    }
    let made = broker.import_connection(&caller.0, asked).await?;
    let mut response = if made.new {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    Ok(response.json(ImportAnswer {
        proved: made.unproved.is_none()
            && matches!(
                made.connection.state,
                ConnectionState::Operational | ConnectionState::Degraded
            ),
        record: record(&broker, &site, &made.connection, Times::Text),
        unproved: made.unproved.map(|(reason, message)| Unproved { reason, message }),
    }))
}

pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().ok().map(str::trim);
    match text.filter(|text| !text.is_empty() && text.len() <= LONGEST_KEY) {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(Problem::bad_request(format!(
            "`Idempotency-Key` has 1 to {LONGEST_KEY} printable characters. Send such a one, or none."
        ))),
    }
}

fn import_request(body: Import) -> Result<ImportRequest, Problem> {
    let named = |text: &String| !text.is_empty();
    Ok(ImportRequest {
        integration: body.platform,
        auth: body.auth,
        owner: Owner {
            identity: body.identity.and_then(Id::text),
            identity_type: body
                .identity_type
                .filter(named)
                .as_deref()
                .map(identity_type)
                .transpose()?,
            group: body.group.and_then(Id::text),
            label: body.label.filter(named),
        },
        name: body.name,
        tags: body.tags,
        tokens: body.tokens.map(|tokens| ImportedTokens {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: tokens.token_type,
            scopes: tokens.scopes,
        }),
        fields: body.fields.0,
        variables: body.variables,
        expires_in: body.expires_in,
        expires_at: body.expires_at,
        account_id: body.account.id,
        account_name: body.account.name,
        prove: match body.prove {
            ImportProof::None => Prove::No,
            ImportProof::Check => Prove::Check,
            ImportProof::Refresh => Prove::Refresh,
        },
        keep: body.keep,
        ..ImportRequest::default()
    })
}
