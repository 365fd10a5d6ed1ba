//! GET `/v1/vault/connections/{id}/credential`: the credential itself, for the few calls that passthrough cannot make.

use std::collections::BTreeMap;
use std::convert::Infallible;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, CredentialRequest, Exportable, Exported, Known};
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
    /// `oauth2`, `issued`, `oauth1` or `fields`.
    r#type: &'static str,
    /// For `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    access_token: Option<Zeroizing<String>>,
    /// For `oauth2`: as the service wrote it, mostly `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    /// For `fields`: what the person typed in, by the definition's names. For `oauth1`: `oauth_token` and
    /// `oauth_token_secret`, with which and with the secret of your app you sign yourself.
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
        ("if-none-match" = Option<String>, Header, description = "`ETag`s of credentials that you have, or `*`; compared weakly")
    ),
    responses(
        (status = 200, body = CredentialAnswer, description = "The credential, never with its refresh token. `ETag` changes with it"),
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
    let form = |export: &Exportable| Ok::<_, (&'static str, Infallible)>((export.tag, answer(export)));
    Ok(match broker.read_credential(&caller.0, asked, form).await? {
        Exported::Known { tag } => HttpResponse::NotModified()
            .insert_header((header::ETAG, entity_tag(&tag)))
            .finish(),
        Exported::Given((tag, answer)) => HttpResponse::Ok()
            .insert_header((header::ETAG, entity_tag(&tag)))
            .json(answer),
        Exported::Withheld(never) => match never {},
    })
}

fn min_ttl(text: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|seconds| *seconds <= LONGEST).ok_or_else(|| {
        Problem::bad_request(format!(
            "`minTtl` is a number of seconds from 0 to {LONGEST}. Send one."
        ))
    })
}

/// A weak entity tag (RFC 9110 §8.8.3): the seconds that are left differ in each answer.
fn entity_tag(tag: &[u8; 16]) -> String {
    format!("W/\"{}\"", hex::encode(tag))
}

/// What `If-None-Match` names (RFC 9110 §13.1.2), compared weakly. Tags that are not ours match nothing.
fn known(request: &HttpRequest) -> Known {
    let values: Vec<&str> = request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .collect();
    if values.iter().any(|value| value.trim() == "*") {
        return Known::Anything;
    }
    let tags: Vec<[u8; 16]> = values
        .into_iter()
        .flat_map(opaque_tags)
        .filter_map(|tag| {
            let mut bytes = [0; 16];
            hex::decode_to_slice(tag, &mut bytes).ok().map(|()| bytes)
        })
        .collect();
    if tags.is_empty() {
        Known::Nothing
    } else {
        Known::Tags(tags)
    }
}

/// What stands between the quotation marks of a list of tags, which may hold commas. The list ends where it is none.
fn opaque_tags(list: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"');
        let Some((tag, after)) = quoted.and_then(|quoted| quoted.split_once('"')) else {
            return tags;
        };
        tags.push(tag);
        rest = after;
    }
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
        Credential::OAuth1(_) => {
            let values = export.credential.values().into_iter();
            let fields = values.map(|(name, value)| (name.to_owned(), copy(value))).collect();
            ("oauth1", None, None, Some(fields))
        }
        // What was typed in buys tokens for longer than a caller should have them.
        Credential::Issued(issued) => (
            "issued",
            Some(copy(&issued.access_token)),
            Some("Bearer".to_owned()),
            None,
        ),
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
    fn a_list_of_tags_is_read_as_rfc_9110_says() {
        let known_of = |values: &[&'static str]| {
            let mut request = TestRequest::get();
            for value in values {
                request = request.append_header((header::IF_NONE_MATCH, *value));
            }
            known(&request.to_http_request())
        };
        let (one, two) = ([0x11; 16], [0x22; 16]);
        let tag_one = "\"11111111111111111111111111111111\"";
        assert_eq!(entity_tag(&one), format!("W/{tag_one}"));
        assert_eq!(
            known_of(&[tag_one]),
            Known::Tags(vec![one]),
            "a strong one is compared weakly"
        );
        let list = "\"x, y\",, W/\"11111111111111111111111111111111\" ,\t\"22222222222222222222222222222222\"";
        assert_eq!(known_of(&[list]), Known::Tags(vec![one, two]));
        assert_eq!(
            known_of(&[
                "W/\"11111111111111111111111111111111\"",
                "\"22222222222222222222222222222222\""
            ]),
            Known::Tags(vec![one, two]),
            "two lines are one list"
        );
        for any in ["*", " * "] {
            assert_eq!(known_of(&[any]), Known::Anything);
        }
        for other in [
            "11111111111111111111111111111111",
            "\"g7\"",
            "\"*\"",
            "\"11111111111111111111111111111111",
            "w/\"11111111111111111111111111111111\"",
            "",
        ] {
            assert_eq!(known_of(&[other]), Known::Nothing, "{other}");
        }
        assert_eq!(known_of(&[]), Known::Nothing);
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
