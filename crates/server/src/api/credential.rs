//! GET `/v1/vault/connections/{id}/credential`: the credential itself, for the few calls that passthrough cannot make.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, CredentialRequest, Exportable, Exported};
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;
use vault::{Credential, ExposeSecret as _};
use zeroize::Zeroizing;

use super::connections::name_before;
use crate::Site;
use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::Problem;

/// Most seconds that can be asked for: a day.
const LONGEST: u32 = 86_400;

/// A credential. It has no `Debug`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialAnswer {
    /// The connection's id.
    id: String,
    /// The connection's key.
    key: String,
    /// The integration.
    platform: String,
    /// `oauth2` or `fields`.
    r#type: &'static str,
    /// For `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    access_token: Option<Zeroizing<String>>,
    /// For `oauth2`: as the service wrote it, mostly `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    /// For `fields`: what the person typed in, by the definition's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    fields: Option<BTreeMap<String, Zeroizing<String>>>,
    /// When it ends; null when it does not, or nobody knows.
    expires_at: Option<String>,
    /// Seconds until then.
    expires_in: Option<i64>,
    /// Scopes that the service granted; null when it did not say.
    scopes: Option<Vec<String>>,
    /// Whose it is at the service.
    account: Account,
}

/// An account at a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// The service's id of it.
    id: Option<String>,
    /// Its name.
    name: Option<String>,
}

/// The credential of a connection, fresh. It is written to the audit log before it leaves.
#[utoipa::path(
    get, path = "/v1/vault/connections/{id}/credential", operation_id = "getCredential", tag = "Credentials",
    params(
        ("id" = String, Path, description = "The id, or the connection key"),
        ("minTtl" = Option<u32>, Query, description = "Seconds that the access token must be good for, at most 86400; one with less is refreshed first"),
        ("if-none-match" = Option<String>, Header, description = "The `ETag` of the credential that you have")
    ),
    responses(
        (status = 200, body = CredentialAnswer, description = "The credential, never with its refresh token. `ETag` names its generation"),
        (status = 304, description = "You have it already; this is in the audit log, too"),
        (status = 400, description = "`minTtl` is no number of seconds, or a refresh token was asked for"),
        (status = 403, description = "The key does not have the scope `credentials:read`, which `admin` does not include"),
        (status = 404, description = "Not there, or not yours"),
        (status = 409, description = "The connection is switched off"),
        (status = 424, description = "Its person has to connect again, or the service gives no token that is good for so long"),
        (status = 503, description = "The audit log cannot be written, so nothing left; or the database is away")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    if query.get("include").is_some() {
        return Err(Problem::bad_request(
            "A refresh token never leaves over this call: two holders of one would end the grant. Ask without `include`.",
        ));
    }
    let asked = CredentialRequest {
        connection: &name_before(&request, "/credential")?,
        min_ttl: query.get("minTtl").map(min_ttl).transpose()?,
        known: known(&request),
        from: site.limits.who(&request),
        action: "credential.read",
    };
    Ok(match broker.read_credential(&caller.0, asked).await? {
        Exported::Known { generation } => HttpResponse::NotModified()
            .insert_header((header::ETAG, tag(generation)))
            .finish(),
        Exported::Credential(export) => HttpResponse::Ok()
            .insert_header((header::ETAG, tag(export.generation)))
            .json(answer(&export)),
    })
}

fn min_ttl(text: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|seconds| *seconds <= LONGEST).ok_or_else(|| {
        Problem::bad_request(format!(
            "`minTtl` is a number of seconds from 0 to {LONGEST}. Send one."
        ))
    })
}

/// A generation as a strong entity tag (RFC 9110 §8.8.3).
fn tag(generation: i64) -> String {
    format!("\"g{generation}\"")
}

/// The generation in `If-None-Match`. A credential has one tag, so only the first of ours counts; `*` and others' tags
/// match nothing: who has no credential must get one.
fn known(request: &HttpRequest) -> Option<i64> {
    request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .find_map(|tag| tag.strip_prefix("\"g")?.strip_suffix('"')?.parse().ok())
}

fn answer(export: &Exportable) -> CredentialAnswer {
    let copy = |secret: &vault::SecretString| Zeroizing::new(secret.expose_secret().to_owned());
    let (kind, access_token, token_type, fields) = match &export.credential {
        Credential::OAuth2(tokens) => (
            "oauth2",
            Some(copy(&tokens.access_token)),
            Some(tokens.token_type.clone()),
            None,
        ),
        Credential::Fields(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), copy(value))).collect();
            ("fields", None, None, Some(fields))
        }
    };
    CredentialAnswer {
        id: export.connection.to_string(),
        key: export.key.clone(),
        platform: export.integration.clone(),
        r#type: kind,
        access_token,
        token_type,
        fields,
        expires_at: export
            .expires_at
            .map(|end| end.to_rfc3339_opts(SecondsFormat::Millis, true)),
        expires_in: export.expires_in,
        scopes: export.scopes.clone(),
        account: Account {
            id: export.account_id.clone(),
            name: export.account_name.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_our_own_tags_are_known() {
        let known_of = |value: &'static str| {
            known(
                &TestRequest::get()
                    .insert_header((header::IF_NONE_MATCH, value))
                    .to_http_request(),
            )
        };
        assert_eq!(known_of("\"g7\""), Some(7));
        assert_eq!(known_of("\"x\", W/\"g12\""), Some(12));
        for other in ["*", "g7", "\"7\"", "\"g\"", ""] {
            assert_eq!(known_of(other), None, "{other}");
        }
        assert_eq!(known(&TestRequest::get().to_http_request()), None);
    }

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(min_ttl("0").unwrap(), 0);
        assert_eq!(min_ttl("86400").unwrap(), 86_400);
        for wrong in ["-1", "1.5", "86401", "soon"] {
            min_ttl(wrong).unwrap_err();
        }
    }
}
