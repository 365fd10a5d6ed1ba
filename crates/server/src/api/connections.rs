//! `/v1/vault/connections`: list, read, change and delete (wire contract §3.9).

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, ConnectionPatch, ListRequest, Scope};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use store::RevocationStatus;
use utoipa::ToSchema;

use super::authkit::identity_type;
use super::record::{Record, Times, record};
use super::tenant;
use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::paging::{Page, Paging, Query};
use crate::problems::{Kind, Problem};

/// Lists the connections of the key's environment, newest first.
#[utoipa::path(
    get, path = "/v1/vault/connections", operation_id = "listConnections", tag = "Connections",
    params(
        ("identity" = Option<String>, Query, description = "Whose"),
        ("identityType" = Option<String>, Query, description = "`user`, `team`, `organization` or `project`"),
        ("platform" = Option<String>, Query, description = "The integration's id"),
        ("platformVersion" = Option<String>, Query, description = "Accepted and not looked at: there is only `v1`"),
        ("name" = Option<String>, Query, description = "The person's own name for it"),
        ("key" = Option<String>, Query, description = "Connection keys, separated by commas"),
        ("keys" = Option<String>, Query, description = "The same; both together are one list"),
        ("tags" = Option<String>, Query, description = "Separated by commas; a row has all of them"),
        ("active" = Option<bool>, Query, description = "true unless given"),
        ("state" = Option<String>, Query, description = "`operational`, `degraded`, `failed` or `unknown`"),
        ("page" = Option<i64>, Query, description = "From 1"), ("limit" = Option<i64>, Query, description = "At most 150"),
        ("skip" = Option<i64>, Query, description = "Rows before; wins over `page`")
    ),
    responses(
        (status = 200, body = Page<Record>, description = "A page of connections"),
        (status = 400, description = "A filter has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `connections:read`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(&list_query(&request));
    let paging = Paging::read(&query);
    let (rows, total) = broker.list_connections(&caller.0, &filter(&query, paging)?).await?;
    let rows = rows
        .iter()
        .map(|connection| record(&broker, &site, connection, Times::Text))
        .collect();
    Ok(HttpResponse::Ok().json(Page::new(rows, total, paging)))
}

/// The query, with the filters that one client writes into the path before it.
fn list_query(request: &HttpRequest) -> String {
    let path = request.uri().path();
    let in_path = path
        .rsplit('/')
        .next()
        .and_then(|segment| segment.split_once('&'))
        .map(|(_, filters)| filters);
    match in_path {
        Some(filters) => format!("{filters}&{}", request.query_string()),
        None => request.query_string().to_owned(),
    }
}

fn filter(query: &Query, paging: Paging) -> Result<ListRequest, Problem> {
    Ok(ListRequest {
        identity: query.get("identity").map(ToOwned::to_owned),
        identity_type: ["identityType", "identity_type"]
            .into_iter()
            .find_map(|key| query.get(key))
            .map(identity_type)
            .transpose()?
            .map(|kind| kind.as_str().to_owned()),
        integration: query.get("platform").map(ToOwned::to_owned),
        name: query.get("name").map(ToOwned::to_owned),
        keys: query.list(&["key", "keys"]),
        tags: query.list(&["tags"]),
        active: Some(query.flag("active").unwrap_or(true)),
        state: query
            .get("state")
            .map(str::parse)
            .transpose()
            .map_err(Problem::bad_request)?,
        limit: paging.limit,
        skip: paging.skip,
    })
}

/// One connection, by its id or its key.
#[utoipa::path(
    get, path = "/v1/vault/connections/{id}", operation_id = "getConnection", tag = "Connections",
    params(("id" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = Record, description = "The connection"),
        (status = 403, description = "The key does not have the scope `connections:read`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let connection = broker.connection(&caller.0, &name(&request)?).await?;
    Ok(HttpResponse::Ok().json(record(&broker, &site, &connection, Times::Text)))
}

/// What may be changed. Old clients send more; credentials are renewed in the modal only.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    /// Replaces all tags.
    tags: Option<Vec<String>>,
    /// A new name; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent, null and a text are three different wishes")]
    name: Option<Option<String>>,
    /// The switch.
    active: Option<bool>,
    #[serde(default)]
    #[schema(ignore)]
    auth_form_data: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    #[schema(ignore)]
    identity: Option<serde::de::IgnoredAny>,
}

/// Tells an explicit null from a field that is not there.
#[expect(clippy::option_option, reason = "absent, null and a text are three different wishes")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes name, tags or the switch.
#[utoipa::path(
    patch, path = "/v1/vault/connections/{id}", operation_id = "changeConnection", tag = "Connections",
    params(("id" = String, Path, description = "The id, or the connection key")), request_body(content = Change, description = "What is to be different"),
    responses(
        (status = 200, body = Record, description = "The connection as it is now"),
        (status = 400, description = "A field has a value that cannot be"),
        (status = 403, description = "The key does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours"), (status = 408, description = "The body did not come in time"),
        (status = 413, description = "The body is too large"),
        (status = 501, description = "Credentials and owners are not changed by this call")
    ),
    security(("secret" = []))
)]
pub(crate) async fn patch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::ConnectionsWrite)?;
    let change: Change = body(&site, &request, payload).await?;
    if change.auth_form_data.is_some() {
        return Err(Problem::new(
            Kind::NotImplemented,
            "Credentials are not changed by this call. Open a session with `connection` and let the person connect again.",
        ));
    }
    if change.identity.is_some() {
        return Err(Problem::new(
            Kind::NotImplemented,
            "A connection keeps its owner. Open a session for the other identity and let that person connect.",
        ));
    }
    let patch = ConnectionPatch {
        name: change.name,
        tags: change.tags,
        active: change.active,
    };
    let connection = broker.update_connection(&caller.0, &name(&request)?, patch).await?;
    Ok(HttpResponse::Ok().json(record(&broker, &site, &connection, Times::Text)))
}

/// The last word on a connection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deleted {
    #[serde(flatten)]
    record: Record,
    /// `pending`, `revoked`, `unsupported`, `failed` or `shared` (another connection lives on it): what becomes of the grant at
    /// the provider.
    #[schema(value_type = String)]
    revocation: RevocationStatus,
    /// With `failed`: `credential_unreadable`, where nobody can open the credential. With `shared`: `grant_shared`.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_reason: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_message: Option<&'static str>,
}

/// Deletes a connection. Its credential is unreadable at once, and revoked at the provider where that is possible.
#[utoipa::path(
    delete, path = "/v1/vault/connections/{id}", operation_id = "deleteConnection", tag = "Connections",
    params(("id" = String, Path, description = "The id, or the connection key")),
    responses(
        (status = 200, body = Deleted, description = "The connection that was, and what becomes of its grant"),
        (status = 403, description = "The key does not have the scope `connections:write`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let deleted = broker.delete_connection(&caller.0, &name(&request)?).await?;
    let mut record = record(&broker, &site, &deleted.connection, Times::Text);
    record.deleted = true;
    record.active = false;
    Ok(HttpResponse::Ok().json(Deleted {
        record,
        revocation: deleted.parting.revocation,
        revocation_reason: deleted.parting.why.map(|why| why.0),
        revocation_message: deleted.parting.why.map(|why| why.1),
    }))
}

/// The id or key in the path, from the raw address: a key holds `::` and `|`, percent-encoded or not.
fn name(request: &HttpRequest) -> Result<String, Problem> {
    name_before(request, "")
}

/// The same where something follows it, as `/credential`.
pub(crate) fn name_before(request: &HttpRequest, rest: &str) -> Result<String, Problem> {
    let path = request.uri().path();
    let raw = if request.match_info().get("org_id").is_some() {
        let behind = tenant::behind(path);
        behind.strip_prefix("connections/").unwrap_or(behind)
    } else {
        path.split_once("/connections/").map_or("", |(_, name)| name)
    };
    id_or_key(raw.strip_suffix(rest).unwrap_or(raw))
}

/// The id or key that is the rest of a raw path.
pub(super) fn id_or_key(raw: &str) -> Result<String, Problem> {
    // A key that arrives as it is holds `::`; its own percent signs are part of it. Some encoders leave `:` alone and
    // encode only the bar.
    if raw.contains("::") {
        return Ok(raw.replacen("%7C", "|", 1).replacen("%7c", "|", 1));
    }
    percent_decode_str(raw)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Problem::general(Kind::NotFound))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn named(uri: &str) -> String {
        name(&TestRequest::get().uri(uri).to_http_request()).unwrap()
    }

    #[test]
    fn ids_and_keys_in_every_spelling() {
        assert_eq!(
            named("/v1/vault/connections/7f0c2f5e-0000-4000-8000-000000000001?x=1"),
            "7f0c2f5e-0000-4000-8000-000000000001"
        );
        let key = "test::gmail::default::0f1e|u-42";
        assert_eq!(named("/v1/vault/connections/test::gmail::default::0f1e|u-42"), key);
        assert_eq!(named("/v1/vault/connections/test::gmail::default::0f1e%7Cu-42"), key);
        assert_eq!(
            named("/v1/vault/connections/test%3A%3Agmail%3A%3Adefault%3A%3A0f1e%7Cu-42"),
            key
        );
        assert_eq!(
            named("/v1/connections/test::gmail::default::0f1e|Ann%20Lee"),
            "test::gmail::default::0f1e|Ann%20Lee"
        );
        assert_eq!(
            named("/v1/connections/test%3A%3Agmail%3A%3Adefault%3A%3A0f1e%7CAnn%2520Lee"),
            "test::gmail::default::0f1e|Ann%20Lee"
        );
    }

    #[test]
    fn what_follows_is_no_part_of_it() {
        let of = |uri: &str| name_before(&TestRequest::get().uri(uri).to_http_request(), "/events").unwrap();
        assert_eq!(of("/v1/vault/connections/0190/events?limit=1"), "0190");
        let key = "test::gmail::default::0f1e|u-42";
        assert_eq!(
            of("/v1/vault/connections/test::gmail::default::0f1e%7Cu-42/events"),
            key
        );
        assert_eq!(
            of("/v1/vault/connections/test%3A%3Agmail%3A%3Adefault%3A%3A0f1e%7Cu-42/events"),
            key
        );
    }

    #[test]
    fn filters_in_the_path_count() {
        let request = TestRequest::get()
            .uri("/v1/vault/connections&identity=u-42&identityType=user?limit=100&skip=0")
            .to_http_request();
        let query = Query::parse(&list_query(&request));
        let filter = filter(&query, Paging::read(&query)).unwrap();
        assert_eq!(filter.identity.as_deref(), Some("u-42"));
        assert_eq!(filter.identity_type.as_deref(), Some("user"));
        assert_eq!((filter.limit, filter.skip), (100, 0));
    }

    #[test]
    fn keys_come_as_a_list_and_raw() {
        let request = TestRequest::get()
            .uri("/v1/vault/connections?key=test::a::default::1|u,test::b::default::2&active=false")
            .to_http_request();
        let query = Query::parse(&list_query(&request));
        let filter = filter(&query, Paging::read(&query)).unwrap();
        assert_eq!(filter.keys, ["test::a::default::1|u", "test::b::default::2"]);
        assert_eq!(filter.active, Some(false));
    }

    #[test]
    fn null_takes_a_name_away_and_silence_keeps_it() {
        let change: Change = serde_json::from_str(r#"{"name":null,"settings":{}}"#).unwrap();
        assert_eq!(change.name, Some(None));
        let change: Change = serde_json::from_str(r#"{"tags":["a"]}"#).unwrap();
        assert_eq!(change.name, None);
    }
}
