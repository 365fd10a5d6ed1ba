//! Links that a customer's backend makes: to connect, to connect again, and to a person's own connections.

mod hosted;
mod manage;
mod misuse;
mod program;

use serde_json::{Value, json};
use store::ProjectChange;
use testkit::{Account, Answer, Browser, Consent, StartedFlow, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
const VERIFY_URL: &str = "https://shop.example.test/verify";

/// A server whose project has an address to confirm who finished.
async fn verifying() -> TestServer {
    let server = TestServer::start().await;
    let change = ProjectChange {
        verify_url: Some(VERIFY_URL.to_owned()),
        ..ProjectChange::default()
    };
    assert!(server.store.change_project(server.project.id, change).await.unwrap());
    server
}

async fn create(server: &TestServer, body: &Value) -> Answer {
    server.api("POST", "/v1/connect/links").json(body).send().await
}

/// A link of this body, and its secret.
async fn made(server: &TestServer, body: &Value) -> (Value, String) {
    let link = create(server, body).await.expect(201).json();
    let (_, secret) = link["url"].as_str().unwrap().split_once('#').unwrap();
    let secret = secret.to_owned();
    (link, secret)
}

async fn peek(browser: &Browser, secret: &str) -> Answer {
    let body = json!({ "secret": secret });
    browser.post("/connect/api/links/peek", None, &body).await
}

async fn press(browser: &Browser, secret: &str) -> Answer {
    let body = json!({ "secret": secret, "click": true });
    browser.post("/connect/api/links/open", None, &body).await
}

async fn opened(browser: &Browser, secret: &str) -> String {
    let opened = press(browser, secret).await.expect(200).json();
    opened["requestId"].as_str().unwrap().to_owned()
}

async fn link(server: &TestServer, id: &Value) -> Value {
    let path = format!("/v1/connect/links/{}", id.as_str().unwrap());
    server.api("GET", &path).send().await.expect(200).json()
}

async fn revoke(server: &TestServer, id: &Value) -> Value {
    let path = format!("/v1/connect/links/{}", id.as_str().unwrap());
    server.api("DELETE", &path).send().await.expect(200).json()
}

/// Through the sign-in to where the browser is sent at its end.
async fn finish(browser: &Browser, flow: &StartedFlow) -> String {
    let callback = browser.sign_in(flow, ANN).await;
    browser.get(&callback).await.expect(303).header("location").to_owned()
}

async fn complete(server: &TestServer, code: &str, identity: &str) -> Answer {
    let body = json!({ "code": code, "identity": identity, "identityType": "user" });
    server.api("POST", "/v1/connect/complete").json(&body).send().await
}

async fn count(server: &TestServer, what: &str) -> i64 {
    server.database.number(&format!("select count(*) from {what}")).await
}
