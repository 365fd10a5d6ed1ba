//! The API's own description: OpenAPI 3.1 at `/openapi.json`, readable at `/docs` without a resource from elsewhere.

use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Content, Object, Ref, RefOr, Required, Response};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::Config;

use super::aliases::{ALIASES, IN_TENANT};
use super::{
    actions, audit, authkit, branding, complete, connections, connectors, credential, definitions, destinations,
    doctor, embed_tokens, embedders, events, faults, identities, ids, import, integration_apps, integrations, keys,
    links, management, metrics, oauth_definitions, on_demand, operators, own_definitions, passthrough,
    platform_settings, project_settings, projects, requests, sessions, timeline, token, users, webhooks,
};
use crate::connect::flows;
use crate::headers::{Nonce, Set};
use crate::problems::{ErrorBody, Kind, Problem};

/// The document of `/v1`.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latchkey",
        description = "Connections of your users to other services. Send the project's secret key in `X-One-Secret`, `X-Pica-Secret` or `Authorization: Bearer`."
    ),
    paths(
        authkit::token, authkit::open, users::flags, users::whoami, connections::list, connections::get,
        connections::patch, connections::delete, connectors::list, connectors::connected, passthrough::call, complete::complete,
        credential::get, timeline::events, on_demand::refresh, on_demand::test, on_demand::reconnect, import::import,
        token::exchange, embed_tokens::settings, embed_tokens::event_link, embed_tokens::embed_token, ids::generated,
        definitions::list, definitions::get, oauth_definitions::list, oauth_definitions::of_platform,
        oauth_definitions::get, actions::list, actions::search, actions::knowledge,
        identities::list, identities::erase, sessions::list, sessions::get, links::create, links::list, links::get, links::revoke,
        flows::old_check, webhooks::list, webhooks::create, webhooks::upsert, webhooks::get, webhooks::patch,
        webhooks::delete, webhooks::rotate, webhooks::deliveries::test, webhooks::deliveries::list,
        webhooks::deliveries::redeliver_range, webhooks::deliveries::get, webhooks::deliveries::redeliver,
        branding::get, branding::put, branding::put_logo, branding::delete_logo, branding::put_favicon,
        branding::delete_favicon,
        destinations::list, destinations::agree, doctor::examine, integrations::list, integrations::get, integration_apps::patch,
        own_definitions::list, own_definitions::get, own_definitions::put, own_definitions::delete,
        own_definitions::versions, own_definitions::version, own_definitions::restore,
        metrics::metrics, events::list, management::organization, management::projects, management::keys, platform_settings::put,
    audit::list, keys::create, keys::list, keys::revoke, keys::roll, operators::delete, operators::end_invitation, operators::invitations, operators::invite, operators::list, operators::patch, projects::delete, requests::list,
        project_settings::get, project_settings::patch, project_settings::add_origin, project_settings::remove_origin,
        embedders::list,
        faults::get, faults::put, faults::delete, faults::get_one, faults::put_one, faults::delete_one
    ),
    components(schemas(ErrorBody<'static>)),
    modifiers(&Common)
)]
pub struct Document;

/// What every operation has in common, said once.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-One-Secret")));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("secret", scheme);
        let paths = &mut document.paths.paths;
        for (method, operation) in paths.get_mut("/v1/passthrough/{path}").into_iter().flat_map(operations) {
            operation.operation_id = Some(format!("passthrough{method}"));
            if matches!(method, "Post" | "Put" | "Patch" | "Delete") {
                let any = RequestBodyBuilder::new().description(Some("Sent on unchanged, as it comes"));
                operation.request_body = Some(RefOr::T(any.content("*/*", Content::default()).build()));
            }
        }
        for (alias, address, suffix) in ALIASES {
            if let Some(mut item) = paths.get(address).cloned() {
                rename(&mut item, suffix);
                paths.insert(alias.to_owned(), item);
            }
        }
        for one in IN_TENANT {
            if let Some(mut item) = paths.get(one.address).cloned() {
                if one.only_get {
                    let get = item.get.take();
                    item = PathItem::default();
                    item.get = get;
                }
                rename(&mut item, one.suffix);
                for (_, operation) in operations(&mut item) {
                    name_tenant(operation, one.alias);
                }
                paths.insert(one.alias.to_owned(), item);
            }
        }
        for (_, operation) in paths.values_mut().flat_map(operations) {
            refusals(operation);
        }
    }
}

fn rename(item: &mut PathItem, suffix: &str) {
    for (_, operation) in operations(item) {
        operation.operation_id = operation.operation_id.take().map(|id| format!("{id}{suffix}"));
    }
}

/// Adds what an address with its tenant in it has more: the tenant, and that it can be another's.
fn name_tenant(operation: &mut Operation, alias: &str) {
    let parameters = operation.parameters.get_or_insert_default();
    for (name, description) in [
        ("org_id", "The project's id: there is nothing above it"),
        ("project_id", "The project's id"),
    ] {
        let is_there = parameters
            .iter()
            .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == name));
        if alias.contains(&format!("{{{name}}}")) && !is_there {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some(description))
                .schema(Some(Object::with_type(Type::String)));
            parameters.push(RefOr::T(parameter.build()));
        }
    }
    let missing = || RefOr::T(Response::new("Not there, or not yours"));
    operation
        .responses
        .responses
        .entry("404".to_owned())
        .or_insert_with(missing);
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("Get", &mut item.get),
        ("Post", &mut item.post),
        ("Put", &mut item.put),
        ("Patch", &mut item.patch),
        ("Delete", &mut item.delete),
        ("Head", &mut item.head),
        ("Options", &mut item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds the refusals that every call can meet, and their body.
fn refusals(operation: &mut Operation) {
    let keyed = operation.security.is_some();
    let everywhere = [
        ("400", "The address or a value in it cannot be"),
        ("401", "No key, or one that is not known"),
        (
            "429",
            "Too many requests in a minute; `Retry-After` says when to come back, `RateLimit-*` what the limit is",
        ),
        ("500", "Something failed inside the server"),
        (
            "503",
            "The server cannot answer now; `Retry-After` says when to come back",
        ),
    ];
    let responses = &mut operation.responses.responses;
    for (status, description) in everywhere {
        if keyed || status != "401" {
            let response = || RefOr::T(Response::new(description));
            responses.entry(status.to_owned()).or_insert_with(response);
        }
    }
    for (status, response) in responses {
        let refused = status.starts_with(['4', '5']);
        if let (true, RefOr::T(response)) = (refused, response) {
            let body = Content::new(Some(Ref::from_schema_name("Error")));
            response.content.insert("application/json".to_owned(), RefOr::T(body));
        }
    }
}

/// GET `/openapi.json`
pub(crate) async fn document() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| Document::openapi().to_json().unwrap_or_default());
    HttpResponse::Ok().content_type("application/json").body(TEXT.as_str())
}

/// GET `/docs`, `/docs/{file}`: the reader and its files, from the binary.
pub(crate) async fn reader(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(request.match_info().query("file"))
}

fn file(name: &str) -> Result<HttpResponse, Problem> {
    static CONFIG: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/openapi.json").validator_url("none")));
    let missing = || Problem::general(Kind::NotFound);
    let file = utoipa_swagger_ui::serve(name, CONFIG.clone())
        .map_err(|_| missing())?
        .ok_or_else(missing)?;
    let mut response = HttpResponse::Ok();
    Set::Docs.apply(&Nonce::generate(), &mut response);
    response.insert_header((header::CONTENT_TYPE, file.content_type.clone()));
    response.insert_header((header::CACHE_CONTROL, "public, max-age=3600"));
    if name.is_empty() || name == "index.html" {
        return Ok(response.body(absolute(&String::from_utf8_lossy(&file.bytes))));
    }
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response.body(file.bytes.into_owned()))
}

/// The page with addresses that are right at `/docs` and at `/docs/`.
fn absolute(page: &str) -> String {
    let mut page = page.to_owned();
    for attribute in ["href", "src"] {
        page = page
            .replace(&format!("{attribute}=\"./"), &format!("{attribute}=\""))
            .replace(&format!("{attribute}=\""), &format!("{attribute}=\"/docs/"));
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use actix_web::body::to_bytes;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_is_the_committed_one() {
        insta::assert_json_snapshot!(Document::openapi(), { ".info.version" => "[version]" });
    }

    const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

    fn each_operation(document: &Value, mut look: impl FnMut(&str, &str, &Value)) {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(METHODS.contains(&method.as_str()), "{path} {method}");
                look(path, method, operation);
            }
        }
    }

    fn served() -> Value {
        serde_json::to_value(Document::openapi()).unwrap()
    }

    #[test]
    fn each_operation_has_its_own_id_and_describes_every_response() {
        let document = served();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut ids = HashSet::new();
        each_operation(&document, |path, method, operation| {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            for wanted in ["400", "429", "500", "503"] {
                assert!(responses.contains_key(wanted), "{place} {wanted}");
            }
            assert_eq!(
                operation.get("security").is_some(),
                responses.contains_key("401"),
                "{place}"
            );
            for (status, response) in responses {
                let number = status.parse::<u16>().is_ok_and(|number| (100..600).contains(&number));
                assert!(number || status == "default", "{place} {status}");
                let description = response["description"].as_str().unwrap_or_default();
                assert!(!description.trim().is_empty(), "{place} {status}");
                if status.starts_with(['4', '5']) {
                    let body = &response["content"]["application/json"]["schema"]["$ref"];
                    assert_eq!(body, "#/components/schemas/Error", "{place} {status}");
                }
            }
        });
    }

    #[test]
    fn parameters_are_whole_and_those_of_the_path_are_told() {
        each_operation(&served(), |path, method, operation| {
            let place = format!("{method} {path}");
            let mut seen = HashSet::new();
            let mut in_path = HashSet::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap().to_owned();
                let kind = parameter["in"].as_str().unwrap().to_owned();
                assert!(["query", "path", "header"].contains(&kind.as_str()), "{place} {name}");
                assert!(parameter["schema"].is_object(), "{place} {name}");
                assert!(!parameter["description"].as_str().unwrap().is_empty(), "{place} {name}");
                if kind == "path" {
                    assert_eq!(parameter["required"], true, "{place} {name}");
                    in_path.insert(name.clone());
                }
                assert!(seen.insert((kind, name)), "{place}");
            }
            let named: HashSet<String> = path
                .split('{')
                .skip(1)
                .map(|rest| rest.split('}').next().unwrap().to_owned())
                .collect();
            assert_eq!(in_path, named, "{place}");
            if let Some(body) = operation.get("requestBody") {
                assert!(!body["content"].as_object().unwrap().is_empty(), "{place}");
            }
        });
    }

    #[test]
    fn what_is_referred_to_is_there() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = served();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20);
        for reference in found {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
        each_operation(&document, |path, method, operation| {
            let named = operation["security"].as_array().into_iter().flatten();
            for scheme in named.flat_map(|one| one.as_object().unwrap().keys()) {
                let known = &document["components"]["securitySchemes"][scheme];
                assert!(known.is_object(), "{method} {path} {scheme}");
            }
        });
        // Rows of two lists, two schemas.
        for (page, field) in [("Page_TokenRow", "secretId"), ("Page_ConnectorRow", "oauthScopes")] {
            let row = &document["components"]["schemas"][page]["properties"]["rows"]["items"]["properties"];
            assert!(row[field].is_object(), "{page} {field}");
        }
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let mut described = HashSet::new();
        each_operation(&served(), |path, method, _| {
            described.insert((path.to_owned(), method.to_owned()));
        });
        let mut answered = HashSet::new();
        for resource in crate::api::RESOURCES {
            // The spelling with filters in the path is one client's accident; passthrough without a path is the same call.
            let named = |path: &&&str| !path.contains("{filters") && **path != passthrough::PREFIX;
            for path in resource.paths.iter().filter(named) {
                let path = path.replace(":.+}", "}").replace(":.*}", "}");
                for (methods, _) in resource.methods {
                    answered.extend(methods.iter().map(|method| (path.clone(), method.to_ascii_lowercase())));
                }
            }
        }
        assert_eq!(described, answered);
    }

    #[test]
    fn the_page_is_the_same_with_and_without_a_slash() {
        let page = absolute(r#"<link href="./a.css"><link href="b.css"><script src="./c.js">"#);
        assert_eq!(
            page,
            r#"<link href="/docs/a.css"><link href="/docs/b.css"><script src="/docs/c.js">"#
        );
    }

    #[actix_web::test]
    async fn the_reader_needs_nobody_else() {
        for name in ["", "swagger-ui-bundle.js", "swagger-initializer.js"] {
            let response = file(name).unwrap();
            assert!(
                response.headers().contains_key(header::CONTENT_SECURITY_POLICY),
                "{name}"
            );
            let body = to_bytes(response.into_body()).await.unwrap();
            let text = String::from_utf8_lossy(&body);
            assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "{name}");
        }
        assert!(file("nothing").is_err());
    }
}
