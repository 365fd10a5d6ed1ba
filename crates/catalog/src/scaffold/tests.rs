//! What is written from a document can be loaded, or lacks what the document does not tell.

use serde_json::json;

use super::{
    Draft, KeyPlace, SignIn, Wanted, first_sentence, from_openapi, from_openid, id_from, import_actions, read_openapi,
};
use crate::{Loaded, load_sources};

const SCHEMA: &str = "./schema.json";

fn load(yaml: &str) -> Loaded {
    load_sources([("new.yaml", yaml)])
}

fn told(loaded: &Loaded) -> Vec<String> {
    loaded.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_provider_says_about_itself_all_but_what_it_is() {
    let metadata = json!({
        "issuer": "https://id.acme.example",
        "authorization_endpoint": "https://id.acme.example/authorize",
        "token_endpoint": "https://id.acme.example/token",
        "userinfo_endpoint": "https://api.acme.example/userinfo",
        "revocation_endpoint": "https://id.acme.example/revoke",
        "scopes_supported": ["openid", "email", "offline_access", "admin"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
    });
    let mut draft = Draft {
        id: "acme".to_owned(),
        description: Some("Identity of Acme: for all.".to_owned()),
        ..Draft::default()
    };
    from_openid(
        &mut draft,
        &metadata,
        "https://id.acme.example/.well-known/openid-configuration",
    );
    let yaml = draft.yaml(SCHEMA);
    assert_eq!(told(&load(&yaml)), ["new.yaml:2:1: `docs` is missing"], "{yaml}");
    draft.docs = Some("https://docs.acme.example".to_owned());
    let yaml = draft.yaml(SCHEMA);
    let loaded = load(&yaml);
    assert_eq!(told(&loaded), Vec::<String>::new(), "{yaml}");
    insta::assert_snapshot!(yaml);
}

#[test]
fn without_iss_in_answers_no_issuer_is_demanded_and_basic_is_the_default() {
    let metadata = json!({
        "issuer": "https://id.acme.example",
        "authorization_endpoint": "https://id.acme.example/authorize",
        "token_endpoint": "https://id.acme.example/token",
    });
    let mut draft = Draft::default();
    from_openid(&mut draft, &metadata, "https://id.acme.example/x");
    let SignIn::OAuth2(oauth2) = &draft.sign_in[0] else {
        panic!("no oauth2")
    };
    assert!(oauth2.issuer.is_none() && !oauth2.in_body && draft.check.is_none());
}

const OPENAPI: &str = r##"openapi: 3.1.0
info: { title: Acme Orders API, description: "Orders and stock. Much more text." }
externalDocs: { url: https://docs.acme.example }
servers: [{ url: "http://plain.acme.example" }, { url: "https://{region}.acme.example/v2/", variables: { region: { default: eu } } }]
paths:
  /orders:
    get:
      operationId: listOrders
      summary: List orders.
      tags: [Orders]
      parameters:
        - { name: limit, in: query, description: "How many. At most 100.", schema: { type: integer } }
        - { name: X-Trace, in: header, schema: { type: string } }
      responses: { "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Order" } } } } } }
    post:
      operationId: create_order
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/NewOrder" } } } }
      responses: { "201": { description: Made. } }
  /orders/{orderId}:
    parameters: [{ name: orderId, in: path, required: true, schema: { type: string } }]
    get: { operationId: getOrder, summary: Read an order, tags: [Orders, custom] }
    delete: { summary: Delete an order }
  /users/me: { get: { operationId: me } }
  /account: { get: { operationId: account, parameters: [{ name: tenant, in: query, required: true }] } }
components:
  securitySchemes:
    login: { type: oauth2, flows: { authorizationCode: { authorizationUrl: https://acme.example/a, tokenUrl: https://acme.example/t, scopes: { orders: Your orders, all: "" } } } }
    key: { type: apiKey, in: header, name: X-Key }
    also: { type: apiKey, in: query, name: key }
    bearer: { type: http, scheme: Bearer }
    basic: { type: http, scheme: basic }
    cookie: { type: apiKey, in: cookie, name: sid }
  schemas:
    Order: { type: object, properties: { id: { type: string, description: Its id }, next: { $ref: "#/components/schemas/Order" } } }
    NewOrder: { type: object, required: [item], properties: { item: { type: string, description: What it is of. }, count: { type: integer } } }
"##;

#[test]
fn an_openapi_document_tells_the_ways_to_sign_in() {
    let document = read_openapi(OPENAPI).unwrap();
    let mut draft = Draft::default();
    from_openapi(&mut draft, &document, Some("https://docs.acme.example/openapi.yaml"));
    assert_eq!(draft.base_url.as_deref(), Some("https://eu.acme.example/v2"));
    assert_eq!(draft.check.as_deref(), Some("/users/me"));
    let yaml = draft.yaml(SCHEMA);
    let loaded = load(&yaml);
    assert_eq!(told(&loaded), Vec::<String>::new(), "{yaml}");
    let ids: Vec<&str> = loaded
        .catalog
        .get("acme-orders")
        .unwrap()
        .auth
        .iter()
        .map(|way| way.id.as_str())
        .collect();
    assert_eq!(ids.len(), 5, "{ids:?}");
    insta::assert_snapshot!(yaml);
}

#[test]
fn operations_become_actions_that_load() {
    let document = read_openapi(OPENAPI).unwrap();
    let all = import_actions(&document, "", &Wanted::default());
    let mut ids = all.ids.clone();
    ids.sort();
    assert_eq!(
        ids,
        [
            "account",
            "create-order",
            "delete-orders-order-id",
            "get-order",
            "list-orders",
            "me"
        ]
    );
    let draft = Draft {
        id: "acme".to_owned(),
        description: Some("Orders.".to_owned()),
        docs: Some("https://docs.acme.example".to_owned()),
        sources: vec![("https://docs.acme.example".to_owned(), vec![])],
        sign_in: vec![SignIn::Key(KeyPlace::Bearer)],
        base_url: Some("https://eu.acme.example".to_owned()),
        check: Some("/v2/users/me".to_owned()),
        ..Draft::default()
    };
    let yaml = format!("{}actions:\n{}", draft.yaml(SCHEMA), all.yaml);
    let loaded = load(&yaml);
    assert_eq!(told(&loaded), Vec::<String>::new(), "{yaml}");
    assert_eq!(loaded.catalog.get("acme").unwrap().actions.len(), 6);
    insta::assert_snapshot!(all.yaml);
}

#[test]
fn operations_are_chosen_by_name_and_by_tag_and_what_is_there_stays() {
    let document = read_openapi(OPENAPI).unwrap();
    let wanted = |operations: &[&str], tags: &[&str]| Wanted {
        operations: operations.iter().map(ToString::to_string).collect(),
        tags: tags.iter().map(ToString::to_string).collect(),
        known: ["get-order".to_owned()].into(),
    };
    let found = import_actions(
        &document,
        "/v2",
        &wanted(&["DELETE /orders/{orderId}", "listOrder", "me"], &["Orders", "Order"]),
    );
    let mut ids = found.ids.clone();
    ids.sort();
    assert_eq!(ids, ["delete-orders-order-id", "list-orders", "me"]);
    assert_eq!(
        found.missing,
        [
            ("listOrder".to_owned(), Some("listOrders".to_owned())),
            ("Order".to_owned(), Some("Orders".to_owned()))
        ]
    );
    assert!(
        found.yaml.contains("path: /orders\n"),
        "the server's path is that of the base address: {}",
        found.yaml
    );
}

#[test]
fn other_documents_are_refused() {
    for text in ["swagger: '2.0'", "{}", "openapi: 2", "openapi: [", "{"] {
        assert!(read_openapi(text).is_err(), "{text}");
    }
    assert!(read_openapi("{\"openapi\": \"3.0.3\"}").is_ok());
}

#[test]
fn names_and_sentences() {
    assert_eq!(id_from(" Acme  CRM (new)!"), "acme-crm-new");
    assert_eq!(id_from("Ünïted"), "n-ted");
    assert_eq!(first_sentence("# Title\n\nOne thing. Another."), "One thing.");
    assert!(first_sentence(&"word ".repeat(200)).chars().count() <= 400);
}
